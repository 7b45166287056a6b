package method

import (
	"github.com/dqa-go/dqa/profile"
)

// Clip is direct quantization that covers only a share of each maximum and clamps the rest: the share with the least
// squared error on the calibration images, per scale. It does by search what ACIQ (Banner, Nahshan, Soudry, NeurIPS
// 2019) derives for Gaussian and Laplacian values.
type Clip struct{}

// Name is "clip".
func (Clip) Name() string { return "clip" }

// Complete drops what only other methods use.
func (Clip) Complete(s profile.Setting) (profile.Setting, error) { return completePlain("clip", s) }

// clipShares are tried in this order; of equal ones the first, largest one wins.
var clipShares = func() (shares []float32) {
	for k := 32; k >= 8; k-- {
		shares = append(shares, float32(k)/32)
	}
	return shares
}()

// Plan searches the shares in one pass over the calibration images.
func (Clip) Plan(env Env, s profile.Setting) (*Plan, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	stats, err := env.Stats()
	if err != nil {
		return nil, err
	}
	variants := make([][]profile.Edge, len(edges))
	for i, e := range edges {
		for _, share := range clipShares {
			shares := make([]float32, e.NumScales())
			for k := range shares {
				shares[k] = share
			}
			variants[i] = append(variants[i], withShares(e, stats[i], shares))
		}
	}
	errors, err := env.SquaredErrors("clipping", variants)
	if err != nil {
		return nil, err
	}
	for i, e := range edges {
		edges[i] = withShares(e, stats[i], bestShares(&e, errors[i]))
	}
	return &Plan{Edges: edges}, nil
}

// withShares returns e covering the given shares of its maxima: in the profile's steps where those are static, else as
// a level map.
func withShares(e profile.Edge, s Stats, shares []float32) profile.Edge {
	if e.Scale.Static() {
		setSharedSteps(&e, s, shares)
		return e
	}
	e.Map, e.Clip = profile.Clipped, shares
	return e
}

// bestShares picks per scale slot; errors are by variant and channel.
func bestShares(e *profile.Edge, errors [][]float64) []float32 {
	best := make([]float32, e.NumScales())
	for slot := range best {
		least := -1.0
		for v, share := range clipShares {
			sum := 0.0
			for c, err := range errors[v] {
				if e.ScaleSlot(c) == slot {
					sum += err
				}
			}
			if least < 0 || sum < least {
				best[slot], least = share, sum
			}
		}
	}
	return best
}
