package rans

import (
	"errors"
	"fmt"
)

// Taps choose the model of a code by what lies to the left and above of it, weighted (spec/contexts.md). All planes of a tile
// share them.
type Taps struct {
	// Grid is how many codes of a plane of one column make a row of the grid that they come from (tokens); 0: planes are
	// what they are.
	Grid int
	// Magnitude and Signed are weights, in 1/tapUnit, of what stands in tapPlaces: of magnitudes, and of the codes
	// themselves, which count where codes have signs.
	Magnitude, Signed [NumTaps]int8
	TwoSided          bool
	// Flat looks at which neighbours are the same, for maps in which codes repeat; levels are half as fine.
	Flat bool
	// Relative are the contexts in which not the code is coded but what it is more than the prediction.
	Relative [NumTapContexts]bool
}

// Numbers of Taps.
const (
	NumTaps        = 12
	tapLevels      = 32
	tapClasses     = 8
	NumTapContexts = tapLevels * tapClasses

	tapUnit   = 128
	tapMost   = 127 // magnitude of a neighbour that is weighted: more makes no difference
	tapSum    = 255 // of the magnitudes of weights, at most: sums stay within 16 bits
	tapMargin = 3   // columns beside a row, on either side
	MinGrid   = 4
	MaxGrid   = 1 << 10
	MaxTapRow = 1 << 16 // columns
)

// tapPlaces are rows above and columns to the right, the nearest first.
var tapPlaces = [NumTaps]struct{ up, right int }{
	{0, -1}, {1, 0}, {1, -1}, {1, 1}, {0, -2}, {2, 0}, {1, -2}, {1, 2}, {2, -1}, {2, 1}, {0, -3}, {3, 0},
}

// Of tapPlaces, those of the row at hand and those to the right.
const (
	tapLeft   = 0
	tapLeft2  = 4
	tapLeft3  = 10
	tapRight  = 3 // above
	tapRight2 = 7
	tapAbove  = 3 // rows above that are looked at
	flatClass = tapClasses - 1
)

// tapBounds of levels: the level is the number of bounds that the expected magnitude reaches, in 1/tapUnit. They lie on a grid
// that grows coarser, so that small tables find the level.
var tapBounds = [tapLevels - 1]int32{
	2, 3, 5, 8, 11, 16, 21, 29, 39, 52, 69, 90, 119, 156, 205, 268, 352, 461, 608, 800, 1024, 1344, 1760, 2304, 3008, 3936, 5120, 6720,
	8704, 11264, 14848,
}

// levels by expected magnitude.
var levels = newLevels()

type levelTables struct {
	fine   [512]uint8 // by it
	middle [256]uint8 // by 1/32
	coarse [64]uint8  // by 1/512
}

func newLevels() (t levelTables) {
	of := func(mu int) (level uint8) {
		for _, b := range tapBounds {
			if int32(mu) >= b {
				level++
			}
		}
		return level
	}
	for i := range t.fine {
		t.fine[i] = of(i)
	}
	for i := range t.middle {
		t.middle[i] = of(i * 32)
	}
	for i := range t.coarse {
		t.coarse[i] = of(i * 512)
	}
	return t
}

// of the expected magnitude, 0 to 32,767.
func (t *levelTables) of(mu int32) uint8 {
	switch {
	case mu < 512:
		return t.fine[mu&511]
	case mu < 8192:
		return t.middle[mu>>5&255]
	}
	return t.coarse[mu>>9&63]
}

// Classes: how the neighbours' spread, or the predicted code, compares with the expected magnitude.
var (
	spreadBounds = [6]int32{427, 183, 116, 80, 58, 43} // 128 / (.3 .7 1.1 1.6 2.2 3)
	signBounds   = [3]int32{3932, 13107, 26214}        // .12 .4 .8 of 32,768
)

const (
	spreadMost = 63
	spreadPart = 51 // .4
	signPart   = 15 // .12
)

// TapClasses is the number of contexts of a level.
func TapClasses(flat bool) int {
	if flat {
		return 2 * tapClasses
	}
	return tapClasses
}

