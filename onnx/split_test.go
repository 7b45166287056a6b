package onnx_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
	"github.com/google/go-cmp/cmp"
)

// pieces runs parts one after the other on the native engine and returns all that passes between them. hook is called
// for the edges that a part writes; its edges, outputs apart, must be edges of the whole.
func pieces(
	t *testing.T, g *graph.Graph, edges []graph.Edge, parts []*graph.Graph, x *tensor.Tensor, hook engine.Hook,
) map[string]*tensor.Tensor {
	t.Helper()
	values := map[string]*tensor.Tensor{g.Input.Name: x}
	for _, p := range parts {
		checkPartEdges(t, g, p, edges)
		prog, err := native.Compile(p, writtenBy(p, edges))
		if err != nil {
			t.Fatal(err)
		}
		var inputs []*tensor.Tensor
		for _, v := range p.Inputs() {
			inputs = append(inputs, values[v.Name])
		}
		outputs, err := prog.RunInputs(inputs, hook)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range p.Outputs {
			values[v.Name] = outputs[i]
		}
	}
	return values
}

// writtenBy are the edges that nodes of a part write.
func writtenBy(p *graph.Graph, edges []graph.Edge) (own []graph.Edge) {
	for _, e := range edges {
		if slices.ContainsFunc(p.Nodes, func(n *graph.Node) bool { return slices.Contains(n.Outputs, e.Name) }) {
			own = append(own, e)
		}
	}
	return own
}

// checkPartEdges wants the edges of a part to be edges of the whole, save what does not depend on the whole's input.
func checkPartEdges(t *testing.T, g, p *graph.Graph, edges []graph.Edge) {
	t.Helper()
	if edges == nil {
		return
	}
	own, err := p.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range own {
		if slices.ContainsFunc(edges, func(w graph.Edge) bool { return cmp.Equal(e, w) }) {
			continue
		}
		reasons, err := g.ExplainValues(graph.Stored)
		if err != nil {
			t.Fatal(err)
		}
		fixed := func(r graph.ValueReason) bool { return r.Name == e.Name && strings.HasPrefix(r.Reason, "a constant") }
		if !slices.ContainsFunc(reasons, fixed) {
			t.Errorf("edge of a part that is none of the whole: %+v", e)
		}
	}
}

// coarse is a hook that leaves little of an edge.
func coarse(_ int, data []float32) error {
	for i, v := range data {
		data[i] = float32(math.Round(float64(v)*8) / 8)
	}
	return nil
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// slow networks add minutes, and nothing that others lack.
var slow = []string{
	"espnet_p2q8_camvid.onnx", "espnet_p2q8_camvid_folded.onnx", "light_densenet121.onnx", "light_inception_v2.onnx",
	"light_resnet50.onnx", "mobilenetv2_imagenet.onnx", "mobilenetv2-12-qdq.onnx", "lmfrnet_cifar10.onnx",
}

// Head and tail of every network at every edge (at four, unless DQA_ALL_EDGES is set) give what the whole gives.
func TestHeadThenTailIsTheWhole(t *testing.T) {
	refs, err := reference.Load(testdata.Shared(t, "reference_io.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, ref := range refs {
		t.Run(name, func(t *testing.T) {
			if slices.Contains(slow, name) {
				testdata.Long(t)
			}
			path := filepath.Join(testdata.Shared(t, "models"), name)
			if _, err := os.Stat(path); err != nil {
				path = filepath.Join(testdata.Shared(t, "models_import"), name)
			}
			g, err := onnx.Load(path, onnx.Options{Shape: ref.InputShape})
			if err != nil {
				t.Fatal(err)
			}
			edges, err := g.FindEdges(graph.Stored)
			if err != nil {
				t.Fatal(err)
			}
			checkSplits(t, g, edges)
		})
	}
}

func checkSplits(t *testing.T, g *graph.Graph, edges []graph.Edge) {
	t.Helper()
	whole, err := native.Compile(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	x := reference.Input(g.Input.Shape)
	step := max(1, len(edges)/4)
	if os.Getenv("DQA_ALL_EDGES") != "" {
		step = 1
	}
	for name, hook := range map[string]engine.Hook{"float": nil, "hooked": coarse} {
		want, err := whole.Run(x, hook)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(edges); i += step {
			parts, err := g.Split(edges[i].Name)
			if err != nil {
				t.Fatal(err)
			}
			values := pieces(t, g, edges, parts, x, hook)
			for k, o := range g.Outputs {
				if !sameBits(values[o.Name].Data, want[k].Data) {
					t.Errorf("%s, cut at %s: output %s differs from the whole network's", name, edges[i].Name, o.Name)
				}
			}
		}
	}
	checkWritten(t, g, edges[len(edges)/2].Name, x)
}

// checkWritten compares a head with what is read of the file that it is written to.
func checkWritten(t *testing.T, g *graph.Graph, at string, x *tensor.Tensor) {
	t.Helper()
	parts, err := g.Split(at)
	if err != nil {
		t.Fatal(err)
	}
	model, err := onnx.Marshal(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	again, err := onnx.Parse(model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := pieces(t, g, nil, parts[:1], x, nil)
	got := pieces(t, g, nil, []*graph.Graph{again}, x, nil)
	for _, o := range parts[0].Outputs {
		if !sameBits(want[o.Name].Data, got[o.Name].Data) {
			t.Errorf("head up to %s: %s differs from what its file computes", at, o.Name)
		}
	}
}

// All edges at once: as many pieces as there are edges, and one more.
func TestManyPieces(t *testing.T) {
	g, err := onnx.Load(filepath.Join(testdata.Shared(t, "models"), "resnet8_mlperftiny_cifar10.onnx"), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range edges {
		names = append(names, e.Name)
	}
	parts, err := g.Split(names...)
	if err != nil || len(parts) != len(edges)+1 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	x := reference.Input(g.Input.Shape)
	prog, err := native.Compile(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	want, err := prog.Run(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := pieces(t, g, edges, parts, x, nil)[g.Outputs[0].Name]; !sameBits(got.Data, want[0].Data) {
		t.Error("the pieces give other outputs")
	}
	if _, err := native.Compile(&graph.Graph{Name: "nothing"}, nil); !errors.Is(err, graph.ErrEmpty) {
		t.Errorf("a part with nothing to run: %v", err)
	}
	if _, err := g.Split("nothing"); err == nil {
		t.Error("a value that is not there is accepted")
	}
	if _, err := g.Split(names[3], names[1]); err == nil {
		t.Error("the wrong order is accepted")
	}
}
