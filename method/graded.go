package method

import (
	"fmt"
	"math"
	"slices"

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
	s = profile.Setting{
		Name: "graded", Bits: profile.MaxBits, Unsigned: true, Scale: profile.StaticTensor, Dial: s.Dial, Goal: s.Goal,
		Pow2: s.Pow2, Refine: s.Refine,
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

// Plan measures the curves, buys steps as the dial says, and keeps of channel steps, means of channels and corrections what helps.
func (Graded) Plan(env Env, s profile.Setting) (*Plan, error) {
	ladders, err := ladders(env, s)
	if err != nil {
		return nil, err
	}
	goal := s.Goal
	if s.Dial != profile.Budget {
		goal = DefaultBudget
	}
	var searches []*search
	for _, l := range ladders {
		searches = append(searches, newSearch(env, s, l))
	}
	best, err := contest(searches, goal, 1)
	if err != nil {
		return nil, err
	}
	if best, err = contest(best.meansOrNot(), goal, meansShare); err != nil {
		return nil, err
	}
	return best.run()
}

// ladders are those of the edges with a step each, and with steps per channel.
func ladders(env Env, s profile.Setting) ([]*ladder, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	stats, err := env.Stats()
	if err != nil {
		return nil, err
	}
	for i, g := range env.Edges() {
		edges[i].Escape = true
		edges[i].RowSums = g.RowSums && g.Shape[len(g.Shape)-1] == edges[i].RowLength()
		edges[i].Steps = []float32{1, 1}
	}
	candidates := [][]profile.Edge{}
	choice := env.Choices().ChannelSteps
	if choice != Always {
		candidates = append(candidates, edges)
	}
	if choice != Never {
		sensitivity, err := env.Sensitivity(edges)
		if err != nil {
			return nil, err
		}
		with := slices.Clone(edges)
		if setMultipliers(with, sensitivity, s.Pow2) || len(candidates) == 0 {
			candidates = append(candidates, with)
		}
	}
	return measureLadders(env, s, candidates, stats)
}

// measureLadders asks for the curves of all candidates at once, and for those of attention's edges without their correction.
func measureLadders(env Env, s profile.Setting, candidates [][]profile.Edge, stats []Stats) (all []*ladder, err error) {
	var asked []Question
	for _, edges := range candidates {
		grids := make([][]float32, len(edges))
		for i := range edges {
			grids[i] = stepGrid(&edges[i], stats[i], s.Pow2)
		}
		q := Question{edges, grids}
		asked = append(asked, q, q.withoutRowSums())
	}
	curves, err := env.Curves(asked)
	if err != nil {
		return nil, err
	}
	for k := 0; k < len(asked); k += 2 {
		q := asked[k]
		keepRowSums(q.Edges, curves[k], curves[k+1])
		all = append(all, newLadder(env, q.Edges, q.Steps, curves[k]))
	}
	return all, nil
}

// Question asks for curves: the edges' own static steps are multiplied by those of Steps. Edges without steps are left out.
type Question struct {
	Edges []profile.Edge
	Steps [][]float32
}

// withoutRowSums asks only for edges that have them.
func (q Question) withoutRowSums() Question {
	without := Question{slices.Clone(q.Edges), make([][]float32, len(q.Edges))}
	for i := range q.Edges {
		if q.Edges[i].RowSums {
			without.Edges[i].RowSums, without.Steps[i] = false, q.Steps[i]
		}
	}
	return without
}

// Exponents of steps, so that those of all channels are normal numbers. Values that lie below become 0.
const (
	lowestStep  = -118
	highestStep = 119
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
	finest := min(top/levels, math.Sqrt(meanSquare(e, s))/levelsRMS)
	first := math.Ceil(perOctave * max(math.Log2(finest), lowestStep))
	grid := make([]float32, 0, int(octaves*perOctave))
	for k := range cap(grid) {
		if exponent := (first + float64(k)) / perOctave; k == 0 || exponent <= highestStep {
			grid = append(grid, float32(math.Exp2(exponent)))
		}
	}
	return grid
}

// meanSquare is that of an edge's values, in units of its channels' steps.
func meanSquare(e *profile.Edge, s Stats) float64 {
	sum := 0.0
	for c, square := range s.Squares {
		step := float64(e.Steps[e.ScaleSlot(c)])
		sum += square / (step * step) / float64(len(s.Squares))
	}
	return sum
}

// keepRowSums keeps the correction of attention's edges where it is better at most steps; curves are replaced where it is not.
func keepRowSums(edges []profile.Edge, curves, plain [][]Effect) {
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
}
