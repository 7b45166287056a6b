//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// transposeAVX2 turns over n squares of 8 by 8 values; the next one is dstStep and srcStep values away.
//
//go:noescape
func transposeAVX2(dst, src *float32, dstStride, srcStride, dstStep, srcStep, n int)

func transposeVector(dst, src []float32, rows, cols, dstStride, srcStride int) (r, c int) {
	if !cpu.HasAVX2() {
		return 0, 0
	}
	return strips(dst, src, rows, cols, dstStride, srcStride, 8, transposeAVX2)
}
