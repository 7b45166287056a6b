package drift

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

const testEdges = 12

func testProfile() *profile.Profile {
	p := &profile.Profile{Setting: profile.Setting{Bits: 4}}
	for range testEdges {
		e := profile.Edge{Name: "edge", Geometry: profile.Geometry{Channels: 32, Rows: 8, Cols: 8, Tile: profile.Tile{Channels: 32, Rows: 8}}}
		e.Bits, e.OneSided, e.Unsigned, e.Coder = 4, true, true, profile.Small
		p.Edges = append(p.Edges, e)
	}
	return p
}

// stream draws counts of images: what they show moves all edges together, each edge has noise of its own, and so have codes.
type stream struct {
	rng   *rand.Rand
	scene float64 // what the image shows
	left  int     // images of the scene
	last  int     // images of a scene
	// Changes of coded bits, in deviations of an edge's own noise, and of codes' mean.
	bits, codes float64
	edges       []dqa.EdgeCounts
}

func newStream(seed uint64, scenes int) *stream {
	s := &stream{rng: rand.New(rand.NewPCG(seed, 7)), last: scenes}
	for i := range testEdges {
		s.edges = append(s.edges, dqa.EdgeCounts{Edge: i})
	}
	return s
}

func (s *stream) next() []dqa.EdgeCounts {
	if s.left == 0 {
		s.scene, s.left = s.rng.NormFloat64(), s.last
	}
	s.left--
	for i := range s.edges {
		bits := 2 + .3*s.scene + .1*(s.rng.NormFloat64()+s.bits)
		k := dqa.EdgeCounts{Edge: i, Images: 1, Bits: uint64(2048 * math.Max(.1, bits)), Sampled: 64}
		for j := range 64 {
			code := min(15, int(math.Max(0, 1.5+s.scene/4+s.codes+1.2*s.rng.NormFloat64())))
			k.Classes[[]int{0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 8, 8, 8, 8, 9}[code]]++
			k.Size += uint64(code)
			k.Groups[j/4].Sampled++
			k.Groups[j/4].Sum += int64(code)
		}
		s.edges[i] = k
	}
	return s.edges
}

func learned(t testing.TB, s *stream, images int) *profile.Reference {
	t.Helper()
	p := testProfile()
	l := NewLearner(p)
	for range images {
		l.Add(s.next())
	}
	r, err := l.Reference(images)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetReference(r); err != nil {
		t.Fatal(err)
	}
	back, err := p.Reference()
	if err != nil || !reflect.DeepEqual(r, back) {
		t.Fatalf("the profile gives another reference, %v", err)
	}
	return r
}

