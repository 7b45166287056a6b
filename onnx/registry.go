package onnx

import (
	"maps"
	"strings"

	"github.com/dqa-go/dqa/graph"
)

// operator is all that the reader knows of one ONNX operator.
type operator struct {
	since   int    // first opset whose meaning is the one implemented
	inputs  [2]int // fewest and most; most -1: any number
	outputs int    // most that may be read; 0 means 1
	attrs   schema
	// lower checks the node, infers its shapes and writes canonical nodes; nil: only the reader itself makes such nodes.
	lower func(*call) error
	// eval computes a canonical node whose inputs are all constant; nil: such a node stays in the graph.
	eval evaluator
}

// evaluator computes the outputs of a canonical node; the shapes are those that lower inferred.
type evaluator func(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error)

// table is the operators of one family (one file each).
type table map[string]operator

// registry maps every operator of ai.onnx that is supported to what is known of it.
var registry table

func init() {
	registry = table{}
	for _, t := range []table{convOperators, linearOperators, elementOperators, viewOperators, reduceOperators, normOperators,
		resizeOperators, constantOperators, integerOperators, quantizeOperators, composedOperators, branchOperators,
		selectOperators, einsumOperators, quantizedOperators, recurrentOperators, fusedOperators, runtimeOperators} {
		maps.Copy(registry, t)
	}
}

// find looks up a node's operator and checks that the node fits it.
func find(n *graph.Node, opset int) (operator, error) {
	op, ok := registry[qualified(n)]
	switch {
	case n.Domain == "com.microsoft" && !ok && sameInMicrosoft[n.Op]:
		return registry[n.Op], nil
	case !ok || op.lower == nil || n.Domain == "" && strings.Contains(n.Op, "."): // a name that only looks like one of another domain
		return op, refuse("not implemented: %s", wayOut(n))
	case opset < op.since:
		return op, refuse("needs opset %d", op.since)
	}
	return op, nil
}

// run checks a node against the operator's form and lowers it.
func (op operator) run(c *call) error {
	n := c.node
	if len(n.Inputs) < op.inputs[0] || op.inputs[1] >= 0 && len(n.Inputs) > op.inputs[1] {
		return invalid("it has %d inputs", len(n.Inputs))
	}
	for i, v := range n.Inputs {
		if v == "" && (i < op.inputs[0] || op.inputs[1] < 0) {
			return invalid("input %d is missing", i)
		}
	}
	if err := fitsOpset(n, c.opset); err != nil {
		return err
	}
	if len(n.Outputs) == 0 || n.Outputs[0] == "" && op.outputs < 2 {
		return invalid("it has no output")
	}
	if n.Outputs[0] == "" {
		n.Outputs = append([]string{c.fresh(n.Name + "/unread")}, n.Outputs[1:]...)
	}
	for _, o := range n.Outputs[min(len(n.Outputs), max(op.outputs, 1)):] {
		if o != "" && c.read[o] {
			return refuse("its output %q is not supported", o)
		}
	}
	if err := op.attrs.check(n.Attrs); err != nil {
		return err
	}
	if e := n.Attrs.Float("epsilon", 0); !(e >= 0) { // else it takes away from a variance, which may leave nothing
		return invalid("epsilon %g", e)
	}
	if err := c.carry(); err != nil {
		return err
	}
	return op.lower(c)
}
