package prefix

import (
	"cmp"
	"slices"
)

// Counts are what the size of a stream depends on: Build chooses parameters by them.
type Counts struct {
	low, high int16
	center    int8
	values    [256]uint64
	heads     [2][16]uint64 // of symbols of 2 and of 4 codes
}

// NewCounts counts codes from low to high (see Params) around center, their most frequent one; where low is 0, center
// is 0.
func NewCounts(low, high int16, center int8) *Counts {
	return &Counts{low: low, high: high, center: center}
}

// Center is the most frequent of the codes from low to high, by their counts as bytes; 0 where low is 0.
func Center(counts *[256]uint64, low, high int16) int8 {
	best := int16(0)
	for c := low; c <= high && low < 0; c++ {
		if counts[uint8(c)] > counts[uint8(best)] {
			best = c
		}
	}
	return int8(best)
}

// Add counts the codes of one stream, or of a part that begins at a multiple of 4 codes in it.
func (c *Counts) Add(codes []byte) {
	for len(codes) > 0 {
		n := min(4, len(codes))
		var pairs [2]uint8
		var four uint8
		for i, v := range codes[:n] {
			if c.low < 0 {
				v = fold(v, uint8(c.center))
			}
			c.values[v]++
			pairs[i/2] |= min(v, 3) << (i % 2 * 2)
			four |= min(v, 1) << i
		}
		for _, p := range pairs[:(n+1)/2] {
			c.heads[0][p]++
		}
		c.heads[1][four]++
		codes = codes[n:]
	}
}

// Merge adds what other counted, which must have the same range and center.
func (c *Counts) Merge(other *Counts) {
	for i, n := range other.values {
		c.values[i] += n
	}
	for g := range c.heads {
		for i, n := range other.heads[g] {
			c.heads[g][i] += n
		}
	}
}

// Build returns parameters under which the counted codes take few bits: the fewest at this price of speed.
func (c *Counts) Build() Params {
	var codes uint64
	for _, n := range c.values {
		codes += n
	}
	return c.build(price{word: pricePerWord, step: pricePerCode * codes})
}

// price is what a step of a code is worth, in bits / 256: a code with fewer lengths is faster. A price of nothing gives
// the shortest streams.
type price struct {
	word uint64 // of every word that the step concerns
	step uint64
}

// Measured on real tensors: streams 1 to 5 % longer than the shortest are coded a fifth to a half faster.
const (
	pricePerWord = 50
	pricePerCode = 4
)

func (c *Counts) build(speed price) Params {
	var best Params
	least := uint64(never)
	for i, group := range []uint8{2, 4} {
		p := Params{Low: c.low, High: c.high, Center: c.center, Group: group}
		var heads uint64
		p.Lengths, heads = buildLengths(&c.heads[i], speed)
		for low := range uint8(MaxLowBits + 1) {
			p.LowBits = low
			counts, n := c.rests(&p)
			words, cost := buildWords(&counts, min(maxWords, (256-int(p.full()))>>low+1), true, speed)
			p.Words = words
			cost += heads + 256*n*uint64(low)
			if low > 0 {
				cost += n*speed.word + speed.step
			}
			if cost < least {
				best, least = p, cost
			}
		}
	}
	return best
}

// rests counts the high parts of n rests.
func (c *Counts) rests(p *Params) (counts [256]uint64, n uint64) {
	full := int(p.full())
	for v := full; v < 256; v++ {
		counts[(v-full)>>p.LowBits] += c.values[v]
		n += c.values[v]
	}
	return counts, n
}

// Bits is the size of a stream of the counted codes under p, without the unused bits of last bytes: at most 7 for every
// length of a word, and for every low bit.
func (c *Counts) Bits(p *Params) uint64 {
	var sum uint64
	for s, n := range c.heads[p.Group/4] {
		sum += n * uint64(p.Lengths[s])
	}
	rests, _ := c.rests(p)
	words, escape := newWords(p.Words), p.escape()
	for r, n := range rests {
		bits := int(p.LowBits) + length(words.coded[min(r, escape)])
		if r >= escape {
			bits += 8
		}
		sum += n * uint64(bits)
	}
	return sum
}

// buildLengths returns the lengths of the best words for 16 symbols, and what they cost in bits / 256.
func buildLengths(counts *[16]uint64, speed price) (lengths [16]uint8, cost uint64) {
	order := make([]int, 16)
	for s := range order {
		order[s] = s
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	var sorted [256]uint64
	for i, s := range order {
		sorted[i] = counts[s]
	}
	words, cost := buildWords(&sorted, 16, false, speed)
	for i, n := range words {
		for range n {
			lengths[order[0]] = uint8(i + 1)
			order = order[1:]
		}
	}
	return lengths, cost
}

// buildWords returns, by length from 1 on, how many words the best code has for the numbers of which counts tell how
// many there are, in which a greater number never has a shorter word, and what it costs in bits / 256. There are limit
// words; or, with escapes, at most limit, and the last one is for all numbers that have none.
func buildWords(counts *[256]uint64, limit int, escapes bool, speed price) (words [MaxLen]uint8, cost uint64) {
	b := builder{limit: limit, escapes: escapes, speed: speed}
	for i := 255; i >= 0; i-- {
		b.above[i] = b.above[i+1] + counts[i]
	}
	cost = b.choose(0, 0, 1).cost
	if escapes && cost >= b.escapeCost(0) {
		return words, b.escapeCost(0) // the escape is the only word
	}
	for level, first, open := 0, 0, 1; open > 0; level++ {
		leaves := b.choose(level, first, open).leaves
		words[level] = uint8(leaves)
		first, open = first+leaves, 2*open-leaves
	}
	return words, cost
}

// builder finds words by dynamic programming over levels.
type builder struct {
	above   [257]uint64 // how many numbers are i or more
	limit   int
	escapes bool
	speed   price
	memo    [MaxLen][maxWords][maxWords + 1]choice // by level, first, open
}

// choice is how many words end at a level, and the cost from it on in bits / 256.
type choice struct {
	made   bool
	leaves int
	cost   uint64
}

const never = 1 << 62

// escapeCost is that of the bytes that follow, if numbers from n on are escaped.
func (b *builder) escapeCost(n int) uint64 { return 8 * 256 * b.above[n] }

// choose decides about a level that open words reach; the first ones are for the numbers from first on.
func (b *builder) choose(level, first, open int) choice {
	best := &b.memo[level][first][open]
	if best.made {
		return *best
	}
	*best = choice{made: true, cost: never}
	bits := 256 * b.above[first] // one for every number that has not ended
	step := b.speed.word*b.above[first] + b.speed.step
	if total := first + 2*open; b.escapes && total <= b.limit {
		*best = choice{true, 2 * open, bits + step + b.escapeCost(total-1)}
	} else if total == b.limit {
		*best = choice{true, 2 * open, bits + step}
	}
	for leaves := 0; level+1 < MaxLen && leaves < 2*open && first+2*open <= b.limit; leaves++ {
		cost := bits + b.choose(level+1, first+leaves, 2*open-leaves).cost
		if leaves > 0 {
			cost += step
		}
		if cost < best.cost {
			*best = choice{true, leaves, cost}
		}
	}
	return *best
}
