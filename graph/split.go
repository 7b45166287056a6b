package graph

import (
	"fmt"
	"slices"
)

// Split cuts the network behind values of the graph, which must be written in the order given, and returns the parts, one
// more than there are values, as graphs of their own. Between them only the values pass that a later part reads: a
// part's Inputs are the network's input or outputs of earlier parts, its Outputs what later parts read and outputs of the
// network. Tensors are shared, not copied. What a fused runtime computes as one (Chains) is never separated, so that
// running the parts one after the other gives what the whole network gives, bit for bit, on an engine that computes
// equal chains equally. Its edges are edges of the whole. A part without inputs or nodes, which is not Runnable, is possible where
// a cut lies behind everything.
func (g *Graph) Split(values ...string) ([]*Graph, error) {
	ends := make([]int, 0, len(values)+1)
	for _, v := range values {
		i := slices.IndexFunc(g.Nodes, func(n *Node) bool { return slices.Contains(n.Outputs, v) })
		if i < 0 {
			return nil, fmt.Errorf("%w: no node writes %q", ErrEdgeSet, v)
		}
		if len(ends) > 0 && i < ends[len(ends)-1] {
			return nil, fmt.Errorf("%w: %q is written before %q", ErrEdgeSet, v, values[len(ends)-1])
		}
		ends = append(ends, i)
	}
	ends = append(ends, len(g.Nodes))
	last := g.lastOfUnits()
	at := make([]int, len(g.Nodes)) // the part of every node
	parts := make([]*Graph, len(ends))
	for i := range parts {
		parts[i] = &Graph{Name: g.Name + " part", Opset: g.Opset, Constants: map[string]*Tensor{}, Values: g.Values}
	}
	for i, n := range g.Nodes {
		p, _ := slices.BinarySearch(ends, last[i])
		at[i] = p
		parts[p].take(n, g)
	}
	g.connect(parts, at, values)
	return parts, nil
}

// take adds a node of g with the constants that it reads.
func (g *Graph) take(n *Node, from *Graph) {
	g.Nodes = append(g.Nodes, n)
	for _, v := range n.Inputs {
		if t := from.Constants[v]; t != nil {
			g.Constants[v] = t
		}
	}
}

// lastOfUnits gives for every node the index of the last node of its chain, or its own.
func (g *Graph) lastOfUnits() []int {
	index := map[*Node]int{}
	last := make([]int, len(g.Nodes))
	for i, n := range g.Nodes {
		index[n], last[i] = i, i
	}
	for _, c := range g.Chains() {
		end := 0
		for _, n := range c.Nodes {
			end = max(end, index[n])
		}
		for _, n := range c.Nodes {
			last[index[n]] = end
		}
	}
	return last
}

// connect finds what passes between the parts, in the order in which it is written. A value that was asked for passes
// even where nothing reads it any more.
func (g *Graph) connect(parts []*Graph, part []int, asked []string) {
	writer := map[string]int{}
	order := make([]string, 0, len(g.Nodes)+1)
	for _, in := range g.Inputs() {
		writer[in.Name] = -1
		order = append(order, in.Name)
	}
	reader := map[string]int{} // the last part that reads a value
	for i, n := range g.Nodes {
		for _, o := range n.Outputs {
			writer[o] = part[i]
		}
		for _, v := range n.Inputs {
			reader[v] = max(reader[v], part[i])
		}
	}
	isOutput := map[string]bool{}
	for _, o := range g.Outputs {
		isOutput[o.Name] = true
	}
	for _, n := range g.Nodes {
		order = append(order, n.Outputs...)
	}
	positive, sequence := g.NonNegative(), g.sequences()
	for k, p := range parts {
		reads := map[string]bool{}
		for _, n := range p.Nodes {
			for _, v := range n.Inputs {
				reads[v] = true
			}
		}
		for _, v := range order {
			w, ok := writer[v]
			if !ok || v == "" {
				continue
			}
			if w < k && reads[v] {
				in := g.Values[v]
				in.NonNegative, in.Sequence = positive[v], sequence[v]
				p.addInput(in)
			}
			if w == k && (reader[v] > k || isOutput[v] || slices.Contains(asked, v)) {
				p.Outputs = append(p.Outputs, g.Values[v])
			}
		}
	}
}

func (g *Graph) addInput(v Value) {
	if g.Input.Name == "" {
		g.Input = v
		return
	}
	g.Others = append(g.Others, v)
}
