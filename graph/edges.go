package graph

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// ValueReason says of one value whether it is an edge, and why.
type ValueReason struct {
	Name   string
	Node   string // the node that writes it, "" for the input
	Op     string // that node's operator, or the chain of an edge
	Edge   bool
	Reason string
}

// FindEdges returns the tensors that are stored between layers, in the order in which they are computed. The empty set
// is Stored. The error wraps ErrEdgeSet.
func (g *Graph) FindEdges(set EdgeSet) ([]Edge, error) { return g.FindEdgesPassing(set, nil) }

// FindEdgesPassing is FindEdges for the head of a cut, some of whose outputs are no end: values named in passing are edges
// although they are, or only lead to, outputs of the graph.
func (g *Graph) FindEdgesPassing(set EdgeSet, passing []string) ([]Edge, error) {
	f, err := g.finder(set)
	if err != nil {
		return nil, err
	}
	for _, v := range passing {
		f.passing[v] = true
	}
	var edges []Edge
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if r := f.explain(n, v); r.Edge {
				edges = append(edges, f.edge(r))
			}
		}
	}
	return edges, nil
}

// ExplainValues says of the inputs and of every value that a node writes, in the order in which they are computed,
// why it is an edge of the set or why not. The error wraps ErrEdgeSet.
func (g *Graph) ExplainValues(set EdgeSet) ([]ValueReason, error) {
	f, err := g.finder(set)
	if err != nil {
		return nil, err
	}
	var list []ValueReason
	for _, in := range g.Inputs() {
		list = append(list, ValueReason{Name: in.Name, Reason: "the network's input"})
	}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v != "" {
				list = append(list, f.explain(n, v))
			}
		}
	}
	return list, nil
}

// finder decides about values; all its facts are collected before.
type finder struct {
	graph    *Graph
	set      EdgeSet
	use      usage
	chain    map[string]Chain // by output
	leads    map[string]bool  // values that reach a network output, and nothing else, through views
	varies   map[string]bool  // values that depend on the input
	oneSided map[string]bool
	sequence map[string]bool // values of three axes that are (1, channels, length)
	passing  map[string]bool // outputs that go on to another part
}

func (g *Graph) finder(set EdgeSet) (*finder, error) {
	if set == "" {
		set = Stored
	}
	if !slices.Contains(EdgeSets(), set) {
		return nil, fmt.Errorf("%w: %q, there are %q", ErrEdgeSet, set, EdgeSets())
	}
	f := &finder{graph: g, set: set, use: g.usage(), chain: map[string]Chain{}, leads: map[string]bool{}, passing: map[string]bool{}}
	for _, c := range g.Chains() {
		f.chain[c.Output] = c
	}
	f.varies = g.varying()
	f.oneSided = g.NonNegative()
	f.sequence = g.sequences()
	for _, n := range slices.Backward(g.Nodes) {
		for _, v := range n.Outputs {
			f.leads[v] = f.onlyLeadsOut(v)
		}
	}
	return f, nil
}

// onlyLeadsOut tells whether every reader of v is a view whose results only lead out.
func (f *finder) onlyLeadsOut(v string) bool {
	for _, r := range f.use.readers[v] {
		for _, o := range r.Outputs {
			if r.role() != views || !f.use.output[o] && !f.leads[o] {
				return false
			}
		}
	}
	return f.use.output[v] || len(f.use.readers[v]) > 0
}

// varying returns the values that depend on the input.
func (g *Graph) varying() map[string]bool {
	m := map[string]bool{}
	for _, in := range g.Inputs() {
		m[in.Name] = true
	}
	for _, n := range g.Nodes {
		if slices.ContainsFunc(n.Inputs, func(v string) bool { return m[v] }) {
			for _, o := range n.Outputs {
				m[o] = true
			}
		}
	}
	return m
}

