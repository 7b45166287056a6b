package native

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/tensor"
)

// cut is how a value is taken apart along one of its axes: outer times n rows of inner values.
type cut struct{ outer, n, inner int }

func cutOf(shape []int, axis int) cut {
	return cut{tensor.Size(shape[:axis]), shape[axis], tensor.Size(shape[axis+1:])}
}

// size is the number of values in n rows.
func (c cut) size(n int) int { return c.outer * n * c.inner }

// banding is how a step is taken apart: which rows of its inputs a row of its output reads.
type banding struct {
	axis   int    // of the output
	inputs []int  // axis of every input; whole where it is read as a whole
	window *slide // of input 0; nil: a row reads the rows of its own number
	planes bool   // rows are channels, and the task says which
	step   int    // bands start at multiples of it; 0: anywhere
	ring   bool   // input 0 is laid out as a convolution wants it, rows of padding included

	matrix    int    // rows of a matrix, where the rows of all matrices are counted on and a band stays within one; else 0
	perMatrix []bool // of every input: it is read matrix by matrix
}

// cutOf is how input i is taken apart, or the output, which is -1.
func (b *banding) cutOf(i int, shape []int) cut {
	axis, on := b.axis, b.matrix > 0
	if i >= 0 {
		axis, on = b.inputs[i], on && !b.perMatrix[i]
	}
	c := cutOf(shape, axis)
	if on {
		c.outer, c.n = 1, c.outer*c.n
	}
	return c
}

const whole = -1

// slide is a window that moves along the banded axis.
type slide struct {
	stride, extent int  // extent is from a window's first row to its last, both included
	before, behind int  // padding
	in             int  // rows of the input
	up             bool // a transposed window: a row of the input reaches extent rows of the output
	// What a band has of the padding is said by an attribute of some entries; behindAt is -1 for none.
	attribute                   string
	entries, beforeAt, behindAt int
}

// rows is what the output rows [from, to) read: input rows [a, b) and the padding that they meet.
func (s *slide) rows(from, to int) (a, b, before, behind int) {
	if s.up {
		a = ceilDiv(max(0, from+s.before-s.extent+1), s.stride)
		b = min(s.in, (to-1+s.before)/s.stride+1)
		before = from + s.before - a*s.stride
		return a, b, before, max(0, (b-1-a)*s.stride+s.extent-before-(to-from))
	}
	start, end := s.span(from, to)
	a = min(max(0, start), s.in)
	b = max(a, min(s.in, end))
	return a, b, max(0, min(0, end)-start), min(max(0, end-max(s.in, start)), s.behind)
}

// span is what the output rows [from, to) read, rows of padding included.
func (s *slide) span(from, to int) (start, end int) {
	return from*s.stride - s.before, (to-1)*s.stride - s.before + s.extent
}

// shape is what distinguishes the bands of a step: bands of one shape share a runner.
type bandShape struct{ in, out, before, behind int }

func (b *banding) shapeOf(from, to int) bandShape {
	if b.window == nil {
		return bandShape{out: to - from}
	}
	if b.ring {
		start, end := b.window.span(from, to)
		return bandShape{in: end - start, out: to - from}
	}
	first, last, before, behind := b.window.rows(from, to)
	return bandShape{last - first, to - from, before, behind}
}

// rows is what input i must hold for the output rows [from, to).
func (b *banding) rows(i, n, from, to int) (int, int) {
	switch {
	case b.inputs[i] == whole:
		return 0, n
	case b.matrix > 0 && b.perMatrix[i]:
		return from / b.matrix, (to-1)/b.matrix + 1
	case i == 0 && b.ring:
		from, to = b.window.span(from, to)
	case i == 0 && b.window != nil:
		from, to, _, _ = b.window.rows(from, to)
	}
	return from, to
}

// band is s for fewer rows.
func (s *site) band(b *banding, shape bandShape) *site {
	part := *s
	part.of, part.scratch, part.taken = s, 0, make([]bool, len(s.inputs))
	part.in = make([][]int, len(s.inputs))
	for i, axis := range b.inputs {
		part.in[i] = slices.Clone(s.shape(i))
		if axis == whole {
			continue
		}
		part.in[i][axis] = shape.out
		switch {
		case i == 0 && b.window != nil:
			part.in[i][axis] = shape.in
		case b.matrix > 0 && b.perMatrix[i]:
			part.in[i][axis] = 1
		case b.matrix > 0:
			part.in[i][axis-1] = 1
		}
	}
	part.out = slices.Clone(s.outShape(0))
	part.out[b.axis] = shape.out
	if b.matrix > 0 {
		part.out[b.axis-1] = 1
	}
	if w := b.window; w != nil && w.attribute != "" {
		node := *s.Node
		node.Attrs = maps.Clone(node.Attrs)
		list := slices.Clone(node.Attrs.Ints(w.attribute))
		if list == nil {
			list = make([]int64, w.entries)
		}
		list[w.beforeAt] = int64(shape.before)
		if w.behindAt >= 0 {
			list[w.behindAt] = int64(shape.behind)
		}
		node.Attrs[w.attribute] = list
		part.Node = &node
	}
	return &part
}

