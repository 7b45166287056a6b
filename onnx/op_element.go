package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// elementOperators compute every element from the elements at the same place.
var elementOperators = table{
	"Relu":            unary(0, func(x float64) float64 { return max(x, 0) }),
	"Sigmoid":         unary(0, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
	"Tanh":            unary(0, math.Tanh),
	"HardSwish":       unary(14, nil),
	"Softsign":        unary(0, nil),
	"Softplus":        unary(0, nil),
	"Mish":            unary(18, nil),
	"Neg":             unary(0, func(x float64) float64 { return -x }),
	"Abs":             unary(0, math.Abs),
	"Exp":             unary(0, math.Exp),
	"Log":             unary(0, math.Log),
	"Sqrt":            unary(0, math.Sqrt),
	"Reciprocal":      unary(0, func(x float64) float64 { return 1 / x }),
	"Sign":            unary(9, nil),
	"Erf":             unary(9, math.Erf),
	"Floor":           unary(0, math.Floor),
	"Ceil":            unary(0, math.Ceil),
	"Round":           unary(11, math.RoundToEven),
	"Sin":             unary(7, math.Sin),
	"Cos":             unary(7, math.Cos),
	"LeakyRelu":       {inputs: [2]int{1, 1}, attrs: "alpha:f", lower: pointwise(named{"alpha", 0.01})},
	"Elu":             {inputs: [2]int{1, 1}, attrs: "alpha:f", lower: pointwise(named{"alpha", 1})},
	"Selu":            {inputs: [2]int{1, 1}, attrs: "alpha:f gamma:f", lower: pointwise(named{"alpha", 1.67326319217681884765625}, named{"gamma", 1.05070102214813232421875})},
	"ThresholdedRelu": {since: 10, inputs: [2]int{1, 1}, attrs: "alpha:f", lower: pointwise(named{"alpha", 1})},
	"HardSigmoid":     {inputs: [2]int{1, 1}, attrs: "alpha:f beta:f", lower: pointwise(named{"alpha", 0.2}, named{"beta", 0.5})},
	"Clip":            {inputs: [2]int{1, 3}, attrs: "min:f max:f", lower: lowerClip},
	"Gelu":            {since: 20, inputs: [2]int{1, 1}, attrs: "approximate:s", lower: lowerGelu},
	"PRelu":           {inputs: [2]int{2, 2}, lower: lowerPRelu},
	"Swish":           {}, // made from Mul and Sigmoid (pattern.go)

	"Add": {inputs: [2]int{2, 2}, lower: lowerBinary, eval: evalBinary},
	"Sub": {inputs: [2]int{2, 2}, lower: lowerBinary, eval: evalBinary},
	"Mul": {inputs: [2]int{2, 2}, lower: lowerBinary, eval: evalBinary},
	"Div": {inputs: [2]int{2, 2}, lower: lowerBinary, eval: evalBinary},
	"Pow": {inputs: [2]int{2, 2}, lower: lowerBinary, eval: evalBinary},
	"Min": {since: 8, inputs: [2]int{1, -1}, lower: lowerChain, eval: evalBinary},
	"Max": {since: 8, inputs: [2]int{1, -1}, lower: lowerChain, eval: evalBinary},
	"Sum": {since: 8, inputs: [2]int{1, -1}, lower: lowerChain},
}

// named is a float attribute and its default.
type named struct {
	name string
	def  float32
}

// unary is an operator of one input without attributes; f computes it for folding.
func unary(since int, f func(float64) float64) operator {
	op := operator{since: since, inputs: [2]int{1, 1}, lower: pointwise()}
	if f == nil {
		return op
	}
	op.eval = func(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
		t := emptyLike(in[0], shapes[0])
		for i, v := range in[0].Floats {
			t.Floats[i] = float32(f(float64(v)))
		}
		for i, v := range in[0].Ints {
			t.Ints[i] = int64(f(float64(v)))
		}
		return []*graph.Tensor{t}, nil
	}
	return op
}

// pointwise lowers an operator of one input whose settings are all floats.
func pointwise(settings ...named) func(*call) error {
	return func(c *call) error {
		attrs := graph.Attributes{}
		for _, s := range settings {
			attrs[s.name] = c.node.Attrs.Float(s.name, s.def)
		}
		return c.emit(c.node.Op, c.node.Inputs, attrs, c.shape(0))
	}
}

func lowerClip(c *call) error {
	a := c.node.Attrs
	for i := 1; i <= 2; i++ {
		if c.has(i) && c.tensor(i) == nil {
			return clipAtRunTime(c)
		}
	}
	low, err := c.scalar(1, "min", a.Float("min", -inf))
	if err != nil {
		return err
	}
	high, err := c.scalar(2, "max", a.Float("max", inf))
	if err != nil {
		return err
	}
	if low != low || high != high {
		return invalid("bounds that are no numbers")
	}
	return c.emit("Clip", c.node.Inputs[:1], graph.Attributes{"min": low, "max": high}, c.shape(0))
}

func lowerGelu(c *call) error {
	mode := c.node.Attrs.String("approximate", "none")
	if mode != "none" && mode != "tanh" {
		return invalid("approximate %q", mode)
	}
	return c.emit("Gelu", c.node.Inputs, graph.Attributes{"approximate": mode}, c.shape(0))
}

func lowerPRelu(c *call) error {
	if _, err := c.floats(1, "slope"); err != nil {
		return err
	}
	shape, err := broadcast(c.shape(0), c.shape(1))
	if err != nil {
		return err
	}
	if !slices.Equal(shape, c.shape(0)) {
		return invalid("a slope of shape %v does not fit %v", c.shape(1), c.shape(0))
	}
	return c.emit("PRelu", c.node.Inputs, nil, c.shape(0))
}

func lowerBinary(c *call) error {
	if c.in(0).Type != c.in(1).Type && c.node.Op != "Pow" {
		return invalid("its inputs differ in type")
	}
	shape, err := broadcast(c.shape(0), c.shape(1))
	if err != nil {
		return err
	}
	if c.node.Op == "Div" && c.holdsAny() {
		k := chain{c: c}
		k.do(true, "Trunc", []string{k.do(false, "Div", c.node.Inputs, nil, shape)}, nil, shape)
		return k.err
	}
	inputs := c.node.Inputs
	if t := c.tensor(1); c.node.Op == "Pow" && t != nil && t.Type != graph.Float32 && c.in(0).Type == graph.Float32 {
		power, err := c.added("power", castTensor(t, graph.Float32))
		if err != nil {
			return err
		}
		inputs = []string{inputs[0], power}
	}
	return c.emit(c.node.Op, inputs, nil, shape)
}

// lowerChain makes a chain of two-input nodes of an operator of many inputs.
func lowerChain(c *call) error {
	op := c.node.Op
	if op == "Sum" {
		op = "Add"
	}
	y := c.node.Inputs[0]
	for i, x := range c.node.Inputs[1:] {
		if c.values[x].Type != c.in(0).Type {
			return invalid("its inputs differ in type")
		}
		shape, err := broadcast(c.values[y].Shape, c.values[x].Shape)
		if err != nil {
			return err
		}
		if i == len(c.node.Inputs)-2 {
			return c.emit(op, []string{y, x}, nil, shape)
		}
		if y, err = c.step(op, []string{y, x}, nil, shape); err != nil {
			return err
		}
	}
	return c.pass()
}

var floatArithmetic = map[string]func(a, b float32) float32{
	"Add": func(a, b float32) float32 { return a + b },
	"Sub": func(a, b float32) float32 { return a - b },
	"Mul": func(a, b float32) float32 { return a * b },
	"Div": func(a, b float32) float32 { return a / b },
	"Pow": func(a, b float32) float32 { return float32(math.Pow(float64(a), float64(b))) },
	"Min": func(a, b float32) float32 { return min(a, b) },
	"Max": func(a, b float32) float32 { return max(a, b) },
	fmod:  func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) },
}

