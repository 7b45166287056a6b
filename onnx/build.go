package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// builder goes once through a model in topological order: every node is lowered to canonical form, its outputs'
// shapes inferred, and, where all that it reads is constant, it is folded.
type builder struct {
	opset     int
	input     string
	taken     map[string]bool
	next      map[string]int // numbers of fresh names
	consts    map[string]*graph.Tensor
	values    map[string]graph.Value
	alias     map[string]string      // values that are other values
	lost      map[string]bool        // values whose node was refused, or that depend on one
	read      map[string]bool        // values that a live node or an output reads
	quantized map[string]elementType // values that hold integers of a narrow type as floats
	nodes     []*graph.Node
	bad       []graph.UnsupportedNode
	folded    int // elements of constants made so far
	work      int // elements that were read to make them
}

// build makes the Graph of a model.
func build(m *model, opt Options) (*graph.Graph, error) {
	shape, err := m.input.shape(opt.Shape)
	if err != nil {
		return nil, err
	}
	b := newBuilder(m, shape)
	for _, n := range m.nodes {
		if err := b.lower(n, m.broken[n]); err != nil {
			return nil, err
		}
	}
	if len(b.bad) > 0 {
		return nil, &graph.UnsupportedError{Nodes: b.bad}
	}
	if err := b.settleOutputs(m.outputs); err != nil {
		return nil, err
	}
	g := b.graph(m)
	if err := b.simplify(g); err != nil {
		return nil, err
	}
	return g, nil
}

func newBuilder(m *model, shape []int) *builder {
	b := &builder{
		opset: m.opset, input: m.input.name, taken: m.taken, next: map[string]int{}, consts: m.consts,
		values: map[string]graph.Value{}, alias: map[string]string{}, lost: map[string]bool{}, read: m.reads(),
		quantized: map[string]elementType{},
	}
	b.values[b.input] = graph.Value{Name: b.input, Type: graph.Float32, Shape: shape}
	for name, t := range b.consts {
		b.values[name] = graph.Value{Name: name, Type: t.Type, Shape: t.Shape}
	}
	return b
}

// lower handles one node of the file. A node that cannot be run is noted and what depends on it skipped, so that one
// error can list them all.
func (b *builder) lower(n *graph.Node, broken refusal) error {
	op, err := find(n, b.opset)
	if err == nil && broken != "" {
		err = broken
	}
	c := &call{builder: b, node: n}
	known := c.resolve()
	if err == nil && known {
		err = op.run(c)
	}
	var r refusal
	switch {
	case errors.As(err, &r):
		b.bad = append(b.bad, graph.UnsupportedNode{Name: n.Name, Op: qualified(n), Opset: b.opset, Reason: string(r)})
	case err != nil:
		return fmt.Errorf("node %q (%s): %w", n.Name, qualified(n), err)
	case known:
		return nil
	}
	for _, o := range n.Outputs {
		b.lost[o] = true
	}
	return nil
}

func qualified(n *graph.Node) string {
	if n.Domain == "" {
		return n.Op
	}
	return n.Domain + "." + n.Op
}

// fresh returns a value name that the model does not use.
func (b *builder) fresh(base string) string {
	name := base
	for b.taken[name] {
		b.next[base]++
		name = fmt.Sprintf("%s_%d", base, b.next[base])
	}
	b.taken[name] = true
	return name
}

// constant gives t the name.
func (b *builder) constant(name string, t *graph.Tensor) {
	b.consts[name] = t
	b.values[name] = graph.Value{Name: name, Type: t.Type, Shape: t.Shape}
}

// spend counts elements that are read one by one: many nodes may share one constant, or one channel axis.
func (b *builder) spend(n int) error {
	if b.work += n; b.work > maxWork {
		return fmt.Errorf("%w: folding constants reads more than %d elements", graph.ErrLimit, maxWork)
	}
	return nil
}

// reserve checks that one more constant of that shape may be made, and returns its number of elements.
func (b *builder) reserve(shape []int) (int, error) {
	n, err := elements(shape)
	if err != nil {
		return 0, err
	}
	if b.folded += n; b.folded > MaxElements {
		return 0, fmt.Errorf("%w: folded constants have more than %d elements", graph.ErrLimit, MaxElements)
	}
	return n, nil
}

// reserveOf is reserve for a constant of any type: integers take the room of two floats.
func (b *builder) reserveOf(t graph.DType, shape []int) error {
	_, err := b.reserve(shape)
	if err == nil && t != graph.Float32 {
		_, err = b.reserve(shape)
	}
	return err
}

// settleOutputs makes every network output a value that a node writes under its own name.
func (b *builder) settleOutputs(outputs []string) error {
	isOutput, renamed := map[string]bool{}, map[string]string{}
	for _, o := range outputs {
		isOutput[o] = true
	}
	for _, o := range outputs {
		source, ok := b.alias[o]
		switch {
		case o == b.input:
			return fmt.Errorf("%w: output %q is the network's input", graph.ErrUnsupported, o)
		case b.consts[o] != nil:
			source, ok = b.fresh(o+"/constant"), true
			b.constant(source, b.consts[o])
			delete(b.consts, o)
		}
		if !ok {
			continue
		}
		v := b.values[source]
		b.values[o] = graph.Value{Name: o, Type: v.Type, Shape: v.Shape}
		if b.consts[source] == nil && source != b.input && !isOutput[source] && renamed[source] == "" {
			renamed[source] = o
			continue
		}
		if err := b.identity(source, o); err != nil {
			return err
		}
	}
	b.rename(renamed)
	return nil
}

// identity writes a copy of a value as an output.
func (b *builder) identity(source, o string) error {
	v := b.values[o]
	if n, err := elements(v.Shape); err != nil || n == 0 || v.Type != graph.Float32 {
		return fmt.Errorf("%w: output %q is empty or holds integers", graph.ErrUnsupported, o)
	}
	b.nodes = append(b.nodes, &graph.Node{Name: "Identity_" + o, Op: "Identity", Inputs: []string{source}, Outputs: []string{o}, Attrs: graph.Attributes{}})
	return nil
}

// rename gives values that nodes write the names of the network outputs that are the same values.
func (b *builder) rename(names map[string]string) {
	swap := func(list []string) []string {
		list = slices.Clone(list)
		for i, v := range list {
			if to, ok := names[v]; ok {
				list[i] = to
			}
		}
		return list
	}
	for _, n := range b.nodes {
		n.Inputs, n.Outputs = swap(n.Inputs), swap(n.Outputs)
	}
}

func (b *builder) graph(m *model) *graph.Graph {
	g := &graph.Graph{Name: m.name, Opset: m.opset, Input: b.values[b.input], Nodes: b.nodes, Constants: b.consts, Values: b.values}
	for _, o := range m.outputs {
		g.Outputs = append(g.Outputs, b.values[o])
	}
	return g
}
