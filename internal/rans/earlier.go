package rans

// What an earlier edge says of a plane: its codes at the same place and at the four around it, weighted, are added to what lies
// above, before the first code of a row is known.

// Earlier is a plane of another edge, decoded before, whose codes lie at the same places.
type Earlier struct {
	Codes   []int8  // as Bounded gives them; nil: there is none
	Weights [2]int8 // of magnitude and code at the same place, in 1/128
}

// Bounded is a code as it is weighted.
func Bounded(code int16) int8 { return int8(bounded(int32(code))) }

// beside are the earlier edge's codes around the row at hand: three rows, in each a margin, the columns and a margin, in a column
// the lanes. Kernels know its fields.
type beside struct {
	codes         []int16
	rows          [3]*int16          // the first column of the row above, the row at hand, the row below
	center, cross [2][MaxLanes]int16 // weights of what lies at the same place and of what lies around it: of magnitudes, of codes
}

// stride is that of its rows.
func (g *tapGroup) earlierStride() int { return (g.cols + 2) * MaxLanes }

// beginEarlier makes the group ready for the earlier edge of its planes, if there is one.
func (g *tapGroup) beginEarlier() {
	if g.early = len(g.planes) > 0 && g.planes[0].Earlier.Codes != nil; !g.early {
		return
	}
	b := &g.beside
	b.codes = resize(b.codes, len(b.rows)*g.earlierStride())
	clear(b.codes)
	for k := range b.center {
		b.center[k], b.cross[k] = [MaxLanes]int16{}, broadcast(int16(g.taps.Cross[k]))
		for lane := range g.planes {
			b.center[k][lane] = int16(g.planes[lane].Earlier.Weights[k])
		}
	}
	g.loadEarlier(0)
}

// earlierRow is where a row's columns begin.
func (g *tapGroup) earlierRow(row int) int { return (row+3)%3*g.earlierStride() + MaxLanes }

// nextEarlier goes on to the group's row.
func (g *tapGroup) nextEarlier() {
	g.loadEarlier(g.row + 1)
	b := &g.beside
	for k := range b.rows {
		b.rows[k] = &b.codes[g.earlierRow(g.row+k-1)]
	}
	if g.taps.Grid == 0 {
		return // margins are 0
	}
	at, above, below := g.earlierRow(g.row), g.earlierRow(g.row-1), g.earlierRow(g.row+1)
	last := (g.cols - 1) * MaxLanes
	copy(b.codes[at-MaxLanes:at], b.codes[above+last:][:MaxLanes])
	copy(b.codes[at+last+MaxLanes:][:MaxLanes], b.codes[below:])
}

// loadEarlier reads a row of all planes; it is 0 beyond their ends.
func (g *tapGroup) loadEarlier(row int) {
	from, to := row*g.cols, g.earlierRow(row)
	n := max(0, min(g.cols, len(g.planes[0].Earlier.Codes)-from))
	dst := g.beside.codes[to:][:g.cols*MaxLanes]
	if n < g.cols {
		clear(dst)
	}
	if n == 0 {
		return
	}
	done := g.loadEarlierVectors(dst, from, n)
	for lane := range g.planes {
		for x, c := range g.planes[lane].Earlier.Codes[from+done:][:n-done] {
			dst[(done+x)*MaxLanes+lane] = int16(c)
		}
	}
}

// addEarlierGeneric adds what the earlier edge says of columns x to end of the row at hand.
func (g *tapGroup) addEarlierGeneric(x, end int) {
	b, from, n := &g.beside, x*MaxLanes, (end-x)*MaxLanes
	at := g.earlierRow(g.row) + from
	center, left, right := b.codes[at:][:n], b.codes[at-MaxLanes:][:n], b.codes[at+MaxLanes:][:n]
	above, below := b.codes[g.earlierRow(g.row-1)+from:][:n], b.codes[g.earlierRow(g.row+1)+from:][:n]
	sum, signed := g.sums[0][from:][:n], g.sums[1][from:][:n]
	for i, c := range center {
		l, r, u, d := left[i], right[i], above[i], below[i]
		around := max(l, -l) + max(r, -r) + max(u, -u) + max(d, -d)
		sum[i] += b.center[0][i%MaxLanes]*max(c, -c) + b.cross[0][0]*around
		signed[i] += b.center[1][i%MaxLanes]*c + b.cross[1][0]*(l+r+u+d)
	}
}

// Around sums the codes around place i of a plane of an earlier edge, 0 beyond its ends: their magnitudes, and themselves.
func (n *TapNeighbours) Around(codes []int8, i int) (magnitudes, sum int16) {
	cols, column := n.cols, 0
	if n.grid > 0 {
		cols = n.grid
	} else {
		column = i % cols
	}
	for k, at := range [4]int{i - cols, i + cols, i - 1, i + 1} {
		beyond := n.grid == 0 && (k == 2 && column == 0 || k == 3 && column == cols-1)
		if at < 0 || at >= len(codes) || beyond {
			continue
		}
		c := int16(codes[at])
		magnitudes += max(c, -c)
		sum += c
	}
	return magnitudes, sum
}
