package corrupt_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/corrupt"
	"github.com/dqa-go/dqa/dataset"
	_ "github.com/dqa-go/dqa/demo"
)

// scene is a picture with edges, slopes and texture.
func scene(channels, height, width int, seed uint64) *corrupt.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	im := &corrupt.Image{Channels: channels, Height: height, Width: width, Pix: make([]float64, channels*height*width)}
	cy, cx := r.Float64()*float64(height), r.Float64()*float64(width)
	for i := range im.Pix {
		c, y, x := i/(height*width), float64(i/width%height), float64(i%width)
		v := .3 + .2*math.Sin(x/3+float64(c)) + .2*y/float64(height) + .03*r.NormFloat64()
		if math.Hypot(y-cy, x-cx) < float64(width)/4 {
			v = .8 - .1*float64(c)
		}
		im.Pix[i] = max(0, min(1, v))
	}
	return im
}

func all() []corrupt.Kind { return append(corrupt.Kinds(), corrupt.SensorKinds()...) }

func apply(t *testing.T, im *corrupt.Image, k corrupt.Kind, severity, i int, seed uint64) []float64 {
	t.Helper()
	c := *im
	c.Pix = slices.Clone(im.Pix)
	if err := (corrupt.Corruption{Kind: k, Severity: severity, Seed: seed}).Apply(&c, i); err != nil {
		t.Fatal(err)
	}
	return c.Pix
}

func distance(a, b []float64) (d float64) {
	for i := range a {
		d += math.Abs(a[i]-b[i]) / float64(len(a))
	}
	return d
}

func TestEveryKindMakesImagesWorse(t *testing.T) {
	if len(corrupt.Kinds()) != 15 {
		t.Fatalf("%d kinds", len(corrupt.Kinds()))
	}
	for _, shape := range [][3]int{{3, 32, 32}, {1, 33, 20}, {3, 72, 96}} {
		for _, k := range all() {
			sum := [corrupt.MaxSeverity + 1]float64{}
			for n := range 4 {
				im := scene(shape[0], shape[1], shape[2], uint64(n))
				im.Large = shape[1] > 64
				for s := 1; s <= corrupt.MaxSeverity; s++ {
					got := apply(t, im, k, s, 2000+n, 7)
					for _, v := range got {
						if l := 255 * v; l != math.Round(l) && math.Abs(l-math.Round(l)) > 1e-9 || v < 0 || v > 1 {
							t.Fatalf("%s %d: value %v is no level", k, s, v)
						}
					}
					sum[s] += distance(im.Pix, got)
				}
			}
			// What is published of these two gets other, not more.
			rises := k != corrupt.Elastic && k != corrupt.Frost
			if min(sum[1], sum[5]) == 0 || rises && sum[5] <= sum[1] {
				t.Errorf("%s, %v: moved by %.4f at severity 1, %.4f at 5", k, shape, sum[1], sum[5])
			}
		}
	}
}

func TestCorruptionsDependOnSeedAndNumberOnly(t *testing.T) {
	im := scene(3, 32, 32, 3)
	fixed := []corrupt.Kind{corrupt.DefocusBlur, corrupt.ZoomBlur, corrupt.Brightness, corrupt.Contrast, corrupt.Pixelate, corrupt.JPEG,
		corrupt.SensorGain, corrupt.SensorOffset}
	for _, k := range all() {
		first := apply(t, im, k, 3, 1500, 1)
		if again := apply(t, im, k, 3, 1500, 1); !slices.Equal(first, again) {
			t.Errorf("%s: not the same twice", k)
		}
		if other := apply(t, im, k, 3, 1500, 2); slices.Equal(first, other) != slices.Contains(fixed, k) {
			t.Errorf("%s: another seed gives the same image: %v", k, !slices.Contains(fixed, k))
		}
	}
}

func TestSensorsChangeSlowlyAndStay(t *testing.T) {
	im := scene(3, 32, 32, 4)
	for _, k := range corrupt.SensorKinds() {
		start, middle := apply(t, im, k, 5, 0, 1), apply(t, im, k, 5, corrupt.SensorTime/2, 1)
		end, later := apply(t, im, k, 5, corrupt.SensorTime, 1), apply(t, im, k, 5, 3*corrupt.SensorTime, 1)
		if distance(start, im.Pix) > 1./255 || distance(middle, im.Pix) <= distance(start, im.Pix) ||
			distance(end, im.Pix) <= distance(middle, im.Pix) || !slices.Equal(end, later) {
			t.Errorf("%s: moved by %.4f, %.4f, %.4f, %.4f", k,
				distance(start, im.Pix), distance(middle, im.Pix), distance(end, im.Pix), distance(later, im.Pix))
		}
	}
}

