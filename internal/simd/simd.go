// Package simd holds the inner loops of quantizing and of bit planes: each as plain Go, which is the oracle and fast for
// what it is, and with vector instructions where the processor has them (internal/cpu). All give the same bits.
//
// Lengths of float32 and byte slices are multiples of Group; the callers deal with what is left over. Planes are those of
// package bitplane: a group of 64 values is a plane of 8 bytes per bit.
package simd

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Group is the number of values whose bits make one plane of 8 bytes.
const Group = 64

// Levels is how a value becomes a code: y = float32(a * Inv), clamped to Low..High, rounded to nearest, ties to even.
// Low and High are integers within -128..255 that fit a byte, signed or unsigned.
type Levels struct{ Inv, Low, High float32 }

// magic is 1.5 * 2^23: adding it to a number of magnitude below 2^22 rounds that to an integer, ties to even.
const (
	magic     = 0x1.8p23
	magicBits = 0x4b400000
)

// code is the low byte of the code of y; first and last are what y + magic is as bits where the code is lowest and highest.
// (Bits are in the order of numbers if they are read with a sign.) What is not a number stays one.
func code(y float32, first, last int32) uint64 {
	c := int32(math.Float32bits(float32(y + magic)))
	if y == y {
		c = min(max(c, first), last)
	}
	return uint64(byte(c))
}

func (l Levels) bounds() (first, last int32) {
	return magicBits + int32(l.Low), magicBits + int32(l.High)
}

// rounding makes codes of two values at a time, in the halves of a word, if they are within the levels.
type rounding struct {
	inv    float32
	lowest uint64 // first, see code
	beyond uint64 // the bits that no code has that is counted from the lowest: all, if there are other codes without them
	low    uint64 // the lowest code in each byte
}

func (l Levels) rounding() rounding {
	const both = 1<<32 | 1
	first, last := l.bounds()
	r := rounding{l.Inv, both * uint64(uint32(first)), 1<<64 - 1, 0x0101010101010101 * uint64(byte(first))}
	if span := uint32(last - first); span&(span+1) == 0 {
		r.beyond ^= both * uint64(span)
	}
	return r
}

// two are the codes of a and b, counted from the lowest. If one is beyond the levels or not a number, beyond has bits.
func (r rounding) two(a, b float32) uint64 {
	return uint64(math.Float32bits(float32(float32(a*r.inv)+magic))) | uint64(math.Float32bits(float32(float32(b*r.inv)+magic)))<<32 - r.lowest
}

// eight are codes as bytes, of what two has made of values 0 and 4, 1 and 5, 2 and 6, 3 and 7.
func (r rounding) eight(a, b, c, d uint64) uint64 {
	return add(a|b<<8|c<<16|d<<24, r.low)
}

// add adds bytes to bytes.
func add(a, b uint64) uint64 {
	const high = 0x8080808080808080
	return (a&^high + b&^high) ^ (a^b)&high
}

// special is the bit pattern from which on a magnitude is infinite or not a number.
const special = 0x7f800000

// QuantizePack writes the bit planes of x's codes: of a code of n+m bits, at most 8, the m low bits to errors and the
// others to codes, which have room for n and m planes per group. It reports whether all values are finite; if one is
// not, what is written for it is undefined.
func QuantizePack(codes, errors []byte, x []float32, l Levels, n, m int) (finite bool) {
	x = x[:len(x)/Group*Group]
	groups := len(x) / Group
	codes, errors = codes[:8*n*groups], errors[:8*m*groups]
	done, finite := quantizePackVector(codes, errors, x, l, n, m)
	if done {
		return finite
	}
	return quantizePack(codes, errors, x, l, n, m)
}

func quantizePack(codes, errors []byte, x []float32, l Levels, n, m int) (finite bool) {
	finite = true
	r := l.rounding()
	var planes [8]uint64
	for len(x) >= Group {
		s := (*[Group]float32)(x)
		for wrong := r.rows(&planes, s); wrong != 0; wrong &= wrong - 1 {
			i := bits.TrailingZeros(wrong) & 7
			var ok bool
			planes[i], ok = l.row(s, i)
			finite = finite && ok
		}
		turn(&planes)
		for p := range m {
			binary.LittleEndian.PutUint64(errors[8*p:], planes[p&7])
		}
		for p := range n {
			binary.LittleEndian.PutUint64(codes[8*p:], planes[(m+p)&7])
		}
		codes, errors, x = codes[8*n:], errors[8*m:], x[Group:]
	}
	return finite
}

// rows makes rows of the codes of s, and tells which of them are wrong as a value is beyond the levels.
func (r rounding) rows(w *[8]uint64, s *[Group]float32) (wrong uint) {
	for i := range w {
		a, b, c, d := r.two(s[i], s[i+32]), r.two(s[i+8], s[i+40]), r.two(s[i+16], s[i+48]), r.two(s[i+24], s[i+56])
		w[i] = r.eight(a, b, c, d)
		if (a|b|c|d)&r.beyond != 0 {
			wrong |= 1 << i
		}
	}
	return wrong
}

