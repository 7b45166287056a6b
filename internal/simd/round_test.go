package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// roundedAsWritten is what Rounding says, in float64.
func roundedAsWritten(a float32, r Rounding) float32 {
	y := float64(float32(a * r.Inv))
	if y != y {
		y = 0
	}
	y = min(max(y, float64(r.Low)), float64(r.High))
	return float32(r.Step * float32(int(math.RoundToEven(y))))
}

func FuzzRound(f *testing.F) {
	f.Add(uint64(1), uint16(100))
	f.Fuzz(checkRound)
}

func TestRound(t *testing.T) {
	for n := range uint16(200) {
		checkRound(t, uint64(n), n)
	}
}

func checkRound(t *testing.T, seed uint64, n uint16) {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := append(values(rng, int(n)+1)[1:], 77) // not aligned, and a guard
	for i := range n {
		if rng.IntN(9) == 0 {
			x[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 4e4, -4e4}[rng.IntN(5)]
		}
	}
	l := levels(2+rng.IntN(14), rng.IntN(2) == 0, []float32{1, .37, 3, 0, 1e30}[rng.IntN(5)])
	r := Rounding{l.Inv, l.Low, l.High, []float32{1, .3, 0, 1e-38}[rng.IntN(4)]}
	under(t, func(t *testing.T) {
		got := append([]float32(nil), x...)
		Round(got[:n], r)
		for i, v := range got {
			want := x[i]
			if i < int(n) {
				want = roundedAsWritten(x[i], r)
			}
			if math.Float32bits(v) != math.Float32bits(want) {
				t.Fatalf("%d values, %+v: %v became %v, want %v", n, r, x[i], v, want)
			}
		}
	})
}

func BenchmarkRound(b *testing.B) {
	x := values(rand.New(rand.NewPCG(1, 1)), 4096)
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		Round(x, Rounding{3, 0, 255, .3})
	}
}
