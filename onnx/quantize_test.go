package onnx

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// narrow adds an initializer of an integer type; a single value is a scalar.
func (m *protoModel) narrow(name string, elem onnxpb.TensorProto_DataType, values ...int32) *protoModel {
	t := &onnxpb.TensorProto{Name: &name, Dims: []int64{int64(len(values))}, DataType: proto.Int32(int32(elem)), Int32Data: values}
	if len(values) == 1 {
		t.Dims = nil
	}
	m.graph.Initializer = append(m.graph.Initializer, t)
	return m
}

const (
	int8s  = onnxpb.TensorProto_INT8
	uint8s = onnxpb.TensorProto_UINT8
	int32s = onnxpb.TensorProto_INT32
)

// quantized starts a model whose "q" is "x" quantized to uint8 with scale "s" and zero point "z".
func quantized(opset int64, shape ...int64) *protoModel {
	return net(opset, shape...).floats("s", nil, 0.5).narrow("z", uint8s, 3).node("QuantizeLinear", "x s z", "q")
}

func TestQuantizeForms(t *testing.T) {
	same := graph.Attributes{"axis": int64(0), "min": float32(0), "max": float32(255)}
	for _, c := range []struct {
		name  string
		model *protoModel
		low   float32
		high  float32
		zero  []float32
	}{
		{"uint8", quantized(13, 4), 0, 255, []float32{3}},
		{"int8", net(10, 4).floats("s", nil, 1).narrow("z", int8s, -5).node("QuantizeLinear", "x s z", "q"), -128, 127, []float32{-5}},
		{"no zero point", net(13, 4).floats("s", nil, 1).node("QuantizeLinear", "x s", "q"), 0, 255, []float32{0}},
		{"output type", net(21, 4).floats("s", nil, 1).node("QuantizeLinear", "x s", "q", "output_dtype", int(int8s)), -128, 127, []float32{0}},
		{"cast zero point", net(13, 4).floats("s", nil, 1).floats("f", nil, 7).node("Cast", "f", "z", "to", int(int8s)).node("QuantizeLinear", "x s z", "q"), -128, 127, []float32{7}},
		{"zero point that was moved", net(13, 4).floats("s", []int64{1}, 1).narrow("i", int8s, 7).ints("one", 1).node("Reshape", "i one", "z").node("QuantizeLinear", "x s z", "q"), -128, 127, []float32{7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.node("DequantizeLinear", c.model.graph.Node[len(c.model.graph.Node)-1].Output[0]+" s"+zeroOf(c.model), "y").outputs("y").parse(t)
			checkGraph(g, t)
			if ops(g) != "QuantizeLinear DequantizeLinear" {
				t.Fatal(ops(g))
			}
			for _, n := range g.Nodes {
				a := n.Attrs
				if len(a) != len(same) || a.Float("min", 1) != c.low || a.Float("max", 1) != c.high || a.Int("axis", 1) != 0 {
					t.Errorf("%s: attributes %v", n.Op, a)
				}
				if z := g.Constants[n.Inputs[2]]; z.Type != graph.Float32 || !slices.Equal(z.Floats, c.zero) {
					t.Errorf("%s: zero point %v", n.Op, z)
				}
			}
		})
	}
}

// zeroOf is " z" where the model has such a value.
func zeroOf(m *protoModel) string {
	if len(m.graph.Node[len(m.graph.Node)-1].Input) > 2 {
		return " z"
	}
	return ""
}

