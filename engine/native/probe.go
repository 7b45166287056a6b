package native

// probe walks the bands of a top as a run does, without data: it compiles a runner for every shape of band that occurs
// and finds the size of every buffer.
type probe struct {
	held  map[*unit][][2]int
	block int // of decoded blocks that are read in part
	err   error
}

// probe finds what t needs for every worker's share.
func (t *top) probe(workers int) error {
	for _, u := range t.tree {
		u.work.slabs = make([]buffer, len(u.inputs))
	}
	p := &probe{}
	for i := range workers {
		p.held = map[*unit][][2]int{}
		for from := t.starts[i]; from < t.starts[i+1]; from += t.rows {
			to := min(from+t.rows, t.starts[i+1])
			t.unit.try(p, !t.direct(to-from), from, to)
		}
	}
	t.block.size = p.block
	t.layOut()
	return p.err
}

// layOut places the buffers of a worker one behind the other.
func (t *top) layOut() {
	place := func(b *buffer) {
		if b.size > 0 {
			b.offset = int64(t.size)
			t.size += int(b.room())
		}
	}
	place(&t.block)
	place(&t.bytes)
	for _, u := range t.tree {
		for i := range u.work.slabs {
			place(&u.work.slabs[i])
		}
		place(&u.work.out)
		for i := range u.work.more {
			place(&u.work.more[i])
		}
		place(&u.work.scratch)
	}
}

// try is compute; own tells whether the result comes into the unit's own buffer.
func (u *unit) try(p *probe, own bool, from, to int) {
	m, err := u.runnerOf(u.bands.shapeOf(from, to))
	if err != nil {
		if p.err == nil {
			p.err = &bandError{u.step, err}
		}
		return
	}
	u.work.scratch.size = max(u.work.scratch.size, m.scratch)
	if own {
		u.work.out.size = max(u.work.out.size, u.out.size(to-from))
	}
	held := p.held[u]
	if held == nil {
		held = make([][2]int, len(u.inputs))
		p.held[u] = held
	}
	for i := range u.inputs {
		f := &u.inputs[i]
		if f.source == nil {
			continue
		}
		a, b := u.bands.rows(i, f.n, from, to)
		if f.lies(a, b) {
			continue
		}
		slab := &u.work.slabs[i]
		slab.size = max(slab.size, f.size(b-a))
		keep := a
		if h := held[i]; h[0] <= a && a < h[1] {
			keep = min(h[1], b)
		}
		if keep < b {
			f.probe(p, (b-a)*f.inner, keep, b)
		}
		held[i] = [2]int{a, b}
	}
}

func (u *unit) probe(p *probe, pitch, from, to int) {
	u.try(p, u.out.outer > 1 && pitch != (to-from)*u.out.inner, from, to)
}

func (f *plain) probe(*probe, int, int, int) {}

func (s *packedRows) probe(p *probe, _, from, to int) {
	if c0, c1, _, _ := s.span(s.cut, from, to); c0%s.c != 0 || c1%s.c != 0 && c1 < s.channels {
		p.block = max(p.block, s.c*s.p)
	}
}

func (j *joined) probe(p *probe, pitch, from, to int) {
	j.each(from, to, func(part *joinedPart, _, a, b int) { part.probe(p, pitch, a, b) })
}
