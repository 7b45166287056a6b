package main

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/spf13/cobra"
)

// compareFlags are what a comparison of methods compares, and on what.
type compareFlags struct {
	pre           preprocessFlags
	set           methodFlags
	grid          grid
	data, calib   string
	probabilities bool
}

func (f *compareFlags) register(cmd *cobra.Command, defaults grid) {
	f.pre.register(cmd)
	f.set.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "test images (SPEC); without labels KL and agreement are reported")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC), other ones than --data")
	flags.StringVar(&f.grid.methods, "methods", defaults.methods, "what to compare, see above")
	flags.StringVar(&f.grid.bits, "bits", defaults.bits, "n: bits of a code, a list")
	flags.StringVar(&f.grid.extraBits, "extra-bits", defaults.extraBits, "m: bits more for important channels (dqa), a list, 0 to 4")
	flags.StringVar(&f.grid.ratios, "ratio", defaults.ratios, "r: share of important channels per edge (dqa), a list")
	flags.StringVar(&f.grid.budgets, "budget", defaults.budgets, "stored bits per value (graded), a list")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	must(cmd.MarkFlagRequired("data"))
}

func (f *compareFlags) variants() ([]variant, error) {
	base, err := f.set.base()
	if err != nil {
		return nil, err
	}
	return f.grid.variants(base)
}

func (f *compareFlags) metric(net *network) metric.Options {
	return metric.Options{Ignore: net.pre.Ignore, Probabilities: f.probabilities, Seed: f.set.seed}
}

// calibrator makes candidates of variants.
type calibrator struct {
	net  *network
	data *dataset.Inputs
	c    *calib.Calibration
	done func()
}

// newCalibrator calibrates on the images of --calib. Searches keep their progress in store, if it is not nil.
func (a *app) newCalibrator(net *network, f *compareFlags, store calib.Store) (*calibrator, error) {
	if f.calib == "" {
		return nil, fmt.Errorf("%w: needed to calibrate %s", errNoCalib, f.grid.methods)
	}
	data, err := net.openData(f.calib)
	if err != nil {
		return nil, err
	}
	bar := a.newProgress()
	opt := calib.Options{
		Workers: a.workers, AllowNonFinite: f.set.allowNonFinite, Store: store,
		Progress: func(phase, unit string, done, total int) { bar.report("calibrating: "+phase, unit, done, total) },
	}
	if err := net.graded(&opt, &f.set); err != nil {
		return nil, err
	}
	if store != nil {
		if opt.Key, err = net.key(data); err != nil {
			return nil, err
		}
	}
	c, err := calib.New(net.prog, eval.CalibrationSource(data, f.metric(net)), opt)
	return &calibrator{net, data, c, bar.finish}, err
}

// candidate is a variant stored in several ways: as the paper does, and with its whole codes entropy-coded.
func (k *calibrator) candidate(ctx context.Context, v variant) (eval.Candidate, error) {
	plan, err := k.c.Plan(ctx, v.Method, v.seed)
	if err != nil {
		return eval.Candidate{}, err
	}
	var c eval.Candidate
	if c.Program, err = k.net.biased(plan.Bias); err != nil {
		return c, err
	}
	coders := []profile.Coder{profile.Small, profile.Smallest}
	if own := paperCoder(plan.Method); !own.Modelled() {
		coders = append([]profile.Coder{own}, coders...)
	}
	for _, coder := range coders {
		p := plan.Profile(coder)
		if err := k.net.origin(p, k.data); err != nil {
			return c, err
		}
		codec, err := dqa.NewCodec(p)
		if err != nil {
			return c, err
		}
		c.Codecs = append(c.Codecs, codec)
	}
	return c, nil
}

// withBases adds, behind every scalable candidate, what its base part alone comes to.
func withBases(candidates []eval.Candidate) []eval.Candidate {
	var all []eval.Candidate
	for _, c := range candidates {
		all = append(all, c)
		if c.Codecs[0].Profile().Method.Refine > 0 {
			c.BaseOnly = true
			all = append(all, c)
		}
	}
	return all
}

// evaluate measures candidates on the images of --data.
func (a *app) evaluate(ctx context.Context, net *network, f *compareFlags, data *dataset.Inputs, candidates []eval.Candidate) (*eval.Results, error) {
	bar := a.newProgress()
	defer bar.finish()
	return eval.Run(ctx, net.prog, data, withBases(candidates), eval.Options{
		Metric: f.metric(net), Workers: a.workers, AllowNonFinite: f.set.allowNonFinite,
		Progress: func(phase string, done, total int) { bar.report(phase, "images", done, total) },
	})
}
