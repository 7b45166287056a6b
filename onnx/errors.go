package onnx

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that Load and Parse wrap.
var (
	// ErrNotONNX: the bytes are not a protobuf message with a graph and an opset (another file, or a damaged one).
	ErrNotONNX = errors.New("not an ONNX model")
	// ErrInvalid: the model breaks a rule of the format (cycle, undefined value, tensor of the wrong size, ...).
	ErrInvalid = errors.New("invalid ONNX model")
	// ErrUnsupported: a valid model that this reader cannot bring to canonical form; UnsupportedError is one too.
	ErrUnsupported = errors.New("unsupported ONNX model")
	// ErrShape: the input's shape is not known or does not fit (Options.Shape).
	ErrShape = errors.New("input shape")
	// ErrLimit: the model is larger than this package reads (limits.go).
	ErrLimit = errors.New("model exceeds a limit")
	// ErrEdgeSet: FindEdges does not know the set.
	ErrEdgeSet = errors.New("unknown edge set")
	// ErrBias: WithBias is given biases of another graph.
	ErrBias = errors.New("biases do not fit the network")
)

// UnsupportedNode is one node that cannot be run, and why.
type UnsupportedNode struct {
	Name   string
	Op     string // with its domain where that is not ai.onnx
	Opset  int
	Reason string
}

func (n UnsupportedNode) String() string {
	return fmt.Sprintf("%s (node %q, opset %d): %s", n.Op, n.Name, n.Opset, n.Reason)
}

// UnsupportedError lists every node of a model that cannot be run, in file order.
type UnsupportedError struct{ Nodes []UnsupportedNode }

// Error names all nodes, one a line when there are several.
func (e *UnsupportedError) Error() string {
	if len(e.Nodes) == 1 {
		return "unsupported operator " + e.Nodes[0].String()
	}
	lines := make([]string, len(e.Nodes))
	for i, n := range e.Nodes {
		lines[i] = "  " + n.String()
	}
	return fmt.Sprintf("%d unsupported operators:\n%s", len(e.Nodes), strings.Join(lines, "\n"))
}

// Unwrap makes errors.Is(err, ErrUnsupported) hold.
func (e *UnsupportedError) Unwrap() error { return ErrUnsupported }

// refusal is a reason why one node is not supported; the reader goes on to find the others.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// invalid is an error of the model itself; the reader stops at it.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}
