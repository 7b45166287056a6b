package advise

import (
	"context"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/session"
)

// timed are the images on which an estimate runs picture files, per worker.
const timed = 2

// Estimate tells what Measure will take, in seconds of this machine: one cut is forecast and counts for all, and files are made of a few
// images.
func Estimate(ctx context.Context, net *session.Network, test, calib *dataset.Inputs, opt Options) (seconds float64, err error) {
	opt = opt.completed()
	opt.Progress = nil
	r := newRun(net, test, calib, opt)
	if err := r.cuts(); err != nil {
		return 0, err
	}
	var measured []*Cut
	for i := range r.Cuts {
		if r.Cuts[i].Measured {
			measured = append(measured, &r.Cuts[i])
		}
	}
	if len(measured) > 0 {
		one, err := r.estimateCut(ctx, measured[len(measured)/2])
		if err != nil {
			return 0, err
		}
		seconds = float64(len(measured)) * one
	}
	files, err := r.estimateFiles(ctx)
	return seconds + files, err
}

// estimateCut is what all budgets at a cut take.
func (r *run) estimateCut(ctx context.Context, c *Cut) (float64, error) {
	net, err := r.net.CutBehind(c.Name)
	if err != nil {
		return 0, err
	}
	k, variants, err := r.calibrator(net)
	if err != nil {
		return 0, err
	}
	test, err := net.Inputs(r.test.Source())
	if err != nil {
		return 0, err
	}
	cost, err := k.EstimateSweep(ctx, test, variants, r.opt.EvaluateOptions)
	if err != nil {
		return 0, err
	}
	return cost.Seconds, nil
}

// estimateFiles is what the float network takes on files of all test images.
func (r *run) estimateFiles(ctx context.Context) (float64, error) {
	first, err := r.test.Source().Sample(0)
	if err != nil {
		return 0, err
	}
	formats, err := r.formats(first.Image)
	if err != nil || len(formats) == 0 {
		return 0, err
	}
	src, err := dataset.Slice(r.test.Source(), 0, min(r.test.Len(), timed*max(1, r.opt.Workers)))
	if err != nil {
		return 0, err
	}
	few, err := r.net.Inputs(src)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	_, _, err = r.sent(ctx, few, formats, "")
	return time.Since(start).Seconds() * float64(r.test.Len()) / float64(few.Len()), err
}
