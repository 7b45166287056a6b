package native

import (
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
}

// manyBuffers is from where on the search for the lowest offset, whose time is quadratic, is given up.
const manyBuffers = 1 << 13

// place gives every buffer an offset such that no two overlap that are in use at the same step, and returns the
// size of the arena. Greedy by size: the largest first, each at the lowest offset that is free.
func place(buffers []*buffer) int64 {
	if len(buffers) > manyBuffers {
		return placeInTurn(buffers)
	}
	order := append([]*buffer(nil), buffers...)
	sort.SliceStable(order, func(i, j int) bool { return order[i].size > order[j].size })
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

// room is what b takes up.
func (b *buffer) room() int64 { return (int64(b.size) + slack + alignment - 1) / alignment * alignment }

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func ceilDiv[T int | int64](n, d T) T { return (n + d - 1) / d }