// ErrTaps is what Validate says.
var ErrTaps = errors.New("weights of neighbours make no sense")

// Validate checks what a foreign profile may say.
func (t *Taps) Validate() error {
	if t.Grid != 0 && (t.Grid < MinGrid || t.Grid > MaxGrid) {
		return fmt.Errorf("%w: a grid %d wide, %d to %d allowed", ErrTaps, t.Grid, MinGrid, MaxGrid)
	}
	for _, weights := range [][NumTaps]int8{t.Magnitude, t.Signed} {
		sum := 0
		for _, w := range weights {
			sum += max(int(w), -int(w))
		}
		if sum > tapSum {
			return fmt.Errorf("%w: they sum to %d, at most %d allowed", ErrTaps, sum, tapSum)
		}
	}
	if !t.TwoSided && t.Signed != [NumTaps]int8{} {
		return fmt.Errorf("%w: codes without signs have weights with", ErrTaps)
	}
	return nil
}

// window keeps the codes of the row at hand and of tapAbove rows above it, for planes in step: entry
// (row*stride+column)*MaxLanes + lane, the row at hand being the last.
type window struct {
	taps   *Taps
	codes  []int16
	stride int
	cols   int
	row    int                // of the tile
	at     int                // where the row at hand begins
	offset [MaxLanes]int32    // of every plane, in 1/tapUnit
	sums   [2][]int32         // of what lies above, by column and lane: magnitudes, codes
	above  [2][tapAboves]aTap // weights of what lies above
}

const tapAboves = NumTaps - 3

// aTap is a weight of what lies back by so many entries.
type aTap struct {
	back   int
	weight int32
}

// begin makes the window ready for the first row of planes with so many columns, or rows of their grid.
func (w *window) begin(t *Taps, planes []Plane, cols int) {
	w.taps, w.stride, w.cols, w.row = t, cols+2*tapMargin, cols, -1
	w.at = (tapAbove*w.stride + tapMargin) * MaxLanes
	if t.Grid > 0 {
		w.stride = t.Grid
		w.at = tapAbove * w.stride * MaxLanes
	}
	w.codes = resize(w.codes, w.at+w.stride*MaxLanes)
	clear(w.codes)
	for k, weights := range [][NumTaps]int8{t.Magnitude, t.Signed} {
		w.sums[k] = resize(w.sums[k], w.stride*MaxLanes)
		n := 0
		for i, p := range tapPlaces {
			if p.up > 0 {
				w.above[k][n] = aTap{(p.up*w.stride - p.right) * MaxLanes, int32(weights[i])}
				n++
			}
		}
	}
	w.offset = [MaxLanes]int32{}
	for lane := range planes {
		w.offset[lane] = int32(planes[lane].Offset)
	}
}

// width is the number of codes in a row of the window, of n that are left of a plane.
func (t *Taps) width(cols, n int) int {
	if t.Grid > 0 {
		return min(t.Grid, n)
	}
	return cols
}

// next begins a row of n codes.
func (w *window) next(n int) {
	copy(w.codes, w.codes[w.stride*MaxLanes:])
	clear(w.codes[w.at:])
	w.row++
	if w.taps.Grid == 0 && w.row > 0 {
		w.extend()
	}
	w.sumAbove(n * MaxLanes)
}

// extend gives the rows above and the row at hand what stands beside them: the last code of a row to its right, the first code
// of the row above to the left.
func (w *window) extend() {
	last := w.codes[w.at+(w.cols-1-w.stride)*MaxLanes:][:MaxLanes]
	rows := 1
	if w.row == 1 {
		rows = tapAbove // those above the first one
	}
	for r := range rows {
		for k := range tapMargin - 1 {
			copy(w.codes[w.at+(w.cols+k-(r+1)*w.stride)*MaxLanes:], last)
		}
	}
	first := w.codes[w.at-w.stride*MaxLanes:][:MaxLanes]
	for k := range tapMargin {
		copy(w.codes[w.at-(k+1)*MaxLanes:], first)
	}
}

