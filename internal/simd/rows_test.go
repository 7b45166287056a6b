package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

func FuzzRows(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkRows)
}

func TestRows(t *testing.T) {
	for seed := range uint64(300) {
		checkRows(t, seed)
	}
}

// checkRows compares with codes by the words of spec/numerics.md.
func checkRows(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	r := Rows{Rows: 1 + rng.IntN(5), Length: 1 + rng.IntN(150)}
	r.Stride = r.Length + rng.IntN(3)*rng.IntN(9)
	x := values(rng, r.reach()+1)[1:] // not aligned
	n := r.Rows * r.Length
	signed := rng.IntN(2) == 0
	l := levels(8, signed, []float32{1, .37, 3, 0}[rng.IntN(4)])
	under(t, func(t *testing.T) {
		const guard = 0xa5
		codes := make([]byte, n+RowsSlack+1)
		codes[n+RowsSlack] = guard
		finite, within := QuantizeRows(codes, x, r, l)
		wanted := true
		back := make([]float32, len(x)+8)
		for i := range back {
			back[i] = 12345
		}
		DequantizeRows(back, r, codes, .3, signed)
		for i, v := range back {
			row, col := i/r.Stride, i%r.Stride
			if row >= r.Rows || col >= r.Length {
				if v != 12345 {
					t.Fatalf("%+v: wrote beyond a row", r)
				}
				continue
			}
			want, ok := slowCode(x[i], l)
			wanted = wanted && ok
			if got := codes[row*r.Length+col]; got != byte(want) {
				t.Fatalf("%+v, %+v: code %d of %v, want %d", r, l, got, x[i], byte(want))
			}
			if w := float32(.3) * float32(want); math.Float32bits(v) != math.Float32bits(w) {
				t.Fatalf("%+v: code %d became %v, want %v", r, want, v, w)
			}
		}
		if !finite || within != wanted || codes[n+RowsSlack] != guard {
			t.Fatalf("%+v, %+v: finite %v, within %v, want %v, guard %x", r, l, finite, within, wanted, codes[n+RowsSlack])
		}
		x[r.reach()-1] = float32(math.Inf(-1))
		if finite, _ := QuantizeRows(codes, x, r, l); finite {
			t.Fatalf("%+v: an infinity is not seen", r)
		}
		x[r.reach()-1] = 1
	})
}

func BenchmarkRows(b *testing.B) {
	for _, length := range []int{4096, 49, 32} {
		r := Rows{Stride: length + 3, Rows: 4096 / length, Length: length}
		x, codes, rng := make([]float32, r.reach()), make([]byte, 4096+RowsSlack), rand.New(rand.NewPCG(1, 1))
		for i := range x {
			x[i] = float32(30 * rng.NormFloat64())
		}
		perValue := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.Rows*r.Length), "ns/value")
		}
		b.Run("quantize", func(b *testing.B) {
			for b.Loop() {
				QuantizeRows(codes, x, r, levels(8, false, 1))
			}
			perValue(b)
		})
		b.Run("dequantize", func(b *testing.B) {
			for b.Loop() {
				DequantizeRows(x, r, codes, 1, false)
			}
			perValue(b)
		})
	}
}
