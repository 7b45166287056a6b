package kernel

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// plainValues are the same on every machine: math.Log of NormFloat64 need not be.
func plainValues(r *rand.Rand, n int, wild bool) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(r.Uint32())>>8) / float32(int(1)<<(16+r.IntN(8)))
		if wild && r.IntN(16) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

// fingerprint of values, but for the sign of zero and what a NaN carries.
func fingerprint(x []float32) uint32 {
	h := fnv.New32a()
	for _, v := range x {
		bits := math.Float32bits(v + 0)
		if v != v {
			bits = 0x7fc00000
		}
		if v == 0 {
			bits = 0
		}
		h.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
	}
	return h.Sum32()
}

// fingerprints of what every kernel computes of plain values.
func fingerprints(isa string) map[string]uint32 {
	k, r := For(isa), rand.New(rand.NewPCG(21, 4))
	out := map[string][]float32{}
	add := func(name string, n int, run func(dst []float32)) {
		dst := make([]float32, n)
		run(dst)
		out[name] = append(out[name], dst...)
	}
	for _, n := range lengths {
		x, y := plainValues(r, n, true), plainValues(r, n, true)
		add("add", n, func(dst []float32) { k.Add(dst, x, y) })
		add("sub", n, func(dst []float32) { k.Sub(dst, x, y) })
		add("mul", n, func(dst []float32) { k.Mul(dst, x, y) })
		add("div", n, func(dst []float32) { k.Div(dst, x, y) })
		add("min", n, func(dst []float32) { k.Min(dst, x, y) })
		add("max", n, func(dst []float32) { k.Max(dst, x, y) })
		add("prelu", n, func(dst []float32) { k.PRelu(dst, x, y) })
		add("affine", n, func(dst []float32) { k.Affine(dst, x, 1.7, -.3, -1, 2.5) })
		add("leaky", n, func(dst []float32) { k.Leaky(dst, x, .1) })
		add("hardswish", n, func(dst []float32) { k.HardSwish(dst, x) })
		add("sigmoid", n, func(dst []float32) { k.Sigmoid(dst, x) })
		add("tanh", n, func(dst []float32) { k.Tanh(dst, x) })
		add("gelu", n, func(dst []float32) { k.Gelu(dst, x) })
		add("swish", n, func(dst []float32) { k.Swish(dst, x, 1.3) })
		add("interleave", 2*n, func(dst []float32) { k.Interleave(dst, x, y, .25) })
		add("deinterleave", n, func(dst []float32) { k.Deinterleave(dst[:(n+1)/2], dst[(n+1)/2:], x) })
		add("pack", 8*n, func(dst []float32) { k.PackRows(dst, plainValues(r, 7*n, true), 7, n) })
		add("maxpool", 2*n, func(dst []float32) { k.MaxPool2(dst, plainValues(r, 8*n, true), 2) })
		if n >= Width { // shorter rows are left to plain Go
			rows := plainValues(r, 3*n, n%3 == 0)
			add("softmax", 3*n, func(dst []float32) { k.Softmax(dst, rows, n) })
		}
		if n%Width == 0 {
			rows := plainValues(r, 3*n, false)
			add("normalize", 3*n, func(dst []float32) { k.Normalize(dst, rows, x, y, 1e-5) })
		}
		planeFingerprints(r, isa, n, add)
	}
	sums := map[string]uint32{}
	for name, x := range out {
		sums[name] = fingerprint(x)
	}
	return sums
}

func planeFingerprints(r *rand.Rand, isa string, n int, add func(name string, n int, run func(dst []float32))) {
	for stride := 1; stride <= 2; stride++ {
		p := Plane3{Rows: 3, Cols: n, Pitch: (n-1)*stride + 3, Stride: stride, Bias: .3, Lo: -2, Hi: 2, W: plainValues(r, 9, false)}
		p.X = plainValues(r, p.reach(), true)
		add("plane3", 3*n, func(dst []float32) { p.Out = dst; p.Run(isa) })
		q := Planes3{Channels: 2, InRows: 3 * stride, InCols: n * stride, Rows: 3, Cols: n, Top: 1, Stride: stride, Lo: -2, Hi: 2}
		q.X, q.W, q.Bias = plainValues(r, 18*stride*stride*n+2*Width, true), plainValues(r, 18, false), plainValues(r, 2, false)
		q.Zeros = make([]float32, q.InCols+3*Width)
		add("planes3", 6*n, func(dst []float32) { q.Out = dst; q.Run(isa) })
	}
	d := Depthwise{Rows: 2, Vectors: 1 + n%7, Bias: .1, Lo: -2, Hi: 2, W: plainValues(r, 5, false), Off: []int32{0, 1, 7, 8, 20}, XStep: 9}
	d.OutStep = d.Vectors * Width
	d.X = plainValues(r, 9+20+d.OutStep, true)
	add("depthwise", 2*d.OutStep, func(dst []float32) { d.Out = dst; d.Run(isa) })
	u := Unpack{In: plainValues(r, 4*(4*n+1), true), Add: plainValues(r, 16*n, true), Step: 4*n + 1, OutStep: 4, Lo: -1, Hi: 1}
	add("unpack", 16*n, func(dst []float32) { u.Out = dst; u.Run(isa, 4*n) })
	t := Tile{Rows: 3, OutStep: 7 * Width, Lo: -2, Hi: 2, Off: []int32{0, 3, 4, 11}}
	t.W, t.Bias = plainValues(r, 16, false), plainValues(r, 4, false)
	for v := range 1 + n%7 {
		t.Places = append(t.Places, Place{int32(v * 5), int32(v * Width)})
	}
	t.X = plainValues(r, 60, true)
	add("tile", 3*t.OutStep, func(dst []float32) { t.Out = dst; t.Run(isa) })
}

// Every set of vector instructions gives these, on every architecture: NEON under an emulator is compared with AVX2 by them.
var wantFingerprints = map[string]uint32{
	"add":          0xe515a2db,
	"affine":       0x73d2c3a0,
	"deinterleave": 0xc6a2e166,
	"depthwise":    0xb211e250,
	"div":          0x83fd4fdd,
	"gelu":         0x96b571e8,
	"hardswish":    0x2d81a1ef,
	"interleave":   0xc5f5b347,
	"leaky":        0xc3c285b8,
	"max":          0x69d10025,
	"maxpool":      0x392d9906,
	"min":          0x51e65a90,
	"mul":          0xb74dda4f,
	"normalize":    0x7e7bf699,
	"pack":         0x51dde119,
	"plane3":       0x91a9dd52,
	"planes3":      0xdddd0466,
	"prelu":        0xea56ee5a,
	"sigmoid":      0xeb90685f,
	"softmax":      0x79510170,
	"sub":          0x65ef1c80,
	"swish":        0x9368b6b3,
	"tanh":         0x10e05a15,
	"tile":         0x17b14306,
	"unpack":       0x48da45a7,
}

func TestEverySetGivesTheSameBits(t *testing.T) {
	for _, isa := range []string{cpu.AVX2, cpu.AVX512, cpu.NEON} {
		if !cpu.Has(isa) {
			continue
		}
		got := fingerprints(isa)
		for name, sum := range got {
			if want, ok := wantFingerprints[name]; !ok || sum != want {
				t.Errorf("%s: %q: %#08x, want %#08x", isa, name, sum, want)
			}
		}
		if len(got) != len(wantFingerprints) {
			t.Errorf("%s: %d kernels, want %d", isa, len(got), len(wantFingerprints))
		}
	}
}
