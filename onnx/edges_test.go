package onnx

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
)

// edgeText lists edges as "name=op", one-sided ones with a "+".
func edgeText(t *testing.T, g *graph.Graph, set graph.EdgeSet) string {
	t.Helper()
	edges, err := g.FindEdges(set)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range edges {
		sign := ""
		if e.OneSided {
			sign = "+"
		}
		list = append(list, e.Name+"="+e.Op+sign)
	}
	return strings.Join(list, " ")
}

func TestStoredEdges(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	image := func() *protoModel { return net(13, 4, 8, 8).floats("k", I(4, 1, 1), 2).floats("s", nil, 3) }
	for _, c := range []struct {
		name  string
		model *protoModel // the tests' last node is "end", which makes the output
		want  string
	}{
		{"producer and activation", image().conv("x", "a", 4, 4).node("Relu", "a", "b").node("Exp", "b", "y"), "b=Conv+Relu+"},
		{"activation with two readers of its input", image().conv("x", "a", 4, 4).node("Relu", "a", "b").node("Sub", "b a", "y"), "a=Conv b=Relu+"},
		{"scale, shift, residual, activation", image().node("Tanh", "x", "r").node("AveragePool", "r", "a", "kernel_shape", I(1, 1)).node("Mul", "a k", "b").
			node("Add", "s b", "c").node("Add", "r c", "d").node("LeakyRelu", "d", "e").node("Exp", "e", "y"), "r=Tanh e=AveragePool+Mul+Add+Add+LeakyRelu"},
		{"scale after the residual", image().node("Tanh", "x", "r").conv("r", "a", 4, 4).node("Add", "a r", "b").node("Mul", "b k", "c").node("Exp", "c", "y"),
			"r=Tanh b=Conv+Add c=Mul"},
		{"one residual", image().node("Tanh", "x", "r").conv("r", "a", 4, 4).node("Add", "a r", "b").node("Add", "b r", "c").node("Exp", "c", "y"),
			"r=Tanh b=Conv+Add c=Add"},
		{"one activation", image().conv("x", "a", 4, 4).node("Relu", "a", "b").node("Tanh", "b", "c").node("Exp", "c", "y"), "b=Conv+Relu+ c=Tanh+"},
		{"two convolutions added", image().conv("x", "a", 4, 4).conv("x", "b", 4, 4).node("Add", "b a", "c").node("Exp", "c", "y"), "a=Conv c=Conv+Add"},
		{"the later one fuses, whatever the order of inputs", image().conv("x", "a", 4, 4).conv("x", "b", 4, 4).node("Add", "a b", "c").node("Exp", "c", "y"), "a=Conv c=Conv+Add"},
		{"only one can fuse", image().conv("x", "a", 4, 4).conv("x", "b", 4, 4).node("Add", "a b", "c").node("Sub", "c b", "y"), "b=Conv c=Conv+Add"},
		{"an output does not fuse", image().conv("x", "a", 4, 4).node("Relu", "a", "b").node("Exp", "b", "y").outputs("a"), "b=Relu+"},
		{"outputs are no edges", image().conv("x", "a", 4, 4).node("Relu", "a", "b").node("Neg", "b", "y").outputs("b"), ""},
		{"views of outputs", image().conv("x", "a", 4, 4).node("Transpose", "a", "b").node("Flatten", "b", "y"), ""},
		{"views of outputs and more", image().conv("x", "a", 4, 4).node("Transpose", "a", "b").node("Flatten", "b", "y").node("Exp", "a", "z").outputs("z"), "a=Conv"},
		{"views make none", image().conv("x", "a", 4, 4).node("Relu", "a", "b").node("MaxPool", "b", "c", "kernel_shape", I(2, 2)).node("Concat", "c c", "d", "axis", 1).
			node("Transpose", "d", "e").node("Exp", "e", "y"), "b=Conv+Relu+"},
		{"nearest is a view, linear is not", image().node("Relu", "x", "a").floats("z", I(4), 1, 1, 2, 2).node("Resize", "a _ z", "b").
			node("Resize", "a _ z", "c", "mode", "linear").node("Sub", "b c", "y"), "a=Relu+ c=Resize+"},
		{"input and constants", image().node("Transpose", "x", "a").node("Softplus", "s", "q").node("Add", "a q", "b").node("Exp", "b", "y"), "b=Add"},
		{"reshape inside a chain", net(13, 4, 8).ints("one", 2).node("Unsqueeze", "x one", "a").floats("w", I(6, 4, 1, 3), 1).node("Conv", "a w", "b").
			node("Squeeze", "b one", "c").floats("k", I(6, 1), 1).node("Add", "c k", "d").node("Relu", "d", "e").node("Exp", "e", "y"), "e=Conv+Add+Relu+"},
		{"broadcasting up does not fuse", image().node("GlobalAveragePool", "x", "a").node("Add", "a x", "b").node("Exp", "b", "y"), "a=GlobalAveragePool b=Add"},
		{"product of two", image().conv("x", "a", 4, 4).node("Sigmoid", "a", "b").conv("x", "c", 4, 4).node("Mul", "c b", "d").node("Mul", "d k", "e").node("Relu", "e", "f").
			node("Exp", "f", "y"), "b=Conv+Sigmoid+ c=Conv f=Mul+Mul+Relu+"},
		{"softmax is a producer", net(13, 5, 4).floats("w", I(4, 5), 1).node("MatMul", "x w", "a").node("Mul", "a s", "b").floats("s", nil, 2).node("Softmax", "b", "c").
			node("MatMul", "c x", "y"), "b=MatMul+Mul c=Softmax+"},
		{"swish is one", image().conv("x", "a", 4, 4).node("Sigmoid", "a", "b").node("Mul", "a b", "c").node("Exp", "c", "y"), "c=Conv+Swish"},
		{"kept normalization", image().conv("x", "a", 4, 4).floats("n", I(8), 1).node("Concat", "a x", "b", "axis", 1).node("BatchNormalization", "b n n n n", "c").
			node("PRelu", "c s", "d").node("Exp", "d", "y"), "a=Conv d=BatchNormalization+PRelu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.outputs("y").parse(t)
			checkGraph(g, t)
			if got := edgeText(t, g, graph.Stored); got != c.want {
				t.Errorf("edges %q, want %q", got, c.want)
			}
		})
	}
}

