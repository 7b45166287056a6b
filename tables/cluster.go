package tables

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"runtime"
	"slices"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// place is a slot and where it belongs.
type place struct {
	slot
	edge, index int
	seen        []symbolCount
}

// symbolCount is how often a symbol was seen: most slots have few symbols of many.
type symbolCount struct {
	symbol int
	count  float64
}

func newPlace(counts []uint32, edge, index int) *place {
	p := &place{slot: measure(counts), edge: edge, index: index}
	for s, n := range counts {
		if n > 0 {
			p.seen = append(p.seen, symbolCount{s, float64(n)})
		}
	}
	return p
}

// cluster finds models that slots share, limit per size of alphabet at most, and which model each slot has: slots of one
// alphabet begin sorted by their entropy and cut into groups of equal weight, then models and choices are improved in
// turn.
func cluster(counts []slots, limit int) (models [][]uint16, chosen [][]uint8) {
	byAlphabet := map[int][]*place{}
	chosen = make([][]uint8, len(counts))
	for i, h := range counts {
		chosen[i] = make([]uint8, len(h))
		for c, n := range h {
			byAlphabet[len(n)] = append(byAlphabet[len(n)], newPlace(n, i, c))
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
			chosen[k.edge][k.index] = uint8(len(models) + choice[j])
		}
		models = append(models, found...)
	}
	return models, chosen
}

// rounds of improvement; the last ones change next to nothing.
const clusterRounds = 8

func clusterAlphabet(n int, slots []*place, limit int) (models [][]uint16, choice []int) {
	choice = begin(slots, limit)
	made := modelCache{}
	for round := 0; ; round++ {
		groups := rebuild(n, slots, choice, made)
		last := round == clusterRounds
		if !last {
			better := assign(slots, groups)
			split(slots, better, groups, limit)
			last = slices.Equal(better, choice)
			choice = better
		}
		if last {
			for _, m := range groups {
				models = append(models, m.freq)
			}
			return models, choice
		}
	}
}

// assign gives every slot its cheapest model.
func assign(slots []*place, models []*groupModel) []int {
	const together = 256
	choice := make([]int, len(slots))
	inParallel((len(slots)+together-1)/together, func(i int) {
		for j := i * together; j < min(len(slots), (i+1)*together); j++ {
			choice[j] = cheapest(slots[j].seen, models)
		}
	})
	return choice
}

// inParallel does n things that have nothing to do with each other.
func inParallel(n int, do func(i int)) {
	_ = parallel.Ordered(context.Background(), n, runtime.GOMAXPROCS(0), func(_, i int) (struct{}, error) {
		do(i)
		return struct{}{}, nil
	}, func(int, struct{}) error { return nil })
}

// splitGain is what a model of its own must save of a slot, in bits: it takes some bytes of the profile, and other images differ.
const splitGain = 600

// split gives the slots that lose most by sharing a model one of their own, as long as there may be more: most slots are alike, so that
// groups of equal weight are of few kinds.
func split(slots []*place, choice []int, models []*groupModel, limit int) {
	type loss struct {
		slot int
		bits float64
	}
	var all []loss
	for j, k := range slots {
		if bits := cost(k.seen, models[choice[j]]) - k.bits(); bits > splitGain {
			all = append(all, loss{j, bits})
		}
	}
	slices.SortStableFunc(all, func(a, b loss) int { return cmp.Compare(b.bits, a.bits) })
	used := slices.Max(choice) + 1
	for _, l := range all[:min(len(all), max(0, limit-used))] {
		choice[l.slot] = used
		used++
	}
}

// begin cuts the slots, sorted by entropy, into groups of equal weight.
func begin(slots []*place, groups int) []int {
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

// groupModel is the model of a group of slots, and what its symbols take in bits.
type groupModel struct {
	freq  []uint16
	costs []float64
}

// modelCache keeps the models of sums of counts: from round to round most groups stay what they are.
type modelCache map[string]*groupModel

// of makes the models of all sums.
func (c modelCache) of(sums [][]uint64) []*groupModel {
	models := make([]*groupModel, len(sums))
	var keys []string
	var news []int
	for i, sum := range sums {
		var key []byte
		for _, n := range sum {
			key = binary.AppendUvarint(key, n)
		}
		keys = append(keys, string(key))
		if models[i] = c[keys[i]]; models[i] == nil {
			news = append(news, i)
		}
	}
	inParallel(len(news), func(k int) { models[news[k]] = newGroupModel(sums[news[k]]) })
	for _, i := range news {
		c[keys[i]] = models[i]
	}
	return models
}

func newGroupModel(sum []uint64) *groupModel {
	m := &groupModel{freq: rans.BuildFreq(smooth(sum))}
	coder, err := rans.NewModel(m.freq)
	if err != nil {
		panic(err) // BuildFreq makes valid ones
	}
	for s := range sum {
		m.costs = append(m.costs, coder.Cost(s))
	}
	return m
}

// smooth lets symbols near those that were seen weigh a little, the less the further they are: other images have some of them, and an
// escape takes 16 bits.
func smooth(counts []uint64) []uint64 {
	const unit, share = 1000, 300 // of a code; of what it lends to either neighbour
	n := len(counts) - 1
	out := make([]uint64, n+1)
	for s, c := range counts {
		out[s] += c * unit
		for d := 1; c > 0 && s < n && share/(d*d) > 0; d++ {
			for _, near := range [2]int{s - d, s + d} {
				if near >= 0 && near < n {
					out[near] += uint64(share / (d * d))
				}
			}
		}
	}
	return out
}

// rebuild makes every group's model; groups without slots are dropped, and the choices renumbered.
func rebuild(n int, slots []*place, choice []int, made modelCache) []*groupModel {
	sums := make([][]uint64, slices.Max(choice)+1)
	for j, k := range slots {
		if sums[choice[j]] == nil {
			sums[choice[j]] = make([]uint64, n)
		}
		for _, c := range k.seen {
			sums[choice[j]][c.symbol] += uint64(c.count)
		}
	}
	number, some := make([]int, len(sums)), sums[:0]
	for i, sum := range sums {
		if sum != nil {
			number[i] = len(some)
			some = append(some, sum)
		}
	}
	for j := range choice {
		choice[j] = number[choice[j]]
	}
	return made.of(some)
}

// cheapest is the model that codes the counts in the fewest bits; of equal ones the first.
func cheapest(seen []symbolCount, models []*groupModel) int {
	best, least := 0, math.Inf(1)
	for i, m := range models {
		bits := 0.0
		for _, c := range seen {
			if bits += float64(c.count * m.costs[c.symbol]); bits >= least {
				break // costs are not negative
			}
		}
		if bits < least {
			best, least = i, bits
		}
	}
	return best
}

// cost is what the counts take in a model, in bits.
func cost(seen []symbolCount, m *groupModel) (bits float64) {
	for _, c := range seen {
		bits += float64(c.count * m.costs[c.symbol])
	}
	return bits
}