// TestQuantizedConstants folds both operators: weights per channel, int32 biases, and fake quantization of floats.
func TestQuantizedConstants(t *testing.T) {
	g := net(13, 4).
		floats("s", []int64{2}, 0.5, 2).narrow("z", int8s, 1, -1).narrow("i", int8s, 2, -3, 4, 127).ints("two", 2, 2).
		node("Reshape", "i two", "w").node("DequantizeLinear", "w s z", "a", "axis", 0).
		floats("b", []int64{2}, 0.25, 0.5).narrow("k", int32s, 1<<30, -3).node("DequantizeLinear", "k b", "c", "axis", 0).
		floats("one", nil, 1).floats("f", []int64{6}, -0.5, 0.5, 1.5, 2.5, -9, 300).node("QuantizeLinear", "f one", "h").node("DequantizeLinear", "h one", "d").
		node("Identity", "a", "A").node("Identity", "c", "C").node("Identity", "d", "D").outputs("A", "C", "D").
		node("Relu", "x", "y").outputs("y").parse(t)
	checkGraph(g, t)
	for _, n := range g.Nodes {
		want := map[string][]float32{"A": {0.5, -2, 10, 256}, "C": {1 << 28, -1.5}, "D": {0, 0, 2, 2, 0, 255}}[n.Outputs[0]]
		if want != nil && !slices.Equal(g.Constants[n.Inputs[0]].Floats, want) {
			t.Errorf("%s: %v, want %v", n.Outputs[0], g.Constants[n.Inputs[0]].Floats, want)
		}
	}
}

func TestQuantizedValuesPass(t *testing.T) {
	m := quantized(13, 4, 6, 6).narrow("low", uint8s, 5).narrow("more", uint8s, 7, 8).ints("s4", 1, 2, 1, 1).ints("tiles", 1, 1, 36).
		node("MaxPool", "q", "a", "kernel_shape", []int64{2, 2}).node("Clip", "a low", "b").node("Transpose", "b", "c", "perm", []int64{0, 1, 3, 2}).
		ints("flat", 1, -1).node("Reshape", "c flat", "d").node("Reshape", "more flat", "e").node("Concat", "e d", "f", "axis", 1).
		node("DequantizeLinear", "f s z", "y").outputs("y")
	g := m.parse(t)
	checkGraph(g, t)
	if want := "QuantizeLinear MaxPool Clip Transpose Reshape Concat DequantizeLinear"; ops(g) != want {
		t.Errorf("%s, want %s", ops(g), want)
	}
	if n := g.Nodes[2]; n.Attrs.Float("min", 0) != 5 {
		t.Errorf("clipped at %v", n.Attrs)
	}
	if k := g.Constants[g.Nodes[5].Inputs[0]]; !slices.Equal(k.Floats, []float32{7, 8}) {
		t.Errorf("joined with %v", k)
	}
}

func TestQuantizeRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *protoModel
		want  error
		text  string
	}{
		{"arithmetic", quantized(14, 4).node("Add", "q q", "y"), graph.ErrUnsupported, "may overflow"},
		{"twice", quantized(13, 4).node("QuantizeLinear", "q s z", "y"), graph.ErrUnsupported, "computes on integers"},
		{"two types", quantized(13, 4).narrow("w", int8s, 0).node("QuantizeLinear", "x s w", "r").node("Concat", "q r", "y",
			"axis", 0), ErrInvalid, "hold UINT8 and INT8"},
		{"other zero point", quantized(13, 4).narrow("w", int8s, 0).node("DequantizeLinear", "q s w", "y"), ErrInvalid, "UINT8 and a zero point of type INT8"},
		{"product with another zero point", quantized(13, 2, 3).ints("s2", 3, 1).narrow("v", uint8s, 1, 2, 3).node("Reshape",
			"v s2", "m").narrow("w", int8s, -1).
			node("MatMulInteger", "q m w", "y"), ErrInvalid, "UINT8 and a zero point of type INT8"},
		{"weights with another zero point", quantized(13, 3).narrow("v", uint8s, 1, 2, 3).narrow("w", int8s, -1).
			node("MatMulInteger", "q v z w", "y"), ErrInvalid, "UINT8 and a zero point of type INT8"},
		{"not quantized", net(13, 4).floats("s", nil, 1).node("DequantizeLinear", "x s", "y"), ErrInvalid, "does not hold quantized integers"},
		{"a float constant", net(13, 4).floats("s", nil, 1).node("DequantizeLinear", "s s", "y").node("Relu", "x", "r").outputs("r"), ErrInvalid, "does not hold quantized integers"},
		{"per channel before 13", net(12, 4).floats("s", []int64{4}, 1).node("QuantizeLinear", "x s", "y"), ErrInvalid, "opset 12 allows one"},
		{"scales", net(13, 4).floats("s", []int64{3}, 1).node("QuantizeLinear", "x s", "y"), ErrInvalid, "3 entries, 4 are needed"},
		{"zero points", net(13, 4).floats("s", []int64{4}, 1).narrow("z", int8s, 1, 2).node("QuantizeLinear", "x s z", "y"), ErrInvalid, "2 entries, 4 are needed"},
		{"axis", net(13, 4).floats("s", []int64{4}, 1).node("QuantizeLinear", "x s", "y", "axis", 2), ErrInvalid, "axis 2"},
		{"scale of nothing", net(13, 4).floats("s", nil, 0).node("QuantizeLinear", "x s", "y"), graph.ErrUnsupported, "scale 0"},
		{"computed scale", net(13, 4).node("ReduceMax", "x", "s").node("QuantizeLinear", "x s", "y"), graph.ErrUnsupported,
			"scale is computed at run time"},
		{"blocks", net(21, 4).floats("s", []int64{2}, 1).node("QuantizeLinear", "x s", "y", "block_size", 2), graph.ErrUnsupported, "blocks"},
		{"to int64", net(13, 4).floats("s", nil, 1).scalar("z", 0).node("QuantizeLinear", "x s z", "y"), graph.ErrUnsupported,
			"to integers of type INT64"},
		{"zero point out of range", net(13, 4).floats("s", nil, 1).narrow("z", uint8s, -1).node("QuantizeLinear", "x s z", "y"), ErrInvalid, "zero point -1 does not fit"},
		{"integers", net(13, 4).floats("s", nil, 1).scalar("i", 0).node("QuantizeLinear", "i s", "y").node("Relu", "x",
			"r").outputs("r"), graph.ErrUnsupported, "holds integers"},
		{"before 10", net(9, 4).floats("s", nil, 1).node("QuantizeLinear", "x s", "y"), graph.ErrUnsupported, "needs opset 10"},
	} {
		t.Run(c.name, func(t *testing.T) { c.model.outputs("y").fails(t, c.want, c.text) })
	}
}

// TestQuantizedEdges: the value before the quantizer is the one that is stored, with the clamp that the quantizer took in.
func TestQuantizedEdges(t *testing.T) {
	fake := func(m *protoModel, x, y, zero string) *protoModel {
		return m.node("QuantizeLinear", x+" s "+zero, x+"_q").node("DequantizeLinear", x+"_q s "+zero, y)
	}
	image := func() *protoModel {
		return net(13, 4, 8, 8).floats("s", nil, 0.5).narrow("mid", uint8s, 7).narrow("up", int8s, -128)
	}
	for _, c := range []struct {
		name  string
		model *protoModel
		want  string
		bound float32 // of the first Clip; 0: there is none
	}{
		{"signed", fake(image().conv("x", "a", 4, 4), "a", "b", "mid").node("Exp", "b", "y"), "a=Conv", 0},
		{"from zero", fake(image().conv("x", "a", 4, 4), "a", "b", "up").node("Exp", "b", "y"), "a/Clip=Conv+Clip+", 127.5},
		{"with an activation", fake(image().conv("x", "a", 4, 4).node("Sigmoid", "a", "c"), "c", "b", "up").node("Exp", "b", "y"), "c=Conv+Sigmoid+", 0},
		{"the input is none", fake(image(), "x", "b", "up").node("AveragePool", "b", "c", "kernel_shape", []int64{2, 2}).node("Exp", "c", "y"), "c=AveragePool+", 0},
		{"another reader", fake(image().conv("x", "a", 4, 4), "a", "b", "up").node("Sub", "b a", "y"), "a=Conv", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.outputs("y").parse(t)
			checkGraph(g, t)
			if got := edgeText(t, g, graph.Stored); got != c.want {
				t.Errorf("edges %q, want %q", got, c.want)
			}
			for _, n := range g.Nodes {
				if n.Op == "Clip" && (n.Attrs.Float("max", 0) != c.bound || n.Attrs.Float("min", 1) != 0) {
					t.Errorf("clamp %v", n.Attrs)
				}
			}
		})
	}
}
