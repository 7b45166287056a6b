package native

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
)

// Results must end where they should: behind them another part of a Concat may lie.
func TestNothingIsWrittenBehindResults(t *testing.T) {
	for _, name := range quickNetworks() {
		p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
		x := formulaInput(p.graph.Input.Shape)
		a := p.newArena()
		mark := math.Float32frombits(0x7fc12345)
		for i := range p.steps {
			for k, in := range a.tasks[i].in { // apart from the arena, so that nothing else lies behind them
				a.tasks[i].in[k] = withSlack(in)
			}
			for k, id := range p.steps[i].out {
				out := make([]float32, p.storages[id].size+slack)
				for n := range slack {
					out[p.storages[id].size+n] = mark
				}
				a.tasks[i].out[k] = out[:p.storages[id].size:len(out)]
			}
			if i == 0 {
				a.tasks[0].in[0] = withSlack(x.Data)
			}
			p.steps[i].run(&a.tasks[i])
			for k, out := range a.tasks[i].out {
				for n, v := range out[len(out):cap(out)] {
					if math.Float32bits(v) != math.Float32bits(mark) {
						t.Fatalf("%s, %s: output %d is written to %d behind its end", name, p.steps[i].site.Name, k, n)
					}
				}
			}
		}
	}
}

// joinGraph has Concats whose parts are read by others, too, come twice, or are the input; simple has one that joins best.
func joinGraph(simple bool) *graph.Graph {
	b := newGraphBuilder(1, 4, 8, 8)
	part, double := []int{1, 4, 8, 8}, []int{1, 8, 8, 8}
	node := func(op, to, from string) { b.node(op, to, part, nil, from) }
	node("Sin", "a", "input")
	node("Relu", "b", "a")
	node("Cos", "c", "input")
	node("Relu", "d", "c")
	b.node("Concat", "e", double, graph.Attributes{"axis": int64(1)}, "b", "d")
	b.node("Neg", "y", double, nil, "e")
	if simple {
		b.outputs("y")
		return b.g
	}
	four := []int{1, 16, 8, 8}
	b.node("Concat", "f", four, graph.Attributes{"axis": int64(1)}, "a", "input", "d", "a")
	b.node("Relu", "z", four, nil, "f")
	node("Neg", "w", "d")
	b.outputs("y", "z", "w")
	return b.g
}

// TestJoin: parts of a Concat lie in it; hooks and restarts see the right values.
func TestJoin(t *testing.T) {
	for _, simple := range []bool{true, false} {
		for _, set := range []graph.EdgeSet{graph.Stored, graph.Activations} {
			p := compileNetwork(t, joinGraph(simple), set)
			if i := slices.IndexFunc(p.storages, func(s storage) bool { return s.within >= 0 }); simple && i < 0 {
				t.Error("nothing was joined")
			}
			x := formulaInput(p.graph.Input.Shape)
			whole := mustRun(t, p, x, quantizeHook)
			bands := mustPack(t, p, nil, engine.PackOptions{Rows: 3, Hook: quantizeHook})
			sameOutputs(t, fmt.Sprint(set, " in bands"), mustRunPacked(t, bands, x), whole)
			for edge := range p.edges {
				state, err := p.RunTo(edge, x, quantizeHook)
				if err != nil {
					t.Fatal(err)
				}
				again, err := p.RunFrom(state, quantizeHook)
				if err != nil {
					t.Fatal(err)
				}
				sameOutputs(t, fmt.Sprint(set, " from edge ", edge), again, whole)
			}
		}
	}
}
