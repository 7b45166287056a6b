//go:build !device

package session

import (
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/metric"
)

// Outputs says how the network's outputs are compared, and which of them is scored against the labels of data: the one
// that Options.Output names, else the one that fits. Errors wrap ErrOutput.
func (n *Network) Outputs(data *dataset.Inputs, probabilities bool) (metric.Outputs, error) {
	kind := data.Source().Labels()
	return metric.OutputsOf(n.graph, metric.Labels{
		Classes: kind == dataset.ClassLabels, Masks: kind == dataset.MaskLabels, Output: n.opt.Output, Probabilities: probabilities,
	})
}

// calibrationOutputs does without labels that fit no output: only some rankings and a dial use them.
func (n *Network) calibrationOutputs(data *dataset.Inputs, probabilities bool) (metric.Outputs, error) {
	o, err := n.Outputs(data, probabilities)
	if errors.Is(err, ErrOutput) && n.opt.Output == "" {
		return metric.OutputsOf(n.graph, metric.Labels{Probabilities: probabilities})
	}
	return o, err
}

// CheckScores tells before anything is calibrated what an evaluation on data would refuse: labels that fit no output, or
// not the first image's. It runs that image.
func (n *Network) CheckScores(data *dataset.Inputs, opt EvaluateOptions) (metric.Outputs, error) {
	o, err := n.metric(data, opt.Probabilities, opt.Seed)
	if err != nil || data.Len() == 0 {
		return o.Outputs, err
	}
	ex, err := data.Example(0)
	if err != nil {
		return o.Outputs, err
	}
	out, err := n.prog.Run(ex.Input, nil)
	if err != nil {
		return o.Outputs, err
	}
	if _, err := metric.CompareOutputs(o.Outputs, out, out, ex.Label, ex.Mask, o); err != nil {
		return o.Outputs, fmt.Errorf("%s: %w", ex.Name, err)
	}
	return o.Outputs, nil
}

// metric says how outputs and labels are read.
func (n *Network) metric(data *dataset.Inputs, probabilities bool, seed uint64) (metric.Options, error) {
	outputs, err := n.Outputs(data, probabilities)
	return metric.Options{Outputs: outputs, Ignore: n.pre.IgnoredClasses(), Probabilities: probabilities, Seed: seed}, err
}
