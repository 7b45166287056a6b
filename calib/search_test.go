package calib_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
	"github.com/google/go-cmp/cmp"
)

// The searches, computed again by whole runs with a plain hook.
func TestSearchesAgainstBruteForce(t *testing.T) {
	images := 1
	if testdata.CI() {
		images = 3
	}
	prog, src := classifier(t, images)
	direct := calibrate(t, prog, src, profile.Setting{Name: "direct", Bits: 3}, 0, calib.Options{}).Edges
	// run quantizes edge e but for channel skip, or channel only alone, and other edges if all is set.
	run := func(x *tensor.Tensor, e, skip, only int, all bool) []*tensor.Tensor {
		out, err := prog.Run(x, func(i int, data []float32) error {
			if i != e && !all {
				return nil
			}
			float := append([]float32(nil), data...)
			var codes dqa.Codes
			codes.Quantize(&direct[i], data)
			codes.Dequantize(&direct[i], data)
			plane := len(data) / direct[i].Channels
			for k := range data {
				if c := k / plane; i == e && (c == skip || only >= 0 && c != only) {
					data[k] = float[k]
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	score := map[string]func(i, e, c int) method.Score{
		"quantize-one": func(i, e, c int) method.Score {
			x, _ := src.Input(i)
			float, one := run(x, -1, -1, -1, false)[0].Data, run(x, e, -1, c, false)[0].Data
			sum := 0.0
			for k := range float {
				sum += math.Pow(float64(one[k])-float64(float[k]), 2)
			}
			return method.Score{First: sum / float64(len(float))}
		},
	}
	for name, all := range map[string]bool{"greedy": false, "greedy-all": true} {
		score[name] = func(i, e, c int) method.Score {
			x, judge, err := src.Judged(i)
			if err != nil {
				t.Fatal(err)
			}
			a0, l0, _ := judge(run(x, e, -1, -1, all))
			a, l, _ := judge(run(x, e, c, -1, all))
			return method.Score{First: a - a0, Second: l0 - l}
		}
	}
	for name, f := range score {
		plan := calibrate(t, prog, src, dqaSetting(name), 0, calib.Options{Workers: 2})
		for e, edge := range plan.Edges {
			scores := make([]method.Score, edge.Channels)
			for c := range scores {
				for i := range src.Len() {
					s := f(i, e, c)
					scores[c].First += s.First
					scores[c].Second += s.Second
				}
			}
			if diff := cmp.Diff(method.Top(scores, method.Count(.5, edge.Channels)), edge.Important); diff != "" {
				t.Errorf("%s, edge %d: %s", name, e, diff)
			}
		}
	}
}

// memory is a calib.Store that can be told to fail.
type memory struct {
	saved map[[32]byte][]byte
	fail  error
}

func (m *memory) Load(key [32]byte) ([]byte, error) { return m.saved[key], nil }

func (m *memory) Save(key [32]byte, b []byte) error {
	m.saved[key] = bytes.Clone(b)
	return m.fail
}

func TestInterruptedSearchesEndAsUndisturbedOnes(t *testing.T) {
	prog, src := classifier(t, 2)
	for _, name := range []string{"greedy", "greedy-all", "quantize-one"} {
		want := calibrate(t, prog, src, dqaSetting(name), 0, calib.Options{}).Profile(profile.Small).Append(nil)
		rng := rand.New(rand.NewPCG(7, 7))
		store := &memory{saved: map[[32]byte][]byte{}}
		interrupted := 0
		for {
			ctx, cancel := context.WithCancel(t.Context())
			left := 1 + rng.IntN(9)
			plan, err := calib.Calibrate(ctx, prog, src, dqaSetting(name), 0, calib.How{}, calib.Options{
				Workers: 1 + rng.IntN(4), Store: store, SaveEvery: time.Nanosecond,
				Progress: func(_, unit string, _, _ int) {
					if left--; left < 0 && unit == "passes" {
						cancel()
					}
				},
			})
			cancel()
			if errors.Is(err, context.Canceled) {
				interrupted++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(plan.Profile(profile.Small).Append(nil), want) {
				t.Errorf("%s: another profile after %d interruptions", name, interrupted)
			}
			break
		}
		if interrupted < 3 {
			t.Errorf("%s: only %d interruptions: this test shows nothing", name, interrupted)
		}
	}
}

func TestSavedProgressIsChecked(t *testing.T) {
	prog, src := classifier(t, 2)
	store := &memory{saved: map[[32]byte][]byte{}}
	run := func(key string) error {
		_, err := calib.Calibrate(t.Context(), prog, src, dqaSetting("quantize-one"), 0, calib.How{}, calib.Options{Store: store, Key: []byte(key)})
		return err
	}
	if err := run("a"); err != nil {
		t.Fatal(err)
	}
	var key [32]byte
	var good []byte
	for key, good = range store.saved {
	}
	for name, c := range map[string]struct {
		bad  []byte
		want error
	}{
		"cut off":   {good[:len(good)-9], dqa.ErrChecksum},
		"empty":     {[]byte{}, dqa.ErrTruncated},
		"flipped":   {append(append(bytes.Clone(good[:60]), good[60]^1), good[61:]...), dqa.ErrChecksum},
		"not state": {bytes.Repeat([]byte("x"), len(good)), dqa.ErrMagic},
	} {
		store.saved[key] = c.bad
		if err := run("a"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := &memory{saved: map[[32]byte][]byte{}}
	store.saved[key] = good
	store = &memory{saved: map[[32]byte][]byte{}}
	if err := run("b"); err != nil {
		t.Fatal(err)
	}
	for k := range store.saved {
		if k == key {
			t.Error("another network's progress has the same key")
		}
		other.saved[k] = good // as if a file had been given another name
	}
	store = other
	if err := run("b"); !errors.Is(err, calib.ErrOtherState) {
		t.Errorf("state of another run: %v", err)
	}
	full := errors.New("disk full")
	store = &memory{saved: map[[32]byte][]byte{}, fail: full}
	if err := run("a"); !errors.Is(err, full) {
		t.Errorf("save fails: %v", err)
	}
}

func TestGreedyNeedsLabels(t *testing.T) {
	prog, src := classifier(t, 2)
	for _, s := range []calib.Source{src.Inputs, badInput{}} {
		if _, err := calib.Calibrate(t.Context(), prog, s, dqaSetting("greedy"), 0, calib.How{}, calib.Options{}); !errors.Is(err, calib.ErrUnlabelled) {
			t.Errorf("%T: %v", s, err)
		}
	}
	if _, err := calib.Calibrate(t.Context(), prog, src.Inputs, dqaSetting("quantize-one"), 0, calib.How{}, calib.Options{}); err != nil {
		t.Errorf("quantize-one needs none: %v", err)
	}
}

// estimateOf is what a plan would take.
func estimateOf(t testing.TB, c *calib.Calibration, setting profile.Setting, seed uint64) *calib.Estimate {
	t.Helper()
	f, err := calib.NewForecast(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := f.Plan(t.Context(), setting, seed, measured)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What is estimated for graded names the phases that are run, and plans of one forecast share what those of a calibration share.
func TestEstimateOfGraded(t *testing.T) {
	prog, src := classifier(t, 40)
	compile := func(g *graph.Graph, edges []graph.Edge) (engine.Program, error) { return native.Compile(g, edges) }
	c, err := calib.New(prog, src, calib.Options{Workers: 2, Corrector: calib.NewCorrector(prog, compile, compile)})
	if err != nil {
		t.Fatal(err)
	}
	f, err := calib.NewForecast(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	named := func(goal float64) (names []string) {
		t.Helper()
		e, _, err := f.Plan(t.Context(), profile.Setting{Name: "graded", Dial: profile.Budget, Goal: goal}, 1, measured)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range e.Phases {
			names = append(names, p.Name)
			if p.Passes <= 0 || p.Time <= 0 {
				t.Errorf("%+v", p)
			}
		}
		return names
	}
	if diff := cmp.Diff([]string{"statistics", "curves", "trials", "frames", "corrections (float)", "corrections", "tables"}, named(2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"trials", "frames", "corrections", "tables"}, named(1)); diff != "" {
		t.Error(diff)
	}
	var ran []string
	if _, err := c.Plan(t.Context(), profile.Setting{Name: "graded"}, 1, measured); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Phases() {
		ran = append(ran, p.Name)
	}
	if diff := cmp.Diff([]string{"statistics", "curves", "trials", "frames", "corrections (float)", "corrections", "tables"}, ran); diff != "" {
		t.Error(diff)
	}
}

func TestEstimateNamesEveryPhase(t *testing.T) {
	prog, src := classifier(t, 40)
	c, err := calib.New(prog, src, calib.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	estimate := estimateOf(t, c, dqaSetting("greedy"), 0)
	var names []string
	for _, p := range estimate.Phases {
		names = append(names, p.Name)
		if p.Passes < 40 || p.Time <= 0 || p.Search != (p.Name == "ranking (greedy)") {
			t.Errorf("%+v", p)
		}
	}
	if diff := cmp.Diff([]string{"statistics", "ranking (greedy)", "tables"}, names); diff != "" {
		t.Error(diff)
	}
	if p := estimate.Phases; p[0].Passes != 40 || p[1].Passes < 10*40 || estimate.Memory == 0 || estimate.Time() < p[1].Time {
		t.Errorf("%+v", estimate)
	}
}

// Plans of one calibration share statistics and rankings and are those of calibrations of their own.
func TestPlansShareWhatTheyCan(t *testing.T) {
	prog, src := classifier(t, 3)
	phases := map[string]int{}
	c, err := calib.New(prog, src, calib.Options{Progress: func(phase, _ string, done, total int) {
		if done == total {
			phases[phase]++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, ratio := range []float64{.25, .5} {
		s := dqaSetting("energy")
		s.Ratio = ratio
		shared, err := c.Plan(t.Context(), s, 1, measured)
		if err != nil {
			t.Fatal(err)
		}
		own := calibrate(t, prog, src, s, 1, calib.Options{})
		if diff := cmp.Diff(own.Profile(profile.Small), shared.Profile(profile.Small)); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(map[string]int{"statistics": 1, "ranking (energy)": 1, "tables": 2}, phases); diff != "" {
		t.Error(diff)
	}
}
