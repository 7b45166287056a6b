package method

import "github.com/dqa-go/dqa/profile"

// setSteps gives an edge with static scales its steps: the scale rule applied to the calibration maximum of what each
// scale belongs to.
func setSteps(e *profile.Edge, s Stats) { setSharedSteps(e, s, nil) }

// setSharedSteps is setSteps with only a share of each maximum covered, by scale slot; nil: all of it.
func setSharedSteps(e *profile.Edge, s Stats, shares []float32) {
	if !e.Scale.Static() {
		return
	}
	maxima := make([]float32, e.Channels)
	var all float32
	for c := range maxima {
		maxima[c] = magnitude(s, c, e.Unsigned)
		all = max(all, maxima[c])
	}
	e.Steps = make([]float32, e.NumScales())
	for c, m := range maxima {
		slot := e.ScaleSlot(c)
		if !e.Scale.PerChannel() {
			m = all
		}
		if shares != nil {
			m = float32(m * shares[slot])
		}
		e.Steps[slot] = e.ScaleFor(c, m).Step
	}
}

func magnitude(s Stats, c int, unsigned bool) float32 {
	if unsigned {
		return max(s.Max[c], 0)
	}
	return max(s.Max[c], -s.Min[c])
}
