// Package engine defines how the rest of the program runs a network: a Program that can be observed and altered at
// every edge and restarted from the tensors that are live after an edge. Its back-ends are packages of their own.
package engine

import (
	"errors"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// ErrNonFinite: a network computed NaN or infinite values.
var ErrNonFinite = errors.New("activations are not finite")

// Hook sees the tensor of an edge as soon as it is computed, before any consumer reads it, and may overwrite its
// values in place: that is how quantization is simulated, measured and stored. edge indexes Program.Edges.
// data is valid during the call only. An error ends the run and is returned by it.
type Hook func(edge int, data []float32) error

// State is what must be kept to go on after an edge: the live tensors at that cut.
type State struct {
	Edge    int
	Tensors []StateTensor // in an order fixed by the program
}

// StateTensor is one live tensor of a State. It belongs to the State and shares nothing with the program.
type StateTensor struct {
	Name string
	*tensor.Tensor
}

// Program is a network compiled for one image (batch axis 1). It is immutable: all methods may be called from many
// goroutines at once, and their results do not depend on how many do. A batch is a loop over images.
type Program interface {
	Graph() *graph.Graph
	// Edges are in the order in which they are computed.
	Edges() []graph.Edge
	// Run computes the outputs for one input; hook may be nil.
	Run(input *tensor.Tensor, hook Hook) ([]*tensor.Tensor, error)
	// RunInputs is Run for graphs of any number of inputs, such as the tail of a cut; they are as Graph().Inputs() says.
	RunInputs(inputs []*tensor.Tensor, hook Hook) ([]*tensor.Tensor, error)
	// RunTo runs until edge is computed (its hook included) and returns what the rest needs.
	RunTo(edge int, input *tensor.Tensor, hook Hook) (*State, error)
	// RunFrom computes the outputs from a State, which it does not change. hook is called for the edges after
	// state.Edge; to alter the edge itself, alter its tensor in the state (StateTensor.Name is the edge's name).
	RunFrom(state *State, hook Hook) ([]*tensor.Tensor, error)
}
