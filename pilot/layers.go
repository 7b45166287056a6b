package pilot

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// layersOf are the stored tensors in the order in which they are computed; bytes are means of frames.
func layersOf(n *session.Network, p *profile.Profile, bytes []float64) []Layer {
	all := make([]Layer, len(p.Edges))
	total, damage, most := 0., 0., 0.
	ops := map[string]string{}
	for _, node := range n.Graph().Nodes {
		for _, o := range node.Outputs {
			ops[o] = node.Op
		}
	}
	for i := range p.Edges {
		e := &p.Edges[i]
		l := &all[i]
		l.Name, l.Op, l.Values, l.Bytes = e.Name, ops[e.Name], int64(e.Elements()), bytes[i]
		l.Bits = 8 * bytes[i] / float64(max(1, l.Values))
		if p.Evidence != nil && i < len(p.Evidence.Chosen) {
			l.Damage = max(0, float64(p.Evidence.Chosen[i].Distortion))
			l.Sensitivity = harmAt(p.Evidence.Curves[i], SensitivityBits*float64(l.Values))
		}
		total, damage, most = total+bytes[i], damage+l.Damage, max(most, l.Sensitivity)
	}
	for i := range all {
		all[i].Share = 100 * all[i].Bytes / max(total, 1e-300)
		all[i].Damage = 100 * all[i].Damage / max(damage, 1e-300)
		all[i].Sensitivity = 100 * all[i].Sensitivity / max(most, 1e-300)
	}
	return all
}

// harmAt reads a curve at so many bits: its logarithm is interpolated between steps; beyond its ends it stays.
func harmAt(curve []profile.CurvePoint, bits float64) float64 {
	c := slices.Clone(curve)
	c = slices.DeleteFunc(c, func(p profile.CurvePoint) bool { return !(p.Distortion > 0) || !(p.Bits >= 0) })
	slices.SortFunc(c, func(a, b profile.CurvePoint) int {
		switch {
		case a.Bits < b.Bits:
			return -1
		case a.Bits > b.Bits:
			return 1
		}
		return 0
	})
	if len(c) == 0 {
		return 0
	}
	for i, p := range c {
		if float64(p.Bits) < bits {
			continue
		}
		if i == 0 {
			return float64(p.Distortion)
		}
		before := c[i-1]
		t := (bits - float64(before.Bits)) / max(1e-9, float64(p.Bits-before.Bits))
		return math.Exp((1-t)*math.Log(float64(before.Distortion)) + t*math.Log(float64(p.Distortion)))
	}
	return float64(c[len(c)-1].Distortion)
}
