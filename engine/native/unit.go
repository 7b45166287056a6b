package native

import "fmt"

// unit is a step that runs band by band, or whole. Its bands are computed one behind the other where the result is
// stored (a top unit), or on demand, where one other unit reads it.
type unit struct {
	id     int // among the units
	step   int // of the program
	site   *site
	out    cut
	bands  banding
	whole  error // why it runs whole; nil: it does not
	floats bool  // it has to do with nothing that is packed
	inputs []feed
	made   map[bandShape]*made
	work   work

	ringRows int      // of a plane of input 0, where it is a ring
	inPlace  bool     // the result replaces input 0
	columns  *columns // it is read some columns at a time; nil: by rows
	rounds   *target  // of an edge that is not stored: what its values are rounded to
	planes   planes
}

// feed is where an input comes from.
type feed struct {
	source
	cut
	constant []float32 // instead of a source
}

// made is a runner for bands of one shape.
type made struct {
	run     runner
	scratch int
	ring    *layout // of input 0; nil: dense
}

// work is the memory of a unit: sizes, then where they lie in the work space of a worker.
type work struct {
	slabs        []buffer // of every input
	out, scratch buffer
	row          buffer   // of an input whose columns are strided
	parts        []buffer // of columns
	more         []buffer // of the second output and those behind it, of a unit that runs whole
}

// unitState is what a worker knows of a unit.
type unitState struct {
	made         *made // for bands of a shape, the last one
	shape        bandShape
	task         task
	held         [][2]int // the rows that every slab holds
	slabs        [][]float32
	out, scratch []float32
	row          []float32
	group        int // of columns that is at hand, counted from 1
	parts        [][]float32
	more         [][]float32
}

// replaces tells whether the result may take the place of input 0: kernels that work value by value or row by row allow
// that.
func (u *unit) replaces() bool {
	switch u.site.Op {
	case "BatchNormalization", "Softmax", "LayerNormalization":
	default:
		if !elementwise[u.site.Op] {
			return false
		}
	}
	f := &u.inputs[0]
	return u.whole == nil && f.source != nil && f.cut == u.out && u.bands.inputs[0] != whole && !f.lies(0, 1)
}

// overwrites tells whether rows [from, to) take the place of those of input 0: not where they are read where they are
// stored.
func (u *unit) overwrites(from, to int) bool {
	f := &u.inputs[0]
	return u.inPlace && !f.lies(u.bands.rows(0, f.n, from, to))
}

// packsInPlace tells whether a product packs its rows where they were decoded or computed for it alone.
func (u *unit) packsInPlace() bool {
	f := &u.inputs[0]
	return u.site.Op == "MatMul" && u.whole == nil && f.source != nil && f.outer == 1 && !f.lies(0, 1)
}

// build makes the runner for bands of a shape.
func (u *unit) build(shape bandShape) error {
	s := u.site.band(&u.bands, shape)
	s.ringRows, s.planes, s.owned = u.ringRows, u.planes, u.packsInPlace()
	run, err := s.compile()
	if err != nil {
		return fmt.Errorf("a band of %d rows: %w", shape.out, err)
	}
	u.made[shape] = &made{run, int(s.scratch), s.ring}
	return nil
}

// compute computes rows [from, to) into dst, which is dense, or where that is nil into a buffer of its own.
func (u *unit) compute(w *worker, dst []float32, from, to int) []float32 {
	s := &w.units[u.id]
	if shape := u.bands.shapeOf(from, to); s.made == nil || s.shape != shape {
		s.shape, s.made = shape, u.made[shape]
	}
	m := s.made
	n := u.out.size(to - from)
	for i := range u.inputs {
		switch {
		case i == 0 && dst != nil && u.overwrites(from, to):
			u.inputs[0].read(w, dst, n/u.out.outer, from, to)
			s.task.in[0] = dst[:n:cap(dst)]
		case i == 0 && u.planes.in > 0:
			start, _ := u.bands.window.span(from, to)
			s.task.in[0] = u.tail(w, i, start)
		case i == 0 && m.ring != nil:
			u.loadRing(w, s, m.ring, from, to)
		case i > 0 && i == len(u.inputs)-1 && u.planes.add > 0:
			s.task.in[i] = u.tail(w, i, from)
		default:
			u.load(w, s, i, from, to)
		}
	}
	switch {
	case dst != nil:
	case u.overwrites(from, to):
		dst = s.slabs[0]
	default:
		dst = s.out
	}
	if u.bands.planes {
		s.task.first = from
	}
	if u.planes.out > 0 {
		n = len(dst)
	}
	s.task.out[0] = dst[:n:cap(dst)]
	s.task.scratch = s.scratch[:m.scratch:cap(s.scratch)]
	m.run(&s.task)
	if u.inPlace || u.packsInPlace() {
		s.held[0] = [2]int{}
	}
	if u.rounds != nil {
		u.rounds.round(dst, u.out, from, to, n/u.out.outer)
	}
	return dst[:n]
}

// tail is an input that lies in a tensor, from a row on.
func (u *unit) tail(w *worker, i, from int) []float32 {
	x := u.inputs[i].source.(*plain).values(w)
	return x[from*u.inputs[i].inner : cap(x)]
}

