package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// completedAsWritten is what Complete says, for one row.
func completedAsWritten(row []float32) {
	sum := 0.0
	for _, v := range row {
		sum += float64(v)
	}
	lacks := float32((1 - sum) / float64(len(row)))
	for i := range row {
		row[i] += lacks
	}
}

func FuzzComplete(f *testing.F) {
	f.Add(uint64(1), uint16(520), uint8(65))
	f.Fuzz(checkComplete)
}

func TestComplete(t *testing.T) {
	for n := range uint8(40) {
		for _, rows := range []uint16{0, 1, 7, 8, 9, 17} {
			checkComplete(t, uint64(n), rows*uint16(n)+3, n)
		}
	}
}

func checkComplete(t *testing.T, seed uint64, values uint16, n uint8) {
	rng := rand.New(rand.NewPCG(seed, 2))
	x := make([]float32, int(values)+1)
	for i := range x {
		x[i] = float32(rng.NormFloat64() * math.Pow(2, float64(rng.IntN(60)-30)))
		if rng.IntN(400) == 0 {
			x[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32}[rng.IntN(4)]
		}
	}
	x = x[1:] // not aligned
	want := append([]float32(nil), x...)
	for row := want; n > 0 && len(row) >= int(n); row = row[n:] {
		completedAsWritten(row[:n])
	}
	under(t, func(t *testing.T) {
		got := append(append([]float32(nil), x...), 77)
		Complete(got[:len(x)], int(n))
		for i, v := range got[:len(x)] {
			if math.Float32bits(v) != math.Float32bits(want[i]) && (v == v || want[i] == want[i]) {
				t.Fatalf("value %d in rows of %d: %v became %v, want %v", i, n, x[i], v, want[i])
			}
		}
		if got[len(x)] != 77 {
			t.Fatal("the value behind changed")
		}
	})
}

func BenchmarkComplete(b *testing.B) {
	x := make([]float32, 65*65)
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		Complete(x, 65)
	}
}
