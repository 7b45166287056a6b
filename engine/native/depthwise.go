package native

import (
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
)

// depthwise is a convolution with one filter per channel.
type depthwise struct {
	layout
	isa     string
	off     []int32
	filters []float32 // of every channel
	bias    []float32
	lo, hi  float32

	rows, vectors int  // per channel, as the kernel walks them
	step          int  // from row to row of the kernel's output
	exact         bool // the kernel's output is the plane itself
	pitchOut      int  // from output row to output row in the kernel's output
	reach         int  // a channel is read before here
}

func newDepthwise(s *site, l layout, f filters) runner {
	d := &depthwise{layout: l, isa: s.isa, filters: f.w, bias: f.bias, lo: s.lo, hi: s.hi}
	for y := range l.kh {
		for x := range l.kw {
			d.off = append(d.off, l.tap(0, y, x))
		}
	}
	d.choosePositions()
	if !d.exact {
		s.scratch += int64(d.rows) * int64(d.step)
	}
	return d.run
}

// choosePositions walks the output row by row or, where that is cheaper, through the padded rows without a break.
func (d *depthwise) choosePositions() {
	d.rows, d.vectors = d.oh, ceilDiv(d.ow, kernel.Width)
	d.pitchOut = d.vectors * kernel.Width
	if flat := ceilDiv(d.flat(), kernel.Width); d.sx == 1 && d.sy == 1 && depthwiseCost(flat) < d.rows*depthwiseCost(d.vectors) {
		d.rows, d.vectors, d.pitchOut = 1, flat, d.pitch
	}
	d.step = d.vectors * kernel.Width
	d.reach = (d.rows-1)*d.sy*d.pitch + int(slices.Max(d.off)) + d.step
	d.exact = d.pitchOut == d.ow && d.rows*d.step == d.oh*d.ow
}

// depthwiseCost is the time for n neighbouring vectors: four together take as long as one.
func depthwiseCost(n int) int { return n/4 + n%4 }

func (d *depthwise) run(t *task) {
	in, out := d.c*d.h*d.w, d.oh*d.ow
	for n := range d.n {
		x := d.fill(t.in[0][n*in:], t.scratch)
		for c := range d.c {
			plane := t.out[0][(n*d.c+c)*out:][:out]
			d.channel(t.first+c, x[c*d.plane:], plane, t.scratch[d.layout.size():])
		}
	}
}

// channel computes channel c from the plane x; wide is scratch space.
func (d *depthwise) channel(c int, x, plane, wide []float32) {
	taps := len(d.off)
	k := kernel.Depthwise{
		X: x[:d.reach], Off: d.off, W: d.filters[c*taps:][:taps], Bias: d.bias[c], Out: plane,
		Rows: d.rows, Vectors: d.vectors, XStep: d.sy * d.pitch, OutStep: d.step, Lo: d.lo, Hi: d.hi,
	}
	if d.exact {
		k.Run(d.isa)
		return
	}
	k.Out = wide
	k.Run(d.isa)
	for y := range d.oh {
		copy(plane[y*d.ow:][:d.ow], wide[y*d.pitchOut:])
	}
}
