// Package kernel holds the inner loops of the native engine: each as plain Go, which is the oracle, and where the
// processor allows as assembly. Assembly uses fused multiply-add, so the two differ in the last bits; either adds the
// products of one output value in the same order wherever that value lies in a tile. All sets of vector instructions give the
// same bits, save the sign of zero and what a NaN carries. Which kernels are used where:
//
//	                                          amd64 with AVX2  and AVX-512  arm64    elsewhere
//	Tile                                      AVX2             AVX-512      NEON     plain Go
//	Vectors' Add, Sub, Mul, Min, Max, PRelu,
//	Affine, Leaky, HardSwish, Sigmoid, Swish,
//	Gelu, Softmax, MaxPool2                   AVX2             AVX-512      NEON     plain Go
//	all others                                AVX2             AVX2         NEON     plain Go
//
// ISA and For choose once, when a network is compiled.
package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// ISA is the instruction set that is used: the best that this processor has and the engine has kernels for.
func ISA() string { return cpu.Engine() }

// Has tells whether the kernels of an instruction set can be used.
func Has(isa string) bool { return cpu.Has(isa) }

// Width is the number of neighbouring values that a kernel loads at once, a vector. Kernels read whole vectors, so X
// must go on for up to Width-1 values behind the last one that matters.
const Width = 8

// Rows is the number of output rows of a product that are computed together; MaxVectors is how many vectors wide matrices
// are cut for it, so that no instruction set has a rest.
const (
	Rows       = 4
	MaxVectors = 3
)

// Tile computes a strip of a product of a weight matrix with gathered input vectors: any number of output rows by any
// number of vectors,
//
//	out[r][At+i] = clamp(bias[r] + sum over k of w[r][k] * X[Base+Off[k]+i] + add[r][At+i], Lo, Hi)
//
// for every vector and i in 0..Width-1; of two vectors that overlap in the output the later one stays. A convolution is
// such a product whose Off lists where the taps of its filter lie. NaN passes the clamp.
type Tile struct {
	X    []float32
	Off  []int32   // one offset into X per k
	W    []float32 // w, Rows rows together: len(Off) groups of Rows weights, then those of the next rows
	Bias []float32 // of every row; like W padded to a multiple of Rows

	Places []Place // of the vectors

	Rows    int       // that are stored
	Out     []float32 // row r starts at r*OutStep
	OutStep int
	Add     []float32 // row r starts at r*AddStep; nil adds nothing
	AddStep int

	Lo, Hi float32
}

// Place is where Width neighbouring values of a product are computed from, in X, and where they go in an output row.
type Place struct{ Base, At int32 }

// Depthwise computes one channel of a depthwise convolution, row by row:
//
//	out[y*OutStep+i] = clamp(Bias + sum over k of W[k] * X[y*XStep+Off[k]+i], Lo, Hi)
//
// for y in 0..Rows-1 and i in 0..Vectors*Width-1.
type Depthwise struct {
	X    []float32
	Off  []int32
	W    []float32
	Out  []float32
	Bias float32

	Rows, Vectors  int
	XStep, OutStep int

	Lo, Hi float32
}

func tileGeneric(t *Tile) {
	for row := 0; row < t.Rows; row += Rows {
		for _, p := range t.Places {
			for i := 0; i < Width; i += 2 {
				t.columns(row, int(p.Base)+i, int(p.At)+i)
			}
		}
	}
}

// columns computes two neighbouring values of Rows rows.
func (t *Tile) columns(row, base, at int) {
	x, w, b := t.X, t.W[row*len(t.Off):], t.Bias[row:][:Rows]
	a0, a1, a2, a3 := b[0], b[1], b[2], b[3]
	c0, c1, c2, c3 := a0, a1, a2, a3
	for k, off := range t.Off {
		u := x[base+int(off):][:2]
		q := w[k*Rows:][:Rows]
		a0 += float32(q[0] * u[0])
		c0 += float32(q[0] * u[1])
		a1 += float32(q[1] * u[0])
		c1 += float32(q[1] * u[1])
		a2 += float32(q[2] * u[0])
		c2 += float32(q[2] * u[1])
		a3 += float32(q[3] * u[0])
		c3 += float32(q[3] * u[1])
	}
	t.finish(row, at, a0, a1, a2, a3)
	t.finish(row, at+1, c0, c1, c2, c3)
}

// finish adds what is to be added, clamps and stores column i of the rows from row on.
func (t *Tile) finish(row, i int, sums ...float32) {
	for r, s := range sums[:min(Rows, t.Rows-row)] {
		if t.Add != nil {
			s += t.Add[(row+r)*t.AddStep+i]
		}
		t.Out[(row+r)*t.OutStep+i] = clamp(s, t.Lo, t.Hi)
	}
}

// clamp has no branches: signs of activations are hard to predict.
func clamp(v, lo, hi float32) float32 { return min(max(v, lo), hi) }

func depthwiseGeneric(d *Depthwise) {
	x := d.X
	for y := range d.Rows {
		out := d.Out[y*d.OutStep:][:d.Vectors*Width]
		for i := range out {
			out[i] = d.Bias
		}
		for k, off := range d.Off {
			w := d.W[k]
			for i, v := range x[y*d.XStep+int(off):][:len(out)] {
				out[i] += float32(w * v)
			}
		}
		for i, v := range out {
			out[i] = clamp(v, d.Lo, d.Hi)
		}
	}
}

// Affine sets dst[i] = clamp(x[i]*scale + shift, lo, hi). dst and x may be the same slice.
func Affine(dst, x []float32, scale, shift, lo, hi float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = clamp(float32(v*scale)+shift, lo, hi)
	}
}
