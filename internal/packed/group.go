package packed

import (
	"encoding/binary"
	"math/bits"
)

// A group is 64 codes as bit planes, one word a plane, bit i of every word being that of code i. It is stored in one of
// these ways, which a nibble of the block's header tells:
//
//	0       all codes are 0, nothing is stored
//	1..8    so many planes, 8 bytes each
//	9..14   the bitmap of codes that are not 0, 8 bytes; then of these codes less 1 the planes, nibble-9 of them, of
//	        ceil(count/8) bytes each
//	15      16 planes of two's complement (an escaped code is among them)
//
// Codes with a sign are folded first: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..., so that small codes have few planes.
const (
	sparse       = 9 // of no planes
	sparsePlanes = 5 // at most
	wide         = 15
	wideBytes    = 16 * 8
)

// planes of codes that are bytes; the lowest bit first.
type planes [8]uint64

// fold turns two's complement into the numbers that few planes hold: the sign becomes the lowest bit, the others are
// turned where it is set.
func (p *planes) fold() {
	sign := p[7]
	for i := 7; i > 0; i-- {
		p[i] = p[i-1] ^ sign
	}
	p[0] = sign
}

// unfold is the inverse.
func (p *planes) unfold() {
	sign := p[0]
	for i := range 7 {
		p[i] = p[i+1] ^ sign
	}
	p[7] = sign
}

// any is where a code is not 0.
func (p *planes) any() uint64 {
	return p[0] | p[1] | p[2] | p[3] | p[4] | p[5] | p[6] | p[7]
}

// count is the number of planes up to the highest that is not empty.
func (p *planes) count() int {
	n := 8
	for n > 0 && p[n-1] == 0 {
		n--
	}
	return n
}

// less subtracts 1 from the codes that mask marks, none of which is 0.
func (p *planes) less(mask uint64) {
	for i := 0; mask != 0; i++ {
		p[i] ^= mask
		mask &= p[i] // where 0 became 1 a bit was borrowed
	}
}

// more adds 1 to the codes that mask marks, which have room for it.
func (p *planes) more(mask uint64) {
	for i := 0; mask != 0; i++ {
		p[i] ^= mask
		mask &^= p[i]
	}
}

// put stores the group at dst and returns its nibble and how many bytes it takes. dst has 8 bytes more than that.
func (p *planes) put(dst []byte) (nibble, size int) {
	mask := p.any()
	if mask == 0 {
		return 0, 0
	}
	n := p.count()
	if !p.thin(mask, n) {
		for i := range n {
			binary.LittleEndian.PutUint64(dst[8*i:], p[i])
		}
		return n, 8 * n
	}
	p.less(mask)
	n = p.count()
	binary.LittleEndian.PutUint64(dst, mask)
	width := (bits.OnesCount64(mask) + 7) / 8
	extract(dst[8:], p[:n], mask, width)
	return sparse + n, 8 + n*width
}

// thin tells whether a group of n planes is smaller with a bitmap.
func (p *planes) thin(mask uint64, n int) bool {
	// One less has a plane less only where the largest code is a power of two and nothing else has that plane.
	left := n
	if high := p[n-1]; high&p.below(n-1) == 0 {
		left--
	}
	return left <= sparsePlanes && 8+left*((bits.OnesCount64(mask)+7)/8) < 8*n
}

// below is where a code has bits under plane n.
func (p *planes) below(n int) (any uint64) {
	for _, w := range p[:n] {
		any |= w
	}
	return any
}

// get reads a group that put stored, and returns its size. 8 bytes behind it may be read.
func (p *planes) get(src []byte, nibble int) int {
	*p = planes{}
	if nibble < sparse {
		for i := range nibble {
			p[i] = binary.LittleEndian.Uint64(src[8*i:])
		}
		return 8 * nibble
	}
	mask := binary.LittleEndian.Uint64(src)
	n, width := nibble-sparse, (bits.OnesCount64(mask)+7)/8
	deposit(p[:n], src[8:], mask, width)
	p.more(mask)
	return 8 + n*width
}

// sizeOf is what get returns.
func sizeOf(src []byte, nibble int) int {
	switch {
	case nibble == wide:
		return wideBytes
	case nibble < sparse:
		return 8 * nibble
	}
	return 8 + (nibble-sparse)*((bits.OnesCount64(binary.LittleEndian.Uint64(src))+7)/8)
}

// extractGeneric stores of each word the bits that mask marks, side by side from the lowest on, in width bytes.
// (Warren, Hacker's Delight, 2nd edition, section 7-4: compress.)
func extractGeneric(dst []byte, words []uint64, mask uint64, width int) {
	moves := movesOf(mask)
	for _, w := range words {
		w &= mask
		for i, m := range moves {
			t := w & m
			w = w ^ t | t>>(1<<i)
		}
		binary.LittleEndian.PutUint64(dst, w)
		dst = dst[width:]
	}
}

// depositGeneric is the inverse: other bits become 0 (section 7-5: expand).
func depositGeneric(words []uint64, src []byte, mask uint64, width int) {
	moves := movesOf(mask)
	for k := range words {
		w := binary.LittleEndian.Uint64(src)
		for i := len(moves) - 1; i >= 0; i-- {
			w = w&^moves[i] | w<<(1<<i)&moves[i]
		}
		words[k] = w & mask
		src = src[width:]
	}
}

// movesOf are, for steps of 1, 2, 4, ... places, the bits that move so far towards the lowest.
func movesOf(mask uint64) (moves [6]uint64) {
	zeros := ^mask << 1 // to the right of each bit
	for i := range moves {
		parity := zeros
		for shift := 1; shift < 64; shift *= 2 {
			parity ^= parity << shift
		}
		move := parity & mask
		moves[i] = move
		mask = mask ^ move | move>>(1<<i)
		zeros &^= parity
	}
	return moves
}
