// Package faults is the catalogue of the errors that users meet: their stable names, exit codes, meanings and hints. Every front
// end tells errors by it.
package faults

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/session"
)

// Errors that only front ends know.
var (
	ErrNoCalib = errors.New("--calib is missing")
	ErrExists  = errors.New("the file is there already")
)

// All faults in the order in which they are tried.
var All = append(features, []cli.Fault{
	cli.NewFault("interrupted", cli.ExitInterrupted, "stopped by Ctrl-C or a signal",
		"finished files are whole; rankings that search can go on with --resume", context.Canceled),
	cli.NewFault("config", cli.ExitUsage, "the --config file is not understood",
		"a YAML mapping of flag names to values, as in the command's --help", cli.ErrConfig),
	cli.NewFault("no-calibration", cli.ExitUsage, "a method needs calibration images",
		"give --calib SPEC (other images than --data), or --profile P.dqap", ErrNoCalib),
	cli.NewFault("exists", cli.ExitUsage, "the file to be written is there already",
		"--force overwrites it, -o FILE writes another one", ErrExists),
	cli.NewFault("setting", cli.ExitUsage, "a setting of the method is not allowed",
		"see the command's --help for what is allowed", session.ErrSetting),
	cli.NewFault("device-run", cli.ExitUsage, "a run that was measured on a device is not understood",
		"give the file or the address of what `dqa bench engine MODEL --profile P.dqap --json` printed there", session.ErrMeasuredRun),
	cli.NewFault("metric-command", cli.ExitUsage, "the command of --metric-command fails, or prints no score",
		"it reads one line of JSON per image on standard input and prints one number from 0 to 100 as its last line (docs/JSON.md)",
		session.ErrMetricCommand),
	cli.NewFault("edge-set", cli.ExitUsage, "no such set of edges",
		"--edges stored, activations or blocks", graph.ErrEdgeSet),
	cli.NewFault("engine", cli.ExitUsage, "no such engine",
		"--engine auto, native or ort", session.ErrEngine),
	cli.NewFault("export", cli.ExitUsage, "the profile asks for what standard operators do not do",
		"calibrate by another method: graded, dqa, direct and clip are exported", session.ErrExport),
	cli.NewFault("engine-ort", cli.ExitFailure, "ONNX Runtime cannot be used",
		"build with -tags ort (make build-ort); "+session.HowToGetORT, session.ErrORT),
	cli.NewFault("edge", cli.ExitUsage, "the network has no such edge",
		"`dqa inspect MODEL` lists the edges with their numbers", session.ErrNoEdge),
	cli.NewFault("reference", cli.ExitUsage, "the file of reference outputs is not understood or lacks the model",
		"a JSON file as described in docs/JSON.md, with the model's base name as a key", inspect.ErrReference),
	cli.NewFault("preprocess", cli.ExitUsage, "the preprocessing is not understood",
		"see the command's --help for what the preprocessing flags take", dataset.ErrPreprocess),

	cli.NewFault("model-missing", cli.ExitModel, "there is no such model file",
		"check the path of the model", session.ErrModelMissing),
	cli.NewFault("model-not-onnx", cli.ExitModel, "the file is not an ONNX model",
		"give the path of an .onnx file", onnx.ErrNotONNX),
	cli.NewFault("model-damaged", cli.ExitModel, "the model is damaged or cut off",
		"copy or export the model again", onnx.ErrInvalid),
	cli.NewFault("model-too-large", cli.ExitModel, "the model exceeds a limit",
		"the model is larger than this program takes", graph.ErrLimit),
	cli.NewFault("model-unsupported", cli.ExitModel, "the model has operators that are not supported",
		"`dqa inspect MODEL` lists all of them", graph.ErrUnsupported),
	cli.NewFault("model-inputs", cli.ExitModel, "the value of an input that is no image does not fit it",
		"give --input NAME=FILE.npy or NAME=NUMBER in the type and shape of the input (dqa inspect names them)", onnx.ErrInputs),
	cli.NewFault("model-shape", cli.ExitModel, "the input's shape is open or wrong",
		"give the input's shape, e.g. --shape 1,3,224,224", onnx.ErrShape),
	cli.NewFault("model-no-edges", cli.ExitModel, "nothing of the network would be quantized",
		"try another set: --edges stored, activations or blocks", session.ErrNoEdges),
	cli.NewFault("model-output", cli.ExitModel, "the network's output cannot be scored",
		"outputs 1xK, 1xKxHxW and of one channel can be scored: --output NAME chooses one; data without labels is compared "+
			"with float32 alone", session.ErrOutput),

	cli.NewFault("data-memory", cli.ExitData, "an image or array would take more memory than allowed",
		"if you trust the file: --max-memory 4GiB; else make the image smaller, or save the array as it can be read image by "+
			"image, as the message says", dataset.ErrMemory),
	cli.NewFault("data-spec", cli.ExitData, "the name of the data is not understood",
		"see `dqa --help` for the kinds of data", dataset.ErrSpec),
	cli.NewFault("data-missing", cli.ExitData, "a file or folder of the data is missing",
		"check the path", dataset.ErrMissing),
	cli.NewFault("data-empty", cli.ExitData, "there are no images",
		"the folder or list must hold PNG, JPEG, WebP, BMP or TIFF images, the slice [a:b] at least one", dataset.ErrEmpty),
	cli.NewFault("data-image", cli.ExitData, "an image cannot be read",
		"remove or mend the file, or leave it out with a slice [a:b]", dataset.ErrImage),
	cli.NewFault("data-label", cli.ExitData, "a label cannot be read",
		"labels are class indices from 0 on; those that mean no label are left out with --ignore, colours are told "+
			"with --palette", dataset.ErrLabel),
	cli.NewFault("data-label-range", cli.ExitData, "a label is no class of the network",
		"are these the labels of this network's data set? `dqa doctor` looks", session.ErrLabel),
	cli.NewFault("data-unlabelled", cli.ExitData, "a ranking needs labels and the images have none",
		"use --ranking energy, mse or quantize-one", session.ErrUnlabelled),
	cli.NewFault("data-stream", cli.ExitData, "an array that comes through a pipe cannot be read",
		"numpy.save(sys.stdout.buffer, x) writes one in C order", dataset.ErrStream),
	cli.NewFault("data-shape", cli.ExitData, "an image does not have the shape that the network wants",
		"say how images become inputs: --size, --crop, --channels, --layout, --shape, or a MODEL.yaml beside the model", dataset.ErrFit),

	cli.NewFault("non-finite", cli.ExitNonFinite, "activations are NaN or infinite",
		"check the preprocessing (divisor, mean, std; `dqa doctor` helps), or go on with --allow-nonfinite", session.ErrNonFinite),

	cli.NewFault("profile-model", cli.ExitFormat, "the profile was made for another model",
		"calibrate this model, or give the model that the profile was made for", session.ErrOtherModel),
	cli.NewFault("profile-reference", cli.ExitFormat, "there is no reference of clean images",
		"calibrate with 16 images or more keeps one in the profile; --learn N takes one from the stream's beginning", session.ErrReference),
	cli.NewFault("frame-profile", cli.ExitFormat, "the frame was made with another profile",
		"use the profile that the frame was made with", dqa.ErrProfile),
	cli.NewFault("format-version", cli.ExitFormat, "the file has a format version that this program does not read",
		"use the version of dqa that wrote it, or calibrate again", dqa.ErrVersion),
	cli.NewFault("format-checksum", cli.ExitFormat, "the file's checksum does not match",
		"the file is damaged: copy it again or make it again", dqa.ErrChecksum),
	cli.NewFault("format-truncated", cli.ExitFormat, "the file is cut off",
		"copy it again or make it again", dqa.ErrTruncated),
	cli.NewFault("format-foreign", cli.ExitFormat, "the file is not one of this program's",
		"give a file that dqa wrote", dqa.ErrMagic),
	cli.NewFault("format-value", cli.ExitFormat, "a field of the file has a value that is not allowed",
		"the file is damaged or was made by another program", dqa.ErrValue),
	cli.NewFault("format-limit", cli.ExitFormat, "a field of the file exceeds a limit",
		"the file is damaged or was made by another program", dqa.ErrLimit),
	cli.NewFault("format-memory", cli.ExitFormat, "a profile or a frame would take more memory than allowed",
		"if you trust the file: --max-memory 4GiB", dqa.ErrMemory),
	cli.NewFault("input-too-long", cli.ExitFormat, "a file or a stream is longer than what may be read of it",
		"if you trust it: --max-memory 4GiB (a quarter of that is read)", file.ErrTooLong),
	cli.NewFault("format-trailing", cli.ExitFormat, "bytes follow the end of the file's contents",
		"the file is damaged or was made by another program", dqa.ErrTrailing),
	cli.NewFault("state-other", cli.ExitFormat, "the saved progress belongs to a run with other settings",
		"leave out --resume to begin anew, or repeat the settings", session.ErrOtherState),

	cli.NewFault("disk-full", cli.ExitWrite, "the disk is full",
		"make room, or write elsewhere with -o; what was there before is unchanged", file.ErrWrite, syscall.ENOSPC),
	cli.NewFault("write-permission", cli.ExitWrite, "the output may not be written",
		"write to another folder with -o", file.ErrWrite, fs.ErrPermission),
	cli.NewFault("write-read-only", cli.ExitWrite, "the output's file system is read-only",
		"write to another folder with -o", file.ErrWrite, syscall.EROFS),
	cli.NewFault("write-folder", cli.ExitWrite, "the output's folder is missing",
		"make the folder, or check the path after -o", file.ErrWrite, fs.ErrNotExist),
	cli.NewFault("write", cli.ExitWrite, "the output cannot be written",
		"check the output's folder and disk", file.ErrWrite),

	cli.NewFault("file-missing", cli.ExitFailure, "there is no such file",
		"check the path", fs.ErrNotExist),
	cli.NewFault("file-permission", cli.ExitFailure, "a file may not be read",
		"check the permissions", fs.ErrPermission),
	cli.NewFault("file-unreadable", cli.ExitFailure, "reading a file failed",
		"check the disk or the network folder that it lies on", file.ErrRead),
}...)
