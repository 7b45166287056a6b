package native

import (
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/tensor"
)

// Pack makes a program whose edges lie in memory as forms say, by edge; an edge without a form stays float, and so does
// what is so small that packing it saves nothing. What it computes equals, bit for bit, what Run computes with a hook that
// replaces every edge by what its form gives back, for any number of workers and any height of bands.
func (p *Program) Pack(forms []engine.Form, opt engine.PackOptions) (*Packed, error) {
	if len(forms) != len(p.edges) && forms != nil {
		return nil, fmt.Errorf("%w: %d forms for %d edges", ErrState, len(forms), len(p.edges))
	}
	k := &packer{p: p, forms: forms, opt: opt, wholes: map[int]error{}, threads: max(1, opt.Threads), kinds: make([]kind, len(p.edges))}
	packed, err := k.packTwice()
	if err != nil || forms == nil {
		return packed, err
	}
	return k.improve(packed), nil
}

// packTwice packs to see what the edges take, and then with work space that goes by that.
func (k *packer) packTwice() (*Packed, error) {
	if _, err := k.packAll(); err != nil {
		return nil, err
	}
	k.budget = k.storedPeak() / 4 * workQuarters / int64(k.threads)
	return k.packAll()
}

// packAll packs until no step fails to be compiled for its bands.
func (k *packer) packAll() (*Packed, error) {
	for {
		packed, err := k.pack()
		var failed *bandError
		if !errors.As(err, &failed) || k.wholes[failed.step] != nil {
			return packed, err
		}
		k.wholes[failed.step] = failed.err // and once more, with this step run whole
	}
}

// bandError: a step cannot be compiled for its bands.
type bandError struct {
	step int
	err  error
}

func (e *bandError) Error() string { return e.err.Error() }

// packer makes a Packed.
type packer struct {
	p       *Program
	forms   []engine.Form
	opt     engine.PackOptions
	wholes  map[int]error // steps that are known not to run in bands
	values  []*value      // by storage
	units   []*unit       // by step
	tops    []*top
	slots   []*slot
	threads int
	budget  int64 // bytes that the work space of a worker should not exceed
	kinds   []kind
	tight   bool          // slots are
	sharing bool          // edges take the place of each other
	high    bool          // bands are as high as rooms allow
	rooms   map[int]int64 // by step: the most bytes that the work space of a worker may have, where budget is not all
}

// value is a storage of the program while it is packed.
type value struct {
	shape   []int
	edge    int // -1 for none
	readers int
	output  int // counted from 1
	step    int // that computes it; -1 for inputs
	stored  bool
	reads   int  // values that are stored for it
	packs   bool // it is packed, or computed of packed ones
	joined  bool // a Concat of its parts
	view    *view
	pieces  int // channels that readers want at a time; 0: all
	source  home
	slot    *slot
}

// smallEdge is up to how many values an edge stays float.
const smallEdge = 1024

func (k *packer) start() {
	p := k.p
	k.values, k.units, k.tops, k.slots = nil, nil, nil, nil
	edgeOf := map[string]int{}
	for i, e := range p.edges {
		edgeOf[e.Name] = i
	}
	for id, s := range p.storages {
		v := &value{shape: s.shape, edge: -1, step: s.first}
		if e, ok := edgeOf[s.name]; ok {
			v.edge = e
		}
		if s.first < 0 {
			v.stored, v.source.input, v.reads = true, id+1, tensor.Size(s.shape)
		}
		k.values = append(k.values, v)
	}
	for _, s := range p.steps {
		for _, o := range s.in {
			if o.computed {
				k.values[o.storage].readers++
			}
		}
	}
	for i, o := range p.outputs {
		if o.computed && k.values[o.storage].output == 0 && k.values[o.storage].step >= 0 {
			v := k.values[o.storage]
			v.output, v.stored, v.source.output = i+1, true, i+1
		}
	}
}

// form is how a value is packed, nil where it is not; pack tells whether it lies in memory like that.
func (k *packer) form(v *value) (f engine.Form, packs bool) {
	if v.edge < 0 || k.forms == nil || k.forms[v.edge] == nil {
		return nil, false
	}
	f = k.forms[v.edge]
	switch k.kinds[v.edge] {
	case asFloats:
		return f, false
	case asFaster:
		f = k.opt.Faster[v.edge]
	}
	return f, v.output == 0 && tensor.Size(v.shape) > smallEdge
}

