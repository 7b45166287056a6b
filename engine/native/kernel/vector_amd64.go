//go:build amd64 && !noasm

package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// For returns the kernels of an instruction set, one of the names of package cpu.
func For(isa string) *Vectors {
	if isa == cpu.Generic {
		return &generic
	}
	return &avx2
}

var avx2 = Vectors{
	Add: binary(addAVX2), Sub: binary(subAVX2), Mul: binary(mulAVX2), Div: binary(divAVX2),
	Min: binary(minAVX2), Max: binary(maxAVX2), PRelu: binary(preluAVX2),
	Affine: func(dst, x []float32, scale, shift, lo, hi float32) {
		if n := same(dst, x); n > 0 {
			affineAVX2(&dst[0], &x[0], n, scale, shift, lo, hi)
		}
	},
	Leaky: func(dst, x []float32, alpha float32) {
		if n := same(dst, x); n > 0 {
			leakyAVX2(&dst[0], &x[0], n, alpha)
		}
	},
	HardSwish: unary(hardSwishAVX2),
	Sigmoid:   unary(sigmoidAVX2),
	Tanh:      unary(tanhAVX2),
	Gelu:      unary(geluAVX2),
	Swish: func(dst, x []float32, alpha float32) {
		if n := same(dst, x); n > 0 {
			swishAVX2(&dst[0], &x[0], n, alpha)
		}
	},
	Softmax: func(dst, x []float32, n int) {
		if n < Width || same(dst, x) == 0 {
			softmaxGeneric(dst, x, n)
			return
		}
		softmaxAVX2(&dst[0], &x[0], len(x)/n, n)
	},
	Normalize: func(dst, x, scale, bias []float32, epsilon float32) {
		n := len(scale)
		if n%Width != 0 || same(dst, x) == 0 || len(bias) < n {
			normalizeGeneric(dst, x, scale, bias, epsilon)
			return
		}
		for len(x) > 0 {
			done := len(x) - n*normalizeAVX2(&dst[0], &x[0], &scale[0], &bias[0], len(x)/n, n, epsilon)
			if dst, x = dst[done:], x[done:]; len(x) > 0 {
				normalizeGeneric(dst[:n], x[:n], scale, bias, epsilon)
				dst, x = dst[n:], x[n:]
			}
		}
	},
	PackRows: func(dst, x []float32, rows, depth int) {
		whole := rows / Rows * Rows
		if whole > 0 && depth > 0 {
			_, _ = x[whole*depth-1], dst[whole*depth-1]
			packRowsAVX2(&dst[0], &x[0], whole/Rows, depth)
		}
		packRowsGeneric(dst[whole*depth:], x[whole*depth:], rows-whole, depth)
	},
	MaxPool2: func(dst, x []float32, rows int) {
		if len(dst) == 0 {
			return
		}
		w := len(dst) / rows
		_ = x[4*w*rows-1]
		maxPool2AVX2(&dst[0], &x[0], rows, w)
	},
	Interleave: func(dst, a, b []float32, shift float32) {
		if n := same(a, b); n > 0 {
			_ = dst[2*n-1]
			interleaveAVX2(&dst[0], &a[0], &b[0], n, shift)
		}
	},
	Deinterleave: func(even, odd, x []float32) {
		n := len(odd) / Width * Width
		if n > 0 {
			_, _ = even[n-1], x[2*n-1]
			deinterleaveAVX2(&even[0], &odd[0], &x[0], n)
		}
		deinterleaveGeneric(even[n:], odd[n:], x[2*n:])
	},
}

// same is the length of x; it panics where dst is shorter.
func same(dst, x []float32) int {
	_ = dst[:len(x)]
	return len(x)
}

func binary(f func(dst, a, b *float32, n int)) func(dst, a, b []float32) {
	return func(dst, a, b []float32) {
		n := len(a)
		_, _ = dst[:n], b[:n]
		if n > 0 {
			f(&dst[0], &a[0], &b[0], n)
		}
	}
}

func unary(f func(dst, x *float32, n int)) func(dst, x []float32) {
	return func(dst, x []float32) {
		if n := same(dst, x); n > 0 {
			f(&dst[0], &x[0], n)
		}
	}
}

//go:noescape
func addAVX2(dst, a, b *float32, n int)

//go:noescape
func subAVX2(dst, a, b *float32, n int)

//go:noescape
func mulAVX2(dst, a, b *float32, n int)

//go:noescape
func divAVX2(dst, a, b *float32, n int)

//go:noescape
func minAVX2(dst, a, b *float32, n int)

//go:noescape
func maxAVX2(dst, a, b *float32, n int)

//go:noescape
func preluAVX2(dst, a, b *float32, n int)

//go:noescape
func affineAVX2(dst, x *float32, n int, scale, shift, lo, hi float32)

//go:noescape
func leakyAVX2(dst, x *float32, n int, alpha float32)

//go:noescape
func hardSwishAVX2(dst, x *float32, n int)

//go:noescape
func sigmoidAVX2(dst, x *float32, n int)

//go:noescape
func swishAVX2(dst, x *float32, n int, alpha float32)

//go:noescape
func tanhAVX2(dst, x *float32, n int)

//go:noescape
func geluAVX2(dst, x *float32, n int)

//go:noescape
func softmaxAVX2(dst, x *float32, rows, n int)

//go:noescape
func normalizeAVX2(dst, x, scale, bias *float32, rows, n int, epsilon float32) (left int)

//go:noescape
func packRowsAVX2(dst, x *float32, panels, depth int)

//go:noescape
func maxPool2AVX2(dst, x *float32, rows, w int)

//go:noescape
func interleaveAVX2(dst, a, b *float32, n int, shift float32)

//go:noescape
func deinterleaveAVX2(even, odd, x *float32, n int)
