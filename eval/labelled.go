package eval

import (
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// CalibrationSource lets rankings that need labels see those of data, if it has any.
func CalibrationSource(data *dataset.Inputs, opt metric.Options) calib.Source {
	if data.Source().Labels() == dataset.Unlabelled {
		return data
	}
	return labelled{data, opt}
}

type labelled struct {
	*dataset.Inputs
	opt metric.Options
}

// Judged implements calib.Labelled. The network's first output is what counts.
func (l labelled) Judged(i int) (*tensor.Tensor, calib.Judge, error) {
	ex, err := l.Example(i)
	if err != nil {
		return nil, nil, err
	}
	return ex.Input, func(outputs []*tensor.Tensor) (accuracy, crossEntropy float64, err error) {
		return metric.Judge(outputs[0], ex.Label, ex.Mask, l.opt)
	}, nil
}
