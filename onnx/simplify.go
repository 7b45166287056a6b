package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// editor rewrites a finished graph. Nodes keep their places; removed ones are nil until prune.
type editor struct {
	*builder
	graph    *graph.Graph
	producer map[string]int   // value -> node that writes it
	readers  map[string][]int // value -> nodes that read it, one entry per use
	output   map[string]bool
}

// simplify recognizes functions that exporters spell out, folds per-channel scales and shifts into the weights before
// them, and drops what nobody reads.
func (b *builder) simplify(g *graph.Graph) error {
	prune(g)
	e := newEditor(b, g)
	if err := e.matchPatterns(); err != nil {
		return err
	}
	e = newEditor(b, g)
	if err := e.foldAffine(); err != nil {
		return err
	}
	newEditor(b, g).restoreClamps()
	prune(g)
	return nil
}

func newEditor(b *builder, g *graph.Graph) *editor {
	compact(g)
	e := &editor{b, g, map[string]int{}, map[string][]int{}, map[string]bool{}}
	for i, n := range g.Nodes {
		for _, v := range n.Inputs {
			e.readers[v] = append(e.readers[v], i)
		}
		for _, v := range n.Outputs {
			e.producer[v] = i
		}
	}
	for _, o := range g.Outputs {
		e.output[o.Name] = true
	}
	return e
}

// compact closes the gaps that removed nodes left.
func compact(g *graph.Graph) {
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n *graph.Node) bool { return n == nil })
}

// only returns the node that alone reads value v, once; false for several, none, or a network output.
func (e *editor) only(v string) (int, bool) {
	r := e.readers[v]
	if len(r) != 1 || e.output[v] || e.graph.Nodes[r[0]] == nil {
		return 0, false
	}
	return r[0], true
}

// newConstant adds a constant of the reader's own.
func (e *editor) newConstant(name string, t *graph.Tensor) (string, error) {
	if _, err := e.reserve(t.Shape); err != nil {
		return "", err
	}
	name = e.fresh(name)
	e.constant(name, t)
	return name, nil
}

// prune drops nodes from which no output is reached, and constants and values that no node reads or writes.
func prune(g *graph.Graph) {
	compact(g)
	used := map[string]bool{g.Input.Name: true}
	for _, o := range g.Outputs {
		used[o.Name] = true
	}
	for i, n := range slices.Backward(g.Nodes) {
		if !slices.ContainsFunc(n.Outputs, func(o string) bool { return used[o] }) {
			g.Nodes[i] = nil
			continue
		}
		for _, v := range slices.Concat(n.Inputs, n.Outputs) {
			used[v] = true
		}
	}
	compact(g)
	for name := range g.Values {
		if !used[name] || name == "" {
			delete(g.Values, name)
			delete(g.Constants, name)
		}
	}
}