// noPacked tells whether a step has to do with nothing that is packed.
func (k *packer) noPacked(s *step) bool {
	for _, o := range s.in {
		if o.computed && k.values[o.storage].packs {
			return false
		}
	}
	for _, id := range s.out {
		if _, packs := k.form(k.values[id]); packs {
			return false
		}
	}
	return true
}

// notePacked notes which outputs of a step are packed or depend on what is, with nothing stored between.
func (k *packer) notePacked(s *step, floats bool) {
	for _, id := range s.out {
		v := k.values[id]
		_, v.packs = k.form(v)
		v.packs = v.packs || v.edge < 0 && !floats
	}
}

func (k *packer) pack() (*Packed, error) {
	k.start()
	for i := range k.p.steps {
		k.newUnit(i)
	}
	for _, u := range k.units {
		k.settle(u)
	}
	k.findColumns()
	for _, u := range k.units {
		k.connect(u)
		if err := k.addTop(u); err != nil {
			return nil, err
		}
	}
	return k.finish()
}

// newUnit decides how a step is taken apart.
func (k *packer) newUnit(i int) {
	s := &k.p.steps[i]
	u := &unit{id: i, step: i, site: s.site, made: map[bandShape]*made{}}
	k.units = append(k.units, u)
	u.floats = k.noPacked(s)
	k.notePacked(s, u.floats)
	if u.whole = k.wholes[i]; u.whole == nil {
		k.takeApart(u)
	}
	if u.whole != nil {
		k.runWhole(u)
	}
	defer k.noteReads(u)
	if k.addViews(u) {
		return
	}
	for _, id := range s.out {
		v := k.values[id]
		v.joined = !v.stored && v.edge < 0 && k.joins(u, v)
		v.stored = !v.joined && (v.stored || v.edge >= 0 && !k.widens(u, v) && !k.passes(u, v) || u.whole != nil || v.readers != 1)
	}
}

// noteReads notes how many values must be stored for an output to be computed.
func (k *packer) noteReads(u *unit) {
	s := &k.p.steps[u.step]
	reads := 0
	for _, o := range s.in {
		if o.computed {
			reads += k.values[o.storage].reads
		}
	}
	for _, id := range s.out {
		v := k.values[id]
		if v.reads = reads; v.stored || v.view != nil {
			v.reads = tensor.Size(v.shape)
		}
	}
}

// widens tells whether an edge that would be packed is larger than all that it is computed of: then it is computed when it
// is read, as attention's scores are.
func (k *packer) widens(u *unit, v *value) bool {
	if _, packs := k.form(v); !packs || u.whole != nil {
		return false
	}
	reads := 0
	for _, o := range k.p.steps[u.step].in {
		if o.computed {
			reads += k.values[o.storage].reads
		}
	}
	return tensor.Size(v.shape) > reads
}

// passes tells whether an edge that would be packed is read row by row, by one convolution of 1 x 1 that computes an output of the
// network: its rows are at hand when they are computed, and no band gets thinner by that.
func (k *packer) passes(u *unit, v *value) bool {
	if _, packs := k.form(v); !packs || u.whole != nil || v.readers != 1 || u.bands.planes {
		return false
	}
	reader := k.readerOf(v)
	return reader != nil && reader.site.pointwise() && k.values[reader.out[0]].output > 0
}

// readerOf is the one step that reads a value.
func (k *packer) readerOf(v *value) *step {
	for i := v.step + 1; i < len(k.p.steps); i++ {
		for _, o := range k.p.steps[i].in {
			if o.computed && k.values[o.storage] == v {
				return &k.p.steps[i]
			}
		}
	}
	return nil
}

// pointwise tells whether s is a convolution of 1 x 1 that reads its input row by row.
func (s *site) pointwise() bool {
	g, err := newWindow(s)
	return err == nil && s.Op == "Conv" && g.kh == 1 && g.kw == 1 && g.sx == 1 && g.sy == 1 && g.top+g.left+g.bottom+g.rightPad == 0
}

