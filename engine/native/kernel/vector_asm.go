//go:build (amd64 || arm64) && !noasm

package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// For returns the kernels of an instruction set, one of the names of package cpu.
func For(isa string) *Vectors {
	if isa == cpu.Generic {
		return &generic
	}
	return table(isa)
}

// assembly is AVX2 on amd64 and NEON on arm64, which do the same in the same order: their results have the same bits, save the
// sign of zero and what a NaN carries.
var assembly = Vectors{
	Add: binary(addAsm), Sub: binary(subAsm), Mul: binary(mulAsm), Div: binary(divAsm),
	Min: binary(minAsm), Max: binary(maxAsm), PRelu: binary(preluAsm),
	Affine: func(dst, x []float32, scale, shift, lo, hi float32) {
		if n := same(dst, x); n > 0 {
			affineAsm(&dst[0], &x[0], n, scale, shift, lo, hi)
		}
	},
	Leaky: func(dst, x []float32, alpha float32) {
		if n := same(dst, x); n > 0 {
			leakyAsm(&dst[0], &x[0], n, alpha)
		}
	},
	HardSwish: unary(hardSwishAsm),
	Sigmoid:   unary(sigmoidAsm),
	Tanh:      unary(tanhAsm),
	Gelu:      unary(geluAsm),
	Swish: func(dst, x []float32, alpha float32) {
		if n := same(dst, x); n > 0 {
			swishAsm(&dst[0], &x[0], n, alpha)
		}
	},
	Softmax: func(dst, x []float32, n int) {
		if n < Width || same(dst, x) == 0 {
			softmaxGeneric(dst, x, n)
			return
		}
		softmaxAsm(&dst[0], &x[0], len(x)/n, n)
	},
	Normalize: func(dst, x, scale, bias []float32, epsilon float32) {
		n := len(scale)
		if n%Width != 0 || same(dst, x) == 0 || len(bias) < n {
			normalizeGeneric(dst, x, scale, bias, epsilon)
			return
		}
		for len(x) > 0 {
			done := len(x) - n*normalizeAsm(&dst[0], &x[0], &scale[0], &bias[0], len(x)/n, n, epsilon)
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
			packRowsAsm(&dst[0], &x[0], whole/Rows, depth)
		}
		packRowsGeneric(dst[whole*depth:], x[whole*depth:], rows-whole, depth)
	},
	MaxPool2: func(dst, x []float32, rows int) {
		if len(dst) == 0 {
			return
		}
		w := len(dst) / rows
		_ = x[4*w*rows-1]
		maxPool2Asm(&dst[0], &x[0], rows, w)
	},
	Interleave: func(dst, a, b []float32, shift float32) {
		if n := same(a, b); n > 0 {
			_ = dst[2*n-1]
			interleaveAsm(&dst[0], &a[0], &b[0], n, shift)
		}
	},
	Deinterleave: func(even, odd, x []float32) {
		n := len(odd) / Width * Width
		if n > 0 {
			_, _ = even[n-1], x[2*n-1]
			deinterleaveAsm(&even[0], &odd[0], &x[0], n)
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
func addAsm(dst, a, b *float32, n int)

//go:noescape
func subAsm(dst, a, b *float32, n int)

//go:noescape
func mulAsm(dst, a, b *float32, n int)

//go:noescape
func divAsm(dst, a, b *float32, n int)

//go:noescape
func minAsm(dst, a, b *float32, n int)

//go:noescape
func maxAsm(dst, a, b *float32, n int)

//go:noescape
func preluAsm(dst, a, b *float32, n int)

//go:noescape
func affineAsm(dst, x *float32, n int, scale, shift, lo, hi float32)

//go:noescape
func leakyAsm(dst, x *float32, n int, alpha float32)

//go:noescape
func hardSwishAsm(dst, x *float32, n int)

//go:noescape
func sigmoidAsm(dst, x *float32, n int)

//go:noescape
func swishAsm(dst, x *float32, n int, alpha float32)

//go:noescape
func tanhAsm(dst, x *float32, n int)

//go:noescape
func geluAsm(dst, x *float32, n int)

//go:noescape
func softmaxAsm(dst, x *float32, rows, n int)

//go:noescape
func normalizeAsm(dst, x, scale, bias *float32, rows, n int, epsilon float32) (left int)

//go:noescape
func packRowsAsm(dst, x *float32, panels, depth int)

//go:noescape
func maxPool2Asm(dst, x *float32, rows, w int)

//go:noescape
func interleaveAsm(dst, a, b *float32, n int, shift float32)

//go:noescape
func deinterleaveAsm(even, odd, x *float32, n int)
