package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// randomTile is a tile of k taps with every pointer misaligned and scattered. Vectors are neighbours, or not, or overlap.
func randomTile(seed uint64, k, vectors int, add bool) *Tile {
	r := rand.New(rand.NewPCG(seed, 1))
	t := &Tile{Rows: 1 + r.IntN(3*Rows), OutStep: (vectors+1)*Width + r.IntN(5), Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1))}
	t.X = values(r, 500+(vectors+1)*Width)
	t.W, t.Bias, t.Out = values(r, k*3*Rows), values(r, 3*Rows), values(r, t.Rows*t.OutStep)
	for range k {
		t.Off = append(t.Off, int32(r.IntN(400)-50))
	}
	base, at := 50+r.IntN(50), 0
	for range vectors {
		t.Places = append(t.Places, Place{int32(base), int32(at)})
		base, at = base+Width, at+Width
		if r.IntN(4) == 0 {
			base = 50 + r.IntN(90)
		}
		if r.IntN(4) == 0 {
			at -= r.IntN(Width)
		}
	}
	if add {
		t.AddStep = r.IntN(2) * (vectors*Width + 3)
		t.Add = values(r, (t.Rows-1)*t.AddStep+vectors*Width)
	}
	if r.IntN(2) == 0 {
		t.Lo, t.Hi = 0, 1
	}
	return t
}

func values(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

// tileExact computes a tile in float64, straight from the formula: what it leaves alone is NaN.
func tileExact(t *Tile) []float64 {
	out := make([]float64, len(t.Out))
	for i := range out {
		out[i] = math.NaN()
	}
	for r := range t.Rows {
		for _, p := range t.Places {
			for i := range Width {
				s := float64(t.Bias[r])
				for k, off := range t.Off {
					s += float64(t.W[(r/Rows*len(t.Off)+k)*Rows+r%Rows]) * float64(t.X[int(p.Base+off)+i])
				}
				if t.Add != nil {
					s += float64(t.Add[r*t.AddStep+int(p.At)+i])
				}
				out[r*t.OutStep+int(p.At)+i] = math.Min(math.Max(s, float64(t.Lo)), float64(t.Hi))
			}
		}
	}
	return out
}

func checkTile(t *testing.T, tile *Tile, isa string) {
	t.Helper()
	want, untouched := tileExact(tile), append([]float32(nil), tile.Out...)
	tile.Run(isa)
	for i, got := range tile.Out {
		if want[i] != want[i] {
			if got != untouched[i] {
				t.Fatalf("%s wrote to %d, outside of all vectors", isa, i)
			}
			continue
		}
		// Random signs: partial sums stay within a few times sqrt(k).
		bound := 1e-6 * (4 + float64(len(tile.Off)))
		if math.Abs(float64(got)-want[i]) > bound {
			t.Fatalf("%s row %d column %d: got %v, want %v", isa, i/tile.OutStep, i%tile.OutStep, got, want[i])
		}
	}
}

func instructionSets() []string {
	sets := []string{cpu.Generic}
	for _, isa := range []string{cpu.AVX2, cpu.AVX512, cpu.NEON} {
		if cpu.Has(isa) {
			sets = append(sets, isa)
		}
	}
	return sets
}

func TestTile(t *testing.T) {
	for _, isa := range instructionSets() {
		for vectors := 1; vectors <= maxVectors; vectors++ {
			for seed, k := range []int{1, 2, 9, 31, 144} {
				checkTile(t, randomTile(uint64(seed), k, vectors, seed%2 == 0), isa)
			}
		}
	}
}

const maxVectors = 20 // of a random tile

func FuzzTile(f *testing.F) {
	f.Add(uint64(1), uint16(27), uint8(2), true)
	f.Add(uint64(2), uint16(1), uint8(0), false)
	f.Fuzz(func(t *testing.T, seed uint64, k uint16, vectors uint8, add bool) {
		for _, isa := range instructionSets() {
			checkTile(t, randomTile(seed, 1+int(k)%600, 1+int(vectors)%maxVectors, add), isa)
		}
	})
}

func randomDepthwise(seed uint64, taps, rows, vectors int) *Depthwise {
	r := rand.New(rand.NewPCG(seed, 2))
	d := &Depthwise{Rows: rows, Vectors: vectors, Bias: r.Float32(), Lo: -1, Hi: 1}
	d.OutStep = vectors*Width + r.IntN(3)
	d.XStep = r.IntN(40)
	d.X = values(r, rows*d.XStep+100+vectors*Width)
	d.W, d.Out = values(r, taps), values(r, rows*d.OutStep)
	for range taps {
		d.Off = append(d.Off, int32(r.IntN(100)))
	}
	return d
}

func checkDepthwise(t *testing.T, d *Depthwise, isa string) {
	t.Helper()
	untouched := append([]float32(nil), d.Out...)
	d.Run(isa)
	for i, got := range d.Out {
		y, c := i/d.OutStep, i%d.OutStep
		if c >= d.Vectors*Width {
			if got != untouched[i] {
				t.Fatalf("%s wrote behind row %d", isa, y)
			}
			continue
		}
		s := float64(d.Bias)
		for k, off := range d.Off {
			s += float64(d.W[k]) * float64(d.X[y*d.XStep+int(off)+c])
		}
		s = math.Min(math.Max(s, float64(d.Lo)), float64(d.Hi))
		if math.Abs(float64(got)-s) > 1e-6*(4+float64(len(d.Off))) {
			t.Fatalf("%s row %d column %d: got %v, want %v", isa, y, c, got, s)
		}
	}
}

func FuzzDepthwise(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(3), uint8(7))
	f.Add(uint64(2), uint8(25), uint8(1), uint8(4))
	f.Fuzz(func(t *testing.T, seed uint64, taps, rows, vectors uint8) {
		for _, isa := range instructionSets() {
			checkDepthwise(t, randomDepthwise(seed, 1+int(taps)%50, 1+int(rows)%9, 1+int(vectors)%9), isa)
		}
	})
}

