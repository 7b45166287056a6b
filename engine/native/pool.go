package native

import (
	"math"
	"sort"

	"github.com/dqa-go/dqa/tensor"
)

// reach lists, for one axis and one position of the pooling window, the outputs from..to-1 whose input lies inside the
// tensor; output o reads input o*stride+shift.
type reach struct {
	from, to int
	shift    int64
}

// reaches lists the positions of a window of kernel values along an axis of in values.
func reaches(in, out, kernel, stride, dilation, pad int) []reach {
	list := make([]reach, kernel)
	for k := range list {
		r := reach{shift: int64(k)*int64(dilation) - int64(pad)}
		from, to := ceilDiv(max(0, -r.shift), int64(stride)), ceilDiv(int64(in)-r.shift, int64(stride))
		r.from = int(min(from, int64(out)))
		r.to = max(r.from, int(min(to, int64(out))))
		list[k] = r
	}
	return list
}

// pooling walks windows position by position, so that the inner loop runs along a row.
type pooling struct {
	window
	rows, cols []reach
}

func newPooling(s *site) (*pooling, error) {
	g, err := newWindow(s)
	if err != nil {
		return nil, err
	}
	return &pooling{
		window: g,
		rows:   reaches(g.h, g.oh, g.kh, g.sy, g.dy, g.top),
		cols:   reaches(g.w, g.ow, g.kw, g.sx, g.dx, g.left),
	}, nil
}

// plane calls f with pieces of an output row and the input row that meets them at one window position; the piece's
// value i meets src[i*sx].
func (p *pooling) plane(out, in []float32, f func(dst, src []float32, step int)) {
	for _, row := range p.rows {
		for y := row.from; y < row.to; y++ {
			dst := out[y*p.ow:][:p.ow]
			src := in[int(int64(y)*int64(p.sy)+row.shift)*p.w:][:p.w]
			for _, col := range p.cols {
				if col.from < col.to {
					f(dst[col.from:col.to], src[int64(col.from)*int64(p.sx)+col.shift:], p.sx)
				}
			}
		}
	}
}

// eachPlane calls plane for every channel after setting the output to start.
func (p *pooling) eachPlane(t *task, start float32, f func(dst, src []float32, step int)) {
	in, out := p.h*p.w, p.oh*p.ow
	fill(t.out[0], start)
	for c := range p.n * p.c {
		p.plane(t.out[0][c*out:][:out], t.in[0][c*in:][:in], f)
	}
}

func buildMaxPool(s *site) (runner, error) {
	if len(s.shape(0)) == 5 {
		return buildVolumePool(s)
	}
	p, err := newPooling(s)
	if err != nil {
		return nil, err
	}
	if p.halves() {
		pool := s.kernels.MaxPool2
		return func(t *task) { pool(t.out[0], t.in[0], p.n*p.c*p.oh) }, nil
	}
	return func(t *task) { p.eachPlane(t, float32(math.Inf(-1)), maxStrided) }, nil
}

// halves tells whether windows are 2 x 2, side by side, and cover the input.
func (p *pooling) halves() bool {
	return p.kh == 2 && p.kw == 2 && p.sx == 2 && p.sy == 2 && p.dx == 1 && p.dy == 1 && p.top == 0 && p.left == 0 &&
		p.w == 2*p.ow && p.h == 2*p.oh
}

// maxStrided keeps NaN.
func maxStrided(dst, src []float32, step int) {
	for i, v := range dst {
		dst[i] = max(v, src[i*step])
	}
}

func addStrided(dst, src []float32, step int) {
	for i := range dst {
		dst[i] += src[i*step]
	}
}

func buildAveragePool(s *site) (runner, error) {
	if len(s.shape(0)) == 5 {
		return buildVolumePool(s)
	}
	p, err := newPooling(s)
	if err != nil {
		return nil, err
	}
	pad := s.Attrs.Int("count_include_pad", 0) != 0
	ys := counts(p.rows, p.oh, p.sy, p.h, p.top, p.bottom, pad)
	xs := counts(p.cols, p.ow, p.sx, p.w, p.left, p.rightPad, pad)
	inverse := make([]float32, p.oh*p.ow)
	for i := range inverse {
		inverse[i] = 1 / float32(int64(ys[i/p.ow])*int64(xs[i%p.ow]))
	}
	multiply := s.kernels.Mul
	return func(t *task) {
		p.eachPlane(t, 0, addStrided)
		for at := 0; at < len(t.out[0]); at += len(inverse) {
			plane := t.out[0][at:][:len(inverse)]
			multiply(plane, plane, inverse)
		}
	}, nil
}

// counts returns for every output along an axis how many positions of its window count: those inside the input, or
// with pad those inside the padded input.
func counts(positions []reach, out, stride, in, top, bottom int, pad bool) []int {
	n := make([]int, out)
	lo, hi := int64(0), int64(in)
	if pad {
		lo, hi = -int64(top), int64(in)+int64(bottom)
	}
	for o := range n {
		before := func(end int64) int { // positions that read before end: shifts ascend
			return sort.Search(len(positions), func(k int) bool { return int64(o)*int64(stride)+positions[k].shift >= end })
		}
		n[o] = before(hi) - before(lo)
	}
	return n
}

// buildGlobalPool reduces all spatial axes.
func buildGlobalPool(s *site) (runner, error) {
	if len(s.shape(0)) < 3 {
		return nil, errSpatial
	}
	return reduceRows(tensor.Size(s.shape(0)[2:]), reducers[s.Op]), nil
}