// load makes input i hold what the output rows [from, to) read. Rows that it holds from the band before stay.
func (u *unit) load(w *worker, s *unitState, i, from, to int) {
	f := &u.inputs[i]
	if f.source == nil {
		return
	}
	a, b := u.bands.rows(i, f.n, from, to)
	if x := f.dense(w, a, b); x != nil {
		s.task.in[i] = x
		return
	}
	slab, pitch := s.slabs[i], (b-a)*f.inner
	keep := s.keep(f, i, a, b)
	if keep < b {
		f.read(w, slab[(keep-a)*f.inner:], pitch, keep, b)
	}
	s.held[i] = [2]int{a, b}
	s.task.in[i] = slab[: f.outer*pitch : cap(slab)]
}

// loadRing makes input 0 hold the rows that [from, to) read, in the layout of a convolution. Rows of padding are zero.
func (u *unit) loadRing(w *worker, s *unitState, l *layout, from, to int) {
	f := &u.inputs[0]
	start, end := u.bands.window.span(from, to)
	end = u.ahead(start, end)
	slab, keep := s.slabs[0], start
	if h := s.held[0]; h[0] <= start && start < h[1] {
		end = max(end, h[1])
		keep = h[1]
		if h[0] < start {
			for c := range l.c {
				plane := slab[c*l.plane:][:l.plane]
				copy(plane[:(keep-start)*l.pitch], plane[(start-h[0])*l.pitch:])
			}
		}
	}
	a, b := min(max(keep, 0), end), max(keep, min(end, f.n))
	if a < b {
		f.read(w, slab[(a-start)*l.pitch:], l.plane, a, b)
	}
	for c := range l.c {
		plane := slab[c*l.plane:][:l.plane]
		clear(plane[(keep-start)*l.pitch : (a-start)*l.pitch])
		l.spread(plane[(a-start)*l.pitch:], b-a, s.row)
		clear(plane[(b-start)*l.pitch : (end-start)*l.pitch])
	}
	s.held[0] = [2]int{start, end}
	s.task.in[0] = slab[: l.c*l.plane : cap(slab)]
}

// ahead is up to where the input is read that must be read up to end: whole blocks, where they are not much higher than
// what is needed.
func (u *unit) ahead(start, end int) int {
	f := &u.inputs[0]
	rows := blockRows(f.source)
	if to := min(roundUp(end, max(1, rows)), f.n); end < f.n && rows <= end-start {
		return to
	}
	return end
}

// blockRows is how many rows the blocks of a source hold, of several kinds the smallest if it divides the others, or are computed
// together by a transposed convolution; 0 where it has none.
func blockRows(s source) int {
	switch s := s.(type) {
	case *packedRows:
		if s.outer == s.channels && s.p%s.inner == 0 {
			return s.p / s.inner
		}
	case *unit:
		if s.bands.window != nil && s.bands.window.up {
			return s.bands.step
		}
	case *joined:
		rows := blockRows(s.parts[0].source)
		for _, p := range s.parts[1:] { // each once: parts may be joined themselves, many times over
			other := blockRows(p.source)
			if rows == 0 || other == 0 || max(rows, other)%min(rows, other) != 0 {
				return 0
			}
			rows = min(rows, other)
		}
		return rows
	}
	return 0
}

// blockChannels is how many rows the blocks of a source hold whose rows are channels, 0 where they are not.
func blockChannels(s source) int {
	if p, ok := s.(*packedRows); ok && p.outer == 1 && !p.tokens && p.channels > 1 && p.inner%p.positions == 0 {
		return max(1, p.c*p.positions/p.inner)
	}
	return 0
}

// keep moves the rows from a on that a slab holds to its start and returns where they end.
func (s *unitState) keep(f *feed, i, a, b int) int {
	from, to := s.held[i][0], min(s.held[i][1], b)
	if a < from || a >= to {
		return a
	}
	slab, was, is, n := s.slabs[i], (s.held[i][1]-from)*f.inner, (b-a)*f.inner, (to-a)*f.inner
	if from == a && was == is {
		return to
	}
	if is <= was {
		for o := range f.outer {
			copy(slab[o*is:][:n], slab[o*was+(a-from)*f.inner:])
		}
		return to
	}
	for o := f.outer - 1; o >= 0; o-- {
		copy(slab[o*is:][:n], slab[o*was+(a-from)*f.inner:][:n])
	}
	return to
}

// read makes a unit a source: what is asked for is computed.
func (u *unit) read(w *worker, dst []float32, pitch, from, to int) {
	n := (to - from) * u.out.inner
	if u.out.outer == 1 || pitch == n {
		u.compute(w, dst, from, to)
		return
	}
	out := u.compute(w, nil, from, to)
	for o := range u.out.outer {
		copy(dst[o*pitch:][:n], out[o*n:])
	}
}

func (u *unit) dense(*worker, int, int) []float32 { return nil }
func (u *unit) lies(int, int) bool                { return false }

// visit calls f for s and all sources that are read for it.
func visit(s source, f func(s source)) {
	f(s)
	switch s := s.(type) {
	case *unit:
		for i := range s.inputs {
			if from := s.inputs[i].source; from != nil {
				visit(from, f)
			}
		}
	case *strided:
		if s.product != nil {
			visit(s.product, f)
		}
	case *joined:
		for i := range s.parts {
			visit(s.parts[i].source, f)
		}
	}
}