// Known values: what a formula must make of images that make it simple.
func TestFormulas(t *testing.T) {
	flat := &corrupt.Image{Channels: 3, Height: 32, Width: 32, Pix: slices.Repeat([]float64{102. / 255}, 3*32*32)}
	for _, k := range []corrupt.Kind{corrupt.DefocusBlur, corrupt.MotionBlur, corrupt.ZoomBlur, corrupt.Contrast, corrupt.Elastic, corrupt.Pixelate} {
		if d := distance(apply(t, flat, k, 3, 0, 1), flat.Pix); d > 1./255 {
			t.Errorf("%s moves an even image by %v", k, d)
		}
	}
	if got := apply(t, flat, corrupt.Brightness, 2, 0, 1)[5]; math.Abs(got-127./255) > 1e-9 { // .4 + .1, rounded down
		t.Errorf("brightness: %v", got*255)
	}
	for _, c := range []struct {
		kind      corrupt.Kind
		deviation float64
	}{
		{corrupt.GaussianNoise, .08}, {corrupt.ShotNoise, math.Sqrt(.4 / 100)},
		{corrupt.ImpulseNoise, math.Sqrt(.03 * (.4*.4 + .6*.6) / 2)},
	} {
		sum, square, n := 0., 0., 0.
		for i := range 20 {
			for _, v := range apply(t, flat, c.kind, 3, i, 5) {
				sum, square, n = sum+v-.4, square+(v-.4)*(v-.4), n+1
			}
		}
		if d := math.Sqrt(square / n); math.Abs(d/c.deviation-1) > .05 || math.Abs(sum/n) > .006 {
			t.Errorf("%s: mean %v, deviation %v, %v wanted", c.kind, sum/n, d, c.deviation)
		}
	}
}

func TestRefused(t *testing.T) {
	im := scene(3, 32, 32, 1)
	for name, err := range map[string]error{
		"kind":       corrupt.Corruption{Kind: "rain", Severity: 1}.Apply(im, 0),
		"severity 0": corrupt.Corruption{Kind: corrupt.Fog}.Apply(im, 0),
		"severity 6": corrupt.Corruption{Kind: corrupt.Fog, Severity: 6}.Apply(im, 0),
		"channels":   corrupt.Corruption{Kind: corrupt.Fog, Severity: 1}.Apply(scene(2, 32, 32, 1), 0),
		"size":       corrupt.Corruption{Kind: corrupt.Fog, Severity: 1}.Apply(scene(1, 15, 99, 1), 0),
	} {
		if !errors.Is(err, corrupt.ErrKind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, spec := range []string{"corrupt:fog", "corrupt:fog:x:demo:classify", "corrupt:rain:1:demo:classify", "corrupt:fog:9:demo:classify"} {
		if _, err := dataset.Open(spec); !errors.Is(err, dataset.ErrSpec) {
			t.Errorf("%s: %v", spec, err)
		}
	}
	if _, err := dataset.Open("corrupt:fog:1:nothing:here"); err == nil {
		t.Error("a source that does not exist is opened")
	}
}

func TestSource(t *testing.T) {
	clean, err := dataset.Open("demo:classify[4:6]")
	if err != nil {
		t.Fatal(err)
	}
	src, err := dataset.Open(`corrupt:fog:3:demo:classify[4:6]`)
	if err != nil {
		t.Fatal(err)
	}
	a, err := clean.Sample(1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := src.Sample(1)
	if err != nil {
		t.Fatal(err)
	}
	if src.Len() != 2 || a.Label != b.Label || slices.Equal(a.Image.Pix, b.Image.Pix) || src.Spec() != `corrupt:fog:3:demo:classify[4:6]` {
		t.Errorf("%d images, label %d of %d, %s", src.Len(), b.Label, a.Label, src.Spec())
	}
	one, err := clean.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if other, err := src.Digest(); err != nil || one == other {
		t.Errorf("the same digest as that of the clean images, or %v", err)
	}
}

// TestForCheck corrupts images of check.py, if it asks for that: bytes, row by row, three channels beside each other.
func TestForCheck(t *testing.T) {
	dir := os.Getenv("DQA_CORRUPT_CHECK")
	if dir == "" {
		t.Skip("only for check.py")
	}
	const side = 128
	in, err := os.ReadFile(dir + "/in.bin")
	if err != nil {
		t.Fatal(err)
	}
	const size = 3 * side * side
	for _, k := range corrupt.Kinds() {
		for s := 1; s <= corrupt.MaxSeverity; s++ {
			var out []byte
			for n := 0; n*size < len(in); n++ {
				im := &corrupt.Image{Channels: 3, Height: side, Width: side, Pix: make([]float64, size), Large: true}
				for i := range im.Pix {
					im.Pix[i] = float64(in[n*size+i%(side*side)*3+i/(side*side)]) / 255
				}
				got := apply(t, im, k, s, n, 1)
				for i := range got {
					out = append(out, byte(255*got[i%3*side*side+i/3]+.5))
				}
			}
			if err := os.WriteFile(fmt.Sprintf("%s/%s-%d.bin", dir, k, s), out, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}
