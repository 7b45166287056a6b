package native

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dqa-go/dqa/engine"
)

// slot is an edge that lies in memory as packed blocks. Its grid cuts channels and positions into blocks; a position is
// a place of a plane, or a token.
type slot struct {
	form engine.Form
	grid
	id      int     // among the slots
	fixed   []int64 // where blocks lie whose size does not depend on the image; nil for others
	expect  int64   // bytes of all blocks, with a margin
	bound   int     // of the largest block
	block   int     // that is expected of the largest one
	steady  bool    // all blocks but for rare ones take what they are expected to
	inOrder bool    // blocks are written in the order of their numbers
	alone   int     // values that it takes without a queue
	queue   *queue  // where blocks lie instead; nil: here
	next    *slot   // that takes its place there
	*buffer         // table of places and lengths, and blocks
}

// grid is how the values of an edge are cut into blocks.
type grid struct {
	channels, positions int
	tokens              bool // channels are last
	row                 int  // positions that blocks must not cut apart
	c, p                int  // of a block
}

// blockOf is a block of a grid: its first channel and position, and its extents.
type blockOf struct{ c0, channels, p0, positions int }

func (g *grid) columns() int { return ceilDiv(g.channels, g.c) }
func (g *grid) rows() int    { return ceilDiv(g.positions, g.p) }

// number is that of the block that holds a channel and a position.
func (g *grid) number(c, p int) int { return p/g.p*g.columns() + c/g.c }

// at is block column i of row k.
func (g *grid) at(k, i int) blockOf {
	c0, p0 := i*g.c, k*g.p
	return blockOf{c0, min(g.c, g.channels-c0), p0, min(g.p, g.positions-p0)}
}

// accepts tells whether rows of a cut are whole positions of all channels, or whole channels.
func (g *grid) accepts(c cut) bool {
	if c.size(c.n) != g.channels*g.positions || c.inner == 0 {
		return false
	}
	if g.tokens {
		return c.outer == 1 && c.inner%g.channels == 0
	}
	return c.outer == g.channels && c.inner%g.row == 0 || c.outer == 1 && c.inner%g.positions == 0
}

// holds tells whether planes are matrices of so many rows of a cut, which counts the rows of all on.
func (g *grid) holds(c cut, matrix int) bool {
	return !g.tokens && c.outer == 1 && c.n == g.channels*matrix && g.positions == matrix*c.inner && c.inner%g.row == 0
}

// span is the channels and positions that rows [from, to) of a cut hold.
func (g *grid) span(c cut, from, to int) (c0, c1, p0, p1 int) {
	switch {
	case g.tokens:
		n := c.inner / g.channels
		return 0, g.channels, from * n, to * n
	case c.outer == g.channels && (c.outer > 1 || c.inner%g.positions != 0):
		return 0, g.channels, from * c.inner, to * c.inner
	}
	if at := from * c.inner; c.inner < g.positions { // rows of one matrix
		return at / g.positions, at/g.positions + 1, at % g.positions, at%g.positions + (to-from)*c.inner
	}
	n := c.inner / g.positions
	return from * n, to * n, 0, g.positions
}

// margin is how much more than expected a slot holds, in parts: most images need less, the others get pages.
const margin = 16

// newSlot sizes the slot of an edge; a tight one has room for less than a block beyond the margin.
func newSlot(id int, form engine.Form, g grid, tight bool) *slot {
	s := &slot{form: form, grid: g, id: id}
	exact := true
	s.steady = true
	for k := range g.rows() {
		for i := range g.columns() {
			b := g.at(k, i)
			bound, expect := form.Bound(b.c0, b.channels, b.positions), form.Expect(b.c0, b.channels, b.positions)
			exact = exact && bound == expect
			s.steady = s.steady && (bound == expect || form.Steady())
			s.fixed = append(s.fixed, s.expect)
			s.expect += int64(expect)
			s.bound, s.block = max(s.bound, bound), max(s.block, expect)
		}
	}
	if exact {
		s.fixed = append(s.fixed, s.expect)
		s.alone = int(ceilDiv(s.expect+engine.FormSlack, 4))
		s.buffer = &buffer{size: s.alone}
		return s
	}
	if !s.steady {
		more := int64(s.bound)
		if tight {
			more = min(more, s.expect/margin)
		}
		s.expect += s.expect/margin + more
	}
	s.fixed = nil
	s.alone = s.table() + int(ceilDiv(s.expect+engine.FormSlack, 4))
	s.buffer = &buffer{size: s.alone}
	return s
}

