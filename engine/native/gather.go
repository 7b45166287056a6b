package native

// gather copies elements: every output element is one input element or a fill value. Which one is a sum of one table
// entry per output axis; absent marks the fill value.
type gather struct {
	tables [][]int // outermost axis first
	fill   float32
	pieces []piece // of the last axis
}

// absent is so far below zero that no other entries bring the sum back, which are below maxValues together; two of it are
// an int of 32 bits.
const absent = -maxValues

// piece is a stretch of the last axis: n output values from to on come from the inputs at from, from+step, ..., or
// are filled.
type piece struct {
	to, n, from, step int
	filled            bool
}

// mergeUpTo is the size up to which axes are merged, so that pieces get long.
const mergeUpTo = 1 << 12

// newGather takes one table per output axis.
func newGather(tables [][]int, fill float32) *gather {
	g := &gather{fill: fill}
	if len(tables) == 0 {
		tables = [][]int{{0}}
	}
	last := tables[len(tables)-1]
	outer := tables[:len(tables)-1]
	for len(outer) > 0 && len(outer[len(outer)-1])*len(last) <= mergeUpTo {
		last = mergeTables(outer[len(outer)-1], last)
		outer = outer[:len(outer)-1]
	}
	g.tables = outer
	g.pieces = cutPieces(last)
	return g
}

func mergeTables(outer, inner []int) []int {
	merged := make([]int, 0, len(outer)*len(inner))
	for _, o := range outer {
		for _, i := range inner {
			merged = append(merged, max(o+i, absent))
		}
	}
	return merged
}

// cutPieces finds stretches that are filled or evenly spaced.
func cutPieces(table []int) []piece {
	var pieces []piece
	for i := 0; i < len(table); {
		p := piece{to: i, n: 1, from: table[i], step: 1, filled: table[i] < 0}
		if i+1 < len(table) && !p.filled && table[i+1] >= 0 {
			p.step = table[i+1] - table[i]
		}
		for i+p.n < len(table) && p.goesOn(table[i+p.n]) {
			p.n++
		}
		i += p.n
		pieces = append(pieces, p)
	}
	return pieces
}

func (p *piece) goesOn(entry int) bool {
	if p.filled {
		return entry < 0
	}
	return entry == p.from+p.n*p.step
}

// identity reports whether the output is the input.
func (g *gather) identity() bool {
	if len(g.pieces) != 1 || g.pieces[0].filled || g.pieces[0].from != 0 || (g.pieces[0].step != 1 && g.pieces[0].n > 1) {
		return false
	}
	step := g.pieces[0].n
	for axis := len(g.tables) - 1; axis >= 0; axis-- {
		for i, entry := range g.tables[axis] {
			if entry != i*step {
				return false
			}
		}
		step *= len(g.tables[axis])
	}
	return true
}

func (g *gather) run(out, in []float32) { g.axis(0, out, in, 0) }

func (g *gather) axis(axis int, out, in []float32, at int) {
	if axis == len(g.tables) {
		g.inner(out, in, at)
		return
	}
	table := g.tables[axis]
	size := len(out) / len(table)
	for i, entry := range table {
		g.axis(axis+1, out[i*size:][:size], in, max(at+entry, absent))
	}
}

func (g *gather) inner(out, in []float32, at int) {
	for i := range g.pieces {
		p := &g.pieces[i]
		dst := out[p.to:][:p.n]
		switch {
		case p.filled || at < 0:
			fill(dst, g.fill)
		case p.step == 1 && p.n == 16: // heads of attention: a call would take longer than the copy
			*(*[16]float32)(dst) = *(*[16]float32)(in[at+p.from:])
		case p.step == 1:
			copy(dst, in[at+p.from:])
		default:
			src := at + p.from
			for i := range dst {
				dst[i] = in[src]
				src += p.step
			}
		}
	}
}

// steps is the table of n entries 0, step, 2*step, ...
func steps(n, step int) []int {
	table := make([]int, n)
	for i := range table {
		table[i] = i * step
	}
	return table
}

// strides returns the step of every axis of a dense tensor.
func strides(shape []int) []int {
	s := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = step
		step *= shape[i]
	}
	return s
}

// transposition gathers axis perm[i] of shape as axis i.
func transposition(shape, perm []int) *gather {
	step := strides(shape)
	tables := make([][]int, len(perm))
	for i, axis := range perm {
		tables[i] = steps(shape[axis], step[axis])
	}
	return newGather(tables, 0)
}
