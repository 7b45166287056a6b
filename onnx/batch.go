package onnx

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// A file may fix its batch to another number than one. The network for a batch of one is the same only where no node
// mixes images or counts them: all that it computes must keep images apart along axis 0.

// rebatched checks that a graph which was read for a batch of one, but whose file says fixed, is one network for either.
func rebatched(g *graph.Graph, fixed int) error {
	for _, n := range g.Nodes {
		if !separates(g, n) {
			return fmt.Errorf("%w: the model fixes the batch of input %q to %d, and node %q (%s) may not keep the images apart: export it with a batch of 1 or a dynamic batch axis",
				ErrShape, g.Input.Name, fixed, n.Name, n.Op)
		}
	}
	return nil
}

// byImage are operators that treat every image of a batch alike, whatever their attributes say.
var byImage = []string{
	"Conv", "ConvTranspose", "Gemm", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
	"InstanceNormalization", "LRN", "Resize", "DepthToSpace", "SpaceToDepth", "QuantizeLinear", "DequantizeLinear", "Requantize",
	"Identity", "Relu", "Sigmoid", "Tanh", "HardSwish", "Softsign", "Mish", "Clip", "LeakyRelu", "Elu", "Selu", "HardSigmoid",
	"Softplus", "PRelu", "Gelu", "Swish", "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Neg", "Abs", "Sign", "Exp", "Log",
	"Sqrt", "Reciprocal", "Erf", "Floor", "Ceil", "Round", "Sin", "Cos", "ThresholdedRelu", "Where", "Trunc",
}

// along are operators that work along one axis.
var along = []string{"Softmax", "LogSoftmax", "Concat", "Split", "Gather", "LayerNormalization", "ArgMax", "TopK", "CumSum"}

// separates tells whether node n keeps images apart along axis 0.
func separates(g *graph.Graph, n *graph.Node) bool {
	for _, v := range slices.Concat(n.Inputs, n.Outputs) {
		s := g.Values[v].Shape
		if v != "" && g.Constants[v] == nil && (len(s) == 0 || s[0] != 1) {
			return false
		}
	}
	first := func(list string) bool { l := n.Attrs.Ints(list); return len(l) > 0 && l[0] == 0 }
	in := g.Values[n.Inputs[0]].Shape
	switch {
	case slices.Contains(byImage, n.Op):
		return slices.IndexFunc(n.Inputs, func(v string) bool { // a constant may have one part for every image
			t := g.Constants[v]
			return n.Op != "Conv" && n.Op != "ConvTranspose" && n.Op != "Gemm" && t != nil && len(t.Shape) == len(in) && t.Shape[0] > 1
		}) < 0
	case slices.Contains(along, n.Op):
		return n.Attrs.Int("axis", 0) > 0
	case n.Op == "Transpose":
		return first("perm")
	case n.Op == "Reshape":
		return true // its first axis is 1 before and after
	case n.Op == "Slice" || n.Op == "Pad" || n.Op == "Tile" || n.Op == "Expand":
		return true
	case n.Op == "MatMul":
		return len(in) > 2 || g.Constants[n.Inputs[1]] != nil
	}
	return len(n.Attrs.Ints("axes")) > 0 && !slices.Contains(n.Attrs.Ints("axes"), 0)
}
