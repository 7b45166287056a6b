package tables

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/profile"
)

// Histogram counts an edge's codes in the slots that a coder has models for: channels (Small), or contexts (Smallest).
type Histogram struct {
	edge      *profile.Edge
	byContext bool
	slots     slots
}

// slots are counts by slot and symbol. Symbol s stands for the code s plus the lowest one; the last count is that of
// codes beyond the bits.
type slots [][]uint32

// NewHistogram counts as the coder Smallest sees codes, by contexts, which is near what Smallest2 does; as Small does, by
// channels, for any other.
func NewHistogram(e *profile.Edge, coder profile.Coder) *Histogram {
	if coder == profile.Smallest || coder == profile.Smallest2 {
		return &Histogram{e, true, newContexts(e)}
	}
	h := make(slots, e.Channels)
	for c := range h {
		h[c] = make([]uint32, 1<<e.WideBits(c)+1)
	}
	return &Histogram{e, false, h}
}

// newContexts has a slot for every context, of the unimportant and then, if there are any, of the important channels.
func newContexts(e *profile.Edge) slots {
	h := make(slots, rans.NumContexts)
	for t := range h {
		h[t] = make([]uint32, 1<<e.Bits+1)
	}
	if e.ExtraBits > 0 {
		for range rans.NumContexts {
			h = append(h, make([]uint32, 1<<(e.Bits+e.ExtraBits)+1))
		}
	}
	return h
}

// Add counts the codes of one image: dqa.Codes.Wide.
func (h *Histogram) Add(wide []int16) {
	if h.byContext {
		h.addContexts(wide)
		return
	}
	e := h.edge
	plane := e.PlaneSize()
	symbols := make([]byte, 0, plane)
	for c, counts := range h.slots {
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

// addContexts counts the codes of one image by their contexts in its tiles.
func (h *Histogram) addContexts(wide []int16) {
	e := h.edge
	var contexts []uint8
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		for c := b.C0; c < b.C1; c++ {
			low, of := e.Lowest(c), h.slots
			if e.IsImportant(c) {
				of = h.slots[rans.NumContexts:]
			}
			codes := wide[e.BandStart(b, c):][:e.BandSize(b)]
			contexts = slices.Grow(contexts[:0], len(codes))[:len(codes)]
			rans.Contexts(contexts, codes, e.Cols)
			for i, code := range codes {
				counts := of[contexts[i]]
				counts[symbol(code, low, counts)]++
			}
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

// Merge adds the counts of another one of the same edge and coder.
func (h *Histogram) Merge(other *Histogram) { h.slots.merge(other.slots) }

// means are the mean magnitudes of the codes of channels.
func (h *Histogram) means() []float64 {
	means := make([]float64, len(h.slots))
	for c, counts := range h.slots {
		low, sum, total := int(h.edge.Lowest(c)), 0.0, 0.0
		for s, n := range counts {
			sum += math.Abs(float64(low+s)) * float64(n)
			total += float64(n)
		}
		means[c] = sum / max(1, total)
	}
	return means
}

// Bits is what all codes take by the distributions of their own slots, escaped ones with what follows.
func (h *Histogram) Bits() (sum float64) {
	for _, counts := range h.slots {
		s := measure(counts)
		sum += s.bits()
	}
	return sum
}

// Entropy is the mean length of a code, in bits, by the distribution of its own slot.
func (h *Histogram) Entropy() float64 { return h.slots.entropy() }

func (h slots) entropy() float64 {
	bits, values := 0.0, 0.0
	for _, counts := range h {
		s := measure(counts)
		bits += s.mean * s.total
		values += s.total
	}
	return bits / max(1, values)
}

func (h slots) merge(other slots) {
	for c, counts := range other {
		for s, n := range counts {
			h[c][s] += n
		}
	}
}

// size is what the codes take with a model per slot, in bits, and what the models' frequencies do.
func (h slots) size() float64 {
	bits := 0.0
	for _, counts := range h {
		s := measure(counts)
		bits += s.bits()
		for _, n := range counts {
			if n > 0 {
				bits += .5 * math.Log2(s.total)
			}
		}
	}
	return bits
}

// total is the number of codes.
func (h slots) total() (n float64) {
	for _, counts := range h {
		for _, k := range counts {
			n += float64(k)
		}
	}
	return n
}

// slot is one slot's counts.
type slot struct {
	counts []uint32
	total  float64
	mean   float64 // bits per value, by its own distribution
}

func measure(counts []uint32) slot {
	s, total := slot{counts: counts}, uint64(0)
	for _, n := range counts {
		total += uint64(n)
	}
	if s.total = float64(total); total == 0 {
		return s // as most contexts are
	}
	for _, n := range counts {
		if n > 0 {
			s.mean -= float64(n) / s.total * math.Log2(float64(n)/s.total)
		}
	}
	return s
}

// bits is what the codes take by their own distribution, escaped ones with what follows.
func (s *slot) bits() float64 {
	return s.mean*s.total + rans.EscapeBits*float64(s.counts[len(s.counts)-1])
}
