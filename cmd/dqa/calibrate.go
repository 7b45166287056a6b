//go:build !device

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// calibrateFlags are those of the verb.
type calibrateFlags struct {
	pre            preprocessFlags
	set            methodFlags
	data, out      string
	method, coder  string
	link           string
	bits, extra    int
	ratio          float64
	dial           dialFlags
	resume, dryRun bool
	probabilities  bool
	noReference    bool
	saveEvery      time.Duration
}

func (a *app) calibrate() *cobra.Command {
	var f calibrateFlags
	cmd := &cobra.Command{
		Use:   "calibrate MODEL.onnx --data SPEC -o P.dqap",
		Short: "learn a profile from unlabelled images",
		Long: `calibrate runs the network on the images and writes a profile: how every edge is quantized, and the coder's tables.

graded, the default, measures what coarser steps in every edge do to the network's outputs, and spends bits where they
matter. What it is to reach is one of --budget, --max-kl, --min-agreement, --max-drop and --tier; all are measured on
the calibration images, in real frames. "dqa inspect P.dqap" shows what it found. dqa is the paper's method.

Curves (graded) and the rankings greedy, greedy-all and quantize-one run a part of the network many times per image;
--dry-run tells what that takes. They save their progress beside the output (P.dqap.progress); after Ctrl-C, or if the
machine goes down, the same command with --resume goes on and ends with the same profile, byte for byte. Memory does not
grow with the number of images.`,
		Example: `  dqa calibrate resnet32.onnx --data 'cifar10:calib.bin[0:128]' -o resnet32.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --max-kl 0.01 -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --tier compact --skip 0 --min-bits 3=2.5 -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --coder auto --link 100Mbit -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:64]' --method dqa --ranking greedy --dry-run -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:64]' --method clip --scale static-tensor -o demo.dqap`,
	}
	onModel(cmd, func(model string) error { return a.runCalibrate(cmd, model, &f) })
	f.pre.register(cmd, a)
	f.set.register(cmd)
	f.dial.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "calibration images (SPEC); only greedy rankings use labels")
	flags.StringVarP(&f.out, "output", "o", "", "profile to write; - for standard output")
	flags.StringVar(&f.method, "method", "graded", strings.Join(session.Methods(), ", "))
	flags.IntVar(&f.bits, "bits", 3, "n: bits of a code, 2 to 8")
	flags.IntVar(&f.extra, "extra-bits", 3, "m: bits more for important channels (dqa), 0 to 4")
	flags.Float64Var(&f.ratio, "ratio", 0.5, "r: share of important channels per edge (dqa)")
	flags.StringVar(&f.coder, "coder", "", "raw, paper, fast, small, smallest, smallest2, or auto: "+
		"by edge, what is through soonest with --link (default: the method's own)")
	flags.StringVar(&f.link, "link", "10Mbit", "rate that --coder auto is for, per second: 250kbit, 10Mbit, 1Gbit")
	flags.BoolVar(&f.dryRun, "dry-run", false, "tell what it would take (passes, time, memory) and stop")
	flags.BoolVar(&f.resume, "resume", false, "go on from the progress that an interrupted run has saved")
	flags.DurationVar(&f.saveEvery, "save-every", time.Second, "how often a search saves its progress")
	flags.BoolVar(&f.noReference, "no-reference", false, "leave out what dqa drift compares streams with")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (greedy rankings)")
	cli.CompleteWords(cmd, "method", session.Methods()...)
	cli.CompleteWords(cmd, "coder", "raw", "paper", "fast", "small", "smallest", "smallest2", "auto")
	cmd.MarkFlagsMutuallyExclusive("resume", "dry-run")
	cli.Required(cmd, "data")
	return cmd
}

