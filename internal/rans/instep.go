package rans

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Tiles with contexts: planes go through the lanes in groups. Plane k of a group belongs to lane k, and a group's planes
// are coded in step, position by position, so that the neighbours of a code are known when it is wanted.

// group is planes in step, and the row of them at hand. Arrays have a place for every lane that there may be. Kernels
// know its fields.
type group struct {
	planes  []Plane
	cols    int
	models  [MaxLanes * NumContexts]*Model // by lane and context
	shared  bool                           // every lane has the models of lane 0
	low     [MaxLanes]int32
	near    neighbours
	codes   []int16         // of a row: column by column, in a column lane by lane
	context [MaxLanes]uint8 // of the column at hand
}

// begin makes the group ready for its first row.
func (g *group) begin(planes []Plane, cols int) {
	g.planes, g.cols = planes, cols
	g.shared = true
	for lane := range planes {
		p := &planes[lane]
		copy(g.models[lane*NumContexts:], p.Models[:NumContexts])
		g.low[lane] = int32(p.Low)
		g.shared = g.shared && slices.Equal(p.Models, planes[0].Models)
	}
	g.near.reset(cols, MaxLanes)
	g.codes = resize(g.codes, cols*MaxLanes)
}

// load reads the row that begins at place from of every plane.
func (g *group) load(from int) {
	for lane := range g.planes {
		p, codes := &g.planes[lane], g.codes[lane:]
		if p.Bytes != nil && p.Low >= 0 {
			for i, c := range p.Bytes[from : from+g.cols] {
				codes[i*MaxLanes] = int16(c)
			}
			continue
		}
		for i := range g.cols {
			codes[i*MaxLanes] = p.code(from + i)
		}
	}
}

// store is the inverse.
func (g *group) store(from int) error {
	for lane := range g.planes {
		p, codes := &g.planes[lane], g.codes[lane:]
		if p.Bytes == nil {
			scatter(p.Codes[from:from+g.cols], codes)
		} else if !scatter(p.Bytes[from:from+g.cols], codes) && !p.holds(from, codes) {
			return fmt.Errorf("%w: a code beyond a byte", ErrStream)
		}
	}
	return nil
}

// scatter takes every MaxLanes-th code; all says whether none was beyond 0..127.
func scatter[T uint8 | int16](dst []T, codes []int16) (all bool) {
	var or int16
	for i := range dst {
		c := codes[i*MaxLanes]
		dst[i] = T(c)
		or |= c
	}
	return uint16(or) < 128
}

// holds tells whether the plane's codes, from place from on, are those given.
func (p *Plane) holds(from int, codes []int16) bool {
	for i := 0; i < len(codes); i += MaxLanes {
		if p.code(from+i/MaxLanes) != codes[i] {
			return false
		}
	}
	return true
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
func (r *Coder) encodeInStep(t *Tile, s *stream) {
	plane := t.Rows * t.Cols
	r.context = resize(r.context, len(s.all))
	for first := 0; first < len(t.Planes); first += s.lanes {
		r.group.begin(t.group(first, s.lanes), t.Cols)
		at := first * plane
		for row := range t.Rows {
			r.group.load(row * t.Cols)
			n := t.Cols * len(r.group.planes)
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
	for x := range g.cols {
		here := g.near.contexts(x, &g.context)
		codes := (*[MaxLanes]int16)(g.codes[x*MaxLanes:])
		for lane := range min(n, MaxLanes) {
			k, code := uint8(lane*NumContexts)+g.context[lane], codes[lane]
			rank := g.models[k].rankOf(code, int16(g.low[lane]))
			ranks[x*n+lane], context[x*n+lane] = rank, k
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
func (r *Coder) decodeInStep(t *Tile, s *stream) error {
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
	for x := 0; x < g.cols; x++ {
		if g.shared {
			x = decodeColumns(g, s, x)
		}
		if s.at > s.end {
			return fmt.Errorf("%w: it ends too early", ErrStream)
		}
		if x < g.cols {
			if err := g.decodeColumn(s, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeColumn decodes a step: a code of each plane.
func (g *group) decodeColumn(s *stream, x int) error {
	words, used := (*[slack]byte)(s.words[s.at:]), uint(0) // a step takes 2 bytes per lane at most
	here := g.near.contexts(x, &g.context)
	codes := (*[MaxLanes]int16)(g.codes[x*MaxLanes:])
	for lane := range min(len(g.planes), MaxLanes) {
		m := g.models[uint8(lane*NumContexts)+g.context[lane]]
		x := s.states[lane]
		e := m.slots[x%probScale]
		x = next(x, e)
		more := x<<16 | uint32(binary.LittleEndian.Uint16(words[used%(slack/2):]))
		used += uint((x-ransLow)>>31) * 2
		if x < ransLow {
			x = more
		}
		s.states[lane] = x
		code := int16(int32(m.symbol[uint8(e)]) + g.low[lane])
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
