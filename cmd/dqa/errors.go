package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/atomicfile"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/onnx"
	"github.com/spf13/cobra"
)

// Exit codes, stable.
const (
	exitFailure     = 1 // anything not listed; `inspect` of an unsupported model
	exitUsage       = 2
	exitModel       = 3
	exitData        = 4
	exitFormat      = 5
	exitNonFinite   = 6
	exitWrite       = 7
	exitInterrupted = 130
)

// errReported means that the output has already said all.
var errReported = errors.New("reported")

// usageError is a wrong command line.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// hinted is an error that knows its exit code and the way out better than the catalogue does.
type hinted struct {
	err  error
	code int
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }

// fault is a kind of error as users meet it.
type fault struct {
	is   error // errors.Is of this ...
	code int
	hint string
}

// faults in the order in which they are tried.
var faults = []fault{
	{context.Canceled, exitInterrupted, "nothing was written; run it again"},
	{method.ErrSetting, exitUsage, "see the command's --help for what is allowed"},
	{calib.ErrNonFinite, exitNonFinite, "check the preprocessing (divisor, mean, std), or go on with --allow-nonfinite"},
	{onnx.ErrNotONNX, exitModel, "give the path of an .onnx file"},
	{onnx.ErrInvalid, exitModel, "the file is damaged or cut off: copy or export the model again"},
	{onnx.ErrLimit, exitModel, "the model is larger than this program takes"},
	{onnx.ErrEdgeSet, exitUsage, "--edges stored or --edges activations"},
	{onnx.ErrShape, exitModel, "give the input's shape, e.g. --shape 1,3,224,224"},
	{dataset.ErrSpec, exitData, "see `dqa --help` for the kinds of data"},
	{dataset.ErrEmpty, exitData, "the folder or list must hold PNG or JPEG images"},
	{dataset.ErrImage, exitData, "remove the file, or leave it out with a slice [a:b]"},
	{dataset.ErrLabel, exitData, "labels are class indices from 0 on"},
	{dataset.ErrPreprocess, exitUsage, "see the command's --help for what the preprocessing flags take"},
	{dataset.ErrFit, exitData, "say how images become inputs: --size, --crop, --channels, --layout, --shape, or a MODEL.yaml beside the model"},
	{metric.ErrOutput, exitModel, "only classifiers (1xK outputs) and segmenters (1xKxHxW) can be scored"},
	{metric.ErrLabel, exitData, "are these the labels of this network's data set?"},
	{dataset.ErrMissing, exitData, "check the path"},
	{dqa.ErrProfile, exitFormat, "use the profile that the frame was made with"},
	{dqa.ErrVersion, exitFormat, "use the version of dqa that wrote it, or calibrate again"},
	{dqa.ErrChecksum, exitFormat, "the file is damaged: copy it again or make it again"},
	{dqa.ErrTruncated, exitFormat, "the file is cut off: copy it again or make it again"},
	{dqa.ErrMagic, exitFormat, "give a file that dqa wrote"},
	{dqa.ErrValue, exitFormat, "the file is damaged or was made by another program"},
	{dqa.ErrLimit, exitFormat, "the file is damaged or was made by another program"},
	{dqa.ErrTrailing, exitFormat, "the file is damaged or was made by another program"},
	{atomicfile.ErrWrite, exitWrite, "check space and permissions of the output folder"},
	{fs.ErrNotExist, exitFailure, "check the path"},
	{fs.ErrPermission, exitFailure, "check the permissions"},
}

// explain prints err as two lines and returns the exit code.
func (a *app) explain(err error) int {
	code, hint := classify(err)
	fmt.Fprintf(a.err, "dqa: error: %s\n", oneLine(err.Error()))
	if hint != "" {
		fmt.Fprintf(a.err, "dqa: hint: %s\n", hint)
	}
	return code
}

func classify(err error) (code int, hint string) {
	code = exitFailure
	var unsupported *onnx.UnsupportedError
	var usage *usageError
	switch {
	case errors.As(err, &unsupported):
		code, hint = exitModel, "`dqa inspect MODEL` lists all of them"
	case errors.As(err, &usage):
		code, hint = exitUsage, fmt.Sprintf("`%s --help` shows the flags", usage.cmd.CommandPath())
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"):
		code, hint = exitUsage, "`dqa --help` lists the commands, `dqa COMMAND --help` their flags" // cobra has no types for these
	default:
		for _, f := range faults {
			if errors.Is(err, f.is) {
				code, hint = f.code, f.hint
				break
			}
		}
	}
	var h *hinted
	if errors.As(err, &h) {
		code, hint = h.code, h.hint
	}
	return code, hint
}

// exactArgs demands one argument per name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return &usageError{cmd, fmt.Errorf("%s is missing", strings.Join(names[len(args):], " and "))}
		case len(args) > len(names):
			return &usageError{cmd, fmt.Errorf("%q is one argument too many", args[len(names)])}
		}
		return nil
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
