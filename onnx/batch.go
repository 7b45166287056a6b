package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// A file may fix its batch to another number than one. The network for a batch of one is the same only where no node
// mixes images or counts them: all that depends on the input must keep images apart along axis 0, and all else must be
// what it is for a batch of one.

// rebatched checks that one, which was read for a batch of one, does with each image what whole, the graph for the batch
// that the file fixes, does with all of them.
func rebatched(one, whole *graph.Graph, fixed int) error {
	r := &rebatch{one, whole, fixed, map[string]bool{whole.Input.Name: true}}
	var last *graph.Node
	for i, n := range whole.Nodes {
		last = n
		if i >= len(one.Nodes) || !r.same(one.Nodes[i], n) {
			return r.mixed(n)
		}
	}
	if len(whole.Nodes) < len(one.Nodes) {
		return r.mixed(last)
	}
	return nil
}

func (r *rebatch) mixed(n *graph.Node) error {
	at := "the network"
	if n != nil {
		at = fmt.Sprintf("node %q (%s)", n.Name, n.Op)
	}
	return fmt.Errorf("%w: the model fixes the batch of input %q to %d, and %s may not keep the images apart: "+
		"export it with a batch of 1 or a dynamic batch axis", ErrShape, r.whole.Input.Name, r.fixed, at)
}

// rebatch goes through the nodes of both graphs at once.
type rebatch struct {
	one, whole *graph.Graph
	fixed      int
	varies     map[string]bool // values that depend on the input
}

// same tells whether node a of one image is node b of the batch, image by image.
func (r *rebatch) same(a, b *graph.Node) bool {
	if a.Op != b.Op || !slices.Equal(a.Outputs, b.Outputs) || len(a.Inputs) != len(b.Inputs) {
		return false
	}
	varies := slices.ContainsFunc(b.Inputs, func(v string) bool { return r.varies[v] })
	for i, v := range a.Inputs {
		s, t := r.one.Constants[v], r.whole.Constants[b.Inputs[i]]
		if (s == nil) != (t == nil) || s == nil && v != b.Inputs[i] || s != nil && !r.sameConstant(s, t) {
			return false
		}
	}
	for _, o := range b.Outputs {
		r.varies[o] = varies && o != ""
		if o != "" && !r.sameShape(o) {
			return false
		}
	}
	if !varies {
		return maps.EqualFunc(a.Attrs, b.Attrs, equalValues)
	}
	return r.sameAttributes(a, b) && r.separates(b)
}

// sameShape tells whether a value has the same shape, but for as many images on axis 0 as the batch has where it depends
// on the input.
func (r *rebatch) sameShape(v string) bool {
	s, t := r.one.Values[v].Shape, r.whole.Values[v].Shape
	if !r.varies[v] {
		return slices.Equal(s, t)
	}
	return len(s) > 0 && len(s) == len(t) && s[0] == 1 && t[0] == r.fixed && slices.Equal(s[1:], t[1:])
}

// sameConstant tells whether t is s, or s once for every image.
func (r *rebatch) sameConstant(s, t *graph.Tensor) bool {
	times := 1
	if !slices.Equal(s.Shape, t.Shape) {
		if len(s.Shape) != len(t.Shape) || s.Shape[0] != 1 || t.Shape[0] != r.fixed || !slices.Equal(s.Shape[1:], t.Shape[1:]) {
			return false
		}
		times = r.fixed
	}
	equal := func(a, b float32) bool { return a == b || a != a && b != b }
	return s.Type == t.Type && slices.EqualFunc(slices.Repeat(s.Floats, times), t.Floats, equal) &&
		slices.Equal(slices.Repeat(s.Ints, times), t.Ints)
}

func equalValues(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// sameAttributes compares attributes; lists of one number per axis may begin with that of images.
func (r *rebatch) sameAttributes(a, b *graph.Node) bool {
	return maps.EqualFunc(a.Attrs, b.Attrs, func(x, y any) bool {
		s, ok := x.([]int64)
		t, also := y.([]int64)
		if ok && also && len(s) == len(t) && len(s) > 0 && s[0] == 1 && t[0] == int64(r.fixed) {
			s, t = s[1:], t[1:]
			return slices.Equal(s, t)
		}
		return equalValues(x, y)
	})
}

// weighted are operators that treat every image of a batch alike, and whose constants have parts for other things.
var weighted = []string{"Conv", "ConvTranspose", "Gemm"}

// byImage are operators that treat every image of a batch alike, whatever their attributes say.
var byImage = []string{
	"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
	"InstanceNormalization", "LRN", "Resize", "DepthToSpace", "SpaceToDepth", "QuantizeLinear", "DequantizeLinear", "Requantize",
	"Identity", "Relu", "Sigmoid", "Tanh", "HardSwish", "Softsign", "Mish", "Clip", "LeakyRelu", "Elu", "Selu", "HardSigmoid",
	"Softplus", "PRelu", "Gelu", "Swish", "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Neg", "Abs", "Sign", "Exp", "Log",
	"Sqrt", "Reciprocal", "Erf", "Floor", "Ceil", "Round", "Sin", "Cos", "ThresholdedRelu", "Where", "Trunc",
	"Equal", "Greater", "GreaterOrEqual", "Mod", "QuantizedAdd",
}

// along are operators that work along one axis.
var along = []string{"Softmax", "LogSoftmax", "Concat", "Split", "Gather", "LayerNormalization", "ArgMax", "TopK", "CumSum"}

// separates tells whether node n, of which all shapes begin with the number of images, keeps them apart.
func (r *rebatch) separates(n *graph.Node) bool {
	out := r.whole.Values[n.Outputs[0]].Shape
	sameRank := !slices.ContainsFunc(n.Inputs, func(v string) bool { // else broadcasting may move the images to another axis
		return r.varies[v] && len(r.whole.Values[v].Shape) != len(out)
	})
	first := func(list string, want int64) bool { l := n.Attrs.Ints(list); return len(l) > 0 && l[0] == want }
	switch {
	case slices.Contains(weighted, n.Op), n.Op == "Reshape":
		return true
	case slices.Contains(byImage, n.Op), n.Op == "Expand":
		return sameRank
	case slices.Contains(along, n.Op):
		return n.Attrs.Int("axis", 0) > 0
	case n.Op == "Transpose":
		return first("perm", 0)
	case n.Op == "Slice":
		return first("starts", 0) && first("steps", 1)
	case n.Op == "Pad":
		return first("pads", 0)
	case n.Op == "Tile":
		return first("repeats", 1)
	case n.Op == "MatMul":
		return sameRank && (len(out) > 2 || r.whole.Constants[n.Inputs[1]] != nil)
	}
	return len(n.Attrs.Ints("axes")) > 0 && !slices.Contains(n.Attrs.Ints("axes"), 0)
}
