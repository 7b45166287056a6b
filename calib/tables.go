package calib

import (
	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/entropy/huffman"
	"github.com/dqa-go/dqa/entropy/prefix"
	"github.com/dqa-go/dqa/internal/simd"
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
	plane := e.PlaneSize()
	symbols := make([]byte, 0, plane)
	for c, counts := range h {
		low, last := e.Lowest(c), len(counts)-1
		symbols = symbols[:0]
		for _, w := range wide[c*plane : (c+1)*plane] {
			if s := int(w) - int(low); uint(s) < uint(min(last, 256)) {
				symbols = append(symbols, byte(s))
			} else {
				counts[symbol(w, low, counts)]++
			}
		}
		var of [256]uint32
		simd.Histogram(&of, symbols)
		for s := range min(last, len(of)) {
			counts[s] += of[s]
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
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		for c := b.C0; c < b.C1; c++ {
			low, slots := e.Lowest(c), h
			if e.IsImportant(c) {
				slots = h[entropy.NumContexts:]
			}
			entropy.VisitContexts(wide[e.BandStart(b, c):][:e.BandSize(b)], e.Cols, func(context int, code int16) {
				slots[context][symbol(code, low, slots[context])]++
			})
		}
	}
}

// newRefinements has a slot for every class of codes whose low bits are stored apart; none where there are none.
func newRefinements(e *profile.Edge) histogram {
	if e.Refine == 0 {
		return nil
	}
	h := make(histogram, profile.RefineClasses)
	for k := range h {
		h[k] = make([]uint32, 1<<e.Refine+1)
	}
	return h
}

// addRefinements counts the low bits of the codes of one image and returns the rest.
func (h histogram) addRefinements(e *profile.Edge, wide []int16) (base []int16) {
	base = make([]int16, len(wide))
	for i, w := range wide {
		base[i] = w >> e.Refine
		h[profile.RefineClass(base[i])][int(w)&(1<<e.Refine-1)]++
	}
	return base
}

// addBytes counts the codes of one image, tile by tile, as the coder fast sees them. Codes beyond a byte, whose tiles it
// leaves alone, count as the outermost one.
func addBytes(counts *prefix.Counts, e *profile.Edge, wide []int16) {
	low, high := e.CodeRange()
	var codes []byte
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		codes = codes[:0]
		for c := b.C0; c < b.C1; c++ {
			for _, w := range wide[e.BandStart(b, c):][:e.BandSize(b)] {
				codes = append(codes, byte(max(low, min(high, w))))
			}
		}
		counts.Add(codes)
	}
}

// addShift counts the shift errors of one image as they are coded, tile by tile.
func addShift(counts []uint64, e *profile.Edge, wide []int16) {
	var errors []byte
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		errors = errors[:0]
		for c := b.C0; c < b.C1; c++ {
			if !e.IsImportant(c) {
				continue
			}
			for _, w := range wide[e.BandStart(b, c):][:e.BandSize(b)] {
				errors = append(errors, byte(w)) // its low bits
			}
		}
		huffman.Count(counts, errors, e.ExtraBits)
	}
}

func (h histogram) merge(other histogram) {
	for c, counts := range other {
		for s, n := range counts {
			h[c][s] += n
		}
	}
}
