package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// call is what an operator's lower function works with: one node of the file, its inputs resolved.
type call struct {
	*builder
	node    *graph.Node
	file    *graph.Node // as the file has it
	sources []string    // the inputs as the file names them, before those that are other values were replaced
}

// resolve replaces inputs that are other values by those, cuts off absent trailing ones, and tells whether all of them
// are known.
func (c *call) resolve() bool {
	in := append([]string(nil), c.node.Inputs...)
	for len(in) > 0 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	known := true
	for i, v := range in {
		if a, ok := c.alias[v]; ok {
			in[i] = a
		}
		known = known && !c.lost[v]
	}
	n := *c.node
	c.sources = c.node.Inputs
	n.Inputs = in
	c.node = &n
	return known
}

// has tells whether optional input i is given.
func (c *call) has(i int) bool { return i < len(c.node.Inputs) && c.node.Inputs[i] != "" }

// in returns the value of input i; the zero Value where it is absent.
func (c *call) in(i int) graph.Value {
	if !c.has(i) {
		return graph.Value{}
	}
	return c.values[c.node.Inputs[i]]
}

func (c *call) shape(i int) []int { return c.in(i).Shape }

// tensor returns input i if it is constant, else nil.
func (c *call) tensor(i int) *graph.Tensor {
	if !c.has(i) {
		return nil
	}
	return c.consts[c.node.Inputs[i]]
}

// fixed returns input i, which must be constant.
func (c *call) fixed(i int, what string) (*graph.Tensor, error) {
	if !c.has(i) {
		return nil, invalid("%s is missing", what)
	}
	t := c.tensor(i)
	if t == nil {
		return nil, refuse("%s is computed at run time", what)
	}
	return t, nil
}

// floats returns input i, which must be constant floats; nil where it is absent.
func (c *call) floats(i int, what string) ([]float32, error) {
	if !c.has(i) {
		return nil, nil
	}
	t, err := c.fixed(i, what)
	if err != nil {
		return nil, err
	}
	if t.Type != graph.Float32 {
		return nil, invalid("%s must hold floats", what)
	}
	return t.Floats, nil
}

// ints returns input i, which must be constant integers; nil where it is absent.
func (c *call) ints(i int, what string) ([]int64, error) {
	if !c.has(i) {
		return nil, nil
	}
	t, err := c.fixed(i, what)
	if err != nil {
		return nil, err
	}
	if t.Type != graph.Int64 {
		return nil, invalid("%s must hold integers", what)
	}
	if t.Ints == nil {
		return []int64{}, nil
	}
	return t.Ints, c.spend(len(t.Ints))
}

// listed returns what newer opsets pass as input i and older ones as attribute; nil where it is in neither.
func (c *call) listed(attr string, i int) ([]int64, error) {
	if c.has(i) {
		return c.ints(i, attr)
	}
	if v, ok := c.node.Attrs[attr].([]int64); ok {
		return append([]int64{}, v...), nil
	}
	return nil, nil
}

// scalar is one float of input i, def where it is absent.
func (c *call) scalar(i int, what string, def float32) (float32, error) {
	v, err := c.floats(i, what)
	if err != nil || v == nil {
		return def, err
	}
	if len(v) != 1 {
		return 0, invalid("%s must be one number", what)
	}
	return v[0], nil
}

// axis makes an axis non-negative; limit is the rank.
func axisOf(a int64, rank int) (int, error) {
	if a < int64(-rank) || a >= int64(rank) {
		return 0, invalid("axis %d is out of range for %d axes", a, rank)
	}
	if a < 0 {
		a += int64(rank)
	}
	return int(a), nil
}

// axes makes a list of axes non-negative and rejects duplicates.
func axesOf(list []int64, rank int) ([]int, error) {
	seen := make([]bool, rank)
	out := make([]int, len(list))
	for i, a := range list {
		x, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		if seen[x] {
			return nil, invalid("axis %d is listed twice", x)
		}
		seen[x] = true
		out[i] = x
	}
	return out, nil
}

// out returns output i's name, "" where nobody asked for it.
func (c *call) out(i int) string {
	if i >= len(c.node.Outputs) {
		return ""
	}
	return c.node.Outputs[i]
}

// pass makes the node's first output another name of input 0.
func (c *call) pass() error {
	c.alias[c.out(0)] = c.node.Inputs[0]
	return nil
}

// emit writes canonical node op with the call's first output; attrs may be nil.
func (c *call) emit(op string, inputs []string, attrs graph.Attributes, shape []int) error {
	return c.emitTo(c.out(0), op, inputs, attrs, shape)
}

// emitTo writes canonical node op, or the constant that it computes, under the name out.
func (c *call) emitTo(out, op string, inputs []string, attrs graph.Attributes, shape []int) error {
	return c.emitAll([]string{out}, op, inputs, attrs, [][]int{shape})
}

