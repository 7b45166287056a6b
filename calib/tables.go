package calib

import (
	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/profile"
)

// histogram counts codes in several slots. Symbol s stands for the code s plus the lowest one; the last count is that of
// codes beyond the bits.
type histogram [][]uint32

// newHistogram has a slot for every channel of an edge.
func newHistogram(e *profile.Edge) histogram {
	h := make(histogram, e.Channels)
	for c := range h {
		h[c] = make([]uint32, 1<<e.WideBits(c)+1)
	}
	return h
}

// add counts the codes of one image, in the order of dqa.Codes.Wide.
func (h histogram) add(e *profile.Edge, wide []int16) {
	plane := e.Rows * e.Cols
	for c, counts := range h {
		low := lowest(e, c)
		for _, w := range wide[c*plane : (c+1)*plane] {
			counts[symbol(w, low, counts)]++
		}
	}
}

func symbol(code, low int16, counts []uint32) int {
	s := int(code) - int(low)
	if s < 0 || s > len(counts)-1 {
		return len(counts) - 1
	}
	return s
}

func lowest(e *profile.Edge, c int) int16 {
	if e.Unsigned {
		return 0
	}
	return -1 << (e.WideBits(c) - 1)
}

// newContexts has a slot for every context, of the unimportant and then, if there are any, of the important channels.
func newContexts(e *profile.Edge) histogram {
	h := make(histogram, entropy.NumContexts)
	for t := range h {
		h[t] = make([]uint32, 1<<e.Bits+1)
	}
	if e.ExtraBits > 0 {
		for range entropy.NumContexts {
			h = append(h, make([]uint32, 1<<(e.Bits+e.ExtraBits)+1))
		}
	}
	return h
}

// addContexts counts the codes of one image by their contexts in its tiles.
func (h histogram) addContexts(e *profile.Edge, wide []int16) {
	plane := e.Rows * e.Cols
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		for c := b.C0; c < b.C1; c++ {
			low, slots := lowest(e, c), h
			if e.IsImportant(c) {
				slots = h[entropy.NumContexts:]
			}
			entropy.VisitContexts(wide[c*plane+b.R0*e.Cols:c*plane+b.R1*e.Cols], e.Cols, func(context int, code int16) {
				slots[context][symbol(code, low, slots[context])]++
			})
		}
	}
}

func (h histogram) merge(other histogram) {
	for c, counts := range other {
		for s, n := range counts {
			h[c][s] += n
		}
	}
}

// classes sums over the unimportant and over the important channels.
func (h histogram) classes(e *profile.Edge) (sums [2][]uint64) {
	sums = [2][]uint64{make([]uint64, 1<<e.Bits), make([]uint64, 1<<(e.Bits+e.ExtraBits))}
	for c, counts := range h {
		k := 0
		if e.IsImportant(c) {
			k = 1
		}
		for s, n := range counts[:len(counts)-1] {
			sums[k][s] += uint64(n)
		}
	}
	return sums
}

// tables makes the code lengths that coder needs.
func tables(e *profile.Edge, coder profile.Coder, h histogram) [][]uint8 {
	sizes := e.NumSymbols(coder)
	if len(sizes) == 0 {
		return nil
	}
	counts := h.classes(e)
	switch coder {
	case profile.HuffmanErrors:
		errors := make([]uint64, sizes[0])
		for s, n := range counts[1] { // the lowest code is a multiple of 2^m, so symbols and codes share their low bits
			errors[s&(sizes[0]-1)] += n
		}
		return [][]uint8{entropy.BuildLengths(errors, profile.MaxCodeLen)}
	case profile.Huffman:
		t := make([][]uint8, len(sizes))
		for k, n := range sizes {
			t[k] = []uint8{}
			if n > 0 {
				t[k] = entropy.BuildLengths(counts[k], profile.MaxCodeLen)
			}
		}
		return t
	}
	return nil
}
