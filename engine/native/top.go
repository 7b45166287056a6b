package native

import (
	"cmp"
	"slices"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/tensor"
)

// top is a unit whose result is stored: it runs band by band, and with it the units that are computed on demand.
type top struct {
	*unit
	index    int // among the tops
	targets  []target
	rows     int   // of a band
	starts   []int // of the rows of every worker, and the end
	sequence sequence
	replaced *slot // whose place the result takes; nil for none
	spent    []int // of its blocks, by band
	tree     []*unit
	slots    []*slot // that nothing reads any more behind it

	block, bytes buffer    // work space for a decoded and an encoded block
	spaces       []*buffer // work spaces, two of every worker
	cutAt        int       // where one is cut in two
	work         int       // size of all
	size         int       // of one worker's work space, in values
	wanted       int       // size for bands as high as they should be
}

// target is where an output is stored.
type target struct {
	plain
	value *value
	form  engine.Form // nil: floats as they are
	packs bool        // into slot; else, what is stored as floats is rounded nevertheless
	slot  *slot
	grid  *grid
	edge  int // whose hook is called; -1 for none
}

// topState is what a worker has of a top.
type topState struct {
	block []float32
	bytes []byte
}

// run computes a worker's share.
func (t *top) run(w *worker) {
	from, end := t.starts[w.id], t.starts[w.id+1]
	if from == end {
		return
	}
	w.topState = w.tops[t.index]
	for _, u := range t.tree {
		clear(w.units[u.id].held)
		w.units[u.id].group = 0
	}
	for from < end {
		to := t.end(from, end)
		t.band(w, from, to)
		from = to
	}
}

// end is where the band ends that begins at row from; limit is where a worker's share does.
func (t *top) end(from, limit int) int {
	m := t.matrixRows()
	return min(from+t.rows, limit, (from/m+1)*m)
}

// matrixRows is how many rows the matrices have that bands stay within.
func (t *top) matrixRows() int { return cmp.Or(t.bands.matrix, t.out.n) }

// count is the number of bands.
func (t *top) count() int {
	m := t.matrixRows()
	return t.out.n / m * ceilDiv(m, t.rows)
}

// start is where band i begins.
func (t *top) start(i int) int {
	m := t.matrixRows()
	each := ceilDiv(m, t.rows)
	return min(t.out.n, i/each*m+i%each*t.rows)
}

// number is the number of the band that begins at a row.
func (t *top) number(from int) int {
	m := t.matrixRows()
	return from/m*ceilDiv(m, t.rows) + from%m/t.rows
}

// band computes rows and stores them.
func (t *top) band(w *worker, from, to int) {
	g := &t.targets[0]
	if t.planes.out > 0 || t.direct(to-from) {
		x := g.values(w)[from*t.out.inner:]
		t.compute(w, x, from, to)
		g.round(x, t.out, from, to, max(t.planes.out, (to-from)*t.out.inner))
		return
	}
	out := t.compute(w, nil, from, to)
	t.spend(w, from)
	g.store(w, out, t.out, from, to)
	for i := range t.targets[1:] {
		x := w.units[t.unit.id].more[i]
		g := &t.targets[i+1]
		g.store(w, x, g.cut, 0, 1)
	}
}

// direct tells whether bands of some rows are computed where they are stored.
func (t *top) direct(rows int) bool {
	g := &t.targets[0]
	return len(t.targets) == 1 && g.slot == nil && g.home.buffer != nil && (t.out.outer == 1 || rows == t.out.n)
}

// store keeps rows [from, to) of a cut, which lie densely in x.
func (g *target) store(w *worker, x []float32, c cut, from, to int) {
	pitch := (to - from) * c.inner
	if g.slot == nil {
		g.round(x, c, from, to, pitch)
		g.write(w, x, pitch, from, to)
		return
	}
	s := w.arena.slots[g.slot.id]
	g.slot.blocks(c, from, to, func(k, i int, b blockOf, at, stride int) {
		s.write(&w.arena.pages, w.bytes, k, i, x[at:], stride)
	})
}

// round replaces rows [from, to) of a cut, whose outers lie pitch apart in x, by what their form gives back of them.
func (g *target) round(x []float32, c cut, from, to, pitch int) {
	if g.form == nil {
		return
	}
	c0, c1, p0, p1 := g.grid.span(c, from, to)
	stride := pitch
	switch {
	case g.grid.tokens:
		stride = g.grid.channels
	case c.outer == 1:
		stride = p1 - p0
	}
	g.form.Round(x, stride, c0, c1-c0, p1-p0)
}

