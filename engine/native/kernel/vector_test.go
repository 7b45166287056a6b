package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
)

// special are values at which kernels go wrong.
var special = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 88.4, -87.4, 100, -104, 3e-39,
}

// odd are random values, every eighth of them special if wild is set.
func odd(r *rand.Rand, n int, wild bool) []float32 {
	x := values(r, n)
	for i := range x {
		x[i] *= float32(math.Exp2(r.Float64()*8 - 4))
		if wild && r.IntN(8) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

// guarded is a slice of n values inside memory that must not change, at an odd address.
func guarded(n int) (all, part []float32) {
	all = make([]float32, n+17)
	for i := range all {
		all[i] = -77
	}
	return all, all[9 : 9+n : 9+n]
}

// compare demands equal values where tolerance is 0, else differences below it, relative to the larger of 1 and the value.
func compare(t *testing.T, name string, got, want []float32, tolerance float64) {
	t.Helper()
	for i, v := range want {
		g, w := float64(got[i]), float64(v)
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if d := math.Abs(g - w); !(d <= tolerance*max(1, math.Abs(w))) {
			t.Fatalf("%s of %d values: value %d is %v, want %v", name, len(want), i, g, w)
		}
	}
}

// both runs a kernel of every instruction set into guarded memory, and in place, against plain Go.
func both(t *testing.T, name string, n int, x []float32, tolerance float64, run func(k *Vectors, dst, x []float32)) {
	t.Helper()
	want := make([]float32, n)
	run(&generic, want, x)
	for _, isa := range []string{cpu.AVX2, cpu.AVX512, cpu.NEON} {
		if !cpu.Has(isa) {
			continue
		}
		all, dst := guarded(n)
		run(For(isa), dst, x)
		compare(t, name+" "+isa, dst, want, tolerance)
		for i, v := range all {
			if (i < 9 || i >= 9+n) && v != -77 {
				t.Fatalf("%s of %d values writes beside its output, at %d", name, n, i-9)
			}
		}
		if n == len(x) && name != "pack" && name != "deinterleave" {
			_, in := guarded(n)
			copy(in, x)
			run(For(isa), in, in)
			compare(t, name+" in place", in, want, tolerance)
		}
	}
}

// lengths covers every remainder with and without whole vectors before it.
var lengths = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 23, 24, 25, 31, 32, 33, 48, 63, 64, 65, 100, 257}

func TestVectorsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for _, n := range lengths {
		for range 4 {
			checkVectors(t, r, n)
		}
	}
}

func checkVectors(t *testing.T, r *rand.Rand, n int) {
	t.Helper()
	for _, wild := range []bool{false, true} {
		x, y := odd(r, n, wild), odd(r, n, wild)
		for name, f := range map[string]func(k *Vectors) func(dst, a, b []float32){
			"add":   func(k *Vectors) func(dst, a, b []float32) { return k.Add },
			"sub":   func(k *Vectors) func(dst, a, b []float32) { return k.Sub },
			"mul":   func(k *Vectors) func(dst, a, b []float32) { return k.Mul },
			"div":   func(k *Vectors) func(dst, a, b []float32) { return k.Div },
			"min":   func(k *Vectors) func(dst, a, b []float32) { return k.Min },
			"max":   func(k *Vectors) func(dst, a, b []float32) { return k.Max },
			"prelu": func(k *Vectors) func(dst, a, b []float32) { return k.PRelu },
		} {
			both(t, name, n, x, 0, func(k *Vectors, dst, x []float32) { f(k)(dst, x, y) })
		}
		both(t, "affine", n, x, 0, func(k *Vectors, dst, x []float32) { k.Affine(dst, x, 1.7, -.3, -1, 2.5) })
		both(t, "leaky", n, x, 0, func(k *Vectors, dst, x []float32) { k.Leaky(dst, x, .1) })
		both(t, "hardswish", n, x, 0, func(k *Vectors, dst, x []float32) { k.HardSwish(dst, x) })
		both(t, "sigmoid", n, x, 4e-7, func(k *Vectors, dst, x []float32) { k.Sigmoid(dst, x) })
		both(t, "tanh", n, x, 4e-7, func(k *Vectors, dst, x []float32) { k.Tanh(dst, x) })
		both(t, "gelu", n, finite(x), 1e-6, func(k *Vectors, dst, x []float32) { k.Gelu(dst, x) })
		both(t, "swish", n, finite(x), 4e-7, func(k *Vectors, dst, x []float32) { k.Swish(dst, x, 1.3) })
		rows := odd(r, 3*n, wild)
		both(t, "softmax", 3*n, rows, 2e-6, func(k *Vectors, dst, x []float32) { k.Softmax(dst, x, n) })
		scale, bias := values(r, n), values(r, n)
		both(t, "normalize wild rows", 3*n, odd(r, 3*n, wild), 3e-6, func(k *Vectors, dst, x []float32) { k.Normalize(dst, x, scale, bias, 0) })
		both(t, "normalize", 3*n, odd(r, 3*n, false), 3e-6, func(k *Vectors, dst, x []float32) { k.Normalize(dst, x, scale, bias, 1e-5) })
		flat := slices.Repeat([]float32{r.Float32()*100 - 50}, 3*n)
		both(t, "normalize flat rows", 3*n, flat, 3e-6, func(k *Vectors, dst, x []float32) { k.Normalize(dst, x, scale, bias, 1e-12) })
		both(t, "deinterleave", n, x, 0, func(k *Vectors, dst, x []float32) { k.Deinterleave(dst[:(n+1)/2], dst[(n+1)/2:], x) })
		both(t, "interleave", 2*n, x, 0, func(k *Vectors, dst, x []float32) { k.Interleave(dst, x, y, .25) })
		both(t, "maxpool", 3*n, odd(r, 12*n, wild), 0, func(k *Vectors, dst, x []float32) { k.MaxPool2(dst, x, 3) })
	}
	for rows := 1; rows < 10; rows++ {
		x := values(r, rows*n)
		both(t, "pack", (rows+Rows-1)/Rows*Rows*n, x, 0, func(k *Vectors, dst, x []float32) { k.PackRows(dst, x, rows, n) })
		both(t, "pack forward", (rows+Rows-1)/Rows*Rows*n, x, 0, func(k *Vectors, dst, x []float32) {
			same := append(make([]float32, Rows*n), x...)
			k.PackRows(same, same[Rows*n:], rows, n)
			copy(dst, same)
		})
	}
}