func monitor(t testing.TB, r *profile.Reference, opt Options) *Monitor {
	t.Helper()
	m, err := New(testProfile(), r, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run adds images up to an alarm, n at most.
func run(t testing.TB, m *Monitor, s *stream, n int) *Alarm {
	t.Helper()
	for range n {
		a, err := m.Add(s.next())
		if err != nil {
			t.Fatal(err)
		}
		if a != nil {
			return a
		}
	}
	return nil
}

// measuredERT is the mean run between false alarms in so many clean images, and the number of these.
func measuredERT(t testing.TB, m *Monitor, s *stream, images int) (float64, int) {
	alarms := 0
	for left := images; left > 0; left -= m.images {
		m.Restart()
		if run(t, m, s, left) != nil {
			alarms++
		}
	}
	return float64(images) / float64(max(1, alarms)), alarms
}

// The dial is kept by streams of independent images, for references of few and of many images.
func TestRunsBetweenFalseAlarms(t *testing.T) {
	for _, c := range []struct {
		images, window int
		ert            float64
	}{{64, 16, 400}, {256, 16, 400}, {256, 16, 1000}, {256, 64, 400}, {128, 4, 400}} {
		for seed := range uint64(3) {
			m := monitor(t, learned(t, newStream(seed, 1), c.images), Options{ERT: c.ert, Window: c.window})
			ert, alarms := measuredERT(t, m, newStream(100+seed, 1), 8000)
			t.Logf("%d images, window %d, seed %d: %.0f images between %d alarms, %.0f asked for", c.images, c.window, seed, ert, alarms, c.ert)
			if ert < c.ert/1.5 { // a run of alarms has a spread of its own
				t.Errorf("%d images, window %d: %.0f images between %d alarms, %.0f asked for", c.images, c.window, ert, alarms, c.ert)
			}
		}
	}
}

// Images of a video are alike; a reference that has seen that keeps the dial, one of independent images does not.
func TestVideo(t *testing.T) {
	const scene = 8
	video := monitor(t, learned(t, newStream(1, scene), 256), Options{ERT: 400})
	ert, alarms := measuredERT(t, video, newStream(101, scene), 8000)
	if ert < 400 {
		t.Errorf("%.0f images between %d alarms", ert, alarms)
	}
	independent := monitor(t, learned(t, newStream(1, 1), 256), Options{ERT: 400})
	if video.charts[0].h <= independent.charts[0].h {
		t.Errorf("the threshold is %.1f for a video, %.1f for independent images", video.charts[0].h, independent.charts[0].h)
	}
	t.Logf("video: %.0f images between %d alarms; thresholds %.1f, independent %.1f", ert, alarms, video.charts[0].h, independent.charts[0].h)
	if a := run(t, video, changed(101, scene, 3, 0), 200); a == nil {
		t.Error("a change of the video is not seen")
	}
}

func changed(seed uint64, scene int, bits, codes float64) *stream {
	s := newStream(seed, scene)
	s.bits, s.codes = bits, codes
	return s
}

func TestChangesAreFoundAndNamed(t *testing.T) {
	r := learned(t, newStream(1, 1), 256)
	for _, c := range []struct {
		bits, codes float64
		like        Like
	}{{6, 0, NoiseLike}, {-6, 0, BlurLike}, {0, 1.5, BrightnessLike}} {
		m := monitor(t, r, Options{})
		const before = 100
		if a := run(t, m, newStream(2, 1), before); a != nil {
			t.Fatalf("a false alarm at image %d", a.Image)
		}
		a := run(t, m, changed(3, 1, c.bits, c.codes), 60)
		if a == nil || a.Image > before+32 || a.Like != c.like ||
			a.Since < before-20 || a.Since > a.Image || a.Statistic < 1 || len(a.Edges) != namedEdges {
			t.Errorf("%+v: %+v", c, a)
			continue
		}
		if !m.Raised() || m.Statistic() < 1 {
			t.Errorf("no alarm stands, statistic %.2f", m.Statistic())
		}
		if a.Edges[0].Change < a.Edges[1].Change || c.bits*a.Edges[0].Coded < 0 {
			t.Errorf("edges %+v", a.Edges)
		}
		if again := run(t, m, changed(4, 1, c.bits, c.codes), 200); again != nil {
			t.Errorf("the alarm that stands rises again at image %d", again.Image)
		}
		run(t, m, newStream(5, 1), 400)
		if m.Raised() {
			t.Error("the alarm stands when the change is long gone")
		}
	}
}

func TestOneEdgeIsNamed(t *testing.T) {
	m := monitor(t, learned(t, newStream(1, 1), 256), Options{})
	s := newStream(9, 1)
	for range 200 {
		edges := s.next()
		edges[4].Bits += 500
		for g := range 2 { // channels 0 to 3
			edges[4].Groups[g].Sum += 20
		}
		a, err := m.Add(edges)
		if err != nil {
			t.Fatal(err)
		}
		if a != nil {
			if a.Edges[0].Edge != 4 || a.Edges[0].Channels[0].To > 4 || a.Edges[0].Channels[1].To > 4 {
				t.Errorf("edge 4, channels 0 to 3 changed, named are %+v", a.Edges[0])
			}
			return
		}
	}
	t.Error("not seen")
}

// An image more or less extreme than any does not raise an alarm by itself.
func TestOneImageIsNoAlarm(t *testing.T) {
	m := monitor(t, learned(t, newStream(1, 1), 256), Options{})
	run(t, m, newStream(2, 1), 50)
	if a := run(t, m, changed(3, 1, 1000, 5), 1); a != nil {
		t.Errorf("%+v", a)
	}
}

func TestThresholdsRiseWithTheDial(t *testing.T) {
	r := learned(t, newStream(1, 1), 128)
	last := 0.0
	for _, ert := range []float64{100, 1000, 10000, 1e6} {
		m, again := monitor(t, r, Options{ERT: ert, Seed: 4}), monitor(t, r, Options{ERT: ert, Seed: 4})
		if m.charts[0].h <= last || m.charts[0].h != again.charts[0].h {
			t.Errorf("%v images: %.2f behind %.2f, again %.2f", ert, m.charts[0].h, last, again.charts[0].h)
		}
		last = m.charts[0].h
	}
}

func TestWhiteningAndEigen(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 40; n += 6 {
		a, kept := make([][]float64, n), make([][]float64, n)
		for i := range a {
			a[i] = make([]float64, n)
			for j := range i + 1 {
				a[i][j] = rng.NormFloat64()
				a[j][i] = a[i][j]
			}
		}
		for i := range a {
			kept[i] = append([]float64(nil), a[i]...)
		}
		values, vectors := eigen(a)
		for k, v := range vectors {
			if k > 0 && values[k] > values[k-1] {
				t.Fatalf("values %v", values)
			}
			for i := range kept {
				got := 0.0
				for j := range v {
					got += kept[i][j] * v[j]
				}
				if math.Abs(got-values[k]*v[i]) > 1e-9*float64(n) {
					t.Fatalf("%d x %d: vector %d: %v, %v wanted", n, n, k, got, values[k]*v[i])
				}
			}
		}
	}
}

func TestPick(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 513, 600, 5000} {
		images := Pick(n)
		if len(images) != min(n, MaxImages) || n > 0 && (images[0] != 0 || images[len(images)-1] != n-1) {
			t.Errorf("%d: %d images", n, len(images))
		}
		for k := 1; k < len(images); k++ {
			if k%runLength > 0 && images[k] != images[k-1]+1 || images[k] < 0 {
				t.Fatalf("%d: image %d behind %d", n, images[k], images[k-1])
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	if _, err := New(testProfile(), nil, Options{}); !errors.Is(err, ErrReference) {
		t.Error(err)
	}
	l := NewLearner(testProfile())
	for range MinImages - 1 {
		l.Add(newStream(1, 1).next())
	}
	if _, err := l.Reference(MinImages - 1); !errors.Is(err, ErrReference) {
		t.Error(err)
	}
	r := learned(t, newStream(1, 1), 64)
	m := monitor(t, r, Options{})
	edges := newStream(1, 1).next()
	if _, err := m.Add(edges[1:]); !errors.Is(err, ErrReference) {
		t.Error(err)
	}
	edges[0].Edge = 5
	if _, err := m.Add(edges); !errors.Is(err, ErrReference) {
		t.Error(err)
	}
	r.Coded--
	if _, err := New(testProfile(), r, Options{}); !errors.Is(err, ErrReference) {
		t.Error(err)
	}
}

// Images that are all the same, and those of which nothing was counted, are watched all the same.
func TestConstantStreams(t *testing.T) {
	p, l := testProfile(), NewLearner(testProfile())
	same := newStream(1, 1).next()
	for range 32 {
		l.Add(same)
	}
	r, err := l.Reference(32)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(p, r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if a, err := m.Add(same); a != nil || err != nil {
			t.Fatal(a, err)
		}
	}
	nothing := make([]dqa.EdgeCounts, testEdges)
	for i := range nothing {
		nothing[i].Edge = i
	}
	for range 100 {
		if a, err := m.Add(nothing); err != nil || a != nil && math.IsNaN(a.Statistic) {
			t.Fatal(a, err)
		}
	}
	if !m.Raised() {
		t.Error("nothing at all is no change")
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	m := monitor(t, learned(t, newStream(1, 1), 64), Options{})
	s, k := newStream(2, 1), 0
	var images [32][]dqa.EdgeCounts
	for i := range images {
		images[i] = append(images[i], s.next()...)
	}
	if n := testing.AllocsPerRun(20, func() {
		k++
		if _, err := m.Add(images[k]); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations per image", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	m := monitor(b, learned(b, newStream(1, 1), 256), Options{})
	edges := newStream(2, 1).next()
	for b.Loop() {
		if _, err := m.Add(edges); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	r := learned(b, newStream(1, 1), 256)
	for b.Loop() {
		monitor(b, r, Options{})
	}
}
