//go:build !device

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// doctorFlags are those of the verb.
type doctorFlags struct {
	pre           preprocessFlags
	edges         string
	data, calib   string
	images        int
	probabilities bool
	write, force  bool
	to            string
}

func (a *app) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor MODEL.onnx",
		Short: "is everything as the network wants it: machine, model, preprocessing, labels, data?",
		Long: `doctor tells what this machine offers and whether the network is supported. With --data it also looks for what
first-time users get wrong (layout, BGR or RGB, a missing division or normalization, labels shifted by one or of another
data set), by the statistics of the inputs and by the accuracy under the alternatives, and names the flags that mend it;
with --calib, too, it looks for test images among the calibration images. Without labels it goes by what training has
left in the network. --write keeps the preprocessing that fits in MODEL.yaml, which all verbs read.

Exit code 1: a problem was found.`,
		Example: `  dqa doctor resnet32.onnx
  dqa doctor resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]'
  dqa doctor resnet32.onnx --data dir:photos --size 32x32 --write
  dqa doctor demo:classify --data demo:classify --divisor 1`,
	}
	onModel(cmd, func(model string) error { return a.runDoctor(cmd, model, &f) })
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&a.output, "output", "", "as --score-output")
	flags.StringVar(&f.data, "data", "", "test images (SPEC), with labels if you have them")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC)")
	edgesFlag(cmd, &f.edges, "stored, activations or blocks")
	flags.IntVar(&f.images, "images", 200, "images to run, spread evenly over --data; 0: all")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	flags.BoolVar(&f.write, "write", false, "write the preprocessing that fits to MODEL.yaml beside the model (needs --data)")
	flags.StringVarP(&f.to, "write-to", "o", "", "write it to this file, for --preprocess")
	flags.BoolVar(&f.force, "force", false, "overwrite the file of --write")
	return cmd
}

func (a *app) runDoctor(cmd *cobra.Command, model string, f *doctorFlags) error {
	set, err := parseEdges(f.edges)
	if err != nil {
		return err
	}
	if err := f.target(cmd, model); err != nil {
		return err
	}
	opt, err := a.complete(model, &f.pre, session.Options{Edges: set})
	if err != nil {
		return err
	}
	bar := a.NewProgress()
	examine := session.ExamineOptions{
		Options: opt, Data: f.data, Calib: f.calib, Images: f.images, Probabilities: f.probabilities,
		Workers: a.workers, Progress: bar.Report,
	}
	found, err := session.Examine(cmd.Context(), model, examine)
	if err != nil {
		return err
	}
	checks := found.Checks
	if f.to != "" {
		written, err := examine.KeepPreprocess(f.to, f.write, found)
		if err != nil {
			return err
		}
		checks = append(checks, written)
	}
	if err := a.Print(a.Out, checks, func(w io.Writer) error { return session.WriteChecks(w, checks, a.StyleOf(w)) }); err != nil {
		return err
	}
	for _, c := range found.Checks {
		if c.Status == doctor.Problem {
			return cli.ErrReported
		}
	}
	return nil
}

// target completes where the preprocessing is to be written, before anything is done: beside the model, in the file that
// is read there.
func (f *doctorFlags) target(cmd *cobra.Command, model string) error {
	switch {
	case f.to == "" && !f.write && f.force:
		return cli.Usage(cmd, errors.New("--force without --write"))
	case f.to == "" && !f.write:
		return nil
	case f.data == "":
		return cli.Usage(cmd, errors.New("--write needs --data, images to judge by"))
	case f.to == "" && session.BuiltIn(model):
		return cli.Usage(cmd, fmt.Errorf("--write: %s is no file; -o FILE says where to write", model))
	case f.to == "":
		f.to = session.PreprocessTarget(model)
	}
	if _, err := os.Lstat(f.to); err == nil && !f.force {
		return fmt.Errorf("%w: %s", faults.ErrExists, f.to)
	}
	return file.CheckOutput(f.to)
}
