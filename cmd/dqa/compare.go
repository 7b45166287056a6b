//go:build !device

package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// compareFlags are what a comparison of methods compares, and on what.
type compareFlags struct {
	pre           preprocessFlags
	set           methodFlags
	grid          session.GridText
	data, calib   string
	coder         *profile.Coder // of graded codes; nil: several
	probabilities bool
	dryRun        bool // of a sweep: nothing but its time is wanted
}

func (f *compareFlags) register(cmd *cobra.Command, a *app, g session.Grid) {
	f.pre.register(cmd, a)
	f.set.register(cmd)
	flags, defaults := cmd.Flags(), g.Text()
	flags.StringVar(&f.data, "data", "", "test images (SPEC); without labels KL and agreement are reported")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC), other ones than --data")
	flags.StringVar(&f.grid.Methods, "methods", defaults.Methods, "what to compare, see above")
	flags.StringVar(&f.grid.Bits, "bits", defaults.Bits, "n: bits of a code, a list")
	flags.StringVar(&f.grid.ExtraBits, "extra-bits", defaults.ExtraBits, "m: bits more for important channels (dqa), a list, 0 to 4")
	flags.StringVar(&f.grid.Ratios, "ratio", defaults.Ratios, "r: share of important channels per edge (dqa), a list")
	flags.StringVar(&f.grid.Budgets, "budget", defaults.Budgets, "stored bits per value (graded), a list")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	cli.Required(cmd, "data")
}

func (f *compareFlags) variants(cmd *cobra.Command) ([]session.Variant, error) {
	base, err := f.set.base()
	if err != nil {
		return nil, err
	}
	grid, err := f.grid.Parse()
	if err != nil {
		return nil, err
	}
	variants, err := grid.Variants(base)
	if err != nil {
		return nil, err
	}
	return variants, checkUsed(cmd, variants...)
}

// newCalibrator calibrates on the images of --calib, once network, test and calibration images have been looked at.
// Searches keep their progress in store, if it is not nil.
func (a *app) newCalibrator(
	ctx context.Context, net *session.Network, test *dataset.Inputs, f *compareFlags, store session.Store, bar *cli.Progress,
) (*session.Calibrator, error) {
	if f.calib == "" {
		return nil, fmt.Errorf("%w: needed to calibrate %s", faults.ErrNoCalib, f.grid.Methods)
	}
	data, err := a.openData(net, f.calib)
	if err != nil {
		return nil, err
	}
	if !f.dryRun {
		if err := a.glance(ctx, net, test, data, a.evaluateOptions(f, bar)); err != nil {
			return nil, err
		}
	}
	minBits, err := net.ParseMinBits(f.set.minBits)
	if err != nil {
		return nil, err
	}
	return net.NewCalibrator(data, session.CalibrateOptions{
		Workers: a.workers, AllowNonFinite: f.set.allowNonFinite, Probabilities: f.probabilities, MinBits: minBits, Store: store,
		Progress: bar.Report, Coder: f.coder,
	})
}

func (a *app) evaluateOptions(f *compareFlags, bar *cli.Progress) session.EvaluateOptions {
	return session.EvaluateOptions{
		Workers: a.workers, AllowNonFinite: f.set.allowNonFinite, Probabilities: f.probabilities, Seed: f.set.seed, Progress: bar.Report,
	}
}

// checkScores tells before anything long begins what could not be scored, and what is scored where there is a choice.
func (a *app) checkScores(net *session.Network, data *dataset.Inputs, opt session.EvaluateOptions) error {
	outputs, err := net.CheckScores(data, opt)
	if err == nil && outputs.Doubt != "" {
		a.Note("%s", outputs.Doubt)
	}
	return err
}

// glance looks at data, network and calibration images (nil: data are) before anything long begins.
func (a *app) glance(ctx context.Context, net *session.Network, data, calib *dataset.Inputs, opt session.EvaluateOptions) error {
	checks, err := net.Glance(ctx, data, calib, opt)
	for _, c := range checks {
		a.warn(c.Finding, c.Mend)
	}
	return err
}

// printResult prints a result as a table or as JSON.
func (a *app) printResult(r report.Result) error {
	a.FinishProgress()
	if a.JSON {
		return report.WriteJSON(a.Out, r)
	}
	return report.WriteTable(a.Out, r, a.tableOptions())
}

// fileWidth is the width of tables that do not go to a terminal: nothing is left out for lack of it.
const fileWidth = 160

// tableOptions fits tables to the terminal.
func (a *app) tableOptions() report.TableOptions {
	return report.TableOptions{Width: cmp.Or(cli.Width(a.Out), fileWidth)}
}
