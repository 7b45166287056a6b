package native

import "slices"

// forecast is what is live at every top if edges lay in memory in other ways, bands being as they are.
type forecast struct {
	live     []int64 // bytes, work space included
	wanted   []int64 // of work space, for bands as high as they should be, beyond what they have
	lineages map[int]*lineage
}

// lineage is slots that share memory one after the other, of edges; by[i] is the top where the one behind i takes its place.
type lineage struct {
	edges []int
	slots []*slot
	by    []*top
}

func (p *Packed) newForecast() *forecast {
	f := &forecast{lineages: map[int]*lineage{}}
	by, edges := map[*slot]*top{}, map[*slot]int{}
	for i, t := range p.tops {
		packed, float := p.live(i)
		f.live = append(f.live, packed+float+4*int64(t.work))
		f.wanted = append(f.wanted, 4*max(0, int64(t.wanted*p.workers-t.work)))
		if t.replaced != nil {
			by[t.replaced] = t
		}
		for _, g := range t.targets {
			if g.slot != nil {
				edges[g.slot] = g.value.edge
			}
		}
	}
	for _, s := range p.slots {
		if s.queue != nil && s.queue.slots[0] != s {
			continue
		}
		l := &lineage{}
		for ; s != nil; s = s.next {
			l.edges, l.slots, l.by = append(l.edges, edges[s]), append(l.slots, s), append(l.by, by[s])
		}
		f.add(l)
	}
	return f
}

func (f *forecast) add(l *lineage) {
	for _, e := range l.edges {
		f.lineages[e] = l
	}
}

// part is slots [from, to) of a lineage, nil for none.
func (l *lineage) part(from, to int) []*lineage {
	if from == to {
		return nil
	}
	return []*lineage{{l.edges[from:to], l.slots[from:to], l.by[from:to]}}
}

// span is what a lineage takes, and from which top to which.
func (l *lineage) span() (bytes int64, first, last int) {
	size, n := 0, len(l.slots)
	for i, s := range l.slots {
		size = max(size, s.alone)
		if i > 0 {
			t := l.by[i-1]
			size = max(size, sizeTogether(l.slots[i-1], s, t.spent, t.sequence.written))
		}
	}
	return 4 * int64(size), l.slots[0].first, l.slots[n-1].last
}

// with is l with another slot in place i; nil: floats.
func (l *lineage) with(i int, s *slot) (ways [][]*lineage) {
	n := len(l.slots)
	if s == nil {
		return [][]*lineage{append(l.part(0, i), l.part(i+1, n)...)}
	}
	next := &lineage{l.edges, slices.Clone(l.slots), l.by}
	next.slots[i] = s
	for _, from := range []int{0, i} {
		for _, to := range []int{n, i + 1} {
			way := append(next.part(0, from), next.part(from, to)...)
			ways = append(ways, append(way, next.part(to, n)...))
		}
	}
	return ways
}

// change gives an edge another slot, or for none some bytes of floats, if nothing is live then beyond room or what there was. What
// bands want comes before floats: those save less time.
func (f *forecast) change(edge int, s *slot, floats, room int64) bool {
	l := f.lineages[edge]
	i := slices.Index(l.edges, edge)
	var best []int64
	var way []*lineage
	for _, parts := range l.with(i, s) {
		next := slices.Clone(f.live)
		take := func(bytes int64, first, last int) {
			for i := first; i <= last; i++ {
				next[i] += bytes
			}
		}
		bytes, first, last := l.span()
		take(-bytes, first, last)
		for _, part := range parts {
			take(part.span())
		}
		if s == nil {
			take(floats, l.slots[i].first, l.slots[i].last)
		}
		if f.allows(next, room, s == nil) && (best == nil || slices.Max(next[first:last+1]) < slices.Max(best[first:last+1])) {
			best, way = next, parts
		}
	}
	if best == nil {
		return false
	}
	f.live = best
	for _, part := range way {
		f.add(part)
	}
	return true
}

// allows tells whether nothing is beyond room but what was.
func (f *forecast) allows(next []int64, room int64, wanted bool) bool {
	for i, n := range next {
		spare := room
		if wanted {
			spare -= f.wanted[i]
		}
		if n > spare && n > f.live[i] {
			return false
		}
	}
	return true
}
