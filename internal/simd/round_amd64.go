//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

func roundVector(x []float32, r *Rounding) bool {
	if len(x) == 0 || !cpu.HasAVX2() {
		return len(x) == 0
	}
	roundAVX2(&x[0], len(x)/8, r)
	return true
}

//go:noescape
func roundAVX2(x *float32, eights int, r *Rounding)
