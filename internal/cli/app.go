// Package cli is what command-line programs of this project share: flags that all verbs have, one error and one hint with
// an exit code, progress, signals, colours, standard input and output as files. It knows nothing of networks or profiles:
// a program embeds App and brings its verbs and its table of errors.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// App is what all verbs of a program share.
type App struct {
	Name      string // of the program; lines on standard error begin with it
	In        io.Reader
	Out, Err  io.Writer
	Quiet     bool
	JSON      bool
	MaxMemory Bytes
	Faults    []Fault // in the order in which they are tried
	Shared    []Fault // tried behind Faults: those of another program, whose page has them
	config    string
	bar       *Progress // nil: none
}

// Run runs the program and returns its exit code. Signals end the context of its verbs; a panic is an error like others.
func (a *App) Run(root *cobra.Command, args []string) int {
	ctx, stop := a.interruptible(context.Background())
	defer stop()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(WrongFlags)
	root.SetArgs(args)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	var err error
	if p := parallel.Catch(func() { err = root.ExecuteContext(ctx) }); p != nil {
		err = p
	}
	a.bar.Finish()
	if errors.Is(err, ErrReported) {
		return ExitFailure
	}
	if errors.Is(err, ErrAlarm) {
		return ExitAlarm
	}
	if err != nil {
		return a.Explain(err)
	}
	return 0
}

// Register adds the flags that every program has; memory says what --max-memory bounds, which begins as MaxMemory is.
func (a *App) Register(root *cobra.Command, memory string) {
	flags := root.PersistentFlags()
	flags.BoolVarP(&a.Quiet, "quiet", "q", false, "no progress on standard error")
	flags.BoolVar(&a.JSON, "json", false, "JSON (docs/JSON.md) instead of text")
	flags.StringVar(&a.config, "config", "", "YAML file with values for flags that are not given: \"bits: [3, 4]\"")
	flags.Var(&a.MaxMemory, "max-memory", memory)
	Must(root.MarkPersistentFlagFilename("config", "yaml", "yml"))
}

// Print shows v as JSON with --json, else what text writes.
func (a *App) Print(w io.Writer, v any, text func(io.Writer) error) error {
	a.bar.Finish()
	if !a.JSON {
		return text(w)
	}
	return PrintJSON(w, v)
}

// PrintJSON writes v for people to read, too.
func PrintJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Note tells something on standard error that is neither a result nor an error.
func (a *App) Note(format string, args ...any) {
	if !a.Quiet {
		fmt.Fprintf(a.Err, "%s: note: %s\n", a.Name, text.OneLine(fmt.Sprintf(format, args...)))
	}
}

// Warn tells at once what may make all that follows worthless.
func (a *App) Warn(warning, hint string) {
	s := a.StyleOf(a.Err)
	fmt.Fprintf(a.Err, "%s %s\n", s.Warn(a.Name+": warning:"), text.OneLine(warning))
	fmt.Fprintf(a.Err, "%s %s\n", s.Strong(a.Name+": hint:"), text.OneLine(hint))
}