// step is emitTo with a new name, which it returns: for nodes that one node of the file becomes several of.
func (c *call) step(op string, inputs []string, attrs graph.Attributes, shape []int) (string, error) {
	out := c.fresh(c.out(0) + "/" + op)
	return out, c.emitTo(out, op, inputs, attrs, shape)
}

func (c *call) emitAll(outs []string, op string, inputs []string, attrs graph.Attributes, shapes [][]int) error {
	if attrs == nil {
		attrs = graph.Attributes{}
	}
	n := &graph.Node{Name: c.node.Name, Op: op, Inputs: slices.Clone(inputs), Outputs: outs, Attrs: attrs}
	if len(outs) > 0 && outs[0] != c.out(0) {
		n.Name += "/" + op
	}
	if args := c.arguments(n); args != nil {
		return c.fold(n, args, shapes)
	}
	if err := c.runnable(n, shapes); err != nil {
		return err
	}
	outs = slices.Clone(outs)
	n.Outputs = outs
	for i, out := range outs {
		if out == "" && len(outs) > 1 {
			out = c.fresh(n.Name + "/unread")
			outs[i] = out
		}
		if out != "" {
			c.values[out] = graph.Value{Name: out, Type: graph.Float32, Shape: shapes[i]}
		}
	}
	c.nodes = append(c.nodes, n)
	return nil
}

// runnable checks what every node that stays in the graph must hold: floats in, and results that are neither empty nor
// too large.
func (c *call) runnable(n *graph.Node, shapes [][]int) error {
	if len(c.nodes) >= MaxNodes {
		return fmt.Errorf("%w: more than %d nodes", graph.ErrLimit, MaxNodes)
	}
	for _, s := range shapes {
		size, err := elements(s)
		if err != nil {
			return err
		}
		if size == 0 {
			return refuse("its result is empty (shape %v)", s)
		}
	}
	for i, v := range n.Inputs {
		if c.values[v].Type != graph.Float32 && !(n.Op == "Gather" && i == 1) {
			return refuse("input %q holds integers or truth values", v)
		}
	}
	return nil
}

// arguments returns the inputs of a node if all are constant and the operator can be folded, else nil.
func (c *call) arguments(n *graph.Node) []*graph.Tensor {
	if registry[n.Op].eval == nil || len(n.Inputs) == 0 {
		return nil
	}
	args := make([]*graph.Tensor, len(n.Inputs))
	for i, v := range n.Inputs {
		if args[i] = c.consts[v]; args[i] == nil {
			return nil
		}
	}
	return args
}

func (c *call) fold(n *graph.Node, args []*graph.Tensor, shapes [][]int) error {
	for _, s := range shapes {
		if err := c.reserveOf(args[0].Type, s); err != nil {
			return err
		}
	}
	for _, t := range args {
		if err := c.spend(product(t.Shape)); err != nil {
			return err
		}
	}
	results, err := registry[n.Op].eval(n, args, shapes)
	if err != nil {
		return err
	}
	for i, t := range results {
		if n.Outputs[i] != "" {
			c.constant(n.Outputs[i], t)
		}
	}
	return nil
}

// toInt64s and toInts convert shapes to attributes and back; values were checked to fit.
func toInt64s(s []int) []int64 { return convertInts[int64](s) }

func toInts(s []int64) []int { return convertInts[int](s) }

func convertInts[T, S int | int64](s []S) []T {
	d := make([]T, len(s))
	for i, v := range s {
		d[i] = T(v)
	}
	return d
}

// within checks that all of list lie in lo..MaxElements, so that arithmetic on them cannot overflow.
func within(list []int64, lo int64, what string) error {
	for _, v := range list {
		if v < lo || v > MaxElements {
			return invalid("%s %d is out of range", what, v)
		}
	}
	return nil
}

// sized checks that list has n entries.
func sized[T any](list []T, n int, what string) error {
	if len(list) != n {
		return invalid("%s has %d entries, %d are needed", what, len(list), n)
	}
	return nil
}

// broadcast is NumPy's rule for two shapes.
func broadcast(a, b []int) ([]int, error) {
	n := max(len(a), len(b))
	out := make([]int, n)
	for i := range out {
		x, y := fromRight(a, n-i), fromRight(b, n-i)
		switch {
		case x == y || y == 1:
			out[i] = x
		case x == 1:
			out[i] = y
		default:
			return nil, fmt.Errorf("%w: shapes %v and %v do not broadcast", ErrInvalid, a, b)
		}
	}
	return out, nil
}

// fromRight is the k-th axis from the right, 1-based; 1 beyond the shape.
func fromRight(s []int, k int) int {
	if k > len(s) {
		return 1
	}
	return s[len(s)-k]
}

var inf = float32(math.Inf(1))
