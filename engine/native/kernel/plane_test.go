package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// plane3 is a random channel; every value that must not count is NaN, save what whole vectors may read.
func plane3(r *rand.Rand, rows, cols, stride int) *Plane3 {
	p := &Plane3{Rows: rows, Cols: cols, Stride: stride, Bias: .3, Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1)), W: values(r, 9)}
	if r.IntN(2) == 0 {
		p.Lo, p.Hi = 0, 1
	}
	p.Pitch = (cols-1)*stride + 3 + r.IntN(3)
	p.X = values(r, p.reach())
	return p
}

// checkPlanes3 compares with the plain twin, and where padding is like that of a band or of a whole map.
func checkPlanes3(t *testing.T, r *rand.Rand, rows, cols, stride int) {
	t.Helper()
	p := &Planes3{Channels: 1 + r.IntN(5), Rows: rows, Cols: cols, InCols: cols * stride, Top: r.IntN(2), Stride: stride, Lo: -1, Hi: 1}
	p.InRows = max(1, (rows-1)*stride+3-p.Top-r.IntN(2))
	p.Zeros, p.W, p.Bias = make([]float32, p.InCols+3*Width), values(r, 9*p.Channels), values(r, p.Channels)
	n := p.Channels * p.InRows * p.InCols
	p.X = values(r, n+2*Width)
	for i := n; i < len(p.X); i++ {
		p.X[i] = float32(math.NaN())
	}
	p.X[r.IntN(n)] = float32(math.Inf(1))
	if r.IntN(3) == 0 {
		p.W[r.IntN(len(p.W))] = float32(math.Inf(1 - 2*r.IntN(2))) // times what lies beside a plane
	}
	want := make([]float32, p.Channels*rows*cols)
	p.Out = want
	planes3Generic(p)
	all, out := guarded(len(want))
	p.Out = out
	p.Run(cpu.Engine())
	compare(t, "planes3", out, want, 2e-6)
	for i, v := range all {
		if (i < 9 || i >= 9+len(out)) && v != -77 {
			t.Fatalf("planes3 of %dx%d writes beside its output, at %d", rows, cols, i-9)
		}
	}
}

func checkPlanes(t *testing.T, r *rand.Rand, rows, cols int) {
	t.Helper()
	for stride := 1; stride <= 2; stride++ {
		p := plane3(r, rows, cols, stride)
		want := make([]float32, rows*cols)
		p.Out = want
		plane3Generic(p)
		all, out := guarded(rows * cols)
		p.Out = out
		p.Run(cpu.Engine())
		compare(t, "plane3", out, want, 2e-6)
		for i, v := range all {
			if (i < 9 || i >= 9+len(out)) && v != -77 {
				t.Fatalf("plane3 of %dx%d writes beside its output, at %d", rows, cols, i-9)
			}
		}
	}
	for _, stride := range []int{1, 2} {
		checkPlanes3(t, r, rows, cols, stride)
	}
	n := 4 * rows
	u := Unpack{In: values(r, 4*n+30), Step: n + 5, OutStep: cols + 4, Lo: 0, Hi: float32(math.Inf(1))}
	if rows%2 == 0 {
		u.Add = values(r, n*u.OutStep)
	}
	want, got := make([]float32, n*u.OutStep), make([]float32, n*u.OutStep)
	u.Out = want
	unpackGeneric(&u, n)
	u.Out = got
	u.Run(cpu.Engine(), n)
	compare(t, "unpack", got, want, 0)
}

func TestPlanesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for rows := 1; rows < 9; rows++ {
		for cols := 1; cols < 70; cols++ {
			checkPlanes(t, r, rows, cols)
		}
	}
}

func FuzzPlanes(f *testing.F) {
	f.Add(uint64(1), 3, 9)
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols int) {
		checkPlanes(t, rand.New(rand.NewPCG(seed, 2)), 1+int(uint(rows)%20), 1+int(uint(cols)%200))
	})
}

// BenchmarkPlanes is BenchmarkVectors for depthwise convolutions of MobileNetV2's widths.
func BenchmarkPlanes(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, stride := range []int{1, 2} {
		for _, cols := range []int{56, 28, 14, 7} {
			rows, n := min(14, cols), min(14, cols)*cols
			p := plane3(r, rows, cols, stride)
			p.Out = make([]float32, n)
			b.Run(fmt.Sprintf("padded/%d/%d", stride, cols), func(b *testing.B) { compareSets(b, n, func(isa string) { p.Run(isa) }) })
			q := &Planes3{Channels: 1, InRows: rows * stride, InCols: cols * stride, Rows: rows, Cols: cols, Top: 1, Stride: stride, Hi: 6}
			q.Zeros, q.W, q.Bias, q.Out = make([]float32, q.InCols+3*Width), values(r, 9), values(r, 1), make([]float32, n)
			q.X = values(r, q.InRows*q.InCols+2*Width)
			b.Run(fmt.Sprintf("plain/%d/%d", stride, cols), func(b *testing.B) { compareSets(b, n, func(isa string) { q.Run(isa) }) })
		}
	}
}
