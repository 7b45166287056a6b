package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// runtimeOperators are further operators that are written with others, and forms that only the reader makes.
var runtimeOperators = table{
	"Trunc":            {},
	"Tan":              {inputs: [2]int{1, 1}, lower: lowerTan},
	"Sinh":             {since: 9, inputs: [2]int{1, 1}, lower: hyperbolic("Sub")},
	"Cosh":             {since: 9, inputs: [2]int{1, 1}, lower: hyperbolic("Add")},
	"Shrink":           {since: 9, inputs: [2]int{1, 1}, attrs: "lambd:f bias:f", lower: lowerShrink},
	"IsNaN":            {since: 9, inputs: [2]int{1, 1}, lower: lowerIsNaN},
	"RMSNormalization": {since: 23, inputs: [2]int{2, 2}, attrs: "axis:i epsilon:f stash_type:i", lower: lowerRMSNorm},
	"GlobalLpPool":     {inputs: [2]int{1, 1}, attrs: "p:i", lower: lowerGlobalLpPool},
	"EyeLike":          {since: 9, inputs: [2]int{1, 1}, attrs: "dtype:i k:i", lower: lowerEyeLike},
}

func (c *call) holdsAny() bool {
	for i := range c.node.Inputs {
		if c.holds(i) {
			return true
		}
	}
	return false
}

// compareAtRunTime writes a comparison of which at least one side is computed: 1 where it holds, else 0.
func compareAtRunTime(c *call) error {
	op := c.node.Op
	logic := op == "And" || op == "Or" || op == "Xor"
	list, err := c.kindsOf([]int{-1})
	if err != nil {
		return err
	}
	if logic && (len(list) != 2 || list[0].elem != truthKind.elem || list[1].elem != truthKind.elem) {
		return invalid("its inputs must hold truth values")
	}
	for _, k := range list {
		if !k.isExact() && k != anyInt64 && k != ranges[onnxpb.TensorProto_INT32] {
			return refuse("it compares integers of up to %g", max(-k.low, k.high))
		}
	}
	if err := c.floatInputs([]int{-1}); err != nil {
		return err
	}
	a, b := c.node.Inputs[0], c.node.Inputs[1]
	shape, err := broadcast(c.shape(0), c.shape(1))
	if err != nil {
		return err
	}
	c.mark(truthKind)
	switch op {
	case "Less", "LessOrEqual":
		op = map[string]string{"Less": "Greater", "LessOrEqual": "GreaterOrEqual"}[op]
		a, b = b, a
	case "And":
		op = "Min"
	case "Or":
		op = "Max"
	case "Xor":
		k := chain{c: c}
		same := k.do(false, "Equal", []string{a, b}, nil, shape)
		k.do(true, "Sub", []string{k.number("one", 1), same}, nil, shape)
		return k.err
	}
	return c.emit(op, []string{a, b}, nil, shape)
}

