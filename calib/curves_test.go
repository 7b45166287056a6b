package calib_test

import (
	"bytes"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/profile"
)

func graded(budget float64) profile.Method { return profile.Method{Name: "graded", Budget: budget} }

func TestGradedDoesNotDependOnWorkers(t *testing.T) {
	prog, src := classifier(t, 5)
	want := calibrate(t, prog, src, graded(2), 1, calib.Options{}).Profile(profile.RANS).Append(nil)
	for _, workers := range []int{2, 5} {
		if got := calibrate(t, prog, src, graded(2), 1, calib.Options{Workers: workers}).Profile(profile.RANS).Append(nil); !bytes.Equal(got, want) {
			t.Errorf("profile differs with %d workers", workers)
		}
	}
}

// Frames of other images than those of the calibration take what was asked for.
func TestGradedKeepsItsBudget(t *testing.T) {
	prog, src := classifier(t, 40)
	c, err := calib.New(prog, part{src, 0, 24}, calib.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, budget := range []float64{1.5, 2, 3} {
		plan, err := c.Plan(t.Context(), graded(budget), 1)
		if err != nil {
			t.Fatal(err)
		}
		codec, err := dqa.NewCodec(plan.Profile(profile.RANS))
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for i := 24; i < 40; i++ {
			x, err := src.Input(i)
			if err != nil {
				t.Fatal(err)
			}
			enc := codec.NewEncoder()
			if _, err := prog.Run(x, enc.Edge); err != nil {
				t.Fatal(err)
			}
			bytes += enc.FrameSize()
		}
		stored := 8 * float64(bytes) / 16 / float64(codec.Profile().Elements())
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
