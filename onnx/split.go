package onnx

import (
	"fmt"
	"slices"
)

// Split cuts the network behind values of the graph, which must be written in the order given, and returns the pieces:
// one more than there are values. Between them only the values pass that a later piece reads (Part.Inputs, Outputs).
// What a fused runtime computes as one (Chains) is never separated, so that running the pieces one after the other
// gives what the whole network gives, bit for bit, on an engine that computes equal chains equally.
func (g *Graph) Split(values ...string) ([]*Part, error) {
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
	part := make([]int, len(g.Nodes)) // of every node
	parts := make([]*Part, len(ends))
	for i := range parts {
		parts[i] = &Part{g: g}
	}
	for i, n := range g.Nodes {
		p, _ := slices.BinarySearch(ends, last[i])
		part[i] = p
		parts[p].nodes = append(parts[p].nodes, n)
	}
	g.connect(parts, part, values)
	return parts, nil
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
func (g *Graph) connect(parts []*Part, part []int, asked []string) {
	writer := map[string]int{g.Input.Name: -1}
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
	order := []string{g.Input.Name}
	for _, n := range g.Nodes {
		order = append(order, n.Outputs...)
	}
	for k, p := range parts {
		reads := map[string]bool{}
		for _, n := range p.nodes {
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
				p.Inputs = append(p.Inputs, g.Values[v])
			}
			if w == k && (reader[v] > k || isOutput[v] || slices.Contains(asked, v)) {
				p.Outputs = append(p.Outputs, g.Values[v])
			}
		}
	}
}