// chooseAtRunTime is Where for a condition that is computed.
func (c *call) chooseAtRunTime(a, b graph.Value) error {
	if k, ok := c.kind(0); !ok || k.elem != truthKind.elem || a.Type != b.Type {
		return invalid("its inputs have the wrong types")
	}
	shape, err := broadcast(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	if shape, err = broadcast(shape, c.shape(0)); err != nil {
		return err
	}
	return c.emit("Where", c.node.Inputs, nil, shape)
}

// clipAtRunTime clips by bounds that are computed.
func clipAtRunTime(c *call) error {
	k, s, x := chain{c: c}, c.shape(0), c.node.Inputs[0]
	if !c.has(2) {
		k.do(true, "Max", []string{x, c.node.Inputs[1]}, nil, s)
		return k.err
	}
	if c.has(1) {
		x = k.do(false, "Max", []string{x, c.node.Inputs[1]}, nil, s)
	}
	for i := 1; i <= 2; i++ {
		if c.has(i) && product(c.shape(i)) != 1 {
			return invalid("bounds of shape %v", c.shape(i))
		}
	}
	k.do(true, "Min", []string{x, c.node.Inputs[2]}, nil, s)
	return k.err
}

// castAtRunTime is Cast of a value that is computed. Floats become integers by cutting off fractions, narrow ones then
// by keeping their lowest bits, as ONNX Runtime does it.
func (c *call) castAtRunTime(to elementType) error {
	from, held := c.kind(0)
	whole, integer := ranges[to]
	x, s, k := c.node.Inputs[0], c.shape(0), chain{c: c}
	switch {
	case !integer:
		c.alias[c.out(0)] = x
		return nil
	case to == truthKind.elem:
		c.mark(truthKind)
		if held && from.elem == to {
			c.alias[c.out(0)] = x
			return nil
		}
		none := k.do(false, "Equal", []string{x, k.number("zero", 0)}, nil, s)
		k.do(true, "Sub", []string{k.number("one", 1), none}, nil, s)
		return k.err
	case held && from.fits(to), held && whole.high > 1<<17:
		c.mark(kind{to, max(from.low, whole.low), min(from.high, whole.high)})
		c.alias[c.out(0)] = x
		return nil
	}
	c.mark(whole)
	if whole.high > 1<<17 {
		if whole.low == 0 {
			return refuse("floats to %s", to)
		}
		k.do(true, "Trunc", []string{x}, nil, s)
		return k.err
	}
	if !held {
		x = k.do(false, "Trunc", []string{x}, nil, s)
	} else if !from.isExact() {
		return refuse("integers of unknown size to %s", to)
	}
	span := k.number("span", float32(whole.high-whole.low+1))
	if whole.low == 0 {
		k.do(true, "Mod", []string{x, span}, graph.Attributes{"fmod": int64(0)}, s)
		return k.err
	}
	x = k.do(false, "Add", []string{x, k.number("low", float32(-whole.low))}, nil, s)
	x = k.do(false, "Mod", []string{x, span}, graph.Attributes{"fmod": int64(0)}, s)
	k.do(true, "Add", []string{x, k.number("back", float32(whole.low))}, nil, s)
	return k.err
}

// vectorProduct is MatMul where a side has one axis: it counts as a matrix of one row, or one column.
func (c *call) vectorProduct(a, b []int) error {
	if len(a) == 0 || len(b) == 0 {
		return invalid("a product of shapes %v and %v", a, b)
	}
	k := chain{c: c}
	x, y := c.node.Inputs[0], c.node.Inputs[1]
	if len(a) == 1 {
		x = k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": []int64{1, int64(a[0])}}, []int{1, a[0]})
	}
	if len(b) == 1 {
		y = k.do(false, "Reshape", []string{y}, graph.Attributes{"shape": []int64{int64(b[0]), 1}}, []int{b[0], 1})
	}
	if k.err != nil {
		return k.err
	}
	z, err := c.multiplied(x, y)
	if err != nil {
		return err
	}
	shape := slices.Clone(c.values[z].Shape)
	if len(b) == 1 {
		shape = shape[:len(shape)-1]
	}
	if len(a) == 1 {
		at := len(shape) - 2
		if len(b) == 1 {
			at = len(shape) - 1
		}
		shape = slices.Delete(shape, at, at+1)
	}
	k.do(true, "Reshape", []string{z}, graph.Attributes{"shape": toInt64s(shape)}, shape)
	return k.err
}

func lowerTan(c *call) error {
	k, s := chain{c: c}, c.shape(0)
	k.do(true, "Div", []string{k.do(false, "Sin", c.node.Inputs, nil, s), k.do(false, "Cos", c.node.Inputs, nil, s)}, nil, s)
	return k.err
}

// hyperbolic is (exp(x) op exp(-x)) / 2.
func hyperbolic(op string) func(*call) error {
	return func(c *call) error {
		if op == "Sub" {
			return refuse("not implemented: it cancels near 0")
		}
		k, s := chain{c: c}, c.shape(0)
		up := k.do(false, "Exp", c.node.Inputs, nil, s)
		down := k.do(false, "Exp", []string{k.do(false, "Neg", c.node.Inputs, nil, s)}, nil, s)
		both := k.do(false, op, []string{up, down}, nil, s)
		k.do(true, "Mul", []string{both, k.number("half", 0.5)}, nil, s)
		return k.err
	}
}

// lowerShrink: x + bias below -lambd, x - bias above lambd, else 0.
func lowerShrink(c *call) error {
	k, s, x := chain{c: c}, c.shape(0), c.node.Inputs[0]
	lambda, bias := c.node.Attrs.Float("lambd", 0.5), c.node.Attrs.Float("bias", 0)
	zero := k.number("zero", 0)
	below := k.do(false, "Greater", []string{k.number("low", -lambda), x}, nil, s)
	above := k.do(false, "Greater", []string{x, k.number("high", lambda)}, nil, s)
	up := k.do(false, "Sub", []string{x, k.number("bias", bias)}, nil, s)
	down := k.do(false, "Add", []string{x, k.number("back", bias)}, nil, s)
	y := k.do(false, "Where", []string{above, up, zero}, nil, s)
	k.do(true, "Where", []string{below, down, y}, nil, s)
	return k.err
}

func lowerIsNaN(c *call) error {
	k, s, x := chain{c: c}, c.shape(0), c.node.Inputs[0]
	c.mark(truthKind)
	k.do(true, "Sub", []string{k.number("one", 1), k.do(false, "Equal", []string{x, x}, nil, s)}, nil, s)
	return k.err
}

// lowerRMSNorm: x / sqrt(mean of squares + epsilon) * scale, over the axes from axis on.
func lowerRMSNorm(c *call) error {
	s := c.shape(0)
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", -1)), len(s))
	if err != nil {
		return err
	}
	k := chain{c: c}
	return k.rms(c.node.Inputs[0], c.node.Inputs[1], axis, c.node.Attrs.Float("epsilon", 1e-5))
}

func (k *chain) rms(x, scale string, axis int, epsilon float32) error {
	c, s := k.c, k.c.values[x].Shape
	if shape, err := broadcast(s, c.values[scale].Shape); err != nil || !slices.Equal(shape, s) {
		return invalid("a scale of shape %v for %v", c.values[scale].Shape, s)
	}
	var axes []int
	for a := axis; a < len(s); a++ {
		axes = append(axes, a)
	}
	one := kept(s, axes)
	v := k.do(false, "Mul", []string{x, x}, nil, s)
	v = k.do(false, "ReduceMean", []string{v}, graph.Attributes{"axes": toInt64s(axes), "keepdims": int64(1)}, one)
	v = k.do(false, "Add", []string{v, k.number("epsilon", epsilon)}, nil, one)
	v = k.do(false, "Sqrt", []string{v}, nil, one)
	v = k.do(false, "Div", []string{x, v}, nil, s)
	k.do(true, "Mul", []string{v, scale}, nil, s)
	return k.err
}

// lowerGlobalLpPool is the norm over the spatial axes.
func lowerGlobalLpPool(c *call) error {
	s := c.shape(0)
	if len(s) < 3 {
		return invalid("it has %d axes, 3 or more are needed", len(s))
	}
	var axes []int
	for a := 2; a < len(s); a++ {
		axes = append(axes, a)
	}
	k, one, x := chain{c: c}, kept(s, axes), c.node.Inputs[0]
	reduced := graph.Attributes{"axes": toInt64s(axes), "keepdims": int64(1)}
	switch c.node.Attrs.Int("p", 2) {
	case 1:
		k.do(true, "ReduceSum", []string{k.do(false, "Abs", []string{x}, nil, s)}, reduced, one)
	case 2:
		x = k.do(false, "ReduceSum", []string{k.do(false, "Mul", []string{x, x}, nil, s)}, reduced, one)
		k.do(true, "Sqrt", []string{x}, nil, one)
	default:
		return refuse("p %d", c.node.Attrs.Int("p", 2))
	}
	return k.err
}

// lowerEyeLike is a constant: ones on a diagonal.
func lowerEyeLike(c *call) error {
	s, shift := c.shape(0), c.node.Attrs.Int("k", 0)
	if len(s) != 2 {
		return invalid("%v is no matrix", s)
	}
	to := elementType(c.node.Attrs.Int("dtype", int(onnxpb.TensorProto_FLOAT)))
	if _, typed := c.node.Attrs["dtype"]; !typed {
		if k, ok := c.kind(0); ok {
			to = k.elem
		}
	}
	e, ok := elementTypes[to]
	if !ok {
		return refuse("to element type %s", to)
	}
	t, err := c.maskOf(s[0], s[1], func(i, j int) bool { return j-i == shift })
	if err != nil {
		return err
	}
	r := castTensor(t, e.dtype)
	r.Elem = int32(to)
	return c.setConstant(r)
}
