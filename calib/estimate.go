package calib

import (
	"context"
	"runtime"
	"time"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Phase is a part of a calibration.
type Phase struct {
	Name   string
	Passes float64 // through the network, counted in whole ones; a search runs parts of it
	Time   time.Duration
	Search bool // many passes per image; it can be resumed

	images int // that were run
	limit  int // on images; 0: none
}

// scale is how much more all images are than those of the trial.
func (p *Phase) scale(all, trial int) float64 {
	if p.limit > 0 {
		all = min(all, p.limit)
	}
	if p.images > 0 {
		trial = p.images
	}
	return float64(all) / float64(trial)
}

// Estimate is what a calibration is expected to take.
type Estimate struct {
	Edges, Channels int
	Phases          []Phase
	Memory          uint64 // bytes from the operating system, as measured on the trial
}

// Time is that of all phases.
func (e *Estimate) Time() (sum time.Duration) {
	for _, p := range e.Phases {
		sum += p.Time
	}
	return sum
}

// TrialImages per worker are calibrated for real.
const TrialImages = 2

// EstimatePlan tells what Plan would take: it plans on a few of the images with all workers, times what a search does
// to one of them, and scales to all.
func EstimatePlan(ctx context.Context, c *Calibration, setting profile.Setting, seed uint64) (*Estimate, error) {
	all := c.src.Len()
	trial := min(all, TrialImages*max(1, c.opt.Workers))
	part := newCalibration(c.prog, first(c.src, trial), Options{
		Workers: c.opt.Workers, AllowNonFinite: c.opt.AllowNonFinite, Coder: c.opt.Coder, MinBits: c.opt.MinBits,
		Corrector: c.opt.Corrector, Objective: c.opt.Objective, Outputs: c.opt.Outputs,
	})
	part.partial = true
	pass, err := part.timePass(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := part.Plan(ctx, setting, seed); err != nil {
		return nil, err
	}
	e := &Estimate{Phases: part.Phases()}
	for _, edge := range c.prog.Edges() {
		e.Edges++
		e.Channels += edge.Channels
	}
	for i := range e.Phases {
		p := &e.Phases[i]
		scale := p.scale(all, trial)
		p.Passes *= scale
		p.Time = time.Duration(float64(p.Time) * scale)
		if p.Search {
			p.Time = time.Duration(p.Passes * float64(pass))
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	e.Memory = m.Sys
	return e, nil
}

// timePass is the time per image while all workers run.
func (c *Calibration) timePass(ctx context.Context) (time.Duration, error) {
	inputs := make([]*tensor.Tensor, c.src.Len())
	for i := range inputs {
		var err error
		if inputs[i], err = c.src.Input(i); err != nil {
			return 0, err
		}
	}
	const rounds = 4 // the first of which warms up
	var start time.Time
	n := len(inputs)
	err := parallel.Ordered(ctx, rounds*n, c.opt.Workers, func(_, i int) (struct{}, error) {
		_, err := c.prog.Run(inputs[i%n], nil)
		return struct{}{}, err
	}, func(i int, _ struct{}) error {
		if i == n-1 {
			start = time.Now()
		}
		return nil
	})
	return time.Since(start) / time.Duration((rounds-1)*n), err
}

// first is the beginning of a source, with labels and scores if it has them.
func first(src Source, n int) Source {
	p := part{src, n}
	scored, isScored := src.(Scored)
	labelled, isLabelled := src.(Labelled)
	switch {
	case isScored && isLabelled:
		return struct {
			part
			scorer
			judged
		}{p, scored, labelled}
	case isScored:
		return struct {
			part
			scorer
		}{p, scored}
	case isLabelled:
		return struct {
			part
			judged
		}{p, labelled}
	}
	return p
}

type part struct {
	Source
	n int
}

func (p part) Len() int { return p.n }
