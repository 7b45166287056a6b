package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// builder goes once through a model in topological order: every node is lowered to canonical form, its outputs'
// shapes inferred, and, where all that it reads is constant, it is folded.
type builder struct {
	opset    int
	input    string
	inputs   map[string]bool // the input and what a part reads besides
	taken    map[string]bool
	next     map[string]int // numbers of fresh names
	consts   map[string]*graph.Tensor
	values   map[string]graph.Value
	alias    map[string]string      // values that are other values
	lost     map[string]bool        // values whose node was refused, or that depend on one
	read     map[string]bool        // values that a live node or an output reads
	kinds    map[string]kind        // values that hold integers or truth values as floats; by the names of the file
	declared map[string]elementType // types of the outputs, where the file gives them
	trained  map[string]graph.Moments
	model    *model
	batch    int // the batch that the file fixes, 0: one or any
	nodes    []*graph.Node
	bad      []graph.UnsupportedNode
	folded   int // elements of constants made so far
	work     int // elements that were read to make them
}

// build makes the Graph of a model.
func build(m *model, opt Options) (*graph.Graph, error) {
	if opt.Part {
		return buildPart(m)
	}
	shape, fixed, err := m.input.shape(opt.Shape)
	if err != nil {
		return nil, err
	}
	if fixed == 0 {
		return newBuilder(m, shape, 0).build(m)
	}
	again := m.clone()
	g, err := newBuilder(m, shape, fixed).build(m)
	if err == nil {
		var whole *graph.Graph
		if whole, err = newBuilder(again, append([]int{fixed}, shape[1:]...), 0).build(again); err == nil {
			return g, rebatched(g, whole, fixed)
		}
	}
	var unsupported *graph.UnsupportedError
	if errors.As(err, &unsupported) {
		return nil, err
	}
	return nil, fmt.Errorf("%w: the model fixes the batch of input %q to %d and cannot be read for a batch of 1 "+
		"(export it with that, or with a dynamic batch axis): %w", ErrShape, m.input.name, fixed, err)
}

// buildPart makes the Graph of a part of a cut.
func buildPart(m *model) (*graph.Graph, error) {
	shape, err := m.input.whole()
	if err != nil {
		return nil, err
	}
	b := newBuilder(m, shape, 0)
	for _, in := range m.others {
		shape, err := in.whole()
		if err != nil {
			return nil, err
		}
		b.enter(in, shape)
	}
	return b.build(m)
}

func (b *builder) build(m *model) (*graph.Graph, error) {
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
	b.nameNodes()
	g := b.graph(m)
	if err := b.simplify(g); err != nil {
		return nil, err
	}
	return g, nil
}

func newBuilder(m *model, shape []int, fixed int) *builder {
	b := &builder{
		opset: m.opset, input: m.input.name, inputs: map[string]bool{}, taken: m.taken, next: map[string]int{}, consts: m.consts,
		values: map[string]graph.Value{}, alias: map[string]string{}, lost: map[string]bool{}, read: m.reads(),
		kinds: map[string]kind{}, declared: m.declared, trained: map[string]graph.Moments{}, model: m, batch: fixed,
	}
	b.enter(m.input, shape)
	for name, t := range b.consts {
		b.values[name] = graph.Value{Name: name, Type: t.Type, Shape: t.Shape}
	}
	return b
}

func (b *builder) enter(in input, shape []int) {
	b.inputs[in.name] = true
	b.values[in.name] = graph.Value{Name: in.name, Type: graph.Float32, Shape: shape, Elem: int32(in.elem)}
	if k, ok := ranges[in.elem]; ok {
		b.kinds[in.name] = k
	}
}

// lower handles one node of the file. A node that cannot be run is noted and what depends on it skipped, so that one
// error can list them all.
func (b *builder) lower(n *graph.Node, broken refusal) error {
	op, err := find(n, b.opset)
	if err == nil && broken != "" {
		err = broken
	}
	c := &call{builder: b, node: n, file: n}
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
		b.noteKinds(n.Outputs)
		return nil
	}
	for _, o := range n.Outputs {
		b.lost[o] = true
	}
	return nil
}