// takeApart finds the bands of a step.
func (k *packer) takeApart(u *unit) {
	out := k.values[k.p.steps[u.step].out[0]]
	fits := func() bool {
		k.follow(u)
		if u.whole != nil {
			return false
		}
		u.out = u.bands.cutOf(-1, u.site.outShape(0))
		return k.takes(out, u.out)
	}
	if u.floats && (k.forms == nil || u.site.Op == "Conv" || u.site.Op == "Gemm") {
		if u.bands, u.whole = u.site.floatBanding(k.threads); fits() || k.forms == nil {
			return
		}
	}
	if u.bands, u.whole = u.site.banding(); !fits() && u.whole == nil {
		u.whole = errors.New("its edge is cut in another way")
	}
	if u.whole == nil && !u.floats {
		k.byMatrixRows(u)
	}
}

// byMatrixRows takes products of matrices apart along the rows of each, and what works row by row on their results: bands
// are less than a head of attention.
func (k *packer) byMatrixRows(u *unit) {
	s, last := &k.p.steps[u.step], len(u.site.outShape(0))-1
	switch op := u.site.Op; {
	case op == "MatMul":
	case !elementwise[op] && !(op == "Softmax" && u.site.Attrs.Int("axis", last) == last):
		return
	case !s.in[0].computed || !k.onDemandByMatrix(k.values[s.in[0].storage]):
		return
	}
	b, ok := u.site.byMatrixRows()
	if !ok {
		return
	}
	c, v := b.cutOf(-1, u.site.outShape(0)), k.values[s.out[0]]
	if f, _ := k.form(v); f != nil && !k.gridOf(v).accepts(c) && !k.gridOf(v).holds(c, b.matrix) {
		return
	}
	for i, o := range s.in {
		if o.computed && b.inputs[i] != whole && !k.servesRows(o.storage, b.cutOf(i, u.site.shape(i))) {
			return
		}
	}
	u.bands, u.out = b, c
}

// onDemandByMatrix tells whether a value is computed when it is read, along the rows of matrices.
func (k *packer) onDemandByMatrix(v *value) bool {
	return !v.stored && !v.joined && v.view == nil && v.step >= 0 && k.units[v.step].bands.matrix > 0
}

// servesRows is serves before it is settled what is stored.
func (k *packer) servesRows(id int, c cut) bool {
	v := k.values[id]
	switch {
	case v.view != nil:
		_, _, ok := v.view.axisOf(c)
		base := k.values[v.view.base]
		_, packs := k.form(base)
		return ok && (!packs || v.view.suits(k.gridOf(base)))
	case v.joined:
		return false
	case k.onDemandByMatrix(v) && k.units[v.step].out == c && v.readers == 1:
		return true
	}
	_, packs := k.form(v)
	return !packs || k.gridOf(v).accepts(c)
}

// takes tells whether a value can be stored in rows of a cut: its form codes whole blocks of them, also where it stays
// float.
func (k *packer) takes(v *value, c cut) bool {
	f, _ := k.form(v)
	return f == nil || k.gridOf(v).accepts(c)
}

// follow makes a step that works value by value take its input apart as the step does that computes it for it alone.
func (k *packer) follow(u *unit) {
	s := &k.p.steps[u.step]
	if u.whole != nil || !elementwise[u.site.Op] || !s.in[0].computed {
		return
	}
	v := k.values[s.in[0].storage]
	if v.stored || v.joined || v.view != nil || k.units[v.step].whole != nil {
		return
	}
	out := u.site.outShape(0)
	for axis := range out {
		if cutOf(out, axis) != k.units[v.step].out {
			continue
		}
		if b := u.site.along(axis); b.inputs[0] == axis && out[axis] > 1 && k.takes(k.values[s.out[0]], cutOf(out, axis)) {
			u.bands = b
			return
		}
	}
}

// addViews makes the outputs of a step views of its input, if all can be.
func (k *packer) addViews(u *unit) bool {
	var views []*view
	for i, id := range k.p.steps[u.step].out {
		v := k.values[id]
		to := k.viewOf(u, i)
		if to == nil || v.edge >= 0 || v.output > 0 || v.readers == 0 || len(to.shape) > maxAxes {
			return false
		}
		views = append(views, to)
	}
	for i, id := range k.p.steps[u.step].out {
		k.values[id].view, k.values[id].stored = views[i], false
	}
	return true
}