// finite replaces infinities: 0 * Inf is NaN by the formulas.
func finite(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = v
		if math.IsInf(float64(v), 0) {
			out[i] = 3
		}
	}
	return out
}

// What approximates is compared at every hundredth float of the range that matters.
func TestPolynomialsOverTheirRange(t *testing.T) {
	var x []float32
	for bits := uint32(0x2f800000); bits < 0x42c80000; bits += 97 { // 2^-32 to 100
		v := math.Float32frombits(bits)
		x = append(x, v, -v)
		if len(x) >= 1<<16 {
			both(t, "sigmoid", len(x), x, 4e-7, func(k *Vectors, dst, x []float32) { k.Sigmoid(dst, x) })
			both(t, "tanh", len(x), x, 4e-7, func(k *Vectors, dst, x []float32) { k.Tanh(dst, x) })
			both(t, "gelu", len(x), x, 1e-6, func(k *Vectors, dst, x []float32) { k.Gelu(dst, x) })
			both(t, "swish", len(x), x, 4e-7, func(k *Vectors, dst, x []float32) { k.Swish(dst, x, 1) })
			x = x[:0]
		}
	}
}

func FuzzVectors(f *testing.F) {
	f.Add(uint64(1), 17)
	f.Fuzz(func(t *testing.T, seed uint64, n int) {
		checkVectors(t, rand.New(rand.NewPCG(seed, 9)), 1+int(uint(n)%300))
	})
}

// BenchmarkVectors gives what a value takes by every instruction set, in turn, in the first-level cache, and the ratio of plain
// Go to the best of them; apart from whole cache lines, too.
func BenchmarkVectors(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 5))
	const n = 2048
	for _, off := range []int{0, 3} {
		x, y, dst := odd(r, n+off, false)[off:], odd(r, n+off, false)[off:], make([]float32, n+off)[off:]
		for _, v := range []struct {
			name string
			run  func(k *Vectors)
		}{
			{"add", func(k *Vectors) { k.Add(dst, x, y) }},
			{"div", func(k *Vectors) { k.Div(dst, x, y) }},
			{"max", func(k *Vectors) { k.Max(dst, x, y) }},
			{"prelu", func(k *Vectors) { k.PRelu(dst, x, y) }},
			{"affine", func(k *Vectors) { k.Affine(dst, x, 2, 1, 0, 6) }},
			{"leaky", func(k *Vectors) { k.Leaky(dst, x, .1) }},
			{"hardswish", func(k *Vectors) { k.HardSwish(dst, x) }},
			{"sigmoid", func(k *Vectors) { k.Sigmoid(dst, x) }},
			{"swish", func(k *Vectors) { k.Swish(dst, x, 1) }},
			{"tanh", func(k *Vectors) { k.Tanh(dst, x) }},
			{"gelu", func(k *Vectors) { k.Gelu(dst, x) }},
			{"softmax65", func(k *Vectors) { k.Softmax(dst[:31*65], x[:31*65], 65) }},
			{"normalize", func(k *Vectors) { k.Normalize(dst, x, y[:128], y[:128], 1e-5) }},
			{"pack", func(k *Vectors) { k.PackRows(dst, x, 16, 128) }},
			{"maxpool", func(k *Vectors) { k.MaxPool2(dst[:n/4], x, 16) }},
			{"interleave", func(k *Vectors) { k.Interleave(dst, x[:n/2], y[:n/2], 1) }},
			{"deinterleave", func(k *Vectors) { k.Deinterleave(dst[:n/2], dst[n/2:], x) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", v.name, off), func(b *testing.B) {
				compareSets(b, n, func(isa string) { v.run(For(isa)) })
			})
		}
	}
}

// compareSets times run, which computes n values, with every instruction set in turn, and takes the best of all rounds: what
// else the machine does must not count.
func compareSets(b *testing.B, n int, run func(isa string)) {
	const repeats = 16
	sets := instructionSets()
	times := make([]int64, len(sets))
	for b.Loop() {
		for i, isa := range sets {
			start := time.Now()
			for range repeats {
				run(isa)
			}
			if took := time.Since(start).Nanoseconds(); times[i] == 0 || took < times[i] {
				times[i] = took
			}
		}
	}
	for i, isa := range sets {
		b.ReportMetric(float64(times[i])/float64(repeats*n), isa+"-ns/value")
	}
	b.ReportMetric(float64(times[0])/float64(slices.Min(times)), "x-generic")
}
