package native

import "fmt"

// transposed is a ConvTranspose: a product gives what every input position adds to the output at every filter
// position, which is then added up.
type transposed struct {
	window
	*product
	weights [][]float32 // packed, per group
	bias    []float32
	m       int // output channels
	rows    int // of the input that are computed together
	// interleave joins the terms of 2 x 2 filters, which do not overlap, row by row; nil for other filters.
	interleave func(dst, a, b []float32, shift float32)
}

func buildConvTranspose(s *site) (runner, error) {
	g, err := newWindow(s)
	if err != nil {
		return nil, err
	}
	f, err := newFilters(s)
	if err != nil {
		return nil, err
	}
	m := s.outShape(0)[1]
	if err := f.check(g, m); err != nil {
		return nil, err
	}
	if !transposedFits(g) {
		return nil, fmt.Errorf("output %dx%d does not fit the input", g.oh, g.ow)
	}
	t := &transposed{window: g, bias: f.bias, m: m, rows: g.h}
	channels, rows, plane := g.c/f.group, m/f.group*g.kh*g.kw, g.h*g.w
	off := make([]int32, channels)
	for c := range off {
		off[c] = int32(c * plane)
	}
	t.product = newProduct(s, rows, off, nil)
	t.noClamp()
	if t.doubles() {
		t.interleave = s.kernels.Interleave
		t.rows = rowsOfPart(g.h, rows*g.w)
	}
	terms := t.rows * g.w
	s.scratch = int64(rows) * int64(terms)
	if plane%skewEvery == 0 && channels >= skewChannels {
		t.gatherStrips(terms, plane)
		s.scratch += gatheredSize(channels)
	} else {
		t.setVectors(line(terms, func(i int) int { return i * vectorWidth }), terms)
	}
	for i := range f.group {
		t.weights = append(t.weights, s.share(1, fmt.Sprint("transposed ", f.group, i), func() []float32 {
			w := make([]float32, packedSize(rows, channels))
			packWeights(w, withoutSubnormals(f.w[i*channels*rows:][:channels*rows]), rows, channels, 1, rows)
			return w
		}))
	}
	return t.run, nil
}

// doubles tells whether filters are 2 x 2, side by side; of the rows, some may be cut off.
func (t *transposed) doubles() bool {
	return t.kh == 2 && t.kw == 2 && t.sx == 2 && t.sy == 2 && t.dx == 1 && t.dy == 1 && t.left == 0 &&
		t.oh+t.top <= 2*t.h && t.ow == 2*t.w
}

// transposedFits reports whether the output is as large as strides and padding make it, output_padding aside.
func transposedFits(g window) bool {
	h := farthest(g.h, g.sy, g.kh, g.dy) + 1 - int64(g.top) - int64(g.bottom)
	w := farthest(g.w, g.sx, g.kw, g.dx) + 1 - int64(g.left) - int64(g.rightPad)
	return int64(g.oh) >= h && int64(g.ow) >= w
}

func (t *transposed) run(k *task) {
	for n := range t.n {
		for i := range t.weights {
			for y := 0; y < t.h; y += t.rows {
				t.runPart(k, n, i, y)
			}
		}
	}
}

// runPart computes what the input rows from y on give in a group of image n.
func (t *transposed) runPart(k *task, n, group, y int) {
	in, out, terms := t.c*t.h*t.w, t.oh*t.ow, t.kh*t.kw*t.rows*t.w
	perGroup := t.m / len(t.weights)
	x := k.in[0][n*in+group*in/len(t.weights)+y*t.w:]
	t.product.run(&factors{x: x, w: t.weights[group], out: k.scratch, gathered: k.scratch[perGroup*terms:]})
	for c := range perGroup {
		channel := group*perGroup + c
		plane := k.out[0][(n*t.m+channel)*out:][:out]
		if t.interleave != nil {
			t.join(plane, k.scratch[c*terms:], y, t.bias[channel])
			continue
		}
		t.addUp(plane, k.scratch[c*terms:], t.bias[channel])
	}
}

// join puts the terms of a channel, of the input rows from y on, where they belong: every output has one.
func (t *transposed) join(plane, terms []float32, y int, bias float32) {
	in := t.rows * t.w
	first := max(0, t.top-2*y)
	end := min(2*t.rows, t.oh+t.top-2*y)
	for i := first; i < end; i++ {
		even := terms[i%2*2*in+i/2*t.w:]
		t.interleave(plane[(2*y+i-t.top)*t.ow:][:t.ow], even[:t.w], even[in:][:t.w], bias)
	}
}

// addUp adds the terms of one channel, filter position by filter position.
func (t *transposed) addUp(plane, terms []float32, bias float32) {
	fill(plane, bias)
	for ky := range t.kh {
		for kx := range t.kw {
			for y := range t.h {
				if oy := y*t.sy + ky*t.dy - t.top; oy >= 0 && oy < t.oh {
					t.addRow(plane[oy*t.ow:][:t.ow], terms[y*t.w:][:t.w], kx*t.dx-t.left)
				}
			}
			terms = terms[t.h*t.w:]
		}
	}
}

// addRow adds src to every stride-th value of dst from at on.
func (t *transposed) addRow(dst, src []float32, at int) {
	for len(src) > 0 && at < 0 {
		src, at = src[1:], at+t.sx
	}
	for _, v := range src {
		if at >= len(dst) {
			return
		}
		dst[at] += v
		at += t.sx
	}
}
