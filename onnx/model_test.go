package onnx

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// protoModel builds small ONNX files for tests: one input "x" with a dynamic batch, outputs as named.
type protoModel struct {
	opset int64
	graph onnxpb.GraphProto
}

// net starts a model; shape is that of "x" behind the batch, 0 for an axis named "size".
func net(opset int64, shape ...int64) *protoModel {
	m := &protoModel{opset: opset}
	m.graph.Name = proto.String("test")
	m.graph.Input = []*onnxpb.ValueInfoProto{valueInfo("x", append([]int64{0}, shape...)...)}
	m.graph.Input[0].Type.GetTensorType().Shape.Dim[0].Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}
	return m
}

func valueInfo(name string, shape ...int64) *onnxpb.ValueInfoProto {
	dims := make([]*onnxpb.TensorShapeProto_Dimension, len(shape))
	for i, d := range shape {
		dims[i] = &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: d}}
		if d == 0 {
			dims[i].Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: "size"}
		}
	}
	tensor := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(onnxpb.TensorProto_FLOAT)), Shape: &onnxpb.TensorShapeProto{Dim: dims}}
	return &onnxpb.ValueInfoProto{Name: &name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: tensor}}}
}

// node adds a node; inputs and outputs are lists separated by blanks ("_" is an absent input), attributes pairs of name
// and value.
func (m *protoModel) node(op, inputs, outputs string, attributes ...any) *protoModel {
	n := &onnxpb.NodeProto{OpType: &op, Input: strings.Fields(inputs), Output: strings.Fields(outputs)}
	for i, v := range n.Input {
		if v == "_" {
			n.Input[i] = ""
		}
	}
	for i := 0; i < len(attributes); i += 2 {
		n.Attribute = append(n.Attribute, protoAttribute(attributes[i].(string), attributes[i+1]))
	}
	m.graph.Node = append(m.graph.Node, n)
	return m
}

func protoAttribute(name string, v any) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: &name}
	switch v := v.(type) {
	case int:
		a.Type, a.I = onnxpb.AttributeProto_INT.Enum(), proto.Int64(int64(v))
	case int64:
		a.Type, a.I = onnxpb.AttributeProto_INT.Enum(), proto.Int64(v)
	case float64:
		a.Type, a.F = onnxpb.AttributeProto_FLOAT.Enum(), proto.Float32(float32(v))
	case string:
		a.Type, a.S = onnxpb.AttributeProto_STRING.Enum(), []byte(v)
	case []int64:
		a.Type, a.Ints = onnxpb.AttributeProto_INTS.Enum(), v
	case []float32:
		a.Type, a.Floats = onnxpb.AttributeProto_FLOATS.Enum(), v
	case *onnxpb.GraphProto:
		a.Type, a.G = onnxpb.AttributeProto_GRAPH.Enum(), v
	case *onnxpb.TensorProto:
		a.Type, a.T = onnxpb.AttributeProto_TENSOR.Enum(), v
	default:
		panic("a test gives an attribute of a type that is not known")
	}
	return a
}

// floats adds an initializer; missing values repeat those given.
func (m *protoModel) floats(name string, shape []int64, values ...float32) *protoModel {
	m.graph.Initializer = append(m.graph.Initializer, floatProto(name, shape, values...))
	return m
}

func floatProto(name string, shape []int64, values ...float32) *onnxpb.TensorProto {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	t := &onnxpb.TensorProto{Name: &name, Dims: shape, DataType: proto.Int32(int32(onnxpb.TensorProto_FLOAT))}
	for i := range n {
		t.FloatData = append(t.FloatData, values[int(i)%len(values)])
	}
	return t
}

// ints adds a vector of integers, scalar one without axes.
func (m *protoModel) ints(name string, values ...int64) *protoModel {
	m.graph.Initializer = append(m.graph.Initializer, &onnxpb.TensorProto{
		Name: &name, Dims: []int64{int64(len(values))}, DataType: proto.Int32(int32(onnxpb.TensorProto_INT64)), Int64Data: values,
	})
	return m
}

func (m *protoModel) scalar(name string, value int64) *protoModel {
	m.ints(name, value)
	m.graph.Initializer[len(m.graph.Initializer)-1].Dims = nil
	return m
}

func (m *protoModel) outputs(names ...string) *protoModel {
	for _, n := range names {
		m.graph.Output = append(m.graph.Output, &onnxpb.ValueInfoProto{Name: &n})
	}
	return m
}

// conv adds a convolution of 3x3 that keeps the size, with random-looking weights.
func (m *protoModel) conv(x, y string, in, out int64, attributes ...any) *protoModel {
	m.floats("w_"+y, []int64{out, in, 3, 3}, 0.5, -1, 2, 0.25, -0.125)
	return m.node("Conv", x+" w_"+y, y, append([]any{"pads", []int64{1, 1, 1, 1}}, attributes...)...)
}

func (m *protoModel) bytes(t testing.TB) []byte {
	t.Helper()
	model := &onnxpb.ModelProto{
		IrVersion: proto.Int64(8), Graph: &m.graph,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: &m.opset}},
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// parse reads the model, which must succeed.
func (m *protoModel) parse(t testing.TB) *graph.Graph {
	t.Helper()
	g, err := Parse(m.bytes(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// fails reads the model, which must fail with an error that is want and says text.
func (m *protoModel) fails(t testing.TB, want error, text string) {
	t.Helper()
	_, err := Parse(m.bytes(t), Options{})
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("got error %v, want %v saying %q", err, want, text)
	}
}

// ops lists the operators of a graph in order.
func ops(g *graph.Graph) string {
	var list []string
	for _, n := range g.Nodes {
		list = append(list, n.Op)
	}
	return strings.Join(list, " ")
}

// check verifies what every graph promises, whatever the model was.
func checkGraph(g *graph.Graph, t testing.TB) {
	t.Helper()
	known := map[string]bool{g.Input.Name: true}
	for name := range g.Constants {
		known[name] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if !known[v] {
				t.Fatalf("node %q reads %q before it is written", n.Name, v)
			}
		}
		for _, v := range n.Outputs {
			known[v] = true
			if size, err := elements(g.Values[v].Shape); v != "" && (err != nil || size == 0 || g.Values[v].Type != graph.Float32) {
				t.Fatalf("value %q: %v, %v", v, g.Values[v], err)
			}
		}
	}
	for _, o := range g.Outputs {
		if !known[o.Name] || g.Constants[o.Name] != nil || !slices.Equal(o.Shape, g.Values[o.Name].Shape) {
			t.Fatalf("output %q is not written", o.Name)
		}
	}
	for _, set := range []graph.EdgeSet{graph.Stored, graph.Activations} {
		checkEdges(g, t, set)
	}
}

func checkEdges(g *graph.Graph, t testing.TB, set graph.EdgeSet) {
	t.Helper()
	edges, err := g.FindEdges(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edges {
		if e.Channels*e.Rows*e.Cols != product(e.Shape) {
			t.Fatalf("edge %q: planes %d x %d x %d of shape %v", e.Name, e.Channels, e.Rows, e.Cols, e.Shape)
		}
	}
	list, err := g.ExplainValues(set)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, r := range list {
		if r.Edge {
			count++
		}
		if r.Reason == "" {
			t.Fatalf("no reason for %q", r.Name)
		}
	}
	if count != len(edges) {
		t.Fatalf("%d edges, %d values explained as one", len(edges), count)
	}
}
