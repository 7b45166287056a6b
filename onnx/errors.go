package onnx

import (
	"errors"
	"fmt"
)

// Errors that Load and Parse wrap.
var (
	// ErrNotONNX: the bytes are not a protobuf message with a graph and an opset (another file, or a damaged one).
	ErrNotONNX = errors.New("not an ONNX model")
	// ErrInvalid: the model breaks a rule of the format (cycle, undefined value, tensor of the wrong size, ...).
	ErrInvalid = errors.New("invalid ONNX model")
	// ErrShape: the input's shape is not known or does not fit (Options.Shape).
	// ErrInputs: what is given for an input (Options.Inputs) does not fit it.
	ErrInputs = errors.New("constant input")
	ErrShape  = errors.New("input shape")
)

// refusal is a reason why one node is not supported; the reader goes on to find the others.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// invalid is an error of the model itself; the reader stops at it.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}
