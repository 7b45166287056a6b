// Package huffman codes the shift errors of important channels, as the paper does, at the speed of vector registers: one
// canonical prefix code with words of at most 7 bits, in up to 32 lanes that each keep 16 bits of the stream. Lanes are
// renormalized as those of rANS are, so that a writer undoes exactly what a reader does (spec/coders.md, "Huffman codes").
package huffman

import (
	"errors"
	"fmt"
	"math/bits"
)

// Limits of a code.
const (
	MaxLen     = 7  // bits of a word
	MaxSymbols = 16 // of an alphabet
	MaxBits    = 4  // of a shift error
)

// Errors of NewCode and Decode.
var (
	ErrLengths = errors.New("code lengths do not make a complete prefix code")
	ErrStream  = errors.New("coded stream is damaged")
)

// Group is the number of shift errors of m bits that make a symbol.
func Group(m int) int { return [MaxBits + 1]int{0, 4, 2, 1, 1}[m] }

// NumSymbols is the alphabet for shift errors of m bits, 1 to MaxBits.
func NumSymbols(m int) int { return 1 << (m * Group(m)) }

// Code is a canonical prefix code: shorter words come first, words of equal length in the order of their symbols, each the
// previous one plus one. It is immutable and may be shared.
type Code struct {
	bits  int // of a shift error
	group int
	// By symbol, for writing: the word with its first bit lowest, its length, and the greatest state that has room for it.
	// There are 32 entries of each, as many as a vector register has.
	words, lengths, room [2 * MaxSymbols]uint16
	// The same for registers of bytes: the word, two to the power of its length, and the bits that a symbol may have.
	codes, powers [MaxSymbols]uint8
	mask          uint8
	// By rank, in the words' order, for reading without tables of all words: how its bits begin, as a number whose first bit is
	// the highest and less one, from rank 1 on, for every lane; its symbol; and 256 by two to the power of its length.
	starts         [MaxSymbols - 1][MaxLanes]uint8
	ranked, scales [MaxSymbols]uint8
	// By the next MaxLen bits, for reading: the symbol, and the length of its word.
	symbol, length [1 << MaxLen]uint8
	both           [1 << MaxLen]uint16 // the symbol << 8 | the length
}

// NewCode makes the code of shift errors of m bits: lengths[s] is the length of symbol s, 1 to MaxLen. The code must be
// complete. Errors wrap ErrLengths.
func NewCode(m int, lengths []uint8) (*Code, error) {
	if m < 1 || m > MaxBits || len(lengths) != NumSymbols(m) {
		return nil, fmt.Errorf("%w: %d lengths for errors of %d bits", ErrLengths, len(lengths), m)
	}
	if err := Validate(lengths); err != nil {
		return nil, err
	}
	c := &Code{bits: m, group: Group(m), mask: uint8(NumSymbols(m) - 1)}
	word, rank := 0, 0
	for l := 1; l <= MaxLen; l++ {
		for s, length := range lengths {
			if int(length) == l {
				c.assign(s, l, uint8(bits.Reverse8(uint8(word))>>(8-l)))
				c.place(rank, s, l, word<<(MaxLen-l))
				word++
				rank++
			}
		}
		word <<= 1
	}
	return c, nil
}

// Validate tells whether lengths make a complete prefix code in which every symbol has a word of 1 to MaxLen bits.
func Validate(lengths []uint8) error {
	sum := 0
	for s, l := range lengths {
		if l < 1 || l > MaxLen {
			return fmt.Errorf("%w: length %d of symbol %d, 1 to %d allowed", ErrLengths, l, s, MaxLen)
		}
		sum += 1 << (MaxLen - l)
	}
	if sum != 1<<MaxLen {
		return fmt.Errorf("%w: Kraft sum %d/%d", ErrLengths, sum, 1<<MaxLen)
	}
	return nil
}

func (c *Code) assign(symbol, length int, word uint8) {
	c.words[symbol], c.lengths[symbol] = uint16(word), uint16(length)
	c.room[symbol] = 1<<(16-length) - 1
	c.codes[symbol], c.powers[symbol] = word, 1<<length
	for next := int(word); next < 1<<MaxLen; next += 1 << length {
		c.symbol[next], c.length[next] = uint8(symbol), uint8(length)
		c.both[next] = uint16(symbol<<8 | length)
	}
}

// place gives a word, whose bits begin as start says, its rank.
func (c *Code) place(rank, symbol, length, start int) {
	c.ranked[rank], c.scales[rank] = uint8(symbol), 1<<(8-length)
	for lane := range MaxLanes * min(rank, 1) {
		c.starts[rank-1][lane] = uint8(start - 1)
	}
}

// Bits is the number of bits that counts[s] occurrences of every symbol s take.
func (c *Code) Bits(counts []uint64) uint64 {
	var sum uint64
	for s, n := range counts {
		sum += n * uint64(c.lengths[s])
	}
	return sum
}

// Count adds to counts, of NumSymbols(m), the symbols that shift errors make, m bits each in the low bits of bytes.
func Count(counts []uint64, errors []byte, m int) {
	var buf [256]byte
	group := Group(m)
	for len(errors) > 0 {
		n := min(len(errors), len(buf)*group)
		for _, s := range appendSymbols(buf[:0], errors[:n], m) {
			counts[int(s)&(len(counts)-1)]++
		}
		errors = errors[n:]
	}
}