// blocks calls f for the blocks that rows [from, to) of a cut hold, with where they lie in the rows and from row to row
// of the block. Bands end where blocks do.
func (g *grid) blocks(c cut, from, to int, f func(k, i int, b blockOf, at, stride int)) {
	c0, c1, p0, p1 := g.span(c, from, to)
	stride := p1 - p0
	if g.tokens {
		stride = g.channels
	}
	for k := p0 / g.p; k*g.p < p1; k++ {
		for i := c0 / g.c; i*g.c < c1; i++ {
			b := g.at(k, i)
			at := (b.c0-c0)*stride + b.p0 - p0
			if g.tokens {
				at = (b.p0-p0)*stride + b.c0
			}
			f(k, i, b, at, stride)
		}
	}
}

// addTop makes a top of a unit whose result is stored.
func (k *packer) addTop(u *unit) error {
	s := &k.p.steps[u.step]
	if !k.values[s.out[0]].stored {
		return nil
	}
	t := &top{unit: u, index: len(k.tops)}
	visit(u, func(s source) {
		if u, ok := s.(*unit); ok && !slices.Contains(t.tree, u) {
			t.tree = append(t.tree, u)
		}
	})
	for i, id := range s.out {
		k.addTarget(t, i, k.values[id])
	}
	t.useInPlace()
	if err := k.chooseRows(t); err != nil {
		return err
	}
	for i, id := range s.out {
		k.placeTarget(&t.targets[i], k.values[id], t)
	}
	t.noteWritten()
	k.tops = append(k.tops, t)
	return nil
}

// addTarget decides how a value is stored.
func (k *packer) addTarget(t *top, i int, v *value) {
	g := target{value: v, edge: -1, plain: plain{cut: t.out}}
	if i > 0 {
		g.cut = wholeCut(tensor.Size(v.shape))
	}
	g.form, g.packs = k.form(v)
	if v.edge >= 0 && g.form == nil {
		g.edge = v.edge
	}
	if !g.packs && v.output == 0 {
		v.source.buffer = &buffer{size: tensor.Size(v.shape), first: t.index, last: t.index}
	}
	g.home = v.source
	t.targets = append(t.targets, g)
}

// placeTarget makes the slot of an edge once the height of bands is known.
func (k *packer) placeTarget(g *target, v *value, t *top) {
	if g.form == nil {
		return
	}
	if g.grid = k.gridOf(v); !g.packs {
		return
	}
	g.grid = k.gridFor(t, v)
	g.slot = newSlot(len(k.slots), g.form, *g.grid, k.tight)
	v.slot = g.slot
	k.slots = append(k.slots, v.slot)
}

// useInPlace lets a convolution read and write planes where they lie in whole tensors of floats.
func (t *top) useInPlace() {
	u, g := t.unit, &t.targets[0]
	if !u.bands.ring || isDepthwise(u.site.graph, u.site.Node) {
		return
	}
	if !g.packs && len(t.targets) == 1 && u.out.outer > 1 {
		u.planes.out = u.out.n * u.out.inner
	}
	if f := &u.inputs[0]; f.inArena() && u.site.unpadded() {
		u.planes.in = f.n * f.inner
	}
	if f := &u.inputs[len(u.inputs)-1]; u.site.residual && f.inArena() {
		u.planes.add = f.n * f.inner
	}
}

// inArena tells whether an input is floats with slack behind them.
func (f *feed) inArena() bool {
	p, ok := f.source.(*plain)
	return ok && (p.home.buffer != nil || p.constant != nil)
}

// unpadded tells whether a convolution reads its input as it lies.
func (s *site) unpadded() bool {
	g, err := newWindow(s)
	return err == nil && g.sx == 1 && g.top == 0 && g.left == 0 && g.bottom == 0 && g.rightPad == 0
}

// What a band and a block should hold, in values; and what work space is allowed: a part of what the edges take, but
// enough that bands do not get too thin to be fast.
const (
	bandValues   = 8192
	floatValues  = 1 << 16 // where nothing is packed
	bandInner    = 64
	blockValues  = 2048
	workQuarters = 3
	leastWork    = 24 << 10
	leastPiece   = 16
)

// chooseRows sets the height of a band: as high as the budget allows.
func (k *packer) chooseRows(t *top) error {
	n, step := t.matrixRows(), max(1, t.bands.step)
	if t.whole != nil || k.opt.Rows > 0 {
		rows := n
		if t.whole == nil {
			rows = min(n, k.opt.Rows)
		}
		return t.tryRows(k, roundUp(rows, step))
	}
	values := bandValues
	if t.floats {
		values = floatValues
	}
	rows := max(values/(t.out.outer*t.out.inner), ceilDiv(bandInner, t.out.inner), 1)
	if channels := blockChannels(t.inputs[0].source); channels > 0 {
		rows = channels
	}
	rows = min(rows, n, ceilDiv(t.out.n, k.threads))
	tokens := k.blockTokens(t)
	for t.wanted = 0; ; {
		if rows = t.even(rows); rows > tokens && tokens > 1 {
			rows = rows / tokens * tokens
		}
		if err := t.tryRows(k, roundUp(rows, step)); err != nil {
			return err
		}
		t.wanted = max(t.wanted, t.size)
		if k.forms == nil || rows <= step || 4*int64(t.size) <= k.workFor(t) {
			return nil
		}
		before := rows
		if rows = t.lower(rows); rows >= before {
			return nil
		}
		if rows > 4 && t.tile() == 1 && blockChannels(t.inputs[0].source) == 0 {
			rows = rows / 4 * 4 // rows of 16 channels fill groups of 64 values
		}
	}
}

