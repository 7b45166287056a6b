//go:build ort

package ort

import (
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Model is a model file as ONNX Runtime's users run it, whole and with all of its optimizations: what an engine is
// measured against. Its methods are for one goroutine.
type Model struct {
	graph *graph.Graph
	lib   *library
	s     *session
	out   []*tensor.Tensor
}

// Load makes a session of a model's bytes, which g was read from, with threads for one image. Only float32 goes in and out.
func Load(model []byte, g *graph.Graph, path string, threads int) (*Model, error) {
	for _, v := range append(g.Inputs(), g.Outputs...) {
		if v.Elem != 0 && v.Elem != elementFloat {
			return nil, fmt.Errorf("%w: %q is not float32", graph.ErrUnsupported, v.Name)
		}
	}
	path, err := FindLibrary(path)
	if err != nil {
		return nil, err
	}
	m := &Model{graph: g}
	if m.lib, err = load(path); err != nil {
		return nil, err
	}
	for _, o := range g.Outputs {
		m.out = append(m.out, tensor.New(o.Shape...))
	}
	m.s, err = m.lib.newSession(model, sessionOptions{optimizeAll, threads}, names(g.Inputs()), names(g.Outputs))
	return m, err
}

// Version is the release of ONNX Runtime.
func (m *Model) Version() string { return m.lib.version }

// Run computes the outputs, which the next call overwrites.
func (m *Model) Run(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := engine.CheckInputs(m.graph, inputs); err != nil {
		return nil, err
	}
	var in, out []buffer
	for _, t := range inputs {
		in = append(in, newBuffer(t))
	}
	for _, t := range m.out {
		out = append(out, newBuffer(t))
	}
	return m.out, m.s.run(in, out)
}