// Why a step runs whole.
var (
	errOneRow  = errors.New("one row")
	errOutputs = errors.New("several outputs")
	errCrosses = errors.New("works across rows")
)

// bandings is how operators are taken apart; those without a line run whole.
var bandings = map[string]func(s *site) (banding, error){
	"Conv":          bandWindow,
	"MaxPool":       bandWindow,
	"AveragePool":   bandWindow,
	"ConvTranspose": bandTransposed,

	"GlobalAveragePool": bandChannels,
	"GlobalMaxPool":     bandChannels,
	"Resize":            bandChannels,
	"ReduceMean":        bandReduce,
	"ReduceSum":         bandReduce,
	"ReduceMax":         bandReduce,
	"ReduceMin":         bandReduce,
	"ReduceProd":        bandReduce,

	"MatMul":             bandMatMul,
	"Gemm":               bandRows,
	"Softmax":            bandAxis,
	"LogSoftmax":         bandAxis,
	"Concat":             bandAxis,
	"LayerNormalization": bandAxis,
	"BatchNormalization": bandPlanes,
	"LRN":                bandPlanes,
	"Pad":                bandPad,
	"Slice":              bandSlice,
}

// elementwise are the operators that work value by value, with NumPy's broadcasting.
var elementwise = map[string]bool{}

func init() {
	for _, op := range []string{
		"Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Swish", "Elu", "Selu", "Gelu", "Softplus", "Softsign",
		"Mish", "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Neg", "Abs", "Sign", "Floor", "Ceil", "Round", "Sin", "Cos", "ThresholdedRelu",
		"Trunc", "Add", "Sub", "Mul", "Div", "PRelu", "Pow", "Min", "Max", "Mod", "Equal", "QuantizedAdd", "Greater", "GreaterOrEqual",
	} {
		elementwise[op] = true
		bandings[op] = bandRows
	}
}

// banding says how s is taken apart, or why it is not.
func (s *site) banding() (banding, error) {
	f := bandings[s.Op]
	if f == nil || s.Domain != "" {
		return banding{}, fmt.Errorf("%s has no bands", s.Op)
	}
	if len(s.outputs) != 1 {
		return banding{}, errOutputs
	}
	b, err := f(s)
	if err == nil && s.outShape(0)[b.axis] == 1 {
		err = errOneRow
	}
	return b, err
}

// rowsAxis is along which axis a value of a shape is taken apart unless there is a reason for another: rows of a map, tokens.
func rowsAxis(shape []int) int { return min(2, max(0, len(shape)-2)) }

// bandRows takes apart operators that work value by value, row by row or along other axes; inputs are broadcast.
func bandRows(s *site) (banding, error) {
	out := s.outShape(0)
	if len(out) < 2 {
		return banding{}, errOneRow
	}
	return s.along(rowsAxis(out)), nil
}

// bandPlanes takes apart operators for which axis 1 is that of channels.
func bandPlanes(s *site) (banding, error) {
	if len(s.outShape(0)) < 3 {
		return banding{}, errCrosses
	}
	return s.along(2), nil
}

// along is the banding along an axis of the output: inputs that are broadcast along it are read as a whole.
func (s *site) along(axis int) banding {
	b := banding{axis: axis, inputs: make([]int, len(s.inputs))}
	out := s.outShape(0)
	for i := range b.inputs {
		shape := s.shape(i)
		b.inputs[i] = axis - len(out) + len(shape)
		if at := b.inputs[i]; s.taken[i] || at < 0 || shape[at] != out[axis] {
			b.inputs[i] = whole
		}
	}
	return b
}

// bandAxis takes apart operators that work along an axis of their own.
func bandAxis(s *site) (banding, error) {
	b, err := bandRows(s)
	last := len(s.shape(0)) - 1
	if s.Op == "Concat" {
		last = 0
	}
	axis := s.Attrs.Int("axis", last)
	if err == nil && (axis == b.axis || s.Op == "LayerNormalization" && axis < b.axis) {
		err = errCrosses
	}
	return b, err
}

// alone is a banding of input 0 along the same axis as the output; a residual comes with it.
func (s *site) alone(axis int) banding {
	b := banding{axis: axis, inputs: slices.Repeat([]int{whole}, len(s.inputs))}
	b.inputs[0] = axis
	if s.residual {
		b.inputs[len(b.inputs)-1] = axis
	}
	return b
}

