package huffman

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// skewed are counts of very different sizes, some 0.
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

// cost is the size of a code in bits.
func cost(counts []uint64, lengths []uint8) (sum uint64) {
	for s, n := range counts {
		sum += n * uint64(lengths[s])
	}
	return sum
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
		if got, want := cost(smoothed, limitedLengths(counts, 30)), unlimitedCost(smoothed); got != want {
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
		lengths := limitedLengths(counts, 4)
		smoothed := make([]uint64, len(counts))
		for i, c := range counts {
			smoothed[i] = c + 1
		}
		got := cost(smoothed, lengths)
		slices.Sort(smoothed)
		if want := bestLimited(smoothed, 4, 16); got != want || slices.Max(lengths) > 4 {
			t.Fatalf("seed %d: cost %d, the optimum is %d; lengths %v", seed, got, want, lengths)
		}
	}
}
