package entropy

import (
	"container/heap"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func skewed(n int, seed uint64) []uint64 {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	counts := make([]uint64, n)
	for i := range counts {
		counts[i] = uint64(math.Exp(rng.Float64() * 18))
		if rng.IntN(4) == 0 {
			counts[i] = 0
		}
	}
	return counts
}

func sample(counts []uint64, n int, seed uint64) []uint16 {
	rng := rand.New(rand.NewPCG(seed, 7))
	var total uint64
	for _, c := range counts {
		total += c
	}
	out := make([]uint16, n)
	for i := range out {
		at := rng.Uint64N(total)
		for s, c := range counts {
			if at < c {
				out[i] = uint16(s)
				break
			}
			at -= c
		}
	}
	return out
}

func mustHuffman(t testing.TB, counts []uint64) *Huffman {
	t.Helper()
	h, err := NewHuffman(BuildLengths(counts, MaxLen))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{2, 3, 8, 64, 4096} {
		counts := skewed(n, 1)
		h := mustHuffman(t, counts)
		var all []uint16 // every symbol at least once, the long words, too
		for s := range n {
			all = append(all, uint16(s))
		}
		all = append(all, sample(counts, 3000, 2)...)
		for _, symbols := range [][]uint16{nil, all[:1], all[n-1 : n], all} {
			coded := h.Append([]byte{5}, symbols)
			back := make([]uint16, len(symbols))
			if err := h.Decode(back, coded[1:]); err != nil || !slices.Equal(back, symbols) {
				t.Fatalf("%d symbols of %d: %v", len(symbols), n, err)
			}
			got := make([]uint64, n)
			for _, s := range symbols {
				got[s]++
			}
			if want := int(h.Bits(got)+7) / 8; len(coded)-1 != want || coded[0] != 5 {
				t.Fatalf("%d bytes, Bits says %d", len(coded)-1, want)
			}
		}
	}
}

// The documented bit order, by hand: lengths 1 2 3 3 give the words 0 10 110 111.
func TestBitOrder(t *testing.T) {
	h, err := NewHuffman([]uint8{1, 2, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	// 110 0 10 111 -> from the lowest bit: 1 1 0 0 1 0 1 1 | 1
	if got := h.Append(nil, []uint16{2, 0, 1, 3}); !slices.Equal(got, []byte{0b11010011, 0b1}) {
		t.Errorf("%08b", got)
	}
}

type counted []struct{ weight, depthSum uint64 }

func (c counted) Len() int           { return len(c) }
func (c counted) Less(i, j int) bool { return c[i].weight < c[j].weight }
func (c counted) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *counted) Push(x any)        { *c = append(*c, x.(struct{ weight, depthSum uint64 })) }
func (c *counted) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// unlimitedCost is the cost of Huffman's own algorithm: the sum of all merged weights.
func unlimitedCost(counts []uint64) uint64 {
	var c counted
	for _, n := range counts {
		c = append(c, struct{ weight, depthSum uint64 }{n, 0})
	}
	heap.Init(&c)
	var cost uint64
	for len(c) > 1 {
		a, b := heap.Pop(&c).(struct{ weight, depthSum uint64 }), heap.Pop(&c).(struct{ weight, depthSum uint64 })
		cost += a.weight + b.weight
		heap.Push(&c, struct{ weight, depthSum uint64 }{a.weight + b.weight, 0})
	}
	return cost
}

func TestLengthsAreOptimal(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		counts := make([]uint64, 2+rng.IntN(60))
		for i := range counts {
			counts[i] = rng.Uint64N(1000)
		}
		smoothed := make([]uint64, len(counts))
		for i, c := range counts {
			smoothed[i] = c + 1
		}
		h := mustHuffman(t, counts)
		if got, want := h.Bits(smoothed), unlimitedCost(smoothed); got != want {
			t.Fatalf("seed %d: %d bits, the optimum is %d", seed, got, want)
		}
	}
}

// bestLimited finds the optimum under a limit by trying every multiset of lengths (longer ones to rarer symbols).
func bestLimited(sorted []uint64, maxLen, kraft int) uint64 {
	if len(sorted) == 0 {
		if kraft == 0 {
			return 0
		}
		return math.MaxUint64
	}
	best := uint64(math.MaxUint64)
	for l := 1; l <= maxLen; l++ {
		unit := 1 << (maxLen - l)
		if unit > kraft {
			continue
		}
		if rest := bestLimited(sorted[1:], maxLen, kraft-unit); rest < math.MaxUint64 {
			best = min(best, rest+uint64(l)*sorted[0])
		}
	}
	return best
}

func TestLengthsAreOptimalUnderALimit(t *testing.T) {
	for seed := range uint64(30) {
		counts := skewed(7, seed)
		lengths := BuildLengths(counts, 4)
		var cost uint64
		smoothed := make([]uint64, len(counts))
		for i, c := range counts {
			smoothed[i] = c + 1
			cost += uint64(lengths[i]) * smoothed[i]
		}
		slices.Sort(smoothed)
		if want := bestLimited(smoothed, 4, 16); cost != want || slices.Max(lengths) > 4 {
			t.Fatalf("seed %d: cost %d, the optimum is %d; lengths %v", seed, cost, want, lengths)
		}
	}
}

func TestNewHuffmanRefuses(t *testing.T) {
	for name, l := range map[string][]uint8{
		"one symbol": {1}, "none": nil, "zero length": {0, 1}, "too long": {1, 16}, "incomplete": {2, 2, 2}, "over-full": {1, 1, 1},
		"too many": make([]uint8, MaxSymbols+1),
	} {
		if _, err := NewHuffman(l); !errors.Is(err, ErrLengths) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	counts := skewed(64, 4)
	h := mustHuffman(t, counts)
	symbols := sample(counts, 100, 5)
	coded := h.Append(nil, symbols)
	dst := make([]uint16, len(symbols))
	for i := range coded {
		if err := h.Decode(dst, coded[:i]); !errors.Is(err, ErrStream) {
			t.Errorf("prefix of %d bytes: %v", i, err)
		}
	}
	if err := h.Decode(dst, append(slices.Clone(coded), 0)); !errors.Is(err, ErrStream) {
		t.Errorf("a byte too many: %v", err)
	}
	two := mustHuffman(t, []uint64{1, 1})
	if err := two.Decode(dst[:3], []byte{0b1000}); !errors.Is(err, ErrStream) {
		t.Errorf("padding set: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	codes := []*Huffman{}
	for _, n := range []int{2, 8, 300} {
		codes = append(codes, mustHuffman(f, skewed(n, 6)))
	}
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint16(5), uint8(1))
	f.Fuzz(func(t *testing.T, src []byte, n uint16, which uint8) {
		h := codes[int(which)%len(codes)]
		dst := make([]uint16, int(n)%5000)
		if h.Decode(dst, src) == nil && !slices.Equal(h.Append(nil, dst), src) {
			t.Fatal("accepted, yet encodes to other bytes")
		}
	})
}

func FuzzNewHuffman(f *testing.F) {
	f.Add([]byte{1, 2, 3, 3})
	f.Fuzz(func(t *testing.T, lengths []byte) {
		h, err := NewHuffman(lengths)
		if err != nil {
			return
		}
		symbols := make([]uint16, len(lengths))
		for s := range symbols {
			symbols[s] = uint16(s)
		}
		back := make([]uint16, len(symbols))
		if err := h.Decode(back, h.Append(nil, symbols)); err != nil || !slices.Equal(back, symbols) {
			t.Fatal(err)
		}
	})
}

func BenchmarkHuffman(b *testing.B) {
	const n = 1 << 18
	counts := []uint64{700, 90, 60, 40, 30, 20, 15, 10}
	h := mustHuffman(b, counts)
	symbols := sample(counts, n, 1)
	x, y := make([]float32, n), make([]float32, n)
	start := time.Now()
	for range 100 {
		copy(y, x)
	}
	base := float64(time.Since(start)) / 100
	var buf []byte
	b.Run("append", func(b *testing.B) {
		b.SetBytes(4 * n)
		for b.Loop() {
			buf = h.Append(buf[:0], symbols)
		}
		b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
	})
	b.Run("decode", func(b *testing.B) {
		buf = h.Append(buf[:0], symbols)
		b.SetBytes(4 * n)
		for b.Loop() {
			if err := h.Decode(symbols, buf); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
	})
}