// newSlide is the window of a convolution or pool along the first spatial axis.
func (s *site) newSlide() (*slide, error) {
	in := s.shape(0)
	spatial := len(in) - 2
	if spatial < 1 || spatial > 2 {
		return nil, errSpatial
	}
	var k [3]int
	for i, name := range []string{"kernel_shape", "strides", "dilations"} {
		list, err := s.ints(name, spatial, 1)
		if err != nil {
			return nil, err
		}
		k[i] = list[0]
	}
	pads, err := s.ints("pads", 2*spatial, 0)
	return &slide{stride: k[1], extent: (k[0]-1)*k[2] + 1, before: pads[0], behind: pads[spatial], in: in[2],
		attribute: "pads", entries: 2 * spatial, behindAt: spatial}, err
}

// bandWindow takes convolutions and pools apart along the first spatial axis.
func bandWindow(s *site) (banding, error) {
	b := s.alone(2)
	w, err := s.newSlide()
	if err != nil {
		return b, err
	}
	b.window = w
	if w.before >= w.extent || w.behind >= w.extent || (s.outShape(0)[2]-1)*w.stride-w.before >= w.in {
		return b, errors.New("windows of padding alone")
	}
	if s.Op != "Conv" {
		return b, nil
	}
	if s.takesPlanes() {
		b = s.alone(1)
		b.planes = true
		return b, nil
	}
	b.ring, err = s.wantsRing()
	return b, err
}

// planeValues is up to which size planes are better read whole, some channels at a time: bands of them would be short.
const planeValues = 2048

// takesPlanes tells whether a convolution works on small planes, each by itself.
func (s *site) takesPlanes() bool {
	in := s.shape(0)
	return isDepthwise(s.graph, s.Node) && in[0] == 1 && max(tensor.Size(in[2:]), tensor.Size(s.outShape(0)[2:])) <= planeValues
}

// wantsRing tells whether a convolution reads its input in a layout of its own, whose rows are those of the bands.
func (s *site) wantsRing() (bool, error) {
	g, err := newWindow(s)
	if err != nil || g.n > 1 || len(s.shape(0)) != 4 {
		return false, err
	}
	suits, err := s.suitsLanes(&filters{group: s.Attrs.Int("group", 1)})
	l := newLayout(g)
	return !suits && !(isDepthwise(s.graph, s.Node) && l.hasPlane3()), err
}

func bandTransposed(s *site) (banding, error) {
	b := s.alone(2)
	w, err := s.newSlide()
	if err != nil {
		return b, err
	}
	w.up = true
	b.window, b.step = w, w.stride
	if w.stride > w.extent || s.outShape(0)[2]+w.before-w.extent > (w.in-1)*w.stride {
		return b, errors.New("rows that no input reaches")
	}
	return b, nil
}

// bandChannels takes apart along the channels what works on every plane by itself.
func bandChannels(s *site) (banding, error) {
	in, out := s.shape(0), s.outShape(0)
	if len(in) < 3 || len(out) < 2 || in[0] != 1 || in[1] != out[1] {
		return banding{}, errCrosses
	}
	return s.alone(1), nil
}

func bandReduce(s *site) (banding, error) {
	if slices.Contains(s.Attrs.Ints("axes"), 0) || slices.Contains(s.Attrs.Ints("axes"), 1) {
		return banding{}, errCrosses
	}
	return bandChannels(s)
}

// bandMatMul takes a product apart along rows where the right side is constant, else by matrices if there are several.
func bandMatMul(s *site) (banding, error) {
	a, right, out := s.shape(0), s.shape(1), s.outShape(0)
	rows := len(out) - 2
	switch {
	case rows < 0 || len(a) != len(out):
		return banding{}, errCrosses
	case s.graph.Constants[s.Inputs[1]] == nil && rows > 0 && out[rows-1] > 1 && len(right) == len(out):
		return s.along(rows - 1), nil
	}
	return s.alone(rows), nil
}