func TestActivationEdges(t *testing.T) {
	m := net(13, 4, 8, 8).floats("s", []int64{4, 1, 1}, 0.5)
	x := "x"
	for _, op := range []string{"Relu", "Clip", "LeakyRelu", "PRelu", "Elu", "Sigmoid", "Tanh", "HardSigmoid", "Softmax"} {
		m.conv(x, "c"+op, 4, 4)
		x = "v" + op
		if op == "PRelu" {
			m.node(op, "c"+op+" s", x)
		} else {
			m.node(op, "c"+op, x)
		}
	}
	g := m.node("Relu", x, "r").node("Flatten", "r", "y").outputs("y").parse(t)
	want := "vRelu=Conv+Relu+ vClip=Conv+Clip vLeakyRelu=Conv+LeakyRelu vPRelu=Conv+PRelu vElu=Conv+Elu " +
		"vSigmoid=Conv+Sigmoid+ vTanh=Conv+Tanh vHardSigmoid=Conv+HardSigmoid+"
	if got := edgeText(t, g, graph.Activations); got != want {
		t.Errorf("edges %q, want %q", got, want)
	}
}

func TestBlockEdges(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	image := func() *protoModel { return net(13, 4, 8, 8) }
	tokens := func() *protoModel {
		m := net(17, 5, 4).floats("w", I(4, 4), 1).floats("g", I(4), 1).node("Tanh", "x", "s")
		return m
	}
	half := func(m *protoModel, in, op, out string) *protoModel { // of an encoder block, the shortcut included
		return m.node("MatMul", in+" w", out+"1").node(op, out+"1", out+"2").node("MatMul", out+"2 w", out+"3").node("Add", in+" "+out+"3", out)
	}
	preNorm := tokens()
	preNorm.node("LayerNormalization", "s g", "n").node("Softmax", "n", "p").node("MatMul", "p w", "q").node("Add", "s q", "a")
	preNorm.node("LayerNormalization", "a g", "o").node("MatMul", "o w", "u").node("Relu", "u", "v").node("MatMul", "v w", "z").node("Add", "a z", "b")
	preNorm.node("LayerNormalization", "b g", "h").node("Exp", "h", "y")
	postNorm := half(tokens(), "s", "Softmax", "a").node("LayerNormalization", "a g", "n")
	half(postNorm, "n", "Relu", "b").node("LayerNormalization", "b g", "c").node("LayerNormalization", "c g", "h").node("Exp", "h", "y")
	for _, c := range []struct {
		name  string
		model *protoModel
		want  string
	}{
		{"residual and its activation", image().conv("x", "a", 4, 4).node("Relu", "a", "b").conv("b", "c", 4, 4).node("Relu", "c", "d").conv("d", "e", 4, 4).
			node("Add", "b e", "f").node("Relu", "f", "h").node("Exp", "h", "y"), "h=Conv+Add+Relu+"},
		{"projected shortcut", image().node("Relu", "x", "b").conv("b", "e", 4, 4).conv("b", "s", 4, 4).node("Add", "s e", "f").node("Exp", "f", "y"), "f=Conv+Add"},
		{"position embedding", image().floats("k", I(4, 1, 1), 2).node("Tanh", "x", "a").node("Add", "a k", "b").node("Exp", "b", "y"), ""},
		{"linear bottleneck", image().conv("x", "a", 4, 4).node("Clip", "a", "b").floats("p", I(4, 4, 1, 1), 1).node("Conv", "b p", "c").
			conv("c", "d", 4, 4).node("Relu", "d", "e").node("Exp", "e", "y"), "c=Conv"},
		{"attention half is inside a block, pre-norm", preNorm, "b=MatMul+Add"},
		{"attention half is inside a block, post-norm", postNorm, "c=LayerNormalization"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := edgeText(t, c.model.outputs("y").parse(t), graph.Blocks); got != c.want {
				t.Errorf("edges %q, want %q", got, c.want)
			}
		})
	}
}

