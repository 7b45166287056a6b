package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// referenceView is what inspect --reference shows.
type referenceView struct {
	Model     string                `json:"model"`
	Quantized bool                  `json:"quantized"` // Q/DQ operators: judged by the arg max
	Within    bool                  `json:"within"`
	Outputs   []referenceOutputView `json:"outputs"`
}

type referenceOutputView struct {
	Name       string  `json:"name"`
	Difference float64 `json:"difference"` // of samples, maximum and mean, relative to the largest value
	Norm       float64 `json:"norm"`       // difference of the norm, relative
	SameArgMax bool    `json:"same_argmax"`
	Within     bool    `json:"within"`
}

// compareReference runs the formula's input and compares the outputs with those of another runtime.
func (a *app) compareReference(model string, pre profile.Preprocess, path string) (*referenceView, error) {
	all, err := reference.Load(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoReference, err)
	}
	want, ok := all[filepath.Base(model)]
	if !ok {
		return nil, fmt.Errorf("%w: %s: no outputs of %s in it", errNoReference, path, filepath.Base(model))
	}
	pre.Shape = want.InputShape
	net, err := a.openNetwork(model, pre, onnx.Stored)
	if err != nil {
		return nil, err
	}
	outputs, err := net.Program().Run(reference.Input(net.Graph().Input.Shape), nil)
	if err != nil {
		return nil, err
	}
	v := &referenceView{Model: model, Within: true}
	v.Quantized = slices.ContainsFunc(net.Graph().Nodes, func(n *onnx.Node) bool { return n.Op == "QuantizeLinear" })
	for i, out := range net.Graph().Outputs {
		d, err := want.Outputs[out.Name].Compare(outputs[i])
		if err != nil {
			return nil, fmt.Errorf("%w: output %s: %w", errNoReference, out.Name, err)
		}
		o := referenceOutputView{out.Name, d.Worst, d.L2, d.SameMax, d.Within() || v.Quantized && d.SameMax}
		v.Outputs = append(v.Outputs, o)
		v.Within = v.Within && o.Within
	}
	return v, nil
}

func (v *referenceView) text(w io.Writer) error {
	var rows [][]string
	for _, o := range v.Outputs {
		verdict := "equal but for rounding"
		switch {
		case !o.Within:
			verdict = "DIFFERENT"
		case v.Quantized:
			verdict = "the same arg max (quantized: a tie that rounds the other way moves values by whole steps)"
		}
		rows = append(rows, []string{o.Name, fmt.Sprintf("%.2g", o.Difference), fmt.Sprintf("%.2g", o.Norm), fmt.Sprint(o.SameArgMax), verdict})
	}
	return tableOf(w, "output\tlargest difference / largest value\tnorm\tsame arg max\tverdict", rows)
}

// costView is what inspect --cost shows.
type costView struct {
	Model   string         `json:"model"`
	Seconds float64        `json:"seconds"` // of a whole pass
	Edges   []edgeCostView `json:"edges"`
}

type edgeCostView struct {
	Name string  `json:"name"`
	Head float64 `json:"head"` // relative to a whole pass
	Tail float64 `json:"tail"`
	Live int     `json:"live_tensors"` // at the cut
}

func (a *app) measureCost(ctx context.Context, model string, pre profile.Preprocess, set onnx.EdgeSet) (*costView, error) {
	net, err := a.openNetwork(model, pre, set)
	if err != nil {
		return nil, err
	}
	x := tensor.New(net.Graph().Input.Shape...)
	whole, costs, err := engine.Costs(ctx, net.Program(), x, nil)
	if err != nil {
		return nil, err
	}
	v := &costView{Model: model, Seconds: whole.Seconds()}
	for i, e := range net.Program().Edges() {
		state, err := net.Program().RunTo(i, x, nil)
		if err != nil {
			return nil, err
		}
		v.Edges = append(v.Edges, edgeCostView{e.Name, costs[i].Head, costs[i].Tail, len(state.Tensors)})
	}
	return v, nil
}

func (v *costView) text(w io.Writer) error {
	fmt.Fprintf(w, "%s  %.3g ms per image on one core; relative to that:\n\n", v.Model, 1000*v.Seconds)
	var rows [][]string
	for i, e := range v.Edges {
		rows = append(rows, []string{fmt.Sprint(i), e.Name, fmt.Sprintf("%.3f", e.Head), fmt.Sprintf("%.3f", e.Tail), fmt.Sprint(e.Live)})
	}
	return tableOf(w, "#\tedge\tup to it\tafter it\tlive tensors", rows)
}
