package onnx

import (
	"slices"
	"testing"

	"github.com/dqa-go/dqa/graph"
)

// constants of the only node of a graph, from its second input on.
func nodeConstants(g *graph.Graph) (list [][]float32) {
	for _, v := range g.Nodes[0].Inputs[1:] {
		list = append(list, g.Constants[v].Floats)
	}
	return list
}

func TestFoldAffine(t *testing.T) {
	I := func(v ...int64) []int64 { return v }
	// scale/sqrt(var+eps) is 2, 3 and bias - mean*that is 1, -2.
	norm := func(m *protoModel, x, y string) *protoModel {
		return m.floats("scale", I(2), 4, 9).floats("bias", I(2), 3, 4).floats("mean", I(2), 1, 2).floats("var", I(2), 3, 8).
			node("BatchNormalization", x+" scale bias mean var", y, "epsilon", 1.)
	}
	for _, c := range []struct {
		name  string
		model *protoModel
		op    string
		want  [][]float32
	}{
		{"conv", norm(net(13, 1, 2, 2).floats("w", I(2, 1, 1, 2), 1, 2, 3, 4).floats("b", I(2), 10, 20).node("Conv", "x w b", "a"), "a", "y"),
			"Conv", [][]float32{{2, 4, 9, 12}, {21, 58}}},
		{"conv without bias", norm(net(13, 1, 2, 2).floats("w", I(2, 1, 1, 1), 1, 2).node("Conv", "x w", "a"), "a", "y"), "Conv", [][]float32{{2, 6}, {1, -2}}},
		{"conv transpose", norm(net(13, 2, 2, 2).floats("w", I(2, 2, 1, 1), 1, 2, 3, 4).node("ConvTranspose", "x w", "a"), "a", "y"),
			"ConvTranspose", [][]float32{{2, 6, 6, 12}, {1, -2}}},
		{"conv transpose in groups", norm(net(13, 4, 2, 2).floats("w", I(4, 1, 1, 1), 1, 2, 3, 4).node("ConvTranspose", "x w", "a", "group", 2), "a", "y"),
			"ConvTranspose", [][]float32{{2, 4, 9, 12}, {1, -2}}},
		{"gemm", norm(net(13, 2).floats("w", I(2, 2), 1, 2, 3, 4).floats("b", I(2), 1).node("Gemm", "x w b", "a"), "a", "y"), "Gemm", [][]float32{{2, 6, 6, 12}, {3, 1}}},
		{"alpha and beta", net(13, 2).floats("w", I(2, 2), 1, 2, 3, 4).floats("b", nil, 3).node("Gemm", "x w b", "y", "alpha", 2., "beta", 3., "transB", 1),
			"Gemm", [][]float32{{2, 4, 6, 8}, {9, 9}}},
		{"matmul and add", net(13, 2).floats("w", I(2, 2), 1, 2, 3, 4).floats("b", I(2), 5, 6).node("MatMul", "x w", "a").node("Add", "b a", "y"),
			"Gemm", [][]float32{{1, 3, 2, 4}, {5, 6}}},
		{"norm after norm", norm(net(13, 2, 2, 2).floats("one", I(2), 1).floats("zero", I(2), 0).node("BatchNormalization", "x one one zero one", "a", "epsilon", 0.), "a", "y"),
			"BatchNormalization", [][]float32{{2, 3}, {3, 1}, {0, 0}, {1, 1}}},
		{"scalars", net(13, 1, 2, 2).floats("w", I(2, 1, 1, 1), 1, 2).floats("k", I(2, 1, 1), 2, 4).floats("s", nil, 3).node("Conv", "x w", "a").
			node("Mul", "k a", "b").node("Sub", "s b", "c").node("Div", "c k", "d").node("Sub", "d s", "y"), "Conv", [][]float32{{-1, -2}, {-1.5, -2.25}}},
		{"layer norm", net(17, 3, 2).floats("w", I(2), 1, 2).floats("k", I(2), 3, 4).node("LayerNormalization", "x w", "a").node("Mul", "a k", "b").node("Add", "k b", "y"),
			"LayerNormalization", [][]float32{{3, 8}, {3, 4}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.model.outputs("y").parse(t)
			checkGraph(g, t)
			if ops(g) != c.op {
				t.Fatalf("operators %q, want %q", ops(g), c.op)
			}
			got := nodeConstants(g)
			if !slices.EqualFunc(got, c.want, slices.Equal) {
				t.Errorf("constants %v, want %v", got, c.want)
			}
		})
	}
}

func TestAffineThatStays(t *testing.T) {
	conv := func() *protoModel {
		return net(13, 2, 2, 2).floats("w", []int64{2, 2, 1, 1}, 1).floats("k", []int64{2}, 1).node("Conv", "x w", "a")
	}
	for name, c := range map[string]struct {
		model *protoModel
		ops   string
	}{
		"two readers":      {conv().node("BatchNormalization", "a k k k k", "b").node("Add", "a b", "y").outputs("y"), "Conv BatchNormalization Add"},
		"an output":        {conv().node("BatchNormalization", "a k k k k", "y").outputs("a", "y"), "Conv BatchNormalization"},
		"along a row":      {conv().node("Mul", "a k", "y").outputs("y"), "Conv Mul"},
		"enlarging":        {conv().floats("big", []int64{2, 1, 1, 1, 1}, 1).node("Add", "a big", "y").outputs("y"), "Conv Add"},
		"divided constant": {conv().floats("s", nil, 1).node("Div", "s a", "y").outputs("y"), "Conv Div"},
		"power":            {conv().floats("s", nil, 1).node("Pow", "a s", "y").outputs("y"), "Conv Pow"},
	} {
		if g := c.model.parse(t); ops(g) != c.ops {
			t.Errorf("%s: operators %q, want %q", name, ops(g), c.ops)
		}
	}
}

