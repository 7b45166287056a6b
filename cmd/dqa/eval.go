//go:build !device

package main

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// evalFlags are those of the verb.
type evalFlags struct {
	compareFlags
	profiles  []string
	report    string
	coderName string
}

func (a *app) eval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval MODEL.onnx --data SPEC --calib SPEC",
		Short: "accuracy against stored bits, on your network and data",
		Long: `eval runs every image in float32 and with every method at every number of bits, and prints accuracy, the loss with
its standard error (same images), KL and agreement with the float network, and the bits really stored: all bytes of the
frames, times 8, divided by the number of quantized values.

Methods are calibrated on --calib, never on --data. A --profile is evaluated as it is and gives one row; with profiles
and without --calib nothing else is compared.

` + variantHelp,
		Example: `  dqa eval resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]' --edges activations
  dqa eval unet.onnx --data npy:test_x.npy,test_y.npy --calib npy:calib_x.npy --bits 2,3,4 --json
  dqa eval demo:classify --data 'demo:classify[128:256]' --calib 'demo:classify[0:64]' \
    --methods direct,direct:unsigned,clip:unsigned,dqa:mse,dqa:random:seed=2 --bits 3
  dqa eval demo:classify --data demo:classify --profile demo.dqap`,
	}
	onModel(cmd, func(model string) error { return a.runEval(cmd, model, &f) })
	f.register(cmd, a, session.PaperGrid)
	flags := cmd.Flags()
	flags.StringVar(&a.output, "output", "", "as --score-output")
	cmd.MarkFlagsMutuallyExclusive("output", "score-output")
	flags.StringArrayVar(&f.profiles, "profile", nil, "profile made by calibrate, - for standard input; may be repeated")
	flags.StringVar(&f.coderName, "coder", "", "of graded codes: fast, small, smallest or smallest2 (default: small beside smallest)")
	cli.CompleteWords(cmd, "coder", "fast", "small", "smallest", "smallest2")
	flags.StringVar(&f.report, "report", "", "folder for report.html (a page with a plot) and report.json; made if needed")
	return cmd
}

func (a *app) runEval(cmd *cobra.Command, model string, f *evalFlags) error {
	variants, err := f.variants(cmd)
	if err != nil {
		return err
	}
	if f.coder, err = session.GradedCoder(f.coderName, variants); err != nil {
		return err
	}
	net, candidates, err := a.openForProfiles(cmd, model, f)
	if err != nil {
		return err
	}
	data, err := a.openData(net, f.data)
	if err != nil {
		return err
	}
	if f.report != "" {
		if err := file.CheckFolder(f.report); err != nil {
			return err
		}
	}
	if f.calib == "" && len(candidates) > 0 {
		if flag := f.unused(cmd); flag != "" {
			return fmt.Errorf("%w: --%s says what else to compare with --profile", faults.ErrNoCalib, flag)
		}
		variants = nil
	}
	if err := a.warnOfOwnImages(data, candidates, f.profiles); err != nil {
		return err
	}
	bar := a.NewProgress()
	if err := a.checkScores(net, data, a.evaluateOptions(&f.compareFlags, bar)); err != nil {
		return err
	}
	made, phases, err := a.calibrateAll(cmd.Context(), net, data, f, variants, bar)
	if err != nil {
		return err
	}
	res, err := net.Evaluate(cmd.Context(), data, append(candidates, made...), a.evaluateOptions(&f.compareFlags, bar))
	if err != nil {
		return err
	}
	result := net.Report(res, data)
	result.Warnings = a.warnings
	if err := f.print(a, result, res.ClassIoUs()); err != nil || a.JSON {
		return err
	}
	return session.WriteSearches(a.Out, phases, a.workers)
}

// warnOfOwnImages tells which profiles were calibrated on the very images that are to judge them.
func (a *app) warnOfOwnImages(data *dataset.Inputs, candidates []session.Candidate, names []string) error {
	for i, c := range candidates {
		own, err := session.OwnImages(data, c)
		if err != nil {
			return err
		}
		if own {
			a.warn(fmt.Sprintf("these are the images that %s was calibrated on: other images will lose more", names[i]),
				"give --data images that it has not seen")
		}
	}
	return nil
}

// openForProfiles opens the network so that the profiles can be bound to it.
func (a *app) openForProfiles(cmd *cobra.Command, model string, f *evalFlags) (*session.Network, []session.Candidate, error) {
	var profiles []*profile.Profile
	for _, path := range f.profiles {
		p, err := a.readProfile(path)
		if err != nil {
			return nil, nil, err
		}
		profiles = append(profiles, p)
	}
	opt, err := f.options(cmd, profiles)
	if err != nil {
		return nil, nil, err
	}
	net, err := a.open(model, &f.pre, opt)
	if err != nil {
		return nil, nil, err
	}
	var candidates []session.Candidate
	for i, p := range profiles {
		q, err := bind(net, f.profiles[i], p)
		if err != nil {
			return nil, nil, err
		}
		candidates = append(candidates, q.Candidate())
	}
	return net, candidates, nil
}

// calibrateAll makes candidates of the variants and tells what that took.
func (a *app) calibrateAll(
	ctx context.Context, net *session.Network, data *dataset.Inputs, f *evalFlags, variants []session.Variant, bar *cli.Progress,
) ([]session.Candidate, []session.Phase, error) {
	if len(variants) == 0 {
		return nil, nil, a.glance(ctx, net, data, nil, a.evaluateOptions(&f.compareFlags, bar))
	}
	k, err := a.newCalibrator(ctx, net, data, &f.compareFlags, nil, bar)
	if err != nil {
		return nil, nil, err
	}
	made, err := k.Candidates(ctx, variants)
	for _, skipped := range k.Skipped {
		a.Note("left out: %v", skipped)
	}
	return made, k.Phases(), err
}

// options are those of the first profile, if there is one; --edges wins.
func (f *evalFlags) options(cmd *cobra.Command, profiles []*profile.Profile) (session.Options, error) {
	opt, err := f.set.options()
	if len(profiles) == 0 || err != nil {
		return opt, err
	}
	if err := session.CheckAlike(profiles, f.profiles); err != nil {
		return opt, err
	}
	first := session.OptionsOf(profiles[0])
	if cmd.Flags().Changed("edges") {
		if opt.Edges != first.Edges {
			return opt, fmt.Errorf("%w: --edges %s, %s was calibrated for %s", session.ErrSetting, opt.Edges, f.profiles[0], first.Edges)
		}
		first.Edges, first.Skip = opt.Edges, opt.Skip
	}
	return first, nil
}

// unused is a flag that was given and counts only with --calib; "" where there is none.
func (f *evalFlags) unused(cmd *cobra.Command) string {
	for _, flag := range append(session.SettingNames(), "methods", "coder") {
		if cmd.Flags().Changed(flag) {
			return flag
		}
	}
	return ""
}

// print writes the report and prints the result and, if there are any, its classes.
func (f *evalFlags) print(a *app, result report.Result, classes []session.ClassIoU) error {
	if f.report != "" {
		if err := session.WriteReport(f.report, "DQA: "+result.Model, "", result); err != nil {
			return err
		}
	}
	if err := a.printResult(result); err != nil || a.JSON {
		return err
	}
	if len(result.Rows) > 2 { // there was something to choose from
		fmt.Fprintln(a.Out, report.Summary(result))
	}
	if len(classes) == 0 {
		return nil
	}
	fmt.Fprintf(a.Out, "standard errors: bootstrap over images, seed %d\n\nIoU by class, %%\n", f.set.seed)
	return session.WriteClasses(a.Out, classes)
}
