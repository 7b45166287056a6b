//go:build !device

package session

import (
	"context"
	"errors"
	"time"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/method"
)

// SweepEstimate is what a sweep is expected to take.
type SweepEstimate struct {
	Settings            int
	Images, CalibImages int
	Calibrate, Evaluate time.Duration
	Phases              []Phase // of calibration, all settings together
	Tried               int     // images that were run to find out, of either kind
}

// Time is that of all.
func (e *SweepEstimate) Time() time.Duration { return e.Calibrate + e.Evaluate }

// EstimateSweep tells what Sweep would take, in seconds for networks of all sizes: what settings share is counted once, what
// each does to an image is timed on a few.
func (k *Calibrator) EstimateSweep(
	ctx context.Context, data *dataset.Inputs, variants []Variant, opt EvaluateOptions,
) (*SweepEstimate, error) {
	f, err := calib.NewForecast(ctx, k.c)
	if err != nil {
		return nil, err
	}
	e := &SweepEstimate{Settings: len(variants), Images: data.Len(), CalibImages: k.data.Len()}
	var perImage time.Duration
	for _, v := range variants {
		one, plan, err := f.Plan(ctx, v.Setting, v.Seed, v.Curves)
		if errors.Is(err, method.ErrUnmeasured) {
			continue // it is left out
		}
		if err != nil {
			return nil, err
		}
		e.add(one)
		if perImage > 0 {
			continue
		}
		if perImage, err = k.timeCandidate(ctx, data, plan, one.Images, opt); err != nil {
			return nil, err
		}
	}
	e.Tried = min(e.Tried, data.Len())
	groups := (len(variants) + sweepGroup - 1) / sweepGroup
	own := max(0, perImage-f.Pass()) // without the float network, which groups share
	e.Evaluate = time.Duration(data.Len()) * (time.Duration(groups)*f.Pass() + time.Duration(len(variants))*own)
	return e, nil
}

func (e *SweepEstimate) add(one *calib.Estimate) {
	e.Calibrate += one.Time()
	e.Tried = one.Images
	for _, p := range one.Phases {
		known := false
		for i := range e.Phases {
			if q := &e.Phases[i]; q.Name == p.Name {
				q.Passes += p.Passes
				q.Time += p.Time
				known = true
			}
		}
		if !known {
			e.Phases = append(e.Phases, p)
		}
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