func TestSharedWeightsStay(t *testing.T) {
	m := net(13, 1, 2, 2).floats("w", []int64{1, 1, 1, 1}, 3).floats("s", nil, 2).
		node("Conv", "x w", "a").node("Mul", "a s", "b").node("Conv", "x w", "c").node("Add", "b c", "y").outputs("y")
	g := m.parse(t)
	if ops(g) != "Conv Conv Add" {
		t.Fatalf("operators %q", ops(g))
	}
	for i, want := range []float32{6, 3} {
		if got := g.Constants[g.Nodes[i].Inputs[1]].Floats[0]; got != want {
			t.Errorf("weight of convolution %d is %g, want %g", i, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	start := func() *protoModel {
		m := net(13, 3, 4)
		for name, v := range map[string]float32{"half": 0.5, "one": 1, "three": 3, "six": 6, "sixth": 1.0 / 6, "zero": 0, "root2": 1.41421356, "iroot2": 0.70710678, "eps": 1e-3, "c1": 0.044715, "c2": 0.79788456} {
			m.floats(name, nil, v)
		}
		return m
	}
	norm := func(axis int64) *protoModel {
		return start().node("ReduceMean", "x", "m", "axes", []int64{axis}).node("Sub", "x m", "d").floats("two", nil, 2).node("Pow", "d two", "q").
			node("ReduceMean", "q", "v", "axes", []int64{axis}).node("Add", "v eps", "w").node("Sqrt", "w", "s").node("Div", "d s", "y")
	}
	for _, c := range []struct {
		name  string
		model *protoModel
		ops   string
	}{
		{"swish", start().node("Sigmoid", "x", "s").node("Mul", "x s", "y"), "Swish"},
		{"swish swapped", start().node("Sigmoid", "x", "s").node("Mul", "s x", "y"), "Swish"},
		{"a gate", start().node("Neg", "x", "n").node("Sigmoid", "n", "s").node("Mul", "s x", "y"), "Neg Sigmoid Mul"},
		{"hard swish 1", start().node("Add", "x three", "a").node("Clip", "a zero six", "b").node("Mul", "x b", "c").node("Div", "c six", "y"), "HardSwish"},
		{"hard swish 2", start().node("Add", "three x", "a").node("Clip", "a zero six", "b").node("Mul", "b sixth", "c").node("Mul", "c x", "y"), "HardSwish"},
		{"hard swish 3", start().node("HardSigmoid", "x", "c", "alpha", 1./6).node("Mul", "c x", "y"), "HardSwish"},
		{"not hard swish", start().node("HardSigmoid", "x", "c").node("Mul", "c x", "y"), "HardSigmoid Mul"},
		{"hard sigmoid", start().node("Add", "three x", "a").node("Clip", "a zero six", "b").node("Div", "b six", "y"), "HardSigmoid"},
		{"gelu", start().node("Div", "x root2", "a").node("Erf", "a", "b").node("Add", "b one", "c").node("Mul", "x c", "d").node("Mul", "half d", "y"), "Gelu"},
		{"gelu 2", start().node("Mul", "x iroot2", "a").node("Erf", "a", "b").node("Add", "one b", "c").node("Mul", "half c", "d").node("Mul", "d x", "y"), "Gelu"},
		{"gelu tanh", start().node("Pow", "x three", "p").node("Mul", "p c1", "a").node("Add", "x a", "b").node("Mul", "b c2", "c").node("Tanh", "c", "d").
			node("Add", "d one", "e").node("Mul", "x half", "f").node("Mul", "f e", "y"), "Gelu"},
		{"read inside", start().node("Div", "x root2", "a").node("Erf", "a", "b").node("Add", "b one", "c").node("Mul", "x c", "d").node("Mul", "half d", "e").node("Sub", "e b", "y"),
			"Div Erf Add Mul Mul Sub"},
		{"layer norm", norm(-1), "LayerNormalization"},
		{"another axis", norm(1), "ReduceMean Sub Pow ReduceMean Add Sqrt Div"},
		{"enlarging", start().floats("big", []int64{1, 1, 1, 1}, 3).node("Add", "x big", "a").node("Clip", "a zero six", "b").node("Div", "b six", "y"), "Add Clip Div"},
		{"nested", start().node("Sigmoid", "x", "s").node("Mul", "x s", "t").node("Sigmoid", "t", "u").node("Mul", "t u", "y"), "Swish Swish"},
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

func TestPatternOutputStays(t *testing.T) {
	g := net(13, 3).node("Sigmoid", "x", "s").node("Mul", "x s", "y").outputs("s", "y").parse(t)
	if ops(g) != "Sigmoid Mul" {
		t.Errorf("operators %q", ops(g))
	}
}
