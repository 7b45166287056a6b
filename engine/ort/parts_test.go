//go:build ort

package ort

import (
	"errors"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// A tail with several inputs runs as it is, hooks included, and gives what the whole gives.
func TestParts(t *testing.T) {
	needLibrary(t)
	g, edges := load2(t, "unet_deeppcb.onnx", nil)
	at := len(edges) / 2
	parts, err := g.Split(edges[at].Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts[1].Inputs()) < 2 {
		t.Fatal("only the edge passes")
	}
	halve := func(_ int, data []float32) error {
		for i := range data {
			data[i] /= 2
		}
		return nil
	}
	x := reference.Input(g.Input.Shape)
	for _, hook := range []engine.Hook{nil, halve} {
		want, err := compile(t, g, edges).Run(x, hook)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]*tensor.Tensor{g.Input.Name: x}
		for _, p := range parts {
			var own []graph.Edge
			for _, e := range edges {
				if slices.ContainsFunc(p.Nodes, func(n *graph.Node) bool { return slices.Contains(n.Outputs, e.Name) }) {
					own = append(own, e)
				}
			}
			var inputs []*tensor.Tensor
			for _, v := range p.Inputs() {
				inputs = append(inputs, values[v.Name])
			}
			prog := compile(t, p, own)
			outputs, err := prog.RunInputs(inputs, hook)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range p.Outputs {
				values[v.Name] = outputs[i]
			}
			if _, err := prog.RunInputs(append(inputs, x), nil); !errors.Is(err, ErrInput) {
				t.Error(err)
			}
		}
		for i, o := range g.Outputs {
			if d := difference(values[o.Name], want[i]); !(d <= 1e-5) {
				t.Errorf("hooked %v: %s differs by %.2g of the largest value", hook != nil, o.Name, d)
			}
		}
	}
	if _, err := Compile(&graph.Graph{Name: "nothing"}, nil, ""); !errors.Is(err, graph.ErrEmpty) {
		t.Error(err)
	}
}
