package rans

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// ProbBits is the resolution of a Model: frequencies sum to 1 << ProbBits.
const ProbBits = 12

const probScale = 1 << ProbBits

// MaxSymbols is the size of the largest alphabet.
const MaxSymbols = 1 << 12

// EscapeBits is what follows an escape: the code itself.
const EscapeBits = 16

// MaxLive is the number of symbols, the escape among them, that may have a frequency.
const MaxLive = 256

// ErrModel is what NewModel says of frequencies that make no model.
var ErrModel = errors.New("frequencies do not make a model")

// ErrLive is the one for frequencies of too many symbols.
var ErrLive = errors.New("too many of them")

// Model is a static probability table for asymmetric numeral systems (Duda, arXiv 1311.2540). What has no frequency can
// still be coded: as an escape, and by itself. A Model is immutable and may be shared.
//
// Inside, a symbol goes by its rank: 0 is the escape, then come those that have a frequency, in their order.
type Model struct {
	rank   []uint8           // by symbol
	symbol [MaxLive]uint16   // by rank
	freq   [MaxLive]uint16   // by rank
	coding [MaxLive]coding   // by rank
	slots  [probScale]uint32 // by the low bits of the state: (frequency - 1) << 20 | offset in the interval << 8 | rank
	common [probScale]uint32 // the same, but with the symbol in place of the rank, unusual for those beyond and the escape
	live   int               // ranks
	ranks  [2][256]uint8     // by a byte that holds a code, unsigned and signed; if there are at most 256 symbols
	codes  [2][256]uint8     // the inverse
	small  *smallTables      // nil: the model is too fine for them
}

// unusual is the first symbol that Model.common, and what TapSet makes of it, do not tell.
const unusual = 255

// coding is what an encoder needs of an interval (spec/coders.md): divisions become multiplications.
type coding struct {
	limit      uint32 // a state from here on gives a word away first
	start      uint32
	reciprocal uint32 // x/f is x*reciprocal >> (31 + shift) for every x below 1<<31
	rest       uint16 // probScale - frequency
	shift      uint16
}

func newCoding(start, freq int) coding {
	shift := bits.Len(uint(freq - 1))
	reciprocal := (uint64(1)<<(31+shift) + uint64(freq) - 1) / uint64(freq)
	return coding{
		limit: uint32(freq) << (31 - ProbBits), start: uint32(start), rest: uint16(probScale - freq),
		reciprocal: uint32(reciprocal), shift: uint16(shift),
	}
}

// CheckModel tells whether frequencies make a model, see NewModel, without making it: that takes much longer.
func CheckModel(freq []uint16) error {
	n := len(freq) - 1
	if n < 2 || n > MaxSymbols {
		return fmt.Errorf("%w: %d symbols, 2 to %d allowed", ErrModel, n, MaxSymbols)
	}
	if freq[n] == 0 {
		return fmt.Errorf("%w: no escape", ErrModel)
	}
	sum, live := 0, 0
	for _, f := range freq {
		sum += int(f)
		if f > 0 {
			live++
		}
	}
	if sum != probScale {
		return fmt.Errorf("%w: they sum to %d, not %d", ErrModel, sum, probScale)
	}
	if live > MaxLive {
		return fmt.Errorf("%w: %w: %d are not 0, %d allowed", ErrModel, ErrLive, live, MaxLive)
	}
	return nil
}

// NewModel makes a model of an alphabet of 2 to MaxSymbols symbols. freq has one entry per symbol and one for the
// escape, which must not be 0; they sum to 1 << ProbBits, and at most MaxLive are not 0.
func NewModel(freq []uint16) (*Model, error) {
	if err := CheckModel(freq); err != nil {
		return nil, err
	}
	n := len(freq) - 1
	m := &Model{rank: make([]uint8, n), live: 1}
	for _, f := range freq[:n] {
		if f > 0 {
			m.live++
		}
	}
	m.freq[0] = freq[n]
	next := 1
	for s, f := range freq[:n] {
		if f > 0 {
			m.rank[s], m.symbol[next], m.freq[next] = uint8(next), uint16(s), f
			next++
		}
	}
	m.place()
	m.mapBytes()
	m.small = newSmallTables(m)
	return m, nil
}

// place gives every rank its slots.
func (m *Model) place() {
	at := 0
	for _, r := range slotOrder(m.freq[:m.live]) {
		f := int(m.freq[r])
		m.coding[r] = newCoding(at, f)
		symbol := uint32(min(m.symbol[r], unusual))
		if r == 0 {
			symbol = unusual
		}
		for i := range f {
			entry := uint32(f-1)<<20 | uint32(i)<<8
			m.slots[at+i], m.common[at+i] = entry|uint32(r), entry|symbol
		}
		at += f
	}
}

// slotOrder lists ranks as they lie in the slots (spec/coders.md): first frequencies that are no multiples of 4, then
// those of 4, then the largest one of all, which takes up what is odd, then the multiples of 32. So intervals end on a
// grid that grows coarser, and a few small tables find the symbol of a slot. Among equals the symbol's order counts,
// the escape being the last.
func slotOrder(freq []uint16) []int {
	top := 0
	for r := len(freq) - 1; r > 0; r-- {
		if freq[r] >= freq[top] {
			top = r
		}
	}
	class := func(r int) int {
		switch f := freq[r]; {
		case r == top:
			return 2
		case f%4 != 0:
			return 0
		case f%32 != 0:
			return 1
		}
		return 3
	}
	order := make([]int, 0, len(freq))
	for c := range 4 {
		for i := range freq {
			if r := (i + 1) % len(freq); class(r) == c {
				order = append(order, r)
			}
		}
	}
	return order
}

// mapBytes fills the tables for codes that are held as bytes: from 0 on, or two's complement.
func (m *Model) mapBytes() {
	if len(m.rank) > 256 {
		return
	}
	for signed, low := range [2]int{0, -len(m.rank) / 2} {
		for s, r := range m.rank {
			if r > 0 {
				m.ranks[signed][uint8(s+low)] = r
				m.codes[signed][r] = uint8(s + low)
			}
		}
	}
}

// rankOf is the rank of a code, 0 if it is to be escaped.
func (m *Model) rankOf(code, low int16) uint8 { return m.rankFrom(code, int32(low)) }

// rankFrom is rankOf where symbol 0 may be a code that 16 bits do not hold.
func (m *Model) rankFrom(code int16, low int32) uint8 {
	if s := int(code) - int(low); s >= 0 && s < len(m.rank) {
		return m.rank[s]
	}
	return 0
}

// Cost is the ideal length of symbol s in bits; an escape's contains what follows it.
func (m *Model) Cost(s int) float64 {
	if s < len(m.rank) {
		return m.rankCost(m.rank[s])
	}
	return m.rankCost(0)
}

func (m *Model) rankCost(r uint8) float64 {
	bits := ProbBits - math.Log2(float64(m.freq[r]))
	if r == 0 {
		bits += EscapeBits
	}
	return bits
}