// What the authors quantize, in their counts.
func TestBlocksOfRealNetworks(t *testing.T) {
	for model, want := range map[string]struct {
		edges int
		chain string
		sides bool // one-sided
	}{
		"resnet32_cifar10_folded": {15, "Conv+Add+Relu", true}, "resnet32_cifar10": {15, "Conv+Add+Relu", true},
		"mobilenetv2_deeppcb": {17, "Conv", false}, "mobilenetv2_imagenet": {17, "Conv", false},
		"vit_tiny_cifar10": {6, "LayerNormalization", false}, "vit_tiny_cifar10_opset17": {6, "LayerNormalization", false},
	} {
		g, err := Load(testdata.Shared(t, "models", model+".onnx"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		edges, err := g.FindEdges(graph.Blocks)
		if err != nil || len(edges) != want.edges {
			t.Fatalf("%s: %d edges, want %d; %v", model, len(edges), want.edges, err)
		}
		for _, e := range edges {
			if !strings.HasPrefix(e.Op, want.chain) || e.OneSided != want.sides {
				t.Errorf("%s: %s is %s, one-sided %t", model, e.Name, e.Op, e.OneSided)
			}
		}
	}
}

func TestOneSided(t *testing.T) {
	start := func() *protoModel {
		return net(13, 4, 8, 8).floats("pos", nil, 2).floats("neg", nil, -2).floats("zero", nil, 0).node("Relu", "x", "p").node("Sigmoid", "x", "q")
	}
	for _, c := range []struct {
		name  string
		model *protoModel // writes "v"
		want  bool
	}{
		{"sum", start().node("Add", "p q", "v"), true},
		{"sum with any", start().node("Add", "p x", "v"), false},
		{"difference", start().node("Sub", "p q", "v"), false},
		{"product", start().node("Mul", "p q", "v"), true},
		{"times constant", start().node("Mul", "p pos", "v"), true},
		{"times negative", start().node("Mul", "p neg", "v"), false},
		{"quotient", start().node("Div", "p q", "v"), true},
		{"maximum", start().node("Max", "x p", "v"), true},
		{"minimum", start().node("Min", "x p", "v"), false},
		{"clip", start().node("Clip", "x zero pos", "v"), true},
		{"clip below", start().node("Clip", "x neg pos", "v"), false},
		{"clip of positive", start().node("Clip", "p neg pos", "v"), true},
		{"clip of positive to negative", start().node("Clip", "p neg neg", "v"), false},
		{"leaky", start().node("LeakyRelu", "x", "v"), false},
		{"leaky of positive", start().node("LeakyRelu", "p", "v"), true},
		{"average", start().node("AveragePool", "p", "v", "kernel_shape", []int64{2, 2}), true},
		{"average of any", start().node("AveragePool", "x", "v", "kernel_shape", []int64{2, 2}), false},
		{"tanh", start().node("Tanh", "x", "v"), false},
		{"convolution of positive", start().conv("p", "v", 4, 4), false},
		{"hard swish of positive", start().node("HardSigmoid", "p", "h", "alpha", 1./6).node("Mul", "p h", "v"), true},
		{"view", start().node("Transpose", "p", "w").node("Exp", "x", "e").node("Transpose", "e", "f").node("Add", "w f", "v"), true},
		{"padded with negative", start().ints("n", 0, 0, 1, 1, 0, 0, 1, 1).node("Pad", "p n neg", "w").node("GlobalAveragePool", "w", "v"), false},
		{"padded", start().ints("n", 0, 0, 1, 1, 0, 0, 1, 1).node("Pad", "p n", "w").node("GlobalAveragePool", "w", "v"), true},
	} {
		g := c.model.node("Sin", "v", "s").node("GlobalMaxPool", "s", "y").outputs("y").parse(t)
		if got := g.NonNegative()["v"]; got != c.want {
			t.Errorf("%s: one-sided %t", c.name, got)
		}
	}
}

func TestPlanes(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	for _, c := range []struct {
		name                 string
		model                *protoModel // writes edge "v"
		channels, rows, cols int
		last                 bool
	}{
		{"image", net(13, 3, 5, 7).conv("x", "v", 3, 4), 4, 5, 7, false},
		{"pooled", net(13, 3, 5, 7).node("GlobalAveragePool", "x", "v"), 1, 1, 3, false},
		{"vector", net(13, 3).floats("w", I(3, 9), 1).node("Gemm", "x w", "v"), 1, 1, 9, false},
		{"tokens", net(13, 6, 3).floats("w", I(3, 9), 1).node("MatMul", "x w", "v"), 9, 6, 1, true},
		{"one token", net(13, 1, 3).floats("w", I(3, 9), 1).node("MatMul", "x w", "v"), 1, 1, 9, false},
		{"sequence", net(13, 3, 8).floats("w", I(4, 3, 3), 1).node("Conv", "x w", "v"), 4, 1, 6, false},
		{"of a sequence", net(13, 3, 8).floats("w", I(4, 3, 3), 1).node("Conv", "x w", "a").node("Sin", "a", "b").node("Concat", "b a", "c", "axis", 1).node("Cos", "c", "v"), 8, 1, 6, false},
		{"pooled sequence", net(13, 3, 8).node("GlobalAveragePool", "x", "v"), 1, 1, 3, false},
		{"transposed sequence", net(13, 3, 8).floats("w", I(4, 3, 3), 1).node("Conv", "x w", "a").node("Transpose", "a", "b", "perm", I(0, 2, 1)).node("Sin", "b", "v"), 4, 6, 1, true},
		{"squeezed sequence", net(13, 3, 1, 8).floats("w", I(4, 3, 1, 3), 1).node("Conv", "x w", "a").ints("two", 2).node("Squeeze", "a two", "b").node("Sin", "b", "v"), 4, 1, 6, false},
		{"flattened image", net(13, 3, 5, 7).conv("x", "a", 3, 4).ints("s", 1, 4, 35).node("Reshape", "a s", "b").node("Sin", "b", "v"), 35, 4, 1, true},
		{"heads", net(13, 2, 6, 3).node("Softmax", "x", "v"), 2, 6, 3, false},
		{"volume", net(13, 2, 3, 4, 5).node("Sin", "x", "v"), 2, 12, 5, false},
		{"split batch", net(13, 6, 4, 4).ints("s", 2, 3, 4, 4).node("Reshape", "x s", "a").node("Sin", "a", "v"), 6, 4, 4, false},
	} {
		g := c.model.node("Sin", "v", "y").outputs("y").parse(t)
		edges, err := g.FindEdges("")
		if err != nil {
			t.Fatal(err)
		}
		e := edges[len(edges)-1]
		if e.Name != "v" || e.Channels != c.channels || e.Rows != c.rows || e.Cols != c.cols || e.ChannelsLast != c.last {
			t.Errorf("%s: edge %+v", c.name, e)
		}
	}
}

// TestUnreadOutput: of a node of several outputs only those that something reads are stored.
func TestUnreadOutput(t *testing.T) {
	g := net(13, 3).node("Sigmoid", "x", "a").ints("n", 2).node("TopK", "a n", "v i").node("Cast", "i", "f", "to", 1).
		node("Sqrt", "f", "y").outputs("y").parse(t)
	list, err := g.ExplainValues(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		want := map[string]string{"a": "Sigmoid writes it for TopK", "v": "nothing reads it"}[r.Name]
		if want != "" && (r.Reason != want || r.Edge != (r.Name == "a")) {
			t.Errorf("%+v", r)
		}
	}
}

func TestExplainValues(t *testing.T) {
	g := net(13, 3, 4, 4).floats("k", nil, 1).node("Softplus", "k", "c").conv("x", "a", 3, 3).node("Relu", "a", "b").node("MaxPool", "b", "p", "kernel_shape", []int64{2, 2}).
		node("Add", "p c", "d").node("GlobalAveragePool", "d", "e").node("Flatten", "e", "y").outputs("y").parse(t)
	for set, want := range map[graph.EdgeSet][]string{
		graph.Stored: {
			"x: the network's input",
			"c: a constant: it does not depend on the input",
			`a: fused into Relu (node "Relu_2"), which alone reads it`,
			"b: *Conv+Relu writes it for MaxPool",
			"p: MaxPool creates no new values",
			"d: *Add writes it for GlobalAveragePool",
			"e: only views lead from it to a network output",
			"y: a network output",
		},
		graph.Activations: {
			"x: the network's input",
			"c: a constant: it does not depend on the input",
			"a: Conv is not an activation function",
			"b: *output of the activation function Relu",
			"p: MaxPool creates no new values",
			"d: Add is not an activation function",
			"e: GlobalAveragePool is not an activation function",
			"y: a network output",
		},
	} {
		list, err := g.ExplainValues(set)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range list {
			mark := map[bool]string{true: "*"}[r.Edge]
			got = append(got, r.Name+": "+mark+r.Reason)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", set, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestUnknownEdgeSet(t *testing.T) {
	g := small().parse(t)
	if _, err := g.FindEdges("all"); !errors.Is(err, graph.ErrEdgeSet) {
		t.Errorf("FindEdges: %v", err)
	}
	if _, err := g.ExplainValues("all"); !errors.Is(err, graph.ErrEdgeSet) {
		t.Errorf("ExplainValues: %v", err)
	}
}

// TestChainsEndAtSeveralOutputs: what reads the second output need not wait for what follows the first.
func TestChainsEndAtSeveralOutputs(t *testing.T) {
	g := net(14, 1, 3).floats("w", []int64{1, 1, 3}, 1, 2, 3).floats("r", []int64{1, 1, 1}, .5).node("RNN", "x w r", "a h", "hidden_size", 1).
		node("Floor", "h", "f").node("Relu", "a", "b").outputs("b", "f").parse(t)
	var got []string
	for _, c := range g.Chains() {
		got = append(got, c.Output+"="+c.Op())
	}
	if want := "a=RNN f=Floor b=Relu"; strings.Join(got, " ") != want {
		t.Errorf("chains %q, want %q", got, want)
	}
	if _, err := native.Compile(g, nil); err != nil {
		t.Error(err)
	}
}

func TestChains(t *testing.T) {
	var got []string
	for _, c := range small().parse(t).Chains() {
		got = append(got, c.Output+"="+c.Op())
	}
	if want := "b=Conv+Relu f=Conv+Add+Relu g=GlobalAveragePool y=Gemm"; strings.Join(got, " ") != want {
		t.Errorf("chains %q, want %q", got, want)
	}
}

// TestModels checks the number of edges and their elements on real networks.
func TestModels(t *testing.T) {
	for _, c := range []struct {
		file              string
		shape             []int
		stored, sized     int
		activations, wide int
	}{
		{file: "models/resnet32_cifar10.onnx", stored: 32, sized: 303168, activations: 31, wide: 303104},
		{file: "models/resnet32_cifar10_folded.onnx", stored: 32, sized: 303168, activations: 31, wide: 303104},
		{file: "models/resnet8_mlperftiny_cifar10.onnx", stored: 10, sized: 86080, activations: 7, wide: 73728},
		{file: "models/simplecnn_deeppcb.onnx", stored: 4, sized: 114816, activations: 4, wide: 114816},
		{file: "models/unet_deeppcb.onnx", stored: 17, sized: 2359296, activations: 14, wide: 1900544},
		{file: "models/unet_deeppcb_folded.onnx", stored: 17, sized: 2359296, activations: 14, wide: 1900544},
		{file: "models/lmfrnet_cifar10.onnx", stored: 81, sized: 436752, activations: 77, wide: 390592},
		{file: "models/mobilenetv2_deeppcb.onnx", stored: 53, sized: 546432, activations: 35, wide: 498432},
		{file: "models/mobilenetv2_imagenet.onnx", stored: 53, sized: 6679392, activations: 35, wide: 6105792},
		{file: "models/espnet_p2q8_camvid.onnx", stored: 113, sized: 21159900, activations: 20, wide: 10227600},
		{file: "models/espnet_p2q8_camvid_folded.onnx", stored: 113, sized: 21159900, activations: 20, wide: 10227600},
		{file: "models/vit_tiny_cifar10.onnx", stored: 57, sized: 921312, activations: 6, wide: 99840},
		{file: "models/vit_tiny_cifar10_opset17.onnx", stored: 57, sized: 921312, activations: 6, wide: 99840},
		{file: "models_import/mnist_opt.onnx", stored: 2, sized: 9408, activations: 2, wide: 9408},
		{file: "models_import/ultraface_rfb320.onnx", stored: 56, sized: 3205240, activations: 37, wide: 2980160},
		{file: "models_import/squeezenet_cifar10_emclab.onnx", stored: 12, sized: 43124, activations: 11, wide: 43114},
		{file: "models_import/ppocr_v2_cls.onnx", shape: []int{1, 3, 48, 192}, stored: 73, sized: 799204, activations: 42, wide: 547058},
		{file: "models_import/har_cnn.onnx", stored: 3, sized: 6912, activations: 3, wide: 6912},
	} {
		t.Run(c.file, func(t *testing.T) {
			g, err := Load(testdata.Shared(t, strings.Split(c.file, "/")...), Options{Shape: c.shape})
			if err != nil {
				t.Fatal(err)
			}
			checkGraph(g, t)
			for set, want := range map[graph.EdgeSet][2]int{graph.Stored: {c.stored, c.sized}, graph.Activations: {c.activations, c.wide}} {
				if n, size := countEdges(t, g, set); n != want[0] || size != want[1] {
					t.Errorf("%s: %d edges with %d elements, want %v", set, n, size, want)
				}
			}
		})
	}
}

func countEdges(t *testing.T, g *graph.Graph, set graph.EdgeSet) (n, size int) {
	t.Helper()
	edges, err := g.FindEdges(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edges {
		size += product(e.Shape)
	}
	return len(edges), size
}

// TestFoldedExports compares the convolutions of an export that keeps BatchNormalization with those of one where the
// exporter folded it.
func TestFoldedExports(t *testing.T) {
	for _, name := range []string{"resnet32_cifar10", "unet_deeppcb"} {
		kept, err := Load(testdata.Shared(t, "models", name+".onnx"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		folded, err := Load(testdata.Shared(t, "models", name+"_folded.onnx"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if ops(kept) != ops(folded) {
			t.Fatalf("%s: operators %q and %q", name, ops(kept), ops(folded))
		}
		for i, n := range kept.Nodes {
			for k, v := range n.Inputs {
				compareConstants(t, n.Name, kept.Constants[v], folded.Constants[folded.Nodes[i].Inputs[k]])
			}
		}
	}
}

func compareConstants(t *testing.T, node string, a, b *graph.Tensor) {
	t.Helper()
	if (a == nil) != (b == nil) {
		t.Fatalf("node %q: a constant on one side only", node)
	}
	if a == nil {
		return
	}
	for i, v := range a.Floats {
		if d := math.Abs(float64(v - b.Floats[i])); d > 1e-5*(1+math.Abs(float64(v))) {
			t.Fatalf("node %q: constant %d is %g, the exporter's %g", node, i, v, b.Floats[i])
		}
	}
}
