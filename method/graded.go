package method

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/profile"
)

// CurvePoint is what one step does to an edge while all others stay float32, averaged over the calibration images.
type CurvePoint struct {
	Distortion float64 // of the network's outputs
	Bits       float64 // ideal length of the edge's codes in one image
}

// Graded gives every edge a step of its own (METHOD section 4): importance has as many levels as there are edges, and
// whole codes are entropy-coded, so that bits go where they matter. Distortion over bits is measured for every edge and
// about a dozen steps; then one price per bit for the whole network decides.
type Graded struct{}

// Name is "graded".
func (Graded) Name() string { return "graded" }

// Complete checks the budget; everything else follows from it.
func (Graded) Complete(s profile.Method) (profile.Method, error) {
	if !(s.Budget > 0 && s.Budget <= maxBudget) {
		return s, fmt.Errorf("%w: a budget of %v bits per value, above 0 and at most %d allowed", ErrSetting, s.Budget, maxBudget)
	}
	return profile.Method{Name: "graded", Bits: profile.MaxBits, Unsigned: true, Scale: profile.StaticTensor, Budget: s.Budget}, nil
}

const maxBudget = 16

// Steps are tried on the grid 2^(k/2), from the finest that the largest value seen on calibration images allows.
const (
	numSteps      = 12
	levelsOneSide = 250 // of 0..255: what other images have more is clamped
	levelsTwoSide = 120 // of -128..127
)

// What a frame holds besides codes, in bits: its header, an edge's record, a tile's checksum and coder state. And what
// shared models take more than ideal ones.
const (
	headerBits = 8 * 29
	recordBits = 8 * 9
	tileBits   = 8 * 9
	modelLoss  = 1.02
)

// Plan measures the curves and buys steps within the budget. A budget that 8-bit codes cannot use up gives the finest
// steps.
func (Graded) Plan(env Env, s profile.Method) ([]profile.Edge, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	stats, err := env.Stats()
	if err != nil {
		return nil, err
	}
	steps := make([][]float32, len(edges))
	for i := range edges {
		edges[i].Escape = true
		steps[i] = stepGrid(&edges[i], stats[i])
	}
	curves, err := env.Curves(edges, steps)
	if err != nil {
		return nil, err
	}
	chosen := allocate(curves, codeBudget(edges, s.Budget))
	for i := range edges {
		step := steps[i][chosen[i]]
		edges[i].Steps = []float32{step, step}
	}
	return edges, nil
}

// stepGrid lists an edge's steps, the finest first. A dead edge has the step 0 only: nothing of it is stored.
func stepGrid(e *profile.Edge, s Stats) []float32 {
	top, levels := float32(0), levelsTwoSide
	if e.Unsigned {
		levels = levelsOneSide
	}
	for c := range e.Channels {
		top = max(top, magnitude(s, c, e.Unsigned))
	}
	if top == 0 {
		return []float32{0}
	}
	first := math.Ceil(2 * math.Log2(float64(top)/float64(levels)))
	grid := make([]float32, numSteps)
	for k := range grid {
		grid[k] = float32(math.Exp2((first + float64(k)) / 2))
	}
	return grid
}

// codeBudget is what one image's codes may take in bits by their ideal length.
func codeBudget(edges []profile.Edge, budget float64) float64 {
	elements, other := 0, float64(headerBits)
	for i := range edges {
		elements += edges[i].Elements()
		other += recordBits + tileBits*float64(edges[i].NumTiles())
	}
	return max(0, budget*float64(elements)-other) / modelLoss
}

// allocate picks the step of every edge that minimises distortion + price * bits, at the lowest price whose choice is
// within the budget.
func allocate(curves [][]CurvePoint, budget float64) []int {
	choose := func(price float64) (chosen []int, bits float64) {
		chosen = make([]int, len(curves))
		for i, curve := range curves {
			least := math.Inf(1)
			for k, p := range curve {
				if cost := p.Distortion + price*p.Bits; cost < least {
					chosen[i], least = k, cost
				}
			}
			bits += curve[chosen[i]].Bits
		}
		return chosen, bits
	}
	finest, bits := choose(0)
	if bits <= budget {
		return finest
	}
	low, high := math.Log(1e-18), math.Log(1e6)
	for range 80 {
		middle := (low + high) / 2
		if _, bits := choose(math.Exp(middle)); bits > budget {
			low = middle
		} else {
			high = middle
		}
	}
	chosen, _ := choose(math.Exp(high))
	return chosen
}
