package calib

import (
	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/profile"
)

// newCounts makes histograms of the whole codes of unimportant and important channels.
func newCounts(e *profile.Edge) [2][]uint64 {
	return [2][]uint64{make([]uint64, 1<<e.Bits), make([]uint64, 1<<(e.Bits+e.ExtraBits))}
}

// addCounts counts the codes of one image, in the order of dqa.Codes.Wide. Symbol s stands for the code s plus the
// lowest one.
func addCounts(e *profile.Edge, wide []int16, counts [2][]uint64) {
	plane := e.Rows * e.Cols
	for c := range e.Channels {
		h, low := counts[0], 0
		if e.IsImportant(c) {
			h = counts[1]
		}
		if !e.Unsigned {
			low = -1 << (e.WideBits(c) - 1)
		}
		for _, w := range wide[c*plane : (c+1)*plane] {
			h[int(w)-low]++
		}
	}
}

// tables makes the code lengths that coder needs.
func tables(e *profile.Edge, coder profile.Coder, counts [2][]uint64) [][]uint8 {
	sizes := e.NumSymbols(coder)
	switch coder {
	case profile.HuffmanErrors:
		if len(sizes) == 0 {
			return nil
		}
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
