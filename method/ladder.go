package method

import (
	"cmp"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// ladder orders the choices of steps for all edges: rung 0 has the least distortion, and every further rung one edge
// coarser, always the one where a bit saved costs least. Every rung is the choice that minimises distortion + price *
// bits for some price (Lagrange): the lower convex hulls of the edges' curves, walked together.
type ladder struct {
	edges    []profile.Edge // steps are multipliers
	grids    [][]float32
	curves   [][]Effect
	first    []int // by edge: the step of rung 0
	moves    []move
	bits     []float64 // by rung: predicted, stored per value
	elements float64
	other    float64    // bits of a frame besides codes
	factors  []float64  // what the curves' bits were multiplied by; nil: nothing yet
	asked    [][]Effect // the curves before that
}

// move takes an edge from one step of its grid to a coarser one.
type move struct {
	edge, from, to int
	price          float64 // distortion per bit saved
}

// What a frame holds besides codes, in bits: its header, an edge's record, a tile's checksum, mode and states. It only
// steers the search: what counts are real frames.
const (
	headerBits = 8 * 29
	recordBits = 8 * 7
	tileBits   = 8 * 16
)

// OtherBits is what an edge takes in a frame besides its codes, about.
func OtherBits(e *profile.Edge) float64 { return recordBits + float64(tileBits*e.NumTiles()) }

func newLadder(env Env, edges []profile.Edge, grids [][]float32, curves [][]Effect) *ladder {
	l := &ladder{edges: edges, grids: grids, curves: curves, asked: curves, first: make([]int, len(edges)), other: headerBits}
	for i := range edges {
		l.elements += float64(edges[i].Elements())
		l.other += OtherBits(&edges[i])
	}
	l.walk(env)
	return l
}

// walk makes the rungs.
func (l *ladder) walk(env Env) {
	codes := 0.0
	for i := range l.edges {
		curve := l.curves[i]
		steps := hull(curve, env.MinBits(l.edges[i].Name)*float64(l.edges[i].Elements()))
		l.first[i] = steps[0]
		for k := 1; k < len(steps); k++ {
			a, b := curve[steps[k-1]], curve[steps[k]]
			l.moves = append(l.moves, move{i, steps[k-1], steps[k], (b.Distortion - a.Distortion) / (a.Bits - b.Bits)})
		}
		codes += curve[steps[0]].Bits
	}
	slices.SortStableFunc(l.moves, func(a, b move) int { return cmp.Compare(a.price, b.price) })
	l.bits = []float64{(codes + l.other) / l.elements}
	for _, m := range l.moves {
		codes -= l.curves[m.edge][m.from].Bits - l.curves[m.edge][m.to].Bits
		l.bits = append(l.bits, (codes+l.other)/l.elements)
	}
}

// A coder may take so many times more or less than curves say; beyond that it is noise.
const mostFactor = 8

// learned is the ladder whose curves' bits are those that frames of a rung took: curves count codes by simpler contexts than a coder may
// have, which is wrong by as much as 2.6 times on flat maps, and by other factors on other edges.
func (l *ladder) learned(env Env, rung int, t Trial) *ladder {
	factors, other := make([]float64, len(l.edges)), t.Bits*l.elements
	for i, k := range l.chosen(rung) {
		factors[i] = 1
		if b := l.curves[i][k].Bits; b > 0 {
			factors[i] = max(1./mostFactor, min(mostFactor, t.CodeBits[i]/b))
		}
		other -= t.CodeBits[i]
	}
	return l.priced(env, factors, other)
}

// priced is the ladder with the curves' bits multiplied by edge, and so many others in a frame.
func (l *ladder) priced(env Env, factors []float64, other float64) *ladder {
	p := &ladder{edges: l.edges, grids: l.grids, asked: l.asked, first: make([]int, len(l.edges)), elements: l.elements, other: other}
	for i, curve := range l.curves {
		scaled := slices.Clone(curve)
		for k := range scaled {
			scaled[k].Bits *= factors[i]
		}
		p.curves, p.factors = append(p.curves, scaled), append(p.factors, factors[i])
		if l.factors != nil {
			p.factors[i] *= l.factors[i]
		}
	}
	p.walk(env)
	return p
}

// hull lists the steps on the lower convex hull of a curve, from the one of least distortion on; those whose codes take
// fewer bits than least are left out, unless all do.
func hull(curve []Effect, least float64) []int {
	start, end := 0, 0
	for k, p := range curve {
		if k == 0 || p.Bits >= least {
			end = k + 1
		}
	}
	for k, p := range curve[:end] {
		if p.Distortion < curve[start].Distortion {
			start = k
		}
	}
	steps := []int{start}
	for at := start; ; {
		next, price := -1, math.Inf(1)
		for k := at + 1; k < end; k++ {
			if saved := curve[at].Bits - curve[k].Bits; saved > 0 {
				if p := (curve[k].Distortion - curve[at].Distortion) / saved; p <= price {
					next, price = k, p
				}
			}
		}
		if next < 0 {
			return steps
		}
		steps, at = append(steps, next), next
	}
}

// rungs is how many there are.
func (l *ladder) rungs() int { return len(l.bits) }

// chosen gives every edge's step on a rung.
func (l *ladder) chosen(rung int) []int {
	steps := slices.Clone(l.first)
	for _, m := range l.moves[:rung] {
		steps[m.edge] = m.to
	}
	return steps
}

// at returns the edges with the steps of a rung.
func (l *ladder) at(rung int) []profile.Edge {
	edges := slices.Clone(l.edges)
	for i, k := range l.chosen(rung) {
		edges[i].Steps = scaled(edges[i].Steps, l.grids[i][k])
	}
	return edges
}

func scaled(multipliers []float32, step float32) []float32 {
	out := make([]float32, len(multipliers))
	for k, m := range multipliers {
		out[k] = float32(m * step)
	}
	return out
}

// below is the first rung whose predicted bits times ratio are at most goal; the last rung if none is.
func (l *ladder) below(goal, ratio float64) int {
	for rung, b := range l.bits {
		if b*ratio <= goal {
			return rung
		}
	}
	return l.rungs() - 1
}

// evidence is what the curves say of a rung.
func (l *ladder) evidence(rung int) *profile.Evidence {
	e := &profile.Evidence{PredictedBits: float32(l.bits[rung])}
	for i, k := range l.chosen(rung) {
		var curve []profile.CurvePoint
		for j, p := range l.asked[i] {
			curve = append(curve, profile.CurvePoint{Step: l.grids[i][j], Distortion: float32(p.Distortion), Bits: float32(p.Bits)})
		}
		e.Curves, e.Chosen = append(e.Curves, curve), append(e.Chosen, curve[k])
	}
	return e
}
