package onnx

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// composedOperators are written as several canonical nodes.
var composedOperators = table{
	"Celu":                      {since: 12, inputs: [2]int{1, 1}, attrs: "alpha:f", lower: lowerCelu},
	"Mean":                      {since: 8, inputs: [2]int{1, -1}, lower: lowerMean},
	"GroupNormalization":        {since: 18, inputs: [2]int{3, 3}, attrs: "epsilon:f num_groups:i stash_type:i", lower: lowerGroupNorm},
	"MeanVarianceNormalization": {since: 9, inputs: [2]int{1, 1}, attrs: "axes:I", lower: lowerMeanVariance},
	"LpNormalization":           {inputs: [2]int{1, 1}, attrs: "axis:i p:i", lower: lowerLpNorm},
	"ReduceL1":                  {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: around("Abs", "ReduceSum", "")},
	"ReduceL2":                  {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: around("Mul", "ReduceSum", "Sqrt")},
	"ReduceSumSquare":           {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: around("Mul", "ReduceSum", "")},
	"ReduceLogSum":              {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: around("", "ReduceSum", "Log")},
	"ReduceLogSumExp":           {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: lowerLogSumExp},
	"LRN":                       {inputs: [2]int{1, 1}, attrs: "alpha:f beta:f bias:f size:i", lower: lowerLRN},
}

// chain writes nodes of one data input one after the other and keeps the first error.
type chain struct {
	c    *call
	err  error
	elem elementType // what the values hold, 0: floats
}

// do writes a node and returns its value; last: under the name of the call's output.
func (k *chain) do(last bool, op string, inputs []string, attrs graph.Attributes, shape []int) string {
	if k.err != nil {
		return ""
	}
	if last {
		k.err = k.c.emit(op, inputs, attrs, shape)
		return k.c.out(0)
	}
	var out string
	out, k.err = k.c.step(op, inputs, attrs, shape)
	if v := k.c.values[out]; k.elem != 0 && k.c.consts[out] == nil {
		v.Elem = int32(k.elem)
		k.c.values[out] = v
	}
	return out
}

// number adds a constant.
func (k *chain) number(name string, v float32) string { return k.list(name, nil, []float32{v}) }

func (k *chain) list(name string, shape []int, v []float32) string {
	if k.err != nil {
		return ""
	}
	var out string
	out, k.err = k.c.added(name, &graph.Tensor{Type: graph.Float32, Shape: shape, Floats: v})
	return out
}

// lowerCelu: alpha * elu(x / alpha).
func lowerCelu(c *call) error {
	k, s, alpha := chain{c: c}, c.shape(0), c.node.Attrs.Float("alpha", 1)
	if alpha == 0 {
		return invalid("alpha is 0")
	}
	x := k.do(false, "Mul", []string{c.node.Inputs[0], k.number("inverse", 1/alpha)}, nil, s)
	x = k.do(false, "Elu", []string{x}, graph.Attributes{"alpha": float32(1)}, s)
	k.do(true, "Mul", []string{x, k.number("alpha", alpha)}, nil, s)
	return k.err
}

// lowerMean adds all inputs and divides by their number.
func lowerMean(c *call) error {
	k, sum, shape := chain{c: c}, c.node.Inputs[0], c.shape(0)
	for i, x := range c.node.Inputs[1:] {
		var err error
		if shape, err = broadcast(shape, c.shape(i+1)); err != nil {
			return err
		}
		sum = k.do(false, "Add", []string{sum, x}, nil, shape)
	}
	k.do(true, "Mul", []string{sum, k.number("inverse", 1/float32(len(c.node.Inputs)))}, nil, shape)
	return k.err
}

// lowerGroupNorm normalizes groups of channels as if each were one, then scales and shifts: per channel, or before
// opset 21 per group.
func lowerGroupNorm(c *call) error {
	s, a := c.shape(0), c.node.Attrs
	groups := a.Int("num_groups", 0)
	if len(s) < 3 || groups < 1 || s[1]%groups != 0 {
		return invalid("%d groups of %v", groups, s)
	}
	each := s[1] / groups
	var affine [2][]float32
	for i, what := range []string{"scale", "bias"} {
		v, err := c.floats(i+1, what)
		if err != nil {
			return err
		}
		if len(v) == groups && c.opset < 21 {
			v = repeatEach(v, each)
		}
		if err := sized(v, s[1], what); err != nil {
			return err
		}
		affine[i] = v
	}
	k, flat := chain{c: c}, []int{s[0], groups, product(s[1:]) / groups}
	x := k.do(false, "Reshape", c.node.Inputs[:1], graph.Attributes{"shape": toInt64s(flat)}, flat)
	ones, zeros := slices.Repeat([]float32{1}, groups), make([]float32, groups)
	x = k.do(false, "InstanceNormalization", []string{x, k.list("one", []int{groups}, ones), k.list("zero", []int{groups}, zeros)},
		graph.Attributes{"epsilon": a.Float("epsilon", 1e-5)}, flat)
	x = k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": toInt64s(s)}, s)
	per := append([]int{s[1]}, slices.Repeat([]int{1}, len(s)-2)...)
	x = k.do(false, "Mul", []string{x, k.list("scale", per, affine[0])}, nil, s)
	k.do(true, "Add", []string{x, k.list("bias", per, affine[1])}, nil, s)
	return k.err
}

