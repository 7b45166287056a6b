package calib

import (
	"cmp"
	"math"
	"slices"

	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/profile"
)

// numModels is how many probability models a network gets for each size of alphabet (METHOD section 4.4): a model per
// channel saves 2 % of the codes and costs more than that in the profile and on other images.
const numModels = 16

// channelCounts is a channel's histogram and its place.
type channelCounts struct {
	edge, channel int
	counts        []uint32
	total         float64
	mean          float64 // bits per value, by its own distribution
}

// cluster finds models that channels share, and which model each channel has: channels of one alphabet begin sorted by
// their entropy and cut into groups of equal weight, then models and choices are improved in turn.
func cluster(edges []profile.Edge, counts []histogram) (models [][]uint16, chosen [][]uint8) {
	byAlphabet := map[int][]*channelCounts{}
	chosen = make([][]uint8, len(edges))
	for i, h := range counts {
		chosen[i] = make([]uint8, len(h))
		for c, n := range h {
			k := &channelCounts{edge: i, channel: c, counts: n}
			k.measure()
			byAlphabet[len(n)] = append(byAlphabet[len(n)], k)
		}
	}
	var sizes []int
	for n := range byAlphabet {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	for _, n := range sizes {
		found, choice := clusterAlphabet(n, byAlphabet[n])
		for j, k := range byAlphabet[n] {
			chosen[k.edge][k.channel] = uint8(len(models) + choice[j])
		}
		models = append(models, found...)
	}
	return models, chosen
}

func (k *channelCounts) measure() {
	for _, n := range k.counts {
		k.total += float64(n)
	}
	for _, n := range k.counts {
		if n > 0 {
			k.mean -= float64(n) / k.total * math.Log2(float64(n)/k.total)
		}
	}
}

// rounds of improvement; the last ones change next to nothing.
const clusterRounds = 8

func clusterAlphabet(symbols int, channels []*channelCounts) (models [][]uint16, choice []int) {
	choice = begin(channels)
	for round := 0; ; round++ {
		models = rebuild(symbols, channels, choice)
		if round == clusterRounds {
			return models, choice
		}
		costs := make([][]float64, len(models))
		for i, freq := range models {
			m, err := entropy.NewModel(freq)
			if err != nil {
				panic(err) // BuildFreq makes valid ones
			}
			for s := range symbols {
				costs[i] = append(costs[i], m.Cost(s))
			}
		}
		for j, k := range channels {
			choice[j] = cheapest(k.counts, costs)
		}
	}
}

// begin cuts the channels, sorted by entropy, into groups of equal weight.
func begin(channels []*channelCounts) []int {
	order := make([]int, len(channels))
	total := 0.0
	for j, k := range channels {
		order[j] = j
		total += k.total
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(channels[a].mean, channels[b].mean) })
	total = max(total, 1) // dead channels only
	choice, before := make([]int, len(channels)), 0.0
	for _, j := range order {
		choice[j] = min(numModels-1, int(before/total*numModels))
		before += channels[j].total
	}
	return choice
}

// rebuild makes every group's model; groups without channels are dropped, and the choices renumbered.
func rebuild(symbols int, channels []*channelCounts, choice []int) (models [][]uint16) {
	sums := make([][]uint64, numModels)
	for j, k := range channels {
		if sums[choice[j]] == nil {
			sums[choice[j]] = make([]uint64, symbols)
		}
		for s, n := range k.counts {
			sums[choice[j]][s] += uint64(n)
		}
	}
	number := make([]int, numModels)
	for i, sum := range sums {
		if sum != nil {
			number[i] = len(models)
			models = append(models, entropy.BuildFreq(sum))
		}
	}
	for j := range choice {
		choice[j] = number[choice[j]]
	}
	return models
}

// cheapest is the model that codes the counts in the fewest bits; of equal ones the first.
func cheapest(counts []uint32, costs [][]float64) int {
	best, least := 0, math.Inf(1)
	for i, cost := range costs {
		bits := 0.0
		for s, n := range counts {
			if n > 0 {
				bits += float64(n) * cost[s]
			}
		}
		if bits < least {
			best, least = i, bits
		}
	}
	return best
}