// row is one row, of any values.
func (l Levels) row(s *[Group]float32, i int) (codes uint64, finite bool) {
	first, last := l.bounds()
	var top uint32
	for k := i&7 + 56; k >= 0; k -= 8 {
		v := s[k]
		top = max(top, magnitude(v))
		codes = codes<<8 | code(float32(v*l.Inv), first, last)
	}
	return codes, top < special
}

func magnitude(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }

// turn turns the bits of words over: bit p of byte i of word j becomes bit j of byte i of word p. So rows, word j of which
// has codes j, 8+j and so on, become planes, and planes rows.
func turn(w *[8]uint64) {
	a, b, c, d, e, f, g, h := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	a, e = swap(a, e, 4, 0x0f0f0f0f0f0f0f0f)
	b, f = swap(b, f, 4, 0x0f0f0f0f0f0f0f0f)
	c, g = swap(c, g, 4, 0x0f0f0f0f0f0f0f0f)
	d, h = swap(d, h, 4, 0x0f0f0f0f0f0f0f0f)
	a, c = swap(a, c, 2, 0x3333333333333333)
	b, d = swap(b, d, 2, 0x3333333333333333)
	e, g = swap(e, g, 2, 0x3333333333333333)
	f, h = swap(f, h, 2, 0x3333333333333333)
	a, b = swap(a, b, 1, 0x5555555555555555)
	c, d = swap(c, d, 1, 0x5555555555555555)
	e, f = swap(e, f, 1, 0x5555555555555555)
	g, h = swap(g, h, 1, 0x5555555555555555)
	*w = [8]uint64{a, b, c, d, e, f, g, h}
}

// turnBytes does it with bytes: byte i of word j becomes byte j of word i. So words of 8 codes that follow each other become
// rows, and rows such words.
func turnBytes(w *[8]uint64) {
	a, b, c, d, e, f, g, h := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	a, e = swap(a, e, 32, 0x00000000ffffffff)
	b, f = swap(b, f, 32, 0x00000000ffffffff)
	c, g = swap(c, g, 32, 0x00000000ffffffff)
	d, h = swap(d, h, 32, 0x00000000ffffffff)
	a, c = swap(a, c, 16, 0x0000ffff0000ffff)
	b, d = swap(b, d, 16, 0x0000ffff0000ffff)
	e, g = swap(e, g, 16, 0x0000ffff0000ffff)
	f, h = swap(f, h, 16, 0x0000ffff0000ffff)
	a, b = swap(a, b, 8, 0x00ff00ff00ff00ff)
	c, d = swap(c, d, 8, 0x00ff00ff00ff00ff)
	e, f = swap(e, f, 8, 0x00ff00ff00ff00ff)
	g, h = swap(g, h, 8, 0x00ff00ff00ff00ff)
	*w = [8]uint64{a, b, c, d, e, f, g, h}
}

// swap exchanges the bits of a above those of mask with those of b that mask has.
func swap(a, b uint64, shift int, mask uint64) (uint64, uint64) {
	t := (a>>shift ^ b) & mask
	return a ^ t<<shift, b ^ t
}

// UnpackDequantize is the way back: x = float32(step * code); signed says whether the highest of the n+m bits is a sign.
func UnpackDequantize(x []float32, codes, errors []byte, step float32, n, m int, signed bool) {
	x = x[:len(x)/Group*Group]
	groups := len(x) / Group
	codes, errors = codes[:8*n*groups], errors[:8*m*groups]
	if !unpackDequantizeVector(x, codes, errors, step, n, m, signed) {
		unpackDequantize(x, codes, errors, step, n, m, signed)
	}
}

func unpackDequantize(x []float32, codes, errors []byte, step float32, n, m int, signed bool) {
	var values [256]float32
	for c := range values[:1<<(n+m)] {
		v := c
		if signed && c>>(n+m-1) == 1 {
			v -= 1 << (n + m)
		}
		values[c] = float32(step * float32(v))
	}
	var rows [8]uint64
	for len(x) >= Group {
		for p := range m {
			rows[p&7] = binary.LittleEndian.Uint64(errors[8*p:])
		}
		for p := range n {
			rows[(m+p)&7] = binary.LittleEndian.Uint64(codes[8*p:])
		}
		clear(rows[min(n+m, 8):])
		turn(&rows)
		s := (*[Group]float32)(x)
		for i, c := range rows {
			s[i], s[i+8], s[i+16], s[i+24] = values[byte(c)], values[byte(c>>8)], values[byte(c>>16)], values[byte(c>>24)]
			s[i+32], s[i+40], s[i+48], s[i+56] = values[byte(c>>32)], values[byte(c>>40)], values[byte(c>>48)], values[byte(c>>56)]
		}
		codes, errors, x = codes[8*n:], errors[8*m:], x[Group:]
	}
}