// blockTokens is how many tokens with all of their channels a block of what t stores holds, 0 where that is not cut by tokens.
func (k *packer) blockTokens(t *top) int {
	v := k.values[k.p.steps[t.step].out[0]]
	if _, packs := k.form(v); !packs || v.pieces > 0 || t.bands.matrix > 0 {
		return 0
	}
	g := k.gridOf(v)
	if !g.tokens || t.out.inner != g.channels {
		return 0
	}
	return blockValues / g.channels
}

// lower is a height below rows: half of it, or with products, whose weights are read for every band, one band more.
func (t *top) lower(rows int) int {
	tile, n := t.tile(), t.matrixRows()
	if tile == 1 {
		return t.even(ceilDiv(rows, 2))
	}
	for bands := ceilDiv(n, rows) + 1; bands < n; bands++ {
		if lower := roundUp(ceilDiv(n, bands), tile); lower < rows {
			return lower
		}
	}
	return ceilDiv(rows, 2)
}

// workFor is how many bytes the work space of a worker of t may have.
func (k *packer) workFor(t *top) int64 {
	n := max(k.budget, leastWork) + t.columnBytes()/4*workQuarters
	if room, ok := k.rooms[t.step]; ok && (room < n || k.high) {
		n = room
	}
	return n
}

// columnBytes is what columns take in the work space of t, however high its bands are.
func (t *top) columnBytes() (n int64) {
	for _, u := range t.tree {
		for i := range u.work.parts {
			n += 4 * u.work.parts[i].room()
		}
	}
	return n
}

// even makes bands end where the blocks of their input do, or else be of about one height.
func (t *top) even(rows int) int {
	blocks := blockRows(t.inputs[0].source)
	if w := t.bands.window; w != nil && blocks%w.stride == 0 {
		blocks /= w.stride
	}
	channels := blockChannels(t.inputs[0].source)
	switch {
	case channels > 1:
		return max(channels, rows/channels*channels)
	case t.bands.planes:
		return rows
	case blocks > 0 && rows >= blocks:
		return rows / blocks * blocks
	}
	return min(rows, roundUp(ceilDiv(t.matrixRows(), ceilDiv(t.matrixRows(), rows)), t.tile()))
}

// tile is how many rows a kernel of t takes at once, if it does: what is left of a band costs as much as whole ones.
func (t *top) tile() int {
	for _, u := range t.tree {
		if u.site.Op == "MatMul" {
			return kernel.Rows
		}
	}
	return 1
}

// tryRows finds what t needs with bands of some rows.
func (t *top) tryRows(k *packer, rows int) error {
	t.rows, t.starts, t.size = rows, t.starts[:0], 0
	for i := range k.threads + 1 {
		t.starts = append(t.starts, t.start(t.count()*i/k.threads))
	}
	t.bytes.size = 0
	for _, id := range k.p.steps[t.step].out {
		if form, packs := k.form(k.values[id]); packs {
			g := k.gridFor(t, k.values[id])
			t.bytes.size = max(t.bytes.size, ceilDiv(form.Bound(0, g.c, g.p)+engine.FormSlack, 4))
		}
	}
	return t.probe(k.threads)
}

// gridFor cuts an edge into blocks so that bands hold whole ones.
func (k *packer) gridFor(t *top, v *value) *grid {
	g := k.gridOf(v)
	band := t.out.size(t.rows)
	switch {
	case t.whole != nil:
		g.p = min(g.positions, roundUp(max(bandInner, blockValues/min(g.channels, 16)), g.row))
		g.c = min(g.channels, max(1, blockValues/g.p))
	case g.tokens || t.out.outer == g.channels:
		g.p = band / g.channels
		if n := k.blockTokens(t); n > 1 && g.p%n == 0 {
			g.p = n
		}
		g.c = min(g.channels, max(1, blockValues/g.p))
		switch {
		case v.pieces > 0 && g.tokens:
			g.c = min(g.c, max(v.pieces, leastPiece))
		case v.pieces > 0:
			g.c = min(g.c, v.pieces)
		}
	case band < g.positions: // rows of a matrix
		g.c, g.p = 1, band
	default:
		g.c = band / g.positions
		g.p = min(g.positions, roundUp(max(bandInner, blockValues/g.c), g.row))
		return g // blocks must fill bands
	}
	if g.c > leastPiece && g.c < g.channels {
		g.c = g.c / leastPiece * leastPiece
	}
	return g
}
