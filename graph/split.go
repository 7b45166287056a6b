package graph

import (
	"fmt"
	"maps"
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
	parts := g.emptyParts(len(ends))
	for i, n := range g.Nodes {
		p, _ := slices.BinarySearch(ends, last[i])
		parts[p].take(n, g)
	}
	g.connect(parts, values)
	return parts, nil
}

// SplitStored is Split behind one value, where views that the tail reads are computed by the tail, even if the head needs
// them as well: all that passes then was written to memory by chains (edges, the network's input, what only leads to an
// output), so that a profile of the whole network says how it is stored.
func (g *Graph) SplitStored(value string) ([]*Graph, error) {
	parts, err := g.Split(value)
	if err != nil {
		return nil, err
	}
	use, tail := g.usage(), map[*Node]bool{}
	for _, n := range parts[1].Nodes {
		tail[n] = true
	}
	gone := maps.Clone(tail) // what the head does not compute
	for _, n := range slices.Backward(parts[0].Nodes) {
		if n.role() != views {
			continue
		}
		needed := false
		for _, o := range n.Outputs {
			needed = needed || o == value || use.output[o]
			for _, r := range use.readers[o] {
				tail[n] = tail[n] || tail[r]
				needed = needed || !gone[r]
			}
		}
		gone[n] = tail[n] && !needed
	}
	parts = g.emptyParts(2)
	for _, n := range g.Nodes {
		if !gone[n] {
			parts[0].take(n, g)
		}
		if tail[n] {
			parts[1].take(n, g)
		}
	}
	g.connect(parts, []string{value})
	return parts, nil
}

func (g *Graph) emptyParts(n int) []*Graph {
	parts := make([]*Graph, n)
	for i := range parts {
		parts[i] = &Graph{Name: g.Name + " part", Opset: g.Opset, Constants: map[string]*Tensor{}, Values: g.Values, Release: g.Release}
	}
	return parts
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

// connect finds what passes between the parts, in the order in which it is written: from the first part that writes it to
// those that read it and do not write it themselves. A value that was asked for passes even where nothing reads it any more.
func (g *Graph) connect(parts []*Graph, asked []string) {
	writer, order := g.writers(parts)
	isOutput := map[string]bool{}
	for _, o := range g.Outputs {
		isOutput[o.Name] = true
	}
	last := map[string]int{} // the last part that a value passes to
	positive, sequence := g.NonNegative(), g.sequences()
	for k, p := range parts {
		wants := p.wants()
		for _, v := range order {
			if w, ok := writer[v]; !ok || w >= k || !wants[v] {
				continue
			}
			in := g.Values[v]
			in.NonNegative, in.Sequence = positive[v], sequence[v]
			p.addInput(in)
			last[v] = k
		}
	}
	for _, v := range order {
		k, ok := writer[v]
		if ok && k >= 0 && (last[v] > k || isOutput[v] || slices.Contains(asked, v)) {
			parts[k].Outputs = append(parts[k].Outputs, g.Values[v])
		}
	}
}

// writers gives the first part that writes each value, -1 for the inputs, and their names in order, inputs first.
func (g *Graph) writers(parts []*Graph) (writer map[string]int, order []string) {
	writer = map[string]int{}
	for _, in := range g.Inputs() {
		writer[in.Name] = -1
		order = append(order, in.Name)
	}
	for k, p := range slices.Backward(parts) {
		for _, n := range p.Nodes {
			for _, o := range n.Outputs {
				writer[o] = k
			}
		}
	}
	delete(writer, "")
	for _, n := range g.Nodes {
		order = append(order, n.Outputs...)
	}
	return writer, order
}

// wants are the values that nodes read and no node writes.
func (g *Graph) wants() map[string]bool {
	wants := map[string]bool{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			wants[v] = true
		}
	}
	for _, n := range g.Nodes {
		for _, o := range n.Outputs {
			delete(wants, o)
		}
	}
	return wants
}

func (g *Graph) addInput(v Value) {
	if g.Input.Name == "" {
		g.Input = v
		return
	}
	g.Others = append(g.Others, v)
}
