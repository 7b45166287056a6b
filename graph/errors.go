package graph

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that readers, engines and this package wrap.
var (
	// ErrUnsupported: a valid network that cannot be brought to canonical form, or run; UnsupportedError is one too.
	ErrUnsupported = errors.New("unsupported ONNX model")
	// ErrLimit: the network is larger than a reader or an engine takes.
	ErrLimit = errors.New("model exceeds a limit")
	// ErrEdgeSet: FindEdges does not know the set, or Split the value.
	ErrEdgeSet = errors.New("unknown edge set")
	// ErrEmpty: a part of a network has no inputs, no nodes or no outputs, and cannot be run.
	ErrEmpty = errors.New("part of a network with nothing to run")
	// ErrBias: WithCorrections is given biases or gains of another graph.
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