// Quantize writes the low byte of every code to dst. It reports whether all values are finite, and whether none lies
// beyond the levels, rounded: High must be odd and Low even or unreachable.
func Quantize(dst []byte, x []float32, l Levels) (finite, within bool) {
	x = x[:len(x)/Group*Group]
	dst = dst[:len(x)]
	done, finite, within := quantizeVector(dst, x, l)
	if done {
		return finite, within
	}
	return quantize(dst, x, l)
}

func quantize(dst []byte, x []float32, l Levels) (finite, within bool) {
	finite, within = true, true
	r := l.rounding()
	first, last := l.bounds()
	from, to := l.Low-.5, l.High+.5
	for len(x) >= 8 && len(dst) >= 8 {
		s := (*[8]float32)(x)
		a, b, c, d := r.two(s[0], s[4]), r.two(s[1], s[5]), r.two(s[2], s[6]), r.two(s[3], s[7])
		binary.LittleEndian.PutUint64(dst, r.eight(a, b, c, d))
		if (a|b|c|d)&r.beyond != 0 {
			for i, v := range s {
				finite = finite && magnitude(v) < special
				y := float32(v * l.Inv)
				within = within && !(y >= to || y < from)
				dst[i] = byte(code(y, first, last))
			}
		}
		dst, x = dst[8:], x[8:]
	}
	return finite, within
}

// Dequantize writes float32(step * code); codes are two's complement if signed says so.
func Dequantize(x []float32, codes []byte, step float32, signed bool) {
	x = x[:len(x)/Group*Group]
	codes = codes[:len(x)]
	if !dequantizeVector(x, codes, step, signed) {
		dequantize(x, codes, step, signed)
	}
}

func dequantize(x []float32, codes []byte, step float32, signed bool) {
	x = x[:len(codes)]
	if signed {
		for i, c := range codes {
			x[i] = float32(step * float32(int8(c)))
		}
	} else {
		for i, c := range codes {
			x[i] = float32(step * float32(c))
		}
	}
}

// Pack writes bits planes per group of the codes, from bit first on: first+bits is at most 8.
func Pack(dst, codes []byte, first, bits int) {
	codes = codes[:len(codes)/Group*Group]
	dst = dst[:8*bits*(len(codes)/Group)]
	if packVector(dst, codes, first, bits) {
		return
	}
	var rows [8]uint64
	for len(codes) >= Group {
		words(&rows, codes)
		turnBytes(&rows)
		turn(&rows)
		for p := range bits {
			binary.LittleEndian.PutUint64(dst[8*p:], rows[(first+p)&7])
		}
		dst, codes = dst[8*bits:], codes[Group:]
	}
}

func words(w *[8]uint64, from []byte) {
	from = from[:8*len(w)]
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(from[8*i:])
	}
}

// Unpack is the inverse: codes of so many bits, the higher ones as the sign if signed says so, else zero.
func Unpack(codes, src []byte, bits int, signed bool) {
	codes = codes[:len(codes)/Group*Group]
	src = src[:8*bits*(len(codes)/Group)]
	if unpackVector(codes, src, bits, signed) {
		return
	}
	var sign uint64
	if signed {
		sign = 0x0101010101010101 << (bits - 1)
	}
	var rows [8]uint64
	for len(codes) >= Group {
		for p := range bits {
			rows[p&7] = binary.LittleEndian.Uint64(src[8*p:])
		}
		clear(rows[min(bits, 8):])
		turn(&rows)
		turnBytes(&rows)
		to := codes[:Group]
		for i, w := range rows {
			binary.LittleEndian.PutUint64(to[8*i:], extend(w, sign))
		}
		codes, src = codes[Group:], src[8*bits:]
	}
}

// extend subtracts the sign bit from each of eight bytes that have been exclusive-ored with it.
func extend(v, sign uint64) uint64 {
	const high = 0x8080808080808080
	v ^= sign
	return (v | high) - (sign &^ high) ^ (v^sign^high)&high
}

// AbsMax is the largest magnitude as a bit pattern; from 0x7f800000 on one is not finite.
func AbsMax(x []float32) uint32 {
	n := len(x) / Group * Group
	top, done := absMaxVector(x[:n])
	if !done {
		n = 0
	}
	for _, v := range x[n:] {
		top = max(top, magnitude(v))
	}
	return top
}

// Max is the largest value as a bit pattern, 0 where none is positive; from 0x7f800000 on one is infinite or not a number.
func Max(x []float32) uint32 {
	n := len(x) / Group * Group
	top, done := maxVector(x[:n])
	if !done {
		n = 0
	}
	for _, v := range x[n:] {
		top = max(top, int32(math.Float32bits(v)))
	}
	return uint32(top)
}
