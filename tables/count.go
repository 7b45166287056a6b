package tables

import (
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/profile"
)

// edgeCounts is how often an edge's codes were seen, by channel and by context, without the low bits that are stored
// apart; and these, by the class of the rest. What no coder that will be taught needs is nil.
type edgeCounts struct {
	edge        *profile.Edge
	channels    *Histogram
	contexts    *Histogram // for the coder smallest
	refinements slots
	shift       []uint64       // of shift errors' symbols, for the coder paper; nil where there are none
	prefix      *prefix.Counts // for the coder fast; nil: it cannot store them
	taps        *tapSamples    // for the coder smallest2; the same
}

func newEdgeCounts(e *profile.Edge, edges int, taught func(profile.Coder) bool) edgeCounts {
	base := e.Base()
	c := edgeCounts{edge: e, channels: NewHistogram(&base, profile.Small), refinements: newRefinements(e)}
	if taught(profile.Paper) && e.NumImportant() > 0 {
		c.shift = make([]uint64, huffman.NumSymbols(e.ExtraBits))
	}
	if taught(profile.Fast) && e.Refine == 0 && e.Bits+e.ExtraBits <= profile.MaxBits {
		low, high := e.CodeRange()
		c.prefix = prefix.NewCounts(low, high, 0) // two-sided codes are most often 0: steps are large, and so is it
	}
	if taught(profile.Smallest2) {
		c.taps = newTapSamples(e, edges)
	}
	if taught(profile.Smallest) || taught(profile.Smallest2) && c.taps == nil {
		c.contexts = NewHistogram(&base, profile.Smallest)
	}
	return c
}

// add counts an image; number is one that its edges share.
func (c *edgeCounts) add(wide []int16, number uint32) {
	if c.edge.Refine > 0 {
		wide = c.refinements.addRefinements(c.edge, wide)
	}
	if c.prefix != nil {
		addBytes(c.prefix, c.edge, wide)
	}
	if c.shift != nil {
		addShift(c.shift, c.edge, wide)
	}
	if c.taps != nil {
		c.taps.add(wide, number)
	}
	c.channels.Add(wide)
	if c.contexts != nil {
		c.contexts.Add(wide)
	}
}

func (c *edgeCounts) merge(other *edgeCounts) {
	c.channels.Merge(other.channels)
	if c.contexts != nil {
		c.contexts.Merge(other.contexts)
	}
	c.refinements.merge(other.refinements)
	for s, n := range other.shift {
		c.shift[s] += n
	}
	if c.prefix != nil {
		c.prefix.Merge(other.prefix)
	}
	if c.taps != nil {
		c.taps.merge(other.taps)
	}
}

// newRefinements has a slot for every class of codes whose low bits are stored apart; none where there are none.
func newRefinements(e *profile.Edge) slots {
	if e.Refine == 0 {
		return nil
	}
	h := make(slots, profile.RefineClasses)
	for k := range h {
		h[k] = make([]uint32, 1<<e.Refine+1)
	}
	return h
}

// addRefinements counts the low bits of the codes of one image and returns the rest.
func (h slots) addRefinements(e *profile.Edge, wide []int16) (base []int16) {
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
