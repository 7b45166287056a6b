package simd

import (
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, isa := range sets() {
		restore := cpu.Lower(isa)
		for _, alphabet := range []int{1, 2, 15, 16, 17, 255, 256} {
			for _, n := range []int{0, 1, 63, 64, 65, 255, 256, 1000, 70000} {
				codes := make([]byte, n)
				var want, got [256]uint32
				for i := range codes {
					codes[i] = byte(rng.IntN(alphabet))
					want[codes[i]]++
				}
				got[3], want[3] = 7, want[3]+7
				if Histogram(&got, codes); got != want {
					t.Fatalf("%s, %d codes below %d: %v, want %v", isa, n, alphabet, got, want)
				}
			}
		}
		restore()
	}
}

func BenchmarkHistogram(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	codes := make([]byte, 1<<16)
	for i := range codes {
		codes[i] = byte(max(0, rng.NormFloat64()*3))
	}
	var counts [256]uint32
	for _, isa := range []string{cpu.Generic, cpu.ISA()} {
		b.Run(isa, func(b *testing.B) {
			defer cpu.Lower(isa)()
			b.SetBytes(int64(len(codes)))
			for b.Loop() {
				Histogram(&counts, codes)
			}
		})
	}
}
