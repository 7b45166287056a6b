package native

import (
	"errors"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/graph"
)

// window is the geometry of a convolution or pooling: 2-D, a 1-D one has height 1.
type window struct {
	n, c, h, w       int // input
	oh, ow           int // output
	kh, kw           int
	sy, sx           int // strides
	dy, dx           int // dilations
	top, left        int // padding before
	bottom, rightPad int // padding behind
}

var errSpatial = errors.New("only one or two spatial axes are supported")

// newWindow reads the geometry of s from its attributes and the shapes of its input 0 and output 0.
func newWindow(s *site) (window, error) {
	in, out := s.shape(0), s.outShape(0)
	spatial := len(in) - 2
	if spatial < 1 || spatial > 2 || len(out) != len(in) {
		return window{}, errSpatial
	}
	g := window{n: in[0], c: in[1], h: 1, w: in[len(in)-1], oh: 1, ow: out[len(out)-1], kh: 1, sy: 1, dy: 1}
	kernel, err := s.ints("kernel_shape", spatial, 1)
	if err != nil {
		return g, err
	}
	strides, err := s.ints("strides", spatial, 1)
	if err != nil {
		return g, err
	}
	dilations, err := s.ints("dilations", spatial, 1)
	if err != nil {
		return g, err
	}
	pads, err := s.ints("pads", 2*spatial, 0)
	if err != nil {
		return g, err
	}
	g.kw, g.sx, g.dx = kernel[spatial-1], strides[spatial-1], dilations[spatial-1]
	g.left, g.rightPad = pads[spatial-1], pads[2*spatial-1]
	if spatial == 2 {
		g.h, g.oh, g.kh, g.sy, g.dy = in[2], out[2], kernel[0], strides[0], dilations[0]
		g.top, g.bottom = pads[0], pads[2]
	}
	return g, g.check()
}

func (g *window) check() error {
	if min(g.kh, g.kw, g.sy, g.sx, g.dy, g.dx) < 1 {
		return fmt.Errorf("kernel, stride or dilation below 1")
	}
	if min(g.top, g.left, g.bottom, g.rightPad) < 0 {
		return fmt.Errorf("negative padding")
	}
	return nil
}

// farthest is the last place that one of n windows reads from, its first one's first at 0.
func farthest(n, stride, kernel, dilation int) int64 {
	return int64(n-1)*int64(stride) + int64(kernel-1)*int64(dilation)
}

// layout is how a convolution reads one image: padded, and where columns are strided, with the columns of each phase
// (column modulo stride) next to each other, so that neighbouring outputs read neighbouring inputs.
type layout struct {
	window
	direct     bool // the input itself serves
	ready      bool // the input comes laid out
	inTensor   bool // in planes of a larger tensor
	rows       int  // of a plane
	phaseWidth int  // columns of one phase
	pitch      int  // from row to row
	plane      int  // from channel to channel
	// deinterleave separates even and odd columns.
	deinterleave func(even, odd, x []float32)
}

// newRing is the layout of a band whose input comes laid out, in planes of some rows, or where plane is not 0 lies in a
// tensor with that step from plane to plane.
func newRing(g window, rows, plane int) layout {
	l := newLayout(g)
	if plane > 0 {
		l.direct, l.ready, l.inTensor, l.plane = true, true, true, plane
		return l
	}
	l.ready, l.plane = true, max(rows, l.rows)*l.pitch
	if l.plane%skewEvery == 0 {
		l.plane += skew
	}
	return l
}

func newLayout(g window) layout {
	l := layout{window: g, direct: g.sx == 1 && g.top == 0 && g.bottom == 0 && g.left == 0 && g.rightPad == 0}
	l.rows = g.h + g.top + g.bottom
	l.phaseWidth = ceilDiv(g.w+g.left+g.rightPad, g.sx)
	l.pitch = l.phaseWidth * g.sx
	l.plane = l.rows * l.pitch
	if l.plane%skewEvery == 0 && !l.pointwise() && (!l.direct || g.c >= skewChannels) {
		l.plane += skew
		l.direct = false
	}
	return l
}

// Planes that are a multiple of 1 KiB apart compete for the same sets of the cache, and a tile reads the same place of
// each: where they are many, it pays to copy them with a cache line in between.
const (
	skewEvery    = 256
	skew         = 16
	skewChannels = 24
)

// pointwise tells whether a convolution of 1 x 1 reads planes so far apart that strips of them are gathered.
func (l *layout) pointwise() bool {
	return l.direct && (!l.ready || l.inTensor) && l.kh == 1 && l.kw == 1 && l.sy == 1 && l.c >= skewChannels && l.plane%skewEvery == 0
}

// checkSize refuses a padded input beyond the kernels' offsets of 32 bits, which is also all that an int may have. Padding
// and strides may be anything up to maxValues.
func (g *window) checkSize() error {
	rows := int64(g.h) + int64(g.top) + int64(g.bottom)
	columns := int64(g.w) + int64(g.left) + int64(g.rightPad) + int64(g.sx) - 1 // phases have whole columns
	if rows > math.MaxInt32 || columns > math.MaxInt32 || rows*columns > math.MaxInt32/int64(g.c)-skew {
		return fmt.Errorf("%w: a padded input of %d channels, %d rows and %d columns", graph.ErrLimit, g.c, rows, columns)
	}
	return nil
}

