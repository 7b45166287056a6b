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
	bias   []float32 // rows, padded to whole tiles
	lo, hi float32

	vectors []vector // the output positions
	dense   int      // how many of the first vectors go to consecutive positions, vector v to v*kernel.Width
	width   int      // values per output row
	reach   int      // x is read before here
}

// vector is up to kernel.Width neighbouring output positions, computed from x[base:].
type vector struct {
	base  int
	spans []span
}

// span says where n values from lane on belong in the output row.
type span struct{ lane, at, n int }

// operands of one product. add is nil or holds what is added to row r at r*addStep.
type factors struct {
	x, w, out, add []float32
	addStep        int
}

func newProduct(s *site, rows int, off []int32, bias []float32) *product {
	p := &product{isa: s.isa, rows: rows, off: off, lo: s.lo, hi: s.hi}
	p.bias = make([]float32, roundUp(rows, kernel.Rows))
	copy(p.bias, bias)
	return p
}

// setVectors sets the output positions of rows that hold width values.
func (p *product) setVectors(vectors []vector, width int) {
	p.vectors, p.width = vectors, width
	p.dense, p.reach = denseVectors(vectors), 0
	farthest := int(slices.Max(p.off))
	for _, v := range vectors {
		p.reach = max(p.reach, v.base+farthest+kernel.Width)
	}
}

// denseVectors counts the vectors up to the first that does not go where its number says.
func denseVectors(vectors []vector) int {
	for i, v := range vectors {
		if len(v.spans) != 1 || v.spans[0] != (span{0, i * kernel.Width, kernel.Width}) {
			return i
		}
	}
	return len(vectors)
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

// run computes the product. The larger operand is walked once, the smaller one stays in the cache.
func (p *product) run(f *factors) {
	t := kernel.Tile{X: f.x[:p.reach], Off: p.off, Lo: p.lo, Hi: p.hi}
	if len(p.vectors) < p.rows {
		for row := 0; row < p.rows; row += kernel.Rows {
			for v := 0; v < len(p.vectors); v += t.Vectors {
				p.tile(&t, f, row, v)
			}
		}
		return
	}
	for v := 0; v < len(p.vectors); v += t.Vectors {
		for row := 0; row < p.rows; row += kernel.Rows {
			p.tile(&t, f, row, v)
		}
	}
}

// tileWidth is the number of vectors for the next tile when left remain: never one where two tiles of two will do,
// since a single vector cannot keep the multipliers busy.
func tileWidth(left int) int {
	if left == 2 || left == 4 {
		return 2
	}
	return min(left, kernel.MaxVectors)
}

// tile computes the rows from row on at the vectors from v on; it sets t.Vectors.
func (p *product) tile(t *kernel.Tile, f *factors, row, v int) {
	depth := len(p.off)
	t.W, t.Bias = f.w[row*depth:][:kernel.Rows*depth], p.bias[row:][:kernel.Rows]
	t.Vectors = tileWidth(len(p.vectors) - v)
	for i := range p.vectors[v:][:t.Vectors] {
		t.Base[i] = p.vectors[v+i].base
	}
	if v+t.Vectors > p.dense || row+kernel.Rows > p.rows {
		p.scatterTile(*t, f, row, v)
		return
	}
	t.Out, t.OutStep = f.out[row*p.width+v*kernel.Width:], p.width
	if f.add != nil {
		t.Add, t.AddStep = f.add[row*f.addStep+v*kernel.Width:], f.addStep
	}
	t.Run(p.isa)
}

// scatterTile computes a tile whose values do not all belong to the output, or not next to each other: it goes through
// buffers on the stack, which is why it works on a copy of the tile.
func (p *product) scatterTile(t kernel.Tile, f *factors, row, v int) {
	var out, add [kernel.Rows * tileStep]float32
	rows := min(kernel.Rows, p.rows-row)
	vectors := p.vectors[v:][:t.Vectors]
	t.Out, t.OutStep = out[:], tileStep
	if f.add != nil {
		t.Add, t.AddStep = add[:], tileStep
		for r := range rows {
			collect(add[r*tileStep:][:tileStep], f.add[(row+r)*f.addStep:], vectors)
		}
	}
	t.Run(p.isa)
	for r := range rows {
		scatter(f.out[(row+r)*p.width:][:p.width], out[r*tileStep:][:tileStep], vectors)
	}
}

// tileStep is the row length of a tile in a buffer of its own.
const tileStep = kernel.MaxVectors * kernel.Width

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
