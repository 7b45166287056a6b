package calib

import (
	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/profile"
)

// histogram counts the whole codes of every channel of an edge. Symbol s stands for the code s plus the lowest one.
type histogram [][]uint32

func newHistogram(e *profile.Edge) histogram {
	h := make(histogram, e.Channels)
	for c := range h {
		h[c] = make([]uint32, 1<<e.WideBits(c))
	}
	return h
}

// add counts the codes of one image, in the order of dqa.Codes.Wide.
func (h histogram) add(e *profile.Edge, wide []int16) {
	plane := e.Rows * e.Cols
	for c, counts := range h {
		low := 0
		if !e.Unsigned {
			low = -1 << (e.WideBits(c) - 1)
		}
		for _, w := range wide[c*plane : (c+1)*plane] {
			counts[int(w)-low]++
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
		for s, n := range counts {
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