var intArithmetic = map[string]func(a, b int64) int64{
	"Add": func(a, b int64) int64 { return a + b },
	"Sub": func(a, b int64) int64 { return a - b },
	"Mul": func(a, b int64) int64 { return a * b },
	"Div": func(a, b int64) int64 { return a / b },
	"Mod": func(a, b int64) int64 { return (a%b + b) % b },
	"Pow": func(a, b int64) int64 { return int64(math.Pow(float64(a), float64(b))) },
	"Min": func(a, b int64) int64 { return min(a, b) },
	"Max": func(a, b int64) int64 { return max(a, b) },
	fmod:  func(a, b int64) int64 { return a % b },
}

// fmod is Mod with that attribute: the remainder has the sign of the dividend.
const fmod = "Mod with fmod"

// evalBinary computes an operator of two constants of one type.
func evalBinary(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
	// A lowered form may add what the file says to a value of another shape.
	if shape, err := broadcast(in[0].Shape, in[1].Shape); err != nil || !slices.Equal(shape, shapes[0]) {
		return nil, invalid("operands of shape %v and %v where the result is %v", in[0].Shape, in[1].Shape, shapes[0])
	}
	a, b := expandTo(in[0], shapes[0]), in[1]
	if a.Type != b.Type {
		return nil, invalid("its inputs differ in type")
	}
	if (n.Op == "Div" || n.Op == "Mod") && slices.Contains(b.Ints, 0) {
		return nil, fmt.Errorf("%w: division by zero", ErrInvalid)
	}
	op := n.Op
	if op == "Mod" && n.Attrs.Int("fmod", 0) != 0 {
		op = fmod
	}
	steps := broadcastStrides(b.Shape, a.Shape)
	if a.Type == graph.Float32 {
		f := floatArithmetic[op]
		walk(a.Shape, steps, 0, func(i, src int) { a.Floats[i] = f(a.Floats[i], b.Floats[src]) })
	} else {
		f := intArithmetic[op]
		walk(a.Shape, steps, 0, func(i, src int) { a.Ints[i] = f(a.Ints[i], b.Ints[src]) })
	}
	return []*graph.Tensor{a}, nil
}