// explain decides about one value that n writes.
func (f *finder) explain(n *Node, v string) ValueReason {
	r := ValueReason{Name: v, Node: n.Name, Op: n.Op}
	switch {
	case f.use.output[v] && !f.passing[v]:
		r.Reason = "a network output"
	case !f.varies[v]:
		r.Reason = "a constant: it does not depend on the input"
	case len(f.use.readers[v]) == 0 && !f.passing[v]: // of a node with several outputs
		r.Reason = "nothing reads it"
	case n.role() == views:
		r.Reason = n.Op + " creates no new values"
	case f.graph.Values[v].counts():
		r.Reason = "it holds truth values, indices or numbers of things, which are stored as they are"
	case v != n.Outputs[0]:
		r.Reason = "a further output of " + n.Op
	case f.set == Activations && n.role() != activates:
		r.Reason = n.Op + " is not an activation function"
	case f.leads[v] && !f.passing[v]:
		r.Reason = "only views lead from it to a network output"
	case f.set == Activations:
		r.Edge, r.Reason = true, "output of the activation function "+n.Op
	default:
		f.explainStored(&r, v)
		if f.set == Blocks && r.Edge {
			f.explainBlock(&r)
		}
	}
	return r
}

func (f *finder) explainStored(r *ValueReason, v string) {
	c, ok := f.chain[v]
	if !ok && len(f.use.readers[v]) == 0 {
		r.Reason = "nothing reads it"
		return
	}
	if !ok {
		next := f.use.readers[v][0]
		for next.Op == "Reshape" {
			next = f.use.readers[next.Outputs[0]][0]
		}
		r.Reason = fmt.Sprintf("fused into %s (node %q), which alone reads it", next.Op, next.Name)
		return
	}
	r.Edge, r.Op = true, c.Op()
	r.Reason = fmt.Sprintf("%s writes it for %s", r.Op, readersText(f.use.readers[v]))
}

// counts tells whether a value holds truth values or integers that are not quantized ones.
func (v Value) counts() bool {
	switch v.Elem { // of ONNX's TensorProto.DataType: INT32, INT64, BOOL, UINT32, UINT64
	case 6, 7, 9, 12, 13:
		return true
	}
	return false
}

func readersText(readers []*Node) string {
	if len(readers) == 0 {
		return "the part behind"
	}
	if len(readers) == 1 {
		return readers[0].Op
	}
	return fmt.Sprintf("%d readers", len(readers))
}

func (f *finder) edge(r ValueReason) Edge {
	e := Edge{Name: r.Name, Node: r.Node, Op: r.Op, Reason: r.Reason, OneSided: f.oneSided[r.Name]}
	if c, ok := f.chain[r.Name]; ok {
		e.Op = c.Op()
	}
	e.Shape = slices.Clone(f.graph.Values[r.Name].Shape)
	e.setPlanes(f.sequence[r.Name])
	n := f.use.writer[r.Name]
	e.RowSums = n.Op == "Softmax" && n.Attrs.Int("axis", -1) == len(e.Shape)-1
	return e
}

// setPlanes lays the shape out as channels of rows and columns. Axis 1 holds the channels of images and of the
// (1, channels, length) sequences of one-dimensional convolutions, the last axis those of (1, tokens, features), where
// a row is a token. Channels of one value each are no channels. What was split off into axis 0 counts as channels or
// tokens too.
func (e *Edge) setPlanes(sequence bool) {
	s, size := e.Shape, tensor.Size(e.Shape)
	e.Channels, e.Rows, e.Cols = 1, 1, size
	switch {
	case len(s) == 3 && !sequence && s[0]*s[1] > 1:
		e.Channels, e.Rows, e.Cols, e.ChannelsLast = s[2], s[0]*s[1], 1, true
	case len(s) == 3 && sequence && s[2] > 1:
		e.Channels, e.Cols = s[0]*s[1], s[2]
	case len(s) > 3 && size > s[0]*s[1]:
		e.Channels, e.Cols = s[0]*s[1], s[len(s)-1]
		e.Rows = size / (e.Channels * e.Cols)
	}
}
