package method_test

import (
	"math"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
)

// cliffs is a calibration whose curves have no inner points on their hulls: what a step saves costs the less the more
// has been saved already. Between its few rungs there are many bits.
type cliffs struct {
	env
	onGrid bool // steps beside the grid of halves and wholes are useless
}

func (c *cliffs) Curves(asked []method.Question) ([][][]method.Effect, error) {
	all := make([][][]method.Effect, len(asked))
	for q, a := range asked {
		all[q] = make([][]method.Effect, len(a.Edges))
		for i := range a.Edges {
			n := float64(a.Edges[i].Elements())
			for _, s := range a.Steps[i] {
				octaves := math.Log2(float64(s*a.Edges[i].Steps[0])) + 6
				p := method.Effect{Bits: max(.1, 6-octaves) * n, Distortion: math.Sqrt(max(0, octaves)) * n}
				if half := 2 * octaves; c.onGrid && math.Abs(half-math.Round(half)) > 1e-3 {
					p.Distortion *= 10
				}
				all[q][i] = append(all[q][i], p)
			}
		}
	}
	return all, nil
}

func (c *cliffs) Try(edges []profile.Edge, _ profile.Corrections) (method.Trial, error) {
	c.trials++
	curves, err := c.Curves([]method.Question{now(edges)})
	t := method.Trial{Images: 1, Drop: math.NaN()}
	n := 0
	for i := range edges {
		t.Bits += curves[0][i][0].Bits
		t.Distortion += curves[0][i][0].Distortion
		n += edges[i].Elements()
	}
	t.Bits /= float64(n)
	t.KL, t.Agreement = t.Distortion, 100-t.Distortion/float64(n)*10
	t.Typical, t.HeldOut = t.Distortion, t.Distortion
	return t, err
}

func TestBudgetsBetweenRungsAreUsed(t *testing.T) {
	for _, onGrid := range []bool{false, true} {
		for _, budget := range []float64{1.5, 2, 2.5, 3} {
			p := planIn2(t, &cliffs{onGrid: onGrid}, profile.Setting{Name: "graded", Dial: profile.Budget, Goal: budget})
			got := float64(p.Evidence.MeasuredBits)
			if got > budget*1.003 {
				t.Errorf("budget %v: %v bits", budget, got)
			}
			// A grid of half octaves leaves at most half a bit; unless the user is told what comes next.
			if got < .97*budget && !strings.Contains(p.Note, "next finer choice takes about") || got < budget-.6 {
				t.Errorf("on grid %v, budget %v: %v bits used, note %q", onGrid, budget, got, p.Note)
			}
			if !onGrid && got < .96*budget {
				t.Errorf("budget %v: only %v bits used", budget, got)
			}
		}
	}
}

func TestThresholdsBetweenRungsDiffer(t *testing.T) {
	var bits []float64
	for _, goal := range []float64{80, 84, 88} {
		p := planIn2(t, &cliffs{}, profile.Setting{Name: "graded", Dial: profile.MinAgreement, Goal: goal})
		if float64(p.Evidence.MeasuredAgreement) < goal {
			t.Errorf("goal %v: %v %%", goal, p.Evidence.MeasuredAgreement)
		}
		bits = append(bits, float64(p.Evidence.MeasuredBits))
	}
	if !(bits[0] < bits[1] && bits[1] < bits[2]) {
		t.Errorf("bits %v for rising goals", bits)
	}
}

func planIn2(t *testing.T, e method.Env, s profile.Setting) *method.Plan {
	t.Helper()
	s, err := method.Graded{}.Complete(s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := method.Graded{}.Plan(e, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
