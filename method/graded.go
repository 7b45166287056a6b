package method

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/profile"
)

// Effect is what one step does to an edge while all others stay float32, averaged over the calibration images.
type Effect struct {
	Distortion float64 // of the network's outputs
	Bits       float64 // ideal length of the edge's codes in one image
}

// Graded gives every edge a step of its own (METHOD section 4): importance has as many levels as there are edges, and
// whole codes are entropy-coded, so that bits go where they matter. Distortion over bits is measured for every edge and
// about a dozen steps; then one price per bit for the whole network decides.
type Graded struct{}

// Name is "graded".
func (Graded) Name() string { return "graded" }

// Complete checks the dial; everything else follows from it. Without a dial it is a budget of 2 bits.
func (Graded) Complete(s profile.Setting) (profile.Setting, error) {
	if s.Dial == profile.NoDial {
		s.Dial, s.Goal = profile.Budget, DefaultBudget
	}
	top := math.MaxFloat64
	switch s.Dial {
	case profile.Budget:
		top = maxBudget
	case profile.MinAgreement, profile.MaxDrop:
		top = 100
	}
	if !(s.Goal >= 0 && s.Goal <= top) || s.Goal == 0 && s.Dial == profile.Budget {
		return s, fmt.Errorf("%w: %s %v", ErrSetting, s.Dial, s.Goal)
	}
	scale := profile.StaticTensor
	if s.Channels {
		scale = profile.StaticChannel
	}
	s = profile.Setting{
		Name: "graded", Bits: profile.MaxBits, Unsigned: true, Scale: scale, Dial: s.Dial, Goal: s.Goal, Pow2: s.Pow2, Channels: s.Channels, Refine: s.Refine,
	}
	return s, checkRefine(s)
}

// DefaultBudget is stored bits per value.
const DefaultBudget = 2

const maxBudget = 16

// Steps are tried on the grid 2^(k/2), from the finest on that lets the largest value seen on calibration images have
// a code; or from a finer one, a 16th of the root mean square, where few values are that large: behind a PReLU the
// largest can be 30 times the root mean square, and its step would leave less than a bit for all others. What lies
// beyond the codes is escaped, and a curve's bits say what that takes.
const (
	octaves       = 6
	levelsOneSide = 250 // of 0..255
	levelsTwoSide = 120 // of -128..127
	levelsRMS     = 16
)

// Plan measures the curves, buys steps as the dial says, and keeps the corrections that help.
func (Graded) Plan(env Env, s profile.Setting) (*Plan, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	stats, err := env.Stats()
	if err != nil {
		return nil, err
	}
	if err := setMultipliers(env, edges, s); err != nil {
		return nil, err
	}
	grids := make([][]float32, len(edges))
	for i, g := range env.Edges() {
		edges[i].Escape = true
		edges[i].RowSums = g.RowSums && g.Shape[len(g.Shape)-1] == edges[i].RowLength()
		grids[i] = stepGrid(&edges[i], stats[i], s.Pow2)
	}
	curves, err := env.Curves(edges, grids)
	if err != nil {
		return nil, err
	}
	if err := keepRowSums(env, edges, grids, curves); err != nil {
		return nil, err
	}
	return newSearch(env, s, newLadder(env, edges, grids, curves)).run()
}

// setMultipliers gives every scale slot its share of the edge's step: all the same, or by the channels' energy the finer
// the more of it there is. (For comparison only: with coded codes it gains nothing, METHOD section 4.2.)
func setMultipliers(env Env, edges []profile.Edge, s profile.Setting) error {
	for i := range edges {
		edges[i].Steps = make([]float32, edges[i].NumScales())
		for k := range edges[i].Steps {
			edges[i].Steps[k] = 1
		}
	}
	if !s.Channels {
		return nil
	}
	energy, err := env.Rank("energy", edges)
	if err != nil {
		return err
	}
	for i := range edges {
		mean := 0.0
		for _, e := range energy[i] {
			mean += e.First / float64(len(energy[i]))
		}
		for c, e := range energy[i] {
			if e.First > 0 {
				k := math.Round(math.Log2(mean/e.First) / 4 * 2)
				edges[i].Steps[c] = float32(math.Exp2(max(-2, min(2, k)) / 2))
			}
		}
	}
	return nil
}

// Exponents of steps, so that those of all channels are normal numbers. Values that lie below become 0.
const (
	lowestStep  = -124
	highestStep = 125
)

// stepGrid lists an edge's steps, the finest first. A dead edge has one: nothing of it is stored.
func stepGrid(e *profile.Edge, s Stats, pow2 bool) []float32 {
	top, levels := 0.0, float64(levelsTwoSide)
	if e.Unsigned {
		levels = levelsOneSide
	}
	for c := range e.Channels {
		top = max(top, float64(magnitude(s, c, e.Unsigned))/float64(e.Steps[e.ScaleSlot(c)]))
	}
	if top == 0 {
		return []float32{1}
	}
	perOctave := 2.0
	if pow2 {
		perOctave = 1
	}
	finest := min(top/levels, math.Sqrt(s.Square)/levelsRMS)
	first := math.Ceil(perOctave * max(math.Log2(finest), lowestStep))
	grid := make([]float32, 0, int(octaves*perOctave))
	for k := range cap(grid) {
		if exponent := (first + float64(k)) / perOctave; k == 0 || exponent <= highestStep {
			grid = append(grid, float32(math.Exp2(exponent)))
		}
	}
	return grid
}

// keepRowSums measures attention's edges without the correction, too, and keeps it where it is better at most steps.
// curves are replaced where it is not.
func keepRowSums(env Env, edges []profile.Edge, grids [][]float32, curves [][]Effect) error {
	without, some := append([]profile.Edge(nil), edges...), make([][]float32, len(edges))
	found := false
	for i := range edges {
		if edges[i].RowSums {
			without[i].RowSums, some[i], found = false, grids[i], true
		}
	}
	if !found {
		return nil
	}
	plain, err := env.Curves(without, some)
	if err != nil {
		return err
	}
	for i := range edges {
		better := 0
		for k, p := range plain[i] {
			if curves[i][k].Distortion < p.Distortion {
				better++
			}
		}
		if edges[i].RowSums && 2*better <= len(plain[i]) {
			edges[i].RowSums, curves[i] = false, plain[i]
		}
	}
	return nil
}
