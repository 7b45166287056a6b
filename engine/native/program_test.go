package native

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/tensor"
)

// quantizeHook is a hook that changes every edge in a way that depends on the edge: what a quantizer does.
func quantizeHook(edge int, data []float32) error {
	step := 0.01 * float32(1+edge%5)
	for i, v := range data {
		data[i] = step * float32(math.RoundToEven(float64(v/step)))
	}
	return nil
}

func sameOutputs(t *testing.T, what string, got, want []*tensor.Tensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d outputs, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !slices.Equal(got[i].Shape, want[i].Shape) {
			t.Fatalf("%s: output %d has shape %v, want %v", what, i, got[i].Shape, want[i].Shape)
		}
		for k, v := range got[i].Data {
			if math.Float32bits(v) != math.Float32bits(want[i].Data[k]) {
				t.Fatalf("%s: output %d differs at %d: %v, want %v", what, i, k, v, want[i].Data[k])
			}
		}
	}
}

func mustRun(t *testing.T, p *Program, x *tensor.Tensor, hook engine.Hook) []*tensor.Tensor {
	t.Helper()
	out, err := p.Run(x, hook)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// everyValue makes an edge of every value that g computes.
func everyValue(g *graph.Graph) []graph.Edge {
	var edges []graph.Edge
	for _, n := range g.Nodes {
		for _, out := range n.Outputs {
			edges = append(edges, graph.Edge{Name: out, Node: n.Name, Shape: g.Values[out].Shape})
		}
	}
	return edges
}

// What is observed must not change what is computed: fused or not, the bits are the same.
func TestEdgesDoNotChangeResults(t *testing.T) {
	for _, name := range quickNetworks() {
		t.Run(name, func(t *testing.T) {
			g := loadNetwork(t, name, loadReferences(t)[name].InputShape)
			x := formulaInput(g.Input.Shape)
			fused, err := Compile(g, nil)
			if err != nil {
				t.Fatal(err)
			}
			observed, err := Compile(g, everyValue(g))
			if err != nil {
				t.Fatal(err)
			}
			if len(fused.steps) >= len(observed.steps) {
				t.Errorf("nothing was fused: %d steps, %d with all values observed", len(fused.steps), len(observed.steps))
			}
			poison(fused)
			poison(observed)
			seen := 0
			hook := func(edge int, _ []float32) error {
				if edge != seen {
					return fmt.Errorf("hook called for edge %d, want %d", edge, seen)
				}
				seen++
				return nil
			}
			sameOutputs(t, "observed", mustRun(t, observed, x, hook), mustRun(t, fused, x, nil))
			if seen != len(observed.Edges()) {
				t.Errorf("hook saw %d of %d edges", seen, len(observed.Edges()))
			}
		})
	}
}

// restartStride leaves edges of the slowest networks out, and most without CI=true; DQA_ALL_EDGES=1 checks every edge of
// every network.
func restartStride(name string, edges int) int {
	switch {
	case os.Getenv("DQA_ALL_EDGES") != "":
		return 1
	case !testdata.CI():
		return max(1, edges/3)
	case strings.HasPrefix(name, "espnet"):
		return 31
	case strings.HasPrefix(name, "resnet"):
		return 1
	}
	return 5
}

func TestRunFromRunToIsRun(t *testing.T) {
	for _, name := range quickNetworks() {
		for _, set := range []graph.EdgeSet{graph.Stored, graph.Activations} {
			t.Run(name+"/"+string(set), func(t *testing.T) {
				if strings.HasPrefix(name, "espnet") {
					testdata.Long(t)
				}
				p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), set)
				x := formulaInput(p.Graph().Input.Shape)
				want := mustRun(t, p, x, quantizeHook)
				for edge := 0; edge < len(p.edges); edge += restartStride(name, len(p.edges)) {
					checkRestart(t, p, edge, x, want)
				}
			})
		}
	}
}