// top prepares the first row: what would lie above is what lies to the left.
func (w *window) top(x, lane int) (magnitude, signed int32) {
	i := w.at + x*MaxLanes + lane
	left := w.codes[i-MaxLanes]
	for r := 1; r <= tapAbove; r++ {
		for k := range tapMargin {
			w.codes[i+(k-r*w.stride)*MaxLanes] = left
		}
	}
	for k, p := range tapPlaces {
		if p.up > 0 {
			c := int32(w.codes[i-(p.up*w.stride-p.right)*MaxLanes])
			magnitude += int32(w.taps.Magnitude[k]) * size(c)
			signed += int32(w.taps.Signed[k]) * bounded(c)
		}
	}
	return magnitude, signed
}

func (w *window) sumAbove(n int) {
	sum, signed := w.sums[0][:n], w.sums[1][:n]
	clear(sum)
	for _, t := range w.above[0] {
		if t.weight == 0 {
			continue
		}
		for i, c := range w.codes[w.at-t.back:][:n] {
			sum[i] += t.weight * size(int32(c))
		}
	}
	if !w.taps.TwoSided {
		return
	}
	clear(signed)
	for _, t := range w.above[1] {
		if t.weight == 0 {
			continue
		}
		for i, c := range w.codes[w.at-t.back:][:n] {
			signed[i] += t.weight * bounded(int32(c))
		}
	}
}

// context of the code in column x of a plane, and what it is predicted to be.
func (w *window) context(x, lane int) (context uint8, prediction int16) {
	i := w.at + x*MaxLanes + lane
	if w.row == 0 && w.taps.Grid == 0 {
		w.sums[0][x*MaxLanes+lane], w.sums[1][x*MaxLanes+lane] = w.top(x, lane)
	}
	at := w.codes[i-3*MaxLanes:]
	left3, left2, left := int32(at[0]), int32(at[MaxLanes]), int32(at[2*MaxLanes])
	row := w.codes[i-(w.stride+1)*MaxLanes:]
	corner, up, right := int32(row[0]), int32(row[MaxLanes]), int32(row[2*MaxLanes])
	t := w.taps
	mu := w.sums[0][x*MaxLanes+lane] + w.offset[lane] + int32(t.Magnitude[tapLeft])*size(left) +
		int32(t.Magnitude[tapLeft2])*size(left2) + int32(t.Magnitude[tapLeft3])*size(left3)
	signed := int32(0)
	if t.TwoSided {
		signed = w.sums[1][x*MaxLanes+lane] + int32(t.Signed[tapLeft])*bounded(left) + int32(t.Signed[tapLeft2])*bounded(left2) +
			int32(t.Signed[tapLeft3])*bounded(left3)
	}
	if t.Grid > 0 && x+2 >= t.Grid {
		magnitude, code := w.behind(x, lane)
		mu, signed = mu+magnitude, signed+code
	}
	mu = max(0, min(mu, 1<<15-1))
	least, most := min(left, up), max(left, up)
	prediction = int16(max(least, min(most, left+up-corner))) // the median of three
	low, high := min(least, corner, right), max(most, corner, right)
	level := levels.of(mu)
	if t.Flat {
		if class := w.sameness(i, low == high); class > 0 {
			return level/2*(2*tapClasses) + class, prediction
		}
	} else if low == high && low != 0 {
		return level*tapClasses + flatClass, prediction
	}
	var class uint8
	if t.TwoSided {
		class = signClass(signed, mu)
	} else {
		class = spreadClass(high-low, mu)
	}
	if t.Flat {
		return level/2*(2*tapClasses) + class, prediction
	}
	return level*tapClasses + class, prediction
}

// behind adds up what lies behind the end of the row above a code near the end of its own: of a grid, that is the beginning of the
// row at hand.
func (w *window) behind(x, lane int) (magnitude, signed int32) {
	for _, k := range []int{tapRight, tapRight2} {
		if at := x - w.stride + tapPlaces[k].right; at >= 0 {
			c := int32(w.codes[w.at+at*MaxLanes+lane])
			magnitude += int32(w.taps.Magnitude[k]) * size(c)
			signed += int32(w.taps.Signed[k]) * bounded(c)
		}
	}
	return magnitude, signed
}

