package calib

import (
	"context"
	"math"
	"runtime"
	"time"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
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
	Images          int // that were run to find out
	Phases          []Phase
	Memory          uint64 // bytes from the operating system, as measured so far
}

// Time is that of all phases.
func (e *Estimate) Time() (sum time.Duration) {
	for _, p := range e.Phases {
		sum += p.Time
	}
	return sum
}

// Forecast tells what plans of a calibration would take, in a few seconds for networks of all sizes: what is done to every
// image is done once to a few, with all workers, and timed; curves and trials are made up, so that a search goes its usual way. It
// belongs to one goroutine.
type Forecast struct {
	whole, part *Calibration
}

// forecast is what a calibration knows whose plans are worth nothing but their time.
type forecast struct {
	pass  time.Duration            // per image while all workers run
	units map[string]time.Duration // per image, by phase
	trial *method.Trial            // the first, which was run
	// corrections are the first that were measured.
	corrections profile.Corrections
}

// trialTime is what a pass over the images of a forecast may take, if one per worker takes no more.
const trialTime = 500 * time.Millisecond

// NewForecast times the float network.
func NewForecast(ctx context.Context, c *Calibration) (*Forecast, error) {
	workers := max(1, c.opt.Workers)
	part := newCalibration(c.prog, first(c.src, min(c.src.Len(), workers)), Options{
		Workers: c.opt.Workers, AllowNonFinite: c.opt.AllowNonFinite, Coder: c.opt.Coder, OneCoder: c.opt.OneCoder,
		MinBits: c.opt.MinBits, Corrector: c.opt.Corrector, Observe: c.opt.Observe, Objective: c.opt.Objective, Outputs: c.opt.Outputs,
	})
	part.forecast = &forecast{units: map[string]time.Duration{}}
	pass, err := part.timePass(ctx)
	if err != nil {
		return nil, err
	}
	part.forecast.pass = pass
	if n := 2 * workers; n <= c.src.Len() && pass*time.Duration(n) <= trialTime {
		part.src = first(c.src, n)
	}
	return &Forecast{c, part}, nil
}

// Pass is what the float network takes per image while all workers run.
func (f *Forecast) Pass() time.Duration { return f.part.forecast.pass }

// Plan tells what the calibration's Plan would take after those that were asked for before. The plan itself is made from too
// little to be used for anything but timing; only the first one's coders can be taught.
func (f *Forecast) Plan(ctx context.Context, setting profile.Setting, seed uint64, how How) (*Estimate, *Plan, error) {
	c := f.part
	c.phases = nil
	plan, err := c.Plan(ctx, setting, seed, how)
	if err != nil {
		return nil, nil, err
	}
	e := &Estimate{Phases: c.Phases(), Images: c.src.Len()}
	for _, edge := range c.prog.Edges() {
		e.Edges++
		e.Channels += edge.Channels
	}
	for i := range e.Phases {
		p := &e.Phases[i]
		scale := p.scale(f.whole.src.Len(), c.src.Len())
		p.Passes *= scale
		p.Time = time.Duration(float64(p.Time) * scale)
		if p.Search {
			p.Time = time.Duration(p.Passes * float64(c.forecast.pass))
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	e.Memory = m.Sys
	return e, plan, nil
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
	round := func() (time.Duration, error) {
		start := time.Now()
		err := parallel.Ordered(ctx, len(inputs), c.opt.Workers, func(_, i int) (struct{}, error) {
			_, err := c.prog.Run(inputs[i], nil)
			return struct{}{}, err
		}, func(int, struct{}) error { return nil })
		return time.Since(start), err
	}
	took, err := round() // it warms up
	for range 3 {
		if err != nil || took > trialTime {
			break
		}
		took, err = round()
	}
	return took / time.Duration(len(inputs)), err
}

// measured notes what a phase takes.
func (c *Calibration) measured(phase string, images int, took time.Duration) {
	if f := c.forecast; f != nil && images > 0 {
		f.units[phase] = took / time.Duration(images)
	}
}

// guessed tells whether it is known what a phase takes; nothing has to be run then, and nothing is learned.
func (c *Calibration) guessed(phase string, images int) bool {
	if c.forecast == nil {
		return false
	}
	unit, ok := c.forecast.units[phase]
	if ok {
		c.phases = append(c.phases, Phase{Name: phase, Passes: float64(images), Time: unit * time.Duration(images), images: images})
	}
	return ok
}

// noiseCurves are guesses: a step's distortion is its share of the edge's energy.
func (r *run) noiseCurves(edges []profile.Edge, steps [][]float32) [][]method.Effect {
	curves := make([][]method.Effect, len(edges))
	for i := range edges {
		for _, step := range steps[i] {
			curves[i] = append(curves[i], r.guessEffect(&edges[i], i, step))
		}
	}
	return curves
}

func (r *run) guessEffect(e *profile.Edge, i int, step float32) method.Effect {
	noise := float64(step) * float64(step) / max(mean(r.stats[i].Squares), math.SmallestNonzeroFloat32)
	bits := max(.01, 2-math.Log2(noise)/2)
	return method.Effect{Distortion: noise, Bits: bits * float64(e.Elements())}
}

func mean(values []float64) (sum float64) {
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return sum
}

// guessTrial is what made-up curves say, of what the first trial, which was run, could measure.
func (r *run) guessTrial(edges []profile.Edge, t method.Trial) method.Trial {
	if r.forecast.trial == nil {
		first := t
		r.forecast.trial = &first
	}
	real := r.forecast.trial
	t = method.Trial{Images: r.src.Len()}
	values := 0
	for i := range edges {
		effect := r.guessEffect(&edges[i], i, edges[i].Steps[0])
		t.Distortion += effect.Distortion
		t.Bits += effect.Bits
		t.CodeBits = append(t.CodeBits, effect.Bits)
		values += edges[i].Elements()
	}
	t.Bits /= float64(max(1, values))
	t.Typical, t.HeldOut = t.Distortion, t.Distortion
	t.KL, t.Drop, t.Agreement = t.Distortion, t.Distortion, 100-t.Distortion
	if math.IsNaN(real.KL) {
		t.KL = real.KL
	}
	if math.IsNaN(real.Drop) {
		t.Drop = real.Drop
	}
	if math.IsNaN(real.Agreement) {
		t.Agreement = real.Agreement
	}
	return t
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
