package rans

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
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

// countOf counts symbols of an alphabet of n; none is beyond it.
func countOf(n int, symbols []uint16) []uint64 {
	counts := make([]uint64, n+1)
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
	all := make([]uint64, MaxSymbols+1)
	for i := range all {
		all[i] = 1
	}
	for name, counts := range map[string][]uint64{
		"nothing seen": make([]uint64, 9), "one seen": {0, 9, 0, 0}, "all seen": {5, 5, 0}, "beyond only": {0, 0, 7},
		"largest alphabet": append(make([]uint64, MaxSymbols), 3), "huge counts": {1 << 62, 1, 0, 1 << 40, 0},
		"rare": {1 << 50, 1, 1, 1, 1, 0}, "flat": all[:300],
		"more than frequencies": all,
	} {
		m, err := NewModel(BuildFreq(counts))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for s := range counts {
			if c := m.Cost(s); !(c >= 0 && c <= ProbBits+EscapeBits) {
				t.Errorf("%s: symbol %d costs %v bits", name, s, c)
			}
		}
	}
}

// Rare symbols are cheaper escaped than with a frequency each: the sum of all costs tells.
func TestBuildFreqEscapesWhatIsRare(t *testing.T) {
	counts := make([]uint64, 257)
	counts[0] = 1 << 24
	for s := 1; s < 200; s++ {
		counts[s] = 1
	}
	m := mustModel(t, counts)
	if c := m.Cost(0); c > .001 {
		t.Errorf("the frequent symbol costs %v bits beside 199 rare ones", c)
	}
}

func TestNewModelRefuses(t *testing.T) {
	for name, freq := range map[string][]uint16{
		"no symbols": {4096},
		"one symbol": {4095, 1},
		"too little": {1000, 1000, 1},
		"too much":   {4000, 4000, 1},
		"no escape":  {4000, 96, 0},
		"too many":   append(make([]uint16, MaxSymbols+1), 4096),
		"all live":   append(slices.Repeat([]uint16{1}, 256), 4096-256),
	} {
		if _, err := NewModel(freq); !errors.Is(err, ErrModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What vector kernels can use costs next to nothing more than the best frequencies.
func TestBuildFreqSuitsKernels(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for _, q := range []float64{.01, .1, .3, .5, .7, .8, .9} {
		counts := countOf(256, geometric(rng, 256, 50_000, q))
		weight := make([]float64, len(counts))
		for s, c := range counts {
			weight[s] = float64(c)
		}
		weight[256] = 1
		best := cost(fineFreq(weight, 50_001), weight)
		freq := BuildFreq(counts)
		if c := cost(freq, weight); mustModel(t, counts).small == nil || c > best*(coarseness+.001)+40 {
			t.Errorf("q %v: %.0f bits, the best are %.0f; small tables: %v", q, c, best, fitsSmall(freq))
		}
	}
}

// Small tables and the table of all slots tell the same.
func TestSmallTables(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 6))
	for n := 2; n < 40; n++ {
		m := smallModel(t, rng, n)
		for slot, e := range m.slots {
			r := m.small.coarse[slot/coarseUnit]
			switch {
			case slot < middleFrom:
				r = m.small.fine[slot]
			case slot < coarseFrom:
				r = m.small.middle[slot/middleUnit]
			}
			if r != uint8(e) || uint32(m.small.freq[r]) != e>>20+1 || uint32(slot)-uint32(m.small.start[r]) != e>>8&0xfff {
				t.Fatalf("%d ranks, slot %d: rank %d, entry %#x", n, slot, r, e)
			}
		}
	}
}
