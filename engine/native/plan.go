package native

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
)

const (
	slack     = 16 // values of room behind every buffer, for whole-vector loads
	alignment = 16 // buffers start at multiples of a cache line
)

// buffer is a stretch of the arena with the first and last step that uses it.
type buffer struct {
	size, first, last int
	offset            int64
	spare             int // values behind it that nothing else uses meanwhile, see spread
}

// spread gives buffers what is free behind them as long as they are in use, in an arena of some size. The first come first.
func spread(list, all []*buffer, total int64) {
	for _, b := range list {
		end := total
		for _, other := range all {
			if other != b && other.first <= b.last && b.first <= other.last && other.offset > b.offset {
				end = min(end, other.offset)
			}
		}
		b.spare = int(end-b.offset) - slack - b.size
	}
}

// manyBuffers is from where on the search for the lowest offset, whose time is quadratic, is given up.
const manyBuffers = 1 << 13

// placings bounds the time of place: the number of orders that are tried, times the square of the number of buffers.
const placings = 1 << 21

// place gives every buffer an offset such that no two overlap that are in use at the same step, and returns the
// size of the arena. Greedy: one after the other, each at the lowest offset that is free. As long as the arena is larger than what
// is in use at a time, other orders are tried: the largest first or those of the longest life, in both with the buffer first that
// reached highest, again and again; then the best order with a buffer moved to the front by chance.
func place(buffers []*buffer) int64 {
	n := len(buffers)
	switch {
	case n == 0:
		return 0
	case n > manyBuffers:
		return placeInTurn(buffers)
	}
	p := placer{least: leastArena(buffers), tries: 1 + placings/max(1, n*n), buffers: buffers}
	for _, key := range []func(b *buffer) int{
		func(b *buffer) int { return b.size },
		func(b *buffer) int { return b.last - b.first },
	} {
		order := slices.Clone(buffers)
		slices.SortStableFunc(order, func(a, b *buffer) int { return cmp.Or(key(b)-key(a), b.size-a.size) })
		for i := 0; i <= n && p.try(order); i++ {
			toFront(order, highest(order))
		}
	}
	for r := rand.New(rand.NewPCG(1, 2)); ; {
		order := slices.Clone(p.order)
		for range 1 + r.IntN(3) {
			toFront(order, r.IntN(n))
		}
		if !p.try(order) {
			break
		}
	}
	for i, b := range buffers {
		b.offset = p.offsets[i]
	}
	return p.best
}

// placer keeps the best of the orders that were tried.
type placer struct {
	buffers, order []*buffer
	offsets        []int64
	best, least    int64
	tries          int
}

// try places in an order; it tells whether others are worth a try.
func (p *placer) try(order []*buffer) bool {
	if p.order != nil && (p.tries <= 0 || p.best == p.least) {
		return false
	}
	p.tries--
	if total := placeInOrder(order); p.order == nil || total <= p.best {
		p.best, p.order, p.offsets = total, slices.Clone(order), offsetsOf(p.buffers)
	}
	return true
}

// highest is which of the buffers reaches highest.
func highest(order []*buffer) int {
	top := 0
	for i, b := range order {
		if b.offset+b.room() > order[top].offset+order[top].room() {
			top = i
		}
	}
	return top
}

func toFront(order []*buffer, i int) {
	b := order[i]
	copy(order[1:i+1], order[:i])
	order[0] = b
}

func offsetsOf(buffers []*buffer) []int64 {
	list := make([]int64, len(buffers))
	for i, b := range buffers {
		list[i] = b.offset
	}
	return list
}

// leastArena is the most that is in use at a time.
func leastArena(buffers []*buffer) int64 {
	change := map[int]int64{}
	for _, b := range buffers {
		change[b.first] += b.room()
		change[b.last+1] -= b.room()
	}
	live, most := int64(0), int64(0)
	for _, step := range slices.Sorted(maps.Keys(change)) {
		live += change[step]
		most = max(most, live)
	}
	return most
}

// placeInOrder places one buffer after the other at the lowest offset that is free.
func placeInOrder(order []*buffer) int64 {
	total := int64(0)
	var placed []*buffer // by offset
	for _, b := range order {
		room := b.room()
		at := int64(0)
		for _, p := range placed {
			if p.last < b.first || b.last < p.first {
				continue
			}
			if at+room <= p.offset {
				break
			}
			at = max(at, p.offset+p.room())
		}
		b.offset = at
		i := sort.Search(len(placed), func(i int) bool { return placed[i].offset >= at })
		placed = append(placed, nil)
		copy(placed[i+1:], placed[i:])
		placed[i] = b
		total = max(total, at+room)
	}
	return total
}

// placeInTurn goes through the steps and gives every buffer the place of one of the same size that is no longer in use,
// or a new one.
func placeInTurn(buffers []*buffer) int64 {
	begin := slices.Clone(buffers)
	slices.SortStableFunc(begin, func(a, b *buffer) int { return a.first - b.first })
	end := slices.Clone(buffers)
	slices.SortStableFunc(end, func(a, b *buffer) int { return a.last - b.last })
	free := map[int64][]int64{} // offsets by room
	total := int64(0)
	for _, b := range begin {
		for ; end[0].last < b.first; end = end[1:] { // which has begun before, too
			free[end[0].room()] = append(free[end[0].room()], end[0].offset)
		}
		if f := free[b.room()]; len(f) > 0 {
			b.offset, free[b.room()] = f[len(f)-1], f[:len(f)-1]
			continue
		}
		b.offset = total
		total += b.room()
	}
	return total
}

// alive tells whether step i uses b.
func (b *buffer) alive(i int) bool { return b.first <= i && i <= b.last }

// room is what b takes up.
func (b *buffer) room() int64 { return (int64(b.size) + slack + alignment - 1) / alignment * alignment }

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func ceilDiv[T int | int64](n, d T) T { return (n + d - 1) / d }
