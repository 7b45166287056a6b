package onnx

import (
	"math"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// Element types as attributes of Cast.
const (
	castFloat = int64(onnxpb.TensorProto_FLOAT)
	castInt64 = int64(onnxpb.TensorProto_INT64)
	castBool  = int64(onnxpb.TensorProto_BOOL)
)

// cast writes Cast and returns its value.
func (e *exporter) cast(x, out string, to int64) string {
	e.write("Cast", []string{x}, []string{out}, graph.Attributes{"to": to})
	return out
}

// typed writes operators of which ONNX's results or inputs are integers or truth values, where canonical values are
// floats. It tells whether n is one.
func (e *exporter) typed(n *graph.Node, in []string, a graph.Attributes) (bool, error) {
	out := n.Outputs[0]
	switch n.Op {
	case "Trunc":
		e.cast(e.cast(in[0], out+"/integer", castInt64), out, castFloat)
	case "Equal", "Greater", "GreaterOrEqual", "ArgMax":
		e.write(n.Op, in, []string{out + "/typed"}, a)
		e.cast(out+"/typed", out, castFloat)
	case "Mod":
		if a.Int("fmod", 0) != 0 {
			return false, nil
		}
		e.write("Div", in, []string{out + "/ratio"}, nil)
		e.write("Floor", []string{out + "/ratio"}, []string{out + "/whole"}, nil)
		e.write("Mul", []string{out + "/whole", in[1]}, []string{out + "/part"}, nil)
		e.write("Sub", []string{in[0], out + "/part"}, []string{out}, nil)
	case "TopK":
		k := e.ints(int64(a.Int("k", 1)))
		delete(a, "k")
		e.write("TopK", []string{in[0], k}, []string{out, n.Outputs[1] + "/typed"}, a)
		e.cast(n.Outputs[1]+"/typed", n.Outputs[1], castFloat)
	case "CumSum":
		axis := e.ints(int64(a.Int("axis", 0)))
		delete(a, "axis")
		e.write("CumSum", []string{in[0], axis}, n.Outputs, a)
	case "Take":
		e.take(n, in)
	case "QuantizedAdd":
		return true, e.quantizedAdd(n, in, a)
	case "Requantize":
		return true, e.requantize(n, in, a)
	case "RNN", "GRU", "LSTM":
		a["activations"] = strings.Fields(a.String("activations", ""))
		if n.Op != "GRU" {
			delete(a, "linear_before_reset")
		}
		e.write(n.Op, slices.Concat(in[:4], []string{""}, in[4:]), n.Outputs, a)
	default:
		return false, nil
	}
	return true, nil
}

// take writes Gather of the values with NaN behind them, which a place outside picks: ONNX has none outside.
func (e *exporter) take(n *graph.Node, in []string) {
	out := n.Outputs[0]
	e.write("Concat", []string{in[0], e.floats(float32(math.NaN()))}, []string{out + "/values"}, graph.Attributes{"axis": int64(0)})
	e.write("Min", []string{in[1], e.scalar(float32(e.g.Values[n.Inputs[0]].Shape[0]))}, []string{out + "/inside"}, nil)
	places := e.cast(out+"/inside", out+"/places", castInt64)
	e.write("Gather", []string{out + "/values", places}, n.Outputs, graph.Attributes{"axis": int64(0)})
}

// condition returns the condition of Where as truth values.
func (e *exporter) condition(n *graph.Node) string {
	if e.g.Constants[n.Inputs[0]] == nil {
		return e.cast(n.Inputs[0], n.Outputs[0]+"/condition", castBool)
	}
	name := e.constantName()
	e.initialize(name, e.g.Constants[n.Inputs[0]], graph.Bool)
	return name
}

// requantize writes a multiplication, and a quantizer of scale 1 around which both sides hold floats.
func (e *exporter) requantize(n *graph.Node, in []string, a graph.Attributes) error {
	factor, zero := e.g.Constants[n.Inputs[1]], e.g.Constants[n.Inputs[2]]
	low, high, out := a.Float("min", 0), a.Float("max", 0), n.Outputs[0]
	rank := len(e.g.Values[n.Inputs[0]].Shape)
	shape := slices.Repeat([]int{1}, rank)
	if len(factor.Floats) > 1 {
		shape[a.Int("axis", 0)] = len(factor.Floats)
	}
	one := func(v float32) (string, error) {
		return e.quantized(&graph.Tensor{Type: graph.Float32, Floats: []float32{v}}, low, high)
	}
	point, err := one(zero.Floats[0])
	if err != nil {
		return err
	}
	none, err := one(0)
	if err != nil {
		return err
	}
	unit := e.scalar(1)
	e.write("Mul", []string{in[0], e.constant(&graph.Tensor{Type: graph.Float32, Shape: shape, Floats: factor.Floats})},
		[]string{out + "/scaled"}, nil)
	e.write("QuantizeLinear", []string{out + "/scaled", unit, point}, []string{out + "/integer"}, nil)
	e.write("DequantizeLinear", []string{out + "/integer", unit, none}, []string{out}, nil)
	return nil
}

// quantizedAdd writes the sum without fused multiplications, which ONNX does not have.
func (e *exporter) quantizedAdd(n *graph.Node, in []string, a graph.Attributes) error {
	out := n.Outputs[0]
	none, err := e.quantized(&graph.Tensor{Type: graph.Float32, Floats: []float32{0}}, a.Float("min", 0), a.Float("max", 0))
	if err != nil {
		return err
	}
	unit := e.scalar(1)
	e.write("Mul", []string{in[0], e.scalar(a.Float("a", 1))}, []string{out + "/a"}, nil)
	e.write("Mul", []string{in[1], e.scalar(a.Float("b", 1))}, []string{out + "/b"}, nil)
	e.write("Add", []string{out + "/b", e.scalar(a.Float("shift", 0))}, []string{out + "/shifted"}, nil)
	e.write("Add", []string{out + "/a", out + "/shifted"}, []string{out + "/sum"}, nil)
	e.write("QuantizeLinear", []string{out + "/sum", unit, none}, []string{out + "/integer"}, nil)
	e.write("DequantizeLinear", []string{out + "/integer", unit, none}, []string{out}, nil)
	return nil
}