// sameness is the class of the code at place i by which of its neighbours are the same; 0: none. flat says that the nearest
// four are.
func (w *window) sameness(i int, flat bool) uint8 {
	at := func(k int) int16 { return w.codes[i-(tapPlaces[k].up*w.stride-tapPlaces[k].right)*MaxLanes] }
	left, up, corner, left2 := at(0), at(1), at(2), at(4)
	switch {
	case flat && left == 0:
		return 0
	case flat:
		n := 0
		for k := 4; k < NumTaps; k++ {
			if at(k) == left {
				n++
			}
		}
		return flatClass + b2i(n >= 6) + b2i(n == 8)
	case left == corner && left == up:
		return 14
	case left == corner: // the row repeats the one above
		return 10 + b2i(left2 == at(6))
	case up == corner: // the row above repeats itself
		return 12 + b2i(left2 == left)
	case left == up:
		return 15
	}
	return 0
}

func b2i(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func signClass(signed, mu int32) uint8 {
	n := int32(0)
	for _, b := range signBounds {
		if max(signed, -signed) > ((mu+signPart)*b+1<<14)>>15 {
			n++
		}
	}
	if signed < 0 {
		n = -n
	}
	return uint8(3 + n)
}

func spreadClass(spread, mu int32) (n uint8) {
	spread = min(spread, spreadMost)
	for _, b := range spreadBounds {
		if b*spread >= mu+spreadPart {
			n++
		}
	}
	return n
}

func (w *window) set(x, lane int, code int16) {
	w.codes[w.at+x*MaxLanes+lane] = code
}

// bounded is a code as it is weighted, size its magnitude.
func bounded(code int32) int32 { return max(-tapMost, min(tapMost, code)) }

func size(code int32) int32 { return min(tapMost, max(code, -code)) }

// VisitTaps tells the context and the prediction of every code of a plane, row by row, as a Tile that begins with this plane's
// first row sees it. memory is used again.
func VisitTaps(memory *TapMemory, t *Taps, offset int16, codes []int16, cols int, visit func(context uint8, prediction, code int16)) {
	w := (*window)(memory)
	w.begin(t, []Plane{{Offset: offset}}, cols)
	for len(codes) > 0 {
		n := t.width(cols, len(codes))
		w.next(n)
		for x, c := range codes[:n] {
			context, prediction := w.context(x, 0)
			visit(context, prediction, c)
			w.set(x, 0, c)
		}
		codes = codes[n:]
	}
}

// TapMemory is for VisitTaps.
type TapMemory window

// TapNeighbours gives the codes at the taps' places, for fitting weights to them.
type TapNeighbours struct {
	grid, cols int
	near       [NumTaps]int16
}

// Begin is for planes of so many columns.
func (n *TapNeighbours) Begin(t *Taps, cols int) { n.grid, n.cols = t.Grid, cols }

// Of code i of a plane; they are valid until the next call.
func (n *TapNeighbours) Of(codes []int16, i int) []int16 {
	for k, p := range tapPlaces {
		n.near[k] = int16(bounded(int32(n.tap(codes, i, p.up, p.right))))
	}
	return n.near[:]
}

func (n *TapNeighbours) tap(codes []int16, i, up, right int) int16 {
	if n.grid > 0 {
		if at := i - up*n.grid + right; at >= 0 {
			return codes[at]
		}
		return 0
	}
	row, col := i/n.cols, i%n.cols
	y, x := row-up, col+right
	if y < 0 {
		y, x = 0, x-1
		if row == 0 {
			x = min(x, col-1)
		}
		if x < 0 {
			return 0
		}
	}
	switch {
	case x < 0 && y == 0:
		return 0
	case x < 0:
		y, x = y-1, 0
	}
	return codes[y*n.cols+min(x, n.cols-1)]
}
