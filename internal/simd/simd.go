// Package simd holds the inner loops of quantizing and of bit planes: each as plain Go, which is the oracle and fast for
// what it is, and with vector instructions where the processor has them (internal/cpu). All give the same bits.
//
// Lengths of float32 and byte slices are multiples of Group; the callers deal with what is left over. Planes are those of
// package bitplane: a group of 64 values is a plane of 8 bytes per bit.
package simd

import (
	"encoding/binary"
	"math"
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

// code is the low byte of the code of y. (Two branches that are hardly ever taken are faster than none.)
func code(y, low, high float32) uint64 {
	if y > high {
		y = high
	}
	if y < low {
		y = low
	}
	return uint64(byte(math.Float32bits(float32(y + magic))))
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

func quantizePack(codes, errors []byte, x []float32, l Levels, n, m int) bool {
	var lost float32 // not a number as soon as a value is not finite
	inv, low, high := l.Inv, l.Low, l.High
	for len(x) >= Group {
		for j := range 8 {
			s := x[8*j : 8*j+8 : 8*j+8]
			lost += (s[0] - s[0]) + (s[1] - s[1]) + ((s[2] - s[2]) + (s[3] - s[3])) + ((s[4] - s[4]) + (s[5] - s[5]) + ((s[6] - s[6]) + (s[7] - s[7])))
			t := transpose(code(float32(s[0]*inv), low, high) | code(float32(s[1]*inv), low, high)<<8 |
				code(float32(s[2]*inv), low, high)<<16 | code(float32(s[3]*inv), low, high)<<24 |
				code(float32(s[4]*inv), low, high)<<32 | code(float32(s[5]*inv), low, high)<<40 |
				code(float32(s[6]*inv), low, high)<<48 | code(float32(s[7]*inv), low, high)<<56)
			for p := range m {
				errors[8*p+j] = byte(t)
				t >>= 8
			}
			for p := range n {
				codes[8*p+j] = byte(t)
				t >>= 8
			}
		}
		codes, errors, x = codes[8*n:], errors[8*m:], x[Group:]
	}
	return lost == 0
}

func magnitude(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }

// transpose turns an 8x8 bit matrix over: bit j of byte i becomes bit i of byte j.
func transpose(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
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
	for len(x) >= Group {
		for j := range 8 {
			var t uint64
			for p := range m {
				t |= uint64(errors[8*p+j]) << (8 * p)
			}
			for p := range n {
				t |= uint64(codes[8*p+j]) << (8 * (m + p) & 63)
			}
			t = transpose(t)
			s := x[8*j : 8*j+8 : 8*j+8]
			s[0], s[1], s[2], s[3] = values[byte(t)], values[byte(t>>8)], values[byte(t>>16)], values[byte(t>>24)]
			s[4], s[5], s[6], s[7] = values[byte(t>>32)], values[byte(t>>40)], values[byte(t>>48)], values[byte(t>>56)]
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
	var lost float32
	within = true
	inv, low, high, first, last := l.Inv, l.Low, l.High, l.Low-.5, l.High+.5
	for i, a := range x {
		lost += a - a
		y := float32(a * inv)
		if y >= last || y < first {
			within = false
		}
		dst[i] = byte(code(y, low, high))
	}
	return lost == 0, within
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
	for i, c := range codes {
		v := float32(c)
		if signed {
			v = float32(int8(c))
		}
		x[i] = float32(step * v)
	}
}

// Pack writes bits planes per group of the codes, from bit first on: first+bits is at most 8.
func Pack(dst, codes []byte, first, bits int) {
	codes = codes[:len(codes)/Group*Group]
	dst = dst[:8*bits*(len(codes)/Group)]
	if packVector(dst, codes, first, bits) {
		return
	}
	for len(codes) >= Group {
		for j := range 8 {
			t := transpose(binary.LittleEndian.Uint64(codes[8*j:])) >> (8 * first)
			for p := range bits {
				dst[8*p+j] = byte(t)
				t >>= 8
			}
		}
		dst, codes = dst[8*bits:], codes[Group:]
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
	for len(codes) >= Group {
		for j := range 8 {
			var t uint64
			for p := range bits {
				t |= uint64(src[8*p+j]) << (8 * p)
			}
			binary.LittleEndian.PutUint64(codes[8*j:], extend(transpose(t), sign))
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
