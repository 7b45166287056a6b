package native

import (
	"github.com/dqa-go/dqa/onnx"
)

// graphBuilder puts small graphs together by hand.
type graphBuilder struct{ g *onnx.Graph }

func newGraphBuilder(inputShape ...int) *graphBuilder {
	b := &graphBuilder{g: &onnx.Graph{
		Opset: 19, Values: map[string]onnx.Value{}, Constants: map[string]*onnx.Tensor{},
	}}
	b.g.Input = b.value("input", inputShape...)
	return b
}

// value declares a value that is computed at run time.
func (b *graphBuilder) value(name string, shape ...int) onnx.Value {
	v := onnx.Value{Name: name, Type: onnx.Float32, Shape: shape}
	b.g.Values[name] = v
	return v
}

func (b *graphBuilder) constant(name string, t *onnx.Tensor) {
	b.g.Constants[name] = t
	b.g.Values[name] = onnx.Value{Name: name, Type: t.Type, Shape: t.Shape}
}

// node adds a node with one output of the given shape.
func (b *graphBuilder) node(op, out string, shape []int, attrs onnx.Attributes, inputs ...string) {
	b.value(out, shape...)
	b.g.Nodes = append(b.g.Nodes, &onnx.Node{Name: op + "_" + out, Op: op, Inputs: inputs, Outputs: []string{out}, Attrs: attrs})
}

// outputs names the network's outputs.
func (b *graphBuilder) outputs(names ...string) {
	for _, name := range names {
		b.g.Outputs = append(b.g.Outputs, b.g.Values[name])
	}
}
