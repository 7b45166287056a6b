// Command dqa measures how few bits the activations of a network can be stored in, and stores them.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"

	"github.com/spf13/cobra"
)

// version is written into profiles and printed by `dqa version`.
const version = "0.1.0-dev"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process, for tests. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app{out: stdout, err: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if errors.Is(err, errReported) {
		return exitFailure
	}
	if err != nil {
		return a.explain(err)
	}
	return 0
}

// app is what all verbs share.
type app struct {
	out, err io.Writer
	quiet    bool
	workers  int
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "dqa",
		Short:         "how few bits can the activations of your network take?",
		Long:          rootHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress on standard error")
	flags.IntVar(&a.workers, "workers", runtime.NumCPU(), "goroutines; results do not depend on it")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usageError{cmd, err} })
	root.AddCommand(a.demo(), a.calibrate(), a.eval(), a.encode(), a.decode(), a.inspect(), a.version())
	return root
}

const rootHelp = `dqa stores the activations of a neural network in a few bits per value, without retraining, and tells
honestly what that costs: accuracy, and bits really stored.

Start here:
  dqa demo                                   the whole job on two built-in networks
  dqa inspect MODEL.onnx                     is my network supported, and what would be quantized?
  dqa eval MODEL.onnx --data TEST --calib CALIBRATION
                                             accuracy against stored bits, on my network and data
  dqa calibrate MODEL.onnx --data CALIBRATION -o P.dqap
  dqa encode MODEL.onnx --profile P.dqap --data IMAGES -o FRAMES

Data is named by a SPEC:
  cifar10:FILE.bin          original binary format
  dir:DIR                   images in a folder, no labels
  imagefolder:DIR           one sub-folder per class
  images:LIST.tsv           lines of: path TAB class index
  masks:IMAGES,LABELS       two folders of equal names, or two .npy files
  npy:X  or  npy:X,Y        arrays of images, and labels or masks
  demo:classify, demo:segment
A trailing [a:b] takes images a to b-1; "," "[" and "\" in a path are quoted with "\".

Exit codes: 0 done; 1 other failures, or inspect found something unsupported; 2 wrong use; 3 the model; 4 the data;
5 a profile or a frame; 6 activations that are not finite; 7 writing failed; 130 interrupted.`
