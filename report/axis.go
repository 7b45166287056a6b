package report

import (
	"math"

	"gonum.org/v1/plot"
)

// window is how far below the best value the axis reaches when few points lie lower: collapsed settings would
// otherwise squeeze all others into one line.
const window = 15.0

// extent is the part of the plane that a plot shows.
type extent struct{ xmin, xmax, ymin, ymax float64 }

// frame finds the extent of all series and marks the points outside.
func frame(all []series, ref *float64) extent {
	cut := cutoff(all, ref)
	e := extent{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	if ref != nil {
		e.ymin, e.ymax = *ref, *ref
	}
	for _, s := range all {
		for i := range s.points {
			p := &s.points[i]
			e.xmin, e.xmax = min(e.xmin, p.x), max(e.xmax, p.x)
			if p.outside = p.y < cut; !p.outside {
				e.ymin, e.ymax = min(e.ymin, p.y-p.se), max(e.ymax, p.y+p.se)
			}
		}
	}
	e.ymin = max(e.ymin, cut-window) // an error bar longer than the window is cut
	e.xmin, e.xmax = pad(e.xmin, e.xmax, 0.5, 0.12)
	e.ymin, e.ymax = pad(e.ymin, e.ymax, 1, 0.09)
	e.xmin = max(0, e.xmin)
	return e
}

// cutoff is where the axis may end: -Inf unless fewer than half of the points lie below the window.
func cutoff(all []series, ref *float64) float64 {
	best := math.Inf(-1)
	if ref != nil {
		best = *ref
	}
	for _, s := range all {
		for _, p := range s.points {
			best = max(best, p.y)
		}
	}
	below := 0
	for _, s := range all {
		for _, p := range s.points {
			below += btoi(p.y < best-window)
		}
	}
	if 2*below >= points(all) {
		return math.Inf(-1)
	}
	return best - window
}

// pad widens a range to at least span and leaves a margin, in parts of it, for markers and labels.
func pad(lo, hi, span, margin float64) (float64, float64) {
	if short := span - (hi - lo); short > 0 {
		lo, hi = lo-short/2, hi+short/2
	}
	margin *= hi - lo
	return lo - margin, hi + margin
}

// ticks marks an axis at about n round numbers (for 4 and up at least two), none above most.
type ticks struct {
	n    int
	most float64
}

// Ticks implements plot.Ticker.
func (t ticks) Ticks(lo, hi float64) []plot.Tick {
	step := roundStep((hi - lo) / float64(t.n))
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var marks []plot.Tick
	first := math.Ceil(lo/step - 1e-9)
	for i := range 2 * t.n {
		if v := (first + float64(i)) * step; v <= min(hi, t.most)+1e-9*step {
			marks = append(marks, plot.Tick{Value: v, Label: fixed(v, digits)})
		}
	}
	return marks
}

// roundStep is the smallest of 1, 2 and 5 times a power of ten that is not much below v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= 0.7*v {
			return f * power
		}
	}
	return 10 * power
}
