//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// completeVector completes eight rows at a time, since every sum waits for itself, and returns how many it did.
func completeVector(x []float32, n int) (rows int) {
	eights := len(x) / n / 8
	if eights == 0 || !cpu.HasAVX2() {
		return 0
	}
	completeAVX2(&x[0], n, eights, float64(n))
	return 8 * eights
}

//go:noescape
func completeAVX2(x *float32, n, eights int, length float64)
