// Package eval measures candidates against the float network: every image is run once in float32 and once by every
// candidate, and what is stored is counted from the bytes of real frames.
package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// Source gives inputs with their labels. Its methods may be called from many goroutines at once.
type Source interface {
	Len() int
	Example(i int) (dataset.Example, error)
}

// Candidate is one quantization of the network, stored in one or more ways: all codecs must quantize equally and differ
// in their coder only.
type Candidate struct {
	Codecs  []*dqa.Codec
	Program engine.Program // that computes with stored activations: the network with biases; nil: as it is
	// BaseOnly evaluates what a receiver has that does without the refinements of scalable frames.
	BaseOnly bool
}

// Options steer an evaluation.
type Options struct {
	Metric         metric.Options
	Workers        int // goroutines; 0 or less: one
	AllowNonFinite bool
	Progress       func(phase string, done, total int) // may be nil
}

// Measured is what one candidate came to.
type Measured struct {
	Candidate
	Score  *metric.Comparison
	Frames []int64 // by codec: bytes of the frames of all images
	// Halves are the scores of the images with even and with odd numbers: who chooses among candidates on one half has the
	// other to say what the choice is worth.
	Halves [2]*metric.Comparison
}

// Results of an evaluation.
type Results struct {
	Images    int
	Measured  []Measured
	Reference *metric.Comparison // the float network against itself
	Outputs   metric.Outputs     // how outputs were compared, and which was scored
}

// image is what one image contributes.
type image struct {
	reference metric.Record
	records   []metric.Record
	frames    [][]int
}

// Run evaluates candidates on all of src. Memory does not grow with the number of images beyond the scores.
func Run(ctx context.Context, prog engine.Program, src Source, candidates []Candidate, opt Options) (*Results, error) {
	n := src.Len()
	if n == 0 {
		return nil, errors.New("no images to evaluate on")
	}
	if opt.Metric.Outputs.All == nil {
		var err error
		if opt.Metric.Outputs, err = outputsOf(prog, src, opt.Metric); err != nil {
			return nil, err
		}
	}
	res := newResults(n, candidates, opt.Metric)
	workers := make([][]*dqa.Encoder, max(1, opt.Workers))
	err := parallel.Ordered(ctx, n, opt.Workers, func(w, i int) (*image, error) {
		if workers[w] == nil {
			workers[w] = encoders(candidates)
		}
		return runImage(prog, src, i, candidates, workers[w], opt)
	}, func(i int, im *image) error {
		res.Reference.Add(im.reference)
		if err := res.Reference.Err(); err != nil {
			return err
		}
		for c := range candidates {
			res.Measured[c].Score.Add(im.records[c])
			res.Measured[c].Halves[i%2].Add(im.records[c])
			for k, size := range im.frames[c] {
				res.Measured[c].Frames[k] += int64(size)
			}
		}
		if opt.Progress != nil {
			opt.Progress("evaluating", i+1, n)
		}
		return nil
	})
	return res, err
}

func newResults(n int, candidates []Candidate, opt metric.Options) *Results {
	res := &Results{Images: n, Reference: metric.NewComparison(opt), Outputs: opt.Outputs}
	for _, c := range candidates {
		res.Measured = append(res.Measured, Measured{
			Candidate: c, Score: metric.NewComparison(opt), Frames: make([]int64, len(c.Codecs)),
			Halves: [2]*metric.Comparison{metric.NewComparison(opt), metric.NewComparison(opt)},
		})
	}
	return res
}

// outputsOf finds out by the labels of the first image which output is scored.
func outputsOf(prog engine.Program, src Source, opt metric.Options) (metric.Outputs, error) {
	ex, err := src.Example(0)
	if err != nil {
		return metric.Outputs{}, err
	}
	return metric.OutputsOf(prog.Graph(), metric.Labels{Classes: ex.Label >= 0, Masks: ex.Mask != nil, Probabilities: opt.Probabilities})
}

// encoders makes one encoder per codec, in the order of the candidates.
func encoders(candidates []Candidate) []*dqa.Encoder {
	var all []*dqa.Encoder
	for _, c := range candidates {
		for _, codec := range c.Codecs {
			all = append(all, codec.NewEncoder(dqa.WithBaseOnly(c.BaseOnly)))
		}
	}
	return all
}

func runImage(prog engine.Program, src Source, i int, candidates []Candidate, enc []*dqa.Encoder, opt Options) (*image, error) {
	ex, err := src.Example(i)
	if err != nil {
		return nil, err
	}
	float, err := prog.Run(ex.Input, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ex.Name, err)
	}
	im := &image{}
	if im.reference, err = metric.CompareOutputs(opt.Metric.Outputs, float, float, ex.Label, ex.Mask, opt.Metric); err != nil {
		return nil, fmt.Errorf("%s: %w", ex.Name, err)
	}
	for _, c := range candidates {
		own := enc[:len(c.Codecs)]
		enc = enc[len(c.Codecs):]
		quantized := prog
		if c.Program != nil {
			quantized = c.Program
		}
		out, err := runQuantized(quantized, ex.Input, own, opt.AllowNonFinite)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ex.Name, err)
		}
		record, err := metric.CompareOutputs(opt.Metric.Outputs, float, out, ex.Label, ex.Mask, opt.Metric)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ex.Name, err)
		}
		im.records = append(im.records, record)
		sizes := make([]int, len(own))
		for k, e := range own {
			sizes[k] = e.FrameSize()
		}
		im.frames = append(im.frames, sizes)
	}
	return im, nil
}

// runQuantized runs the network on stored activations; all encoders store the same values.
func runQuantized(prog engine.Program, x *tensor.Tensor, enc []*dqa.Encoder, allowNonFinite bool) ([]*tensor.Tensor, error) {
	out, err := prog.Run(x, func(i int, data []float32) error {
		for _, e := range enc[1:] {
			if err := e.Store(i, data); err != nil {
				return err
			}
		}
		return enc[0].Hook(i, data)
	})
	if err != nil {
		return nil, err
	}
	if n := enc[0].NonFinite(); n > 0 && !allowNonFinite {
		return nil, fmt.Errorf("%w (%d values)", engine.ErrNonFinite, n)
	}
	return out, nil
}
