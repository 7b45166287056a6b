//go:build amd64 && !noasm

package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// table of the instruction set isa.
func table(isa string) *Vectors {
	if isa == cpu.AVX512 {
		return &avx512
	}
	return &assembly
}

// avx512 has kernels of AVX-512 where they were measured to be at least 15 % faster in the first-level cache
// (docs/results/engine.md).
var avx512 = func() Vectors {
	v := assembly
	v.Add, v.Sub, v.Mul = binary(addAVX512), binary(subAVX512), binary(mulAVX512)
	v.Min, v.Max, v.PRelu = binary(minAVX512), binary(maxAVX512), binary(preluAVX512)
	v.Affine = func(dst, x []float32, scale, shift, lo, hi float32) {
		if n := same(dst, x); n > 0 {
			affineAVX512(&dst[0], &x[0], n, scale, shift, lo, hi)
		}
	}
	v.Leaky = func(dst, x []float32, alpha float32) {
		if n := same(dst, x); n > 0 {
			leakyAVX512(&dst[0], &x[0], n, alpha)
		}
	}
	v.HardSwish, v.Sigmoid, v.Gelu = unary(hardSwishAVX512), unary(sigmoidAVX512), unary(geluAVX512)
	v.Swish = func(dst, x []float32, alpha float32) {
		if n := same(dst, x); n > 0 {
			swishAVX512(&dst[0], &x[0], n, alpha)
		}
	}
	v.Softmax = func(dst, x []float32, n int) {
		if n < Width || same(dst, x) == 0 {
			softmaxGeneric(dst, x, n)
			return
		}
		softmaxAVX512(&dst[0], &x[0], len(x)/n, n)
	}
	v.MaxPool2 = func(dst, x []float32, rows int) {
		if len(dst) == 0 {
			return
		}
		w := len(dst) / rows
		_ = x[4*w*rows-1]
		maxPool2AVX512(&dst[0], &x[0], rows, w)
	}
	return v
}()

//go:noescape
func addAVX512(dst, a, b *float32, n int)

//go:noescape
func subAVX512(dst, a, b *float32, n int)

//go:noescape
func mulAVX512(dst, a, b *float32, n int)

//go:noescape
func minAVX512(dst, a, b *float32, n int)

//go:noescape
func maxAVX512(dst, a, b *float32, n int)

//go:noescape
func preluAVX512(dst, a, b *float32, n int)

//go:noescape
func affineAVX512(dst, x *float32, n int, scale, shift, lo, hi float32)

//go:noescape
func leakyAVX512(dst, x *float32, n int, alpha float32)

//go:noescape
func hardSwishAVX512(dst, x *float32, n int)

//go:noescape
func sigmoidAVX512(dst, x *float32, n int)

//go:noescape
func swishAVX512(dst, x *float32, n int, alpha float32)

//go:noescape
func geluAVX512(dst, x *float32, n int)

//go:noescape
func softmaxAVX512(dst, x *float32, rows, n int)

//go:noescape
func maxPool2AVX512(dst, x *float32, rows, w int)