// unview stores what was a view: one reader cannot use it.
func (k *packer) unview(v *value) {
	u := k.units[v.step]
	for _, id := range k.p.steps[u.step].out {
		k.values[id].view, k.values[id].stored = nil, true
	}
	k.settle(u)
}

// runWhole makes u read and write everything at once.
func (k *packer) runWhole(u *unit) {
	s := &k.p.steps[u.step]
	u.bands = banding{inputs: make([]int, len(s.in))}
	for i := range u.bands.inputs {
		u.bands.inputs[i] = whole
	}
	u.out = wholeCut(tensor.Size(k.values[s.out[0]].shape))
	scratch := 0
	if s.scratch >= 0 {
		scratch = k.p.scratch[s.scratch].size
	}
	for _, id := range s.out[1:] {
		u.work.more = append(u.work.more, buffer{size: tensor.Size(k.values[id].shape)})
	}
	u.made[bandShape{out: 1}] = &made{run: s.run, scratch: scratch}
}

// gridOf is the planes or tokens of an edge, not yet cut.
func (k *packer) gridOf(v *value) *grid {
	e := &k.p.edges[v.edge]
	g := &grid{channels: e.Channels, positions: e.Rows * e.Cols, tokens: e.ChannelsLast, row: 1}
	if e.RowSums {
		g.row = e.Cols // a row's values are corrected together
	}
	return g
}

// joins tells whether a value is a Concat whose parts are read where they lie.
func (k *packer) joins(u *unit, v *value) bool {
	return u.site.Op == "Concat" && v.output == 0 && tensor.Size(v.shape[:u.site.Attrs.Int("axis", 0)]) == 1
}

// cutFor is how u reads input i.
func (k *packer) cutFor(u *unit, i int) cut {
	s := &k.p.steps[u.step]
	if u.bands.inputs[i] != whole {
		return u.bands.cutOf(i, u.site.shape(i))
	}
	return wholeCut(tensor.Size(k.values[s.in[i].storage].shape))
}

// settle looks whether u can read its inputs in bands, and stores what it cannot read on demand.
func (k *packer) settle(u *unit) {
	s := &k.p.steps[u.step]
	if v := k.values[s.out[0]]; v.joined || v.view != nil {
		return // its reader settles its parts
	}
	for i, o := range s.in {
		if o.computed && !k.serves(o.storage, k.cutFor(u, i)) && u.whole == nil {
			u.whole = fmt.Errorf("input %d is cut in another way", i)
			k.runWhole(u)
			for _, id := range s.out {
				k.values[id].stored = true
			}
		}
	}
	for i, o := range s.in {
		if o.computed {
			k.demand(o.storage, k.cutFor(u, i), 1)
			k.align(u, i)
		}
	}
}

// align makes bands of u begin where those of an input may that is computed on demand, panels of channels.
func (k *packer) align(u *unit, i int) {
	id := k.p.steps[u.step].in[i].storage
	switch {
	case u.bands.inputs[i] == whole || !k.inPanels(id):
	case u.bands.window != nil:
		k.values[id].stored = true
	default:
		u.bands.step = panelWidth
	}
}

// inPanels tells whether a value is computed on demand, panel by panel.
func (k *packer) inPanels(id int) bool {
	v := k.values[id]
	if v.stored || v.view != nil || v.joined {
		return false
	}
	b := &k.units[v.step].bands
	return b.step > 1 && b.window == nil
}

// serves tells whether a value can be read in rows of a cut.
func (k *packer) serves(id int, c cut) bool {
	v := k.values[id]
	switch {
	case v.view != nil:
		_, _, ok := v.view.axisOf(c)
		base := k.values[v.view.base]
		if _, packs := k.form(base); packs {
			ok = ok && v.view.suits(k.gridOf(base))
		}
		if !ok {
			k.unview(v)
		}
		return true
	case v.joined:
		parts, ok := k.parts(v, c)
		for _, p := range parts {
			ok = ok && (!p.computed || k.serves(p.storage, p.cut))
		}
		return ok
	case v.stored || k.units[v.step].out != c: // or it will be
		if _, packs := k.form(v); packs {
			return k.gridOf(v).accepts(c)
		}
	}
	return true
}

