package native

// source is where a step gets rows of an input from.
type source interface {
	// read sets row i of outer o, for i in [from, to), at dst[o*pitch+(i-from)*inner], inner and outer being those of the
	// reader's cut.
	read(w *worker, dst []float32, pitch, from, to int)
	// dense is the rows as they lie in memory, nil where they do not lie there one behind the other with slack behind.
	dense(w *worker, from, to int) []float32
	// lies tells whether dense will not be nil.
	lies(from, to int) bool
	// probe is read before there are data; rows says how many rows of dst an outer has, 0 that they lie in a ring.
	probe(p *probe, rows, from, to int)
}

// plain is a source in the arena, an input or output of the network, or a constant.
type plain struct {
	cut
	home
}

// home is where a tensor of floats lies: the first that is set.
type home struct {
	constant []float32
	*buffer      // in the arena
	input    int // counted from 1
	output   int // counted from 1
}

func (h *home) values(w *worker) []float32 {
	switch {
	case h.constant != nil:
		return h.constant
	case h.buffer != nil:
		return w.arena.slice(h.buffer)
	case h.input > 0:
		return w.arena.inputs[h.input-1]
	}
	return w.arena.outputs[h.output-1]
}

// lies: tensors of others have no slack.
func (f *plain) lies(from, to int) bool {
	return (f.constant != nil || f.buffer != nil) && (f.outer == 1 || from == 0 && to == f.n)
}

func (f *plain) dense(w *worker, from, to int) []float32 {
	if !f.lies(from, to) {
		return nil
	}
	x := f.values(w)
	return x[from*f.inner : f.size(to-from)+from*f.inner : cap(x)]
}

func (f *plain) read(w *worker, dst []float32, pitch, from, to int) {
	x, n := f.values(w), (to-from)*f.inner
	for o := range f.outer {
		copy(dst[o*pitch:][:n], x[(o*f.n+from)*f.inner:])
	}
}

// write is the inverse of read, from rows that are pitch apart.
func (f *plain) write(w *worker, src []float32, pitch, from, to int) {
	x, n := f.values(w), (to-from)*f.inner
	for o := range f.outer {
		copy(x[(o*f.n+from)*f.inner:][:n], src[o*pitch:])
	}
}

// packedRows is a source of packed blocks.
type packedRows struct {
	cut
	*slot
}

func (p *packedRows) dense(*worker, int, int) []float32 { return nil }
func (p *packedRows) lies(int, int) bool                { return false }

func (p *packedRows) read(w *worker, dst []float32, pitch, from, to int) {
	c0, c1, p0, p1 := p.span(p.cut, from, to)
	s := w.arena.slots[p.id]
	stride := pitch
	if c1-c0 < p.channels || p.outer == 1 { // whole planes, one behind the other
		stride = p.positions
	}
	if p.tokens {
		stride = p.channels
	}
	for k := p0 / p.p; k*p.p < p1; k++ {
		for i := c0 / p.c; i*p.c < c1; i++ {
			b := s.at(k, i)
			src := s.block(&w.arena.pages, k, i)
			first, end := max(p0, b.p0), min(p1, b.p0+b.positions)
			if b.c0 < c0 || b.c0+b.channels > c1 {
				p.readPart(w, dst, src, b, c0, c1)
				continue
			}
			at := (b.c0-c0)*stride + first - p0
			if p.tokens {
				at = (first-p0)*stride + b.c0
			}
			p.form.Decode(dst[at:], stride, src, b.c0, b.channels, b.positions, first-b.p0, end-b.p0)
		}
	}
}

// readPart decodes a block of which only some channels are wanted.
func (p *packedRows) readPart(w *worker, dst []float32, src []byte, b blockOf, c0, c1 int) {
	tmp := w.block[:b.channels*b.positions]
	p.form.Decode(tmp, b.positions, src, b.c0, b.channels, b.positions, 0, b.positions)
	for c := max(c0, b.c0); c < min(c1, b.c0+b.channels); c++ {
		copy(dst[(c-c0)*p.positions+b.p0:], tmp[(c-b.c0)*b.positions:][:b.positions])
	}
}

// joined is a Concat that is never copied together.
type joined struct {
	parts []joinedPart
	inner int
}

type joinedPart struct {
	source
	part
}

func (j *joined) dense(*worker, int, int) []float32 { return nil }
func (j *joined) lies(int, int) bool                { return false }

func (j *joined) read(w *worker, dst []float32, pitch, from, to int) {
	j.each(from, to, func(p *joinedPart, row, a, b int) {
		p.read(w, dst[p.outer*pitch+p.offset+row*j.inner:], pitch, a, b)
	})
}

// each calls f for the parts that have rows of [from, to): the first row that they give, and which of their rows.
func (j *joined) each(from, to int, f func(p *joinedPart, row, a, b int)) {
	stacked := j.parts[len(j.parts)-1].rows > 0
	for i := range j.parts {
		p := &j.parts[i]
		if !stacked {
			f(p, 0, from, to)
			continue
		}
		if a, b := max(from-p.rows, 0), min(to-p.rows, p.n); a < b {
			f(p, p.rows+a-from, a, b)
		}
	}
}
