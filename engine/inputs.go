package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// ErrInput: what a program is to run on is not what its graph reads.
var ErrInput = errors.New("input does not fit the network")

// CheckInputs compares tensors with the inputs of a graph. The error wraps ErrInput.
func CheckInputs(g *graph.Graph, inputs []*tensor.Tensor) error {
	want := g.Inputs()
	if len(inputs) != len(want) {
		return fmt.Errorf("%w: %d tensors, want %d", ErrInput, len(inputs), len(want))
	}
	for i, t := range inputs {
		s := want[i].Shape
		if t != nil && slices.Equal(t.Shape, s) && len(t.Data) == tensor.Size(s) {
			continue
		}
		if len(want) == 1 {
			return fmt.Errorf("%w: got %v, want float32%v", ErrInput, t, s)
		}
		return fmt.Errorf("%w: got %v for %q, want float32%v", ErrInput, t, want[i].Name, s)
	}
	return nil
}
