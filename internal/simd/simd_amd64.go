//go:build amd64 && !noasm

package simd

import (
	"math"
	"unsafe"

	"github.com/dqa-go/dqa/internal/cpu"
)

// Tables for byte permutations; the instruction that multiplies 8x8 bit matrices counts rows from the top.
var (
	linear    [64]byte       // the low bytes of 4 x 16 values that have been packed to words, in their order
	reversed  [64]byte       // the same, each 8 in reverse order
	backwards [64]byte       // 64 bytes, each 8 in reverse order
	unit      [64]byte       // the unit matrix, 8 times
	planesOf  [9][64]byte    // by first plane: from plane p of byte row g to plane-major order
	gather    [9][9][64]byte // by n and m: the planes of codes (0..63) and errors (64..127) as reversed rows
)

func init() {
	for i := range 64 {
		v, k := i/16, i%16 // vectors are packed in pairs, by lanes of 4 values
		linear[i] = byte(64*(v/2) + 16*(k/4) + 8*(v%2) + 2*(k%4))
		reversed[i^7] = linear[i]
		backwards[i] = byte(i ^ 7)
		unit[i] = 1 << (i % 8)
	}
	for first := range planesOf {
		for p := range 8 {
			for g := range 8 {
				planesOf[first][8*p+g] = byte(8*g + (first+p)%8)
			}
		}
	}
	for n := 0; n <= 8; n++ {
		for m := 0; n+m <= 8; m++ {
			for g := range 8 {
				for i := range 8 {
					from := 0 // cut off afterwards
					switch {
					case i < m:
						from = 64 + 8*i + g
					case i < n+m:
						from = 8*(i-m) + g
					}
					gather[n][m][8*g+7-i] = byte(from)
				}
			}
		}
	}
}

// constants of quantizing, as the kernels read them.
type constants struct {
	inv               float32
	highWord, lowWord int16
	lowest            int32
	span              byte // from the lowest to the highest
}

func (l *Levels) constants() *constants {
	return &constants{l.Inv, int16(l.High), int16(l.Low), int32(l.Low), byte(l.High - l.Low)}
}

// finite tells whether values are, by the greatest of their magnitudes' bits, doubled; and whether the products with inv
// are far below 2^31, so that they could be converted to integers.
func (l *Levels) finite(top uint32) (finite, convertible bool) {
	y := float32(math.Float32frombits(top>>1) * l.Inv)
	return top>>1 < special, -1<<30 < y && y < 1<<30
}

//go:noescape
func quantizePackAVX512(x *float32, groups int, c *constants, reversed, unit, planes, low *[64]byte, codes *byte, n int, errors *byte, m int) (top uint32)

//go:noescape
func quantizePackAVX2(x *float32, groups int, c *constants, codes *byte, n int, errors *byte, m int) (top uint32)

//go:noescape
func unpackDequantizeAVX512(x *float32, groups int, step float32, gather, unit *[64]byte, codes *byte, n int, errors *byte, m int, sign, keep byte)

//go:noescape
func unpackDequantizeUnsignedAVX512(x *float32, groups int, step float32, gather, unit *[64]byte, codes *byte, n int, errors *byte, m int, sign, keep byte)

//go:noescape
func quantizeAVX512(dst *byte, x *float32, groups int, c *constants, linear *[64]byte) (top, used uint32)

//go:noescape
func dequantizeAVX512(x *float32, codes *byte, groups int, step float32)

//go:noescape
func dequantizeUnsignedAVX512(x *float32, codes *byte, groups int, step float32)

//go:noescape
func packAVX512(dst, codes *byte, groups int, backwards, unit, planes *[64]byte, bits int)

//go:noescape
func unpackAVX512(codes, src *byte, groups int, gather, unit *[64]byte, bits int, sign, keep byte)

//go:noescape
func absMaxAVX512(x *float32, groups int) uint32

//go:noescape
func maxAVX512(x *float32, groups int) int32

//go:noescape
func unpackDequantizeAVX2(x *float32, groups int, codes, errors *byte, m *merge, step float32)

//go:noescape
func unpackDequantizeUnsignedAVX2(x *float32, groups int, codes, errors *byte, m *merge, step float32)

//go:noescape
func quantizeAVX2(dst *byte, x *float32, groups int, c *constants) (top, used uint32)

//go:noescape
func dequantizeAVX2(x *float32, codes *byte, groups int, step float32)

//go:noescape
func dequantizeUnsignedAVX2(x *float32, codes *byte, groups int, step float32)

//go:noescape
func packAVX2(dst, codes *byte, groups, first, bits int)

//go:noescape
func unpackAVX2(codes *byte, groups int, src *byte, m *merge, sign byte)

//go:noescape
func absMaxAVX2(x *float32, groups int) uint32

//go:noescape
func maxAVX2(x *float32, groups int) int32

func quantizePackVector(codes, errors []byte, x []float32, l Levels, n, m int) (done, finite bool) {
	if len(x) == 0 {
		return true, true
	}
	var top uint32
	c, e := unsafe.SliceData(codes), orOther(errors, codes)
	switch {
	case cpu.HasAVX512():
		top = quantizePackAVX512(&x[0], len(x)/Group, l.constants(), &reversed, &unit, &planesOf[m], &planesOf[0], c, n, e, m)
	case cpu.HasAVX2() && n > 0:
		top = quantizePackAVX2(&x[0], len(x)/Group, l.constants(), c, n, e, m)
	default:
		return false, false
	}
	finite, done = l.finite(top)
	return done || !finite, finite
}