// byMatrixRows takes a step apart along the rows of all matrices, of which there are several; ok is false where that cannot be.
func (s *site) byMatrixRows() (b banding, ok bool) {
	out := s.outShape(0)
	axis := len(out) - 2
	if axis < 1 || out[axis] < 2 || out[axis-1] < 2 || tensor.Size(out[:axis-1]) != 1 {
		return b, false
	}
	b = banding{axis: axis, matrix: out[axis], inputs: slices.Repeat([]int{whole}, len(s.inputs)), perMatrix: make([]bool, len(s.inputs))}
	for i := range b.inputs {
		shape := s.shape(i)
		at := axis - len(out) + len(shape)
		if s.taken[i] || at < 0 {
			continue
		}
		rows := shape[at] == out[axis] && !(s.Op == "MatMul" && i == 1)
		switch matrices := at > 0 && shape[at-1] == out[axis-1]; {
		case rows && !matrices:
			return b, false
		case rows:
			b.inputs[i] = at
		case matrices:
			b.inputs[i], b.perMatrix[i] = at-1, true
		}
	}
	return b, b.inputs[0] != whole && !b.perMatrix[0]
}

// bandPad pads rows by zeros at most: rows beyond an edge need not be near it.
func bandPad(s *site) (banding, error) {
	shape := s.shape(0)
	if len(shape) < 2 {
		return banding{}, errOneRow
	}
	b := s.alone(rowsAxis(shape))
	pads, err := s.ints("pads", 2*len(shape), 0)
	if err != nil {
		return b, err
	}
	before, behind := pads[b.axis], pads[b.axis+len(shape)]
	if before == 0 && behind == 0 {
		return b, nil
	}
	if s.Attrs.String("mode", "constant") != "constant" || min(before, behind) < 0 {
		return b, errCrosses
	}
	b.window = &slide{stride: 1, extent: 1, before: before, behind: behind, in: shape[b.axis],
		attribute: "pads", entries: 2 * len(shape), beforeAt: b.axis, behindAt: b.axis + len(shape)}
	return b, nil
}

func bandSlice(s *site) (banding, error) {
	shape, out := s.shape(0), s.outShape(0)
	if len(shape) < 2 || len(out) != len(shape) {
		return banding{}, errOneRow
	}
	b := s.alone(rowsAxis(shape))
	starts, err := s.ints("starts", len(shape), 0)
	if err != nil {
		return b, err
	}
	steps, err := s.ints("steps", len(shape), 1)
	if err != nil {
		return b, err
	}
	if steps[b.axis] < 1 {
		return b, errCrosses
	}
	if shape[b.axis] == out[b.axis] {
		return b, nil
	}
	b.window = &slide{stride: steps[b.axis], extent: 1, before: -starts[b.axis], in: shape[b.axis],
		attribute: "starts", entries: len(shape), beforeAt: b.axis, behindAt: -1}
	return b, nil
}

// wholeCut is a value in one row.
func wholeCut(size int) cut { return cut{1, 1, size} }

// floatBanding is banding where all tensors are floats: planes are taken apart from each other where that can be, since
// they lie one behind the other, and what has few positions by what it computes of each.
func (s *site) floatBanding(workers int) (banding, error) {
	b, err := s.banding()
	if err != nil && !errors.Is(err, errOneRow) {
		return b, err
	}
	out := s.outShape(0)
	switch {
	case s.Op == "Gemm" && len(out) == 2 && out[0] == 1:
		b = banding{axis: 1, inputs: slices.Repeat([]int{whole}, len(s.inputs)), planes: true, step: panelWidth}
	case len(out) < 3 || out[0] != 1 || out[1] < 2:
		return b, err
	case s.Op == "Conv":
		return s.floatConv(b, err, workers)
	case s.Op == "MaxPool" || s.Op == "AveragePool":
		b = s.alone(1)
	case s.Op == "BatchNormalization":
		b = s.alone(1)
		b.planes = true
	case elementwise[s.Op] && len(out) == 4:
		b = s.along(1)
	default:
		return b, err
	}
	return b, nil
}

func (s *site) floatConv(b banding, err error, workers int) (banding, error) {
	if len(s.shape(0)) > 4 {
		return b, err
	}
	suits, lanesErr := s.suitsLanes(&filters{group: s.Attrs.Int("group", 1)})
	switch {
	case lanesErr != nil:
		return b, lanesErr
	case isDepthwise(s.graph, s.Node):
		b = s.alone(1)
		b.planes = true
	case suits:
		b = s.alone(1)
		b.inputs[0], b.planes, b.step = whole, true, panelWidth
	case s.rowsAreFew(workers):
		b = s.alone(1)
		b.inputs[0], b.planes, b.step = whole, true, kernel.Rows
	default:
		return b, err
	}
	return b, nil
}

// rowsAreFew tells whether the rows that each of several workers would get of a map are less than a tile: then it takes as long
// as for twice as many, and the workers take output channels instead.
func (s *site) rowsAreFew(workers int) bool {
	out := s.outShape(0)
	return workers > 1 && s.Attrs.Int("group", 1) == 1 && len(out) == 4 && out[1] >= workers*kernel.Rows &&
		ceilDiv(out[2], workers)*out[3] < panelWidth
}
