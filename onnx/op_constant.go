package onnx

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// constantOperators never reach the graph: their results are known when the model is read.
var constantOperators = table{
	"Constant":        {attrs: "value:t value_float:f value_floats:F value_int:i value_ints:I", lower: lowerConstant},
	"ConstantOfShape": {since: 9, inputs: [2]int{1, 1}, attrs: "value:t", lower: lowerConstantOfShape},
	"Shape":           {inputs: [2]int{1, 1}, attrs: "start:i end:i", lower: lowerShape},
	"Size":            {inputs: [2]int{1, 1}, lower: lowerSize},
	"Range":           {since: 11, inputs: [2]int{3, 3}, lower: lowerRange},
	"Cast":            {inputs: [2]int{1, 1}, attrs: "to:i saturate:i round_mode:s", lower: lowerCast},
	"CastLike":        {since: 15, inputs: [2]int{2, 2}, attrs: "saturate:i round_mode:s", lower: lowerCastLike},
}

// setConstant makes the first output the constant t.
func (c *call) setConstant(t *graph.Tensor) error {
	c.constant(c.out(0), t)
	return nil
}

func lowerConstant(c *call) error {
	if len(c.node.Attrs) != 1 {
		return invalid("it has %d attributes, exactly one value is needed", len(c.node.Attrs))
	}
	var t *graph.Tensor
	for _, v := range c.node.Attrs {
		switch v := v.(type) {
		case *graph.Tensor:
			t = v
		case float32:
			t = &graph.Tensor{Type: graph.Float32, Floats: []float32{v}}
		case []float32:
			t = &graph.Tensor{Type: graph.Float32, Shape: []int{len(v)}, Floats: v}
		case int64:
			t = &graph.Tensor{Type: graph.Int64, Ints: []int64{v}}
		case []int64:
			t = &graph.Tensor{Type: graph.Int64, Shape: []int{len(v)}, Ints: v}
		}
	}
	return c.setConstant(t)
}

func lowerConstantOfShape(c *call) error {
	dims, err := c.ints(0, "shape")
	if err != nil {
		return err
	}
	if err := within(dims, 0, "axis"); err != nil {
		return err
	}
	shape := toInts(dims)
	value := c.node.Attrs.Tensor("value")
	if value == nil {
		value = &graph.Tensor{Type: graph.Float32, Shape: []int{1}, Floats: []float32{0}}
	}
	if product(value.Shape) != 1 {
		return invalid("value must be one number")
	}
	if err := c.reserveOf(value.Type, shape); err != nil {
		return err
	}
	return c.setConstant(expandTo(reshapedTo(value, nil), shape))
}

func lowerShape(c *call) error {
	s := toInt64s(c.shape(0))
	cut, err := clampSpan(int64(c.node.Attrs.Int("start", 0)), int64(c.node.Attrs.Int("end", len(s))), 1, int64(len(s)))
	if err != nil {
		return err
	}
	s = s[cut.start:max(cut.start, cut.end)]
	return c.setConstant(&graph.Tensor{Type: graph.Int64, Shape: []int{len(s)}, Ints: s})
}

func lowerSize(c *call) error {
	return c.setConstant(&graph.Tensor{Type: graph.Int64, Ints: []int64{int64(product(c.shape(0)))}})
}

func lowerRange(c *call) error {
	var arg [3]*graph.Tensor
	for i, what := range []string{"start", "limit", "delta"} {
		t, err := c.fixed(i, what)
		if err != nil {
			return err
		}
		if product(t.Shape) != 1 || t.Type != c.in(0).Type || t.Type == graph.Bool {
			return invalid("%s must be one number of the same type as the others", what)
		}
		arg[i] = t
	}
	count := math.Ceil((floatAt(arg[1], 0) - floatAt(arg[0], 0)) / floatAt(arg[2], 0))
	if math.IsNaN(count) || count > MaxElements {
		return invalid("a range of %g numbers", count)
	}
	shape := []int{int(max(count, 0))}
	if err := c.reserveOf(arg[0].Type, shape); err != nil {
		return err
	}
	t := emptyLike(arg[0], shape)
	for i := range t.Floats {
		t.Floats[i] = float32(floatAt(arg[0], 0) + float64(i)*floatAt(arg[2], 0))
	}
	for i := range t.Ints {
		t.Ints[i] = arg[0].Ints[0] + int64(i)*arg[2].Ints[0]
	}
	return c.setConstant(t)
}

func lowerCast(c *call) error { return c.castTo(elementType(c.node.Attrs.Int("to", 0))) }

func lowerCastLike(c *call) error {
	k, integer := c.kind(1)
	if !integer {
		return c.castTo(onnxpb.TensorProto_FLOAT)
	}
	return c.castTo(k.elem)
}

func (c *call) castTo(elem elementType) error {
	t, to := c.tensor(0), elementTypes[elem].dtype
	switch {
	case to == 0:
		return refuse("to element type %d", elem)
	case t == nil || to == graph.Int64 && slices.ContainsFunc(t.Floats, notInt64):
		return c.castAtRunTime(elem)
	case to == t.Type && integers[elem].high == 0:
		return c.pass()
	}
	if err := c.reserveOf(to, t.Shape); err != nil {
		return err
	}
	return c.setConstant(narrowed(castTensor(t, to), elem))
}

// notInt64 tells whether a float has no integer, like NaN. Engines leave it what it is.
func notInt64(v float32) bool { return !(v >= -(1<<63) && v < 1<<63) }

// castTensor converts a constant; fractions are cut off.
func castTensor(t *graph.Tensor, to graph.DType) *graph.Tensor {
	r := emptyLike((&graph.Tensor{Type: to}), slices.Clone(t.Shape))
	for i := range product(t.Shape) {
		switch {
		case to == graph.Float32:
			r.Floats[i] = float32(floatAt(t, i))
		case to == graph.Bool:
			r.Ints[i] = truth(floatAt(t, i) != 0)
		case t.Type == graph.Float32:
			r.Ints[i] = int64(t.Floats[i])
		default:
			r.Ints[i] = t.Ints[i]
		}
	}
	return r
}

// narrowed cuts off the bits that integers of a quantized type do not have; other types stay as they are.
func narrowed(t *graph.Tensor, elem elementType) *graph.Tensor {
	r, ok := integers[elem]
	if !ok {
		return t
	}
	span := r.high - r.low + 1
	for i, v := range t.Ints {
		if t.Ints[i] = v & (span - 1); t.Ints[i] > r.high {
			t.Ints[i] -= span
		}
	}
	t.Elem = int32(elem)
	return t
}
