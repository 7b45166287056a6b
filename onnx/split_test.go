package onnx_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// pieces runs parts one after the other on the native engine, every part from its own ONNX file.
func pieces(t *testing.T, g *graph.Graph, parts []*graph.Graph, x *tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	values := map[string]*tensor.Tensor{g.Input.Name: x}
	for _, p := range parts {
		model, err := onnx.MarshalPacked(p)
		if err != nil {
			t.Fatal(err)
		}
		part, err := onnx.Parse(model, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		prog, err := native.Compile(part, nil)
		if err != nil {
			t.Fatal(err)
		}
		var packed []float32
		for _, v := range p.Inputs() {
			packed = append(packed, values[v.Name].Data...)
		}
		outputs, err := prog.Run(&tensor.Tensor{Shape: []int{1, len(packed)}, Data: packed}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range p.Outputs {
			values[v.Name] = outputs[i]
		}
	}
	return values
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
	want, err := whole.Run(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(edges)/4)
	if os.Getenv("DQA_ALL_EDGES") != "" {
		step = 1
	}
	most := 0
	for i := 0; i < len(edges); i += step {
		parts, err := g.Split(edges[i].Name)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(parts[1].Inputs()))
		values := pieces(t, g, parts, x)
		for k, o := range g.Outputs {
			if !sameBits(values[o.Name].Data, want[k].Data) {
				t.Errorf("cut at %s: output %s differs from the whole network's", edges[i].Name, o.Name)
			}
		}
	}
	t.Logf("%d edges, at most %d tensors at a cut", len(edges), most)
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
	if got := pieces(t, g, parts, x)[g.Outputs[0].Name]; !sameBits(got.Data, want[0].Data) {
		t.Error("the pieces give other outputs")
	}
	if _, err := g.Split("nothing"); err == nil {
		t.Error("a value that is not there is accepted")
	}
	if _, err := g.Split(names[3], names[1]); err == nil {
		t.Error("the wrong order is accepted")
	}
}
