package rans

// tapGroup is up to MaxLanes planes in step, and the codes around the column at hand: rows of a window, in each the columns, with
// margins beside them, in a column the lanes. Kernels know its fields.
type tapGroup struct {
	taps   *Taps
	planes []Plane
	cols   int // of a row
	row    int
	codes  []int16
	near   []int16           // the same, as they are weighted
	stride int               // of a row of the window
	at     [tapAbove + 1]int // where the row at hand begins, and those above it, the nearest first
	sums   [2][]int16        // of what lies above, by column and lane: magnitudes, codes
	offset [MaxLanes]int16   // of every plane, in 1/tapUnit

	// Weights, the same for all lanes, of what lies to the left, the nearest first, and above: of magnitudes, and of codes.
	left  [2][tapMargin][MaxLanes]int16
	above [2][tapAboves][MaxLanes]int16

	found  found  // of the column at hand
	early  bool   // planes have an earlier edge's beside them
	beside beside // its codes

	// For kernels.
	codeRows, nearRows [tapAbove + 1]*int16 // where the rows of at begin
	twoSided, flat     bool
	top                bool            // the row at hand is the first one, of no grid
	bytes              bool            // all planes are
	narrow             bool            // codes are such that sums of three fit 16 bits
	levels             [MaxLanes]uint8 // bits of a level that count
	lows, middles      [MaxLanes]int16 // low; what, added to a prediction, gives the code of symbol 0, less low
	//lint:ignore U1000 kernels alone know it
	entries   [MaxLanes]uint32 // decoding: of the column at hand
	used      [MaxLanes]uint32 // all ones where there is a plane
	usedWords [MaxLanes]uint16 // the same
	// The next column of the row at hand, and the one from which on kernels do not decode. Encoding: the position behind those that
	// are to be encoded, and the group's first one.
	x, stop int

	// Of a tile.
	tile        Tile
	first       int // of its planes, the group's
	models      *TapModels
	stream      *stream
	plane       int             // codes of one
	low         int16           // code of symbol 0 in contexts that are not relative
	least, most [MaxLanes]int16 // codes that the planes can have
	turn        int             // decoding: column of the row at hand from which on there is one state
	from, n     int             // decoding: where the row at hand begins in a plane, and its columns
	end         int             // decoding: of the columns whose sums are known
	index       []uint32        // encoding: of entries, by group, position and lane
	spare       []byte          // a plane that nobody wants
}

const (
	tapAboves = NumTaps - tapMargin
	tapRows   = tapAbove + 2 // of the window: what lies above the first row needs two
)

// tapsLeft and tapsAbove are places in tapPlaces.
var (
	tapsLeft  = [tapMargin]int{0, 4, 10}
	tapsAbove = [tapAboves]int{1, 2, 3, 5, 6, 7, 8, 9, 11}
)

// begin makes the group ready for the first row of planes with so many columns, or rows of their grid.
func (g *tapGroup) begin(t *Taps, planes []Plane, cols int) {
	g.taps, g.planes, g.cols, g.row = t, planes, cols, -1
	if t.Grid > 0 {
		g.cols = t.Grid
	}
	g.stride = (g.cols + 2*tapMargin) * MaxLanes
	g.codes, g.near = resize(g.codes, tapRows*g.stride), resize(g.near, tapRows*g.stride)
	clear(g.codes)
	clear(g.near)
	for k, weights := range [][NumTaps]int8{t.Magnitude, t.Signed} {
		g.sums[k] = resize(g.sums[k], g.cols*MaxLanes)
		for i, p := range tapsAbove {
			g.above[k][i] = broadcast(int16(weights[p]))
		}
	}
	g.twoSided, g.flat = t.TwoSided, t.Flat
	g.offset = [MaxLanes]int16{}
	for lane := range planes {
		g.offset[lane] = planes[lane].Offset
	}
	g.beginEarlier()
}

func broadcast(v int16) (out [MaxLanes]int16) {
	for i := range out {
		out[i] = v
	}
	return out
}

