package graph

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// BiasPoint is a value that a bias acts on: what a Conv, ConvTranspose, Gemm or MatMul writes, after the additions that
// a fused runtime does with it (a bias of its own, a residual) and before an activation.
type BiasPoint struct {
	Node  string // whose output is to be corrected
	Value string
	Shape []int
	Axis  int // of the channels
}

// Channels is the number of biases.
func (p *BiasPoint) Channels() int { return p.Shape[p.Axis] }

// Inner is the number of elements between neighbouring channels: element i belongs to channel i / Inner % Channels.
func (p *BiasPoint) Inner() int { return tensor.Size(p.Shape[p.Axis+1:]) }

// BiasPoints lists those of the graph, in the order in which they are computed.
func (g *Graph) BiasPoints() []BiasPoint {
	var points []BiasPoint
	varies := g.varying()
	for _, c := range g.Chains() {
		n := c.Nodes[0]
		v := g.Values[n.Outputs[0]]
		axis, ok := biasAxis(n, len(v.Shape))
		if !ok || !varies[v.Name] || v.Type != Float32 {
			continue
		}
		p := BiasPoint{Node: n.Name, Value: v.Name, Shape: v.Shape, Axis: axis}
		for _, next := range c.Nodes[1:] {
			if next.Op != "Add" {
				break
			}
			p.Value = next.Outputs[0]
		}
		points = append(points, p)
	}
	return points
}

func biasAxis(n *Node, axes int) (axis int, ok bool) {
	switch n.Op {
	case "Conv", "ConvTranspose":
		return 1, axes > 1
	case "Gemm", "MatMul":
		return axes - 1, axes > 1
	}
	return 0, false
}

