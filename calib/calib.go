// Package calib learns a profile from a network and unlabelled images: statistics of a float pass, the method's plan,
// then the coders' tables from the codes of the quantized network.
package calib

import (
	"context"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// ErrNonFinite means that an activation was NaN or infinite.
var ErrNonFinite = errors.New("activations are not finite")

// Source gives the network's inputs. Its methods may be called from many goroutines at once.
type Source interface {
	Len() int
	Input(i int) (*tensor.Tensor, error)
}

// Options steer a calibration. The zero value of all but Method works.
type Options struct {
	Method         profile.Method
	Seed           uint64
	Workers        int // goroutines; 0 or less: one
	AllowNonFinite bool
	// Progress is told after every image which of the phases is at which of total images; it may be nil.
	Progress func(phase string, done, total int)
}

// Plan is a calibrated quantizer before the choice of a coder.
type Plan struct {
	Method profile.Method // completed
	Seed   uint64
	Edges  []profile.Edge // without tables
	counts [][2][]uint64  // by edge: of whole codes in unimportant and in important channels
}

// Calibrate runs prog over all of src. The result depends on neither the number of workers nor their timing.
func Calibrate(ctx context.Context, prog engine.Program, src Source, opt Options) (*Plan, error) {
	m, err := method.ByName(opt.Method.Name)
	if err != nil {
		return nil, err
	}
	setting, err := m.Complete(opt.Method)
	if err != nil {
		return nil, err
	}
	if src.Len() == 0 {
		return nil, errors.New("no images to calibrate on")
	}
	r := &run{ctx: ctx, prog: prog, src: src, opt: opt}
	if _, err := r.Stats(); err != nil {
		return nil, err
	}
	edges, err := m.Plan(r, setting)
	if err != nil {
		return nil, err
	}
	p := &Plan{Method: setting, Seed: opt.Seed, Edges: edges}
	p.counts, err = r.countCodes(edges)
	return p, err
}

// Profile builds the profile for one coder. Origin and preprocessing are the caller's to fill in.
func (p *Plan) Profile(coder profile.Coder) *profile.Profile {
	edges := make([]profile.Edge, len(p.Edges))
	for i, e := range p.Edges {
		e.Tables = tables(&e, coder, p.counts[i])
		edges[i] = e
	}
	return &profile.Profile{Seed: p.Seed, Method: p.Method, Coder: coder, Edges: edges}
}

// run is one calibration; it is what a method sees as its method.Env.
type run struct {
	ctx   context.Context
	prog  engine.Program
	src   Source
	opt   Options
	stats []method.Stats
}

// Edges are the program's.
func (r *run) Edges() []onnx.Edge { return r.prog.Edges() }

// pass runs the network over all images. newHook is called once per image and gives the hook and what is to be
// consumed, in the order of the images, when the image is through.
func (r *run) pass(phase string, newHook func(w int) (hook engine.Hook, consume func())) error {
	n := r.src.Len()
	return parallel.Ordered(r.ctx, n, r.opt.Workers, func(w, i int) (func(), error) {
		x, err := r.src.Input(i)
		if err != nil {
			return nil, err
		}
		hook, consume := newHook(w)
		if _, err := r.prog.Run(x, hook); err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		return consume, nil
	}, func(i int, consume func()) error {
		consume()
		if r.opt.Progress != nil {
			r.opt.Progress(phase, i+1, n)
		}
		return nil
	})
}

// countCodes runs the quantized network and counts its codes.
func (r *run) countCodes(edges []profile.Edge) ([][2][]uint64, error) {
	total := make([][2][]uint64, len(edges))
	for i := range edges {
		total[i] = newCounts(&edges[i])
	}
	err := r.pass("tables", func(w int) (engine.Hook, func()) {
		counts := make([][2][]uint64, len(edges))
		var codes dqa.Codes
		hook := func(i int, data []float32) error {
			codes.Quantize(&edges[i], data)
			codes.Dequantize(&edges[i], data)
			counts[i] = newCounts(&edges[i])
			addCounts(&edges[i], codes.Wide, counts[i])
			return nil
		}
		return hook, func() {
			for i := range total {
				for k := range total[i] {
					for s, n := range counts[i][k] {
						total[i][k][s] += n
					}
				}
			}
		}
	})
	return total, err
}
