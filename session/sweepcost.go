//go:build !device

package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/method"
)

// EstimateSweep tells what Sweep would take, in seconds for networks of all sizes: what settings share is counted once, what
// each does to an image is timed on a few.
func (k *Calibrator) EstimateSweep(
	ctx context.Context, data *dataset.Inputs, variants []Variant, opt EvaluateOptions,
) (*SweepCost, error) {
	f, err := calib.NewForecast(ctx, k.c)
	if err != nil {
		return nil, err
	}
	var all sweepPhases
	var perImage, calibrating time.Duration
	tried := 0
	for _, v := range variants {
		one, plan, err := f.Plan(ctx, v.Setting, v.Seed, v.how())
		if errors.Is(err, method.ErrUnmeasured) {
			continue // it is left out
		}
		if err != nil {
			return nil, err
		}
		all.add(one.Phases)
		calibrating, tried = calibrating+one.Time(), one.Images
		if perImage > 0 {
			continue
		}
		if perImage, err = k.timeCandidate(ctx, data, plan, one.Images, opt); err != nil {
			return nil, err
		}
	}
	groups := (len(variants) + sweepGroup - 1) / sweepGroup
	own := max(0, perImage-f.Pass()) // without the float network, which groups share
	evaluating := time.Duration(data.Len()) * (time.Duration(groups)*f.Pass() + time.Duration(len(variants))*own)
	return &SweepCost{
		Settings: len(variants), Images: data.Len(), CalibImages: k.data.Len(), Seconds: (calibrating + evaluating).Seconds(),
		Phases: append(costsOf(all), PhaseCost{"evaluating", float64(len(variants)) * float64(data.Len()), evaluating.Seconds(), true}),
		Tried:  min(tried, data.Len()),
	}, nil
}

// sweepPhases are those of several calibrations together.
type sweepPhases []Phase

func (all *sweepPhases) add(phases []Phase) {
	for _, p := range phases {
		i := slices.IndexFunc(*all, func(q Phase) bool { return q.Name == p.Name })
		if i < 0 {
			*all = append(*all, p)
			continue
		}
		(*all)[i].Passes += p.Passes
		(*all)[i].Time += p.Time
	}
}

// timeCandidate is what evaluating one candidate takes per image, the float network included.
func (k *Calibrator) timeCandidate(
	ctx context.Context, data *dataset.Inputs, plan *calib.Plan, images int, opt EvaluateOptions,
) (time.Duration, error) {
	c, err := k.stored(plan)
	if err != nil {
		return 0, err
	}
	images = min(images, data.Len())
	src, err := dataset.Slice(data.Source(), 0, images)
	if err != nil {
		return 0, err
	}
	few, err := k.net.Inputs(src)
	if err != nil {
		return 0, err
	}
	scores, err := k.net.metric(data, opt.Probabilities, opt.Seed)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = eval.Run(ctx, k.net.prog, few, []Candidate{c}, eval.Options{
		Metric: scores, Workers: opt.Workers, AllowNonFinite: opt.AllowNonFinite,
	})
	return time.Since(start) / time.Duration(images), err
}