func (a *app) runCalibrate(cmd *cobra.Command, model string, f *calibrateFlags) error {
	if f.out == "" && !f.dryRun {
		return cli.Usage(cmd, errors.New("-o, the profile to write, is missing"))
	}
	if f.out == cli.Pipe && f.resume {
		return cli.Usage(cmd, errors.New("--resume with -o -: progress is kept beside a file"))
	}
	v, opt, err := f.setting(cmd)
	if err != nil {
		return err
	}
	net, data, err := a.openCalibration(model, f, v)
	if err != nil {
		return err
	}
	if opt.MinBits, err = net.ParseMinBits(f.set.minBits); err != nil {
		return err
	}
	if f.out != cli.Pipe && !f.dryRun {
		if err := file.CheckOutput(f.out); err != nil {
			return err
		}
	}
	bar := a.NewProgress()
	opt.Workers, opt.AllowNonFinite, opt.Probabilities = a.workers, f.set.allowNonFinite, f.probabilities
	opt.Reference = !f.noReference
	opt.SaveEvery, opt.Progress = f.saveEvery, bar.Report
	if f.dryRun {
		return a.dryRun(cmd.Context(), net, data, v, opt)
	}
	look := session.EvaluateOptions{Workers: a.workers, Probabilities: f.probabilities, Progress: bar.Report}
	if err := a.glance(cmd.Context(), net, data, nil, look); err != nil {
		return err
	}
	store := session.NewFileStore(f.out+session.ProgressExt, f.resume)
	if f.out != cli.Pipe {
		opt.Store = store
		if store.Lost() {
			a.Note("%s holds the progress of an earlier run; this one begins anew (--resume would go on)", store.Path())
		}
	}
	made, err := net.Calibrate(cmd.Context(), data, v, opt)
	if err != nil {
		return err
	}
	bar.Finish()
	return a.writeCalibrated(f.out, made, store)
}

// openCalibration opens the network and the images, and refuses a dial that they cannot measure.
func (a *app) openCalibration(model string, f *calibrateFlags, v session.Variant) (*session.Network, *dataset.Inputs, error) {
	where, err := f.set.options()
	if err != nil {
		return nil, nil, err
	}
	net, err := a.open(model, &f.pre, where)
	if err != nil {
		return nil, nil, err
	}
	data, err := a.openData(net, f.data)
	if err != nil {
		return nil, nil, err
	}
	if v.Dial == profile.MaxDrop && data.Source().Labels() == dataset.Unlabelled { // it would be found out after minutes
		return nil, nil, fmt.Errorf(
			"%w: max-drop cannot be measured: the calibration images have no labels; --min-agreement %g asks for nearly the same",
			session.ErrSetting, 100-v.Goal)
	}
	return net, data, nil
}

// writeCalibrated writes the profile; what was kept of the search is no longer needed then.
func (a *app) writeCalibrated(out string, made *session.Calibrated, store *session.FileStore) error {
	for _, note := range made.Notes {
		a.Note("%s", note)
	}
	w, err := a.writeBytes(out, made.Profile.Append(nil))
	if err != nil {
		return err
	}
	if err := store.Remove(); err != nil {
		return err
	}
	summary := made.Summary()
	summary.Output, summary.Warnings = out, a.warnings
	return show(a, w, summary)
}

// setting is what the flags ask for; of the options only the coder is set.
func (f *calibrateFlags) setting(cmd *cobra.Command) (v session.Variant, opt session.CalibrateOptions, err error) {
	if v, err = f.set.base(); err != nil {
		return v, opt, err
	}
	v.Name, v.Bits, v.ExtraBits, v.Ratio = f.method, f.bits, f.extra, f.ratio
	if err := f.dial.apply(cmd, &v.Setting); err != nil {
		return v, opt, err
	}
	if v, err = v.Complete(); err != nil {
		return v, opt, err
	}
	if err := checkUsed(cmd, v); err != nil {
		return v, opt, err
	}
	switch {
	case f.coder == "auto":
		opt.Link, err = session.ParseRate(f.link)
	case cmd.Flags().Changed("link"):
		err = fmt.Errorf("%w: --link without --coder auto", session.ErrSetting)
	case f.coder != "":
		opt.Coder, err = session.ParseCoder(f.coder, v.Setting)
	}
	return v, opt, err
}

func (a *app) dryRun(
	ctx context.Context, net *session.Network, data *dataset.Inputs, v session.Variant, opt session.CalibrateOptions,
) error {
	k, err := net.NewCalibrator(data, opt)
	if err != nil {
		return err
	}
	cost, err := k.Estimate(ctx, v)
	if err != nil {
		return err
	}
	return show(a, a.Out, cost)
}