// noteKinds keeps with values that nodes write what they hold.
func (b *builder) noteKinds(outputs []string) {
	for _, o := range outputs {
		k, ok := b.kinds[o]
		v := b.values[b.resolved(o)]
		if ok && v.Type == graph.Float32 && b.consts[v.Name] == nil && !b.inputs[v.Name] {
			v.Elem = int32(k.elem)
			b.values[v.Name] = v
		}
	}
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
	elems := map[string]elementType{}
	for _, o := range outputs {
		isOutput[o] = true
		elems[o] = b.elementOf(o)
	}
	moved := b.moveConstants(outputs)
	for _, o := range outputs {
		if b.inputs[o] {
			return fmt.Errorf("%w: output %q is the network's input", graph.ErrUnsupported, o)
		}
		source, ok := b.alias[o]
		if to := moved[o]; to != "" {
			source, ok = to, true
		}
		if !ok {
			continue
		}
		if to := moved[source]; to != "" {
			source = to
		}
		v := b.values[source]
		b.values[o] = graph.Value{Name: o, Type: v.Type, Shape: v.Shape}
		if b.consts[source] == nil && !b.inputs[source] && !isOutput[source] && renamed[source] == "" {
			renamed[source] = o
			continue
		}
		if err := b.identity(source, o); err != nil {
			return err
		}
	}
	b.rename(renamed)
	for o, elem := range elems {
		v := b.values[o]
		v.Elem = int32(elem)
		b.values[o] = v
	}
	return nil
}

// moveConstants gives constants that are outputs another name, also where nodes read them, and returns the new names.
func (b *builder) moveConstants(outputs []string) map[string]string {
	moved := map[string]string{}
	for _, o := range outputs {
		if t := b.consts[o]; t != nil {
			moved[o] = b.fresh(o + "/constant")
			b.constant(moved[o], t)
			delete(b.consts, o)
		}
	}
	b.rename(moved)
	return moved
}

// elementOf is the type of an output: the one that the file declares, else the one that its node has.
func (b *builder) elementOf(o string) elementType {
	k, ok := b.kinds[o]
	switch t := b.consts[o]; {
	case b.declared[o] != 0:
		return b.declared[o]
	case ok:
		return k.elem
	case t != nil:
		k, _ := kindOfTensor(t)
		return max(k.elem, onnxpb.TensorProto_FLOAT)
	}
	return onnxpb.TensorProto_FLOAT
}

// identity writes a copy of a value as an output.
func (b *builder) identity(source, o string) error {
	v := b.values[o]
	if n, err := elements(v.Shape); err != nil || n == 0 {
		return fmt.Errorf("%w: output %q is empty", graph.ErrUnsupported, o)
	}
	if t := b.consts[source]; t != nil && t.Type != graph.Float32 {
		if i := slices.IndexFunc(t.Ints, func(v int64) bool { return int64(float32(v)) != v }); i >= 0 {
			return fmt.Errorf("%w: output %q holds the integer %d", graph.ErrUnsupported, o, t.Ints[i])
		}
		source = b.fresh(o + "/floats") // nodes may read the integers
		b.constant(source, castTensor(t, graph.Float32))
		b.values[o] = graph.Value{Name: o, Type: graph.Float32, Shape: v.Shape}
	}
	b.nodes = append(b.nodes, &graph.Node{Name: "Identity_" + o, Op: "Identity", Inputs: []string{source},
		Outputs: []string{o}, Attrs: graph.Attributes{}})
	return nil
}

// rename gives values other names wherever nodes read or write them.
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

// nameNodes makes the names of nodes unique: one node of the file may have become several of a kind.
func (b *builder) nameNodes() {
	number := map[string]int{} // of the last node of a name
	for _, n := range b.nodes {
		number[n.Name] = 1
	}
	seen := map[string]bool{}
	for _, n := range b.nodes {
		base := n.Name
		for seen[n.Name] {
			number[base]++
			n.Name = fmt.Sprintf("%s_%d", base, number[base])
			if number[n.Name] > 0 { // another node of the file is called so
				n.Name = base
			}
		}
		seen[n.Name] = true
	}
}

func (b *builder) graph(m *model) *graph.Graph {
	g := &graph.Graph{
		Name: m.name, Opset: m.opset, Input: b.values[b.input], Nodes: b.nodes, Constants: b.consts, Values: b.values, Trained: b.trained,
	}
	for _, in := range m.others {
		g.Others = append(g.Others, b.values[in.name])
	}
	for _, o := range m.outputs {
		g.Outputs = append(g.Outputs, b.values[o])
	}
	return g
}