func TestNaNPassesTheClamp(t *testing.T) {
	for _, isa := range instructionSets() {
		tile := randomTile(1, 3, 3, false)
		tile.Rows, tile.Out = Rows, make([]float32, Rows*tile.OutStep)
		tile.Lo, tile.Hi, tile.Bias[2] = 0, 6, float32(math.NaN())
		tile.Run(isa)
		if v := tile.Out[2*tile.OutStep+5]; v == v {
			t.Errorf("%s turned NaN into %v", isa, v)
		}
		d := randomDepthwise(1, 3, 1, 5)
		d.Bias = float32(math.NaN())
		d.Run(isa)
		if v := d.Out[3]; v == v {
			t.Errorf("%s: depthwise turned NaN into %v", isa, v)
		}
	}
}

// A value must not depend on the tile that computes it: that is what makes results independent of tiling. Nor does it depend
// on which set of vector instructions computes it.
func TestTilesOfAnyWidthAgree(t *testing.T) {
	for _, isa := range instructionSets() {
		whole := randomTile(3, 50, maxVectors, false)
		whole.Rows, whole.Out = Rows, make([]float32, Rows*whole.OutStep)
		if isa == cpu.AVX512 {
			whole.Run(cpu.AVX2)
		} else {
			whole.Run(isa)
		}
		for vectors := 1; vectors < maxVectors; vectors++ {
			part := *whole
			part.Out = make([]float32, len(whole.Out))
			for from := 0; from < maxVectors; from += vectors {
				part.Places = whole.Places[from:min(from+vectors, maxVectors)]
				part.Run(isa)
			}
			for _, p := range whole.Places {
				if got, want := part.Out[2*part.OutStep+int(p.At)], whole.Out[2*part.OutStep+int(p.At)]; got != want {
					t.Fatalf("%s: %d vectors at a time give %v, all give %v", isa, vectors, got, want)
				}
			}
		}
	}
}

func BenchmarkTile(b *testing.B) {
	for _, isa := range instructionSets() {
		for _, vectors := range []int{1, 2, 3, 4, 6, 24} {
			b.Run(fmt.Sprintf("%s/4x%d", isa, vectors*Width), func(b *testing.B) {
				t := randomTile(1, 144, vectors, false)
				t.Rows, t.Out = Rows, make([]float32, Rows*t.OutStep)
				for i := range t.Places {
					t.Places[i] = Place{int32(50 + i*Width), int32(i * Width)}
				}
				for b.Loop() {
					t.Run(isa)
				}
				flops := float64(2 * 144 * Rows * vectors * Width)
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
