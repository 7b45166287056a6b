package native

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
)

// product is a matrix product out = clamp(W x + bias + add): W has one row per output row, and column k of x is what
// lies at offset off[k] from each output position's base. Convolutions, transposed convolutions and matrix products
// are all of this form and differ in where bases and offsets point.
type product struct {
	isa    string
	rows   int
	off    []int32   // one per k
	bias   []float32 // rows, padded to whole tiles; more where only some rows are computed
	lo, hi float32

	vectors []vector       // the output positions
	places  []kernel.Place // of the vectors
	strips  []strip
	width   int // values per output row
	outStep int // from output row to output row
	reach   int // x is read before here
	step    int // where strips of x are gathered before they are read: from row to row of x
}

// vector is up to kernel.Width neighbouring output positions, computed from x[base:].
type vector struct {
	base  int
	spans []span
}

// span says where n values from lane on belong in the output row.
type span struct{ lane, at, n int }

// strip is a range of vectors that one tile computes. scattered ones go through a buffer: some of their values do not belong to
// the output, or not next to each other.
type strip struct {
	from, to  int
	scattered bool
	base, n   int      // of x, what it reads of a row
	vectors   []vector // of a scattered one
}

// operands of one product. add is nil or holds what is added to row r at r*addStep.
type factors struct {
	x, w, out, add []float32
	addStep        int
	gathered       []float32 // room for gathered strips
	rows           int       // the first ones; 0: all
	first          int       // number of the first row among the biases
}

func newProduct(s *site, rows int, off []int32, bias []float32) *product {
	p := &product{isa: s.isa, rows: rows, off: off, lo: s.lo, hi: s.hi}
	p.bias = make([]float32, roundUp(max(rows, len(bias)), kernel.Rows))
	copy(p.bias, bias)
	return p
}

// setVectors sets the output positions of rows that hold width values: all of them, in ascending order.
func (p *product) setVectors(vectors []vector, width int) {
	moveLast(vectors)
	p.vectors, p.width, p.outStep, p.reach = vectors, width, width, 0
	p.places, p.strips = make([]kernel.Place, len(vectors)), nil
	farthest := int(slices.Max(p.off))
	for _, v := range vectors {
		p.reach = max(p.reach, v.base+farthest+kernel.Width)
	}
	for from := 0; from < len(vectors); {
		s := p.nextStrip(from)
		for i := s.from; i < s.to; i++ {
			at := vectors[i].spans[0].at
			if s.scattered {
				at = (i - s.from) * kernel.Width
			}
			base := vectors[i].base
			if p.gathers() {
				base -= vectors[from].base
			}
			p.places[i] = kernel.Place{Base: int32(base), At: int32(at)}
		}
		s.base, s.n = vectors[s.from].base, vectors[s.to-1].base-vectors[s.from].base+kernel.Width
		if s.scattered {
			s.vectors = slices.Clone(vectors[s.from:s.to])
		}
		p.strips = append(p.strips, s)
		from = s.to
	}
	p.vectors = nil // large maps have many
}

// gatherStrips sets the output positions of a product whose row k of x, width values, lies at k*step, where so many rows that
// far apart would compete for the same sets of the cache: strips are copied together before their tiles read them.
func (p *product) gatherStrips(width, step int) {
	p.step = step
	for k := range p.off {
		p.off[k] = int32(k * gatheredPitch)
	}
	p.setVectors(line(width, func(i int) int { return i * kernel.Width }), width)
}

func (p *product) gathers() bool { return p.step > 0 }

// gatheredPitch is from row to row of a gathered strip.
const gatheredPitch = (stripVectors+kernel.MaxVectors)*kernel.Width + kernel.Width

// gatheredSize is the room that strips of depth rows need.
func gatheredSize(depth int) int64 { return int64(depth)*gatheredPitch + slack }

// moveLast lets the last vector begin earlier if it has room for more values than are left: then nothing is written behind
// them. Some values are computed twice.
func moveLast(vectors []vector) {
	n := len(vectors)
	if n < 2 {
		return
	}
	last, before := &vectors[n-1], vectors[n-2]
	if len(last.spans) != 1 || len(before.spans) != 1 || last.spans[0].lane != 0 ||
		before.spans[0] != (span{0, last.spans[0].at - kernel.Width, kernel.Width}) ||
		before.base != last.base-kernel.Width {
		return
	}
	missing := kernel.Width - last.spans[0].n
	*last = vector{last.base - missing, []span{{0, last.spans[0].at - missing, kernel.Width}}}
}

// stripVectors and scatteredVectors bound a strip: what its rows read of x should stay in the second-level cache.
const (
	stripVectors     = 24
	scatteredVectors = 6
)

