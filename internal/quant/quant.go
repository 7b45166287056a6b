// Package quant turns float32 values into integer codes and back (spec/numerics.md; METHOD sections 2 and 4.2).
//
// Every float32 operation is rounded by itself, to nearest, ties to even: results are bit-identical on every
// architecture. Explicit float32 conversions keep compilers from fusing a multiplication and an addition.
package quant

import (
	"math"

	"github.com/dqa-go/dqa/internal/simd"
)

// Scale is the distance of neighbouring levels. The zero Scale maps everything to code 0.
type Scale struct {
	Step float32 // zero or a positive normal number
	Inv  float32 // float32(1/Step), zero where Step is
}

// StepScale is the scale of a given step; zero unless step and its inverse are positive normal numbers.
func StepScale(step float32) Scale {
	inv := float32(1 / step)
	if !normal(step) || !normal(inv) {
		return Scale{}
	}
	return Scale{step, inv}
}

// SignedScale is maximum * 2^(1-bits), the paper's scale (METHOD section 2).
func SignedScale(maximum float32, bits int) Scale {
	power := math.Float32frombits(uint32(128-bits) << 23) // 2^(1-bits)
	return StepScale(float32(maximum * power))
}

// UnsignedScale is maximum / (2^bits - 1).
func UnsignedScale(maximum float32, bits int) Scale {
	return StepScale(float32(maximum / float32(int(1)<<bits-1)))
}

func normal(v float32) bool { return v >= 0x1p-126 && v <= math.MaxFloat32 }

// Range is the lowest and highest code.
type Range struct{ Low, High int16 }

// Signed is the range of two's complement codes.
func Signed(bits int) Range { return Range{-1 << (bits - 1), 1<<(bits-1) - 1} }

// Unsigned is 0 to 2^bits - 1; bits is at most 15.
func Unsigned(bits int) Range { return Range{0, 1<<bits - 1} }

// FiniteAbsMax is the largest magnitude, ok whether all values are finite.
func FiniteAbsMax(x []float32) (top float32, ok bool) {
	bits := simd.AbsMax(x)
	return math.Float32frombits(bits), bits < special
}

// FiniteMax is the largest value, at least 0; ok whether all values are finite.
func FiniteMax(x []float32) (top float32, ok bool) {
	return math.Float32frombits(simd.Max(x)), Finite(x)
}

// Finite tells whether all values are finite.
func Finite(x []float32) bool { return simd.AbsMax(x) < special }

// special is the bit pattern from which on a magnitude is infinite or not a number.
const special = 0x7f800000

// AbsMax returns the largest finite magnitude, 0 where there is none, and the number of NaN and infinite values.
func AbsMax(x []float32) (top float32, nonFinite int) {
	if top, ok := FiniteAbsMax(x); ok {
		return top, 0
	}
	var bits uint32
	for _, v := range x {
		// Magnitudes compare as their bit patterns do; those from infinity on are not finite.
		b := math.Float32bits(v) &^ (1 << 31)
		if b >= special {
			nonFinite++
			continue
		}
		if b > bits {
			bits = b
		}
	}
	return math.Float32frombits(bits), nonFinite
}

// Max returns the largest finite value, at least 0.
func Max(x []float32) float32 {
	if bits := simd.Max(x); bits < special {
		return math.Float32frombits(bits)
	}
	var top float32
	for _, v := range x {
		if v > top && v <= math.MaxFloat32 {
			top = v
		}
	}
	return top
}

// magic is 1.5 * 2^23: added to a number of magnitude below 2^22 it leaves no room for a fraction, so that the sum is
// rounded to an integer by the rule in force, ties to even.
const magic = 0x1.8p23

// Quantize writes the codes of src to dst, which is at least as long: y = float32(a * Inv), NaN becomes 0, y is clamped
// to r before it is rounded to nearest, ties to even. Infinities clamp. It returns the number of NaN and infinities.
func Quantize(dst []int16, src []float32, s Scale, r Range) (nonFinite int) {
	dst = dst[:len(src)]
	low, high := float32(r.Low), float32(r.High)
	for i, a := range src {
		if a-a != 0 {
			nonFinite++
		}
		dst[i] = code(float32(a*s.Inv), low, high)
	}
	return nonFinite
}

// QuantizeEach is Quantize with a scale (its inverse) and a range of its own for every value.
func QuantizeEach(dst []int16, src, inv, low, high []float32) {
	dst, inv, low, high = dst[:len(src)], inv[:len(src)], low[:len(src)], high[:len(src)]
	for i, a := range src {
		dst[i] = code(float32(a*inv[i]), low[i], high[i])
	}
}

