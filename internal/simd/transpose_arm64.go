//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// transposeNEON turns over n squares of 4 by 4 values; the next one is dstStep and srcStep values away.
//
//go:noescape
func transposeNEON(dst, src *float32, dstStride, srcStride, dstStep, srcStep, n int)

func transposeVector(dst, src []float32, rows, cols, dstStride, srcStride int) (r, c int) {
	if !cpu.Has(cpu.NEON) {
		return 0, 0
	}
	return strips(dst, src, rows, cols, dstStride, srcStride, 4, transposeNEON)
}
