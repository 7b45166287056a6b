package onnx

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// quantizeOperators round to integers of few bits and back. What is constant is folded. At run time a quantized value
// is the integer that ONNX defines, held as a float: 16 bits fit exactly.
var quantizeOperators = table{
	"QuantizeLinear": {since: 10, inputs: [2]int{2, 3}, attrs: "axis:i saturate:i block_size:i output_dtype:i precision:i",
		lower: lowerQuantize},
	"DequantizeLinear": {since: 10, inputs: [2]int{2, 3}, attrs: "axis:i block_size:i output_dtype:i", lower: lowerDequantize},
}

// integers gives the range of the types that values are quantized to.
var integers = map[elementType]struct{ low, high int64 }{
	onnxpb.TensorProto_INT8:   {math.MinInt8, math.MaxInt8},
	onnxpb.TensorProto_UINT8:  {0, math.MaxUint8},
	onnxpb.TensorProto_INT16:  {math.MinInt16, math.MaxInt16},
	onnxpb.TensorProto_UINT16: {0, math.MaxUint16},
}

// quantizer is what both operators share: integer = value / scale + zero, with one scale for all or one per channel.
type quantizer struct {
	elem  elementType // of the integers
	axis  int         // of the channels
	scale []float32
	zero  []int64
}

// quantizer reads the settings; elem is the type of the integers where something else than the zero point tells it.
func (c *call) quantizer(elem elementType) (quantizer, error) {
	q := quantizer{elem: elem}
	if c.node.Attrs.Int("block_size", 0) != 0 {
		return q, refuse("quantization in blocks")
	}
	var err error
	if _, err = c.fixed(1, "scale"); err != nil {
		return q, err
	}
	if q.scale, err = c.floats(1, "scale"); err != nil {
		return q, err
	}
	if q.zero, err = c.zeroPoint(&q.elem); err != nil {
		return q, err
	}
	if q.zero == nil {
		q.zero = make([]int64, len(q.scale))
	}
	if err := sized(q.zero, len(q.scale), "zero point"); err != nil {
		return q, err
	}
	return q, c.channels(&q)
}

// zeroPoint reads the zero point, nil where it is absent. Its type is that of the integers.
func (c *call) zeroPoint(elem *elementType) ([]int64, error) {
	zero, err := c.ints(2, "zero point")
	if err != nil || !c.has(2) {
		return nil, err
	}
	own := elementType(c.tensor(2).Elem)
	if *elem != 0 && own != 0 && *elem != own {
		return nil, invalid("integers of type %s and a zero point of type %s", *elem, own)
	}
	if *elem == 0 {
		*elem = own
	}
	r, narrow := integers[*elem]
	for _, z := range zero {
		if narrow && (z < r.low || z > r.high) {
			return nil, invalid("zero point %d does not fit %s", z, *elem)
		}
	}
	return zero, nil
}

// channels checks that there is one scale, or one for every channel of the axis.
func (c *call) channels(q *quantizer) error {
	if len(q.scale) == 1 {
		return nil
	}
	if c.opset < 13 {
		return invalid("%d scales, opset %d allows one", len(q.scale), c.opset)
	}
	s := c.shape(0)
	var err error
	if q.axis, err = axisOf(int64(c.node.Attrs.Int("axis", 1)), len(s)); err != nil {
		return err
	}
	return sized(q.scale, s[q.axis], "scale")
}

func lowerQuantize(c *call) error {
	q, err := c.quantizer(elementType(c.node.Attrs.Int("output_dtype", 0)))
	if err != nil {
		return err
	}
	if q.elem == 0 && !c.has(2) {
		q.elem = onnxpb.TensorProto_UINT8
	}
	if _, ok := integers[q.elem]; !ok {
		return refuse("to integers of type %s", q.elem)
	}
	if c.in(0).Type != graph.Float32 {
		return refuse("its input holds integers")
	}
	for _, s := range q.scale {
		if !(s > 0) {
			return refuse("scale %g", s)
		}
	}
	if t := c.tensor(0); t != nil && !slices.ContainsFunc(t.Floats, notInt64) {
		if err := c.reserveOf(graph.Int64, t.Shape); err != nil {
			return err
		}
		return c.setConstant(q.quantize(t))
	}
	c.mark(ranges[q.elem])
	return c.emitQuantizer(q)
}

func lowerDequantize(c *call) error {
	t := c.tensor(0)
	k, known := c.kind(0)
	elem := k.elem
	if t != nil {
		elem, known = elementType(t.Elem), t.Type == graph.Int64
	}
	if !known {
		return invalid("its input does not hold quantized integers")
	}
	q, err := c.quantizer(elem)
	if err != nil {
		return err
	}
	if t == nil {
		if integers[q.elem].high == 0 { // INT64 of an ArgMax, say: no quantizer writes it
			return refuse("of integers of type %s", q.elem)
		}
		return c.emitQuantizer(q)
	}
	if _, err := c.reserve(t.Shape); err != nil {
		return err
	}
	return c.setConstant(q.dequantize(t))
}

// emitQuantizer writes the canonical node of either operator.
func (c *call) emitQuantizer(q quantizer) error {
	zero, err := c.added("zero", castTensor((&graph.Tensor{Type: graph.Int64, Shape: []int{len(q.zero)}, Ints: q.zero}), graph.Float32))
	if err != nil {
		return err
	}
	r := integers[q.elem]
	attrs := graph.Attributes{"axis": int64(q.axis), "min": float32(r.low), "max": float32(r.high)}
	return c.emit(c.node.Op, []string{c.node.Inputs[0], c.node.Inputs[1], zero}, attrs, c.shape(0))
}

// channel returns which scale each element of a shape has.
func (q quantizer) channel(shape []int) func(i int) int {
	if len(q.scale) == 1 {
		return func(int) int { return 0 }
	}
	inner := product(shape[q.axis+1:])
	return func(i int) int { return i / inner % len(q.scale) }
}

// quantize computes a constant's integers: the quotient in float32, ties to even.
func (q quantizer) quantize(t *graph.Tensor) *graph.Tensor {
	r := emptyLike((&graph.Tensor{Type: graph.Int64}), t.Shape)
	r.Elem = int32(q.elem)
	low, high := float64(integers[q.elem].low), float64(integers[q.elem].high)
	channel := q.channel(t.Shape)
	for i, v := range t.Floats {
		k := channel(i)
		n := math.RoundToEven(float64(v/q.scale[k])) + float64(q.zero[k])
		r.Ints[i] = int64(min(max(n, low), high))
	}
	return r
}

// dequantize computes a constant's floats.
func (q quantizer) dequantize(t *graph.Tensor) *graph.Tensor {
	r := emptyLike((&graph.Tensor{Type: graph.Float32}), t.Shape)
	channel := q.channel(t.Shape)
	for i, v := range t.Ints {
		k := channel(i)
		r.Floats[i] = float32(v-q.zero[k]) * q.scale[k]
	}
	return r
}
