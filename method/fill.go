package method

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// Rungs lie on the lower hulls of the curves, and one move of a large edge may take a third of all bits: between two
// rungs there can be much room. What follows uses it: single edges get steps that no rung has.

// A budget counts as used from this share on.
const used = .97

// spend is a finer step for one edge, with what it gains per bit.
type spend struct {
	edge  int
	step  float32
	takes float64 // bits of an image
	gain  float64 // of distortion per bit
}

// fill spends what a leaves of the budget on single edges, where the curves say that a bit gains most; the choice is
// kept if the whole network confirms it. A half of the spends is tried where all of them are not confirmed.
func (s *search) fill(a *attempt, goal float64) (*attempt, error) {
	for range moreTries {
		if a.Bits >= used*goal {
			break
		}
		spends := s.spends(a, goal)
		better, err := s.confirmed(a, spends, goal)
		if err != nil || better == nil {
			return a, err
		}
		a = better
	}
	return a, nil
}

func (s *search) confirmed(a *attempt, spends []spend, goal float64) (*attempt, error) {
	for n := len(spends); n > 0; n /= 2 {
		edges := slices.Clone(a.edges)
		for _, p := range spends[:n] {
			edges[p.edge].Steps = scaled(s.edges[p.edge].Steps, p.step)
		}
		b, err := s.measure(a.rung, edges)
		if err != nil {
			return nil, err
		}
		if b.Bits > a.Bits && b.Bits <= goal*withinBudget && b.Typical < a.Typical {
			return b, nil
		}
	}
	return nil, nil
}

// spends lists finer steps that together fit what is left, the best gain first; an edge may be named again with a still
// finer one. The last may lie between two steps of the grid, unless steps are powers of two.
func (s *search) spends(a *attempt, goal float64) (some []spend) {
	left := (.999*goal/a.Bits - 1) * s.predicted(a)
	now := make([]float32, len(a.edges))
	for i := range now {
		now[i] = s.step(a, i)
	}
	for {
		best := spend{edge: -1}
		for i := range now {
			if p, ok := s.finer(i, now[i]); ok && p.gain > best.gain && p.takes <= left {
				best = p
			}
		}
		if best.edge < 0 {
			return append(some, s.partly(now, left)...)
		}
		some = append(some, best)
		now[best.edge] = best.step
		left -= best.takes
	}
}

// partly is a part of the best step that does not fit any more, if it is worth a trial.
func (s *search) partly(now []float32, left float64) []spend {
	best := spend{edge: -1}
	for i := range now {
		if p, ok := s.finer(i, now[i]); ok && p.gain > best.gain && left > p.takes/10 {
			best = p
		}
	}
	if best.edge < 0 || s.setting.Pow2 {
		return nil
	}
	from := float64(now[best.edge])
	best.step = float32(from * math.Pow(float64(best.step)/from, left/best.takes))
	return []spend{best}
}

// predicted is what the curves say that an attempt takes, in bits of an image.
func (s *search) predicted(a *attempt) float64 {
	bits := s.bits[a.rung] * s.elements
	for i, k := range s.chosen(a.rung) {
		bits += s.bitsOf(i, s.step(a, i)) - s.curves[i][k].Bits
	}
	return bits
}

// finer is the next step of edge i's grid that has less distortion than now and takes more bits.
func (s *search) finer(i int, now float32) (spend, bool) {
	at := readCurve(s.grids[i], s.curves[i], now)
	for k := len(s.grids[i]) - 1; k >= 0; k-- {
		p := s.curves[i][k]
		if s.grids[i][k] < now && p.Bits > at.Bits && p.Distortion < at.Distortion {
			takes := p.Bits - at.Bits
			return spend{i, s.grids[i][k], takes, (at.Distortion - p.Distortion) / takes}, true
		}
	}
	return spend{}, false
}

// step is that of edge i in an attempt, without the channels' multipliers.
func (s *search) step(a *attempt, i int) float32 { return a.edges[i].Steps[0] / s.edges[i].Steps[0] }

func (s *search) bitsOf(i int, step float32) float64 {
	return readCurve(s.grids[i], s.curves[i], step).Bits
}

// readCurve reads a curve at a step, between two of its points where need be.
func readCurve(grid []float32, curve []Effect, step float32) Effect {
	for k, g := range grid {
		switch {
		case step == g || k == 0 && step < g:
			return curve[k]
		case step < g:
			t := math.Log(float64(step/grid[k-1])) / math.Log(float64(g/grid[k-1]))
			a, b := curve[k-1], curve[k]
			return Effect{a.Distortion + t*(b.Distortion-a.Distortion), a.Bits + t*(b.Bits-a.Bits)}
		}
	}
	return curve[len(curve)-1]
}

// part moves an attempt a share of the way to the next rung: the steps of a rung that the ladder does not have.
func (s *search) part(a *attempt, share float64) []profile.Edge {
	m := s.moves[a.rung]
	from, to := float64(s.grids[m.edge][m.from]), float64(s.grids[m.edge][m.to])
	edges := slices.Clone(a.edges)
	edges[m.edge].Steps = scaled(s.edges[m.edge].Steps, float32(from*math.Pow(to/from, share)))
	return edges
}

// fineHalvings is how often the way between two rungs is halved: a 16th of a move is not worth a trial.
const fineHalvings = 3

// coarsen looks between best, the coarsest rung that keeps to a threshold, and the next one, which does not.
func (s *search) coarsen(best *attempt) (*attempt, error) {
	if best.rung == s.rungs()-1 || s.setting.Pow2 || s.bits[best.rung]-s.bits[best.rung+1] < (1-used)*s.bits[best.rung] {
		return best, nil
	}
	low, high, found := 0.0, 1.0, best
	for range fineHalvings {
		share := (low + high) / 2
		a, err := s.measure(best.rung, s.part(best, share))
		if err == nil {
			a, err = s.corrected(a)
		}
		if err != nil {
			return nil, err
		}
		if s.keeps(a) && a.Bits < found.Bits {
			found, low = a, share
		} else {
			high = share
		}
	}
	return found, nil
}

// budgetNote says what a budget was used for; nothing where nearly all of it was.
func (s *search) budgetNote(a *attempt, goal float64) string {
	if a.Bits >= used*goal {
		return ""
	}
	if finest := s.tried[0]; finest != nil && finest.Bits < used*goal {
		return fmt.Sprintf("the finest steps take %.2f stored bits per value: a larger budget changes nothing", finest.Bits)
	}
	next := a.Bits * s.bits[max(0, a.rung-1)] * s.elements / s.predicted(a)
	return fmt.Sprintf("used %.2f of %.2f stored bits per value; the next finer choice takes about %.2f and what lies between did no better",
		a.Bits, goal, next)
}
