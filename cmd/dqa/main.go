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
	root.AddCommand(a.verbs()...)
	return root
}

// maxWorkers bounds goroutines: each has memory of its own.
const maxWorkers = 1024

// prepare is what comes before every verb.
func (a *app) prepare(cmd *cobra.Command) error {
	if err := a.applyConfig(cmd); err != nil {
		return err
	}
	if a.workers < 0 || a.images < 0 {
		return &usageError{cmd, fmt.Errorf("--workers %d, --images %d: not below 0", a.workers, a.images)}
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
