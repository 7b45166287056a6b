package entropy

import (
	"errors"
	"fmt"
	"math"
)

// ProbBits is the resolution of a Model: frequencies sum to 1 << ProbBits.
const ProbBits = 12

const probScale = 1 << ProbBits

// EscapeBits is what follows an escape: the code itself.
const EscapeBits = 16

// ErrModel is what NewModel says of frequencies that make no model.
var ErrModel = errors.New("frequencies do not make a model")

// Model is a static probability table for asymmetric numeral systems (Duda, arXiv 1311.2540). What has no frequency can
// still be coded: as an escape, and by itself. A Model is immutable and may be shared.
type Model struct {
	interval []uint32          // by symbol, the escape last: start << 16 | frequency
	slot     [probScale]uint32 // by the low bits of the state: (slot - start) << 16 | frequency
	symbol   [probScale]uint16 // by the same
}

// NewModel makes a model of an alphabet of 2 to MaxSymbols symbols. freq has one entry per symbol and one for the
// escape, which must not be 0; they sum to 1 << ProbBits.
func NewModel(freq []uint16) (*Model, error) {
	n := len(freq) - 1
	if n < 2 || n > MaxSymbols {
		return nil, fmt.Errorf("%w: %d symbols, 2 to %d allowed", ErrModel, n, MaxSymbols)
	}
	if freq[n] == 0 {
		return nil, fmt.Errorf("%w: no escape", ErrModel)
	}
	m := &Model{interval: make([]uint32, n+1)}
	at := 0
	for s, f := range freq {
		if at+int(f) > probScale {
			return nil, fmt.Errorf("%w: they sum to more than %d", ErrModel, probScale)
		}
		m.interval[s] = uint32(at)<<16 | uint32(f)
		for i := range int(f) {
			m.slot[at+i] = uint32(i)<<16 | uint32(f)
			m.symbol[at+i] = uint16(s)
		}
		at += int(f)
	}
	if at != probScale {
		return nil, fmt.Errorf("%w: they sum to %d, not %d", ErrModel, at, probScale)
	}
	return m, nil
}

// Cost is the ideal length of symbol s in bits; an escape's contains what follows it.
func (m *Model) Cost(s int) float64 {
	escape := len(m.interval) - 1
	if s < escape && uint16(m.interval[s]) > 0 {
		return ProbBits - math.Log2(float64(uint16(m.interval[s])))
	}
	return ProbBits - math.Log2(float64(uint16(m.interval[escape]))) + EscapeBits
}

// rareness is from when on a symbol is cheaper as an escape: a frequency of 1 in 4096 costs all others log2(e)/4096 bits
// each, an escape about 16 bits more than a frequency of 1.
const rareness = 45_000

// BuildFreq gives the frequencies for NewModel that code what was counted in the fewest bits, but for rounding. The last
// count is that of values beyond the alphabet. What is rare or was not seen shares the escape.
func BuildFreq(counts []uint64) []uint16 {
	n := len(counts) - 1
	total := 1.0
	for _, c := range counts {
		total += float64(c)
	}
	weight := make([]float64, n+1)
	weight[n] = 1 + float64(counts[n])
	for s, c := range counts[:n] {
		if float64(c)*rareness < total {
			weight[n] += float64(c)
		} else {
			weight[s] = float64(c)
		}
	}
	freq := make([]uint16, n+1)
	left := probScale
	for s, w := range weight {
		if w > 0 {
			freq[s] = uint16(max(1, min(probScale, int(math.Round(w/total*probScale)))))
			left -= int(freq[s])
		}
	}
	for left != 0 {
		left -= adjust(freq, weight, left > 0)
	}
	return freq
}

// rarest is the symbol, not the escape, of the least weight above 0; of equal ones the last.
func rarest(weight []float64) int {
	best := -1
	for s, w := range weight[:len(weight)-1] {
		if w > 0 && (best < 0 || w <= weight[best]) {
			best = s
		}
	}
	return best
}

// adjust raises the frequency that gains most, or lowers the one that loses least; it returns the change.
func adjust(freq []uint16, weight []float64, up bool) int {
	best, value := -1, math.Inf(-1)
	for s, f := range freq {
		v := math.Inf(-1)
		switch {
		case weight[s] == 0:
		case up:
			v = weight[s] * math.Log2(float64(f+1)/float64(f))
		case f > 1:
			v = -weight[s] * math.Log2(float64(f)/float64(f-1))
		}
		if v > value {
			best, value = s, v
		}
	}
	if up {
		freq[best]++
		return 1
	}
	if best < 0 { // more symbols than 1<<ProbBits: one of the rarest must be escaped
		best = rarest(weight)
		weight[best] = 0
	}
	freq[best]--
	return -1
}
