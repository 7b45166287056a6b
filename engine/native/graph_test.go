package native

import "github.com/dqa-go/dqa/graph"

// graphBuilder puts small graphs together by hand.
type graphBuilder struct{ g *graph.Graph }

func newGraphBuilder(inputShape ...int) *graphBuilder {
	b := &graphBuilder{g: &graph.Graph{
		Opset: 19, Values: map[string]graph.Value{}, Constants: map[string]*graph.Tensor{},
	}}
	b.g.Input = b.value("input", inputShape...)
	return b
}

// value declares a value that is computed at run time.
func (b *graphBuilder) value(name string, shape ...int) graph.Value {
	v := graph.Value{Name: name, Type: graph.Float32, Shape: shape}
	b.g.Values[name] = v
	return v
}

func (b *graphBuilder) constant(name string, t *graph.Tensor) {
	b.g.Constants[name] = t
	b.g.Values[name] = graph.Value{Name: name, Type: t.Type, Shape: t.Shape}
}

// node adds a node with one output of the given shape.
func (b *graphBuilder) node(op, out string, shape []int, attrs graph.Attributes, inputs ...string) {
	b.value(out, shape...)
	b.g.Nodes = append(b.g.Nodes, &graph.Node{Name: op + "_" + out, Op: op, Inputs: inputs, Outputs: []string{out}, Attrs: attrs})
}

// outputs names the network's outputs.
func (b *graphBuilder) outputs(names ...string) {
	for _, name := range names {
		b.g.Outputs = append(b.g.Outputs, b.g.Values[name])
	}
}
