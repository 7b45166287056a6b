package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// integerOperators compute shapes and masks; they are folded, or the node is refused.
var integerOperators = table{
	"Mod":            {since: 10, inputs: [2]int{2, 2}, attrs: "fmod:i", lower: lowerMod, eval: evalBinary},
	"Equal":          comparison(func(a, b float64) bool { return a == b }),
	"Greater":        comparison(func(a, b float64) bool { return a > b }),
	"Less":           comparison(func(a, b float64) bool { return a < b }),
	"GreaterOrEqual": comparison(func(a, b float64) bool { return a >= b }).from(12),
	"LessOrEqual":    comparison(func(a, b float64) bool { return a <= b }).from(12),
	"And":            comparison(func(a, b float64) bool { return a != 0 && b != 0 }),
	"Or":             comparison(func(a, b float64) bool { return a != 0 || b != 0 }),
	"Xor":            comparison(func(a, b float64) bool { return (a != 0) != (b != 0) }),
	"Not":            {inputs: [2]int{1, 1}, lower: lowerNot},
	"Where":          {since: 9, inputs: [2]int{3, 3}, lower: lowerWhere},
}

// constants returns the inputs, which must all be constant.
func (c *call) constants() ([]*graph.Tensor, error) {
	in := make([]*graph.Tensor, len(c.node.Inputs))
	for i := range in {
		if in[i] = c.tensor(i); in[i] == nil {
			return nil, refuse("its inputs are computed at run time")
		}
	}
	return in, nil
}

func lowerMod(c *call) error {
	_, integer := c.kind(0)
	signed := c.node.Attrs.Int("fmod", 0) != 0
	if c.tensor(0) != nil && c.tensor(1) != nil {
		integer = c.in(0).Type == graph.Int64
	}
	if !integer && !c.holds(1) && !signed {
		return invalid("floats need fmod")
	}
	shape, err := broadcast(c.shape(0), c.shape(1))
	if err != nil {
		return err
	}
	return c.emit("Mod", c.node.Inputs, graph.Attributes{"fmod": truth(signed)}, shape)
}

// comparison is an operator of two inputs whose result is a truth value.
func comparison(f func(a, b float64) bool) operator {
	return operator{inputs: [2]int{2, 2}, lower: func(c *call) error {
		if c.tensor(0) == nil || c.tensor(1) == nil {
			return compareAtRunTime(c)
		}
		in, err := c.constants()
		if err != nil {
			return err
		}
		shape, err := broadcast(in[0].Shape, in[1].Shape)
		if err != nil {
			return err
		}
		if err := c.reserveOf(graph.Bool, shape); err != nil {
			return err
		}
		r := emptyLike((&graph.Tensor{Type: graph.Bool}), shape)
		walk(shape, broadcastStrides(in[0].Shape, shape), 0, func(i, src int) { r.Ints[i] = int64(src) })
		walk(shape, broadcastStrides(in[1].Shape, shape), 0, func(i, src int) {
			r.Ints[i] = truth(f(floatAt(in[0], int(r.Ints[i])), floatAt(in[1], src)))
		})
		return c.setConstant(r)
	}}
}

// from says which opset has the operator first.
func (op operator) from(opset int) operator {
	op.since = opset
	return op
}

func lowerNot(c *call) error {
	if c.holds(0) {
		c.mark(truthKind)
		k := chain{c: c}
		k.do(true, "Sub", []string{k.number("one", 1), c.node.Inputs[0]}, nil, c.shape(0))
		return k.err
	}
	in, err := c.constants()
	if err != nil {
		return err
	}
	if in[0].Type != graph.Bool {
		return invalid("its input must hold truth values")
	}
	if err := c.reserveOf(graph.Bool, in[0].Shape); err != nil {
		return err
	}
	r := emptyLike(in[0], in[0].Shape)
	for i, v := range in[0].Ints {
		r.Ints[i] = 1 - v
	}
	return c.setConstant(r)
}

// lowerWhere folds constants; the condition must be one.
func lowerWhere(c *call) error {
	a, b := c.in(1), c.in(2)
	cond := c.tensor(0)
	if cond == nil {
		return c.chooseAtRunTime(a, b)
	}
	if cond.Type != graph.Bool || a.Type != b.Type {
		return invalid("its inputs have the wrong types")
	}
	shape, err := broadcast(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	if shape, err = broadcast(shape, cond.Shape); err != nil {
		return err
	}
	if c.tensor(1) == nil || c.tensor(2) == nil {
		return c.choose(cond, shape)
	}
	if err := c.reserveOf(a.Type, shape); err != nil {
		return err
	}
	mask, x, y := expandTo(cond, shape), expandTo(c.tensor(1), shape), expandTo(c.tensor(2), shape)
	for i, m := range mask.Ints {
		switch {
		case m != 0:
		case x.Type == graph.Float32:
			x.Floats[i] = y.Floats[i]
		default:
			x.Ints[i] = y.Ints[i]
		}
	}
	return c.setConstant(x)
}

// choose picks one input where the condition is the same everywhere, else leaves it to the engine.
func (c *call) choose(cond *graph.Tensor, shape []int) error {
	for i, k := range []int64{1, 0} {
		all := !slices.Contains(cond.Ints, 1-k)
		if all && slices.Equal(c.shape(i+1), shape) {
			c.alias[c.out(0)] = c.node.Inputs[i+1]
			return nil
		}
	}
	mask := &graph.Tensor{Type: graph.Float32, Shape: cond.Shape, Floats: make([]float32, len(cond.Ints))}
	for i, v := range cond.Ints {
		mask.Floats[i] = float32(v)
	}
	name, err := c.added("condition", mask)
	if err != nil {
		return err
	}
	return c.emit("Where", []string{name, c.node.Inputs[1], c.node.Inputs[2]}, nil, shape)
}
