package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// ErrReference: the file of reference outputs is not understood, or lacks the model.
var ErrReference = errors.New("reference not understood")

// Reference compares a network's outputs with those of another runtime.
type Reference struct {
	Model     string            `json:"model"`     // as it was given
	Quantized bool              `json:"quantized"` // Q/DQ operators: judged by the arg max
	Within    bool              `json:"within"`
	Outputs   []ReferenceOutput `json:"outputs"`
}

// ReferenceOutput compares one output.
type ReferenceOutput struct {
	Name       string `json:"name"`
	Difference Number `json:"difference"` // of samples, maximum and mean, relative to the largest value; null: not finite
	Norm       Number `json:"norm"`       // difference of the norm, relative
	SameArgMax bool   `json:"same_argmax"`
	Within     bool   `json:"within"`
}

// CompareReference runs a model on a formula's input and compares its outputs with those in a JSON file (docs/JSON.md),
// which also says of which shape the input is. Errors wrap ErrReference, or are those of session.Open.
func CompareReference(model string, opt session.Options, path string) (*Reference, error) {
	all, err := reference.Load(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReference, err)
	}
	want, ok := all[filepath.Base(model)]
	if !ok {
		return nil, fmt.Errorf("%w: %s: no outputs of %s in it", ErrReference, path, filepath.Base(model))
	}
	var pre profile.Preprocess
	if opt.Preprocess != nil {
		pre = *opt.Preprocess
	}
	pre.Shape, opt.Preprocess = want.InputShape, &pre
	net, err := session.Open(model, opt)
	if err != nil {
		return nil, err
	}
	outputs, err := net.Program().Run(reference.Input(net.Graph().Input.Shape), nil)
	if err != nil {
		return nil, err
	}
	v := &Reference{Model: model, Within: true}
	v.Quantized = slices.ContainsFunc(net.Graph().Nodes, func(n *graph.Node) bool { return n.Op == "QuantizeLinear" })
	for i, out := range net.Graph().Outputs {
		d, err := want.Outputs[out.Name].Compare(outputs[i])
		if err != nil {
			return nil, fmt.Errorf("%w: output %s: %w", ErrReference, out.Name, err)
		}
		o := ReferenceOutput{out.Name, Number(d.Worst), Number(d.L2), d.SameMax, d.Within() || v.Quantized && d.SameMax}
		v.Outputs = append(v.Outputs, o)
		v.Within = v.Within && o.Within
	}
	return v, nil
}
