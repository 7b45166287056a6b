//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// sure is below which numbers that were converted to integers are what they say: what is not finite, or is too large to be
// converted, becomes the lowest integer.
const sure = 1 << 30

func quantizeRowsVector(dst []byte, x []float32, r Rows, l Levels) (done, finite, within bool) {
	if !cpu.HasAVX2() {
		return false, false, false
	}
	least, most := quantizeRowsAVX2(&dst[0], &x[0], r.Stride, r.Rows, r.Length, l.constants())
	return -sure < least && most < sure, true, 0 <= least && most <= int32(l.High-l.Low)
}

func dequantizeRowsVector(x []float32, r Rows, codes []byte, step float32, signed bool) bool {
	switch {
	case !cpu.HasAVX2():
		return false
	case signed:
		dequantizeRowsAVX2(&x[0], r.Stride, r.Rows, r.Length, &codes[0], step)
	default:
		dequantizeRowsUnsignedAVX2(&x[0], r.Stride, r.Rows, r.Length, &codes[0], step)
	}
	return true
}

//go:noescape
func quantizeRowsAVX2(dst *byte, x *float32, stride, rows, length int, c *constants) (least, most int32)

//go:noescape
func dequantizeRowsAVX2(x *float32, stride, rows, length int, codes *byte, step float32)

//go:noescape
func dequantizeRowsUnsignedAVX2(x *float32, stride, rows, length int, codes *byte, step float32)
