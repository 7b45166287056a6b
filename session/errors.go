package session

import (
	"errors"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
)

// Errors that this package wraps.
var (
	ErrModelMissing = errors.New("no such model")
	ErrNoEdges      = errors.New("nothing to quantize")      // the network has no edges of the set
	ErrOtherModel   = errors.New("profile of another model") // Bind
	ErrEngine       = errors.New("no such engine")           // Options.Engine
	ErrInputs       = errors.New("several inputs")           // FromGraph: images feed one
	ErrNoEdge       = errors.New("no such edge")             // a name or number that is none
	// ErrMetricCommand: a command that is to print a score fails, or prints something else.
	ErrMetricCommand = errors.New("the metric command does not work")
	// ErrMeasuredRun: what a benchmark printed on a device is not understood, or is of another network.
	ErrMeasuredRun = errors.New("measured run not understood")
)

// Errors of the packages below that callers tell apart. Those of packages that callers use themselves (onnx, dataset,
// profile, the codec) come as they are.
var (
	ErrSetting    = method.ErrSetting   // a setting of a method is not allowed
	ErrNonFinite  = calib.ErrNonFinite  // activations are NaN or infinite
	ErrUnlabelled = calib.ErrUnlabelled // a ranking needs labels
	ErrOtherState = calib.ErrOtherState // saved progress belongs to other settings, images or another network
	ErrOutput     = metric.ErrOutput    // the network's output cannot be scored
	ErrLabel      = metric.ErrLabel     // a label is no class of the network
	ErrORT        = ort.ErrUnavailable  // ONNX Runtime cannot be used
)
