package simd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

func TestTranspose(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	for _, isa := range sets() {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			for range 2000 {
				rows, cols := rng.IntN(40), rng.IntN(40)
				dstStride, srcStride := rows+rng.IntN(3), cols+rng.IntN(3)
				src := make([]float32, rows*srcStride+1)[1:]
				for i := range src {
					src[i] = float32(i + 1)
				}
				dst := make([]float32, cols*dstStride)
				want := slices.Clone(dst)
				for r := range rows {
					for c := range cols {
						want[c*dstStride+r] = src[r*srcStride+c]
					}
				}
				Transpose(dst, src, rows, cols, dstStride, srcStride)
				if !slices.Equal(dst, want) { // what lies between rows among it
					t.Fatalf("%d rows of %d values, strides %d and %d", rows, cols, dstStride, srcStride)
				}
			}
		})
	}
}

func TestTransposeRefusesShortSlices(t *testing.T) {
	for _, n := range [][2]int{{31, 32}, {32, 31}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v values: no panic", n)
				}
			}()
			dst, src := make([]float32, n[0], 64), make([]float32, n[1], 64)
			Transpose(dst[:len(dst):len(dst)], src[:len(src):len(src)], 4, 8, 4, 8)
		}()
	}
}

func BenchmarkTranspose(b *testing.B) {
	for _, isa := range sets() {
		for _, s := range [][2]int{{896, 16}, {16, 896}, {65, 16}} {
			b.Run(fmt.Sprintf("%s/%dx%d", isa, s[0], s[1]), func(b *testing.B) {
				defer cpu.Lower(isa)()
				stride := [2]int{192, s[0]}
				if s[0] < s[1] {
					stride = [2]int{s[1], 192}
				}
				src, dst := make([]float32, s[0]*stride[0]), make([]float32, s[1]*stride[1])
				for b.Loop() {
					Transpose(dst, src, s[0], s[1], stride[1], stride[0])
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s[0]*s[1]), "ns/value")
			})
		}
	}
}
