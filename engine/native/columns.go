package native

import (
	"cmp"
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/internal/simd"
)

// columns is a product with constant weights that is larger than what it is computed of and is read some columns at a time,
// as queries, keys and values of one head are: it is not stored. What is read for one matrix of the reader, a group, is computed
// together, by one walk through the rows of the input.
type columns struct {
	*gemm
	parts  []columnPart
	each   int // rows of the input that are at hand at a time
	groups int // that are computed together
}

// columnPart is what a view shows of a product's columns.
type columnPart struct {
	view  *view
	cut   cut
	n     int        // columns of a group
	flat  bool       // the view shows them as they lie
	turn  bool       // they lie one behind the other, not the rows: so the view wants them
	token int        // steps in memory from row to row
	step  int        // and from column to column
	first []int      // by group
	run   []*product // by group
}

// columnRows is how many rows of the input are packed at a time, manyColumns for how many columns that is worth the time.
const (
	columnRows  = 16
	manyColumns = 96
)

// reader is an input of a unit.
type reader struct {
	*unit
	input int
}

// findColumns finds the products that need not be stored.
func (k *packer) findColumns() {
	readers := map[int][]reader{} // by storage
	for _, u := range k.units {
		s := &k.p.steps[u.step]
		if k.values[s.out[0]].view != nil {
			continue
		}
		for i, o := range s.in {
			if !o.computed {
				continue
			}
			id := o.storage
			if v := k.values[id].view; v != nil {
				id = v.base
			}
			readers[id] = append(readers[id], reader{u, i})
		}
	}
	for _, u := range k.units {
		if u.columns = k.columnsOf(u, readers); u.columns != nil {
			k.values[k.p.steps[u.step].out[0]].stored = false
		}
	}
}

// columnsOf is u as columns, nil where it must be stored.
func (k *packer) columnsOf(u *unit, readers map[int][]reader) *columns {
	s := &k.p.steps[u.step]
	id := s.out[0]
	v := k.values[id]
	if u.whole != nil || !u.site.constantProduct() || v.output > 0 || u.out.outer != 1 || !k.widens(u, v) || !k.lies(s.in[0]) {
		return nil
	}
	g := k.gridOf(v)
	if g.c, g.p = 1, 1; !g.tokens || g.positions != u.out.n || g.channels != u.out.inner {
		return nil
	}
	c := &columns{each: min(columnRows, u.out.n)}
	var root *unit
	for _, r := range readers[id] {
		top := k.rootOf(r.unit, readers)
		if top == nil || root != nil && top != root || top.bands.matrix == 0 || !k.addPart(c, g, r) {
			return nil
		}
		root = top
	}
	if root == nil || len(c.parts[0].first) != root.out.n/root.bands.matrix {
		return nil
	}
	n := 0
	for _, p := range c.parts {
		n += p.n
	}
	c.groups = max(1, manyColumns/n)
	return c
}

// constantProduct tells whether s is a product with one matrix of weights.
func (s *site) constantProduct() bool {
	return s.Op == "MatMul" && s.Domain == "" && !s.residual && isMatrix(s.graph.Constants[s.Inputs[1]])
}

// lies tells whether an operand is stored: reading it again and again computes nothing.
func (k *packer) lies(o operand) bool {
	if !o.computed {
		return false
	}
	v := k.values[o.storage]
	switch {
	case v.view != nil:
		return k.values[v.view.base].stored
	case v.joined:
		for _, part := range k.p.steps[v.step].in {
			if part.computed && !k.lies(part) {
				return false
			}
		}
		return true
	}
	return v.stored
}

// rootOf is the unit whose stored result a unit is computed for, nil where that is not one.
func (k *packer) rootOf(u *unit, readers map[int][]reader) *unit {
	for {
		id := k.p.steps[u.step].out[0]
		if k.values[id].stored {
			return u
		}
		list := readers[id]
		if len(list) != 1 || u.columns != nil || u.whole != nil {
			return nil
		}
		u = list[0].unit
	}
}

// addPart adds what a reader reads; it tells whether those are whole columns, as many in every group.
func (k *packer) addPart(c *columns, g *grid, r reader) bool {
	id := k.p.steps[r.step].in[r.input].storage
	p := columnPart{view: k.values[id].view, cut: k.cutFor(r.unit, r.input)}
	if p.view == nil || r.whole != nil {
		return false
	}
	for _, other := range c.parts {
		if other.view == p.view && other.cut == p.cut {
			return true
		}
	}
	axis, on, ok := p.view.axisOf(p.cut)
	if !ok || axis == whole {
		return false
	}
	rows := 1 // of a group
	if on {
		rows = p.view.shape[axis]
	}
	s := &strided{cut: p.cut, view: p.view, axis: axis, on: on, slot: &slot{grid: *g}}
	for from := 0; from < p.cut.n; from += rows {
		c0, c1, p0, p1 := s.region(from, from+rows)
		if p.n = cmp.Or(p.n, c1-c0); p.n != c1-c0 || c0%kernel.Width != 0 || p0 != 0 || p1 != g.positions {
			return false
		}
		p.first = append(p.first, c0)
	}
	if len(c.parts) > 0 && len(c.parts[0].first) != len(p.first) {
		return false
	}
	p.token, p.step = p.n, 1
	if p.flat = s.flatIn(&p); !p.flat {
		turned := p
		if turned.token, turned.step, turned.turn = 1, g.positions, true; s.flatIn(&turned) {
			turned.flat = true
			p = turned
		}
	}
	c.parts = append(c.parts, p)
	return true
}

