package rans

import (
	"cmp"
	"math"
	"slices"
)

// rareness is from when on a symbol is cheaper as an escape: a frequency of 1 in 4096 costs all others log2(e)/4096 bits
// each, an escape about 16 bits more than a frequency of 1.
const rareness = 45_000

// BuildFreq gives the frequencies for NewModel that code what was counted in the fewest bits, but for rounding: where
// it costs next to nothing they are such that the vector kernels can use them. The last count is that of values beyond
// the alphabet. What is rare or was not seen shares the escape.
func BuildFreq(counts []uint64) []uint16 {
	n := len(counts) - 1
	total := 1.0
	for _, c := range counts {
		total += float64(c)
	}
	weight := make([]float64, n+1)
	weight[n] = 1 + float64(counts[n])
	for s, c := range counts[:n] {
		if float64(c)*rareness < total {
			weight[n] += float64(c)
		} else {
			weight[s] = float64(c)
		}
	}
	escapeRarest(weight, MaxLive)
	fine := fineFreq(weight, total)
	common := slices.Clone(weight)
	escapeRarest(common, maxSmall)
	if coarse := coarseFreq(common, total); coarse != nil && cost(coarse, weight) <= coarseness*cost(fine, weight) {
		return coarse
	}
	return fine
}

// coarseness is what a model that vector kernels can use may take, relative to the best.
const coarseness = 1.003

// escapeRarest lets at most limit symbols have a weight, the last one being the escape; it takes what others had.
func escapeRarest(weight []float64, limit int) {
	n := len(weight) - 1
	var live []int
	for s, w := range weight[:n] {
		if w > 0 {
			live = append(live, s)
		}
	}
	if len(live) < limit {
		return
	}
	slices.SortStableFunc(live, func(a, b int) int { return cmp.Compare(weight[b], weight[a]) })
	for _, s := range live[limit-1:] {
		weight[n] += weight[s]
		weight[s] = 0
	}
}

// cost is the ideal length in bits of what the weights count.
func cost(freq []uint16, weight []float64) float64 {
	sum, escape := 0.0, freq[len(freq)-1]
	for s, w := range weight {
		switch {
		case w == 0:
		case freq[s] > 0:
			sum += w * (ProbBits - math.Log2(float64(freq[s])))
		default:
			sum += w * (ProbBits - math.Log2(float64(escape)) + EscapeBits)
		}
	}
	return sum
}

// fineFreq rounds to the best frequencies.
func fineFreq(weight []float64, total float64) []uint16 {
	freq := make([]uint16, len(weight))
	left := probScale
	for s, w := range weight {
		if w > 0 {
			freq[s] = uint16(max(1, min(probScale, int(math.Round(w/total*probScale)))))
			left -= int(freq[s])
		}
	}
	for left != 0 {
		left -= adjust(freq, weight, left > 0)
	}
	return freq
}

// adjust raises the frequency that gains most, or lowers the one that loses least; it returns the change.
func adjust(freq []uint16, weight []float64, up bool) int {
	best, value := -1, math.Inf(-1)
	for s, f := range freq {
		v := math.Inf(-1)
		switch {
		case weight[s] == 0:
		case up:
			v = weight[s] * math.Log2(float64(f+1)/float64(f))
		case f > 1:
			v = -weight[s] * math.Log2(float64(f)/float64(f-1))
		}
		if v > value {
			best, value = s, v
		}
	}
	if up {
		freq[best]++
		return 1
	}
	freq[best]--
	return -1
}

// coarseFreq rounds to frequencies that smallTables can hold, nil if there are none: multiples of 32, of 4 for rarer
// symbols, and anything for the rarest; the most frequent symbol takes what is left. Where to draw the lines between
// them is tried out.
func coarseFreq(weight []float64, total float64) (best []uint16) {
	least := math.Inf(1)
	for _, one := range []float64{6, 4, 3, 2} {
		for _, four := range []float64{48, 32, 24, 16} {
			for _, half := range []float64{.5, .25, 0} {
				freq := roundCoarsely(weight, total, one, four, half)
				if freq == nil || !fitsSmall(freq) {
					continue
				}
				if c := cost(freq, weight); c < least {
					best, least = freq, c
				}
			}
		}
	}
	return best
}

// roundCoarsely rounds weights below one to any number, those below four to multiples of 4 and others to multiples of
// 32, up from half a unit on. It returns nil if nothing is left for the largest.
func roundCoarsely(weight []float64, total, one, four, half float64) []uint16 {
	freq := make([]uint16, len(weight))
	top := slices.Index(weight, slices.Max(weight))
	nearTop := (weight[top]/total)*probScale - 48 // the others must not become as large
	left, odd, last := probScale, 0, -1
	for s, w := range weight {
		if w == 0 || s == top {
			continue
		}
		w *= probScale / total
		unit, up := 32., half
		switch {
		case w >= nearTop && w >= four:
			up = 0
		case w < one:
			unit, up = 1, .5
		case w < four:
			unit, up = 4, .5
		}
		f := int(max(1, math.Floor(w/unit+up)) * unit)
		if f%4 != 0 && (last < 0 || f > int(freq[last])) {
			last = s
		}
		odd += f % 4
		left -= f
		freq[s] = uint16(f)
	}
	if last >= 0 { // what is no multiple of 4 must sum to one
		freq[last] += uint16(-odd & 3)
		left -= -odd & 3
	}
	if left <= 0 {
		return nil
	}
	freq[top] = uint16(left)
	return freq
}

// fitsSmall tells whether smallTables can hold a model of these frequencies.
func fitsSmall(freq []uint16) bool {
	n := len(freq) - 1
	live := []uint16{freq[n]}
	for _, f := range freq[:n] {
		if f > 0 {
			live = append(live, f)
		}
	}
	return onGrid(live, slotOrder(live))
}
