package session

import (
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Cut is a network in two parts that run apart, on the engine of the whole: head, then tail, is the whole, bit for bit.
// It is immutable; its methods may be called from many goroutines.
type Cut struct {
	Parts
	whole      *graph.Graph
	head, tail side
	passes     []graph.Value
}

// side is one part with the numbers that its edges have in the whole network.
type side struct {
	prog  engine.Program
	edges []int
}

// Cut cuts the network behind an edge, by name or number, and compiles both parts. Errors are those of Split; a part with
// nothing to run is graph.ErrEmpty.
func (n *Network) Cut(at string) (*Cut, error) {
	parts, err := n.Split(at)
	if err != nil {
		return nil, err
	}
	c := &Cut{Parts: *parts, whole: n.graph, passes: parts.Tail.Inputs()}
	if c.head, err = n.side(parts.Head); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	if c.tail, err = n.side(parts.Tail); err != nil {
		return nil, fmt.Errorf("tail: %w", err)
	}
	have := map[string]bool{}
	for _, v := range append(c.Passes(), parts.Tail.Outputs...) {
		have[v.Name] = true
	}
	for _, o := range n.graph.Outputs {
		if !have[o.Name] { // the head has it already
			c.passes = append(c.passes, o)
		}
	}
	return c, nil
}

func (n *Network) side(g *graph.Graph) (s side, err error) {
	writes := map[string]bool{}
	for _, node := range g.Nodes {
		for _, v := range node.Outputs {
			writes[v] = true
		}
	}
	var edges []graph.Edge
	for i, e := range n.Edges() {
		if writes[e.Name] {
			edges, s.edges = append(edges, e), append(s.edges, i)
		}
	}
	s.prog, err = n.compile(g, edges)
	return s, err
}

// run calls the hook with the numbers of the whole network's edges.
func (s side) run(inputs []*tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	if hook == nil {
		return s.prog.RunInputs(inputs, nil)
	}
	return s.prog.RunInputs(inputs, func(i int, data []float32) error { return hook(s.edges[i], data) })
}

// Passes are the tensors that the head hands on: what the tail reads, then outputs of the network that the head has
// already.
func (c *Cut) Passes() []graph.Value { return append([]graph.Value(nil), c.passes...) }

// RunHead computes what passes, in the order of Passes. The hook, which may be nil, sees the edges that the head writes,
// counted as those of the whole network: an encoder's hook fits.
func (c *Cut) RunHead(input *tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	outputs, err := c.head.run([]*tensor.Tensor{input}, hook)
	if err != nil {
		return nil, err
	}
	values := map[string]*tensor.Tensor{c.whole.Input.Name: input}
	for i, v := range c.Head.Outputs {
		values[v.Name] = outputs[i]
	}
	return pick(values, c.passes), nil
}

// RunTail computes the network's outputs from what passed. The hook sees the tail's edges. Tensors of another number or
// shape are engine.ErrInput.
func (c *Cut) RunTail(passed []*tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	if len(passed) != len(c.passes) {
		return nil, fmt.Errorf("%w: %d tensors, %d pass", engine.ErrInput, len(passed), len(c.passes))
	}
	outputs, err := c.tail.run(passed[:len(c.Tail.Inputs())], hook)
	if err != nil {
		return nil, err
	}
	values := map[string]*tensor.Tensor{}
	for i, v := range c.passes {
		values[v.Name] = passed[i]
	}
	for i, v := range c.Tail.Outputs {
		values[v.Name] = outputs[i]
	}
	return pick(values, c.whole.Outputs), nil
}

func pick(values map[string]*tensor.Tensor, names []graph.Value) []*tensor.Tensor {
	list := make([]*tensor.Tensor, len(names))
	for i, v := range names {
		list[i] = values[v.Name]
	}
	return list
}
