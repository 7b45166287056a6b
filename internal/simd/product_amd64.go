//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// productBlock is how many values of each row are made at a time.
const productBlock = 16

// productAVX2 makes Panel rows of n values, n at least productBlock; the last block may lie over the one before.
//
//go:noescape
func productAVX2(dst, panel, x *float32, cols, n int)

func productVector(dst, panel, x []float32, cols, n int) bool {
	if !cpu.HasAVX2() || len(dst) != Panel*n || n < productBlock || cols == 0 {
		return false
	}
	productAVX2(&dst[0], &panel[0], &x[0], cols, n)
	return true
}
