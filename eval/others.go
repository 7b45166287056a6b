package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
)

// Others compares the network on other versions of the images of src, in the same order, with itself on src; labels are those of
// src. Nothing is quantized.
func Others(ctx context.Context, prog engine.Program, src, others Source, opt Options) (*Measured, error) {
	n := src.Len()
	if n == 0 || others.Len() != n {
		return nil, errors.New("other images than those to compare with, or none")
	}
	if opt.Metric.Outputs.All == nil {
		var err error
		if opt.Metric.Outputs, err = outputsOf(prog, src, opt.Metric); err != nil {
			return nil, err
		}
	}
	m := &newResults(n, []Candidate{{}}, opt.Metric).Measured[0]
	err := parallel.Ordered(ctx, n, opt.Workers, func(_, i int) (metric.Record, error) {
		return runOther(prog, src, others, i, opt)
	}, func(i int, r metric.Record) error {
		m.Score.Add(r)
		m.Halves[i%2].Add(r)
		if opt.Progress != nil {
			opt.Progress("evaluating", i+1, n)
		}
		return m.Score.Err()
	})
	return m, err
}

func runOther(prog engine.Program, src, others Source, i int, opt Options) (r metric.Record, err error) {
	ex, err := src.Example(i)
	if err != nil {
		return r, err
	}
	other, err := others.Example(i)
	if err != nil {
		return r, err
	}
	float, err := prog.Run(ex.Input, nil)
	if err != nil {
		return r, fmt.Errorf("%s: %w", ex.Name, err)
	}
	got, err := prog.Run(other.Input, nil)
	if err != nil {
		return r, fmt.Errorf("%s: %w", ex.Name, err)
	}
	return metric.CompareOutputs(opt.Metric.Outputs, float, got, ex.Label, ex.Mask, opt.Metric)
}
