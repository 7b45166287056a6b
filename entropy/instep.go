package entropy

import (
	"encoding/binary"
	"fmt"
)

// Tiles with contexts: planes go through the lanes in groups. Plane k of a group belongs to lane k, and a group's planes
// are coded in step, position by position, so that the neighbours of a code are known when it is wanted.

// group is planes in step, and the row of them at hand. Arrays have a place for every lane that there may be.
type group struct {
	planes  []Plane
	models  [MaxLanes * NumContexts]*Model // by lane and context
	low     [MaxLanes]int16
	near    neighbours
	context [MaxLanes]uint8 // of the column at hand
	codes   []int16         // of a row: column by column, in a column plane by plane
}

// begin makes the group ready for its first row.
func (g *group) begin(planes []Plane, cols int) {
	g.planes = planes
	for lane := range planes {
		copy(g.models[lane*NumContexts:], planes[lane].Models[:NumContexts])
		g.low[lane] = planes[lane].Low
	}
	g.near.reset(cols, MaxLanes)
	g.codes = resize(g.codes, cols*len(planes))
}

// load reads the row that begins at place from of every plane.
func (g *group) load(from int) {
	n := len(g.planes)
	for lane := range g.planes {
		p := &g.planes[lane]
		for i, at := 0, lane; at < len(g.codes); i, at = i+1, at+n {
			g.codes[at] = p.code(from + i)
		}
	}
}

// store is the inverse.
func (g *group) store(from int) error {
	n := len(g.planes)
	for lane := range g.planes {
		p := &g.planes[lane]
		for i, at := 0, lane; at < len(g.codes); i, at = i+1, at+n {
			if !p.set(from+i, g.codes[at]) {
				return fmt.Errorf("%w: code %d in a byte", ErrStream, g.codes[at])
			}
		}
	}
	return nil
}

// contexts finds those of a column's codes, by lane; the codes' magnitudes belong into here.
func (n *neighbours) contexts(x int, contexts *[MaxLanes]uint8) (here *[MaxLanes]uint8) {
	at := x * MaxLanes
	left := (*[MaxLanes]uint8)(n.row[at:])
	above := (*[3 * MaxLanes]uint8)(n.above[at:])
	for lane := range contexts {
		t := 2*(uint32(left[lane])+uint32(above[MaxLanes+lane])) + uint32(above[lane]) + uint32(above[2*MaxLanes+lane])
		contexts[lane] = contextOf[min(t, maxActivity)]
	}
	return (*[MaxLanes]uint8)(n.row[at+MaxLanes:])
}

func (t *Tile) group(first, lanes int) []Plane {
	return t.Planes[first:min(first+lanes, len(t.Planes))]
}

// encodeInStep codes the groups of planes, the last one first.
func (r *RANS) encodeInStep(t *Tile, s *stream) {
	plane := t.Rows * t.Cols
	r.context = resize(r.context, len(s.all))
	for first := 0; first < len(t.Planes); first += s.lanes {
		r.group.begin(t.group(first, s.lanes), t.Cols)
		at := first * plane
		for row := range t.Rows {
			r.group.load(row * t.Cols)
			n := len(r.group.codes)
			r.group.rankRow(s, s.all[at:at+n], r.context[at:at+n])
			at += n
		}
	}
	for first := (len(t.Planes) - 1) / s.lanes * s.lanes; first >= 0; first -= s.lanes {
		planes := t.group(first, s.lanes)
		r.group.begin(planes, t.Cols)
		from, to := first*plane, (first+len(planes))*plane
		r.group.encode(s, s.all[from:to], r.context[from:to])
	}
}

// rankRow finds ranks and contexts of a row and notes what is escaped.
func (g *group) rankRow(s *stream, ranks, context []uint8) {
	g.near.next()
	n := len(g.planes)
	for at := 0; at < len(g.codes); at += n {
		here := g.near.contexts(at/n, &g.context)
		for lane, code := range g.codes[at:min(at+n, at+MaxLanes)] {
			k := uint8(lane*NumContexts) + g.context[lane]
			rank := g.models[k].rankOf(code, g.low[lane])
			ranks[at+lane], context[at+lane] = rank, k
			if rank == 0 {
				s.escapes = append(s.escapes, code)
			}
			here[lane] = magnitude(code)
		}
	}
}

// encode codes the group from its last code to the first.
func (g *group) encode(s *stream, ranks, context []uint8) {
	words := s.words[:s.at]
	for i := len(ranks); i > 0; {
		for lane := len(g.planes) - 1; lane >= 0; lane-- {
			i--
			c := &g.models[context[i]].coding[ranks[i]]
			s.states[lane%MaxLanes], words = c.give(s.states[lane%MaxLanes], words)
		}
	}
	s.at = len(words)
}

// decodeInStep decodes the groups of planes.
func (r *RANS) decodeInStep(t *Tile, s *stream) error {
	for first := 0; first < len(t.Planes); first += s.lanes {
		r.group.begin(t.group(first, s.lanes), t.Cols)
		for row := range t.Rows {
			if err := r.group.decodeRow(s); err != nil {
				return err
			}
			if err := r.group.store(row * t.Cols); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeRow decodes a row's codes.
func (g *group) decodeRow(s *stream) error {
	g.near.next()
	n := len(g.planes)
	for at := 0; at < len(g.codes); at += n {
		if s.at > s.end {
			return fmt.Errorf("%w: it ends too early", ErrStream)
		}
		if err := g.decodeColumn(s, at/n, g.codes[at:at+n]); err != nil {
			return err
		}
	}
	return nil
}

// decodeColumn decodes a step: a code of each plane.
func (g *group) decodeColumn(s *stream, x int, codes []int16) error {
	words, used := (*[slack]byte)(s.words[s.at:]), uint(0) // a step takes 2 bytes per lane at most
	here := g.near.contexts(x, &g.context)
	states := &s.states
	for lane := range codes[:min(len(codes), MaxLanes)] {
		m := g.models[uint8(lane*NumContexts)+g.context[lane]]
		x := states[lane]
		e := m.slots[x%probScale]
		x = next(x, e)
		more := x<<16 | uint32(binary.LittleEndian.Uint16(words[used%(slack/2):]))
		used += uint((x-ransLow)>>31) * 2
		if x < ransLow {
			x = more
		}
		states[lane] = x
		code := int16(m.symbol[uint8(e)]) + g.low[lane]
		if uint8(e) == 0 {
			var err error
			if code, err = s.escaped(&g.planes[lane], m); err != nil {
				return err
			}
		}
		codes[lane], here[lane] = code, magnitude(code)
	}
	s.at += int(used)
	return nil
}
