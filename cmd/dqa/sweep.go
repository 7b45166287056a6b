package main

import (
	"io"
	"path/filepath"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// sweepFlags are those of the verb.
type sweepFlags struct {
	compareFlags
	out    string
	resume bool
}

func (a *app) sweep() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep MODEL.onnx --data SPEC --calib SPEC -o DIR",
		Short: "eval over a grid of bits, extra bits and ratios, with a plot",
		Long: `sweep evaluates every method at every n (--bits), m (--extra-bits) and r (--ratio), each stored as the paper does and
with its whole codes entropy-coded, and prints one table. With -o it writes report.html, report.json and sweep.svg, and
keeps what is finished: after an interruption the same command with --resume does only what is missing.

` + variantHelp,
		Example: `  dqa sweep resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]' -o sweep
  dqa sweep demo:classify --data 'demo:classify[64:128]' --calib 'demo:classify[0:64]' \
    --methods direct:unsigned,dqa:mse --bits 3,4 --extra-bits 1,2 --ratio 0.25,0.5`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runSweep(cmd, args[0], &f) },
	}
	f.register(cmd, a, session.SweepGrid)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "output", "o", "", "folder for report.html, report.json and sweep.svg; made if needed")
	flags.BoolVar(&f.resume, "resume", false, "keep what an interrupted sweep has finished (needs -o)")
	must(cmd.MarkFlagRequired("calib"))
	return cmd
}

func (a *app) runSweep(cmd *cobra.Command, model string, f *sweepFlags) error {
	variants, err := f.variants(cmd)
	if err != nil {
		return err
	}
	where, err := f.set.options()
	if err != nil {
		return err
	}
	net, err := a.open(model, &f.pre, where)
	if err != nil {
		return err
	}
	data, err := a.openData(net, f.data)
	if err != nil {
		return err
	}
	var ledger *session.Ledger
	if f.out != "" {
		if ledger, err = session.OpenLedger(f.out, f.resume); err != nil {
			return err
		}
	}
	bar := a.newProgress()
	defer bar.finish()
	if err := a.checkScores(net, data, a.evaluateOptions(&f.compareFlags, bar)); err != nil {
		return err
	}
	k, err := a.newCalibrator(cmd.Context(), net, data, &f.compareFlags, ledger.Store(), bar)
	if err != nil {
		return err
	}
	result, err := k.Sweep(cmd.Context(), data, variants, ledger, a.evaluateOptions(&f.compareFlags, bar))
	if err != nil {
		return err
	}
	result.Warnings = a.warnings
	bar.finish()
	if err := f.write(result); err != nil {
		return err
	}
	if err := ledger.Remove(); err != nil {
		return err
	}
	if a.json {
		return report.WriteJSON(a.out, result)
	}
	return report.WriteTable(a.out, result, a.tableOptions())
}

func (f *sweepFlags) write(r report.Result) error {
	if f.out == "" {
		return nil
	}
	if err := writeReport(f.out, "DQA sweep: "+r.Model, "", []report.Result{r}); err != nil {
		return err
	}
	return file.Write(filepath.Join(f.out, "sweep.svg"), func(w io.Writer) error { return report.PlotSVG(w, r, report.PlotOptions{}) })
}
