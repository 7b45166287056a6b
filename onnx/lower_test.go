package onnx

import (
	"slices"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/google/go-cmp/cmp"
)

// TestCanonicalForm checks one node each: what it becomes, with all attributes, and the shape of the result.
func TestCanonicalForm(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	pool := func(strides, pads []int64, ceil int64) graph.Attributes {
		return graph.Attributes{"kernel_shape": I(3, 3), "strides": strides, "dilations": I(1, 1), "pads": pads, "ceil_mode": ceil}
	}
	with := func(a graph.Attributes, name string, v any) graph.Attributes { a[name] = v; return a }
	conv := func(strides, pads []int64, group int64) graph.Attributes {
		return graph.Attributes{"kernel_shape": I(3, 3), "strides": strides, "dilations": I(1, 1), "pads": pads, "group": group}
	}
	image := []int64{4, 9, 11}
	for _, c := range []struct {
		name  string
		model *protoModel // writes "y" from "x"
		op    string
		attrs graph.Attributes
		shape []int
	}{
		{"flatten", net(13, image...).node("Flatten", "x", "y"), "Reshape", graph.Attributes{"shape": I(1, 396)}, []int{1, 396}},
		{"reshape", net(13, image...).ints("s", 0, -1, 11).node("Reshape", "x s", "y"), "Reshape",
			graph.Attributes{"shape": I(1, 36, 11)}, []int{1, 36, 11}},
		{"squeeze 11", net(11, 1, 9).node("Squeeze", "x", "y", "axes", I(1)), "Reshape", graph.Attributes{"shape": I(1, 9)}, []int{1, 9}},
		{"squeeze 13", net(13, 1, 9).ints("a", -2).node("Squeeze", "x a", "y"), "Reshape", graph.Attributes{"shape": I(1, 9)}, []int{1, 9}},
		{"squeeze all", net(13, 1, 9).node("Squeeze", "x", "y"), "Reshape", graph.Attributes{"shape": I(9)}, []int{9}},
		{"unsqueeze", net(13, 9).ints("a", -1, 1).node("Unsqueeze", "x a", "y"), "Reshape",
			graph.Attributes{"shape": I(1, 1, 9, 1)}, []int{1, 1, 9, 1}},
		{"transpose", net(13, image...).node("Transpose", "x", "y"), "Transpose", graph.Attributes{"perm": I(3, 2, 1, 0)}, []int{11, 9, 4, 1}},
		{"slice 9", net(9, image...).node("Slice", "x", "y", "starts", I(-3), "ends", I(1000), "axes", I(2)), "Slice",
			graph.Attributes{"starts": I(0, 0, 6, 0), "ends": I(1, 4, 9, 11), "steps": I(1, 1, 1, 1)}, []int{1, 4, 3, 11}},
		{"slice back", net(13, image...).ints("s", -1).ints("e", -1000).ints("a", 3).ints("t", -2).node("Slice", "x s e a t", "y"), "Slice",
			graph.Attributes{"starts": I(0, 0, 0, 10), "ends": I(1, 4, 9, -1), "steps": I(1, 1, 1, -2)}, []int{1, 4, 9, 6}},
		{"pad 10", net(10, image...).node("Pad", "x", "y", "pads", I(0, 1, 0, 0, 0, 2, 0, 0), "value", 1.5), "Pad",
			graph.Attributes{"mode": "constant", "pads": I(0, 1, 0, 0, 0, 2, 0, 0), "value": float32(1.5)}, []int{1, 7, 9, 11}},
		{"pad axes", net(18, image...).ints("p", 1, 2).ints("a", -1).node("Pad", "x p _ a", "y", "mode", "reflect"), "Pad",
			graph.Attributes{"mode": "reflect", "pads": I(0, 0, 0, 1, 0, 0, 0, 2), "value": float32(0)}, []int{1, 4, 9, 14}},
		{"clip 6", net(8, image...).node("Clip", "x", "y", "max", 6.), "Clip", graph.Attributes{"min": -inf, "max": float32(6)},
			[]int{1, 4, 9, 11}},
		{"clip 13", net(13, image...).floats("m", nil, 6).node("Clip", "x _ m", "y"), "Clip",
			graph.Attributes{"min": -inf, "max": float32(6)}, []int{1, 4, 9, 11}},
		{"split", net(13, image...).node("Split", "x", "y z", "axis", 1), "Split",
			graph.Attributes{"axis": int64(1), "split": I(2, 2)}, []int{1, 2, 9, 11}},
		{"split 18", net(18, image...).node("Split", "x", "y z", "axis", -1, "num_outputs", 2), "Split",
			graph.Attributes{"axis": int64(3), "split": I(6, 5)}, []int{1, 4, 9, 6}},
		{"concat", net(13, image...).node("Concat", "x x", "y", "axis", -3), "Concat", graph.Attributes{"axis": int64(1)}, []int{1, 8, 9, 11}},
		{"gather", net(13, image...).scalar("i", -1).node("Gather", "x i", "y", "axis", -2), "Gather",
			graph.Attributes{"axis": int64(2)}, []int{1, 4, 11}},
		{"expand", net(13, 4, 1).ints("s", 2, 1, 5).node("Expand", "x s", "y"), "Expand", graph.Attributes{"shape": I(2, 4, 5)}, []int{2, 4, 5}},
		{"mean 13", net(13, image...).node("ReduceMean", "x", "y", "axes", I(-1, 1), "keepdims", 0), "ReduceMean",
			graph.Attributes{"axes": I(1, 3), "keepdims": int64(0)}, []int{1, 9}},
		{"mean 18", net(18, image...).ints("a", 3, 2).node("ReduceMean", "x a", "y"), "ReduceMean",
			graph.Attributes{"axes": I(2, 3), "keepdims": int64(1)}, []int{1, 4, 1, 1}},
		{"mean of all", net(13, 2, 3).node("ReduceMean", "x", "y"), "ReduceMean",
			graph.Attributes{"axes": I(0, 1, 2), "keepdims": int64(1)}, []int{1, 1, 1}},
		{"softmax 13", net(13, image...).node("Softmax", "x", "y"), "Softmax", graph.Attributes{"axis": int64(3)}, []int{1, 4, 9, 11}},
		{"softmax 11", net(11, 4, 1).node("Softmax", "x", "y"), "Softmax", graph.Attributes{"axis": int64(1)}, []int{1, 4, 1}},
		{"maxpool", net(13, image...).node("MaxPool", "x", "y", "kernel_shape", I(3, 3)), "MaxPool", pool(I(1, 1), I(0, 0, 0, 0), 0), []int{1, 4, 7, 9}},
		{"pool ceil", net(13, 4, 8, 8).node("MaxPool", "x", "y", "kernel_shape", I(3, 3), "strides", I(2, 2), "ceil_mode", 1), "MaxPool", pool(I(2, 2), I(0, 0, 0, 0), 1), []int{1, 4, 4, 4}},
		{"pool ceil starts in the padding", net(13, 4, 4, 4).node("MaxPool", "x", "y", "kernel_shape", I(3, 3), "strides", I(2, 2), "pads", I(0, 0, 2, 2), "ceil_mode", 1), "MaxPool",
			pool(I(2, 2), I(0, 0, 2, 2), 1), []int{1, 4, 2, 2}},
		{"pool ceil starts inside", net(13, 4, 7, 7).node("MaxPool", "x", "y", "kernel_shape", I(3, 3), "strides", I(3, 3), "pads", I(1, 1, 1, 1), "ceil_mode", 1), "MaxPool",
			pool(I(3, 3), I(1, 1, 1, 1), 1), []int{1, 4, 3, 3}},
		{"pool same", net(13, image...).node("AveragePool", "x", "y", "kernel_shape", I(3, 3), "strides", I(2, 2), "auto_pad", "SAME_LOWER"), "AveragePool",
			with(pool(I(2, 2), I(1, 1, 1, 1), 0), "count_include_pad", int64(0)), []int{1, 4, 5, 6}},
		{"conv same", net(13, 4, 8, 9).floats("w", I(6, 2, 3, 3), 1).node("Conv", "x w", "y", "group", 2, "strides", I(2, 2), "auto_pad", "SAME_UPPER"), "Conv",
			conv(I(2, 2), I(0, 1, 1, 1), 2), []int{1, 6, 4, 5}},
		{"conv transpose", net(13, 4, 5, 5).floats("w", I(4, 3, 3, 3), 1).node("ConvTranspose", "x w", "y", "strides", I(2, 2), "pads", I(1, 1, 1, 1), "output_padding", I(1, 1)), "ConvTranspose",
			with(conv(I(2, 2), I(1, 1, 1, 1), 1), "output_padding", I(1, 1)), []int{1, 3, 10, 10}},
		{"conv transpose shape", net(13, 4, 5, 5).floats("w", I(4, 3, 3, 3), 1).node("ConvTranspose", "x w", "y", "strides", I(2, 2), "output_shape", I(10, 10)), "ConvTranspose",
			with(conv(I(2, 2), I(1, 1, 0, 0), 1), "output_padding", I(0, 0)), []int{1, 3, 10, 10}},
		{"global pool", net(13, image...).node("GlobalAveragePool", "x", "y"), "GlobalAveragePool", graph.Attributes{}, []int{1, 4, 1, 1}},
		{"gemm", net(13, 4).floats("w", I(4, 3), 1).node("Gemm", "x w", "y"), "Gemm", gemmAttributes(), []int{1, 3}},
		{"matmul of matrices", net(13, 4).floats("w", I(4, 3), 1).node("MatMul", "x w", "y"), "Gemm", gemmAttributes(), []int{1, 3}},
		{"matmul", net(13, 5, 4).floats("w", I(4, 3), 1).node("MatMul", "x w", "y"), "MatMul", graph.Attributes{}, []int{1, 5, 3}},
		{"upsample 7", net(7, image...).node("Upsample", "x", "y", "scales", []float32{1, 1, 2, 3}), "Resize",
			graph.Attributes{"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor",
				"scales": []float32{1, 1, 2, 3}}, []int{1, 4, 18, 33}},
		{"resize sizes", net(13, 4, 8, 8).ints("z", 1, 4, 12, 4).node("Resize", "x _ _ z", "y", "mode", "linear"), "Resize",
			graph.Attributes{"mode": "linear", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_floor",
				"scales": []float32{1, 1, 1.5, 0.5}}, []int{1, 4, 12, 4}},
		{"depth to space", net(9, 8, 3, 2).node("DepthToSpace", "x", "y", "blocksize", 2), "DepthToSpace",
			graph.Attributes{"blocksize": int64(2), "mode": "DCR"}, []int{1, 2, 6, 4}},
		{"leaky", net(13, 4).node("LeakyRelu", "x", "y"), "LeakyRelu", graph.Attributes{"alpha": float32(0.01)}, []int{1, 4}},
		{"gelu", net(20, 4).node("Gelu", "x", "y", "approximate", "tanh"), "Gelu", graph.Attributes{"approximate": "tanh"}, []int{1, 4}},
		{"prelu", net(13, 4).floats("s", nil, 1).node("PRelu", "x s", "y"), "PRelu", graph.Attributes{}, []int{1, 4}},
		{"hard sigmoid", net(13, 4).node("HardSigmoid", "x", "y"), "HardSigmoid",
			graph.Attributes{"alpha": float32(0.2), "beta": float32(0.5)}, []int{1, 4}},
		{"layer norm", net(17, 5, 4).floats("s", I(4), 1).node("LayerNormalization", "x s", "y"), "LayerNormalization",
			graph.Attributes{"axis": int64(2), "epsilon": float32(1e-5)}, []int{1, 5, 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.outputs("y").parse(t)
			checkGraph(g, t)
			if ops(g) != c.op {
				t.Fatalf("operators %q, want %q", ops(g), c.op)
			}
			if d := cmp.Diff(c.attrs, g.Nodes[0].Attrs); d != "" {
				t.Error(d)
			}
			if got := g.Values["y"].Shape; !slices.Equal(got, c.shape) {
				t.Errorf("shape %v, want %v", got, c.shape)
			}
		})
	}
}

