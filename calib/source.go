package calib

import (
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// NewSource gives data to a calibration: with scores as an evaluation has them, and with labels, if it has any, for
// rankings that need them.
func NewSource(data *dataset.Inputs, opt metric.Options) Source {
	opt.Rounds = 1 // standard errors are not wanted
	if !opt.Outputs.Labelled {
		return scored{data, opt}
	}
	return labelled{scored{data, opt}}
}

type scored struct {
	*dataset.Inputs
	opt metric.Options
}

// Compare implements Scored.
func (s scored) Compare(i int, ref, got []*tensor.Tensor) (metric.Record, error) {
	if !s.opt.Outputs.Labelled {
		return metric.CompareOutputs(s.opt.Outputs, ref, got, dataset.Ignored, nil, s.opt)
	}
	ex, err := s.Example(i)
	if err != nil {
		return metric.Record{}, err
	}
	return metric.CompareOutputs(s.opt.Outputs, ref, got, ex.Label, ex.Mask, s.opt)
}

// NewComparison implements Scored.
func (s scored) NewComparison() *metric.Comparison { return metric.NewComparison(s.opt) }

type labelled struct{ scored }

// Judged implements Labelled. The scored output is what counts.
func (l labelled) Judged(i int) (*tensor.Tensor, Judge, error) {
	ex, err := l.Example(i)
	if err != nil {
		return nil, nil, err
	}
	return ex.Input, func(outputs []*tensor.Tensor) (accuracy, crossEntropy float64, err error) {
		scored := l.opt.Outputs.Scored
		opt := l.opt
		opt.Probabilities = opt.Outputs.All[scored].Probabilities
		return metric.Judge(outputs[scored], ex.Label, ex.Mask, opt)
	}, nil
}
