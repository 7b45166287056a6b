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
//	9..13   the bitmap of codes that are not 0, 8 bytes; then of these codes less 1 the planes, nibble-9 of them, bit behind
//	        bit
//	14      a byte low + 8 flip + 16 high; if flip a byte that was exclusive-ored to all codes; so many low planes, 8 bytes
//	        each; if high > 0 the bitmap of codes that have higher bits, and of these codes so many high planes, bit behind bit
//	15      16 planes of two's complement (an escaped code is among them)
//
// The exclusive-or with the byte of the most frequent bits makes codes near to one value, such as those of an even background,
// as small as those near to 0. Codes with a sign are folded first: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..., so that
// small codes have few planes.
const (
	sparse       = 9 // of no planes
	sparsePlanes = 4 // at most
	split        = 14
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

// maxMarked is how many codes a bitmap may mark: a plane of theirs, from any bit of a byte on, lies within 8 bytes.
const maxMarked = 56

// marked is the size of the bitmap and of n planes of the codes that it marks.
func marked(mask uint64, n int) int {
	count := bits.OnesCount64(mask)
	if count > maxMarked {
		return wideBytes // never the smallest
	}
	return 8 + (n*count+7)/8
}

// putMarked stores a bitmap and planes of the codes that it marks.
func putMarked(dst []byte, p []uint64, mask uint64) {
	binary.LittleEndian.PutUint64(dst, mask)
	var words [8]uint64
	extract(&words, p, mask)
	count, at, begun := bits.OnesCount64(mask), 64, uint64(0) // begun: bits of the byte at hand
	for _, w := range words[:len(p)] {
		v := w<<(at&7) | begun
		binary.LittleEndian.PutUint64(dst[at>>3:], v)
		next := at + count
		begun = v >> (8 * (next>>3 - at>>3) & 63) & (1<<(next&7) - 1)
		at = next
	}
}

// getMarked reads what putMarked stored, and returns the bitmap and the size.
func getMarked(p []uint64, src []byte) (mask uint64, size int) {
	mask = binary.LittleEndian.Uint64(src)
	count, at := bits.OnesCount64(mask), 64
	var words [8]uint64
	for i := range p {
		words[i&7] = binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7)
		at += count
	}
	deposit(p, &words, mask)
	return mask, (at + 7) / 8
}

// put stores the group at dst and returns its nibble and how many bytes it takes. dst has 8 bytes more than that.
func (p *planes) put(dst []byte) (nibble, size int) {
	mask := p.any()
	if mask == 0 {
		return 0, 0
	}
	n := p.count()
	best := p.part(n)
	if flip := p.majority(n); flip != 0 {
		q := *p
		q.flip(flip)
		if other := q.part(q.count()); 2+other.size < best.bytes() {
			return split, other.put(dst, &q, flip)
		}
	}
	if left := p.planesLess(n); left <= sparsePlanes && marked(mask, left) < best.bytes() {
		p.less(mask)
		putMarked(dst, p[:left], mask)
		return sparse + left, marked(mask, left)
	}
	if best.high == 0 {
		for i, w := range p[:n] {
			binary.LittleEndian.PutUint64(dst[8*i:], w)
		}
		return n, 8 * n
	}
	return split, best.put(dst, p, 0)
}

// parts are the planes of a group that are stored whole, and those that few codes have, the rare ones.
type parts struct {
	low, high int
	rare      uint64
	size      int // without what says so
}

// part finds how many of n planes are stored whole so that the size is least.
func (p *planes) part(n int) parts {
	best := parts{low: n, size: 8 * n}
	var above uint64
	for k := n - 1; k >= 0; k-- {
		above |= p[k]
		if s := 8*k + marked(above, n-k); s < best.size {
			best = parts{k, n - k, above, s}
		}
	}
	return best
}

// bytes are those of a group that is not flipped.
func (s *parts) bytes() int {
	if s.high == 0 {
		return s.size
	}
	return 1 + s.size
}

const flipped = 8 // of the first byte of a split group

// put stores a split group and returns its size.
func (s *parts) put(dst []byte, p *planes, flip byte) int {
	dst[0] = byte(s.low | s.high<<4)
	at := 1
	if flip != 0 {
		dst[0] |= flipped
		dst[1] = flip
		at = 2
	}
	for _, w := range p[:s.low] {
		binary.LittleEndian.PutUint64(dst[at:], w)
		at += 8
	}
	if s.high > 0 {
		putMarked(dst[at:], p[s.low:s.low+s.high], s.rare)
	}
	return at + s.size - 8*s.low
}

// getSplit reads what parts.put stored, and returns its size.
func (p *planes) getSplit(src []byte) int {
	low, high, at := int(src[0]&7), int(src[0]>>4), 1
	flip := byte(0)
	if src[0]&flipped != 0 {
		flip, at = src[1], 2
	}
	for i := range low {
		p[i] = binary.LittleEndian.Uint64(src[at:])
		at += 8
	}
	if high > 0 {
		_, size := getMarked(p[low:low+high], src[at:])
		at += size
	}
	p.flip(flip)
	return at
}

// sizeOfSplit is what getSplit returns.
func sizeOfSplit(src []byte) int {
	high, at := int(src[0]>>4), 1+int(src[0]&flipped>>3)+8*int(src[0]&7)
	if high > 0 {
		at += marked(binary.LittleEndian.Uint64(src[at:]), high)
	}
	return at
}

// majority has the bits that most codes have, of n planes.
func (p *planes) majority(n int) (flip byte) {
	for i, w := range p[:n] {
		if bits.OnesCount64(w) > group/2 {
			flip |= 1 << i
		}
	}
	return flip
}

// flip exclusive-ors all codes.
func (p *planes) flip(by byte) {
	for ; by != 0; by &= by - 1 {
		i := bits.TrailingZeros8(by) & 7
		p[i] = ^p[i]
	}
}

// planesLess is how many of n planes codes less 1 have: one fewer where no code but the least ones has the highest.
func (p *planes) planesLess(n int) int {
	var below uint64
	for _, w := range p[:n-1] {
		below |= w
	}
	if p[n-1]&below == 0 {
		return n - 1
	}
	return n
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
	if nibble == split {
		return p.getSplit(src)
	}
	mask, size := getMarked(p[:nibble-sparse], src)
	p.more(mask)
	return size
}

// sizeOf is what get returns.
func sizeOf(src []byte, nibble int) int {
	switch {
	case nibble == wide:
		return wideBytes
	case nibble == split:
		return sizeOfSplit(src)
	case nibble < sparse:
		return 8 * nibble
	}
	return marked(binary.LittleEndian.Uint64(src), nibble-sparse)
}

// extractGeneric sets of each word the bits that mask marks, side by side from the lowest on.
// (Warren, Hacker's Delight, 2nd edition, section 7-4: compress.)
func extractGeneric(dst *[8]uint64, words []uint64, mask uint64) {
	moves := movesOf(mask)
	for k, w := range words {
		w &= mask
		for i, m := range moves {
			t := w & m
			w = w ^ t | t>>(1<<i)
		}
		dst[k&7] = w
	}
}

// depositGeneric is the inverse: other bits become 0, and those beyond the marked do not count (section 7-5: expand).
func depositGeneric(words []uint64, src *[8]uint64, mask uint64) {
	moves := movesOf(mask)
	for k := range words {
		w := src[k&7]
		for i := len(moves) - 1; i >= 0; i-- {
			w = w&^moves[i] | w<<(1<<i)&moves[i]
		}
		words[k] = w & mask
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
