// Package entropy codes symbols with static tables (spec/coders.md).
package entropy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Limits of a Huffman code.
const (
	MaxLen     = 15      // bits of a code word
	MaxSymbols = 1 << 12 // of an alphabet
)

// Errors of NewHuffman and Decode.
var (
	ErrLengths = errors.New("code lengths do not make a complete prefix code")
	ErrStream  = errors.New("coded stream is damaged")
)

// Huffman is a canonical prefix code: shorter words come first, words of equal length in the order of their symbols,
// each the previous one plus one. A word is written from its highest bit on into the lowest free bit of the stream:
//
//	byte 0            byte 1
//	7 6 5 4 3 2 1 0   7 6 5 4 3 2 1 0
//	      b a|z y x         ...  d c     first word xyz (x its highest bit), second abcd
//
// The unused bits of the last byte are zero. A Huffman is immutable and may be shared.
type Huffman struct {
	words   []uint32         // by symbol: word in stream order, length in the high half
	quick   []uint32         // by the next quickBits bits: symbol, length in the high half; 0 for longer words
	first   [MaxLen + 2]int  // by length: the first word, highest bit first
	index   [MaxLen + 2]int  // by length: where its symbols begin in symbols
	symbols []uint16         // by length, then symbol
	lengths [MaxLen + 1]bool // lengths that occur
}

const quickBits = 10

// NewHuffman builds the code of an alphabet of 2 to MaxSymbols symbols; lengths[s] is the length of symbol s, 1 to
// MaxLen. The code must be complete.
func NewHuffman(lengths []uint8) (*Huffman, error) {
	if len(lengths) < 2 || len(lengths) > MaxSymbols {
		return nil, fmt.Errorf("%w: %d symbols, 2 to %d allowed", ErrLengths, len(lengths), MaxSymbols)
	}
	var count [MaxLen + 2]int
	kraft := 0
	for s, l := range lengths {
		if l < 1 || l > MaxLen {
			return nil, fmt.Errorf("%w: length %d of symbol %d", ErrLengths, l, s)
		}
		count[l]++
		kraft += 1 << (MaxLen - l)
	}
	if kraft != 1<<MaxLen {
		return nil, fmt.Errorf("%w: Kraft sum %d/%d", ErrLengths, kraft, 1<<MaxLen)
	}
	h := &Huffman{words: make([]uint32, len(lengths)), quick: make([]uint32, 1<<quickBits), symbols: make([]uint16, len(lengths))}
	for l := 1; l <= MaxLen; l++ {
		h.first[l+1] = (h.first[l] + count[l]) << 1
		h.index[l+1] = h.index[l] + count[l]
		h.lengths[l] = count[l] > 0
	}
	h.assign(lengths)
	return h, nil
}

func (h *Huffman) assign(lengths []uint8) {
	next := h.index
	for s, l := range lengths {
		i := next[l]
		next[l]++
		h.symbols[i] = uint16(s)
		word := uint16(h.first[l] + i - h.index[l])
		reversed := uint32(bits.Reverse16(word) >> (16 - l))
		h.words[s] = reversed | uint32(l)<<16
		for fill := reversed; l <= quickBits && fill < 1<<quickBits; fill += 1 << l {
			h.quick[fill] = uint32(s) | uint32(l)<<16
		}
	}
}

// Append appends the coded symbols, each smaller than the alphabet, padded to a whole byte.
func (h *Huffman) Append(dst []byte, symbols []uint16) []byte {
	var acc uint64
	var n uint
	for _, s := range symbols {
		w := h.words[s]
		acc |= uint64(w&0xffff) << n
		n += uint(w >> 16)
		if n >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
			acc >>= 32
			n -= 32
		}
	}
	for ; n > 0; n -= min(n, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// Decode restores len(dst) symbols from src, which must hold them and nothing more.
func (h *Huffman) Decode(dst []uint16, src []byte) error {
	var acc uint64 // the next bits, lowest first; zero beyond the end of src
	var n uint     // how many of them are there
	pos := 0
	for i := range dst {
		if n < MaxLen {
			if pos+8 <= len(src) {
				acc |= binary.LittleEndian.Uint64(src[pos:]) << n
				pos += int((63 - n) >> 3)
				n |= 56
			} else {
				for ; n <= 56 && pos < len(src); pos++ {
					acc |= uint64(src[pos]) << n
					n += 8
				}
			}
		}
		e := h.quick[acc&(1<<quickBits-1)]
		if e == 0 {
			e = h.long(acc)
		}
		l := uint(e >> 16)
		if l > n {
			return fmt.Errorf("%w: it ends within symbol %d of %d", ErrStream, i, len(dst))
		}
		dst[i] = uint16(e)
		acc >>= l
		n -= l
	}
	// What is left must be the padding of the last byte.
	left := int(n) + 8*(len(src)-pos)
	if left >= 8 || acc&(1<<n-1) != 0 {
		return fmt.Errorf("%w: %d bits left after the last symbol", ErrStream, left)
	}
	return nil
}

// long finds the word of more than quickBits bits that acc begins with.
func (h *Huffman) long(acc uint64) uint32 {
	word := int(bits.Reverse16(uint16(acc)))
	for l := quickBits + 1; l <= MaxLen; l++ {
		if !h.lengths[l] {
			continue
		}
		i := h.index[l] + word>>(16-l) - h.first[l]
		if i < h.index[l+1] {
			return uint32(h.symbols[i]) | uint32(l)<<16
		}
	}
	panic("entropy: a complete code has a word for every stream")
}

// Bits is the number of bits that counts[s] occurrences of every symbol s take.
func (h *Huffman) Bits(counts []uint64) uint64 {
	var sum uint64
	for s, c := range counts {
		sum += c * uint64(h.words[s]>>16)
	}
	return sum
}
