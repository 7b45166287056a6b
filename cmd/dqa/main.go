// Command dqa measures how few bits the activations of a network can be stored in, and stores them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process, for tests. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: stdin, out: stdout, err: stderr}
	ctx, stop := a.interruptible(context.Background())
	defer stop()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	var err error
	if p := session.Catch(func() { err = root.ExecuteContext(ctx) }); p != nil {
		err = p
	}
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
	in       io.Reader
	out, err io.Writer
	quiet    bool
	json     bool
	config   string
	workers  int
	engine   string // auto, native, ort
	ortLib   string
	memory   byteSize
	images   int             // taken of every SPEC; 0: all
	output   string          // that is scored; "": the one that fits
	data     dataset.Options // how files of images and labels are read
	warnings []string        // that were given, for reports
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "dqa",
		Short:             "how few bits can the activations of your network take?",
		Long:              rootHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              noSuchCommand,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress on standard error")
	flags.BoolVar(&a.json, "json", false, "JSON (docs/JSON.md) instead of text")
	flags.StringVar(&a.config, "config", "", "YAML file with values for flags that are not given: \"bits: [3, 4]\"")
	flags.IntVar(&a.workers, "workers", runtime.NumCPU(), fmt.Sprintf("goroutines, at most %d; results do not depend on it", maxWorkers))
	a.memory = dqa.DefaultMaxMemory
	flags.Var(&a.memory, "max-memory", "what a profile, a frame or a picture may take when it is read: 512MiB, 4GiB")
	flags.StringVar(&a.engine, "engine", "auto", "native: built in; ort: ONNX Runtime, if this binary has it; auto: native where it can run the network")
	flags.StringVar(&a.ortLib, "ort-lib", "", "ONNX Runtime's shared library (default: $"+session.EnvORTLibrary+", then the usual places)")
	must(root.RegisterFlagCompletionFunc("engine", cobra.FixedCompletions([]string{"auto", "native", "ort"}, cobra.ShellCompDirectiveNoFileComp)))
	must(root.MarkPersistentFlagFilename("config", "yaml", "yml"))
	root.SetFlagErrorFunc(wrongFlags)
	root.AddCommand(a.demo(), a.doctor(), a.inspect(), a.calibrate(), a.eval(), a.sweep(), a.plan(), a.runVerb(), a.split(), a.encode(), a.decode(), a.bench(), a.errors(), a.version())
	return root
}

// maxWorkers bounds goroutines: each has memory of its own.
const maxWorkers = 1024

// prepare is what comes before every verb.
func (a *app) prepare(cmd *cobra.Command) error {
	if err := a.applyConfig(cmd); err != nil {
		return err
	}
	if a.workers > maxWorkers {
		return &usageError{cmd, fmt.Errorf("--workers %d: at most %d", a.workers, maxWorkers)}
	}
	return nil
}

// print shows v as JSON with --json, else what text writes.
func (a *app) print(w io.Writer, v any, text func(io.Writer) error) error {
	if !a.json {
		return text(w)
	}
	return printJSON(w, v)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// note tells something on standard error that is neither a result nor an error.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, "dqa: note: %s\n", oneLine(fmt.Sprintf(format, args...)))
	}
}

const rootHelp = `dqa stores the activations of a neural network in a few bits per value, without retraining, and tells
honestly what that costs: accuracy, and bits really stored.

Start here:
  dqa demo                                   the whole job on two built-in networks
  dqa inspect MODEL.onnx                     is my network supported, and what would be quantized?
  dqa doctor MODEL.onnx --data TEST          are preprocessing, labels and data what the network wants?
  dqa eval MODEL.onnx --data TEST --calib CALIBRATION
                                             accuracy against stored bits, on my network and data
  dqa sweep MODEL.onnx --data TEST --calib CALIBRATION -o OUT
                                             the same over bits, extra bits and ratios, with a plot
  dqa calibrate MODEL.onnx --data CALIBRATION -o P.dqap
  dqa run MODEL.onnx --data IMAGES -o OUT.npz
  dqa split MODEL.onnx --at EDGE -o DIR      head.onnx and tail.onnx, for a device and a gateway
  dqa encode MODEL.onnx --profile P.dqap --data IMAGES -o FRAMES

Data is named by a SPEC:
  cifar10:FILE.bin          original binary format
  dir:DIR                   images in a folder and those below it, no labels
  imagefolder:DIR           one sub-folder per class, sorted or as in its classes.txt
  images:LIST               lines of: path, class index (separated by tabs, commas or spaces)
  masks:IMAGES,LABELS       two folders of equal names, or two arrays
  npy:X  or  npy:X,Y        arrays of images, and labels or masks: .npy, .npz or FILE.npz:NAME
  demo:classify, demo:segment
  npz:FILE[,FILE...]        tensors that run and decode wrote, for the tail of a cut (run, encode)
A trailing [a:b] takes images a to b-1; "," "[" and "\" in a path are quoted with "\".

"-" in place of a profile, a frame or an output is standard input or output:
  dqa calibrate M.onnx --data C -o - | dqa eval M.onnx --data T --profile -

Exit codes: 0 done; 1 other failures, or inspect or doctor found a problem; 2 wrong use; 3 the model; 4 the data;
5 a profile or a frame; 6 activations that are not finite; 7 writing failed; 8 a fault of dqa itself; 130 interrupted. All errors: dqa errors.
NO_COLOR=1 turns colours off.`
