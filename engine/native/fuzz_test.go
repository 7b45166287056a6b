package native

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// FuzzCompile compiles whatever package onnx reads, and runs it where that is quick. Its seeds are those of
// package onnx's FuzzParse.
func FuzzCompile(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := onnx.Parse(data, onnx.Options{})
		if err != nil || !quick(g) {
			return
		}
		edges, err := g.FindEdges(graph.Stored)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(g, edges)
		if err != nil {
			if !errors.Is(err, graph.ErrUnsupported) && !errors.Is(err, graph.ErrLimit) {
				t.Errorf("error %v", err)
			}
			return
		}
		if p.arenaSize > 1<<20 {
			return
		}
		poison(p)
		outputs, err := p.Run(tensor.New(g.Input.Shape...), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, out := range outputs {
			if len(out.Data) != tensor.Size(g.Outputs[i].Shape) {
				t.Errorf("output %d has %d values, want %v", i, len(out.Data), g.Outputs[i].Shape)
			}
		}
	})
}

// quick tells whether the work of all nodes is small: for every element of a result at most all weights, a window or a
// row of the input.
func quick(g *graph.Graph) bool {
	const most = 1 << 24
	work := tensor.Size(g.Input.Shape)
	for _, n := range g.Nodes {
		each := 1
		for _, v := range n.Inputs {
			if k := g.Constants[v]; k != nil {
				each = max(each, len(k.Floats))
			} else if s := g.Values[v].Shape; len(s) > 0 {
				each = max(each, s[len(s)-1])
			}
		}
		for _, k := range n.Attrs.Ints("kernel_shape") {
			each *= int(min(max(k, 1), most))
		}
		for _, v := range n.Outputs {
			if work += tensor.Size(g.Values[v].Shape); each > most || work > most {
				return false
			}
			work += tensor.Size(g.Values[v].Shape) * each
		}
	}
	return work < most
}

// addSeeds adds the corpus of package onnx's FuzzParse.
func addSeeds(f *testing.F) {
	paths, err := filepath.Glob("../../onnx/testdata/fuzz/FuzzParse/*")
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, value, _ := strings.Cut(string(text), "[]byte(")
		data, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(value), ")"))
		if err != nil {
			f.Fatal(path, err)
		}
		f.Add([]byte(data))
	}
}
