package entropy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// ProbBits is the resolution of a Model: frequencies sum to 1 << ProbBits.
const ProbBits = 12

const probScale = 1 << ProbBits

// ErrModel is what NewModel says of frequencies that make no model.
var ErrModel = errors.New("frequencies do not make a model")

// Model is a static probability table for asymmetric numeral systems (Duda, arXiv 1311.2540). A symbol of frequency 0
// can still be coded: as an escape and its number in plain bits. A Model is immutable and may be shared.
type Model struct {
	freq, start []uint16 // by symbol; the last is the escape's, frequency 0 where there is none
	slot        []uint16 // by the low bits of the state: symbol
	rawBits     int      // of an escaped symbol
}

// NewModel makes a model of an alphabet of 2 to MaxSymbols symbols. freq has one entry per symbol and one for the
// escape; they sum to 1 << ProbBits. The escape's is 0 if and only if no symbol's is.
func NewModel(freq []uint16) (*Model, error) {
	n := len(freq) - 1
	if n < 2 || n > MaxSymbols {
		return nil, fmt.Errorf("%w: %d symbols, 2 to %d allowed", ErrModel, n, MaxSymbols)
	}
	m := &Model{freq: freq, start: make([]uint16, n+1), slot: make([]uint16, probScale), rawBits: bits.Len(uint(n - 1))}
	at, zeros := 0, 0
	for s, f := range freq {
		if at+int(f) > probScale {
			return nil, fmt.Errorf("%w: they sum to more than %d", ErrModel, probScale)
		}
		m.start[s] = uint16(at)
		for i := range int(f) {
			m.slot[at+i] = uint16(s)
		}
		at += int(f)
		if f == 0 && s < n {
			zeros++
		}
	}
	if at != probScale {
		return nil, fmt.Errorf("%w: they sum to %d, not %d", ErrModel, at, probScale)
	}
	if (zeros > 0) != (freq[n] > 0) {
		return nil, fmt.Errorf("%w: escape of frequency %d for %d symbols without one", ErrModel, freq[n], zeros)
	}
	return m, nil
}

// BuildFreq gives the frequencies for NewModel that code the counted symbols in the fewest bits, but for rounding.
// Symbols that were not counted share the escape, as if one of them had been seen.
func BuildFreq(counts []uint64) []uint16 {
	n := len(counts)
	weight := make([]float64, n+1)
	total := 0.0
	for s, c := range counts {
		weight[s] = float64(c)
		total += float64(c)
		if c == 0 {
			weight[n] = 1
		}
	}
	total += weight[n]
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
	freq[best]--
	return -1
}

// Cost is the ideal length of symbol s in bits, escape included.
func (m *Model) Cost(s int) float64 {
	if f := m.freq[s]; f > 0 {
		return ProbBits - math.Log2(float64(f))
	}
	return ProbBits - math.Log2(float64(m.freq[len(m.freq)-1])) + float64(m.rawBits)
}

// Run is a stretch of symbols coded with one model.
type Run struct {
	Model   *Model
	Symbols []uint16
}

// The state is kept in [ransLow, ransLow << 16): 16 bits are moved out or in at a time.
const ransLow = 1 << 16

// AppendRANS appends the runs as one stream: the final state (4 bytes, little-endian), then 16-bit words in the order in
// which a decoder wants them. A symbol beyond its model's alphabet is a caller's bug and panics.
func AppendRANS(dst []byte, runs []Run) []byte {
	state, words := uint32(ransLow), make([]uint16, 0, 64)
	put := func(start, freq uint32) {
		if uint64(state) >= uint64(freq)<<(32-ProbBits) {
			words = append(words, uint16(state))
			state >>= 16
		}
		state = state/freq<<ProbBits + state%freq + start
	}
	for r := len(runs) - 1; r >= 0; r-- { // the last symbol first: the decoder takes them from the top
		m := runs[r].Model
		escape := len(m.freq) - 1
		for i := len(runs[r].Symbols) - 1; i >= 0; i-- {
			s := int(runs[r].Symbols[i])
			if s >= escape {
				panic("entropy: symbol beyond the alphabet")
			}
			if m.freq[s] > 0 {
				put(uint32(m.start[s]), uint32(m.freq[s]))
				continue
			}
			put(uint32(s)<<(ProbBits-m.rawBits), 1<<(ProbBits-m.rawBits))
			put(uint32(m.start[escape]), uint32(m.freq[escape]))
		}
	}
	dst = binary.LittleEndian.AppendUint32(dst, state)
	for i := len(words) - 1; i >= 0; i-- {
		dst = binary.LittleEndian.AppendUint16(dst, words[i])
	}
	return dst
}

// ransDecoder reads a stream.
type ransDecoder struct {
	state uint32
	src   []byte
	err   error
}

// take moves on past an interval of the given frequency.
func (d *ransDecoder) take(start, freq uint32) {
	d.state = freq*(d.state>>ProbBits) + d.state&(probScale-1) - start
	if d.state >= ransLow {
		return
	}
	if len(d.src) < 2 {
		d.err = fmt.Errorf("%w: it ends too early", ErrStream)
		d.state = ransLow
		return
	}
	d.state = d.state<<16 | uint32(binary.LittleEndian.Uint16(d.src))
	d.src = d.src[2:]
}

// DecodeRANS fills the symbols of the runs from a stream that AppendRANS made with the same models and lengths. A stream
// that is too short or too long, does not end in the initial state, or escapes a symbol that has a frequency gives
// ErrStream.
func DecodeRANS(runs []Run, src []byte) error {
	if len(src) < 4 {
		return fmt.Errorf("%w: no room for the state", ErrStream)
	}
	d := ransDecoder{state: binary.LittleEndian.Uint32(src), src: src[4:]}
	if d.state < ransLow {
		return fmt.Errorf("%w: state %#x", ErrStream, d.state)
	}
	for _, run := range runs {
		m := run.Model
		escape := uint16(len(m.freq) - 1)
		for i := range run.Symbols {
			s := m.slot[d.state&(probScale-1)]
			d.take(uint32(m.start[s]), uint32(m.freq[s]))
			if s == escape {
				s = d.raw(m)
			}
			if d.err != nil {
				return d.err
			}
			run.Symbols[i] = s
		}
	}
	if d.state != ransLow || len(d.src) != 0 {
		return fmt.Errorf("%w: %d bytes left, state %#x", ErrStream, len(d.src), d.state)
	}
	return nil
}

// raw reads an escaped symbol.
func (d *ransDecoder) raw(m *Model) uint16 {
	shift := ProbBits - m.rawBits
	s := d.state & (probScale - 1) >> shift
	if int(s) >= len(m.freq)-1 || m.freq[s] != 0 {
		d.err = fmt.Errorf("%w: symbol %d is escaped", ErrStream, s)
		return 0
	}
	d.take(s<<shift, 1<<shift)
	return uint16(s)
}
