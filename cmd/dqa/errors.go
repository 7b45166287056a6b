package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// Exit codes, stable.
const (
	exitFailure     = 1 // anything not listed; `inspect` of an unsupported model; `doctor` found a problem
	exitUsage       = 2
	exitModel       = 3
	exitData        = 4
	exitFormat      = 5
	exitNonFinite   = 6
	exitWrite       = 7
	exitFault       = 8 // a panic: a mistake in this program
	exitInterrupted = 130
)

// Errors that only the command line knows.
var (
	errReported = errors.New("reported") // the output has already said all
	errConfig   = errors.New("configuration not understood")
	errNoCalib  = errors.New("--calib is missing")
)

// usageError is a wrong command line.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// fault is a kind of error as users meet it. docs/ERRORS.md is made of these.
type fault struct {
	name    string // stable
	code    int
	meaning string
	hint    string
	is      []error // errors.Is of all of these
}

// faults in the order in which they are tried.
var faults = []fault{
	{"interrupted", exitInterrupted, "stopped by Ctrl-C or a signal", "finished files are whole; rankings that search can go on with --resume", []error{context.Canceled}},
	{"config", exitUsage, "the --config file is not understood", "a YAML mapping of flag names to values, as in the command's --help", []error{errConfig}},
	{"no-calibration", exitUsage, "a method needs calibration images", "give --calib SPEC (other images than --data), or --profile P.dqap", []error{errNoCalib}},
	{"setting", exitUsage, "a setting of the method is not allowed", "see the command's --help for what is allowed", []error{session.ErrSetting}},
	{"edge-set", exitUsage, "no such set of edges", "--edges stored or --edges activations", []error{graph.ErrEdgeSet}},
	{"engine", exitUsage, "no such engine", "--engine auto, native or ort", []error{session.ErrEngine}},
	{"engine-ort", exitFailure, "ONNX Runtime cannot be used", "build with -tags ort (make build-ort); " + session.HowToGetORT, []error{session.ErrORT}},
	{"edge", exitUsage, "the network has no such edge", "`dqa inspect MODEL` lists the edges with their numbers", []error{session.ErrNoEdge}},
	{"reference", exitUsage, "the file of reference outputs is not understood or lacks the model", "a JSON file as described in docs/JSON.md, with the model's base name as a key", []error{inspect.ErrReference}},
	{"preprocess", exitUsage, "the preprocessing is not understood", "see the command's --help for what the preprocessing flags take", []error{dataset.ErrPreprocess}},

	{"model-missing", exitModel, "there is no such model file", "check the path of the model", []error{session.ErrModelMissing}},
	{"model-not-onnx", exitModel, "the file is not an ONNX model", "give the path of an .onnx file", []error{onnx.ErrNotONNX}},
	{"model-damaged", exitModel, "the model is damaged or cut off", "copy or export the model again", []error{onnx.ErrInvalid}},
	{"model-too-large", exitModel, "the model exceeds a limit", "the model is larger than this program takes", []error{graph.ErrLimit}},
	{"model-unsupported", exitModel, "the model has operators that are not supported", "`dqa inspect MODEL` lists all of them", []error{graph.ErrUnsupported}},
	{"model-inputs", exitModel, "the value of an input that is no image does not fit it", "give --input NAME=FILE.npy or NAME=NUMBER in the type and shape of the input (dqa inspect names them)", []error{onnx.ErrInputs}},
	{"model-shape", exitModel, "the input's shape is open or wrong", "give the input's shape, e.g. --shape 1,3,224,224", []error{onnx.ErrShape}},
	{"model-no-edges", exitModel, "nothing of the network would be quantized", "try the other set: --edges stored or --edges activations", []error{session.ErrNoEdges}},
	{"model-output", exitModel, "the network's output cannot be scored", "outputs 1xK, 1xKxHxW and of one channel can be scored: --output NAME chooses one; data without labels is compared with float32 alone", []error{session.ErrOutput}},

	{"data-memory", exitData, "an image or array would take more memory than allowed", "if you trust the file: --max-memory 4GiB; else make the image smaller, or save the array as it can be read image by image, as the message says", []error{dataset.ErrMemory}},
	{"data-spec", exitData, "the name of the data is not understood", "see `dqa --help` for the kinds of data", []error{dataset.ErrSpec}},
	{"data-missing", exitData, "a file or folder of the data is missing", "check the path", []error{dataset.ErrMissing}},
	{"data-empty", exitData, "there are no images", "the folder or list must hold PNG, JPEG, WebP, BMP or TIFF images, the slice [a:b] at least one", []error{dataset.ErrEmpty}},
	{"data-image", exitData, "an image cannot be read", "remove or mend the file, or leave it out with a slice [a:b]", []error{dataset.ErrImage}},
	{"data-label", exitData, "a label cannot be read", "labels are class indices from 0 on; those that mean no label are left out with --ignore, colours are told with --palette", []error{dataset.ErrLabel}},
	{"data-label-range", exitData, "a label is no class of the network", "are these the labels of this network's data set? `dqa doctor` looks", []error{session.ErrLabel}},
	{"data-unlabelled", exitData, "a ranking needs labels and the images have none", "use --ranking energy, mse or quantize-one", []error{session.ErrUnlabelled}},
	{"data-shape", exitData, "an image does not have the shape that the network wants", "say how images become inputs: --size, --crop, --channels, --layout, --shape, or a MODEL.yaml beside the model", []error{dataset.ErrFit}},

	{"non-finite", exitNonFinite, "activations are NaN or infinite", "check the preprocessing (divisor, mean, std; `dqa doctor` helps), or go on with --allow-nonfinite", []error{session.ErrNonFinite}},

	{"profile-model", exitFormat, "the profile was made for another model", "calibrate this model, or give the model that the profile was made for", []error{session.ErrOtherModel}},
	{"frame-profile", exitFormat, "the frame was made with another profile", "use the profile that the frame was made with", []error{dqa.ErrProfile}},
	{"format-version", exitFormat, "the file has a format version that this program does not read", "use the version of dqa that wrote it, or calibrate again", []error{dqa.ErrVersion}},
	{"format-checksum", exitFormat, "the file's checksum does not match", "the file is damaged: copy it again or make it again", []error{dqa.ErrChecksum}},
	{"format-truncated", exitFormat, "the file is cut off", "copy it again or make it again", []error{dqa.ErrTruncated}},
	{"format-foreign", exitFormat, "the file is not one of this program's", "give a file that dqa wrote", []error{dqa.ErrMagic}},
	{"format-value", exitFormat, "a field of the file has a value that is not allowed", "the file is damaged or was made by another program", []error{dqa.ErrValue}},
	{"format-limit", exitFormat, "a field of the file exceeds a limit", "the file is damaged or was made by another program", []error{dqa.ErrLimit}},
	{"format-memory", exitFormat, "a profile or a frame would take more memory than allowed", "if you trust the file: --max-memory 4GiB", []error{dqa.ErrMemory}},
	{"input-too-long", exitFormat, "a file or a stream is longer than what may be read of it", "if you trust it: --max-memory 4GiB (a quarter of that is read)", []error{file.ErrTooLong}},
	{"format-trailing", exitFormat, "bytes follow the end of the file's contents", "the file is damaged or was made by another program", []error{dqa.ErrTrailing}},
	{"state-other", exitFormat, "the saved progress belongs to a run with other settings", "leave out --resume to begin anew, or repeat the settings", []error{session.ErrOtherState}},

	{"disk-full", exitWrite, "the disk is full", "make room, or write elsewhere with -o; what was there before is unchanged", []error{file.ErrWrite, syscall.ENOSPC}},
	{"write-permission", exitWrite, "the output may not be written", "write to another folder with -o", []error{file.ErrWrite, fs.ErrPermission}},
	{"write-read-only", exitWrite, "the output's file system is read-only", "write to another folder with -o", []error{file.ErrWrite, syscall.EROFS}},
	{"write-folder", exitWrite, "the output's folder is missing", "make the folder, or check the path after -o", []error{file.ErrWrite, fs.ErrNotExist}},
	{"write", exitWrite, "the output cannot be written", "check the output's folder and disk", []error{file.ErrWrite}},

	{"file-missing", exitFailure, "there is no such file", "check the path", []error{fs.ErrNotExist}},
	{"file-permission", exitFailure, "a file may not be read", "check the permissions", []error{fs.ErrPermission}},
	{"file-unreadable", exitFailure, "reading a file failed", "check the disk or the network folder that it lies on", []error{file.ErrRead}},
}

