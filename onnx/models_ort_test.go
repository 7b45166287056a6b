//go:build ort

package onnx_test

import (
	"os"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// TestModelsOnONNXRuntime runs every model, in canonical form and written out again, on the second engine, cut at all
// edges.
func TestModelsOnONNXRuntime(t *testing.T) {
	if _, err := ort.FindLibrary(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%v: %s", err, ort.HowToGet)
	}
	for _, c := range loadModelCases(t) {
		if c.Name == "QLinearAdd" || c.Name == "QLinearAveragePool" {
			continue // their sums are rounded otherwise, and ties fall otherwise
		}
		t.Run(c.Name, func(t *testing.T) {
			opt := onnx.Options{Shape: c.Input.Shape, Inputs: map[string]*graph.Tensor{}}
			for name, v := range c.Given {
				opt.Inputs[name] = v.decode(t)
			}
			g, err := onnx.Parse(c.Model, opt)
			if err != nil {
				t.Fatal(err)
			}
			edges, err := g.FindEdges(graph.Stored)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ort.Compile(g, edges, "")
			if err != nil {
				t.Fatal(err)
			}
			x := &tensor.Tensor{Shape: c.Input.Shape, Data: c.Input.floats(t)}
			for _, hook := range []func(int, []float32) error{nil, func(int, []float32) error { return nil }} {
				outputs, err := p.Run(x, hook)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.compare(t, g, outputs); err != nil && !strings.Contains(c.Name, "nan") {
					t.Error(err)
				}
			}
		})
	}
}
