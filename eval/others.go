package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
)

// Others compares the network on other versions of the images of src, each in the same order, with itself on src; labels are those of
// src. Nothing is quantized.
func Others(ctx context.Context, prog engine.Program, src Source, others []Source, opt Options) ([]Measured, error) {
	n := src.Len()
	for _, o := range others {
		if n == 0 || o.Len() != n {
			return nil, errors.New("other images than those to compare with, or none")
		}
	}
	if opt.Metric.Outputs.All == nil {
		var err error
		if opt.Metric.Outputs, err = outputsOf(prog, src, opt.Metric); err != nil {
			return nil, err
		}
	}
	all := newResults(n, make([]Candidate, len(others)), opt.Metric).Measured
	err := parallel.Ordered(ctx, n, opt.Workers, func(_, i int) ([]metric.Record, error) {
		return runOthers(prog, src, others, i, opt)
	}, func(i int, records []metric.Record) error {
		for k, r := range records {
			all[k].Score.Add(r)
			all[k].Halves[i%2].Add(r)
			if err := all[k].Score.Err(); err != nil {
				return err
			}
		}
		if opt.Progress != nil {
			opt.Progress("evaluating", i+1, n)
		}
		return nil
	})
	return all, err
}

func runOthers(prog engine.Program, src Source, others []Source, i int, opt Options) (all []metric.Record, err error) {
	ex, err := src.Example(i)
	if err != nil {
		return nil, err
	}
	float, err := prog.Run(ex.Input, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ex.Name, err)
	}
	for _, o := range others {
		other, err := o.Example(i)
		if err != nil {
			return nil, err
		}
		got, err := prog.Run(other.Input, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ex.Name, err)
		}
		r, err := metric.CompareOutputs(opt.Metric.Outputs, float, got, ex.Label, ex.Mask, opt.Metric)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ex.Name, err)
		}
		all = append(all, r)
	}
	return all, nil
}
