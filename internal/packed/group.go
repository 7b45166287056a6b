package packed

import (
	"encoding/binary"
	"math/bits"

	"github.com/dqa-go/dqa/internal/simd"
)

// A group is 64 codes as bit planes, one word a plane, bit i of every word being that of code i. The codes of a group are the
// numbers that style makes of them, exclusive-ored with a byte of the bits that most of them have: so those near to one value,
// such as those of an even background, are as small as those near to 0. Of the n planes up to the highest that is not empty, the
// low ones are stored whole, 8 bytes each, and of the high ones, which few codes have, the bitmap of these codes and their bits,
// plane behind plane and bit behind bit. A byte of control says what is stored:
//
//	bits 0..3  n; 9: eight planes, all whole; 15: 16 whole planes of two's complement (an escaped code is among them)
//	bits 4..6  how many planes are low
//	bit 7      the byte that was exclusive-ored is not 0 and comes first
const (
	eightWhole = 9
	wide       = 15
	wideBytes  = 16 * 8
	flipped    = 1 << 7
	groupBytes = 1 + 8*8 // at most, if none is wide
)

// style is how codes become numbers of few bits: those with a sign are folded, 0, -1, 1, -2, ... becoming 0, 1, 2, 3, ..., or
// those of few bits lose the others. fold is 0 or 255; mask has the bits that are kept; sign is the highest of them where it is
// a sign that the others had been equal to, or 0.
type style struct{ mask, fold, sign byte }

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

// count is the number of planes up to the highest that is not empty.
func (p *planes) count() int {
	n := 8
	for n > 0 && p[n-1] == 0 {
		n--
	}
	return n
}

// majority has the bits that most codes have.
func (p *planes) majority() (flip byte) {
	for i, w := range p {
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

// low finds how many of n planes are to be stored whole, and the bitmap of codes that have bits above.
func (p *planes) low(n int) (low int, above uint64) {
	low, best := n, 8*n
	for _, k := range [...]int{max(n-2, 0), max(n-3, 0), 0} {
		rare := uint64(0)
		for _, w := range p[k:n] {
			rare |= w
		}
		if size := 8*k + marked(rare, n-k); size < best {
			low, best, above = k, size, rare
		}
	}
	return low, above
}

// marked is the size of a bitmap and of n planes of the codes that it marks.
func marked(bitmap uint64, n int) int { return 8 + (n*bits.OnesCount64(bitmap)+7)/8 }

// put stores the group at dst and returns its control and how many bytes it takes. dst has 8 bytes more than that.
func (p *planes) put(dst []byte) (control byte, size int) {
	flip := p.majority()
	p.flip(flip)
	n := p.count()
	low, above := p.low(n)
	control = byte(n | low<<4)
	if low == len(p) {
		control = eightWhole
	}
	if flip != 0 {
		control |= flipped
		dst[0] = flip
		size = 1
	}
	for _, w := range p[:low] {
		binary.LittleEndian.PutUint64(dst[size:], w)
		size += 8
	}
	if low < n {
		putMarked(dst[size:], p[low:n], above)
		size += marked(above, n-low)
	}
	return control, size
}

// counts are the numbers of planes, and of those that are whole, by a control.
func counts(control byte) (n, low int) {
	if n = int(control & 15); n == eightWhole {
		return 8, 8
	}
	return n, int(control >> 4 & 7)
}

// get reads a group that put stored, and returns its size. 8 bytes behind it may be read.
func (p *planes) get(src []byte, control byte) (size int) {
	*p = planes{}
	flip := byte(0)
	if control&flipped != 0 {
		flip, size = src[0], 1
	}
	n, low := counts(control)
	for i := range low {
		p[i] = binary.LittleEndian.Uint64(src[size:])
		size += 8
	}
	if low < n {
		_, more := getMarked(p[low:n], src[size:])
		size += more
	}
	p.flip(flip)
	return size
}

// sizeOf is what get returns, or the size of a wide group.
func sizeOf(src []byte, control byte) int {
	if control == wide {
		return wideBytes
	}
	n, low := counts(control)
	size := int(control>>7) + 8*low
	if low < n {
		size += marked(binary.LittleEndian.Uint64(src[size:]), n-low)
	}
	return size
}

// packGroups stores whole groups of codes at dst, which has groupBytes for each and 64 more, and their controls; it returns how many
// bytes they take.
func packGroups(dst, controls, codes []byte, s *style) int {
	if n, done := packGroupsVector(dst, controls, codes, s); done {
		return n
	}
	size := 0
	for g := range len(codes) / group {
		var words [group]byte
		simd.Pack(words[:], codes[g*group:][:group], 0, 8)
		var p planes
		for i := range p {
			if s.mask>>i&1 != 0 {
				p[i] = binary.LittleEndian.Uint64(words[8*i:])
			}
		}
		if s.fold != 0 {
			p.fold()
		}
		control, n := p.put(dst[size:])
		controls[g] = control
		size += n
	}
	return size
}

// unpackGroups restores codes of groups that are not wide, and returns the size of what is stored. 64 bytes behind it may be
// read.
func unpackGroups(codes, src, controls []byte, s *style) int {
	if n, done := unpackGroupsVector(codes, src, controls, s); done {
		return n
	}
	size := 0
	for g, control := range controls {
		var p planes
		size += p.get(src[size:], control)
		if s.fold != 0 {
			p.unfold()
		}
		if s.sign != 0 {
			at := bits.TrailingZeros8(s.sign) & 7
			for i := at + 1; i < len(p); i++ {
				p[i] = p[at]
			}
		}
		var words [group]byte
		for i, w := range p {
			binary.LittleEndian.PutUint64(words[8*i:], w)
		}
		simd.Unpack(codes[g*group:][:group], words[:], 8, false)
	}
	return size
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

// extract sets of each word the bits that mask marks, side by side from the lowest on.
// (Warren, Hacker's Delight, 2nd edition, section 7-4: compress.)
func extract(dst *[8]uint64, words []uint64, mask uint64) {
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

// deposit is the inverse: other bits become 0, and those beyond the marked do not count (section 7-5: expand).
func deposit(words []uint64, src *[8]uint64, mask uint64) {
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