// TestSeveralNodes checks nodes that become none or several.
func TestSeveralNodes(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	for _, c := range []struct {
		name  string
		model *protoModel
		ops   string
	}{
		{"sum", net(13, 4).floats("k", nil, 1).node("Sum", "x k x", "y"), "Add Add"},
		{"max of three", net(13, 4).floats("k", nil, 1).node("Max", "x k x", "y"), "Max Max"},
		{"sum of one", net(13, 4).node("Sum", "x", "a").node("Neg", "a", "y"), "Neg"},
		{"pads of zero", net(13, 4).ints("p", 0, 0, 0, 0).node("Pad", "x p", "a").node("Neg", "a", "y"), "Neg"},
		{"negative pads", net(13, 4).ints("p", 0, -1, 0, 2).node("Pad", "x p", "y"), "Slice Pad"},
		{"crop", net(13, 4).ints("p", 0, -1, 0, 0).node("Pad", "x p", "y"), "Slice"},
		{"slice of all", net(13, 4).ints("s", 0).ints("e", 99).node("Slice", "x s e", "a").node("Neg", "a", "y"), "Neg"},
		{"softmax over two axes", net(11, 4, 3).node("Softmax", "x", "y"), "Reshape Softmax Reshape"},
		{"gemm with rows", net(13, 3, 4).ints("s", 3, 4).node("Reshape", "x s", "a").floats("w", I(4, 2), 1).floats("c", I(3, 1), 1).
			node("Gemm", "a w c", "y", "transA", 0), "Reshape Gemm Add"},
		{"gemm transposed", net(13, 3, 4).ints("s", 3, 4).node("Reshape", "x s", "a").floats("w", I(3, 2), 1).
			node("Gemm", "a w", "y", "transA", 1), "Reshape Transpose Gemm"},
		{"gemm of computed matrices", net(13, 4).node("Neg", "x", "a").node("Gemm", "x a x", "y", "transB", 1, "alpha", 0.5, "beta", 0.),
			"Neg Transpose MatMul Mul"},
		{"cast to double", net(13, 4).node("Cast", "x", "a", "to", 11).node("Neg", "a", "y"), "Neg"},
		{"where", net(13, 4).ints("i", 1).node("Equal", "i i", "c").node("Neg", "x", "a").node("Where", "c a x", "y"), "Neg"},
		{"dead nodes", net(13, 4).node("Exp", "x", "e").node("Shape", "e", "s").node("Reshape", "x s", "a").node("Neg", "a", "y"), "Neg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.outputs("y").parse(t)
			checkGraph(g, t)
			if ops(g) != c.ops {
				t.Errorf("operators %q, want %q", ops(g), c.ops)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	for _, c := range []struct {
		name  string
		model *protoModel
		want  error
		text  string
	}{
		{"computed weights", net(13, 4, 5, 5).node("Neg", "x", "w").node("Conv", "x w", "y"), graph.ErrUnsupported,
			"weight is computed at run time"},
		{"computed shape", net(13, 4).node("Cast", "x", "s", "to", 7).node("Reshape", "x s", "y"), graph.ErrUnsupported,
			"shape is computed at run time"},
		{"four axes", net(13, 4, 3, 3, 3, 3).floats("w", I(2, 4, 1, 1, 1, 1), 1).node("Conv", "x w", "y"), graph.ErrUnsupported,
			"4 spatial axes"},
		{"too few channels", net(13, 4, 5, 5).floats("w", I(1, 3, 3, 3), 1).node("Conv", "x w", "y"), ErrInvalid, "4 channels"},
		{"window too large", net(13, 4, 2, 2).floats("w", I(1, 4, 3, 3), 1).node("Conv", "x w", "y"), ErrInvalid, "does not fit"},
		{"kernel_shape", net(13, 4, 5, 5).floats("w", I(1, 4, 3, 3), 1).node("Conv", "x w", "y", "kernel_shape", I(2, 2)), ErrInvalid, "kernel_shape"},
		{"stride 0", net(13, 4, 5, 5).node("MaxPool", "x", "y", "kernel_shape", I(2, 2), "strides", I(0, 1)), ErrInvalid, "strides 0"},
		{"stride of 2^62", net(13, 4, 5, 5).node("MaxPool", "x", "y", "kernel_shape", I(2, 2), "strides", I(1<<62, 1)), ErrInvalid, "out of range"},
		{"pads of a window", net(13, 4, 5, 5).node("MaxPool", "x", "y", "kernel_shape", I(2, 2), "pads", I(2, 0, 0, 0)), ErrInvalid, "as large as the window"},
		{"indices", net(13, 4, 4, 4).node("MaxPool", "x", "y i", "kernel_shape", I(2, 2)).outputs("i"), graph.ErrUnsupported, `output "i"`},
		{"group 0", net(13, 4, 5, 5).floats("w", I(1, 4, 3, 3), 1).node("Conv", "x w", "y", "group", 0), ErrInvalid, "group 0"},
		{"reshape", net(13, 4).ints("s", 3, -1).node("Reshape", "x s", "y"), ErrInvalid, "cannot be reshaped"},
		{"reshape to 2^62", net(13, 4).ints("s", 1<<62, 4).node("Reshape", "x s", "y"), ErrInvalid, "cannot be reshaped"},
		{"axis", net(13, 4).node("Concat", "x x", "y", "axis", 2), ErrInvalid, "axis 2 is out of range"},
		{"axis twice", net(13, 4).node("ReduceMean", "x", "y", "axes", I(1, -1)), ErrInvalid, "listed twice"},
		{"index", net(13, 4).ints("i", 4).node("Gather", "x i", "y", "axis", 1), ErrInvalid, "index 4 is out of range"},
		{"empty slice", net(13, 4).ints("s", 2).ints("e", 2).ints("a", 1).node("Slice", "x s e a", "y"), graph.ErrUnsupported, "result is empty"},
		{"step 0", net(13, 4).ints("s", 0).ints("e", 2).ints("a", 1).ints("t", 0).node("Slice", "x s e a t", "y"), ErrInvalid, "step 0"},
		{"mode of resizing", net(13, 4, 4, 4).floats("s", I(4), 1).node("Resize", "x _ s", "y", "mode", "sinc"), ErrInvalid, "sinc"},
		{"bias size", net(13, 4, 5, 5).floats("w", I(2, 4, 3, 3), 1).floats("b", I(3), 1).node("Conv", "x w b", "y"), ErrInvalid, "bias has 3 entries"},
		{"division by zero", net(13, 4).ints("i", 0).node("Div", "i i", "s").node("Reshape", "x s", "y"), ErrInvalid, "division by zero"},
		{"endless range", net(13, 4).scalar("a", 0).scalar("b", 9).node("Range", "a b a", "r").node("Gather", "x r", "y", "axis", 1), ErrInvalid, "a range of"},
		{"enlarging slope", net(13, 4).floats("s", I(1, 1, 4), 1).node("PRelu", "x s", "y"), ErrInvalid, "does not fit"},
		{"mode of gelu", net(20, 4).node("Gelu", "x", "y", "approximate", "fast"), ErrInvalid, "fast"},
		{"remainder of floats", net(13, 4).node("Mod", "x x", "y"), ErrInvalid, "need fmod"},
		{"output of a transposed convolution", net(13, 4, 5, 5).floats("w", I(4, 1, 3, 3), 1).node("ConvTranspose", "x w", "y",
			"output_shape", I(99, 99)), graph.ErrUnsupported, "output_shape"},
		{"bounds of clip", net(13, 4).floats("n", nil, float32(inf-inf)).node("Clip", "x n", "y"), ErrInvalid, "no numbers"},
		{"types", net(13, 4).floats("k", nil, 1).node("Add", "x i", "y").ints("i", 1), ErrInvalid, "differ in type"},
	} {
		t.Run(c.name, func(t *testing.T) { c.model.outputs("y").fails(t, c.want, c.text) })
	}
}

// TestFolding checks what constants fold to: the model adds the folded value "k" to its input.
func TestFolding(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *protoModel
		want  []float32
	}{
		{"shape arithmetic", net(13, 4).node("Shape", "x", "s").scalar("i", 1).node("Gather", "s i", "d").scalar("two", 2).
			node("Mul", "d two", "m").node("Sub", "m i", "n").node("Cast", "n", "k", "to", 1), []float32{7}},
		{"slice of shape", net(15, 4).node("Shape", "x", "s", "start", -1).node("Cast", "s", "k", "to", 1), []float32{4}},
		{"range", net(13, 4).scalar("a", 3).scalar("b", -5).scalar("c", -2).node("Range", "a b c", "r").node("Cast", "r", "k", "to", 1), []float32{3, 1, -1, -3}},
		{"floats", net(13, 4).floats("a", []int64{2, 1}, 4, 9).floats("b", []int64{2}, 1, 2).node("Sqrt", "a", "r").node("Pow", "r b", "p").
			ints("s", 4).node("Reshape", "p s", "k"), []float32{2, 4, 3, 9}},
		{"transpose, slice, concat", net(13, 4).floats("a", []int64{2, 3}, 1, 2, 3, 4, 5, 6).node("Transpose", "a", "b").
			ints("s", 2).ints("e", -9).ints("z", 0).ints("m", -2).node("Slice", "b s e z m", "c").ints("f", -1).node("Reshape", "c f", "k"), []float32{3, 6, 1, 4}},
		{"where", net(13, 4).ints("a", 5, 0, 7, 0).ints("z", 0).node("Greater", "a z", "c").node("Not", "c", "n").floats("p", nil, 1).
			floats("q", []int64{4}, 2, 3, 4, 5).node("Where", "n p q", "k"), []float32{2, 1, 4, 1}},
		{"fill and reduce", net(13, 4).ints("s", 2, 4).node("ConstantOfShape", "s", "a", "value", floatProto("", []int64{1}, 3)).ints("z", 0).
			node("ReduceSum", "a z", "k", "keepdims", 0), []float32{6, 6, 6, 6}},
		{"product", net(13, 4).node("Shape", "x", "s").node("ReduceProd", "s", "p").node("Cast", "p", "k", "to", 1), []float32{4}},
		{"split", net(13, 4).floats("a", []int64{2, 2}, 1, 2, 3, 4).node("Split", "a", "b c", "axis", 1).node("Sub", "c b", "d").ints("f", 2).node("Reshape", "d f", "e").
			node("Concat", "e e", "k", "axis", 0), []float32{1, 1, 1, 1}},
		{"size", net(13, 4).node("Size", "x", "s").node("Cast", "s", "k", "to", 1), []float32{4}},
		{"truth", net(13, 4).ints("a", 0, -3, 1, 0).node("Cast", "a", "b", "to", 9).node("Cast", "b", "k", "to", 1), []float32{0, 1, 1, 0}},
		{"remainder", net(13, 4).floats("a", []int64{4}, -7.5, 7.5, 8, 0).floats("b", nil, -3).node("Mod", "a b", "k", "fmod", 1),
			[]float32{-1.5, 1.5, 2, 0}},
		{"remainder of integers", net(13, 4).ints("a", -7, 7, 8, 0).ints("b", 3).node("Mod", "a b", "m", "fmod", 1).node("Cast",
			"m", "k", "to", 1),
			[]float32{-1, 1, 2, 0}},
		{"modulo", net(13, 4).ints("a", -7, 7, 8, 0).ints("b", 3).node("Mod", "a b", "m").node("Cast", "m", "k", "to", 1), []float32{2, 1, 2, 0}},
		{"constants", net(13, 4).node("Constant", "", "a", "value_ints", []int64{1, 2, 3, 4}).node("Constant", "", "b", "value_float", 0.5).
			node("Cast", "a", "c", "to", 1).node("Mul", "c b", "k"), []float32{0.5, 1, 1.5, 2}},
		{"sort", net(13, 4).floats("a", []int64{2, 3}, 1, 7, 7, 4, 2, 3).ints("n", 2).node("TopK", "a n", "v i").
			node("Cast", "i", "j", "to", 1).node("Add", "v j", "s").ints("f", 4).node("Reshape", "s f", "k"), []float32{8, 9, 4, 5}},
		{"smallest along rows", net(13, 4).ints("s", 2, 4).ints("a", 5, 1, 1, 3, 2, 2, 0, 9).node("Reshape", "a s", "b").ints("one", 1).
			node("TopK", "b one", "v i", "axis", 0, "largest", 0).node("Sub", "v i", "d").node("Cast", "d", "e", "to", 1).
			ints("f", 4).node("Reshape", "e f", "k"), []float32{1, 1, -1, 3}},
		{"running sums", net(13, 4).ints("a", 1, 2, 3, 4).scalar("n", 0).node("CumSum", "a n", "b", "exclusive", 1).node("Cast",
			"b", "c", "to", 1).
			floats("p", []int64{4}, .5, .5, .5, .5).node("CumSum", "p n", "q", "reverse", 1).node("Add", "c q", "k"), []float32{2, 2.5, 4, 6.5}},
		{"gather", net(13, 4).floats("a", []int64{3}, 7, 8, 9).ints("i", -1, 0).node("Gather", "a i", "b").ints("o", 1, 0, 0, 1).node("Gather", "b o", "k"), []float32{7, 9, 9, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.node("Add", "x k", "y").outputs("y").parse(t)
			if ops(g) != "Add" || len(g.Constants) != 1 {
				t.Fatalf("operators %q, %d constants", ops(g), len(g.Constants))
			}
			if got := g.Constants[g.Nodes[0].Inputs[1]].Floats; !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
