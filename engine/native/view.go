package native

import (
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// view is a value whose elements are read where those of another value, its base, lie: element (i, j, ...) is element
// offset + i*strides[0] + j*strides[1] + ... of the base. Split, Slice, Transpose and what reshapes them need not copy.
type view struct {
	base           int // storage
	offset         int
	shape, strides []int
}

// viewOf is what output i of a step is of its input, nil where it is no view.
func (k *packer) viewOf(u *unit, i int) *view {
	s := u.site
	if !k.p.steps[u.step].in[0].computed || s.Domain != "" {
		return nil
	}
	v := k.viewed(k.p.steps[u.step].in[0].storage, s.shape(0))
	if v == nil {
		return nil
	}
	v.shape = slices.Clone(v.shape)
	v.strides = slices.Clone(v.strides)
	ok := false
	switch s.Op {
	case "Transpose":
		ok = v.transpose(s)
	case "Slice":
		ok = v.slice(s)
	case "Split":
		ok = v.split(s, i)
	case "Gather":
		ok = v.pick(s)
	}
	if !ok || tensor.Size(v.shape) != tensor.Size(s.outShape(i)) {
		return nil
	}
	return v.reshape(s.outShape(i))
}

// viewed is a storage as a view of shape.
func (k *packer) viewed(id int, shape []int) *view {
	v := k.values[id]
	switch {
	case v.view != nil:
		return v.view.reshape(shape)
	case v.joined:
		return nil
	}
	return &view{base: id, shape: shape, strides: strides(shape)}
}

func (v *view) transpose(s *site) bool {
	perm, err := s.ints("perm", len(v.shape), -1)
	if err != nil {
		return false
	}
	shape, strides := slices.Clone(v.shape), slices.Clone(v.strides)
	for i, axis := range perm {
		v.shape[i], v.strides[i] = shape[axis], strides[axis]
	}
	return true
}

func (v *view) slice(s *site) bool {
	starts, errA := s.ints("starts", len(v.shape), 0)
	steps, errB := s.ints("steps", len(v.shape), 1)
	if errA != nil || errB != nil {
		return false
	}
	for i := range v.shape {
		v.offset += starts[i] * v.strides[i]
		v.strides[i] *= steps[i]
		if steps[i] < 1 {
			return false
		}
	}
	v.shape = slices.Clone(s.outShape(0))
	return len(v.shape) == len(v.strides)
}

func (v *view) split(s *site, part int) bool {
	axis := s.Attrs.Int("axis", 0)
	for i := range part {
		v.offset += s.outShape(i)[axis] * v.strides[axis]
	}
	v.shape = slices.Clone(s.outShape(part))
	return true
}

// pick is a Gather of one index.
func (v *view) pick(s *site) bool {
	index, axis := s.graph.Constants[s.inputs[1]], s.Attrs.Int("axis", 0)
	if index == nil || len(index.Ints) != 1 {
		return false
	}
	v.offset += int(index.Ints[0]) * v.strides[axis]
	v.shape[axis] = 1
	return true
}

// reshape is v in another shape, nil where that needs a copy. v itself does not change.
func (v *view) reshape(shape []int) *view {
	to := &view{base: v.base, offset: v.offset, shape: shape, strides: make([]int, len(shape))}
	i, k := 0, 0 // axes of v and of the result
	for i < len(v.shape) && k < len(shape) {
		a, b := v.shape[i], shape[k]
		first, start := i, k
		for a != b {
			if a < b {
				i++
				if i == len(v.shape) {
					return nil
				}
				a *= v.shape[i]
			} else {
				k++
				if k == len(shape) {
					return nil
				}
				b *= shape[k]
			}
		}
		step, ok := v.evenly(first, i)
		if !ok {
			return nil
		}
		for n := k; n >= start; n-- {
			to.strides[n] = step
			step *= shape[n]
		}
		i, k = i+1, k+1
	}
	return to // what is left are axes of 1
}

// evenly is the step with which the axes from first to last run through the base; ok is false where it is not one.
func (v *view) evenly(first, last int) (step int, ok bool) {
	step, next := 1, 0
	for i := last; i >= first; i-- {
		switch {
		case v.shape[i] == 1:
			continue
		case next == 0:
			step = v.strides[i]
		case v.strides[i] != next:
			return 0, false
		}
		next = v.strides[i] * v.shape[i]
	}
	return step, true
}

// axisOf is the axis of which the rows of a cut are, whole where the cut is one row; ok is false where they are of none.
// on tells that the rows of all matrices are counted on, of which axis - 1 is the axis.
func (v *view) axisOf(c cut) (axis int, on, ok bool) {
	for i := range v.shape {
		if cutOf(v.shape, i) == c {
			return i, false, true
		}
	}
	for i := 1; i < len(v.shape); i++ {
		if m := cutOf(v.shape, i); (cut{1, m.outer * m.n, m.inner}) == c && m.outer == v.shape[i-1] {
			return i, true, true
		}
	}
	return whole, false, c == wholeCut(tensor.Size(v.shape))
}

// maxAxes is how many axes a view may have to be read where it lies.
const maxAxes = 8

// strided is a source of a view.
type strided struct {
	cut
	*view
	axis int  // of the cut's rows
	on   bool // counted on over the axis before
	base home
	slot *slot // instead of base

	pieces []*strided // of the same rows, along an axis: they are decoded one after the other
	split  int        // that axis
	each   int        // what a piece has of it

	product *unit // instead of both: it is computed by columns
	part    int   // of them
}

func (s *strided) dense(w *worker, from, to int) []float32 {
	if !s.flat() {
		return nil
	}
	return s.denseColumns(w, from, to)
}

func (s *strided) lies(int, int) bool { return s.flat() }

func (s *strided) read(w *worker, dst []float32, pitch, from, to int) {
	s.matrices(from, to, func(a, b int) { s.readRows(w, dst[(a-from)*s.inner:], pitch, a, b) })
}

// matrices calls f for the rows [from, to), matrix by matrix where rows are counted on.
func (s *strided) matrices(from, to int, f func(from, to int)) {
	for s.on && from < to {
		end := min(to, from/s.shape[s.axis]*s.shape[s.axis]+s.shape[s.axis])
		f(from, end)
		from = end
	}
	if !s.on {
		f(from, to)
	}
}

// within is which part of an axis the rows [from, to), of one matrix, need.
func (s *strided) within(axis, from, to int) (first, n int) {
	switch {
	case axis == s.axis && s.on:
		return from % s.shape[axis], to - from
	case axis == s.axis:
		return from, to - from
	case s.on && axis == s.axis-1:
		return from / s.shape[s.axis], 1
	}
	return 0, s.shape[axis]
}

func (s *strided) readRows(w *worker, dst []float32, pitch, from, to int) {
	put, step := [maxAxes]int{}, 1
	for i := len(s.shape) - 1; i >= 0; i-- {
		_, n := s.within(i, from, to)
		put[i] = step
		if step *= n; i == s.axis {
			step = pitch
		}
	}
	for i, p := range s.pieces {
		p.copyRows(w, dst[i*s.each*put[s.split]:], &put, from, to)
	}
	if s.pieces == nil {
		s.copyRows(w, dst, &put, from, to)
	}
}

// copyRows copies rows to where put says, the steps along every axis.
func (s *strided) copyRows(w *worker, dst []float32, put *[maxAxes]int, from, to int) {
	var x []float32
	at, steps := s.offset, [maxAxes]int{}
	copy(steps[:], s.strides)
	switch {
	case s.product != nil:
		x, at = s.fetchColumns(w, &steps, from)
	case s.slot != nil:
		x, at = s.fetch(w, &steps, from, to)
	default:
		x = s.base.values(w)
	}
	shape := [maxAxes]int{}
	for i := range s.shape {
		first, n := s.within(i, from, to)
		shape[i] = n
		at += first * steps[i]
	}
	n := len(s.shape)
	copyAxes(dst, x[at:], shape[:n], put[:n], steps[:n])
}

// copyAxes copies a tensor between two that have steps of their own along every axis.
func copyAxes(dst, src []float32, shape, put, take []int) {
	if len(shape) == 2 && put[1] == 1 && take[1] == 1 {
		copyRows(dst, src, shape[0], shape[1], put[0], take[0])
		return
	}
	if len(shape) > 1 {
		for i := range shape[0] {
			copyAxes(dst[i*put[0]:], src[i*take[0]:], shape[1:], put[1:], take[1:])
		}
		return
	}
	if len(shape) == 0 { // a scalar
		dst[0] = src[0]
		return
	}
	n, step := shape[0], take[0]
	if step == 1 && put[0] == 1 {
		copy(dst[:n], src)
		return
	}
	for i := range n {
		dst[i*put[0]] = src[i*step]
	}
}

// copyRows copies rows of n values, eights without a call: rows of heads are short.
func copyRows(dst, src []float32, rows, n, dstStep, srcStep int) {
	for i := range rows {
		d, s := dst[i*dstStep:][:n], src[i*srcStep:][:n]
		for len(d) >= 8 && len(s) >= 8 {
			*(*[8]float32)(d) = *(*[8]float32)(s)
			d, s = d[8:], s[8:]
		}
		copy(d, s)
	}
}

// region is the part of the slot's grid that rows [from, to) need: channels, whole blocks of them, and positions.
func (s *strided) region(from, to int) (c0, c1, p0, p1 int) {
	width := s.slot.width()
	r0, k0 := s.offset/width, s.offset%width
	r1, k1 := r0, k0
	for i := range s.shape {
		first, n := s.within(i, from, to)
		last := first + n - 1
		if step := s.strides[i]; step%width == 0 {
			r0, r1 = r0+first*(step/width), r1+last*(step/width)
		} else {
			k0, k1 = k0+first*step, k1+last*step
		}
	}
	c0, c1, p0, p1 = r0, r1+1, k0, k1+1
	if s.slot.tokens {
		c0, c1, p0, p1 = k0, k1+1, r0, r1+1
	}
	return c0 / s.slot.c * s.slot.c, min(roundUp(c1, s.slot.c), s.slot.channels), p0, p1
}

// width is how many values follow each other in a row of the grid: the positions of a plane, or the channels of a token.
func (g *grid) width() int {
	if g.tokens {
		return g.channels
	}
	return g.positions
}

// fetch decodes what rows [from, to) need, and says where the view's first element would lie in it; steps become those
// in what was decoded.
func (s *strided) fetch(w *worker, steps *[maxAxes]int, from, to int) ([]float32, int) {
	c0, c1, p0, p1 := s.region(from, to)
	g, width := s.slot, s.slot.width()
	row0, col0, length := c0, p0, p1-p0
	if g.tokens {
		row0, col0, length = p0, c0, c1-c0
	}
	for i := range s.shape {
		if steps[i]%width == 0 {
			steps[i] = steps[i] / width * length
		}
	}
	state := w.arena.slots[g.id]
	for k := p0 / g.p; k*g.p < p1; k++ {
		for i := c0 / g.c; i*g.c < c1; i++ {
			b := g.at(k, i)
			first, end := max(p0, b.p0), min(p1, b.p0+b.positions)
			at := (b.c0-c0)*length + first - p0
			if g.tokens {
				at = (first-p0)*length + b.c0 - c0
			}
			g.form.Decode(w.block[at:], length, state.block(&w.arena.pages, k, i), b.c0, b.channels, b.positions, first-b.p0, end-b.p0)
		}
	}
	return w.block, (s.offset/width-row0)*length + s.offset%width - col0
}

func (s *strided) probe(p *probe, _, from, to int) {
	switch {
	case s.product != nil:
		s.product.tryColumns(p)
		return
	case s.slot == nil:
		return
	}
	for _, piece := range s.pieces {
		piece.probe(p, 0, from, to)
	}
	if s.pieces != nil {
		return
	}
	s.matrices(from, to, func(a, b int) {
		c0, c1, p0, p1 := s.region(a, b)
		p.block = max(p.block, (c1-c0)*(p1-p0))
		p.reads.note(s.slot, p.band, s.slot.number(c0, p0))
	})
}

// splitChannels finds an axis along which other channels are read, so that those of one block are decoded at a time.
func (s *strided) splitChannels() {
	g := s.slot
	if g == nil || g.tokens || s.offset/g.positions%g.c != 0 {
		return
	}
	for axis, n := range s.shape {
		if s.strides[axis] != g.positions || n <= g.c || n%g.c != 0 || axis == s.axis || s.on && axis == s.axis-1 {
			continue
		}
		s.split, s.each = axis, g.c
		for i := 0; i < n; i += g.c {
			v := *s.view
			v.shape = slices.Clone(v.shape)
			v.shape[axis] = g.c
			v.offset += i * g.positions
			s.pieces = append(s.pieces, &strided{cut: s.cut, view: &v, axis: s.axis, on: s.on, slot: s.slot})
		}
		return
	}
}

// pieces is how many channels a row of a cut reads.
func (v *view) pieces(g *grid, c cut) int {
	axis, on, _ := v.axisOf(c)
	g.c, g.p = 1, 1
	s := &strided{cut: c, view: v, axis: axis, on: on, slot: &slot{grid: *g}}
	c0, c1, _, _ := s.region(0, 1)
	return c1 - c0
}

// suits tells whether every axis of a view runs along rows or within a row of a grid.
func (v *view) suits(g *grid) bool {
	width := g.width()
	last := v.offset % width
	for i, n := range v.shape {
		if v.strides[i]%width != 0 {
			last += (n - 1) * v.strides[i]
		}
	}
	return last < width && (g.row == 1 || g.tokens)
}