// checkRestart runs to edge and on from there.
func checkRestart(t *testing.T, p *Program, edge int, x *tensor.Tensor, want []*tensor.Tensor) {
	t.Helper()
	state, err := p.RunTo(edge, x, quantizeHook)
	if err != nil {
		t.Fatal(err)
	}
	if state.Edge != edge || !slices.ContainsFunc(state.Tensors, func(s engine.StateTensor) bool {
		return s.Name == p.edges[edge].Name
	}) {
		t.Fatalf("state of edge %d (%s) does not hold it", edge, p.edges[edge].Name)
	}
	for len(p.free) > 0 {
		<-p.free
	}
	poison(p)
	next := edge + 1
	got, err := p.RunFrom(state, func(e int, data []float32) error {
		if e != next {
			return fmt.Errorf("hook called for edge %d, want %d", e, next)
		}
		next++
		return quantizeHook(e, data)
	})
	if err != nil {
		t.Fatal(err)
	}
	sameOutputs(t, fmt.Sprintf("restart from edge %d", edge), got, want)
}

func TestRunFromKeepsTheState(t *testing.T) {
	p := smallProgram(t)
	state, err := p.RunTo(0, formulaInput(p.graph.Input.Shape), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := state.Tensors[0].Tensor.Clone()
	for range 2 {
		if _, err := p.RunFrom(state, quantizeHook); err != nil {
			t.Fatal(err)
		}
	}
	sameOutputs(t, "state", []*tensor.Tensor{state.Tensors[0].Tensor}, []*tensor.Tensor{before})
}

func TestConcurrentRunsAgree(t *testing.T) {
	g := loadNetwork(t, "resnet8_mlperftiny_cifar10.onnx", nil)
	p := compileNetwork(t, g, graph.Stored)
	x := formulaInput(g.Input.Shape)
	want := mustRun(t, p, x, quantizeHook)
	other := formulaInput(g.Input.Shape)
	slices.Reverse(other.Data)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for range 3 {
				got, err := p.Run(x, quantizeHook)
				if err != nil {
					t.Error(err)
					return
				}
				for k, v := range got[0].Data {
					if v != want[0].Data[k] {
						t.Errorf("goroutine %d: output %d is %v, want %v", i, k, v, want[0].Data[k])
					}
				}
				if _, err := p.Run(other, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// smallGraph is input -> Relu "edge" -> Reshape "view"; "direct" reads the edge and "viewed" the view.
func smallGraph() *graph.Graph {
	b := newGraphBuilder(1, 2, 2)
	b.node("Relu", "edge", []int{1, 2, 2}, nil, "input")
	b.node("Reshape", "view", []int{1, 4}, graph.Attributes{"shape": []int64{1, 4}}, "edge")
	b.node("Sigmoid", "direct", []int{1, 2, 2}, nil, "edge")
	b.node("Tanh", "viewed", []int{1, 4}, nil, "view")
	b.outputs("direct", "viewed")
	return b.g
}

func smallProgram(t *testing.T) *Program {
	t.Helper()
	p, err := Compile(smallGraph(), []graph.Edge{{Name: "edge", Shape: []int{1, 2, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHookReachesEveryReader(t *testing.T) {
	p := smallProgram(t)
	out := mustRun(t, p, formulaInput(p.graph.Input.Shape), func(_ int, data []float32) error {
		fill(data, 0.5)
		return nil
	})
	direct, viewed := float64(out[0].Data[3]), float64(out[1].Data[3])
	if math.Abs(direct-1/(1+math.Exp(-0.5))) > 1e-6 || math.Abs(viewed-math.Tanh(0.5)) > 1e-6 {
		t.Errorf("readers saw %v and %v", direct, viewed)
	}
}

// A view that is an edge has readers of its own: what its hook writes is not for those of the tensor behind it.
func TestHookOfAViewLeavesItsSource(t *testing.T) {
	g := smallGraph()
	p, err := Compile(g, []graph.Edge{{Name: "view", Shape: []int{1, 4}}})
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(1, 2, 2)
	out := mustRun(t, p, x, func(_ int, data []float32) error {
		fill(data, 0.5)
		return nil
	})
	if direct, viewed := out[0].Data[3], out[1].Data[3]; direct != 0.5 || viewed != float32(math.Tanh(0.5)) {
		t.Errorf("readers saw sigmoid %v and tanh %v", direct, viewed)
	}
}

func TestEdgesAreSorted(t *testing.T) {
	g := smallGraph()
	p, err := Compile(g, []graph.Edge{{Name: "direct", Shape: []int{1, 2, 2}}, {Name: "edge", Shape: []int{1, 2, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Edges(); e[0].Name != "edge" || e[1].Name != "direct" {
		t.Errorf("edges are in the order %v, %v", e[0].Name, e[1].Name)
	}
}

// Both outputs of a Split are edges of one step: a restart from the first must still show the second to the hook.
func TestRestartBetweenTwoEdgesOfOneStep(t *testing.T) {
	b := newGraphBuilder(1, 4)
	b.value("left", 1, 2)
	b.value("right", 1, 2)
	b.g.Nodes = append(b.g.Nodes, &graph.Node{Name: "split", Op: "Split", Inputs: []string{"input"},
		Outputs: []string{"left", "right"}, Attrs: graph.Attributes{"axis": int64(1), "split": []int64{2, 2}}})
	b.node("Mul", "product", []int{1, 2}, nil, "left", "right")
	b.outputs("product")
	p, err := Compile(b.g, everyValue(b.g)[:2])
	if err != nil {
		t.Fatal(err)
	}
	x := formulaInput([]int{1, 4})
	want := mustRun(t, p, x, quantizeHook)
	for edge := range 2 {
		checkRestart(t, p, edge, x, want)
	}
}

func TestOutputsThatNoNodeWrites(t *testing.T) {
	b := newGraphBuilder(1, 3)
	b.constant("constant", &graph.Tensor{Type: graph.Float32, Shape: []int{2}, Floats: []float32{4, 5}})
	b.node("Identity", "copy", []int{1, 3}, nil, "input")
	b.outputs("input", "constant", "copy")
	p, err := Compile(b.g, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := formulaInput([]int{1, 3})
	sameOutputs(t, "outputs", mustRun(t, p, x, nil), []*tensor.Tensor{x, {Shape: []int{2}, Data: []float32{4, 5}}, x})
}

func TestCompileNamesEveryUnsupportedNode(t *testing.T) {
	b := newGraphBuilder(1, 2, 4, 4, 4, 4)
	shape := []int{1, 2, 4, 4, 4, 4}
	b.node("Frobnicate", "a", shape, nil, "input")
	b.node("MaxPool", "b", shape, nil, "a")
	b.node("Relu", "c", shape, nil, "b")
	b.node("Relu", "d", shape, nil, "c", "a")
	b.outputs("d")
	_, err := Compile(b.g, nil)
	var unsupported *graph.UnsupportedError
	if !errors.As(err, &unsupported) || !errors.Is(err, graph.ErrUnsupported) {
		t.Fatalf("error %v", err)
	}
	var nodes []string
	for _, n := range unsupported.Nodes {
		nodes = append(nodes, n.Op+" "+n.Name)
	}
	if want := []string{"Frobnicate Frobnicate_a", "MaxPool MaxPool_b", "Relu Relu_d"}; !slices.Equal(nodes, want) {
		t.Errorf("got %q, want %q", nodes, want)
	}
}

func TestCompileRefusesEdges(t *testing.T) {
	for name, edges := range map[string][]graph.Edge{
		"not computed": {{Name: "input", Shape: []int{1, 2, 2}}},
		"unknown":      {{Name: "nothing", Shape: []int{1, 2, 2}}},
		"other shape":  {{Name: "edge", Shape: []int{1, 4}}},
		"twice":        {{Name: "edge", Shape: []int{1, 2, 2}}, {Name: "edge", Shape: []int{1, 2, 2}}},
	} {
		if _, err := Compile(smallGraph(), edges); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRunRefusesInputs(t *testing.T) {
	p := smallProgram(t)
	short := tensor.New(1, 2, 2)
	short.Data = short.Data[:3]
	for name, x := range map[string]*tensor.Tensor{"nil": nil, "shape": tensor.New(1, 4), "short": short} {
		if _, err := p.Run(x, nil); !errors.Is(err, ErrInput) {
			t.Errorf("%s: Run gives %v", name, err)
		}
		if _, err := p.RunTo(0, x, nil); !errors.Is(err, ErrInput) {
			t.Errorf("%s: RunTo gives %v", name, err)
		}
	}
}

func TestRunFromRefusesStates(t *testing.T) {
	p := smallProgram(t)
	good := func() *engine.State {
		state, err := p.RunTo(0, tensor.New(1, 2, 2), nil)
		if err != nil {
			t.Fatal(err)
		}
		return state
	}
	for name, spoil := range map[string]func(s *engine.State){
		"edge below 0": func(s *engine.State) { s.Edge = -1 },
		"edge beyond":  func(s *engine.State) { s.Edge = 1 },
		"no tensors":   func(s *engine.State) { s.Tensors = nil },
		"nil tensor":   func(s *engine.State) { s.Tensors[0].Tensor = nil },
		"name":         func(s *engine.State) { s.Tensors[0].Name = "x" },
		"shape":        func(s *engine.State) { s.Tensors[0].Shape = []int{4} },
		"data":         func(s *engine.State) { s.Tensors[0].Data = nil },
	} {
		state := good()
		spoil(state)
		if _, err := p.RunFrom(state, nil); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.RunFrom(nil, nil); !errors.Is(err, ErrState) {
		t.Errorf("nil: %v", err)
	}
	for _, edge := range []int{-1, 1} {
		if _, err := p.RunTo(edge, tensor.New(1, 2, 2), nil); !errors.Is(err, ErrState) {
			t.Errorf("RunTo(%d): %v", edge, err)
		}
	}
}

func TestHookErrorEndsTheRun(t *testing.T) {
	p := smallProgram(t)
	stop := errors.New("stop")
	hook := func(int, []float32) error { return stop }
	if _, err := p.Run(tensor.New(1, 2, 2), hook); !errors.Is(err, stop) {
		t.Errorf("Run: %v", err)
	}
	if _, err := p.RunTo(0, tensor.New(1, 2, 2), hook); !errors.Is(err, stop) {
		t.Errorf("RunTo: %v", err)
	}
}

// A product takes the Add of a row and the Relu behind it in. Bits stay those of the three steps, which edges keep apart.
func TestProductsTakeBiasesIn(t *testing.T) {
	for name, shape := range map[string][]int{"row": {9}, "row of rank 3": {1, 1, 9}, "every value": {2, 3, 9}, "column": {3, 1}} {
		b := newGraphBuilder(2, 3, 5)
		for constant, shape := range map[string][]int{"w": {5, 9}, "bias": shape} {
			values := formulaInput(shape).Data
			b.constant(constant, &graph.Tensor{Type: graph.Float32, Shape: shape, Floats: values})
		}
		b.node("MatMul", "product", []int{2, 3, 9}, nil, "input", "w")
		b.node("Add", "sum", []int{2, 3, 9}, nil, "bias", "product")
		b.node("Relu", "out", []int{2, 3, 9}, nil, "sum")
		b.outputs("out")
		apart, err := Compile(b.g, everyValue(b.g))
		if err != nil {
			t.Fatal(err)
		}
		together, err := Compile(b.g, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]int{true: 1, false: 3}[name == "row" || name == "row of rank 3"]
		if len(together.steps) != want || len(apart.steps) != 3 {
			t.Errorf("%s: %d steps and %d with edges, want %d and 3", name, len(together.steps), len(apart.steps), want)
		}
		x := formulaInput([]int{2, 3, 5})
		sameOutputs(t, name, mustRun(t, together, x, nil), mustRun(t, apart, x, nil))
	}
}
