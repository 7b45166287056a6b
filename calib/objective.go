package calib

import (
	"fmt"

	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// Objective is what curves measure: how far the network's outputs are from the float network's. The zero Objective is
// chosen by the kind of outputs (METHOD section 4.1): KL at temperature 4 of a classifier's, plain KL per pixel of a
// segmenter's, the mean squared error of others.
type Objective struct {
	Temperature float64 // KL of the outputs divided by it
	Squares     bool    // the mean squared error
	// Unweighted is the squared error of the edge's own values, whatever it does to the outputs: what importance is
	// measured against.
	Unweighted bool
}

// temperature softens a classifier's outputs: plain KL is zero on images that the network is sure of.
const temperature = 4

// objective resolves the zero Objective.
func (r *run) objective(out *tensor.Tensor) Objective {
	if r.opt.Objective != (Objective{}) {
		return r.opt.Objective
	}
	s := out.Shape
	switch {
	case len(s) == 2 && s[1] > 1:
		return Objective{Temperature: temperature}
	case len(s) == 4 && s[1] > 1:
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

func (o Objective) measure(want, got *tensor.Tensor) (float64, error) {
	switch {
	case o.Unweighted || o.Squares:
		return squares(want.Data, got.Data) / float64(len(want.Data)), nil
	case o.Temperature == 1:
		return metric.KL(want, got, false)
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
