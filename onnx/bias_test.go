package onnx_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// On real networks a bias changes exactly the channel that it is for, by exactly its value, where it acts, and a gain multiplies it
// before: what a node writes, with the addition that is fused to it.
func TestCorrectionsChangeTheirChannel(t *testing.T) {
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
			for _, gain := range []float64{1, 1.125} {
				checkCorrection(t, model, g, p, gain)
			}
		}
		if _, err := g.WithCorrections(nil, map[string][]float32{"no such node": nil}); !errors.Is(err, graph.ErrBias) {
			t.Errorf("unknown node: %v", err)
		}
		if _, err := g.WithCorrections(nil, map[string][]float32{points[0].Node: make([]float32, points[0].Channels()+1)}); !errors.Is(err, graph.ErrBias) {
			t.Errorf("too many values: %v", err)
		}
		if _, err := g.WithCorrections(map[string][]float32{"no such node": {1}}, nil); !errors.Is(err, graph.ErrBias) {
			t.Errorf("unknown node with gains: %v", err)
		}
		if _, err := g.WithCorrections(map[string][]float32{points[0].Node: {1}}, nil); points[0].Channels() != 1 && !errors.Is(err, graph.ErrBias) {
			t.Errorf("too few gains: %v", err)
		}
	}
}

func checkCorrection(t *testing.T, model string, g *graph.Graph, p graph.BiasPoint, gain float64) {
	t.Helper()
	last := p.Channels() - 1
	bias, gains := make([]float32, p.Channels()), map[string][]float32{}
	bias[last] = .5
	if gain != 1 {
		factors := slices.Repeat([]float32{1}, p.Channels())
		factors[last] = float32(gain)
		gains[p.Node] = factors
	}
	changed, err := g.WithCorrections(gains, map[string][]float32{p.Node: bias})
	if err != nil {
		t.Fatal(err)
	}
	before, after := valueOf(t, g, p), valueOf(t, changed, p)
	for i := range before {
		want := float64(before[i])
		if i/p.Inner()%p.Channels() == last {
			want = want*gain + .5
		}
		if got := float64(after[i]); math.Abs(got-want) > 1e-4*math.Max(1, math.Abs(want)) {
			t.Fatalf("%s, node %q, gain %v: element %d is %v, want %v", model, p.Node, gain, i, got, want)
		}
	}
}

// A product that has a bias gets no second one: what is added behind it is added to that.
func TestCorrectionJoinsBias(t *testing.T) {
	g, err := onnx.Load(testdata.Shared(t, "models")+"/vit_tiny_cifar10.onnx", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const node, bias = "/L/L.0/qkv/MatMul", .25
	changed, err := g.WithCorrections(nil, map[string][]float32{node: slices.Repeat([]float32{bias}, 384)})
	if err != nil {
		t.Fatal(err)
	}
	if len(changed.Nodes) != len(g.Nodes) {
		t.Errorf("%d nodes, want %d", len(changed.Nodes), len(g.Nodes))
	}
	p := graph.BiasPoint{Node: node, Value: "/L/L.0/qkv/Add_output_0", Shape: []int{1, 65, 384}, Axis: 2}
	before, after := valueOf(t, g, p), valueOf(t, changed, p)
	for i, v := range before {
		if got := after[i] - v; math.Abs(float64(got)-bias) > 1e-4 {
			t.Fatalf("element %d grew by %v, want %v", i, got, bias)
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