// nextStrip begins at vector from. Values behind a vector's last may be overwritten if a later vector brings the right ones.
func (p *product) nextStrip(from int) strip {
	direct := func(i int) bool {
		v := p.vectors[i].spans
		return len(v) == 1 && v[0].lane == 0 && v[0].at+kernel.Width <= p.width
	}
	// Two strips are looked at, not all that follows: networks of millions of positions are compiled, too.
	to, limit := from, min(len(p.vectors), from+2*stripVectors)
	for to < limit && direct(to) {
		to++
	}
	if n := to - from; n > 1 || to == len(p.vectors) && n > 0 {
		if pieces := (n + stripVectors - 1 - kernel.MaxVectors) / stripVectors; pieces > 1 {
			to = from + roundUp(ceilDiv(n, pieces), 2*kernel.MaxVectors)
		}
		return strip{from: from, to: to}
	}
	for to < len(p.vectors) && to-from < scatteredVectors && !(direct(to) && to+1 < len(p.vectors) && direct(to+1)) {
		to++
	}
	return strip{from: from, to: to, scattered: true}
}

// line returns the vectors of n consecutive positions: those of vector i are computed from base(i).
func line(n int, base func(i int) int) []vector {
	vectors := make([]vector, ceilDiv(n, kernel.Width))
	for i := range vectors {
		at := i * kernel.Width
		vectors[i] = vector{base(i), []span{{0, at, min(kernel.Width, n-at)}}}
	}
	return vectors
}

// packWeights lays a matrix out as tiles want it: kernel.Rows rows together, k by k. Missing rows are zero.
// Element (r, k) is w[r*rowStep+k*kStep].
func packWeights(dst, w []float32, rows, depth, rowStep, kStep int) {
	for r0 := 0; r0 < rows; r0 += kernel.Rows {
		panel := dst[r0*depth:][:kernel.Rows*depth]
		for r := range kernel.Rows {
			if r0+r >= rows {
				for k := range depth {
					panel[k*kernel.Rows+r] = 0
				}
				continue
			}
			row := w[(r0+r)*rowStep:]
			for k := range depth {
				panel[k*kernel.Rows+r] = row[k*kStep]
			}
		}
	}
}

func packedSize(rows, depth int) int { return roundUp(rows, kernel.Rows) * depth }

// run computes the product.
func (p *product) run(f *factors) {
	t := kernel.Tile{Off: p.off, Lo: p.lo, Hi: p.hi}
	rows := p.rows
	if f.rows > 0 {
		rows = f.rows
	}
	if p.gathers() {
		t.X = f.gathered
	} else {
		t.X = f.x[:p.reach]
	}
	for _, s := range p.strips {
		t.Places = p.places[s.from:s.to]
		if p.gathers() {
			p.gather(t.X, f.x[s.base:], s)
		}
		if s.scattered {
			p.runScattered(t, f, &s, rows)
			continue
		}
		t.W, t.Bias, t.Rows, t.Out, t.OutStep = f.w, p.bias[f.first:], rows, f.out, p.outStep
		t.Add, t.AddStep = f.add, f.addStep
		t.Run(p.isa)
	}
}

// gather brings what a strip reads together.
func (p *product) gather(dst, x []float32, s strip) {
	for k := range p.off {
		copy(dst[k*gatheredPitch:][:s.n], x[k*p.step:])
	}
}

// runScattered computes a strip by way of buffers on the stack, which is why it works on a copy of the tile.
func (p *product) runScattered(t kernel.Tile, f *factors, s *strip, rows int) {
	const step = scatteredVectors * kernel.Width
	var out, add [kernel.Rows * step]float32
	depth, vectors := len(p.off), s.vectors
	t.Out, t.OutStep = out[:], step
	for row := 0; row < rows; row += kernel.Rows {
		t.W, t.Bias, t.Rows = f.w[row*depth:][:kernel.Rows*depth], p.bias[f.first+row:][:kernel.Rows], min(kernel.Rows, rows-row)
		if f.add != nil {
			t.Add, t.AddStep = add[:], step
			for r := range t.Rows {
				collect(add[r*step:][:step], f.add[(row+r)*f.addStep:], vectors)
			}
		}
		t.Run(p.isa)
		for r := range t.Rows {
			scatter(f.out[(row+r)*p.outStep:][:p.width], out[r*step:][:step], vectors)
		}
	}
}

// scatter copies the values of the vectors to where they belong in dst.
func scatter(dst, src []float32, vectors []vector) {
	for i, v := range vectors {
		for _, s := range v.spans {
			copy(dst[s.at:][:s.n], src[i*kernel.Width+s.lane:])
		}
	}
}

// collect is the inverse of scatter.
func collect(dst, src []float32, vectors []vector) {
	for i, v := range vectors {
		for _, s := range v.spans {
			copy(dst[i*kernel.Width+s.lane:][:s.n], src[s.at:])
		}
	}
}

// noClamp lifts the limits of p, for results that are not yet final.
func (p *product) noClamp() { p.lo, p.hi = float32(math.Inf(-1)), float32(math.Inf(1)) }
