package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

const (
	vectorWidth = kernel.Width
	panelWidth  = kernel.MaxVectors * vectorWidth
)

// gemm is Y = X W^T + B with a constant W: the rows of X take the part of a product's weights and are packed in every
// run, while W is packed once, in panels that one tile walks from start to end.
type gemm struct {
	*product
	packing
	rows   int
	panels []float32
	bias   []float32 // of every column; nil for none

	residual int                       // the input that is added to the result; 0: none
	add      func(dst, a, b []float32) // adds it behind a bias
	clamp    func(dst, x []float32)    // and clamps the result then; nil where it is not clamped
}

// packing brings rows of depth values into the layout that tiles want.
type packing struct {
	kernel  func(dst, x []float32, rows, depth int)
	depth   int
	inPlace bool
}

// scratch is the room that packing at most so many rows needs.
func (p *packing) scratch(rows int) int {
	if p.inPlace {
		return 0
	}
	return roundUp(rows, kernel.Rows) * p.depth
}

// pack packs rows of x and returns them. Those that may be overwritten move towards the start of their buffer: a group of rows is free
// before them.
func (p *packing) pack(t *task, x []float32, rows int) []float32 {
	dst := t.scratch
	if p.inPlace {
		dst = t.lead
	}
	p.kernel(dst, x, rows, p.depth)
	return dst
}

func buildGemm(s *site) (runner, error) {
	in, out := s.shape(0), s.outShape(0)
	if len(in) != 2 || len(out) != 2 {
		return nil, fmt.Errorf("input of rank %d", len(in))
	}
	if s.Attrs.Int("transA", 0) != 0 || s.Attrs.Int("transB", 1) != 1 || s.Attrs.Float("alpha", 1) != 1 || s.Attrs.Float("beta", 1) != 1 {
		return nil, fmt.Errorf("not in canonical form")
	}
	w, err := s.weight(1)
	if err != nil {
		return nil, err
	}
	bias, err := s.factor(2)
	if err != nil {
		return nil, err
	}
	g := &gemm{rows: in[0], packing: packing{kernel: s.kernels.PackRows, depth: in[1]}}
	columns, all := out[1], s.whole().outShape(0)[1]
	if len(w) != all*g.depth || (bias != nil && len(bias) != all) {
		return nil, fmt.Errorf("%d weights and %d biases for %dx%d", len(w), len(bias), all, g.depth)
	}
	if bias != nil {
		g.bias = withSlack(bias)
	}
	if g.depth > math.MaxInt32/panelWidth {
		return nil, fmt.Errorf("%w: %d columns of weights", graph.ErrLimit, g.depth)
	}
	g.setPanels(s, columns, all, w, g.depth, 1)
	s.scratch = int64(g.scratch(g.rows))
	return g.run, nil
}

// setPanels packs W, which weighs input k for output c by w[c*step+k*kStep]; of all outputs some are computed. The weights of
// one input lie together for all outputs of a panel.
func (g *gemm) setPanels(s *site, columns, all int, w []float32, step, kStep int) {
	const width = panelWidth
	off := make([]int32, g.depth)
	for k := range off {
		off[k] = int32(k * width)
	}
	g.product = newProduct(s, g.rows, off, nil)
	g.setResidual(s)
	g.setVectors(line(columns, func(i int) int {
		return i/kernel.MaxVectors*width*g.depth + i%kernel.MaxVectors*vectorWidth
	}), columns)
	g.panels = s.share(1, "panels of "+s.Op, func() []float32 {
		w := withoutSubnormals(w)
		panels := make([]float32, roundUp(all, width)*g.depth)
		for c := range all {
			panel := panels[c/width*width*g.depth+c%width:]
			for k := range g.depth {
				panel[k*width] = w[c*step+k*kStep]
			}
		}
		return panels
	})
}

// setResidual says how a residual is added: in the tiles, but behind a bias, to which they add already.
func (g *gemm) setResidual(s *site) {
	if !s.residual {
		return
	}
	g.residual = len(s.inputs) - 1
	if g.bias == nil {
		return
	}
	g.add = s.kernels.Add
	lo, hi := s.lo, s.hi
	if g.noClamp(); lo > g.lo || hi < g.hi {
		g.clamp = func(dst, x []float32) { s.kernels.Affine(dst, x, 1, 0, lo, hi) }
	}
}

