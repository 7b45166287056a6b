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
	"github.com/dqa-go/dqa/profile"
)

func graded(budget float64) profile.Setting {
	return profile.Setting{Name: "graded", Dial: profile.Budget, Goal: budget}
}

func TestGradedDoesNotDependOnWorkers(t *testing.T) {
	prog, src := classifier(t, 3)
	want := calibrate(t, prog, src, graded(2), 1, calib.Options{}).Profile(profile.Small).Append(nil)
	for _, workers := range []int{2, 5} {
		if got := calibrate(t, prog, src, graded(2), 1, calib.Options{Workers: workers}).Profile(profile.Small).Append(nil); !bytes.Equal(got, want) {
			t.Errorf("profile differs with %d workers", workers)
		}
	}
}

// Frames of other images than those of the calibration take what was asked for.
func TestGradedKeepsItsBudget(t *testing.T) {
	prog, src := classifier(t, 24)
	c, err := calib.New(prog, part{src, 0, 12}, calib.Options{Workers: 2, Coder: profile.Small})
	if err != nil {
		t.Fatal(err)
	}
	for _, budget := range []float64{1.5, 2, 3} {
		plan, err := c.Plan(t.Context(), graded(budget), 1, measured)
		if err != nil {
			t.Fatal(err)
		}
		codec, err := dqa.NewCodec(plan.Profile(profile.Small))
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for i := 12; i < 24; i++ {
			x, err := src.Input(i)
			if err != nil {
				t.Fatal(err)
			}
			enc := codec.NewEncoder()
			if _, err := prog.Run(x, enc.Hook); err != nil {
				t.Fatal(err)
			}
			bytes += enc.FrameSize()
		}
		stored := 8 * float64(bytes) / 12 / float64(codec.Profile().Elements())
		t.Logf("budget %v: %.3f stored bits", budget, stored)
		if stored > 1.06*budget || stored < 0.8*budget {
			t.Errorf("budget %v: %.3f stored bits", budget, stored)
		}
	}
	phases := 0
	for _, p := range c.Phases() {
		if p.Name == "curves" {
			phases++
		}
	}
	if phases != 1 {
		t.Errorf("curves were measured %d times", phases)
	}
}

// part is some of the images.
type part struct {
	labelled
	from, n int
}

func (p part) Len() int { return p.n }

func TestCurvesGoOnAfterInterruptions(t *testing.T) {
	prog, src := classifier(t, 3)
	want := calibrate(t, prog, src, graded(2), 1, calib.Options{}).Profile(profile.Smallest).Append(nil)
	store := &memory{saved: map[[32]byte][]byte{}}
	rng := rand.New(rand.NewPCG(4, 4))
	interrupted := 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		left := 3 + rng.IntN(12)
		plan, err := calib.Calibrate(ctx, prog, src, graded(2), 1, measured, calib.Options{
			Workers: 1 + rng.IntN(4), Store: store, SaveEvery: time.Nanosecond, Observe: observe,
			Progress: func(_, unit string, _, _ int) {
				if unit == "cuts" {
					left--
				}
				if left < 0 {
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
		if !bytes.Equal(plan.Profile(profile.Smallest).Append(nil), want) {
			t.Errorf("another profile after %d interruptions", interrupted)
		}
		break
	}
	if interrupted < 3 {
		t.Errorf("only %d interruptions: this test shows nothing", interrupted)
	}
}

// A curve's points, computed without cuts: the network run whole with one edge quantized.
func TestCurvesAreThoseOfWholeRuns(t *testing.T) {
	prog, src := classifier(t, 2)
	plan := calibrate(t, prog, src, graded(2), 1, calib.Options{Workers: 2})
	e := plan.Evidence
	for _, edge := range []int{0, 5, len(e.Curves) - 1} {
		for _, k := range []int{2, 9} {
			point, sum := e.Curves[edge][k], 0.0
			q := plan.Edges[edge]
			q.Steps = []float32{point.Step, point.Step}
			for i := range src.Len() {
				x, err := src.Input(i)
				if err != nil {
					t.Fatal(err)
				}
				float, err := prog.Run(x, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := prog.Run(x, func(at int, data []float32) error {
					if at == edge {
						var codes dqa.Codes
						codes.Quantize(&q, data)
						codes.Dequantize(&q, data)
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				sum += klAt4(float[0].Data, got[0].Data) / float64(src.Len())
			}
			if math.Abs(sum-float64(point.Distortion)) > 1e-6+1e-3*sum {
				t.Errorf("edge %d, step %v: distortion %v, by whole runs %v", edge, point.Step, point.Distortion, sum)
			}
		}
	}
}

// klAt4 is KL(want || got) of the softmax at temperature 4.
func klAt4(want, got []float32) float64 {
	logs := func(v []float32) []float64 {
		sum := 0.0
		for _, x := range v {
			sum += math.Exp(float64(x) / 4)
		}
		out := make([]float64, len(v))
		for i, x := range v {
			out[i] = float64(x)/4 - math.Log(sum)
		}
		return out
	}
	p, q, kl := logs(want), logs(got), 0.0
	for i := range p {
		kl += math.Exp(p[i]) * (p[i] - q[i])
	}
	return kl
}

// The chosen steps take on other images what the budget's self-test says; a little less, since the coder is taught on twice as many
// images then.
func TestSelfTestTellsWhatFramesTake(t *testing.T) {
	prog, all := classifier(t, 64)
	plan := calibrate(t, prog, calib.First(all, 32), graded(2), 1, calib.Options{Workers: 2})
	codec, err := dqa.NewCodec(plan.Profile(profile.Smallest))
	if err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for i := 32; i < 64; i++ {
		x, err := all.Input(i)
		if err != nil {
			t.Fatal(err)
		}
		enc := codec.NewEncoder()
		if _, err := prog.Run(x, enc.Hook); err != nil {
			t.Fatal(err)
		}
		bytes += enc.FrameSize()
	}
	stored := 8 * float64(bytes) / 32 / float64(codec.Profile().Elements())
	if e := plan.Evidence; math.Abs(stored-float64(e.MeasuredBits)+.03) > .05 || stored > 2.005 || stored < 1.9 {
		t.Errorf("%v stored bits, the self-test says %v", stored, e.MeasuredBits)
	}
}