// fits reports whether the output's extents agree with the padded input's.
func (l *layout) fits() bool {
	return farthest(l.oh, l.sy, l.kh, l.dy) < int64(l.rows) && farthest(l.ow, l.sx, l.kw, l.dx) < int64(l.w+l.left+l.rightPad)
}

// size is the scratch space that an image needs.
func (l *layout) size() int {
	if l.direct || l.ready {
		return 0
	}
	return l.c * l.plane
}

// tap is the offset of filter position (y, x) in channel c from an output position's base.
func (l *layout) tap(c, y, x int) int32 {
	col := x * l.dx
	return int32(c*l.plane + y*l.dy*l.pitch + col%l.sx*l.phaseWidth + col/l.sx)
}

// base is where output position (y, x) starts to read.
func (l *layout) base(y, x int) int { return y*l.sy*l.pitch + x }

// fill lays image x out in buf and returns the slice to read from.
func (l *layout) fill(x, buf []float32) []float32 { return l.fillRows(x, buf, l.h, -l.top) }

// fillRows lays out the rows from first on of an image of h rows; rows beside it are zero.
func (l *layout) fillRows(x, buf []float32, h, first int) []float32 {
	if l.direct || l.ready {
		return x
	}
	from, to := min(max(-first, 0), l.rows), max(min(h-first, l.rows), 0)
	for c := range l.c {
		plane := buf[c*l.plane:][:l.plane]
		clear(plane[:from*l.pitch])
		clear(plane[max(from, to)*l.pitch:])
		if from < to {
			l.fillPlane(plane[from*l.pitch:to*l.pitch], x[(c*h+first+from)*l.w:])
		}
	}
	return buf
}

// fillPlane lays rows of the image out one behind the other.
func (l *layout) fillPlane(plane, x []float32) {
	if l.sx == 1 && l.pitch == l.w {
		copy(plane, x)
		return
	}
	if l.sx > 1 {
		clear(plane)
	}
	for ; len(plane) > 0; plane, x = plane[l.pitch:], x[l.w:] {
		row := plane[:l.pitch]
		if l.sx > 1 {
			l.splitPhases(row, x[:l.w])
			continue
		}
		clear(row[:l.left])
		clear(row[l.left+copy(row[l.left:], x[:l.w]):])
	}
}

// partValues bounds what is laid out at once, so that it stays in the second-level cache.
const partValues = 1 << 16

// part is the layout of fewer rows of the output, of which the whole has a multiple; l itself where it is small or no part fits.
func (l *layout) part() layout {
	if l.direct || l.ready || l.c*l.plane <= partValues {
		return *l
	}
	for n := 2; n <= l.oh/minPartRows; n++ {
		if l.oh%n != 0 {
			continue
		}
		g := l.window
		g.oh, g.top, g.bottom = l.oh/n, 0, 0
		g.h = int(farthest(g.oh, g.sy, g.kh, g.dy)) + 1
		p := newLayout(g)
		p.direct, p.deinterleave = false, l.deinterleave
		if p.size() <= partValues {
			return p
		}
	}
	return *l
}

// rowsOfPart is the largest part of h rows, of which h is a multiple, that takes partValues with so many values a row.
func rowsOfPart(h, values int) int {
	for n := 1; n < h; n++ {
		if h%n == 0 && h/n*values <= partValues {
			return h / n
		}
	}
	return 1
}

// minPartRows keeps the rows that two parts lay out few.
const minPartRows = 4

// splitPhases puts the columns of each phase next to each other.
func (l *layout) splitPhases(row, src []float32) {
	if l.sx == 2 {
		even, odd := row[l.left%2*l.phaseWidth+l.left/2:], row[(l.left+1)%2*l.phaseWidth+(l.left+1)/2:]
		l.deinterleave(even[:(len(src)+1)/2], odd[:len(src)/2], src)
		return
	}
	for phase := range l.sx {
		to := row[phase*l.phaseWidth:][:l.phaseWidth]
		first := ceilDiv(max(l.left-phase, 0), l.sx) // columns before it are padding
		for i, q := first*l.sx+phase-l.left, first; i < len(src); i, q = i+l.sx, q+1 {
			to[q] = src[i]
		}
	}
}

// spread brings n rows of a plane, which lie one behind the other at its start, to where the layout wants them. tmp holds
// a row where columns are strided.
func (l *layout) spread(plane []float32, n int, tmp []float32) {
	if l.pitch == l.w && l.left == 0 && l.sx == 1 {
		return
	}
	for r := n - 1; r >= 0; r-- {
		row, src := plane[r*l.pitch:][:l.pitch], plane[r*l.w:][:l.w]
		if l.sx > 1 {
			tmp = tmp[:l.w]
			copy(tmp, src)
			clear(row)
			l.splitPhases(row, tmp)
			continue
		}
		copy(row[l.left:], src)
		for i := range row[:l.left] { // few: a call would take longer
			row[i] = 0
		}
		for i := l.left + l.w; i < len(row); i++ {
			row[i] = 0
		}
	}
}
