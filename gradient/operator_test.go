package gradient_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/gradient"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

func compile(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	return native.Compile(g, edges)
}

type attrs = graph.Attributes

// node is one case: an operator, the shapes of its inputs and outputs.
type node struct {
	op       string
	attrs    attrs
	inputs   [][]int
	consts   int // inputs from this one on are constants; 0: none is
	outputs  [][]int
	positive bool    // values are positive
	ints     []int64 // the last constant, if it holds integers
}

func window(kernel, strides, dilations, pads []int64, more attrs) attrs {
	a := attrs{"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads}
	for k, v := range more {
		a[k] = v
	}
	return a
}

func conv(group int64, kernel, strides, dilations, pads []int64) attrs {
	return window(kernel, strides, dilations, pads, attrs{"group": group})
}

func two(v int64) []int64 { return []int64{v, v} }

func four(v int64) []int64 { return []int64{v, v, v, v} }

func resize(mode, coordinates string, scales ...float32) attrs {
	return attrs{"mode": mode, "coordinate_transformation_mode": coordinates, "nearest_mode": "floor", "scales": scales,
		"cubic_coeff_a": float32(-.75), "exclude_outside": int64(0)}
}

var cases = []node{
	{op: "Conv", attrs: conv(1, two(3), two(1), two(1), four(1)), inputs: [][]int{{1, 3, 5, 6}, {4, 3, 3, 3}, {4}}, consts: 1,
		outputs: [][]int{{1, 4, 5, 6}}},
	{op: "Conv", attrs: conv(1, two(3), two(2), two(1), four(1)), inputs: [][]int{{1, 3, 6, 7}, {4, 3, 3, 3}}, consts: 1,
		outputs: [][]int{{1, 4, 3, 4}}},
	{op: "Conv", attrs: conv(2, two(3), two(1), two(2), four(2)), inputs: [][]int{{1, 4, 5, 6}, {6, 2, 3, 3}}, consts: 1,
		outputs: [][]int{{1, 6, 5, 6}}},
	{op: "Conv", attrs: conv(4, two(3), two(2), two(1), []int64{0, 0, 1, 1}), inputs: [][]int{{1, 4, 6, 6}, {4, 1, 3, 3}, {4}},
		consts: 1, outputs: [][]int{{1, 4, 3, 3}}},
	{op: "Conv", attrs: conv(4, two(3), two(1), two(1), four(1)), inputs: [][]int{{1, 4, 5, 5}, {4, 1, 3, 3}}, consts: 1,
		outputs: [][]int{{1, 4, 5, 5}}},
	{op: "Conv", attrs: conv(1, two(1), two(2), two(1), four(0)), inputs: [][]int{{1, 3, 6, 6}, {5, 3, 1, 1}}, consts: 1,
		outputs: [][]int{{1, 5, 3, 3}}},
	{op: "Conv", attrs: conv(1, two(1), two(1), two(1), four(1)), inputs: [][]int{{1, 2, 3, 3}, {2, 2, 1, 1}}, consts: 1,
		outputs: [][]int{{1, 2, 5, 5}}},
	{op: "Conv", attrs: conv(1, []int64{4}, []int64{3}, []int64{1}, []int64{2, 1}), inputs: [][]int{{1, 3, 11}, {2, 3, 4}},
		consts: 1, outputs: [][]int{{1, 2, 4}}},
	{op: "Conv", attrs: conv(1, []int64{2, 3, 3}, []int64{1, 1, 1}, []int64{1, 1, 1}, []int64{0, 1, 1, 1, 1, 1}),
		inputs: [][]int{{1, 2, 3, 4, 3}, {3, 2, 2, 3, 3}}, consts: 1, outputs: [][]int{{1, 3, 3, 4, 3}}},
	{op: "ConvTranspose", attrs: window(two(3), two(2), two(1), four(1), attrs{"group": int64(1), "output_padding": two(1)}),
		inputs: [][]int{{1, 3, 3, 4}, {3, 2, 3, 3}, {2}}, consts: 1, outputs: [][]int{{1, 2, 6, 8}}},
	{op: "ConvTranspose", attrs: window(two(2), two(2), two(1), four(0), attrs{"group": int64(2), "output_padding": two(0)}),
		inputs: [][]int{{1, 4, 3, 3}, {4, 3, 2, 2}}, consts: 1, outputs: [][]int{{1, 6, 6, 6}}},
	{op: "ConvTranspose", attrs: window(two(2), two(3), two(1), four(0), attrs{"group": int64(1), "output_padding": two(1)}),
		inputs: [][]int{{1, 2, 3, 3}, {2, 2, 2, 2}}, consts: 1, outputs: [][]int{{1, 2, 9, 9}}},
	{op: "Gemm", attrs: attrs{"transA": int64(0), "transB": int64(1), "alpha": float32(1), "beta": float32(1)},
		inputs: [][]int{{3, 5}, {4, 5}, {4}}, consts: 1, outputs: [][]int{{3, 4}}},
	{op: "MatMul", inputs: [][]int{{1, 2, 3, 4}, {1, 2, 4, 5}}, outputs: [][]int{{1, 2, 3, 5}}},
	{op: "MatMul", inputs: [][]int{{2, 3, 4}, {1, 4, 5}}, outputs: [][]int{{2, 3, 5}}},
	{op: "MatMul", inputs: [][]int{{3, 4}, {2, 4, 5}}, outputs: [][]int{{2, 3, 5}}},
	{op: "MatMul", inputs: [][]int{{1, 3, 4}, {4, 5}}, consts: 1, outputs: [][]int{{1, 3, 5}}},
	{op: "CumSum", attrs: attrs{"axis": int64(1), "exclusive": int64(1), "reverse": int64(0)}, inputs: [][]int{{2, 4, 3}},
		outputs: [][]int{{2, 4, 3}}},

	{op: "BatchNormalization", attrs: attrs{"epsilon": float32(1e-3)}, inputs: [][]int{{1, 3, 2, 4}, {3}, {3}, {3}, {3}},
		consts: 1, outputs: [][]int{{1, 3, 2, 4}}, positive: true},
	{op: "LayerNormalization", attrs: attrs{"axis": int64(2), "epsilon": float32(1e-5)}, inputs: [][]int{{1, 3, 8}, {8}, {8}},
		consts: 1, outputs: [][]int{{1, 3, 8}}},
	{op: "LayerNormalization", attrs: attrs{"axis": int64(1), "epsilon": float32(1e-2)}, inputs: [][]int{{1, 2, 6}, {2, 6}},
		consts: 1, outputs: [][]int{{1, 2, 6}}},
	{op: "InstanceNormalization", attrs: attrs{"epsilon": float32(1e-5)}, inputs: [][]int{{1, 3, 3, 4}, {3}, {3}}, consts: 1,
		outputs: [][]int{{1, 3, 3, 4}}},
	{op: "LRN", attrs: attrs{"alpha": float32(.3), "beta": float32(.75), "bias": float32(1), "size": int64(4)},
		inputs: [][]int{{1, 6, 2, 2}}, outputs: [][]int{{1, 6, 2, 2}}},
	{op: "Softmax", attrs: attrs{"axis": int64(2)}, inputs: [][]int{{1, 3, 5}}, outputs: [][]int{{1, 3, 5}}},
	{op: "Softmax", attrs: attrs{"axis": int64(1)}, inputs: [][]int{{1, 5, 2, 2}}, outputs: [][]int{{1, 5, 2, 2}}},
	{op: "LogSoftmax", attrs: attrs{"axis": int64(1)}, inputs: [][]int{{1, 5, 2, 2}}, outputs: [][]int{{1, 5, 2, 2}}},

	{op: "Relu"}, {op: "Sigmoid"}, {op: "Tanh"}, {op: "Exp"}, {op: "HardSwish"}, {op: "Softplus"}, {op: "Softsign"}, {op: "Mish"},
	{op: "Erf"}, {op: "Neg"}, {op: "Abs"}, {op: "Sin"}, {op: "Cos"},
	{op: "Sqrt", positive: true}, {op: "Log", positive: true}, {op: "Reciprocal", positive: true},
	{op: "Clip", attrs: attrs{"min": float32(-.4), "max": float32(.6)}},
	{op: "Clip", attrs: attrs{"min": float32(math.Inf(-1)), "max": float32(.6)}},
	{op: "LeakyRelu", attrs: attrs{"alpha": float32(.1)}},
	{op: "Elu", attrs: attrs{"alpha": float32(1.5)}},
	{op: "Selu", attrs: attrs{"alpha": float32(1.67), "gamma": float32(1.05)}},
	{op: "HardSigmoid", attrs: attrs{"alpha": float32(.5), "beta": float32(.5)}},
	{op: "Swish", attrs: attrs{"alpha": float32(1.3)}},
	{op: "Gelu", attrs: attrs{"approximate": "none"}},
	{op: "Gelu", attrs: attrs{"approximate": "tanh"}},
	{op: "ThresholdedRelu", attrs: attrs{"alpha": float32(.3)}},

	{op: "Add", inputs: [][]int{{1, 3, 4}, {1, 3, 4}}, outputs: [][]int{{1, 3, 4}}},
	{op: "Add", inputs: [][]int{{1, 3, 4}, {3, 1}}, outputs: [][]int{{1, 3, 4}}},
	{op: "Sub", inputs: [][]int{{1, 1, 4}, {2, 3, 1}}, outputs: [][]int{{2, 3, 4}}},
	{op: "Mul", inputs: [][]int{{1, 3, 4}, {1, 3, 1}}, outputs: [][]int{{1, 3, 4}}},
	{op: "Mul", inputs: [][]int{{1, 3, 4}, {}}, consts: 1, outputs: [][]int{{1, 3, 4}}},
	{op: "Div", inputs: [][]int{{1, 3, 4}, {4}}, outputs: [][]int{{1, 3, 4}}, positive: true},
	{op: "PRelu", inputs: [][]int{{1, 3, 2, 4}, {3, 1, 1}}, consts: 1, outputs: [][]int{{1, 3, 2, 4}}},
	{op: "Pow", inputs: [][]int{{1, 3, 4}, {}}, consts: 1, outputs: [][]int{{1, 3, 4}}, positive: true},
	{op: "Min", inputs: [][]int{{1, 3, 4}, {1, 3, 4}}, outputs: [][]int{{1, 3, 4}}},
	{op: "Max", inputs: [][]int{{1, 3, 4}, {4}}, outputs: [][]int{{1, 3, 4}}},

	{op: "MaxPool", attrs: window(two(2), two(2), two(1), four(0), attrs{"ceil_mode": int64(0)}),
		inputs: [][]int{{1, 2, 4, 6}}, outputs: [][]int{{1, 2, 2, 3}}},
	{op: "MaxPool", attrs: window(two(3), two(2), two(1), four(1), attrs{"ceil_mode": int64(1)}),
		inputs: [][]int{{1, 2, 6, 5}}, outputs: [][]int{{1, 2, 4, 3}}},
	{op: "MaxPool", attrs: window([]int64{3}, []int64{1}, []int64{2}, []int64{2, 2}, attrs{"ceil_mode": int64(0)}),
		inputs: [][]int{{1, 2, 7}}, outputs: [][]int{{1, 2, 7}}},
	{op: "AveragePool", attrs: window(two(3), two(2), two(1), four(1), attrs{"ceil_mode": int64(0), "count_include_pad": int64(0)}),
		inputs: [][]int{{1, 2, 5, 6}}, outputs: [][]int{{1, 2, 3, 3}}},
	{op: "AveragePool", attrs: window(two(3), two(2), two(1), []int64{1, 0, 1, 1},
		attrs{"ceil_mode": int64(1), "count_include_pad": int64(1)}),
		inputs: [][]int{{1, 2, 6, 6}}, outputs: [][]int{{1, 2, 4, 3}}},
	{op: "GlobalAveragePool", inputs: [][]int{{1, 3, 2, 4}}, outputs: [][]int{{1, 3, 1, 1}}},
	{op: "GlobalMaxPool", inputs: [][]int{{1, 3, 2, 4}}, outputs: [][]int{{1, 3, 1, 1}}},
	{op: "ReduceMean", attrs: attrs{"axes": []int64{2, 3}, "keepdims": int64(0)}, inputs: [][]int{{1, 3, 2, 4}}, outputs: [][]int{{1, 3}}},
	{op: "ReduceSum", attrs: attrs{"axes": []int64{1}, "keepdims": int64(1)}, inputs: [][]int{{1, 3, 2, 4}}, outputs: [][]int{{1, 1, 2, 4}}},
	{op: "ReduceMax", attrs: attrs{"axes": []int64{1, 3}, "keepdims": int64(0)}, inputs: [][]int{{1, 3, 2, 4}}, outputs: [][]int{{1, 2}}},
	{op: "ReduceMin", attrs: attrs{"axes": []int64{2}, "keepdims": int64(1)}, inputs: [][]int{{1, 3, 4}}, outputs: [][]int{{1, 3, 1}}},
	{op: "Resize", attrs: resize("nearest", "asymmetric", 1, 1, 2, 1.5), inputs: [][]int{{1, 2, 2, 4}}, outputs: [][]int{{1, 2, 4, 6}}},
	{op: "Resize", attrs: resize("linear", "half_pixel", 1, 1, 2, .75), inputs: [][]int{{1, 2, 3, 4}}, outputs: [][]int{{1, 2, 6, 3}}},
	{op: "Resize", attrs: resize("linear", "align_corners", 1, 1, 2, 2), inputs: [][]int{{1, 2, 3, 4}}, outputs: [][]int{{1, 2, 6, 8}}},
	{op: "Resize", attrs: resize("cubic", "half_pixel", 1, 1, 1, 2.5), inputs: [][]int{{1, 2, 3, 4}}, outputs: [][]int{{1, 2, 3, 10}}},

	{op: "Concat", attrs: attrs{"axis": int64(1)}, inputs: [][]int{{2, 3, 2}, {2, 1, 2}, {2, 2, 2}}, outputs: [][]int{{2, 6, 2}}},
	{op: "Split", attrs: attrs{"axis": int64(1), "split": []int64{1, 3}}, inputs: [][]int{{2, 4, 3}}, outputs: [][]int{{2, 1, 3}, {2, 3, 3}}},
	{op: "Slice", attrs: attrs{"starts": []int64{0, 3, 1}, "ends": []int64{1, -1, 4}, "steps": []int64{1, -2, 1}},
		inputs: [][]int{{1, 4, 5}}, outputs: [][]int{{1, 2, 3}}},
	{op: "Pad", attrs: attrs{"mode": "constant", "pads": []int64{0, 0, 1, 0, 2, 0}, "value": float32(3)},
		inputs: [][]int{{1, 2, 3}}, outputs: [][]int{{1, 4, 4}}},
	{op: "Pad", attrs: attrs{"mode": "reflect", "pads": []int64{0, 0, 2, 0, 0, 1}, "value": float32(0)},
		inputs: [][]int{{1, 2, 4}}, outputs: [][]int{{1, 2, 7}}},
	{op: "Transpose", attrs: attrs{"perm": []int64{0, 2, 1}}, inputs: [][]int{{1, 3, 4}}, outputs: [][]int{{1, 4, 3}}},
	{op: "Reshape", attrs: attrs{"shape": []int64{3, 4}}, inputs: [][]int{{1, 3, 4}}, outputs: [][]int{{3, 4}}},
	{op: "Gather", attrs: attrs{"axis": int64(1)}, inputs: [][]int{{1, 4, 2}, {3}}, consts: 1, ints: []int64{2, 0, 2},
		outputs: [][]int{{1, 3, 2}}},
	{op: "Expand", attrs: attrs{"shape": []int64{2, 3, 4}}, inputs: [][]int{{1, 3, 1}}, outputs: [][]int{{2, 3, 4}}},
	{op: "Tile", attrs: attrs{"repeats": []int64{1, 2, 3}}, inputs: [][]int{{1, 3, 2}}, outputs: [][]int{{1, 6, 6}}},
	{op: "DepthToSpace", attrs: attrs{"blocksize": int64(2), "mode": "CRD"}, inputs: [][]int{{1, 8, 2, 3}}, outputs: [][]int{{1, 2, 4, 6}}},
	{op: "SpaceToDepth", attrs: attrs{"blocksize": int64(2)}, inputs: [][]int{{1, 2, 4, 6}}, outputs: [][]int{{1, 8, 2, 3}}},
	{op: "Where", inputs: [][]int{{1, 3, 4}, {1, 3, 4}, {1, 3, 1}}, outputs: [][]int{{1, 3, 4}}},
}

// network is the node behind an Identity of every input that is computed: the edges. Where has its condition as a constant.
func (c node) network(r *rand.Rand) (*graph.Graph, []graph.Edge, []*tensor.Tensor) {
	if c.inputs == nil {
		c.inputs, c.outputs = [][]int{{1, 4, 8}}, [][]int{{1, 4, 8}}
	}
	g := &graph.Graph{Constants: map[string]*graph.Tensor{}, Values: map[string]graph.Value{}}
	value := func(name string, shape []int) graph.Value {
		v := graph.Value{Name: name, Type: graph.Float32, Shape: shape}
		g.Values[name] = v
		return v
	}
	n := &graph.Node{Name: "node", Op: c.op, Attrs: c.attrs}
	var edges []graph.Edge
	var inputs []*tensor.Tensor
	var all []graph.Value
	for i, shape := range c.inputs {
		x := tensor.New(shape...)
		fill(x.Data, r, c.positive, float32(i%2)*.05)
		name := fmt.Sprint("e", i)
		n.Inputs = append(n.Inputs, name)
		value(name, shape)
		if c.consts > 0 && i >= c.consts || c.op == "Where" && i == 0 {
			g.Constants[name] = &graph.Tensor{Type: graph.Float32, Shape: shape, Floats: x.Data}
			for k := range x.Data { // so that results are not much larger than what a difference does to them
				x.Data[k] /= 8
			}
			if c.op == "Where" {
				for k, v := range x.Data {
					x.Data[k] = float32(math.Max(0, math.Copysign(1, float64(v))))
				}
			}
			if c.ints != nil {
				g.Constants[name] = &graph.Tensor{Type: graph.Int64, Shape: shape, Ints: c.ints}
				g.Values[name] = graph.Value{Name: name, Type: graph.Int64, Shape: shape}
			}
			continue
		}
		all = append(all, value(fmt.Sprint("x", i), shape))
		inputs = append(inputs, x)
		edges = append(edges, graph.Edge{Name: name, Shape: shape})
		g.Nodes = append(g.Nodes, &graph.Node{Name: "to " + name, Op: "Identity", Attrs: attrs{},
			Inputs: []string{fmt.Sprint("x", i)}, Outputs: []string{name}})
	}
	g.Input, g.Others = all[0], all[1:]
	for i, shape := range c.outputs {
		name := fmt.Sprint("y", i)
		n.Outputs = append(n.Outputs, name)
		g.Outputs = append(g.Outputs, value(name, shape))
	}
	g.Nodes = append(g.Nodes, n)
	return g, edges, inputs
}

// fill takes values that lie .1 apart; shift is 0 for those that are not to come near a multiple of .1, where kinks are.
func fill(x []float32, r *rand.Rand, positive bool, shift float32) {
	for i, k := range r.Perm(len(x)) {
		x[i] = float32(k-len(x)/2)*.1 + .05 + shift
		if positive {
			x[i] = float32(k)*.1 + .55 + shift
		}
	}
}

// Every operator's derivatives are finite differences: four points, so that what is left is the rounding of float32.
func TestOperatorsAgainstFiniteDifferences(t *testing.T) {
	for i, c := range cases {
		t.Run(fmt.Sprint(i, " ", c.op), func(t *testing.T) {
			r := rand.New(rand.NewPCG(16, uint64(i)))
			g, edges, inputs := c.network(r)
			p, err := gradient.New(g, edges, compile)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range edges {
				if err := p.Derivative(e.Name); err != nil {
					t.Fatal(err)
				}
			}
			seeds := make([][]float32, len(g.Outputs))
			for k, o := range g.Outputs {
				seeds[k] = make([]float32, tensor.Size(o.Shape))
				for j := range seeds[k] {
					seeds[k][j] = float32(r.NormFloat64())
				}
			}
			checkDifferences(t, p, inputs, seeds)
		})
	}
}

func checkDifferences(t *testing.T, p *gradient.Program, inputs []*tensor.Tensor, seeds [][]float32) {
	t.Helper()
	number := func() float64 {
		v, err := p.Forward(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for k, o := range v.Outputs {
			for j, y := range o.Data {
				sum += float64(y) * float64(seeds[k][j])
			}
		}
		return sum
	}
	v, err := p.Forward(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = p.Backward(v, seeds, func(edge int, d []float32) error {
		seen++
		x := inputs[edge].Data
		if len(d) != len(x) {
			t.Fatalf("edge %d: %d derivatives of %d values", edge, len(d), len(x))
		}
		const step = 1.0 / 64
		for i, at := range x {
			shifted := func(by float32) float64 { x[i] = at + by*step; return number() }
			want := (8*(shifted(1)-shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * step)
			x[i] = at
			if math.Abs(float64(d[i])-want) > 2e-4*max(1, math.Abs(want)) {
				t.Errorf("edge %d, value %d: %v, by differences %v", edge, i, d[i], want)
			}
		}
		return nil
	})
	if err != nil || seen != len(inputs) {
		t.Errorf("%d of %d edges: %v", seen, len(inputs), err)
	}
}

// What has no derivative is said, and so are the edges that reach an output through it, even where they have another way.
func TestObstacles(t *testing.T) {
	g := &graph.Graph{Constants: map[string]*graph.Tensor{}, Values: map[string]graph.Value{}}
	for _, name := range []string{"x", "early", "rounded", "late", "y", "free", "z"} {
		g.Values[name] = graph.Value{Name: name, Type: graph.Float32, Shape: []int{1, 4}}
	}
	add := func(op, out string, in ...string) {
		g.Nodes = append(g.Nodes, &graph.Node{Name: "to " + out, Op: op, Attrs: attrs{}, Inputs: in, Outputs: []string{out}})
	}
	add("Neg", "early", "x")
	add("Round", "rounded", "early")
	add("Add", "late", "early", "rounded")
	add("Sigmoid", "y", "late")
	add("Neg", "free", "x")
	add("Round", "z", "free") // leads nowhere
	g.Input, g.Outputs = g.Values["x"], []graph.Value{g.Values["y"]}
	var edges []graph.Edge
	for _, name := range []string{"early", "late", "free"} {
		edges = append(edges, graph.Edge{Name: name, Shape: []int{1, 4}})
	}
	p, err := gradient.New(g, edges, compile)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Derivative("early"); !errors.Is(err, gradient.ErrNone) {
		t.Errorf("behind Round: %v", err)
	}
	v, err := p.Forward(&tensor.Tensor{Shape: []int{1, 4}, Data: []float32{-2, -.4, .3, 1}})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	err = p.Backward(v, [][]float32{{1, 1, 1, 1}}, func(edge int, d []float32) error {
		seen = append(seen, edges[edge].Name)
		if nothing := slices.Equal(d, make([]float32, 4)); nothing != (edges[edge].Name == "free") {
			t.Errorf("%s: %v", edges[edge].Name, d)
		}
		return nil
	})
	if err != nil || !slices.Equal(seen, []string{"free", "late"}) {
		t.Errorf("seen %q, %v", seen, err)
	}
}
