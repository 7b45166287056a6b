package onnx

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// reduceOperators combine all elements along some axes.
var reduceOperators = table{
	"ReduceMean": {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: lowerReduce, eval: one(evalReduce)},
	"ReduceSum":  {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: lowerReduce, eval: one(evalReduce)},
	"ReduceMax":  {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: lowerReduce, eval: one(evalReduce)},
	"ReduceMin":  {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: lowerReduce, eval: one(evalReduce)},
	"ReduceProd": {inputs: [2]int{1, 2}, attrs: reduceAttrs, lower: lowerReduce, eval: one(evalReduce)},
}

const reduceAttrs = "axes:I keepdims:i noop_with_empty_axes:i"

func lowerReduce(c *call) error {
	r, err := c.reduction()
	if err != nil {
		return err
	}
	if k, ok := c.kind(0); ok && c.node.Op == "ReduceSum" && c.tensor(0) == nil {
		n := float64(product(c.shape(0))) / float64(max(1, product(r.shape)))
		if k, err = k.spanned(min(0, k.low*n), max(0, k.high*n)); err != nil {
			return err
		}
		c.mark(k)
	}
	if r.nothing {
		return c.pass()
	}
	return c.emit(c.node.Op, c.node.Inputs[:1], r.attrs, r.shape)
}

// reduction is what all reductions have in common.
type reduction struct {
	attrs   graph.Attributes
	shape   []int // of the result
	nothing bool  // no axis is reduced
}

func (c *call) reduction() (reduction, error) {
	s, a := c.shape(0), c.node.Attrs
	list, err := c.listed("axes", 1)
	if err != nil {
		return reduction{}, err
	}
	if len(list) == 0 && (a.Int("noop_with_empty_axes", 0) != 0 || len(s) == 0) {
		return reduction{shape: s, nothing: true}, nil
	}
	axes, err := axesOf(list, len(s))
	if err != nil {
		return reduction{}, err
	}
	slices.Sort(axes)
	keep := a.Int("keepdims", 1) != 0
	var shape []int
	for i, d := range s {
		switch {
		case len(list) > 0 && !slices.Contains(axes, i):
			shape = append(shape, d)
		case keep:
			shape = append(shape, 1)
		}
	}
	if len(axes) == 0 {
		for i := range s {
			axes = append(axes, i)
		}
	}
	return reduction{attrs: graph.Attributes{"axes": toInt64s(axes), "keepdims": truth(keep)}, shape: shape}, nil
}

func evalReduce(n *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor {
	kept := slices.Clone(t.Shape)
	for _, a := range n.Attrs.Ints("axes") {
		kept[a] = 1
	}
	size := product(kept)
	acc := slices.Repeat([]float64{map[string]float64{"ReduceProd": 1, "ReduceMax": math.Inf(-1), "ReduceMin": math.Inf(1)}[n.Op]}, size)
	walk(t.Shape, broadcastStrides(kept, t.Shape), 0, func(i, dst int) {
		acc[dst] = combine(n.Op, acc[dst], floatAt(t, i))
	})
	out := emptyLike(t, shape)
	for i, v := range acc {
		if n.Op == "ReduceMean" {
			v /= float64(max(1, product(t.Shape)/max(1, size)))
		}
		if t.Type == graph.Float32 {
			out.Floats[i] = float32(v)
		} else {
			out.Ints[i] = int64(v)
		}
	}
	return out
}

func combine(op string, a, b float64) float64 {
	switch op {
	case "ReduceProd":
		return a * b
	case "ReduceMax":
		return max(a, b)
	case "ReduceMin":
		return min(a, b)
	}
	return a + b
}

// float is element i as a number.
func floatAt(t *graph.Tensor, i int) float64 {
	if t.Type == graph.Float32 {
		return float64(t.Floats[i])
	}
	return float64(t.Ints[i])
}
