package calib

import (
	"cmp"
	"math"
	"slices"

	"github.com/dqa-go/dqa/entropy"
	"github.com/dqa-go/dqa/entropy/huffman"
	"github.com/dqa-go/dqa/entropy/prefix"
	"github.com/dqa-go/dqa/profile"
)

// How many probability models a network gets for each size of alphabet (METHOD section 4.4): a model per channel saves
// 2 % of the codes and costs more than that in the profile and on other images. Neighbourhoods differ more: 128 models
// instead of 32 save 1 % on ResNet-32 and 6 % on ESPNet's 113 edges, and make profiles 1 to 6 KiB larger.
const (
	channelModels = 16
	contextModels = 128
)

// counted is how often an edge's codes were seen, by channel and by context, without the low bits that are stored apart;
// and these, by the class of the rest.
type counted struct {
	channels, contexts, refinements histogram
	shift                           []uint64       // of shift errors' symbols, for the coder paper; nil where there are none
	prefix                          *prefix.Counts // for the coder fast; nil: it cannot store them
}

func newCounted(e *profile.Edge) counted {
	base := e.Base()
	c := counted{channels: newHistogram(&base), contexts: newContexts(&base), refinements: newRefinements(e)}
	if e.NumImportant() > 0 {
		c.shift = make([]uint64, huffman.NumSymbols(e.ExtraBits))
	}
	if e.Refine == 0 && e.Bits+e.ExtraBits <= profile.MaxBits {
		low, high := e.CodeRange()
		c.prefix = prefix.NewCounts(low, high, 0) // two-sided codes are most often 0: steps are large, and so is it
	}
	return c
}

func (c counted) add(e *profile.Edge, wide []int16) {
	if e.Refine > 0 {
		wide = c.refinements.addRefinements(e, wide)
	}
	base := e.Base()
	if c.prefix != nil {
		addBytes(c.prefix, e, wide)
	}
	if c.shift != nil {
		addShift(c.shift, e, wide)
	}
	c.channels.add(&base, wide)
	c.contexts.addContexts(&base, wide)
}

func (c counted) merge(other counted) {
	c.channels.merge(other.channels)
	c.contexts.merge(other.contexts)
	c.refinements.merge(other.refinements)
	for s, n := range other.shift {
		c.shift[s] += n
	}
	if c.prefix != nil {
		c.prefix.Merge(other.prefix)
	}
}

// setModels gives the profile's models and the choice of them to every edge whose coder has any.
func setModels(p *profile.Profile, counts []counted) {
	chosen, limit := make([]histogram, len(counts)), channelModels
	for i, c := range counts {
		switch p.Edges[i].Coder {
		case profile.Small:
			chosen[i] = slices.Concat(c.channels, c.refinements)
		case profile.Smallest:
			chosen[i], limit = slices.Concat(c.contexts, c.refinements), contextModels
		}
	}
	models, slots := cluster(chosen, limit)
	p.Frequencies = models
	for i := range p.Edges {
		if p.Edges[i].Coder.Modelled() {
			p.Edges[i].Models = slots[i]
		}
	}
}

// size is what the codes take with a model per slot, in bits, and what the models' frequencies do.
func (h histogram) size() float64 {
	bits := 0.0
	for _, counts := range h {
		k := slotCounts{counts: counts}
		k.measure()
		bits += k.bits()
		for _, n := range counts {
			if n > 0 {
				bits += .5 * math.Log2(k.total)
			}
		}
	}
	return bits
}

// slotCounts is one slot's counts and its place.
type slotCounts struct {
	edge, slot int
	counts     []uint32
	total      float64
	mean       float64 // bits per value, by its own distribution
}

// cluster finds models that slots share, limit per size of alphabet at most, and which model each slot has: slots of one
// alphabet begin sorted by their entropy and cut into groups of equal weight, then models and choices are improved in
// turn.
func cluster(counts []histogram, limit int) (models [][]uint16, chosen [][]uint8) {
	byAlphabet := map[int][]*slotCounts{}
	chosen = make([][]uint8, len(counts))
	for i, h := range counts {
		chosen[i] = make([]uint8, len(h))
		for c, n := range h {
			k := &slotCounts{edge: i, slot: c, counts: n}
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
		found, choice := clusterAlphabet(n, byAlphabet[n], min(limit, (profile.MaxModels-len(models))/2))
		for j, k := range byAlphabet[n] {
			chosen[k.edge][k.slot] = uint8(len(models) + choice[j])
		}
		models = append(models, found...)
	}
	return models, chosen
}

func (k *slotCounts) measure() {
	for _, n := range k.counts {
		k.total += float64(n)
	}
	for _, n := range k.counts {
		if n > 0 {
			k.mean -= float64(n) / k.total * math.Log2(float64(n)/k.total)
		}
	}
}

// bits is what the codes take by their own distribution, escaped ones with what follows.
func (k *slotCounts) bits() float64 {
	return k.mean*k.total + entropy.EscapeBits*float64(k.counts[len(k.counts)-1])
}

// rounds of improvement; the last ones change next to nothing.
const clusterRounds = 8

func clusterAlphabet(n int, slots []*slotCounts, limit int) (models [][]uint16, choice []int) {
	choice = begin(slots, limit)
	for round := 0; ; round++ {
		models = rebuild(n, slots, choice)
		if round == clusterRounds {
			return models, choice
		}
		costs := make([][]float64, len(models))
		for i, freq := range models {
			m, err := entropy.NewModel(freq)
			if err != nil {
				panic(err) // BuildFreq makes valid ones
			}
			for s := range n {
				costs[i] = append(costs[i], m.Cost(s))
			}
		}
		for j, k := range slots {
			choice[j] = cheapest(k.counts, costs)
		}
	}
}

// begin cuts the slots, sorted by entropy, into groups of equal weight.
func begin(slots []*slotCounts, groups int) []int {
	order := make([]int, len(slots))
	total := 0.0
	for j, k := range slots {
		order[j] = j
		total += k.total
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(slots[a].mean, slots[b].mean) })
	total = max(total, 1) // dead slots only
	choice, before := make([]int, len(slots)), 0.0
	for _, j := range order {
		choice[j] = min(groups-1, int(before/total*float64(groups)))
		before += slots[j].total
	}
	return choice
}

// rebuild makes every group's model; groups without slots are dropped, and the choices renumbered.
func rebuild(n int, slots []*slotCounts, choice []int) (models [][]uint16) {
	sums := make([][]uint64, slices.Max(choice)+1)
	for j, k := range slots {
		if sums[choice[j]] == nil {
			sums[choice[j]] = make([]uint64, n)
		}
		for s, c := range k.counts {
			sums[choice[j]][s] += uint64(c)
		}
	}
	number := make([]int, len(sums))
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
