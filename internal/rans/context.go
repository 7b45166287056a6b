package rans

// NumContexts is the number of activity contexts (METHOD section 4.4).
const NumContexts = 16

// contextBounds: the context is the number of bounds that the activity reaches.
var contextBounds = [NumContexts - 1]uint8{1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120}

const maxActivity = 127 // from 120 on it makes no difference

// contextOf maps the activity, at most maxActivity, to the context. Kernels have it in two registers.
var contextOf = func() (table [maxActivity + 1]uint8) {
	for t := range table {
		for _, b := range contextBounds {
			if t >= int(b) {
				table[t]++
			}
		}
	}
	return table
}()

// magnitude is |code|, at most 255: more makes no difference to the activity.
func magnitude(code int16) uint8 {
	v := int32(code)
	if v < 0 {
		v = -v
	}
	return uint8(min(v, 255))
}

// neighbours keeps the magnitudes of the row above and of the row at hand, with a margin of one zero to the left and two
// to the right, for several planes in step: entry (x+1)*lanes + lane.
type neighbours struct {
	above, row []uint8
	lanes      int
}

func (n *neighbours) reset(cols, lanes int) {
	size := (cols + 3) * lanes
	if cap(n.above) < size {
		n.above, n.row = make([]uint8, size), make([]uint8, size)
	}
	n.above, n.row, n.lanes = n.above[:size], n.row[:size], lanes
	clear(n.above)
	clear(n.row)
}

// next begins a row.
func (n *neighbours) next() {
	n.above, n.row = n.row, n.above
	clear(n.row[:n.lanes])
}

// Contexts writes the context of every code of a plane to dst, row by row, as a Tile that begins with this plane's first row
// sees it.
func Contexts(dst []uint8, codes []int16, cols int) {
	rows := make([]uint32, 2*(cols+2))
	above, row := rows[:cols+2], rows[cols+2:] // from the left margin to the right one, which stay 0
	for len(codes) > 0 {
		upLeft, up, left := uint32(0), above[1], uint32(0)
		for x, c := range codes[:cols] {
			upRight := above[x+2]
			dst[x] = contextOf[min(2*left+upLeft+2*up+upRight, maxActivity)]
			left, upLeft, up = uint32(magnitude(c)), up, upRight
			row[x+1] = left
		}
		above, row = row, above
		dst, codes = dst[cols:], codes[cols:]
	}
}
