//go:build !device

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/internal/cli"
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
}

func (a *app) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor MODEL.onnx",
		Short: "is everything as the network wants it: machine, model, preprocessing, labels, data?",
		Long: `doctor tells what this machine offers and whether the network is supported. With --data it also looks for what
first-time users get wrong (layout, BGR or RGB, a missing division or normalization, labels shifted by one or of another
data set), by the statistics of the inputs and by the accuracy under the alternatives, and names the flags that mend it;
with --calib, too, it looks for test images among the calibration images.

Exit code 1: a problem was found.`,
		Example: `  dqa doctor resnet32.onnx
  dqa doctor resnet32.onnx --data cifar10:test.bin --calib 'cifar10:calib.bin[0:256]'
  dqa doctor demo:classify --data demo:classify --divisor 1`,
		Args:              cli.ExactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runDoctor(cmd.Context(), args[0], &f) },
	}
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&a.output, "output", "", "as --score-output")
	flags.StringVar(&f.data, "data", "", "test images (SPEC), with labels if you have them")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC)")
	flags.StringVar(&f.edges, "edges", "stored", "stored or activations")
	flags.IntVar(&f.images, "images", 200, "images to run, spread evenly over --data; 0: all")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	cli.CompleteWords(cmd, "edges", "stored", "activations")
	return cmd
}

func (a *app) runDoctor(ctx context.Context, model string, f *doctorFlags) error {
	set, err := parseEdges(f.edges)
	if err != nil {
		return err
	}
	opt, err := a.complete(model, &f.pre, session.Options{Edges: set})
	if err != nil {
		return err
	}
	bar := a.NewProgress()
	defer bar.Finish()
	checks, err := session.Examine(ctx, model, session.ExamineOptions{
		Options: opt, Data: f.data, Calib: f.calib, Images: f.images, Probabilities: f.probabilities,
		Workers: a.workers, Progress: bar.Report,
	})
	if err != nil {
		return err
	}
	bar.Finish()
	if err := a.Print(a.Out, checks, func(w io.Writer) error { return a.printChecks(w, checks) }); err != nil {
		return err
	}
	for _, c := range checks {
		if c.Status == doctor.Problem {
			return cli.ErrReported
		}
	}
	return nil
}

func (a *app) printChecks(w io.Writer, checks []doctor.Check) error {
	s := a.StyleOf(w)
	paint := map[doctor.Status]func(string) string{doctor.OK: s.Good, doctor.Warning: s.Warn, doctor.Problem: s.Bad, doctor.Skipped: s.Strong}
	for _, c := range checks {
		fmt.Fprintf(w, "%s  %s: %s\n", paint[c.Status](fmt.Sprintf("%-7s", c.Status)), c.Name, cli.OneLine(c.Finding))
		if c.Mend != "" {
			fmt.Fprintf(w, "%-7s  try: %s\n", "", c.Mend)
		}
	}
	return nil
}
