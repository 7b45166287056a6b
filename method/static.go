package method

import (
	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// addSteps gives edges with static scales their steps: the scale rule applied to the calibration maximum of what the
// scale belongs to.
func addSteps(env Env, edges []profile.Edge) error {
	stats, err := env.Stats()
	if err != nil {
		return err
	}
	for i := range edges {
		e := &edges[i]
		if !e.Scale.Static() {
			continue
		}
		maxima := make([]float32, e.NumScales())
		var all float32
		for c := range e.Channels {
			m := magnitude(stats[i], c, e.Unsigned)
			all = max(all, m)
			maxima[e.ScaleSlot(c)] = m
		}
		e.Steps = make([]float32, len(maxima))
		for c := range e.Channels {
			slot := e.ScaleSlot(c)
			if !e.Scale.PerChannel() {
				maxima[slot] = all
			}
			e.Steps[slot] = dqa.ScaleOf(e, c, maxima[slot])
		}
	}
	return nil
}

func magnitude(s Stats, c int, unsigned bool) float32 {
	if unsigned {
		return max(s.Max[c], 0)
	}
	return max(s.Max[c], -s.Min[c])
}