// orOther is where errors begin, or the codes if there are none: nothing is read or written there, yet an address that
// does not exist costs hundreds of cycles each time.
func orOther(errors, codes []byte) *byte {
	if len(errors) == 0 {
		return unsafe.SliceData(codes)
	}
	return unsafe.SliceData(errors)
}

// signs are the byte that has the highest bit of bits if values are signed, and one that has all of them.
func signs(bits int, signed bool) (sign, keep byte) {
	if signed {
		sign = 1 << (bits - 1)
	}
	return sign, byte(1<<bits - 1)
}

// merge tells kernels which words of 8 bytes at the errors and which at the codes, less m words, are planes of a group: of m
// and n; all bits of a word of low or high say so.
type merge struct {
	low, high [8]int64
	n, m      int
}

// merges are all of them, by n and m.
var merges = func() (all [9][9]merge) {
	for n := range 9 {
		for m := range 9 - n {
			w := &all[n][m]
			w.n, w.m = n, m
			for p := range m {
				w.low[p] = -1
			}
			for p := m; p < n+m; p++ {
				w.high[p] = -1
			}
		}
	}
	return all
}()

func unpackDequantizeVector(x []float32, codes, errors []byte, step float32, n, m int, signed bool) bool {
	if len(x) == 0 {
		return true
	}
	c, e, groups := unsafe.SliceData(codes), orOther(errors, codes), len(x)/Group
	switch {
	case cpu.HasAVX512():
		kernel := unpackDequantizeUnsignedAVX512
		if signed {
			kernel = unpackDequantizeAVX512
		}
		sign, keep := signs(n+m, signed)
		kernel(&x[0], groups, step, &gather[n][m], &unit, c, n, e, m, sign, keep)
	case !cpu.HasAVX2():
		return false
	case signed:
		unpackDequantizeAVX2(&x[0], groups, c, e, &merges[n][m], step)
	default:
		unpackDequantizeUnsignedAVX2(&x[0], groups, c, e, &merges[n][m], step)
	}
	return true
}

func quantizeVector(dst []byte, x []float32, l Levels) (done, finite, within bool) {
	if len(x) == 0 {
		return true, true, true
	}
	var top, used uint32
	switch {
	case cpu.HasAVX512():
		top, used = quantizeAVX512(&dst[0], &x[0], len(x)/Group, l.constants(), &linear)
	case cpu.HasAVX2():
		top, used = quantizeAVX2(&dst[0], &x[0], len(x)/Group, l.constants())
	default:
		return false, false, false
	}
	finite, done = l.finite(top)
	return done, finite, used <= uint32(l.High-l.Low)
}

func dequantizeVector(x []float32, codes []byte, step float32, signed bool) bool {
	groups := len(x) / Group
	switch {
	case groups == 0:
	case cpu.HasAVX512() && signed:
		dequantizeAVX512(&x[0], &codes[0], groups, step)
	case cpu.HasAVX512():
		dequantizeUnsignedAVX512(&x[0], &codes[0], groups, step)
	case !cpu.HasAVX2():
		return false
	case signed:
		dequantizeAVX2(&x[0], &codes[0], groups, step)
	default:
		dequantizeUnsignedAVX2(&x[0], &codes[0], groups, step)
	}
	return true
}

func packVector(dst, codes []byte, first, bits int) bool {
	groups := len(codes) / Group
	switch {
	case groups == 0 || bits == 0:
	case cpu.HasAVX512():
		packAVX512(unsafe.SliceData(dst), &codes[0], groups, &backwards, &unit, &planesOf[first], bits)
	case cpu.HasAVX2():
		packAVX2(unsafe.SliceData(dst), &codes[0], groups, first, bits)
	default:
		return false
	}
	return true
}

func unpackVector(codes, src []byte, bits int, signed bool) bool {
	groups := len(codes) / Group
	sign, keep := signs(bits, signed)
	switch {
	case groups == 0:
	case cpu.HasAVX512():
		unpackAVX512(&codes[0], unsafe.SliceData(src), groups, &gather[bits][0], &unit, bits, sign, keep)
	case cpu.HasAVX2():
		unpackAVX2(&codes[0], groups, unsafe.SliceData(src), &merges[bits][0], sign)
	default:
		return false
	}
	return true
}

func absMaxVector(x []float32) (top uint32, done bool) {
	switch {
	case len(x) == 0:
		return 0, true
	case cpu.HasAVX512():
		return absMaxAVX512(&x[0], len(x)/Group), true
	case cpu.HasAVX2():
		return absMaxAVX2(&x[0], len(x)/Group), true
	}
	return 0, false
}

func maxVector(x []float32) (top int32, done bool) {
	switch {
	case len(x) == 0:
		return 0, true
	case cpu.HasAVX512():
		return maxAVX512(&x[0], len(x)/Group), true
	case cpu.HasAVX2():
		return maxAVX2(&x[0], len(x)/Group), true
	}
	return 0, false
}
