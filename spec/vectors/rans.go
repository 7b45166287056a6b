package main

import (
	"encoding/binary"
	"slices"
)

// ransPlane is a channel's part of a tile: one model, or 16 by context.
type ransPlane struct {
	codes  []int
	models [][]uint16
	low    int // code of symbol 0
}

// ransStream is a stream of rANS (spec/coders.md).
type ransStream struct {
	states  []uint32
	tail    int // positions of a tile with taps that one state codes
	words   []uint16
	escapes []int // in the order of codes
}

func (s ransStream) join() []byte {
	var b []byte
	for _, x := range s.states {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	if s.tail > 0 {
		b = binary.LittleEndian.AppendUint16(b, uint16(s.tail))
	}
	for _, w := range s.words {
		b = binary.LittleEndian.AppendUint16(b, w)
	}
	for _, e := range slices.Backward(s.escapes) {
		b = binary.LittleEndian.AppendUint16(b, uint16(e))
	}
	return b
}

// ransStep is a code in the order of coding.
type ransStep struct {
	lane, code int
	plane      *ransPlane
	model      []uint16
	tail       bool // with taps: of the last group of planes
}

// ransWriter is how a stream is written; other than newRANS's it is wrong.
type ransWriter struct {
	start  uint64              // state of the last lane at the end of reading
	escape func(code int) bool // codes that are escaped though they have a frequency
	narrow bool                // never give words away
}

func newRANS() ransWriter { return ransWriter{start: 1 << 15} }

// stream codes planes of one size.
func (w ransWriter) stream(tile []ransPlane, cols int) ransStream {
	steps, lanes := ransSteps(tile, cols)
	return w.code(steps, lanes)
}

// code codes steps in their order.
func (w ransWriter) code(steps []ransStep, lanes int) ransStream {
	var s ransStream
	states := make([]uint64, lanes)
	for i := range states {
		states[i] = 1 << 15
	}
	states[lanes-1] = w.start
	for _, t := range slices.Backward(steps) {
		w.step(&s, states, t)
	}
	s.end(states)
	return s
}

// step codes a step; words and escapes are in the order of writing.
func (w ransWriter) step(s *ransStream, states []uint64, t ransStep) {
	symbol := t.code - t.plane.low
	if symbol < 0 || symbol >= len(t.model)-1 || t.model[symbol] == 0 || w.escape != nil && w.escape(t.code) {
		symbol = len(t.model) - 1
		s.escapes = append(s.escapes, t.code)
	}
	f, x := uint64(t.model[symbol]), states[t.lane]
	if x >= f<<19 && !w.narrow {
		s.words = append(s.words, uint16(x))
		x >>= 16
	}
	states[t.lane] = x/f*4096 + x%f + slotStart(t.model, symbol)
}

// end puts all in the order of reading.
func (s *ransStream) end(states []uint64) {
	for _, x := range states {
		s.states = append(s.states, uint32(x))
	}
	slices.Reverse(s.words)
	slices.Reverse(s.escapes)
}

// ransSteps lists the codes in order.
func ransSteps(tile []ransPlane, cols int) (steps []ransStep, lanes int) {
	n := len(tile[0].codes)
	most := 16
	if len(tile[0].models) > 1 {
		most = min(most, len(tile))
	}
	for lanes = 1; 2*lanes <= most && len(tile)*n >= 1024*2*lanes; {
		lanes *= 2
	}
	if len(tile[0].models) == 1 {
		for k := range tile {
			for i, c := range tile[k].codes {
				steps = append(steps, ransStep{lane: i % lanes, code: c, plane: &tile[k], model: tile[k].models[0]})
			}
		}
		return steps, lanes
	}
	for first := 0; first < len(tile); first += lanes {
		group := tile[first:min(first+lanes, len(tile))]
		for i := range n {
			for lane := range group {
				p := &group[lane]
				steps = append(steps, ransStep{lane: lane, code: p.codes[i], plane: p, model: p.models[context(p.codes, cols, i)]})
			}
		}
	}
	return steps, lanes
}

// context of code i of a plane.
func context(codes []int, cols, i int) int {
	row, col := i/cols, i%cols
	at := func(r, c int) int {
		if r < 0 || c < 0 || c >= cols {
			return 0
		}
		return min(max(codes[r*cols+c], -codes[r*cols+c]), 255)
	}
	t := 2*at(row, col-1) + 2*at(row-1, col) + at(row-1, col-1) + at(row-1, col+1)
	k := 0
	for _, bound := range []int{1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120} {
		if t >= bound {
			k++
		}
	}
	return k
}

// slotStart is the first slot of a symbol, the escape being the last one.
func slotStart(model []uint16, symbol int) uint64 {
	top := 0
	for s, f := range model {
		if f > model[top] {
			top = s
		}
	}
	class := func(s int) int {
		switch f := model[s]; {
		case s == top:
			return 2
		case f%4 != 0:
			return 0
		case f%32 != 0:
			return 1
		}
		return 3
	}
	start := uint64(0)
	for s, f := range model {
		if class(s) < class(symbol) || class(s) == class(symbol) && s < symbol {
			start += uint64(f)
		}
	}
	return start
}
