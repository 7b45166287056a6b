package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// Exit codes, stable.
const (
	ExitFailure     = 1 // anything not listed; what was asked for is not so, as the output says
	ExitUsage       = 2
	ExitModel       = 3
	ExitData        = 4
	ExitFormat      = 5
	ExitNonFinite   = 6
	ExitWrite       = 7
	ExitFault       = 8  // a panic: a mistake in the program
	ExitAlarm       = 10 // of what watches: there was an alarm
	ExitInterrupted = 130
)

// Errors that only the command line knows.
var (
	ErrReported = errors.New("reported") // the output has already said all
	ErrAlarm    = errors.New("alarm")    // the same
	ErrConfig   = errors.New("configuration not understood")
)

// usageError is a wrong command line.
type usageError struct {
	cmd *cobra.Command
	err error
}

// Usage is err as an error of who called cmd.
func Usage(cmd *cobra.Command, err error) error { return &usageError{cmd, err} }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// Fault is a kind of error as users meet it: an entry of the catalogue.
type Fault struct {
	Name    string  `json:"name"` // stable
	Code    int     `json:"exit_code"`
	Meaning string  `json:"meaning"`
	Hint    string  `json:"hint"`
	Is      []error `json:"-"` // errors.Is of all of these
}

// NewFault is the kind of errors that are all of is.
func NewFault(name string, code int, meaning, hint string, is ...error) Fault {
	return Fault{name, code, meaning, hint, is}
}

func (f Fault) matches(err error) bool {
	for _, is := range f.Is {
		if !errors.Is(err, is) {
			return false
		}
	}
	return len(f.Is) > 0
}

// Faults that are found by other means than errors.Is.

func (a *App) faultUsage() Fault {
	return NewFault("usage", ExitUsage, "the command line is wrong",
		fmt.Sprintf("`%s --help` lists the commands, `%s COMMAND --help` their flags", a.Name, a.Name))
}

func (a *App) faultPanic() Fault {
	return NewFault("fault", ExitFault, "a mistake in "+a.Name+" itself",
		"please report it with the command, its output and, if you can, its input; DQA_TRACE=1 shows more")
}

func (a *App) faultOther() Fault {
	return NewFault("other", ExitFailure, "anything else", "please report it with the command and its output")
}

// Explain prints err as two lines and returns the exit code.
func (a *App) Explain(err error) int {
	f := a.Classify(err)
	s := a.StyleOf(a.Err)
	fmt.Fprintf(a.Err, "%s %s\n", s.Bad(a.Name+": error:"), text.OneLine(err.Error()))
	fmt.Fprintf(a.Err, "%s %s\n", s.Strong(a.Name+": hint:"), f.Hint)
	var panicked *parallel.Panic
	if errors.As(err, &panicked) && os.Getenv("DQA_TRACE") != "" {
		fmt.Fprintf(a.Err, "%s\n", panicked.Stack)
	}
	return f.Code
}

// Classify finds the entry of the catalogue that err belongs to.
func (a *App) Classify(err error) Fault {
	var usage *usageError
	var panicked *parallel.Panic
	if errors.As(err, &panicked) {
		return a.faultPanic()
	}
	for _, f := range slices.Concat(a.Faults, a.Shared) {
		if f.matches(err) {
			return f
		}
	}
	switch {
	case errors.As(err, &usage):
		f := a.faultUsage()
		f.Hint = fmt.Sprintf("`%s --help` shows the flags", usage.cmd.CommandPath())
		return f
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"),
		strings.HasPrefix(err.Error(), "if any flags in the group"),
		strings.HasPrefix(err.Error(), "at least one of the flags in the group"):
		return a.faultUsage() // cobra has no types for these
	}
	return a.faultOther()
}
