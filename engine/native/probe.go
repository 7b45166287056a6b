package native

import (
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
)

// probe walks the bands of a top as a run does, without data: it finds the shapes of bands that occur and the size of
// every buffer.
type probe struct {
	held   map[*unit][][2]int
	shapes map[*unit]map[bandShape]bool
	block  int // of decoded blocks that are read in part
	band   int // its number
	reads  *sequence
}

// probe finds what t needs for every worker's share, and compiles it.
func (t *top) probe(workers int) error {
	for _, u := range t.tree {
		more := u.work.more
		u.work = work{slabs: make([]buffer, len(u.inputs)), more: more}
		u.ringRows = 0
	}
	t.sequence.low = map[*slot][]int{}
	p := &probe{shapes: map[*unit]map[bandShape]bool{}, reads: &t.sequence}
	for i := range workers {
		p.held = map[*unit][][2]int{}
		for from := t.starts[i]; from < t.starts[i+1]; {
			to := t.end(from, t.starts[i+1])
			p.band = t.number(from)
			t.unit.try(p, !t.direct(to-from), from, to)
			from = to
		}
	}
	for _, u := range t.tree {
		if err := u.buildAll(p.shapes[u]); err != nil {
			return &bandError{u.step, err}
		}
	}
	t.block = buffer{size: p.block}
	t.layOut()
	return nil
}

// buildAll compiles u for the shapes that occur.
func (u *unit) buildAll(shapes map[bandShape]bool) error {
	if u.columns != nil {
		return u.buildColumns()
	}
	if u.whole == nil {
		clear(u.made)
	}
	for shape := range shapes {
		if u.whole == nil {
			if err := u.build(shape); err != nil {
				return err
			}
		}
		m := u.made[shape]
		u.work.scratch.size = max(u.work.scratch.size, m.scratch)
		if m.ring != nil && u.planes.in == 0 {
			u.work.slabs[0].size = m.ring.c * m.ring.plane
			if m.ring.sx > 1 {
				u.work.row.size = m.ring.w
			}
		}
	}
	return nil
}

// layOut places the buffers of a worker one behind the other, and finds where they are best cut in two: two smaller pieces fit
// between other tensors where one does not.
func (t *top) layOut() {
	ends := []int{0}
	place := func(b *buffer) {
		if b.size > 0 {
			b.offset = int64(t.size)
			t.size += int(b.room())
			ends = append(ends, t.size)
		}
	}
	defer func() {
		t.cutAt = slices.MinFunc(ends, func(a, b int) int { return max(a, t.size-a) - max(b, t.size-b) })
	}()
	together := func(list []*buffer) {
		largest := slices.MaxFunc(list, func(a, b *buffer) int { return a.size - b.size })
		place(largest)
		for _, b := range list {
			b.offset = largest.offset
		}
	}
	// Two units never compute at once, and a result is copied or stored before another unit computes.
	moment, results := []*buffer{&t.block, &t.bytes}, []*buffer{}
	for _, u := range t.tree {
		for i := range u.work.slabs {
			place(&u.work.slabs[i])
		}
		for i := range u.work.parts {
			place(&u.work.parts[i])
		}
		for i := range u.work.more {
			place(&u.work.more[i])
		}
		moment, results = append(moment, &u.work.scratch, &u.work.row), append(results, &u.work.out)
	}
	together(moment)
	together(results)
}

// try is compute; own tells whether the result comes into the unit's own buffer.
func (u *unit) try(p *probe, own bool, from, to int) {
	if p.shapes[u] == nil {
		p.shapes[u] = map[bandShape]bool{}
	}
	p.shapes[u][u.bands.shapeOf(from, to)] = true
	if own && !u.overwrites(from, to) && u.planes.out == 0 {
		u.work.out.size = max(u.work.out.size, u.out.size(to-from))
	}
	if p.held[u] == nil {
		p.held[u] = make([][2]int, len(u.inputs))
	}
	for i := range u.inputs {
		switch {
		case u.inputs[i].source == nil:
		case i == 0 && !own && u.overwrites(from, to):
			u.inputs[0].probe(p, to-from, from, to)
		default:
			u.tryInput(p, i, from, to)
		}
	}
}

// tryInput is load.
func (u *unit) tryInput(p *probe, i, from, to int) {
	if i == 0 && u.planes.in > 0 || i == len(u.inputs)-1 && u.planes.add > 0 {
		return
	}
	f, held := &u.inputs[i], p.held[u]
	a, b := u.bands.rows(i, f.n, from, to)
	if i == 0 && u.bands.ring {
		u.tryRing(p, a, b)
		return
	}
	if f.lies(a, b) {
		f.probe(p, b-a, a, b)
		return
	}
	size := f.size(b - a)
	if i == 0 && u.packsInPlace() {
		size += kernel.Rows * f.inner
	}
	u.work.slabs[i].size = max(u.work.slabs[i].size, size)
	keep := a
	if h := held[i]; h[0] <= a && a < h[1] {
		keep = min(h[1], b)
	}
	if keep < b {
		f.probe(p, b-a, keep, b)
	}
	held[i] = [2]int{a, b}
}

// tryRing is loadRing.
func (u *unit) tryRing(p *probe, start, end int) {
	f, held := &u.inputs[0], p.held[u]
	keep := start
	end = u.ahead(start, end)
	if h := held[0]; h[0] <= start && start < h[1] {
		end = max(end, h[1])
		keep = h[1]
	}
	u.ringRows = max(u.ringRows, end-start)
	if first, to := min(max(keep, 0), end), max(keep, min(end, f.n)); first < to {
		f.probe(p, 0, first, to)
	}
	held[0] = [2]int{start, end}
}

func (u *unit) probe(p *probe, rows, from, to int) {
	u.try(p, u.out.outer > 1 && rows != to-from, from, to)
}

func (f *plain) probe(*probe, int, int, int) {}

func (s *packedRows) probe(p *probe, _, from, to int) {
	c0, c1, p0, _ := s.span(s.cut, from, to)
	p.reads.note(s.slot, p.band, s.slot.number(c0, p0))
	if c0%s.c != 0 || c1%s.c != 0 && c1 < s.channels {
		p.block = max(p.block, s.c*s.p)
	}
}

func (j *joined) probe(p *probe, rows, from, to int) {
	j.each(from, to, func(part *joinedPart, _, a, b int) { part.probe(p, rows, a, b) })
}
