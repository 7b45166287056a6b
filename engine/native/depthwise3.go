package native

import "github.com/dqa-go/dqa/engine/native/kernel"

// depthwise3 is a depthwise convolution of 3 x 3 taps: one plane after the other is padded in the first-level cache, so
// that no padded copy of the whole input goes through memory.
type depthwise3 struct {
	layout
	isa        string
	filters    []float32 // nine of every channel
	bias       []float32
	kernel     kernel.Plane3
	paddedRows int
	copied     int // rows of the input that are read
}

// hasPlane3 tells whether the layout is one that kernel.Plane3 can compute.
func (l *layout) hasPlane3() bool {
	return l.kh == 3 && l.kw == 3 && l.dy == 1 && l.dx == 1 && l.sx == l.sy && l.sx <= 2
}

// fitsPlanes tells whether the columns of padding are those that kernel.Planes3 computes.
func (l *layout) fitsPlanes() bool {
	return l.left == 1 && l.ow*l.sx == l.w && l.oh > 0
}

func newDepthwise3(s *site, l layout, f filters) runner {
	if l.fitsPlanes() {
		return newPlanes(s, l, f)
	}
	d := &depthwise3{layout: l, isa: s.isa, filters: f.w, bias: f.bias}
	d.paddedRows = (l.oh-1)*l.sy + 3
	pitch := max((l.ow-1)*l.sx+3, l.left+l.w)
	d.kernel = kernel.Plane3{Lo: s.lo, Hi: s.hi, Rows: l.oh, Cols: l.ow, Pitch: pitch, Stride: l.sx}
	d.copied = min(l.h, d.paddedRows-l.top)
	s.scratch = int64(max(d.paddedRows, l.top+l.h))*int64(pitch) + int64(l.ow+2*kernel.Width)*int64(l.sx)
	return d.run
}

func (d *depthwise3) run(t *task) {
	in, out, pitch := d.h*d.w, d.oh*d.ow, d.kernel.Pitch
	clear(t.scratch)
	k := d.kernel
	k.X = t.scratch
	for i := range d.n * d.c {
		x := t.in[0][i*in:][:in]
		for y := range d.copied {
			copy(t.scratch[(d.top+y)*pitch+d.left:], x[y*d.w:][:d.w])
		}
		c := t.first + i%d.c
		k.W, k.Bias, k.Out = d.filters[9*c:][:9], d.bias[c], t.out[0][i*out:][:out]
		k.Run(d.isa)
	}
}

// newPlanes is a depthwise3 that reads the planes where they are.
func newPlanes(s *site, l layout, f filters) runner {
	k := kernel.Planes3{
		W: f.w, Bias: f.bias, Channels: l.c, InRows: l.h, InCols: l.w, Rows: l.oh, Cols: l.ow, Top: l.top, Stride: l.sx,
		Zeros: make([]float32, l.w+3*kernel.Width), Lo: s.lo, Hi: s.hi,
	}
	s.scratch = 0
	in, out, isa := l.c*l.h*l.w, l.c*l.oh*l.ow, s.isa
	return func(t *task) {
		for n := range l.n {
			k := k
			k.X, k.Out = t.in[0][n*in:], t.out[0][n*out:][:out]
			k.W, k.Bias = f.w[9*t.first:], f.bias[t.first:]
			k.Run(isa)
		}
	}
}
