package entropy

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// geometric draws symbols of an alphabet of n with P(s) falling by q.
func geometric(rng *rand.Rand, n, count int, q float64) []uint16 {
	out := make([]uint16, count)
	for i := range out {
		for rng.Float64() < q && int(out[i]) < n-1 {
			out[i]++
		}
	}
	return out
}

func countOf(n int, symbols []uint16) []uint64 {
	counts := make([]uint64, n)
	for _, s := range symbols {
		counts[s]++
	}
	return counts
}

func mustModel(t testing.TB, counts []uint64) *Model {
	t.Helper()
	m, err := NewModel(BuildFreq(counts))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func blank(runs []Run) []Run {
	out := slices.Clone(runs)
	for i := range out {
		out[i].Symbols = make([]uint16, len(runs[i].Symbols))
	}
	return out
}

func TestRANSRoundTripAndSize(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{2, 3, 8, 64, 255, 4096} {
		for _, q := range []float64{.02, .5, .9} {
			var runs []Run
			ideal := 0.0
			for range 5 {
				train := geometric(rng, n, 5000, q)
				m := mustModel(t, countOf(n, train))
				symbols := geometric(rng, n, rng.IntN(4000), q)
				if len(symbols) > 0 {
					symbols[0] = uint16(n - 1) // which the training may not have had
				}
				for _, s := range symbols {
					ideal += m.Cost(int(s))
				}
				runs = append(runs, Run{m, symbols})
			}
			b := AppendRANS([]byte("kept"), runs)
			got := blank(runs)
			if err := DecodeRANS(got, b[4:]); err != nil || string(b[:4]) != "kept" {
				t.Fatalf("%d symbols, q %v: %v", n, q, err)
			}
			for i := range runs {
				if !slices.Equal(got[i].Symbols, runs[i].Symbols) {
					t.Fatalf("%d symbols, q %v: run %d differs", n, q, i)
				}
			}
			if size := float64(8 * (len(b) - 4)); size > ideal*1.005+48 || size < ideal-1 {
				t.Errorf("%d symbols, q %v: %v bits, ideal %v", n, q, size, ideal)
			}
		}
	}
}

// The frequencies' own code length is within 1.5 % of the entropy, or 12-bit rounding's share where symbols are rare.
func TestBuildFreqIsNearTheEntropy(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{2, 8, 64, 256} {
		for _, q := range []float64{.01, .1, .5, .8, .95} {
			counts := countOf(n, geometric(rng, n, 50_000, q))
			m := mustModel(t, counts)
			entropy, cost := 0.0, 0.0
			for s, c := range counts {
				if c > 0 {
					entropy -= float64(c) * math.Log2(float64(c)/50_000)
					cost += float64(c) * m.Cost(s)
				}
			}
			if cost > entropy*1.015+50 {
				t.Errorf("%d symbols, q %v: %.0f bits, entropy %.0f", n, q, cost, entropy)
			}
		}
	}
}

func TestBuildFreqOfExtremes(t *testing.T) {
	all := make([]uint64, 4096)
	for i := range all {
		all[i] = 1
	}
	some := slices.Clone(all)
	some[0] = 0
	for name, counts := range map[string][]uint64{
		"nothing seen": make([]uint64, 8), "one seen": {0, 9, 0}, "all seen": {5, 5}, "largest alphabet": all,
		"all but one": some, "huge counts": {1 << 62, 1, 0, 1 << 40}, "rare": {1 << 50, 1, 1, 1, 1},
	} {
		m, err := NewModel(BuildFreq(counts))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		symbols := make([]uint16, len(counts))
		for i := range symbols {
			symbols[i] = uint16(i)
		}
		got := []Run{{m, make([]uint16, len(symbols))}}
		if err := DecodeRANS(got, AppendRANS(nil, []Run{{m, symbols}})); err != nil || !slices.Equal(got[0].Symbols, symbols) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewModelRefuses(t *testing.T) {
	for name, freq := range map[string][]uint16{
		"no symbols":     {4096},
		"one symbol":     {4096, 0},
		"too little":     {1000, 1000, 0},
		"too much":       {4000, 4000, 0},
		"no escape":      {4096, 0, 0},
		"useless escape": {2000, 2000, 96},
		"too many":       make([]uint16, MaxSymbols+2),
	} {
		if _, err := NewModel(freq); !errors.Is(err, ErrModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRANSRefusesEveryDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	m := mustModel(t, []uint64{100, 50, 20, 0, 5, 0, 0, 1})
	runs := []Run{{m, geometric(rng, 8, 200, .6)}}
	b := AppendRANS(nil, runs)
	for i := range b {
		if err := DecodeRANS(blank(runs), b[:i]); !errors.Is(err, ErrStream) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
		flipped := bytes.Clone(b)
		flipped[i] ^= 1 << rng.IntN(8)
		got := blank(runs)
		if err := DecodeRANS(got, flipped); err == nil && slices.Equal(got[0].Symbols, runs[0].Symbols) {
			t.Fatalf("byte %d flipped and nothing noticed", i)
		}
	}
	if err := DecodeRANS(blank(runs), append(bytes.Clone(b), 0, 0)); !errors.Is(err, ErrStream) {
		t.Errorf("two bytes more: %v", err)
	}
}

func FuzzRANS(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0, 0, 9}, []byte{0, 0, 1, 0})
	f.Add([]byte{}, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, text, stream []byte) {
		counts := make([]uint64, 16)
		for _, c := range text {
			counts[c%16] += uint64(c)
		}
		m := mustModel(t, counts)
		symbols := make([]uint16, len(text))
		for i, c := range text {
			symbols[i] = uint16(c % 16)
		}
		got := []Run{{m, make([]uint16, len(symbols))}}
		if err := DecodeRANS(got, AppendRANS(nil, []Run{{m, symbols}})); err != nil || !slices.Equal(got[0].Symbols, symbols) {
			t.Fatal(err)
		}
		// What a decoder accepts, an encoder writes.
		if err := DecodeRANS(got, stream); err == nil && !bytes.Equal(AppendRANS(nil, got), stream) {
			t.Fatalf("%x is accepted and is not the stream of what it holds", stream)
		}
	})
}

// BenchmarkRANS reports speeds relative to copy() of the float32 values that the symbols stand for.
func BenchmarkRANS(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	symbols := geometric(rng, 64, 1<<16, .6)
	m := mustModel(b, countOf(64, symbols))
	runs := []Run{{m, symbols}}
	stream := AppendRANS(nil, runs)
	src, dst := make([]byte, 4*len(symbols)), make([]byte, 4*len(symbols))
	for name, f := range map[string]func(){
		"encode": func() { stream = AppendRANS(stream[:0], runs) },
		"decode": func() {
			if err := DecodeRANS(runs, stream); err != nil {
				b.Fatal(err)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			var copying, coding time.Duration
			for b.Loop() {
				start := time.Now()
				copy(dst, src)
				middle := time.Now()
				f()
				copying += middle.Sub(start)
				coding += time.Since(middle)
			}
			b.ReportMetric(copying.Seconds()/coding.Seconds(), "x-copy")
		})
	}
}
