package native

import "sort"

const (
	slack     = 16 // values of room behind every buffer, for whole-vector loads
	alignment = 16 // buffers start at multiples of a cache line
)

// buffer is a stretch of the arena with the first and last step that uses it.
type buffer struct {
	size, first, last int
	offset            int
}

// place gives every buffer an offset such that no two overlap that are in use at the same step, and returns the
// size of the arena. Greedy by size: the largest first, each at the lowest offset that is free.
func place(buffers []*buffer) int {
	order := append([]*buffer(nil), buffers...)
	sort.SliceStable(order, func(i, j int) bool { return order[i].size > order[j].size })
	total := 0
	var placed []*buffer // by offset
	for _, b := range order {
		room := roundUp(b.size+slack, alignment)
		at := 0
		for _, p := range placed {
			if p.last < b.first || b.last < p.first {
				continue
			}
			if at+room <= p.offset {
				break
			}
			at = max(at, p.offset+roundUp(p.size+slack, alignment))
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

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func ceilDiv(n, d int) int { return (n + d - 1) / d }
