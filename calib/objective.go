package calib

import (
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// Objective is what curves measure: how far the network's outputs are from the float network's. The zero Objective is
// chosen by the kind of outputs (METHOD section 4.1): KL at temperature 4 of a classifier's, plain KL per pixel of a
// segmenter's, KL of Bernoulli distributions of one channel's, the squared error of others; of several outputs the mean of
// all, squared errors relative to the outputs' squares. Any other is measured on the first output alone.
type Objective struct {
	Temperature float64 // KL of the outputs divided by it
	Squares     bool    // the mean squared error
	// Unweighted is the squared error of the edge's own values, whatever it does to the outputs: what importance is
	// measured against.
	Unweighted bool
}

// temperature softens a classifier's outputs: plain KL is zero on images that the network is sure of.
const temperature = 4

// objectiveOf is the one of an output.
func objectiveOf(o metric.Output) Objective {
	switch o.Kind {
	case metric.Classes:
		return Objective{Temperature: temperature}
	case metric.Maps, metric.Presence:
		return Objective{Temperature: 1}
	}
	return Objective{Squares: true}
}

func (o Objective) String() string {
	switch {
	case o.Unweighted:
		return "squared error of the edge"
	case o.Squares:
		return "squared error of the outputs"
	case o.Temperature == 1:
		return "KL"
	}
	return fmt.Sprintf("KL at temperature %g", o.Temperature)
}

// distortionName says what the objective measures on this network.
func (r *run) distortionName() string {
	all := r.opt.Outputs.All
	switch {
	case r.opt.Objective != (Objective{}):
		return r.opt.Objective.String()
	case len(all) == 1:
		return objectiveOf(all[0]).String()
	}
	var parts []string
	for _, o := range all {
		part := "relative squared error"
		switch {
		case o.Kind != metric.Values && o.Probabilities:
			part = "KL"
		case o.Kind != metric.Values:
			part = objectiveOf(o).String()
		}
		parts = append(parts, fmt.Sprintf("%s of %s", part, o.Name))
	}
	return fmt.Sprintf("mean over %d outputs: %s", len(all), strings.Join(parts, ", "))
}

// measure is how far outputs are from the float network's.
func (r *run) measure(o Objective, want, got []*tensor.Tensor) (float64, error) {
	all := r.opt.Outputs.All
	switch {
	case o != (Objective{}):
		return o.measure(want[0], got[0], metric.Output{})
	case len(all) == 1:
		return objectiveOf(all[0]).measure(want[0], got[0], all[0])
	}
	sum := 0.0
	for i, out := range all {
		d, err := metric.RelativeError(want[i], got[i])
		switch {
		case out.Kind != metric.Values && out.Probabilities:
			d, err = metric.KL(want[i], got[i], true)
		case out.Kind != metric.Values:
			d, err = objectiveOf(out).measure(want[i], got[i], out)
		}
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum / float64(len(all)), nil
}

func (o Objective) measure(want, got *tensor.Tensor, out metric.Output) (float64, error) {
	switch {
	case o.Unweighted || o.Squares:
		return squares(want.Data, got.Data) / float64(len(want.Data)), nil
	case o.Temperature == 1:
		return metric.KL(want, got, out.Kind == metric.Presence && out.Probabilities)
	}
	return metric.KL(softened(want, o.Temperature), softened(got, o.Temperature), false)
}

func squares(want, got []float32) float64 {
	sum := 0.0
	for i, v := range want {
		d := float64(got[i]) - float64(v)
		sum += float64(d * d)
	}
	return sum
}

func softened(t *tensor.Tensor, temperature float64) *tensor.Tensor {
	out := t.Clone()
	for i := range out.Data {
		out.Data[i] = float32(float64(out.Data[i]) / temperature)
	}
	return out
}
