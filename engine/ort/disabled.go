//go:build !ort

package ort

import (
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Enabled tells whether this binary was built with the tag ort.
const Enabled = false

// Program is what Compile would return.
type Program interface {
	engine.Program
	Version() string
}

// Compile always fails: this binary was built without the tag ort.
func Compile(*graph.Graph, []graph.Edge, string) (Program, error) {
	return nil, fmt.Errorf("%w: this binary was built without it (build tag ort)", ErrUnavailable)
}

// Model is what Load would return.
type Model struct{}

// Load always fails: this binary was built without the tag ort.
func Load([]byte, *graph.Graph, string, int) (*Model, error) {
	return nil, fmt.Errorf("%w: this binary was built without it (build tag ort)", ErrUnavailable)
}

// Version is never called.
func (*Model) Version() string { return "" }

// Run is never called.
func (*Model) Run([]*tensor.Tensor) ([]*tensor.Tensor, error) { return nil, ErrUnavailable }
