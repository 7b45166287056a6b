package gradient

import (
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// sketch is a small network in the making, for the engine to run. The outputs of its last node are its own.
type sketch struct {
	graph  *graph.Graph
	inputs []graph.Value
}

func newSketch() *sketch {
	return &sketch{graph: &graph.Graph{Constants: map[string]*graph.Tensor{}, Values: map[string]graph.Value{}}}
}

func (k *sketch) value(name string, shape []int) graph.Value {
	v := graph.Value{Name: name, Type: graph.Float32, Shape: shape}
	k.graph.Values[name] = v
	return v
}

func (k *sketch) input(name string, shape []int) {
	k.inputs = append(k.inputs, k.value(name, shape))
}

func (k *sketch) constant(name string, t *graph.Tensor) {
	k.graph.Constants[name] = t
	k.graph.Values[name] = graph.Value{Name: name, Type: t.Type, Shape: t.Shape}
}

// node adds a node whose outputs are called as it is, and numbered if there are several.
func (k *sketch) node(name, op string, attrs graph.Attributes, shapes [][]int, inputs ...string) {
	n := &graph.Node{Name: name, Op: op, Attrs: attrs, Inputs: inputs}
	k.graph.Outputs = nil
	for i, shape := range shapes {
		out := name
		if i > 0 {
			out += string(rune('0' + i))
		}
		n.Outputs = append(n.Outputs, out)
		k.graph.Outputs = append(k.graph.Outputs, k.value(out, shape))
	}
	k.graph.Nodes = append(k.graph.Nodes, n)
}

func (k *sketch) compile(c Compile) (*small, error) {
	k.graph.Input, k.graph.Others = k.inputs[0], k.inputs[1:]
	prog, err := c(k.graph, nil)
	return &small{prog, k.inputs}, err
}

// small is a compiled sketch.
type small struct {
	prog   engine.Program
	inputs []graph.Value
}

func (m *small) run(values ...[]float32) ([]*tensor.Tensor, error) {
	in := make([]*tensor.Tensor, len(values))
	for i, v := range values {
		in[i] = &tensor.Tensor{Shape: m.inputs[i].Shape, Data: v}
	}
	return m.prog.RunInputs(in, nil)
}

// add runs the network and adds its output to a sum.
func (m *small) add(sum []float32, values ...[]float32) error {
	out, err := m.run(values...)
	if err != nil {
		return err
	}
	addTo(sum, out[0].Data)
	return nil
}
