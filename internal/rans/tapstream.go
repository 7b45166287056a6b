package rans

import (
	"encoding/binary"
	"fmt"
)

// Tiles whose models are chosen by taps: as with contexts, plane k of a group belongs to lane k, and a group's planes are
// coded in step.

// tapGroup is planes in step.
type tapGroup struct {
	window
	planes []Plane
	models []*Model // by context
	low    int32    // the code of symbol 0
	middle int32    // the same where codes are relative
}

func (g *tapGroup) begin(t *Tile, planes []Plane) {
	g.planes, g.models = planes, planes[0].Models
	g.low, g.middle = int32(planes[0].Low), -int32(len(g.models[0].rank)/2)
	g.window.begin(t.Taps, planes, t.Cols)
}

// start is the code of symbol 0 in a context.
func (g *tapGroup) start(context uint8, prediction int16) int32 {
	if g.taps.Relative[context] {
		return g.middle + int32(prediction)
	}
	return g.low
}

// tapLanes is the number of states that a writer codes a tile with: as many as leave each tapLaneChanges codes that are not
// those before them.
func (t *Tile) tapLanes() int {
	changes := 0
	for i := range t.Planes {
		changes += t.Planes[i].changes()
	}
	n := 1
	for 2*n <= min(MaxLanes, len(t.Planes)) && 2*n*tapLaneChanges <= changes {
		n *= 2
	}
	return n
}

// A state costs 3 bytes beyond what it holds of codes: about half a percent of them.
const tapLaneChanges = 1024

func (p *Plane) changes() (n int) {
	for i := 1; i < len(p.Bytes); i++ {
		if p.Bytes[i] != p.Bytes[i-1] {
			n++
		}
	}
	for i := 1; i < len(p.Codes); i++ {
		if p.Codes[i] != p.Codes[i-1] {
			n++
		}
	}
	return n
}

// encodeTaps codes the groups of planes, the last one first.
func (r *Coder) encodeTaps(t *Tile, s *stream) {
	plane := t.Rows * t.Cols
	r.context = resize(r.context, len(s.all))
	for first := 0; first < len(t.Planes); first += s.lanes {
		r.taps.begin(t, t.group(first, s.lanes))
		at := first * plane
		for from := 0; from < plane; {
			n := t.Taps.width(t.Cols, plane-from)
			end := at + n*len(r.taps.planes)
			r.taps.rankRow(s, from, n, s.all[at:end], r.context[at:end])
			from, at = from+n, end
		}
	}
	for first := (len(t.Planes) - 1) / s.lanes * s.lanes; first >= 0; first -= s.lanes {
		planes := t.group(first, s.lanes)
		from, to := first*plane, (first+len(planes))*plane
		encodeRanks(s, planes[0].Models, len(planes), s.all[from:to], r.context[from:to])
	}
}

// rankRow finds ranks and contexts of n codes of every plane, from place from on, and notes what is escaped.
func (g *tapGroup) rankRow(s *stream, from, n int, ranks, contexts []uint8) {
	g.next(n)
	i := 0
	for x := range n {
		for lane := range g.planes {
			p := &g.planes[lane]
			code := p.code(from + x)
			context, prediction := g.context(x, lane)
			rank := g.models[context].rankFrom(code, g.start(context, prediction))
			ranks[i], contexts[i] = rank, context
			if rank == 0 {
				s.escapes = append(s.escapes, code)
			}
			g.set(x, lane, code)
			i++
		}
	}
}

// encodeRanks codes a group of so many planes from its last code to the first.
func encodeRanks(s *stream, models []*Model, planes int, ranks, contexts []uint8) {
	words := s.words[:s.at]
	for i := len(ranks); i > 0; {
		for lane := planes - 1; lane >= 0; lane-- {
			i--
			c := &models[contexts[i]].coding[ranks[i]]
			s.states[lane%MaxLanes], words = c.give(s.states[lane%MaxLanes], words)
		}
	}
	s.at = len(words)
}

// decodeTaps decodes the groups of planes.
func (r *Coder) decodeTaps(t *Tile, s *stream) error {
	plane := t.Rows * t.Cols
	for first := 0; first < len(t.Planes); first += s.lanes {
		r.taps.begin(t, t.group(first, s.lanes))
		for from := 0; from < plane; {
			n := t.Taps.width(t.Cols, plane-from)
			if err := r.taps.decodeRow(s, from, n); err != nil {
				return err
			}
			from += n
		}
	}
	return nil
}

// decodeRow decodes n codes of every plane, from place from on.
func (g *tapGroup) decodeRow(s *stream, from, n int) error {
	g.next(n)
	for x := range n {
		if s.at > s.end {
			return fmt.Errorf("%w: it ends too early", ErrStream)
		}
		words, used := (*[slack]byte)(s.words[s.at:]), uint(0) // a step takes 2 bytes per lane at most
		for lane := range min(len(g.planes), MaxLanes) {
			context, prediction := g.context(x, lane)
			start, m := g.start(context, prediction), g.models[context]
			state := s.states[lane]
			e := m.slots[state%probScale]
			state = next(state, e)
			more := state<<16 | uint32(binary.LittleEndian.Uint16(words[used%(slack/2):]))
			used += uint((state-ransLow)>>31) * 2
			if state < ransLow {
				state = more
			}
			s.states[lane] = state
			p := &g.planes[lane]
			wide := int32(m.symbol[uint8(e)]) + start
			code := int16(wide)
			if uint8(e) == 0 {
				var err error
				if code, err = s.escapedFrom(p, m, start); err != nil {
					return err
				}
			} else if wide < int32(p.Min) || wide > int32(p.Max) {
				return fmt.Errorf("%w: code %d, %d to %d allowed", ErrStream, wide, p.Min, p.Max)
			}
			if !p.set(from+x, code) {
				return fmt.Errorf("%w: a code beyond a byte", ErrStream)
			}
			g.set(x, lane, code)
		}
		s.at += int(used)
	}
	return nil
}

// tapCost is the ideal length of a plane's codes, in bits.
func (t *Tile) tapCost(p *Plane, codes []int16) (sum float64) {
	var g tapGroup
	g.begin(t, []Plane{*p})
	VisitTaps(&TapMemory{}, t.Taps, p.Offset, codes, t.Cols, func(context uint8, prediction, code int16) {
		m := p.Models[context]
		sum += m.rankCost(m.rankFrom(code, g.start(context, prediction)))
	})
	return sum
}
