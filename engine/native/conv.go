package native

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/graph"
)

// isDepthwise reports whether convolution n has one filter per channel.
func isDepthwise(g *graph.Graph, n *graph.Node) bool {
	in, out := g.Values[n.Inputs[0]].Shape, g.Values[n.Outputs[0]].Shape
	group := n.Attrs.Int("group", 1)
	return len(in) > 1 && len(out) > 1 && group > 1 && group == in[1] && group == out[1]
}

// filters are the weights of a Conv or ConvTranspose.
type filters struct {
	w, bias []float32 // w is not to be kept
	group   int
}

func newFilters(s *site) (filters, error) {
	f := filters{group: s.Attrs.Int("group", 1)}
	var err error
	if f.w, err = s.weight(1); err != nil {
		return f, err
	}
	f.bias, err = s.factor(2)
	return f, err
}

// check compares the number of weights and biases with what m output channels need.
func (f *filters) check(g window, m int) error {
	if f.group < 1 || g.c%f.group != 0 || m%f.group != 0 {
		return fmt.Errorf("%d groups for %d input and %d output channels", f.group, g.c, m)
	}
	if want := g.c / f.group * m * g.kh * g.kw; len(f.w) != want {
		return fmt.Errorf("%d weights, want %d", len(f.w), want)
	}
	if f.bias == nil {
		f.bias = make([]float32, m)
	}
	if len(f.bias) != m {
		return fmt.Errorf("%d biases for %d channels", len(f.bias), m)
	}
	return nil
}

// checkOf is check of all channels, where s is some of them.
func (f *filters) checkOf(s *site) error {
	g, err := newWindow(s.whole())
	if err != nil {
		return err
	}
	return f.check(g, s.whole().outShape(0)[1])
}

func buildConv(s *site) (runner, error) {
	if len(s.shape(0)) == 5 {
		return buildVolumeConv(s)
	}
	g, err := newWindow(s)
	if err != nil {
		return nil, err
	}
	f, err := newFilters(s)
	if err != nil {
		return nil, err
	}
	m := s.outShape(0)[1]
	if err := f.checkOf(s); err != nil {
		return nil, err
	}
	if err := g.checkSize(); err != nil {
		return nil, err
	}
	suits, err := s.whole().suitsLanes(&f)
	if err != nil {
		return nil, err
	}
	if suits {
		return newLanes(s, g, f, m).run, nil
	}
	l := newLayout(g)
	l.deinterleave = s.kernels.Deinterleave
	if s.of != nil && s.ringRows+s.planes.in > 0 {
		l = newRing(g, s.ringRows, s.planes.in)
		l.deinterleave = s.kernels.Deinterleave
		s.ring = &l
	}
	if !l.fits() {
		return nil, fmt.Errorf("output %dx%d does not fit the input", g.oh, g.ow)
	}
	s.scratch = int64(l.size())
	if isDepthwise(s.graph, s.Node) {
		f.w = s.share(1, "planes", func() []float32 { return slices.Clone(withoutSubnormals(f.w)) })
		if l.hasPlane3() {
			return newDepthwise3(s, l, f), nil
		}
		return newDepthwise(s, l, f), nil
	}
	return newConvolution(s, l, f, m).run, nil
}

// convolution is a product whose offsets are the taps of the filter.
type convolution struct {
	layout   // of as many rows as are computed together
	image    window
	groups   []convGroup
	m        int // output channels
	residual bool
	addStep  int // from plane to plane of the residual
}

// convGroup computes some of the output channels from some of the input channels.
type convGroup struct {
	*product
	w        []float32
	from, to int // first input channel, first output channel
}

