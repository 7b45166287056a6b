package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// TestProduct compares all bits with sums in the order that is promised.
func TestProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for _, isa := range sets() {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			for range 300 {
				rows, cols, n := 1+rng.IntN(11), rng.IntN(20), 1+rng.IntN(70)
				a, x := numbers(rng, rows*cols), numbers(rng, cols*n)
				panels := make([]float32, PanelsSize(rows, cols))
				Panels(panels, rows, cols, func(r, c int) float32 { return a[r*cols+c] })
				dst := make([]float32, rows*n+1)
				dst[rows*n] = 7
				Product(dst[:rows*n], panels, x, rows, cols, n)
				for i := range rows * n {
					sum := float32(0)
					for c := range cols {
						p := a[i/n*cols+c] * x[c*n+i%n]
						sum = float32(sum + float32(p))
					}
					if math.Float32bits(sum) != math.Float32bits(dst[i]) && sum == sum {
						t.Fatalf("%d by %d by %d, value %d: %v, %v expected", rows, cols, n, i, dst[i], sum)
					}
				}
				if dst[rows*n] != 7 {
					t.Fatalf("%d by %d by %d: written behind the end", rows, cols, n)
				}
			}
		})
	}
}

// numbers are of many magnitudes, some of them 0.
func numbers(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if rng.IntN(5) > 0 {
			x[i] = float32(rng.NormFloat64() * math.Exp(8*rng.NormFloat64()))
		}
	}
	return x
}

func BenchmarkProduct(b *testing.B) {
	for _, isa := range sets() {
		for _, channels := range []int{32, 64, 512} {
			b.Run(fmt.Sprintf("%s/%d", isa, channels), func(b *testing.B) {
				defer cpu.Lower(isa)()
				n := 1 << 14 / channels
				x, dst := make([]float32, channels*n), make([]float32, channels*n)
				panels := make([]float32, PanelsSize(channels, channels))
				b.SetBytes(4 * int64(channels) * int64(n))
				for b.Loop() {
					Product(dst, panels, x, channels, channels, n)
				}
			})
		}
	}
}
