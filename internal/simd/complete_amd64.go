//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// completeVector completes eight rows at a time, since every sum waits for itself, and returns how many it did. What is left over
// is added up together with rows before it, which stay.
func completeVector(x []float32, n int) (rows int) {
	rows = len(x) / n
	if rows < 8 || !cpu.HasAVX2() {
		return 0
	}
	completeAVX2(&x[0], n, rows/8, 0, float64(n))
	if left := rows % 8; left > 0 {
		completeAVX2(&x[(rows-8)*n], n, 1, 8-left, float64(n))
	}
	return rows
}

// completeAVX2 completes eights times eight rows; of each eight, some first ones stay.
//
//go:noescape
func completeAVX2(x *float32, n, eights, skip int, length float64)
