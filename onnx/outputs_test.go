package onnx

import (
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// outputsCases are networks whose outputs are something else, too: constants that nodes read, aliases, each other. All
// compute on x = 1, -2, 3, ...
var outputsCases = map[string]struct {
	model *protoModel
	want  [][]float32 // the first values of each output
}{
	"weight": {
		net(13, 1, 2, 2).floats("w", []int64{1, 1, 1, 1}, 2).node("Conv", "x w", "a").outputs("a", "w"),
		[][]float32{{2, -4, 6, -8}, {2}},
	},
	"weight and bias of a product, listed first": {
		net(13, 2).floats("w", []int64{2, 2}, 1, 0, 0, 1).floats("b", []int64{2}, 10, 20).node("Gemm", "x w b", "a").outputs("b", "w", "a"),
		[][]float32{{10, 20}, {1, 0, 0, 1}, {11, 18}},
	},
	"weight that a scale is folded into": {
		net(13, 1, 2, 2).floats("w", []int64{1, 1, 1, 1}, 2).floats("s", nil, 3).node("Conv", "x w", "a").node("Mul", "a s", "b").
			outputs("b", "w", "s"),
		[][]float32{{6, -12, 18, -24}, {2}, {3}},
	},
	"scale of a quantizer": {
		net(13, 1, 2, 2).conv("x", "a", 1, 1).floats("s", nil, .5).narrow("z", uint8s, 0).node("QuantizeLinear", "a s z", "q").
			node("DequantizeLinear", "q s z", "b").outputs("b", "s"),
		[][]float32{{4, 0, 0, 4}, {.5}},
	},
	"folded value that is read": {
		net(13, 2).floats("k", []int64{2}, 1, 2).node("Add", "k k", "sum").node("Add", "x sum", "a").outputs("sum", "a"),
		[][]float32{{2, 4}, {3, 2}},
	},
	"constant and another name of it": {
		net(13, 2).floats("k", []int64{2}, 1, 2).node("Identity", "k", "p").node("Add", "x k", "a").outputs("p", "k", "a"),
		[][]float32{{1, 2}, {1, 2}, {2, 0}},
	},
	"another name of a constant is read": {
		net(13, 2).floats("k", []int64{2}, 1, 2).node("Identity", "k", "p").node("Identity", "p", "q").node("Mul", "x q",
			"a").outputs("a", "q", "p"),
		[][]float32{{1, -4}, {1, 2}, {1, 2}},
	},
	"one value under three names": {
		net(13, 2).node("Neg", "x", "a").node("Identity", "a", "b").node("Identity", "a", "c").outputs("b", "c", "a"),
		[][]float32{{-1, 2}, {-1, 2}, {-1, 2}},
	},
	"two names of a value that is no output": {
		net(13, 2).node("Neg", "x", "a").node("Identity", "a", "b").node("Identity", "a", "c").node("Abs", "c", "d").outputs("c", "d", "b"),
		[][]float32{{-1, 2}, {1, 2}, {-1, 2}},
	},
	"input under another name": {
		net(13, 2).node("Identity", "x", "a").node("Identity", "a", "b").node("Neg", "b", "c").outputs("b", "c", "a"),
		[][]float32{{1, -2}, {-1, 2}, {1, -2}},
	},
	"indices": {
		net(13, 2).ints("i", 1, 0).node("Gather", "x i", "a", "axis", 1).outputs("i", "a"),
		[][]float32{{1, 0}, {-2, 1}},
	},
	"slope": {
		net(13, 2).floats("k", []int64{2}, .5).node("PRelu", "x k", "a").outputs("k", "a"),
		[][]float32{{.5, .5}, {1, -1}},
	},
	"epsilon of a normalization that is spelled out": {
		net(13, 2).floats("two", nil, 2).floats("eps", nil, 1).node("ReduceMean", "x", "m", "axes", []int64{-1}).node("Sub", "x m", "d").
			node("Pow", "d two", "p").node("ReduceMean", "p", "v", "axes", []int64{-1}).node("Add", "v eps", "e").node("Sqrt", "e", "r").
			node("Div", "d r", "a").outputs("eps", "a", "two"),
		[][]float32{{1}, {float32(1.5 / math.Sqrt(3.25)), float32(-1.5 / math.Sqrt(3.25))}, {2}},
	},
}

func TestOutputsThatAreSomethingElse(t *testing.T) {
	for name, c := range outputsCases {
		t.Run(name, func(t *testing.T) {
			g := c.model.parse(t)
			checkGraph(g, t)
			checkOutputs(t, g, c.want)
			model, err := Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(model, Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkOutputs(t, again, c.want)
		})
	}
}

func checkOutputs(t *testing.T, g *graph.Graph, want [][]float32) {
	t.Helper()
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	p, err := native.Compile(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(g.Input.Shape...)
	for i := range x.Data {
		x.Data[i] = float32(i+1) * float32(1-i%2*2)
	}
	got, err := p.Run(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }
		if !slices.EqualFunc(got[i].Data[:len(w)], w, near) {
			t.Errorf("output %q is %v, want %v", g.Outputs[i].Name, got[i].Data, w)
		}
	}
}

// Biases are given by the names of nodes.
func TestNodeNamesAreUnique(t *testing.T) {
	m := net(13, 2).node("Neg", "x", "a").called("Abs_1").node("Abs", "a", "b").node("Abs", "b", "c").called("Abs_1").
		node("Sum", "c b a x", "d").called("sum").node("Max", "d a b x", "e").called("sum").outputs("e")
	seen := map[string]bool{}
	for _, n := range m.parse(t).Nodes {
		if seen[n.Name] || n.Name == "" {
			t.Errorf("%s is called %q as another node", n.Op, n.Name)
		}
		seen[n.Name] = true
	}
	if !seen["Abs_1"] || !seen["sum"] {
		t.Error("names of the file are lost")
	}
}

// Names that the writer makes are not those of values, as they are where what it wrote is read and written again.
func TestMarshalMakesNewNames(t *testing.T) {
	for _, v := range []string{"dqa/constant_1", "dqa/constant_2", "g/integer", "b/gate"} {
		m := net(13, 2).node("Neg", "x", v).node("Clip", v+" low", "d").floats("low", nil, -1).floats("s", nil, .5).narrow("z", uint8s, 0).
			node("QuantizeLinear", "d s z", "g").node("DequantizeLinear", "g s z", "c").node("Sigmoid", "c", "h").node("Mul", "c h", "b").
			floats("k", []int64{2}, 0, 1).node("Cast", "k", "yes", "to", 9).node("Where", "yes b "+v, "w").outputs("w", v)
		g := m.parse(t)
		whole, err := Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := g.Split("b")
		if err != nil {
			t.Fatal(err)
		}
		head, err := Marshal(parts[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range [][]byte{whole, head} {
			again, err := Parse(model, Options{})
			if err != nil {
				t.Fatalf("a value called %q: %v", v, err)
			}
			if model, err = Marshal(again); err != nil {
				t.Fatal(err)
			}
			if _, err = Parse(model, Options{}); err != nil {
				t.Fatalf("written again: %v", err)
			}
		}
	}
}