// code clamps and rounds.
func code(y, low, high float32) int16 {
	if !(y >= low) { // also NaN: 0 * infinity of a zero scale, too
		if y < low {
			y = low
		} else {
			y = 0
		}
	}
	if y > high {
		y = high
	}
	return int16(int32(math.Float32bits(float32(y+magic))) - magicBits)
}

const magicBits = 0x4b400000 // of magic

// Noise is a fixed uniform bias in units of the step: Amplitude * u(i) at position i, u in [-1, 1) drawn from Seed.
type Noise struct {
	Amplitude float32
	Seed      uint64
}

// At is the bias at position i: output i of the generator splitmix64 (Steele, Lea, Flood 2014), of which the upper 24
// bits make the float32. Positions are independent, so that any part of a tensor can be decoded alone.
func (n Noise) At(i int) float32 {
	z := n.Seed + (uint64(i)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	u := float32(float32(int32(z>>40)-1<<23) * 0x1p-23)
	return float32(n.Amplitude * u)
}

// QuantizeNoisy is Quantize of y = float32(float32(a * Inv) + noise), the first value being at position first.
func QuantizeNoisy(dst []int16, src []float32, s Scale, r Range, n Noise, first int) (nonFinite int) {
	dst = dst[:len(src)]
	_, nonFinite = AbsMax(src)
	if s == (Scale{}) {
		clear(dst)
		return nonFinite
	}
	var y [256]float32
	for i := 0; i < len(src); i += len(y) {
		part := src[i:min(i+len(y), len(src))]
		for j, a := range part {
			y[j] = float32(float32(a*s.Inv) + n.At(first+i+j)) // NaN and infinities stay what they are
		}
		Quantize(dst[i:], y[:len(part)], Scale{1, 1}, r)
	}
	return nonFinite
}

// DequantizeNoisy writes float32(step * float32(code - noise)); a zero step gives zeros.
func DequantizeNoisy(dst []float32, codes []int16, step float32, n Noise, first int) {
	dst = dst[:len(codes)]
	if step == 0 {
		clear(dst)
		return
	}
	for i, c := range codes {
		dst[i] = float32(step * float32(float32(c)-n.At(first+i)))
	}
}

// QuantizeBytes writes the low bytes of the codes of src to dst, which is at least as long. r lies within a byte, signed
// or unsigned. It reports whether all values are finite; if one is not, what is written is undefined. within is false if
// a code lies beyond r and is clamped.
func QuantizeBytes(dst []byte, src []float32, s Scale, r Range) (finite, within bool) {
	l := simd.Levels{Inv: s.Inv, Low: float32(r.Low), High: float32(r.High)}
	whole := len(src) / simd.Group * simd.Group
	finite, within = simd.Quantize(dst[:whole], src[:whole], l)
	if rest := src[whole:]; len(rest) > 0 {
		var from [simd.Group]float32
		var to [simd.Group]byte
		copy(from[:], rest)
		f, w := simd.Quantize(to[:], from[:], l)
		copy(dst[whole:], to[:len(rest)])
		finite, within = finite && f, within && w
	}
	return finite, within
}

// DequantizeBytes writes float32(step * code) of codes that are bytes, two's complement if signed says so.
func DequantizeBytes(dst []float32, codes []byte, step float32, signed bool) {
	whole := len(codes) / simd.Group * simd.Group
	simd.Dequantize(dst[:whole], codes[:whole], step, signed)
	if rest := codes[whole:]; len(rest) > 0 {
		var from [simd.Group]byte
		var to [simd.Group]float32
		copy(from[:], rest)
		simd.Dequantize(to[:], from[:], step, signed)
		copy(dst[whole:len(codes)], to[:])
	}
}

// DequantizeBase restores codes that lack their low bits: the middle of the values that they may have been, but zero
// where oneSided values have a zero code: most of them were.
func DequantizeBase(dst []float32, codes []int16, step float32, bits int, oneSided bool) {
	dst = dst[:len(codes)]
	middle := float32(int(1)<<bits-1) / 2
	for i, c := range codes {
		if c == 0 && oneSided {
			dst[i] = 0
			continue
		}
		dst[i] = float32(step * float32(float32(int(c)<<bits)+middle))
	}
}

// Dequantize writes float32(step * code) to dst, which is at least as long as codes. A zero code becomes +0.
func Dequantize(dst []float32, codes []int16, step float32) {
	dst = dst[:len(codes)]
	for i, c := range codes {
		dst[i] = float32(step * float32(c))
	}
}