// Faults that are found by other means than errors.Is.
var (
	faultUsage = fault{name: "usage", code: exitUsage, meaning: "the command line is wrong", hint: "`dqa --help` lists the commands, `dqa COMMAND --help` their flags"}
	faultPanic = fault{name: "fault", code: exitFault, meaning: "a mistake in dqa itself", hint: "please report it with the command, its output and, if you can, its input; DQA_TRACE=1 shows more"}
	faultOther = fault{name: "other", code: exitFailure, meaning: "anything else", hint: "please report it with the command and its output"}
)

func (f fault) matches(err error) bool {
	for _, is := range f.is {
		if !errors.Is(err, is) {
			return false
		}
	}
	return len(f.is) > 0
}

// explain prints err as two lines and returns the exit code.
func (a *app) explain(err error) int {
	f := classify(err)
	s := a.styleOf(a.err)
	fmt.Fprintf(a.err, "%s %s\n", s.bad("dqa: error:"), oneLine(err.Error()))
	fmt.Fprintf(a.err, "%s %s\n", s.strong("dqa: hint:"), f.hint)
	var panicked *session.Panic
	if errors.As(err, &panicked) && os.Getenv("DQA_TRACE") != "" {
		fmt.Fprintf(a.err, "%s\n", panicked.Stack)
	}
	return f.code
}

func classify(err error) fault {
	var usage *usageError
	var panicked *session.Panic
	if errors.As(err, &panicked) {
		return faultPanic
	}
	for _, f := range faults {
		if f.matches(err) {
			return f
		}
	}
	switch {
	case errors.As(err, &usage):
		f := faultUsage
		f.hint = fmt.Sprintf("`%s --help` shows the flags", usage.cmd.CommandPath())
		return f
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"),
		strings.HasPrefix(err.Error(), "if any flags in the group"):
		return faultUsage // cobra has no types for these
	}
	return faultOther
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

func oneLine(s string) string { return visible(strings.Join(strings.Fields(s), " ")) }
