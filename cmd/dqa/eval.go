package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/spf13/cobra"
)

// evalFlags are what an evaluation compares, and on what.
type evalFlags struct {
	pre           preprocessFlags
	set           methodFlags
	data, calib   string
	methods, bits string
	profiles      []string
	report        string
	probabilities bool
	asJSON        bool
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
and without --calib nothing else is compared.`,
		Example: `  dqa eval resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]' --edges activations
  dqa eval unet.onnx --data npy:test_x.npy,test_y.npy --calib npy:calib_x.npy --bits 2,3,4 --json`,
		Args: exactArgs("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runEval(cmd, args[0], &f) },
	}
	f.pre.register(cmd)
	f.set.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "test images (SPEC); without labels KL and agreement are reported")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC), other ones than --data")
	flags.StringVar(&f.methods, "methods", "fp32,direct,dqa", "what to compare")
	flags.StringVar(&f.bits, "bits", "3,4,5", "n: bits of a code")
	flags.StringArrayVar(&f.profiles, "profile", nil, "profile made by calibrate; may be repeated")
	flags.StringVar(&f.report, "report", "", "folder for report.html (a page with a plot) and report.json; made if needed")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	flags.BoolVar(&f.asJSON, "json", false, "JSON (docs/JSON.md) instead of a table")
	must(cmd.MarkFlagRequired("data"))
	return cmd
}

func (a *app) runEval(cmd *cobra.Command, model string, f *evalFlags) error {
	settings, err := f.settings()
	if err != nil {
		return &usageError{cmd, err}
	}
	profiles, err := f.readProfiles(cmd)
	if err != nil {
		return err
	}
	var base *profile.Preprocess
	if len(profiles) > 0 {
		base = &profiles[0].Preprocess
	}
	pre, err := resolvePreprocess(model, &f.pre, base)
	if err != nil {
		return err
	}
	edges, err := f.set.edgeSet()
	if err != nil {
		return &usageError{cmd, err}
	}
	net, err := openNetwork(model, pre, edges)
	if err != nil {
		return err
	}
	candidates, err := f.profileCandidates(net, profiles)
	if err != nil {
		return err
	}
	if len(settings) > 0 && f.calib == "" && len(candidates) > 0 {
		settings = nil
	}
	if len(settings) > 0 && f.calib == "" {
		return &usageError{cmd, fmt.Errorf("--calib is needed to calibrate %s", settings[0].Name)}
	}
	calibrated, err := a.calibrateAll(cmd.Context(), net, f.calib, settings, &f.set)
	if err != nil {
		return err
	}
	result, classes, err := a.evaluate(cmd.Context(), net, f.data, append(candidates, calibrated...), f)
	if err != nil {
		return err
	}
	return a.show(result, classes, f)
}

// settings are all methods at all bits.
func (f *evalFlags) settings() ([]profile.Method, error) {
	var bits []int
	for _, s := range strings.Split(f.bits, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("--bits %q: numbers separated by commas", f.bits)
		}
		bits = append(bits, n)
	}
	var settings []profile.Method
	for _, name := range strings.Split(f.methods, ",") {
		if name = strings.TrimSpace(name); name == "fp32" {
			continue // always there
		}
		for _, n := range bits {
			s, err := f.set.setting(name, n)
			if err != nil {
				return nil, err
			}
			settings = append(settings, s)
		}
	}
	return settings, nil
}

// readProfiles also takes the edge set over from the profiles, unless --edges says otherwise.
func (f *evalFlags) readProfiles(cmd *cobra.Command) ([]*profile.Profile, error) {
	var all []*profile.Profile
	for _, path := range f.profiles {
		p, err := readProfile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) > 0 && !cmd.Flags().Changed("edges") {
		f.set.edges = all[0].EdgeSet
	}
	return all, nil
}

func (f *evalFlags) profileCandidates(net *network, profiles []*profile.Profile) ([]eval.Candidate, error) {
	var all []eval.Candidate
	for i, p := range profiles {
		if err := net.matches(f.profiles[i], p); err != nil {
			return nil, err
		}
		codec, err := dqa.NewCodec(p)
		if err != nil {
			return nil, err
		}
		all = append(all, eval.Candidate{Codecs: []*dqa.Codec{codec}})
	}
	return all, nil
}

// calibrateAll makes every setting a candidate, stored as the paper does and with its whole codes entropy-coded.
func (a *app) calibrateAll(ctx context.Context, net *network, spec string, settings []profile.Method, set *methodFlags) ([]eval.Candidate, error) {
	if len(settings) == 0 {
		return nil, nil
	}
	data, err := net.openData(spec)
	if err != nil {
		return nil, err
	}
	var all []eval.Candidate
	for _, s := range settings {
		plan, err := a.plan(ctx, net, data, s, set)
		if err != nil {
			return nil, err
		}
		var c eval.Candidate
		for _, coder := range []profile.Coder{paperCoder(plan.Method), profile.Huffman} {
			p := plan.Profile(coder)
			if err := net.origin(p, data); err != nil {
				return nil, err
			}
			codec, err := dqa.NewCodec(p)
			if err != nil {
				return nil, err
			}
			c.Codecs = append(c.Codecs, codec)
		}
		all = append(all, c)
	}
	return all, nil
}

func (a *app) evaluate(ctx context.Context, net *network, spec string, candidates []eval.Candidate, f *evalFlags) (report.Result, []eval.ClassIoU, error) {
	data, err := net.openData(spec)
	if err != nil {
		return report.Result{}, nil, err
	}
	bar := a.newProgress()
	defer bar.finish()
	res, err := eval.Run(ctx, net.prog, data, candidates, eval.Options{
		Metric:  metric.Options{Ignore: net.pre.Ignore, Probabilities: f.probabilities, Seed: f.set.seed},
		Workers: a.workers, AllowNonFinite: f.set.allowNonFinite, Progress: bar.report,
	})
	if err != nil {
		return report.Result{}, nil, err
	}
	return res.Report(net.name, data.Source().Spec()), res.ClassIoUs(), nil
}

// show prints the result and writes the report.
func (a *app) show(result report.Result, classes []eval.ClassIoU, f *evalFlags) error {
	if f.report != "" {
		if err := writeReport(f.report, "DQA: "+result.Model, "", []report.Result{result}); err != nil {
			return err
		}
	}
	if f.asJSON {
		return report.WriteJSON(a.out, result)
	}
	if err := report.WriteTable(a.out, result, report.TableOptions{}); err != nil {
		return err
	}
	if len(classes) == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "standard errors: bootstrap over images, seed %d\n\nIoU by class, %%\n", f.set.seed)
	return printClasses(a.out, classes)
}

// printClasses prints one line per setting, one column per class.
func printClasses(w io.Writer, classes []eval.ClassIoU) error {
	header := "method"
	for c := range classes[0].IoU {
		header += fmt.Sprintf("\t%d", c)
	}
	var rows [][]string
	for _, s := range classes {
		row := []string{s.Name}
		for _, v := range s.IoU {
			if math.IsNaN(v) {
				row = append(row, "-")
			} else {
				row = append(row, fmt.Sprintf("%.2f", v))
			}
		}
		rows = append(rows, row)
	}
	return tableOf(w, header, rows)
}
