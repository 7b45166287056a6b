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

// WithBias returns the graph with values added to the channels of nodes' outputs; g does not change. Nodes are those of
// BiasPoints. The error wraps ErrBias.
func (g *Graph) WithBias(bias map[string][]float32) (*Graph, error) {
	out := *g
	out.Constants, out.Values = maps.Clone(g.Constants), maps.Clone(g.Values)
	out.Nodes = nil
	left := len(bias)
	for _, n := range g.Nodes {
		values, ok := bias[n.Name]
		if !ok {
			out.Nodes = append(out.Nodes, n)
			continue
		}
		left--
		shape := g.Values[n.Outputs[0]].Shape
		axis, ok := biasAxis(n, len(shape))
		if !ok || shape[axis] != len(values) {
			return nil, fmt.Errorf("%w: %d values for node %q (%s), whose output is %v", ErrBias, len(values), n.Name, n.Op, shape)
		}
		if out.hasConstantBias(n) {
			out.Nodes = append(out.Nodes, out.biasedConv(n, values))
		} else {
			out.Nodes = append(out.Nodes, out.withAdd(n, values, axis)...)
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("%w: %d of %d nodes are not in the graph", ErrBias, left, len(bias))
	}
	return &out, nil
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
	clone.Inputs = append(slices.Clone(n.Inputs[:2]), g.addConstant(n.Name, []int{len(sum)}, sum))
	return &clone
}

// withAdd puts an Add behind the node.
func (g *Graph) withAdd(n *Node, values []float32, axis int) []*Node {
	v := g.Values[n.Outputs[0]]
	before := v
	before.Name = g.free(v.Name + " without bias")
	g.Values[before.Name] = before
	clone := *n
	clone.Outputs = []string{before.Name}
	shape := make([]int, len(v.Shape)-axis)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = len(values)
	add := &Node{Name: n.Name + " bias", Op: "Add", Inputs: []string{before.Name, g.addConstant(n.Name, shape, values)}, Outputs: []string{v.Name}}
	return []*Node{&clone, add}
}

func (g *Graph) addConstant(node string, shape []int, values []float32) string {
	name := g.free(node + " bias")
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