func (g *gemm) run(t *task) {
	f := factors{x: g.panels[t.first*g.depth:], w: g.pack(t, t.in[0], g.rows), out: t.out[0], add: g.bias}
	if f.add != nil {
		f.add = f.add[t.first:]
	} else if g.residual > 0 {
		f.add, f.addStep = t.in[g.residual][t.first:], g.outStep
	}
	g.product.run(&f)
	if g.add == nil {
		return
	}
	n := len(t.out[0])
	if g.add(t.out[0], t.out[0], t.in[g.residual][t.first:][:n]); g.clamp != nil {
		g.clamp(t.out[0], t.out[0])
	}
}

// matmul is a batched product of two runtime values.
type matmul struct {
	*product
	packing
	rows, columns int
	bias          []float32 // of every column; nil for none
	a, b          []int     // where the matrices of every output matrix start
}

func buildMatMul(s *site) (runner, error) {
	a, b, out := s.shape(0), s.shape(1), s.outShape(0)
	if len(a) < 2 || len(b) < 2 || len(out) < 2 {
		return nil, fmt.Errorf("ranks %d and %d", len(a), len(b))
	}
	if s.graph.Constants[s.Inputs[1]] != nil && len(b) == 2 {
		g, err := s.constantGemm()
		if err != nil {
			return nil, err
		}
		s.scratch = int64(g.scratch(g.rows))
		return g.run, nil
	}
	m := &matmul{rows: a[len(a)-2], columns: b[len(b)-1], packing: packing{kernel: s.kernels.PackRows, depth: a[len(a)-1]}}
	batch := out[:len(out)-2]
	m.a = matrixStarts(a, batch)
	m.b = matrixStarts(b, batch)
	off := make([]int32, m.depth)
	for k := range off {
		off[k] = int32(k * m.columns)
	}
	m.product = newProduct(s, m.rows, off, nil)
	m.setVectors(line(m.columns, func(i int) int { return i * vectorWidth }), m.columns)
	if s.bias != nil {
		m.bias = withSlack(s.bias)
	}
	m.inPlace = s.owned && len(m.a) == 1
	s.scratch = int64(m.scratch(min(m.rows, packedRowsAtATime)))
	return m.run, nil
}

// constantGemm is a MatMul as a Gemm of all rows at once: the right side is the same for all matrices, and is packed here.
func (s *site) constantGemm() (*gemm, error) {
	a, shape := s.shape(0), s.shape(1)
	rows := tensor.Size(a[:len(a)-1])
	w, err := s.weight(1)
	if err != nil {
		return nil, err
	}
	depth, columns := shape[0], shape[1]
	if len(w) != depth*columns {
		return nil, fmt.Errorf("%d weights for %dx%d", len(w), depth, columns)
	}
	if depth > math.MaxInt32/panelWidth {
		return nil, fmt.Errorf("%w: %d rows of weights", graph.ErrLimit, depth)
	}
	g := &gemm{rows: rows, packing: packing{kernel: s.kernels.PackRows, depth: depth, inPlace: s.owned}}
	if s.bias != nil {
		g.bias = withSlack(s.bias)
	}
	g.setPanels(s, columns, columns, w, 1, columns)
	return g, nil
}

// packedRowsAtATime is how many rows of the left side are packed at a time: they stay in the first-level cache.
const packedRowsAtATime = 32

// matrixStarts lists where the matrix of shape's last two axes starts for every index of batch.
func matrixStarts(shape, batch []int) []int {
	size := shape[len(shape)-1] * shape[len(shape)-2]
	starts := broadcastIndex(shape[:len(shape)-2], batch)
	for i := range starts {
		starts[i] *= size
	}
	return starts
}

// broadcastIndex lists for every index of to, in order, the index of the element of a tensor of the given shape that
// NumPy's broadcasting puts there.
func broadcastIndex(shape, to []int) []int {
	index := make([]int, tensor.Size(to))
	stride, repeat := 1, 1
	for axis := len(to) - 1; axis >= 0; axis-- {
		size := 1
		if i := axis - len(to) + len(shape); i >= 0 {
			size = shape[i]
		}
		if size > 1 {
			for i := range index {
				index[i] += i / repeat % to[axis] * stride
			}
		}
		stride *= size
		repeat *= to[axis]
	}
	return index
}

func (m *matmul) run(t *task) {
	size := m.rows * m.columns
	var w []float32
	for i := range m.a {
		for r := 0; r < m.rows; r += packedRowsAtATime {
			n := min(packedRowsAtATime, m.rows-r)
			if i == 0 || m.a[i] != m.a[i-1] || m.rows > packedRowsAtATime {
				w = m.pack(t, t.in[0][m.a[i]+r*m.depth:], n)
			}
			m.product.run(&factors{x: t.in[1][m.b[i]:], w: w, out: t.out[0][i*size+r*m.columns:], add: m.bias, rows: n})
		}
	}
}