// width is the number of codes in a row of the window, of n that are left of a plane.
func (t *Taps) width(cols, n int) int {
	if t.Grid > 0 {
		return min(t.Grid, n)
	}
	return cols
}

// line is where a row begins in the window. Of a plane's grid, what lies above is what lies before; else all rows above the
// first one are the same.
func (g *tapGroup) line(row int) int {
	k := row & tapAbove
	if g.taps.Grid > 0 && row < -1 {
		k = tapAbove + 1
	} else if row < 0 {
		k = tapAbove
	}
	return k*g.stride + tapMargin*MaxLanes
}

// next begins a row.
func (g *tapGroup) next() {
	g.row++
	for k := range g.at {
		g.at[k] = g.line(g.row - k)
		g.codeRows[k], g.nearRows[k] = &g.codes[g.at[k]], &g.near[g.at[k]]
	}
	if g.top = g.row == 0 && g.taps.Grid == 0; g.row < 2 {
		g.weighLeft()
	}
	if g.early {
		g.nextEarlier()
	}
	switch {
	case g.taps.Grid > 0:
		for k := range tapMargin { // codes before this row are to the left of it
			g.copy(g.at[0]-(k+1)*MaxLanes, g.at[1]+(g.cols-1-k)*MaxLanes)
		}
	case g.row > 0:
		g.extend()
	}
}

// weighLeft finds the weights of what lies to the left. In the first row it is what would lie above, too.
func (g *tapGroup) weighLeft() {
	for k, weights := range [][NumTaps]int8{g.taps.Magnitude, g.taps.Signed} {
		var left [tapMargin]int16
		for i, p := range tapsLeft {
			left[i] = int16(weights[p])
		}
		if g.top {
			for _, p := range tapsAbove {
				left[-min(0, tapPlaces[p].right)] += int16(weights[p])
			}
		}
		for i, w := range left {
			g.left[k][i] = broadcast(w)
		}
	}
}

// extend gives the rows above and the row at hand what stands beside them: the last code of a row to its right, the first code
// of the row above to the left.
func (g *tapGroup) extend() {
	rows := 1
	if g.row == 1 {
		rows = 2 // and those above the first one
	}
	for _, at := range g.at[1 : 1+rows] {
		for k := range tapMargin {
			g.copy(at+(g.cols+k)*MaxLanes, g.at[1]+(g.cols-1)*MaxLanes)
		}
	}
	for k := range tapMargin {
		g.copy(g.at[0]-(k+1)*MaxLanes, g.at[1])
	}
}

// copy copies a column of the window.
func (g *tapGroup) copy(to, from int) {
	*(*[MaxLanes]int16)(g.codes[to:]) = [MaxLanes]int16(g.codes[from:])
	*(*[MaxLanes]int16)(g.near[to:]) = [MaxLanes]int16(g.near[from:])
}

// segment begins columns of a row of n, from column x on, and tells where they end: before the last two of a grid's row, to the
// right of which, above, lies the beginning of the row itself.
func (g *tapGroup) segment(x, n int) (end int) {
	end = n
	if last := g.taps.Grid - 2; last > 0 && n > last {
		if x < last {
			end = last
		} else {
			g.copy(g.at[1]+g.cols*MaxLanes, g.at[0])
			g.copy(g.at[1]+(g.cols+1)*MaxLanes, g.at[0]+MaxLanes)
		}
	}
	if g.top {
		clear(g.sums[0])
		clear(g.sums[1])
	} else {
		sumAbove(g, x, end)
	}
	if g.early {
		addEarlier(g, x, end)
	}
	return end
}

// sumAboveGeneric sums what lies above columns x to end.
func (g *tapGroup) sumAboveGeneric(x, end int) {
	n := (end - x) * MaxLanes
	sum, signed := g.sums[0][x*MaxLanes:][:n], g.sums[1][x*MaxLanes:][:n]
	clear(sum)
	clear(signed)
	for k, p := range tapsAbove {
		place := &tapPlaces[p]
		codes := g.near[g.at[place.up]+(x+place.right)*MaxLanes:][:n]
		if w := g.above[0][k][0]; w != 0 {
			for i, c := range codes {
				sum[i] += w * max(c, -c)
			}
		}
		if w := g.above[1][k][0]; w != 0 {
			for i, c := range codes {
				signed[i] += w * c
			}
		}
	}
}

