package onnx_test

import (
	"errors"
	"math"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// On real networks a bias changes exactly the channel that it is for, by exactly its value, where it acts.
func TestWithBiasShiftsItsChannel(t *testing.T) {
	for _, model := range []string{"resnet8_mlperftiny_cifar10", "vit_tiny_cifar10", "unet_deeppcb", "squeezenet_cifar10_emclab"} {
		dir := "models"
		if model == "squeezenet_cifar10_emclab" {
			dir = "models_import"
		}
		g, err := onnx.Load(testdata.Shared(t, dir)+"/"+model+".onnx", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		points := g.BiasPoints()
		if len(points) < 3 {
			t.Fatalf("%s: %d points", model, len(points))
		}
		for _, p := range []graph.BiasPoint{points[0], points[1], points[len(points)/2]} {
			bias := make([]float32, p.Channels())
			bias[len(bias)-1] = .5
			changed, err := g.WithBias(map[string][]float32{p.Node: bias})
			if err != nil {
				t.Fatal(err)
			}
			before, after := valueOf(t, g, p), valueOf(t, changed, p)
			for i := range before {
				want := 0.
				if i/p.Inner()%p.Channels() == p.Channels()-1 {
					want = .5
				}
				if got := float64(after[i]) - float64(before[i]); math.Abs(got-want) > 1e-4*math.Max(1, math.Abs(float64(before[i]))) {
					t.Fatalf("%s, node %q: element %d changes by %v, want %v", model, p.Node, i, got, want)
				}
			}
		}
		if _, err := g.WithBias(map[string][]float32{"no such node": nil}); !errors.Is(err, graph.ErrBias) {
			t.Errorf("unknown node: %v", err)
		}
		if _, err := g.WithBias(map[string][]float32{points[0].Node: make([]float32, points[0].Channels()+1)}); !errors.Is(err, graph.ErrBias) {
			t.Errorf("too many values: %v", err)
		}
	}
}

// valueOf runs the network and returns what a point sees.
func valueOf(t *testing.T, g *graph.Graph, p graph.BiasPoint) (seen []float32) {
	t.Helper()
	prog, err := native.Compile(g, []graph.Edge{{Name: p.Value, Shape: p.Shape}})
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(g.Input.Shape...)
	for i := range x.Data {
		x.Data[i] = float32(i*7919%2003)/1001.5 - 1
	}
	if _, err := prog.Run(x, func(_ int, data []float32) error { seen = append(seen, data...); return nil }); err != nil {
		t.Fatal(err)
	}
	return seen
}

// Of the networks at hand, attention is the only Softmax before the output.
func TestRowSums(t *testing.T) {
	for model, want := range map[string]int{"vit_tiny_cifar10": 6, "resnet32_cifar10": 0} {
		g, err := onnx.Load(testdata.Shared(t, "models")+"/"+model+".onnx", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		edges, err := g.FindEdges(graph.Stored)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range edges {
			if e.RowSums {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: %d edges, want %d", model, n, want)
		}
	}
}
