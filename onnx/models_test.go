package onnx_test

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// modelCase is a small model with an input and ONNX Runtime's outputs; testdata/gen_*.py write them.
type modelCase struct {
	Name    string                 `json:"name"`
	Model   []byte                 `json:"model"`
	Input   modelTensor            `json:"input"`
	Given   map[string]modelTensor `json:"given"` // further inputs, constant for the network
	Outputs []modelTensor          `json:"outputs"`
}

type modelTensor struct {
	Shape []int  `json:"shape"`
	Type  string `json:"type"` // NumPy's name
	Data  string `json:"data"` // float32, int64, or bytes where the type is bool
}

func (m modelTensor) decode(t testing.TB) *graph.Tensor {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		t.Fatal(err)
	}
	v := &graph.Tensor{Type: graph.Float32, Shape: m.Shape}
	switch m.Type {
	case "float32", "float64", "float16":
		for ; len(raw) > 0; raw = raw[4:] {
			v.Floats = append(v.Floats, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		}
	case "bool":
		v.Type = graph.Bool
		for _, b := range raw {
			v.Ints = append(v.Ints, int64(b))
		}
	default:
		v.Type = graph.Int64
		for ; len(raw) > 0; raw = raw[8:] {
			v.Ints = append(v.Ints, int64(binary.LittleEndian.Uint64(raw)))
		}
	}
	return v
}

// floats are the values as engines hold them.
func (m modelTensor) floats(t testing.TB) []float32 {
	v := m.decode(t)
	list := slices.Clone(v.Floats)
	for _, i := range v.Ints {
		list = append(list, float32(i))
	}
	return list
}

func loadModelCases(t testing.TB) (cases []modelCase) {
	t.Helper()
	files, err := filepath.Glob("testdata/models*.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	if extra := os.Getenv("DQA_MODEL_CASES"); extra != "" { // one more file, while operators are being written
		files = []string{extra}
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var list []modelCase
		if err := json.NewDecoder(z).Decode(&list); err != nil {
			t.Fatal(err)
		}
		f.Close()
		cases = append(cases, list...)
	}
	return cases
}

// modelTolerance is the largest difference from ONNX Runtime, relative to the largest value of the output.
const modelTolerance = 2e-5

func (c modelCase) run(t testing.TB) error {
	opt := onnx.Options{Shape: c.Input.Shape, Inputs: map[string]*graph.Tensor{}}
	for name, v := range c.Given {
		opt.Inputs[name] = v.decode(t)
	}
	g, err := onnx.Parse(c.Model, opt)
	if err != nil {
		return err
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		return err
	}
	p, err := native.Compile(g, edges)
	if err != nil {
		return err
	}
	outputs, err := p.Run(&tensor.Tensor{Shape: c.Input.Shape, Data: c.Input.floats(t)}, nil)
	if err != nil {
		return err
	}
	return c.compare(t, g, outputs)
}

func (c modelCase) compare(t testing.TB, g *graph.Graph, outputs []*tensor.Tensor) error {
	for i, out := range outputs {
		want := c.Outputs[i]
		if !slices.Equal(out.Shape, want.Shape) {
			return fmt.Errorf("output %d has shape %v, want %v", i, out.Shape, want.Shape)
		}
		if kind := onnx.ElementName(g.Outputs[i].Elem); kind != want.Type {
			return fmt.Errorf("output %d holds %s, want %s", i, kind, want.Type)
		}
		values, largest := want.floats(t), 1e-30
		for _, v := range values {
			if !math.IsInf(float64(v), 0) {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
		for k, v := range out.Data {
			w := values[k]
			if v == w || v != v && w != w {
				continue
			}
			if d := math.Abs(float64(v)-float64(w)) / largest; !(d <= modelTolerance) {
				return fmt.Errorf("output %d differs at %d: got %v, want %v", i, k, v, w)
			}
		}
	}
	return nil
}

// TestMappedModels: constants that lie in the file equal those that were copied, also when their memory was given back.
func TestMappedModels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	check := func(path string, want *graph.Graph, opt onnx.Options) {
		opt.Map = true
		g, err := onnx.Load(path, opt)
		if err != nil || g.Digest != want.Digest || len(g.Constants) != len(want.Constants) {
			t.Fatalf("%s: %v", path, err)
		}
		for range 2 {
			for name, k := range want.Constants {
				if !sameBits(k.Floats, g.Constants[name].Floats) || !slices.Equal(k.Ints, g.Constants[name].Ints) {
					t.Errorf("%s: constant %q differs", path, name)
				}
			}
			g.Release()
		}
	}
	for _, c := range loadModelCases(t) {
		opt := onnx.Options{Shape: c.Input.Shape, Inputs: map[string]*graph.Tensor{}}
		for name, v := range c.Given {
			opt.Inputs[name] = v.decode(t)
		}
		want, err := onnx.Parse(c.Model, opt)
		if err != nil {
			t.Fatal(c.Name, err)
		}
		if err := os.WriteFile(path, c.Model, 0o600); err != nil {
			t.Fatal(err)
		}
		check(path, want, opt)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	const external = "testdata/external/D2_external_data.onnx"
	want, err := onnx.Load(external, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(external, want, onnx.Options{})
}

// TestExternalDataFile: torch's exporter keeps large weights beside the model.
func TestExternalDataFile(t *testing.T) {
	g, err := onnx.Load("testdata/external/D2_external_data.onnx", onnx.Options{})
	if err != nil || len(g.Constants["hw_"].Floats) != 64*3 {
		t.Fatal(err)
	}
}

func TestModelsMatchONNXRuntime(t *testing.T) {
	for _, c := range loadModelCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.run(t); err != nil {
				t.Error(err)
			}
		})
	}
}