// found are the contexts of a column's codes, and what these are predicted to be. Kernels know its fields.
type found struct {
	contexts    [MaxLanes]uint8
	predictions [MaxLanes]int16
}

// findGeneric finds the contexts of column x.
func (g *tapGroup) findGeneric(x int) {
	for lane := range g.planes {
		g.found.contexts[lane%MaxLanes], g.found.predictions[lane%MaxLanes] = g.context(x, lane)
	}
}

// context of the code in column x of a plane, and what it is predicted to be.
func (g *tapGroup) context(x, lane int) (context uint8, prediction int16) {
	i, above := x*MaxLanes+lane, g.at[1]+x*MaxLanes+lane
	near := g.near[g.at[0]+i-tapMargin*MaxLanes:]
	near3, near2, near1 := near[0], near[MaxLanes], near[2*MaxLanes]
	mu := g.sums[0][i] + g.left[0][0][0]*max(near1, -near1) + g.left[0][1][0]*max(near2, -near2) + g.left[0][2][0]*max(near3, -near3)
	m := max(0, min(int32(mu)+int32(g.offset[lane]), tapLimit))
	left := int32(g.codes[g.at[0]+i-MaxLanes])
	row := g.codes[above-MaxLanes:]
	corner, up, right := int32(row[0]), int32(row[MaxLanes]), int32(row[2*MaxLanes])
	least, most := min(left, up), max(left, up)
	prediction = int16(max(least, min(most, left+up-corner))) // the median of three
	low, high := min(least, corner, right), max(most, corner, right)
	flat, level := g.taps.Flat, levels.of(m)
	if flat {
		if class := g.sameness(x, lane, low == high); class > 0 {
			return level/2*(2*tapClasses) + class, prediction
		}
	} else if low == high && low != 0 {
		return level*tapClasses + flatClass, prediction
	}
	var class uint8
	if g.taps.TwoSided {
		s := g.sums[1][i] + g.left[1][0][0]*near1 + g.left[1][1][0]*near2 + g.left[1][2][0]*near3
		class = signClass(int32(s), m)
	} else {
		class = spreadClass(high-low, m)
	}
	if flat {
		return level/2*(2*tapClasses) + class, prediction
	}
	return level*tapClasses + class, prediction
}

// tap is the code of a lane at a place around column x.
func (g *tapGroup) tap(x, lane, k int) int16 {
	p := &tapPlaces[k]
	return g.codes[g.at[p.up]+(x+p.right)*MaxLanes+lane]
}

// sameness is the class of the code in column x of a plane by which of its neighbours are the same; 0: none. flat says that the
// nearest four are.
func (g *tapGroup) sameness(x, lane int, flat bool) uint8 {
	left, up, corner := g.tap(x, lane, 0), g.tap(x, lane, 1), g.tap(x, lane, 2)
	switch {
	case flat && left == 0:
		return 0
	case flat:
		n := 0
		for k := 4; k < NumTaps; k++ {
			if g.tap(x, lane, k) == left {
				n++
			}
		}
		return flatClass + b2i(n >= 6) + b2i(n == 8)
	case left == corner && left == up:
		return 14
	case left == corner: // the row repeats the one above
		return 10 + b2i(g.tap(x, lane, 4) == g.tap(x, lane, 6))
	case up == corner: // the row above repeats itself
		return 12 + b2i(g.tap(x, lane, 4) == left)
	case left == up:
		return 15
	}
	return 0
}

func (g *tapGroup) set(x, lane int, code int16) {
	i := g.at[0] + x*MaxLanes + lane
	g.codes[i], g.near[i] = code, int16(bounded(int32(code)))
}

// echo lets the codes of column x of the first row stand above those to come.
func (g *tapGroup) echo(x int) {
	if !g.top {
		return
	}
	for k := range tapMargin {
		g.copy(g.at[1]+(x+1+k)*MaxLanes, g.at[0]+x*MaxLanes)
	}
}