// buildColumns makes the products; those whose columns lie alike in their panels are the same.
func (u *unit) buildColumns() (err error) {
	c := u.columns
	if c.gemm != nil {
		return nil
	}
	s := u.site.band(&u.bands, bandShape{out: c.each})
	s.owned = u.packsInPlace()
	if c.gemm, err = s.constantGemm(); err != nil {
		return err
	}
	made := map[[2]int]*product{}
	for i := range c.parts {
		p := &c.parts[i]
		for _, first := range p.first {
			key := [2]int{first % panelWidth, p.n}
			if made[key] == nil {
				made[key] = c.some(key[0], p.n)
			}
			p.run = append(p.run, made[key])
		}
	}
	return nil
}

// some is the product of n columns, of which the first is one of a panel's; x begins with that panel.
func (g *gemm) some(first, n int) *product {
	p := *g.product
	p.setVectors(line(n, func(i int) int {
		c := first + i*vectorWidth
		return c/panelWidth*panelWidth*g.depth + c%panelWidth
	}), n)
	return &p
}

// hold computes a group of columns, together with its neighbours, unless it is at hand.
func (u *unit) hold(w *worker, group int) [][]float32 {
	s, c := &w.units[u.id], u.columns
	n, first := len(c.parts), group/c.groups*c.groups
	parts := s.parts[(group-first)*n:][:n]
	if s.group == first+1 {
		return parts
	}
	end := min(first+c.groups, len(c.parts[0].first))
	for from := 0; from < u.out.n; from += c.each {
		to := min(from+c.each, u.out.n)
		u.load(w, s, 0, from, to)
		s.task.scratch = s.scratch
		rows := c.pack(&s.task, s.task.in[0], to-from)
		if c.inPlace {
			s.held[0] = [2]int{}
		}
		for i := range (end - first) * n {
			u.computePart(s, &c.parts[i%n], factors{w: rows, out: s.parts[i], rows: to - from}, first+i/n, from)
		}
	}
	for i := range (end - first) * n {
		if p := &c.parts[i%n]; !p.turn {
			u.rounds.form.Round(s.parts[i], p.n, p.first[first+i/n], p.n, u.out.n)
		}
	}
	s.group = first + 1
	return parts
}

// computePart computes rows of a part, of the input's that are packed.
func (u *unit) computePart(s *unitState, p *columnPart, f factors, group, from int) {
	c, first := u.columns, p.first[group]
	dst := f.out[from*p.token:]
	f.x, f.out = c.panels[first/panelWidth*panelWidth*c.depth:], dst
	if c.bias != nil {
		f.add = c.bias[first:]
	}
	if p.turn {
		f.out = s.scratch[c.scratch(c.each):]
	}
	p.run[group].run(&f)
	if p.turn {
		u.rounds.form.Round(f.out, p.n, first, p.n, f.rows)
		simd.Transpose(dst, f.out, f.rows, p.n, p.step, p.n)
	}
}

// tryColumns is hold.
func (u *unit) tryColumns(p *probe) {
	c := u.columns
	if p.held[u] == nil {
		p.held[u] = make([][2]int, len(u.inputs))
	}
	for from := 0; from < u.out.n; from += c.each {
		u.tryInput(p, 0, from, min(from+c.each, u.out.n))
	}
	turned := 0
	u.work.parts = u.work.parts[:0]
	for i := range c.groups * len(c.parts) {
		part := &c.parts[i%len(c.parts)]
		u.work.parts = append(u.work.parts, buffer{size: part.n * u.out.n})
		if part.turn {
			turned = max(turned, part.n*c.each)
		}
	}
	packing := packing{depth: u.site.shape(1)[0], inPlace: u.packsInPlace()}
	u.work.scratch.size = packing.scratch(c.each) + turned
}

// part is which part of the columns a view with a cut shows.
func (c *columns) part(v *view, of cut) int {
	return slices.IndexFunc(c.parts, func(p columnPart) bool { return p.view == v && p.cut == of })
}

// group is which one the rows from one on are of.
func (s *strided) group(from int) int {
	if s.on {
		return from / s.shape[s.axis]
	}
	return from
}

// fetchColumns is fetch of a product's columns.
func (s *strided) fetchColumns(w *worker, steps *[maxAxes]int, from int) ([]float32, int) {
	group, p, width := s.group(from), &s.product.columns.parts[s.part], s.product.out.inner
	for i := range s.shape {
		steps[i] = p.stepOf(steps[i], width)
	}
	return s.product.hold(w, group)[s.part], s.offset/width*p.token + (s.offset%width-p.first[group])*p.step
}

// stepOf is what a step in the whole product is among the columns of a group.
func (p *columnPart) stepOf(step, width int) int {
	if step%width == 0 {
		return step / width * p.token
	}
	return step * p.step
}

// flat tells whether what the view shows of a product's columns lies there as it is read.
func (s *strided) flat() bool {
	return s.product != nil && s.product.columns.parts[s.part].flat
}

// flatIn finds that out.
func (s *strided) flatIn(p *columnPart) bool {
	to, width, next := 1, s.slot.width(), 1
	if s.on {
		to = s.shape[s.axis]
	}
	for i := len(s.shape) - 1; i >= 0; i-- {
		if _, n := s.within(i, 0, to); n > 1 {
			if p.stepOf(s.strides[i], width) != next {
				return false
			}
			next *= n
		}
	}
	return s.outer == 1
}

// denseColumns are rows where they were computed.
func (s *strided) denseColumns(w *worker, from, to int) []float32 {
	steps := [maxAxes]int{}
	copy(steps[:], s.strides)
	x, at := s.fetchColumns(w, &steps, from)
	for i := range s.shape {
		first, _ := s.within(i, from, to)
		at += first * steps[i]
	}
	return x[at : at+(to-from)*s.inner : cap(x)]
}
