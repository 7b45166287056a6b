//go:build !device

package main

import (
	"context"
	"errors"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// sweepFlags are those of the verb.
type sweepFlags struct {
	compareFlags
	out      string
	resume   bool
	protocol string
	cut      string
}

func (a *app) sweep() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep MODEL.onnx --data SPEC --calib SPEC -o DIR",
		Short: "eval over a grid of bits, extra bits and ratios, with a plot",
		Long: `sweep evaluates every method at every n (--bits), m (--extra-bits) and r (--ratio), each stored as the paper does and
with its whole codes entropy-coded, and prints one table. With -o it writes report.html, report.json and sweep.svg, and
keeps what is finished: after an interruption the same command with --resume does only what is missing. It tells first what
it will take (--dry-run: and stops), goes from coarse to fine, and after Ctrl-C prints and writes what there is, marked as
partial.

` + protocolHelp + `

` + variantHelp,
		Example: `  dqa sweep resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]' -o sweep
  dqa sweep demo:classify --data 'demo:classify[64:128]' --calib 'demo:classify[0:64]' \
    --methods direct:unsigned,dqa:mse --bits 3,4 --extra-bits 1,2 --ratio 0.25,0.5`,
	}
	onModel(cmd, func(model string) error { return a.runSweep(cmd, model, &f) })
	f.register(cmd, a, session.SweepGrid)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "output", "o", "", "folder for report.html, report.json and sweep.svg; made if needed")
	flags.BoolVar(&f.dryRun, "dry-run", false, "tell what it would take (passes, time) and stop")
	flags.BoolVar(&f.resume, "resume", false, "keep what an interrupted sweep has finished (needs -o)")
	flags.StringVar(&f.protocol, "protocol", "", "authors: what the public code of the paper's authors does, beside ours on the same edges")
	flags.StringVar(&f.cut, "cut", "", "edge, a name or a number of inspect: nothing is quantized but what passes where the "+
		"network is cut behind it")
	cli.CompleteWords(cmd, "protocol", authorsProtocol)
	cmd.MarkFlagsMutuallyExclusive("resume", "dry-run")
	cmd.MarkFlagsMutuallyExclusive("protocol", "dry-run")
	cli.Required(cmd, "calib")
	return cmd
}

func (a *app) runSweep(cmd *cobra.Command, model string, f *sweepFlags) error {
	if f.resume && f.out == "" {
		return cli.Usage(cmd, errors.New("--resume without -o, the folder that has what was finished"))
	}
	variants, err := f.settings(cmd)
	if err != nil {
		return err
	}
	where, err := f.set.options()
	if err != nil {
		return err
	}
	where.Cut = f.cut
	net, err := a.open(model, &f.pre, where)
	if err != nil {
		return err
	}
	if f.cut != "" {
		a.Note("%d values an image pass behind edge %s, tensors: %d", net.Values(), f.cut, len(net.Edges()))
	}
	data, err := a.openData(net, f.data)
	if err != nil {
		return err
	}
	var ledger *session.Ledger
	if f.out != "" && !f.dryRun {
		if ledger, err = session.OpenLedger(f.out, f.resume); err != nil {
			return err
		}
	}
	bar := a.NewProgress()
	if err := a.checkScores(net, data, a.evaluateOptions(&f.compareFlags, bar)); err != nil {
		return err
	}
	k, err := a.newCalibrator(cmd.Context(), net, data, &f.compareFlags, ledger.Store(), bar)
	if err != nil {
		return err
	}
	opt := session.SweepOptions{EvaluateOptions: a.evaluateOptions(&f.compareFlags, bar), Ledger: ledger}
	if done, err := a.tellCost(cmd.Context(), k, data, variants, f.dryRun, opt.EvaluateOptions); done || err != nil {
		return err
	}
	return a.sweepAll(cmd, k, data, variants, f, opt)
}

// sweepAll measures all variants, and reports what it has where it is stopped.
func (a *app) sweepAll(
	cmd *cobra.Command, k *session.Calibrator, data *dataset.Inputs, variants []session.Variant, f *sweepFlags, opt session.SweepOptions,
) error {
	result, err := k.SweepOrPart(cmd.Context(), data, variants, opt)
	if err == nil && f.protocol != "" {
		err = f.addAuthors(cmd, k, data, opt.EvaluateOptions, &result)
	}
	result.Warnings = a.warnings
	if err != nil && result.Partial == "" {
		return err
	}
	if f.out != "" {
		if e := session.WriteSweepReport(f.out, result); e != nil {
			return errors.Join(e, err)
		}
	}
	if e := a.printResult(result); e != nil || err != nil {
		return errors.Join(e, err)
	}
	return opt.Ledger.Remove()
}

// tellCost tells what a sweep will take, before it begins; a dry run is done then.
func (a *app) tellCost(
	ctx context.Context, k *session.Calibrator, data *dataset.Inputs, variants []session.Variant, dry bool, opt session.EvaluateOptions,
) (done bool, err error) {
	if a.Quiet && !dry {
		return false, nil
	}
	e, err := k.EstimateSweep(ctx, data, variants, opt)
	if err != nil {
		return false, err
	}
	if dry {
		return true, show(a, a.Out, e)
	}
	a.Note("%d settings, each on %d images and calibrated on %d: about %s", e.Settings, e.Images, e.CalibImages,
		text.Duration(e.Seconds))
	return false, nil
}