// table is the size of the table of places and lengths.
func (s *slot) table() int { return 2 * s.rows() * s.columns() }

// slotState is a slot in an arena.
type slotState struct {
	*slot
	places []uint32 // of every block: where it lies and its length
	data   []byte
	used   atomic.Int64
	// In a queue: how many blocks are written, and of these no longer read.
	queue          *queueState
	written, spent int
	// What did not fit.
	mu    sync.Mutex
	pages []int
}

// onPage marks a place that is on a page.
const onPage = 1 << 31

func bytesOf(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func wordsOf(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

func (s *slot) bind(a []float32) *slotState {
	state := &slotState{slot: s, data: bytesOf(a)}
	switch {
	case s.queue != nil:
		state.places = wordsOf(a[:s.table()])
	case s.fixed == nil:
		state.places, state.data = wordsOf(a[:s.table()]), bytesOf(a[s.table():])
	}
	return state
}

// write encodes block i of row k from x, whose rows are stride apart; tmp is work space.
func (s *slotState) write(pool *pages, tmp []byte, k, i int, x []float32, stride int) {
	b := s.at(k, i)
	n := k*s.columns() + i
	if s.fixed != nil {
		s.form.Encode(s.data[s.fixed[n]:s.fixed[n+1]], x, stride, b.c0, b.channels, b.positions)
		return
	}
	bound := s.form.Bound(b.c0, b.channels, b.positions)
	size := s.form.Encode(tmp[:bound], x, stride, b.c0, b.channels, b.positions)
	if s.queue != nil {
		s.put(pool, tmp[:size], n)
		return
	}
	at := s.used.Add(int64(size)) - int64(size)
	if at+int64(size)+engine.FormSlack <= int64(len(s.data)) {
		copy(s.data[at:], tmp[:size])
		s.places[2*n], s.places[2*n+1] = uint32(at), uint32(size)
		return
	}
	s.used.Add(-int64(size))
	s.places[2*n], s.places[2*n+1] = s.spill(pool, tmp[:size]), uint32(size)
}

// block is where block i of row k lies.
func (s *slotState) block(pool *pages, k, i int) []byte {
	n := k*s.columns() + i
	if s.fixed != nil {
		return s.data[s.fixed[n]:s.fixed[n+1]:len(s.data)]
	}
	data, at, size := s.data, s.places[2*n], s.places[2*n+1]
	if s.queue != nil {
		s.checkKept(n)
		data = s.queue.data
	}
	if at&onPage != 0 {
		data, at = pool.page(int(at&^onPage)), 0
	}
	return data[at : at+size : len(data)]
}

// spill puts a block on a page.
func (s *slotState) spill(pool *pages, block []byte) uint32 {
	page := pool.take(len(block) + engine.FormSlack)
	copy(pool.page(page), block)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages = append(s.pages, page)
	return uint32(page) | onPage
}

// reset forgets all blocks and gives the pages back.
func (s *slotState) reset(pool *pages) {
	s.used.Store(0)
	s.written, s.spent = 0, 0
	for _, page := range s.pages {
		pool.give(page)
	}
	s.pages = s.pages[:0]
}

// pages is what an arena holds beyond its plan: a page for each block for which a slot has no room, since an image needs more
// than expected. They are kept for the next image.
type pages struct {
	mu   sync.Mutex
	all  [][]byte
	free []int
	held int64 // bytes of all
}

// pageStep is what sizes of pages are multiples of, so that other blocks may use them.
const pageStep = 256

// take finds the smallest free page of n bytes, or makes one.
func (p *pages) take(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := -1
	for i, page := range p.free {
		if size := len(p.all[page]); size >= n && (best < 0 || size < len(p.all[p.free[best]])) {
			best = i
		}
	}
	if best >= 0 {
		page := p.free[best]
		p.free = slices.Delete(p.free, best, best+1)
		return page
	}
	p.all = append(p.all, make([]byte, roundUp(n, pageStep)))
	p.held += int64(len(p.all[len(p.all)-1]))
	return len(p.all) - 1
}

func (p *pages) give(page int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, page)
}

func (p *pages) page(i int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[i]
}
