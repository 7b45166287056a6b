package session

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/tensor"
)

// EncodeOptions steer encoding. The zero value works.
type EncodeOptions struct {
	AllowNonFinite bool // NaN is stored as 0, infinities as the outermost codes, instead of ErrNonFinite
	Workers        int  // of EncodeAll: goroutines; 0 or less: one
	Progress       Progress
	// counters of the frames that an Encoder makes; nil: nothing is counted.
	counters *dqa.Counters
}

// Encoder makes frames of a network's activations, one image after the other. It belongs to one goroutine.
type Encoder struct {
	q              *Quantized
	enc            *dqa.Encoder
	codes          dqa.Codes // of edges that are not stored
	nonFinite      int       // values of theirs
	allowNonFinite bool
}

// NewEncoder returns an encoder.
func (q *Quantized) NewEncoder(opt EncodeOptions) *Encoder {
	var counting []dqa.Option
	if opt.counters != nil {
		counting = append(counting, dqa.WithCounters(opt.counters))
	}
	return &Encoder{q: q, enc: q.codec.NewEncoder(counting...), allowNonFinite: opt.AllowNonFinite}
}

// Encode runs the network on one input and appends the frame of its activations to dst. outputs are those of the network
// that computes with stored activations. Activations that are not finite are ErrNonFinite. On error frame is nil.
func (e *Encoder) Encode(dst []byte, input *tensor.Tensor) (frame []byte, outputs []*tensor.Tensor, err error) {
	return e.EncodeInputs(dst, []*tensor.Tensor{input})
}

// EncodeInputs is Encode for a part of a network, which may have several inputs.
func (e *Encoder) EncodeInputs(dst []byte, inputs []*tensor.Tensor) (frame []byte, outputs []*tensor.Tensor, err error) {
	e.nonFinite = 0
	outputs, err = e.q.prog.RunInputs(inputs, e.hook)
	if err != nil {
		return nil, nil, err
	}
	if n := e.enc.NonFinite() + e.nonFinite; n > 0 && !e.allowNonFinite {
		return nil, nil, fmt.Errorf("%w (%d values)", ErrNonFinite, n)
	}
	frame, err = e.enc.AppendFrame(dst)
	return frame, outputs, err
}

func (e *Encoder) hook(i int, data []float32) error {
	if e.q.inFrame == nil {
		return e.enc.Hook(i, data)
	}
	if k := e.q.inFrame[i]; k >= 0 {
		return e.enc.Hook(k, data)
	}
	e.codes.Simulate(&e.q.profile.Edges[i], data)
	e.nonFinite += e.codes.NonFinite
	return nil
}

// Encoded is what one image became.
type Encoded struct {
	Index   int    // of the image
	Name    string // of the image: its file or number, unique in its source
	Frame   []byte
	Outputs []*tensor.Tensor
}

// EncodeFirst is the frame of the first image. Errors name it.
func (q *Quantized) EncodeFirst(data Feed, opt EncodeOptions) ([]byte, error) {
	name, inputs, err := data.Feed(0)
	if err != nil {
		return nil, err
	}
	frame, _, err := q.NewEncoder(opt).EncodeInputs(nil, inputs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return frame, nil
}

// EncodeAll encodes all images and hands them over in their order, on the caller's goroutine; consume's error ends it.
// Errors name the image. Results do not depend on the number of workers.
func (q *Quantized) EncodeAll(ctx context.Context, data Feed, opt EncodeOptions, consume func(Encoded) error) error {
	encoders := make([]*Encoder, max(1, opt.Workers))
	return parallel.Ordered(ctx, data.Len(), opt.Workers, func(w, i int) (Encoded, error) {
		if encoders[w] == nil {
			encoders[w] = q.NewEncoder(opt)
		}
		name, inputs, err := data.Feed(i)
		if err != nil {
			return Encoded{}, err
		}
		frame, outputs, err := encoders[w].EncodeInputs(nil, inputs)
		if err != nil {
			return Encoded{}, fmt.Errorf("%s: %w", name, err)
		}
		return Encoded{i, name, frame, outputs}, nil
	}, func(i int, e Encoded) error {
		opt.Progress.report("encoding", "images", i+1, data.Len())
		return consume(e)
	})
}