func newConvolution(s *site, l layout, f filters, m int) *convolution {
	image := l.window
	if l = l.part(); l.oh < image.oh {
		s.scratch = int64(l.size())
	}
	v := &convolution{layout: l, image: image, m: m, residual: s.residual}
	all := len(f.bias) // output channels, of which m are computed
	channels, rows, allRows := l.c/f.group, m/f.group, all/f.group
	off := make([]int32, 0, channels*l.kh*l.kw)
	for c := range channels {
		for y := range l.kh {
			for x := range l.kw {
				off = append(off, l.tap(c, y, x))
			}
		}
	}
	pointwise := l.pointwise()
	var vectors []vector
	if pointwise {
		s.scratch = gatheredSize(channels)
	} else {
		vectors = l.positions()
	}
	depth := len(off)
	for i := range f.group {
		g := convGroup{from: i * channels, to: i * rows}
		g.product = newProduct(s, rows, off, f.bias[i*allRows:][:allRows])
		if pointwise {
			g.gatherStrips(l.oh*l.ow, l.plane)
		} else {
			g.setVectors(vectors, l.oh*l.ow)
		}
		g.outStep, v.addStep = image.oh*image.ow, image.oh*image.ow
		if s.planes.out > 0 {
			g.outStep = s.planes.out
		}
		if s.planes.add > 0 {
			v.addStep = s.planes.add
		}
		g.w = s.share(1, fmt.Sprint("filters ", f.group, i), func() []float32 {
			w := make([]float32, packedSize(allRows, depth))
			packWeights(w, withoutSubnormals(f.w[i*allRows*depth:][:allRows*depth]), allRows, depth, depth, 1)
			return w
		})
		v.groups = append(v.groups, g)
	}
	return v
}

func (v *convolution) run(t *task) {
	g := &v.image
	for n := range g.n {
		for y := 0; y < g.oh; y += v.oh {
			v.runPart(t, n, y)
		}
	}
}

// runPart computes the rows from y on of image n.
func (v *convolution) runPart(t *task, n, y int) {
	g := &v.image
	x := v.fillRows(t.in[0][n*g.c*g.h*g.w:], t.scratch, g.h, y*g.sy-g.top)
	for i := range v.groups {
		c := &v.groups[i]
		f := factors{x: x[c.from*v.plane:], w: c.w[t.first*len(c.off):], first: t.first, gathered: t.scratch}
		f.out = t.out[0][(n*v.m+c.to)*c.outStep+y*g.ow:]
		if v.residual {
			f.add, f.addStep = t.in[len(t.in)-1][(n*v.m+c.to)*v.addStep+y*g.ow:], v.addStep
		}
		c.product.run(&f)
	}
}

// positions cuts the output into vectors, in the cheaper of two ways.
func (l *layout) positions() []vector {
	byRow := l.oh * ceilDiv(l.ow, kernel.Width)
	if l.sx == 1 && l.sy == 1 && (ceilDiv(l.flat(), kernel.Width) < byRow || l.pitch == l.ow) {
		return l.flatPositions()
	}
	return l.rowPositions()
}

// flat is the number of positions from the first output to the last when the rows' padding counts.
func (l *layout) flat() int { return (l.oh-1)*l.pitch + l.ow }

// flatPositions runs through the padded rows without a break; what falls on padding is dropped.
func (l *layout) flatPositions() []vector {
	vectors := make([]vector, ceilDiv(l.flat(), kernel.Width))
	for i := range vectors {
		vectors[i].base = i * kernel.Width
		for lane := 0; lane < kernel.Width; {
			y, x := (vectors[i].base+lane)/l.pitch, (vectors[i].base+lane)%l.pitch
			n := min(kernel.Width-lane, l.pitch-x)
			if valid := min(n, l.ow-x); valid > 0 && y < l.oh {
				vectors[i].spans = appendSpan(vectors[i].spans, span{lane, y*l.ow + x, valid})
			}
			lane += n
		}
	}
	return vectors
}

// appendSpan merges a span with the one before it where they touch on both sides.
func appendSpan(spans []span, s span) []span {
	if n := len(spans); n > 0 {
		last := &spans[n-1]
		if last.lane+last.n == s.lane && last.at+last.n == s.at {
			last.n += s.n
			return spans
		}
	}
	return append(spans, s)
}

// rowPositions starts every output row with a new vector.
func (l *layout) rowPositions() []vector {
	var vectors []vector
	for y := range l.oh {
		for x := 0; x < l.ow; x += kernel.Width {
			vectors = append(vectors, vector{l.base(y, x), []span{{0, y*l.ow + x, min(kernel.Width, l.ow-x)}}})
		}
	}
	return vectors
}