// WithCorrections returns the graph in which the channels of nodes' outputs, with the additions that are fused to them, are
// multiplied by gains, and to which biases are added then; g does not change. Nodes are those of BiasPoints. The error wraps ErrBias.
func (g *Graph) WithCorrections(gain, bias map[string][]float32) (*Graph, error) {
	out := *g
	out.Constants, out.Values = maps.Clone(g.Constants), maps.Clone(g.Values)
	scaled, err := g.gainsByValue(gain)
	if err != nil {
		return nil, err
	}
	out.Nodes = nil
	left, later := len(bias), map[*Node][]float32{}
	use := g.usage()
	for _, n := range g.Nodes {
		if values, ok := bias[n.Name]; ok {
			left--
			values = divided(values, gain[n.Name])
			if next := g.addsRow(use, n); next != nil && len(values) == len(g.rowAdded(next)) {
				later[next] = values
			} else if n, err = out.addBias(n, values); err != nil {
				return nil, err
			}
		} else if values, ok := later[n]; ok {
			n = out.shifted(n, values)
		}
		if at, ok := scaled[n.Outputs[0]]; ok {
			out.scale(n, at.factors, at.axis)
		} else {
			out.Nodes = append(out.Nodes, n)
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("%w: %d of %d nodes are not in the graph", ErrBias, left, len(bias))
	}
	return &out, nil
}

// gains are factors along an axis of a value.
type gains struct {
	factors []float32
	axis    int
}

// gainsByValue finds the values that gains of nodes act on.
func (g *Graph) gainsByValue(gain map[string][]float32) (map[string]gains, error) {
	found := map[string]gains{}
	if len(gain) == 0 {
		return found, nil
	}
	for _, p := range g.BiasPoints() {
		factors, ok := gain[p.Node]
		if !ok {
			continue
		}
		if len(factors) != p.Channels() {
			return nil, fmt.Errorf("%w: %d gains for node %q, whose output is %v", ErrBias, len(factors), p.Node, p.Shape)
		}
		found[p.Value] = gains{factors, p.Axis}
	}
	if len(found) < len(gain) {
		return nil, fmt.Errorf("%w: %d of %d nodes with gains are not in the graph", ErrBias, len(gain)-len(found), len(gain))
	}
	return found, nil
}

// divided are values that a gain will multiply, which they are not meant for.
func divided(values, gain []float32) []float32 {
	if len(gain) != len(values) {
		return values
	}
	out := slices.Clone(values)
	for c, v := range gain {
		out[c] /= v
	}
	return out
}

// addBias returns the node with values added to its output; nodes before it are appended to the graph.
func (g *Graph) addBias(n *Node, values []float32) (*Node, error) {
	shape := g.Values[n.Outputs[0]].Shape
	axis, ok := biasAxis(n, len(shape))
	if !ok || shape[axis] != len(values) {
		return nil, fmt.Errorf("%w: %d values for node %q (%s), whose output is %v", ErrBias, len(values), n.Name, n.Op, shape)
	}
	if g.hasConstantBias(n) {
		return g.biasedConv(n, values), nil
	}
	return g.behind(n, "Add", "bias", values, axis), nil
}

// scale appends the node with its output multiplied: by its weights where that is the same.
func (g *Graph) scale(n *Node, factors []float32, axis int) {
	if n.Op == "Conv" && g.hasConstantBias(n) && g.Constants[n.Inputs[1]] != nil {
		g.Nodes = append(g.Nodes, g.scaledConv(n, factors))
		return
	}
	g.Nodes = append(g.Nodes, g.behind(n, "Mul", "gain", factors, axis))
}

// scaledConv multiplies the convolution's weights and bias.
func (g *Graph) scaledConv(n *Node, factors []float32) *Node {
	w := *g.Constants[n.Inputs[1]]
	w.Floats = slices.Clone(w.Floats)
	each := len(w.Floats) / len(factors)
	for i := range w.Floats {
		w.Floats[i] *= factors[i/each]
	}
	name := g.free(n.Name + " scaled weights")
	g.Constants[name] = &w
	g.Values[name] = Value{Name: name, Type: Float32, Shape: w.Shape}
	clone := *n
	clone.Inputs = []string{n.Inputs[0], name}
	if len(n.Inputs) > 2 && n.Inputs[2] != "" {
		bias := slices.Clone(g.Constants[n.Inputs[2]].Floats)
		for c := range bias {
			bias[c] *= factors[c]
		}
		clone.Inputs = append(clone.Inputs, g.addConstant(n.Name+" scaled bias", []int{len(bias)}, bias))
	}
	return &clone
}

// addsRow is the Add behind a product that gives it a bias: then a correction costs nothing where it is added to that. nil: none.
func (g *Graph) addsRow(use usage, n *Node) *Node {
	out := n.Outputs[0]
	if n.Op != "MatMul" && n.Op != "Gemm" || !use.once(out) {
		return nil
	}
	next, shape := use.readers[out][0], g.Values[out].Shape
	if row := g.rowAdded(next); row == nil || len(row) != shape[len(shape)-1] || len(g.Values[next.Outputs[0]].Shape) != len(shape) {
		return nil
	}
	return next
}

// rowAdded is the constant that n adds, if it has as many values as its last axis; else nil.
func (g *Graph) rowAdded(n *Node) []float32 {
	if n.Op != "Add" {
		return nil
	}
	for _, v := range n.Inputs {
		if k := g.Constants[v]; k != nil && k.Type == Float32 && len(k.Shape) > 0 && len(k.Floats) == k.Shape[len(k.Shape)-1] {
			return k.Floats
		}
	}
	return nil
}

// shifted adds values to the constant that n adds.
func (g *Graph) shifted(n *Node, values []float32) *Node {
	clone := *n
	clone.Inputs = slices.Clone(n.Inputs)
	for i, v := range n.Inputs {
		k := g.Constants[v]
		if k == nil {
			continue
		}
		sum := slices.Clone(k.Floats)
		for c, shift := range values {
			sum[c] += shift
		}
		clone.Inputs[i] = g.addConstant(n.Name+" bias", k.Shape, sum)
	}
	return &clone
}

// hasConstantBias tells whether n is a convolution whose own bias can be another one.
func (g *Graph) hasConstantBias(n *Node) bool {
	if n.Op != "Conv" && n.Op != "ConvTranspose" {
		return false
	}
	return len(n.Inputs) < 3 || n.Inputs[2] == "" || g.Constants[n.Inputs[2]] != nil
}

// biasedConv adds to the convolution's own bias.
func (g *Graph) biasedConv(n *Node, values []float32) *Node {
	sum := slices.Clone(values)
	if len(n.Inputs) > 2 && n.Inputs[2] != "" {
		for c, v := range g.Constants[n.Inputs[2]].Floats {
			sum[c] += v
		}
	}
	clone := *n
	clone.Inputs = append(slices.Clone(n.Inputs[:2]), g.addConstant(n.Name+" bias", []int{len(sum)}, sum))
	return &clone
}

// behind appends the node and returns another that does something to its output, channel by channel.
func (g *Graph) behind(n *Node, op, what string, values []float32, axis int) *Node {
	v := g.Values[n.Outputs[0]]
	before := v
	before.Name = g.free(v.Name + " without " + what)
	g.Values[before.Name] = before
	clone := *n
	clone.Outputs = []string{before.Name}
	g.Nodes = append(g.Nodes, &clone)
	shape := make([]int, len(v.Shape)-axis)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = len(values)
	return &Node{
		Name: n.Name + " " + what, Op: op, Outputs: []string{v.Name},
		Inputs: []string{before.Name, g.addConstant(n.Name+" "+what, shape, values)},
	}
}

func (g *Graph) addConstant(name string, shape []int, values []float32) string {
	name = g.free(name)
	g.Constants[name] = &Tensor{Type: Float32, Shape: shape, Floats: values}
	g.Values[name] = Value{Name: name, Type: Float32, Shape: shape}
	return name
}

// free makes a name that no value has.
func (g *Graph) free(name string) string {
	for {
		if _, taken := g.Values[name]; !taken {
			return name
		}
		name += "'"
	}
}
