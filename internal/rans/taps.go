package rans

import (
	"errors"
	"fmt"
	"slices"
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
	// Cross are the weights, of magnitudes and codes, of the four places around the code's in a plane of an earlier edge
	// (Plane.Earlier).
	Cross [2]int8
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
	tapMost   = 127   // magnitude of a neighbour that is weighted: more makes no difference
	tapSum    = 255   // of the magnitudes of weights, at most: sums stay within 16 bits
	tapLimit  = 32752 // expected magnitude, at most: what is added to it stays within 16 bits
	tapMargin = 3     // columns beside a row, on either side
	MinGrid   = 4
	MaxGrid   = 1 << 10
	MaxTapRow = 1 << 16 // columns
)

// tapPlaces are rows above and columns to the right, the nearest first.
var tapPlaces = [NumTaps]struct{ up, right int }{
	{0, -1}, {1, 0}, {1, -1}, {1, 1}, {0, -2}, {2, 0}, {1, -2}, {1, 2}, {2, -1}, {2, 1}, {0, -3}, {3, 0},
}

const (
	tapAbove  = 3 // rows above that are looked at
	flatClass = tapClasses - 1
)

// tapBounds of levels: the level is the number of bounds that the expected magnitude reaches, in 1/tapUnit. Those beyond a byte
// are multiples of 64, so that two tables of bytes find the level; no 16 numbers in a row, from a multiple of 16 on, hold more than
// two bounds but for the first 16 of either table: kernels rely on it.
var tapBounds = [tapLevels - 1]int32{
	2, 3, 5, 8, 11, 16, 21, 29, 39, 52, 69, 90, 119, 156, 205,
	256, 320, 448, 576, 768, 1024, 1344, 1792, 2304, 3008, 3968, 5120, 6720, 8704, 11264, 14848,
}

// levels by expected magnitude: the sum of what the tables hold.
var levels = newLevels()

type levelTables struct {
	fine   [256]uint8 // by it
	coarse [256]uint8 // by 1/64, bounds beyond a byte
}

func newLevels() (t levelTables) {
	for _, b := range tapBounds {
		table, at := &t.fine, int(b)
		if b >= 256 {
			table, at = &t.coarse, int(b/64)
		}
		for i := at; i < 256; i++ {
			table[i]++
		}
	}
	return t
}

// of the expected magnitude, 0 to tapLimit.
func (t *levelTables) of(mu int32) uint8 { return t.fine[min(mu, 255)] + t.coarse[min(mu>>6, 255)] }

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
	for k := range t.Cross {
		if sum := t.sum(k); sum > tapSum {
			return fmt.Errorf("%w: they sum to %d, at most %d allowed", ErrTaps, sum, tapSum)
		}
	}
	if !t.TwoSided && (t.Signed != [NumTaps]int8{} || t.Cross[1] != 0) {
		return fmt.Errorf("%w: codes without signs have weights with", ErrTaps)
	}
	return nil
}

// sum is what magnitudes of weights sum to: of magnitudes (0), of codes (1).
func (t *Taps) sum(k int) int {
	sum := 4 * size8(t.Cross[k])
	for _, w := range [][NumTaps]int8{t.Magnitude, t.Signed}[k] {
		sum += size8(w)
	}
	return sum
}

func size8(w int8) int { return max(int(w), -int(w)) }

// ValidateEarlier checks a channel's weights of an earlier edge.
func (t *Taps) ValidateEarlier(weights [2]int8) error {
	for k, w := range weights {
		if sum := t.sum(k) + size8(w); sum > tapSum {
			return fmt.Errorf("%w: they sum to %d with an earlier edge's, at most %d allowed", ErrTaps, sum, tapSum)
		}
	}
	if !t.TwoSided && weights[1] != 0 {
		return fmt.Errorf("%w: codes without signs have weights with", ErrTaps)
	}
	return nil
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

// bounded is a code as it is weighted.
func bounded(code int32) int32 { return max(-tapMost, min(tapMost, code)) }

// VisitTaps tells the context and the prediction of every code of some planes, at most MaxLanes and of equal length, as a Tile that
// begins with their first row sees it: column by column, in each plane by plane. memory is used again.
func VisitTaps(memory *TapMemory, t *Taps, planes []TapPlane, cols int, visit func(context uint8, prediction, code int16)) {
	g := (*tapGroup)(memory)
	offsets := make([]Plane, len(planes))
	g.narrow, g.levels = true, tapLevelBits(t.Flat)
	for lane := range planes {
		offsets[lane].Offset, offsets[lane].Earlier = planes[lane].Offset, planes[lane].Earlier
		g.narrow = g.narrow && slices.Min(planes[lane].Codes) >= -tapNarrow && slices.Max(planes[lane].Codes) < tapNarrow
	}
	g.begin(t, offsets, cols)
	for at, all := 0, len(planes[0].Codes); at < all; {
		n := t.width(cols, all-at)
		g.next()
		for x, end := 0, 0; x < n; x = end {
			end = g.segment(x, n)
			for ; x < end; x++ {
				find(g, x)
				for lane := range planes {
					c := planes[lane].Codes[at+x]
					visit(g.found.contexts[lane], g.found.predictions[lane], c)
					g.set(x, lane, c)
				}
				g.echo(x)
			}
		}
		at += n
	}
}

// TapPlane is a plane for VisitTaps.
type TapPlane struct {
	Offset  int16 // what is expected of its channel
	Codes   []int16
	Earlier Earlier
}

// TapMemory is for VisitTaps.
type TapMemory tapGroup

// TapNeighbours gives the codes at the taps' places, for fitting weights to them.
type TapNeighbours struct {
	grid, cols int
	near       [NumTaps]int16
}

// Begin is for planes of so many columns.
func (n *TapNeighbours) Begin(t *Taps, cols int) { n.grid, n.cols = t.Grid, cols }

// Of code i of a plane; they are valid until the next call.
func (n *TapNeighbours) Of(codes []int16, i int) []int16 {
	for k, at := range n.Places(i) {
		n.near[k] = 0
		if at >= 0 {
			n.near[k] = int16(bounded(int32(codes[at])))
		}
	}
	return n.near[:]
}

// Places are where the taps of code i lie in a plane; negative where there is nothing, which counts as 0.
func (n *TapNeighbours) Places(i int) (at [NumTaps]int) {
	for k, p := range tapPlaces {
		at[k] = n.place(i, p.up, p.right)
	}
	return at
}

func (n *TapNeighbours) place(i, up, right int) int {
	if n.grid > 0 {
		return i - up*n.grid + right
	}
	row, col := i/n.cols, i%n.cols
	y, x := row-up, col+right
	if y < 0 {
		y, x = 0, x-1
		if row == 0 {
			x = min(x, col-1)
		}
		if x < 0 {
			return -1
		}
	}
	switch {
	case x < 0 && y == 0:
		return -1
	case x < 0:
		y, x = y-1, 0
	}
	return y*n.cols + min(x, n.cols-1)
}