func repeatEach(v []float32, n int) []float32 {
	out := make([]float32, 0, n*len(v))
	for _, x := range v {
		out = append(out, slices.Repeat([]float32{x}, n)...)
	}
	return out
}

// kept is the shape after reducing the axes and keeping them as 1.
func kept(s []int, axes []int) []int {
	out := slices.Clone(s)
	for _, a := range axes {
		out[a] = 1
	}
	return out
}

// lowerMeanVariance: (x - mean) / (standard deviation + 1e-9).
func lowerMeanVariance(c *call) error {
	s, list := c.shape(0), c.node.Attrs.Ints("axes")
	if list == nil {
		list = []int64{0, 2, 3}
	}
	axes, err := axesOf(list, len(s))
	if err != nil {
		return err
	}
	slices.Sort(axes)
	k, one := chain{c: c}, kept(s, axes)
	reduced := graph.Attributes{"axes": toInt64s(axes), "keepdims": int64(1)}
	mean := k.do(false, "ReduceMean", c.node.Inputs, reduced, one)
	d := k.do(false, "Sub", []string{c.node.Inputs[0], mean}, nil, s)
	v := k.do(false, "Mul", []string{d, d}, nil, s)
	v = k.do(false, "ReduceMean", []string{v}, reduced, one)
	v = k.do(false, "Sqrt", []string{v}, nil, one)
	v = k.do(false, "Add", []string{v, k.number("epsilon", 1e-9)}, nil, one)
	k.do(true, "Div", []string{d, v}, nil, s)
	return k.err
}

// lowerLpNorm: x / norm along an axis.
func lowerLpNorm(c *call) error {
	s, a := c.shape(0), c.node.Attrs
	axis, err := axisOf(int64(a.Int("axis", -1)), len(s))
	if err != nil {
		return err
	}
	k, x, one := chain{c: c}, c.node.Inputs[0], kept(s, []int{axis})
	reduced := graph.Attributes{"axes": []int64{int64(axis)}, "keepdims": int64(1)}
	var norm string
	switch p := a.Int("p", 2); p {
	case 1:
		norm = k.do(false, "ReduceSum", []string{k.do(false, "Abs", []string{x}, nil, s)}, reduced, one)
	case 2:
		norm = k.do(false, "ReduceSum", []string{k.do(false, "Mul", []string{x, x}, nil, s)}, reduced, one)
		norm = k.do(false, "Sqrt", []string{norm}, nil, one)
	default:
		return invalid("p %d", p)
	}
	norm = k.do(false, "Max", []string{norm, k.number("tiny", math.SmallestNonzeroFloat32)}, nil, one)
	k.do(true, "Div", []string{x, norm}, nil, s)
	return k.err
}

// around lowers a reduction with an operator before it (Mul: the square) and one after it; "": none.
func around(before, reduction, after string) func(*call) error {
	return func(c *call) error {
		r, err := c.reduction()
		if err != nil {
			return err
		}
		k, x, s := chain{c: c}, c.node.Inputs[0], c.shape(0)
		switch before {
		case "":
		case "Mul":
			x = k.do(r.nothing && after == "", "Mul", []string{x, x}, nil, s)
		default:
			x = k.do(r.nothing && after == "", before, []string{x}, nil, s)
		}
		if !r.nothing {
			x = k.do(after == "", reduction, []string{x}, r.attrs, r.shape)
		}
		if after != "" {
			k.do(true, after, []string{x}, nil, r.shape)
		}
		return k.err
	}
}

// lowerLogSumExp takes the maximum out, so that nothing overflows.
func lowerLogSumExp(c *call) error {
	r, err := c.reduction()
	if err != nil {
		return err
	}
	if r.nothing {
		return c.pass()
	}
	k, x, s := chain{c: c}, c.node.Inputs[0], c.shape(0)
	keep := graph.Attributes{"axes": r.attrs["axes"], "keepdims": int64(1)}
	top := k.do(false, "ReduceMax", []string{x}, keep, kept(s, toInts(r.attrs.Ints("axes"))))
	x = k.do(false, "Sub", []string{x, top}, nil, s)
	x = k.do(false, "Exp", []string{x}, nil, s)
	x = k.do(false, "ReduceSum", []string{x}, r.attrs, r.shape)
	x = k.do(false, "Log", []string{x}, nil, r.shape)
	top = k.do(false, "Reshape", []string{top}, graph.Attributes{"shape": toInt64s(r.shape)}, r.shape)
	k.do(true, "Add", []string{x, top}, nil, r.shape)
	return k.err
}

func lowerLRN(c *call) error {
	a := c.node.Attrs
	size := a.Int("size", 0)
	if len(c.shape(0)) < 3 || size < 1 {
		return invalid("size %d, input %v", size, c.shape(0))
	}
	return c.emit("LRN", c.node.Inputs, graph.Attributes{
		"alpha": a.Float("alpha", 1e-4), "beta": a.Float("beta", 0.75), "bias": a.Float("bias", 1), "size": int64(size),
	}, c.shape(0))
}
