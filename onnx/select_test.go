package onnx

import (
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// TestComputedIndicesOutside: an index outside its axis picks nothing, also where another row lies there.
func TestComputedIndicesOutside(t *testing.T) {
	nan := float32(math.NaN())
	index := []float32{0, 2, -1, -3, 3, -4, 1e38, -1e38, nan}
	rows := [][]float32{{10, 11, 12}, {20, 21, 22}}
	want := []int{0, 2, 2, 0, -1, -1, -1, -1, -1}
	table := []float32{10, 11, 12, 20, 21, 22}
	n := int64(len(index))
	for name, m := range map[string]*protoModel{
		"Gather": net(13, n).floats("t", []int64{2, 3}, table...).node("Cast", "x", "i", "to", 7).ints("s", n).node("Reshape", "i s", "j").
			node("Gather", "t j", "y", "axis", 1).outputs("y"),
		"GatherElements": net(13, n).floats("t", []int64{2, 3}, table...).node("Cast", "x", "i", "to", 7).node("Concat", "i i", "j", "axis", 0).
			node("GatherElements", "t j", "y", "axis", 1).outputs("y"),
	} {
		g := m.parse(t)
		model, err := Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(model, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range []*graph.Graph{g, again} {
			for k, got := range firstOutput(t, g, index) {
				w := nan
				if at := want[k%len(index)]; at >= 0 {
					w = rows[k/len(index)][at]
				}
				if got != w && !(got != got && w != w) {
					t.Errorf("%s: index %g of row %d picks %g, want %g", name, index[k%len(index)], k/len(index), got, w)
				}
			}
		}
	}
}

func firstOutput(t *testing.T, g *graph.Graph, x []float32) []float32 {
	t.Helper()
	p, err := native.Compile(g, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := tensor.New(g.Input.Shape...)
	copy(in.Data, x)
	out, err := p.Run(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data
}

// TestNoIntegers: constants that have no integer, NaN among them, are left to the engine, whose answer is NaN.
func TestNoIntegers(t *testing.T) {
	nan := float32(math.NaN())
	for want, m := range map[string]*protoModel{
		"QuantizeLinear DequantizeLinear Add": net(13, 2).floats("k", []int64{2}, 1, nan).floats("s", nil, 1).node("QuantizeLinear", "k s", "q").
			node("DequantizeLinear", "q s", "d").node("Add", "x d", "y"),
		"Trunc Add": net(13, 2).floats("k", []int64{2}, 1e30, 2).node("Cast", "k", "i", "to", 7).node("Cast", "i", "f", "to",
			1).node("Add", "x f", "y"),
		"Trunc Mod Add": net(13, 2).floats("k", []int64{2}, nan, 2).node("Cast", "k", "i", "to", 2).node("Cast", "i", "f", "to",
			1).node("Add", "x f", "y"),
	} {
		if got := ops(m.outputs("y").parse(t)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestCastLikeComputed: a constant takes the type of a computed value.
func TestCastLikeComputed(t *testing.T) {
	g := net(15, 2).floats("k", []int64{2}, 1.75, -2.5).node("Greater", "x k", "b").node("CastLike", "k b", "c").node("Cast",
		"c", "f", "to", 1).
		node("Add", "x f", "y").outputs("y").parse(t)
	if got := g.Constants[g.Nodes[len(g.Nodes)-1].Inputs[1]]; !slices.Equal(got.Floats, []float32{1, 1}) {
		t.Errorf("got %v", got)
	}
}
