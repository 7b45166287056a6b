// Command dqa measures how few bits the activations of a network can be stored in, and stores them.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/faults"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

//go:generate sh -c "go run . errors --markdown > ../../docs/ERRORS.md"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process, for tests. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(stdin, stdout, stderr)
	return a.Run(a.root(), args)
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{App: cli.App{Name: "dqa", In: stdin, Out: stdout, Err: stderr, MaxMemory: dqa.DefaultMaxMemory, Faults: faults.All}}
}

// app is what all verbs share.
type app struct {
	cli.App
	workers  int
	engine   string // auto, native, ort
	ortLib   string
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
		Args:              cli.NoSuchCommand,
		PersistentPreRunE: a.prepare,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.Register(root, "what a profile, a frame or a picture may take when it is read: 512MiB, 4GiB")
	flags := root.PersistentFlags()
	flags.IntVar(&a.workers, "workers", runtime.NumCPU(), fmt.Sprintf("goroutines, at most %d; results do not depend on it", maxWorkers))
	flags.StringVar(&a.engine, "engine", "auto", "native: built in; ort: ONNX Runtime, if this binary has it; auto: native where it can run the network")
	flags.StringVar(&a.ortLib, "ort-lib", "", "ONNX Runtime's shared library (default: $"+session.EnvORTLibrary+", then the usual places)")
	cli.CompleteWords(root, "engine", "auto", "native", "ort")
	root.AddCommand(a.verbs()...)
	return root
}

// files are named by these flags; folders that are written hold those of Names.
var files = cli.Files{
	Inputs:  []string{"data", "calib", "profile", "preprocess", "store", "reference", "npy", "input", "frames", "model"},
	Outputs: []string{"output", "write-to", "report"},
	Names: []string{"head.onnx", "tail.onnx", "head.dqap", "tail.dqap", "cut.dqap", "report.json", "report.html",
		"sweep.svg", "report.ja.html", "profile.dqap"},
}

// maxWorkers bounds goroutines: each has memory of its own.
const maxWorkers = 1024

// prepare is what comes before every verb.
func (a *app) prepare(cmd *cobra.Command, args []string) error {
	if err := a.ApplyConfig(cmd); err != nil {
		return err
	}
	if a.workers < 0 || a.images < 0 {
		return cli.Usage(cmd, fmt.Errorf("--workers %d, --images %d: not below 0", a.workers, a.images))
	}
	if a.workers > maxWorkers {
		return cli.Usage(cmd, fmt.Errorf("--workers %d: at most %d", a.workers, maxWorkers))
	}
	return files.KeepInputs(cmd, args)
}