// demand notes that a value is read in rows of a cut, by some readers: what cannot be computed on demand is stored.
func (k *packer) demand(id int, c cut, readers int) {
	v := k.values[id]
	if v.view != nil {
		base := k.values[v.view.base]
		base.stored = true
		if _, packs := k.form(base); packs {
			base.pieces = v.view.pieces(k.gridOf(base), c)
		}
		return
	}
	if v.joined {
		parts, _ := k.parts(v, c)
		for _, p := range parts {
			if !p.computed {
				continue
			}
			k.demand(p.storage, p.cut, max(readers, v.readers))
			if k.inPanels(p.storage) && p.n > 1 {
				k.values[p.storage].stored = true // rows that are read begin anywhere
			}
		}
		return
	}
	if _, packs := k.form(v); packs && c.outer == 1 && c.n > 1 && !k.p.edges[v.edge].ChannelsLast {
		v.pieces = max(1, bandValues/2*k.p.edges[v.edge].Channels/tensor.Size(v.shape))
	}
	if !v.stored && (readers > 1 || v.readers > 1 || k.units[v.step].out != c) {
		v.stored = true
	}
}

// part of a Concat: how it is read where the whole is read in rows of a cut, and where it comes to.
type part struct {
	operand
	cut
	outer, rows, offset int // outers, rows and values before it
}

// parts takes a joined value apart; not every cut can be.
func (k *packer) parts(v *value, c cut) (list []part, ok bool) {
	s, site := &k.p.steps[v.step], k.units[v.step].site
	axis, at := site.Attrs.Int("axis", 0), whole
	for i := axis; i < len(v.shape); i++ {
		if cutOf(v.shape, i) == c {
			at = i
		}
	}
	if at == whole && c != wholeCut(tensor.Size(v.shape)) {
		return nil, false
	}
	var next part
	for i, o := range s.in {
		shape := site.shape(i)
		next.operand, next.cut = o, wholeCut(tensor.Size(shape))
		if at != whole {
			next.cut = cutOf(shape, at)
		}
		list = append(list, next)
		switch at {
		case whole:
			next.offset += tensor.Size(shape)
		case axis:
			next.rows += next.n
		default:
			next.outer += next.cut.outer
		}
	}
	return list, true
}

// sourceOf is where rows of a cut of an operand come from.
func (k *packer) sourceOf(o operand, c cut) source {
	if !o.computed {
		return &plain{c, home{constant: o.constant}}
	}
	v := k.values[o.storage]
	switch {
	case v.view != nil:
		base := k.values[v.view.base]
		axis, on, _ := v.view.axisOf(c)
		s := &strided{cut: c, view: v.view, axis: axis, on: on, base: base.source, slot: base.slot}
		if base.step >= 0 && k.units[base.step].columns != nil {
			s.product = k.units[base.step]
			s.part = s.product.columns.part(v.view, c)
		}
		s.splitChannels()
		return s
	case v.joined:
		parts, _ := k.parts(v, c)
		j := &joined{inner: c.inner}
		for _, p := range parts {
			j.parts = append(j.parts, joinedPart{k.sourceOf(p.operand, p.cut), p})
		}
		return j
	case !v.stored:
		return k.units[v.step]
	case v.slot != nil:
		return &packedRows{c, v.slot}
	}
	return &plain{c, v.source}
}

// connect gives a unit its inputs. Constants that are as long as the output are read in rows, too.
func (k *packer) connect(u *unit) {
	s := &k.p.steps[u.step]
	u.inputs = make([]feed, len(s.in))
	for i, o := range s.in {
		switch {
		case o.computed:
			c := k.cutFor(u, i)
			u.inputs[i] = feed{source: k.sourceOf(o, c), cut: c}
		case o.constant != nil && u.bands.inputs[i] != whole:
			c := u.bands.cutOf(i, u.site.shape(i))
			u.inputs[i] = feed{source: k.sourceOf(o, c), cut: c}
		default:
			u.inputs[i] = feed{constant: o.constant}
		}
	}
	u.inPlace = u.replaces()
	if v := k.values[s.out[0]]; !v.stored && v.edge >= 0 {
		form, _ := k.form(v)
		u.rounds = &target{value: v, form: form, grid: k.gridOf(v)}
	}
}
