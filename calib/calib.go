// Package calib learns a profile from a network and unlabelled images: statistics of a float pass, the method's plan,
// then the coders' tables from the codes of the quantized network.
package calib

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Errors of a calibration.
var (
	ErrNonFinite  = errors.New("activations are not finite")
	ErrUnlabelled = errors.New("ranking needs labelled images")
	ErrNoImages   = errors.New("no images")
)

// Source gives the network's inputs. Its methods may be called from many goroutines at once.
type Source interface {
	Len() int
	Input(i int) (*tensor.Tensor, error)
}

// Judge scores one image's outputs against its label: the share of positions whose arg max is right, and the mean
// cross-entropy in nats.
type Judge func(outputs []*tensor.Tensor) (accuracy, crossEntropy float64, err error)

// Labelled is a Source with labels. The judge is nil where the image has none.
type Labelled interface {
	Source
	Judged(i int) (*tensor.Tensor, Judge, error)
}

// Options steer a calibration. The zero value works.
type Options struct {
	Workers        int // goroutines; 0 or less: one
	AllowNonFinite bool
	// Progress is told how far each phase is; unit is what is counted: "images" or "passes". It may be nil.
	Progress func(phase, unit string, done, total int)
	// Store keeps the progress of long searches; nil: they begin anew. Key names the network and the data to it.
	Store     Store
	Key       []byte
	SaveEvery time.Duration // 0: 10 seconds
}

// Plan is a calibrated quantizer before the choice of a coder.
type Plan struct {
	Method profile.Method // completed
	Seed   uint64
	Edges  []profile.Edge // without tables
	counts []counted      // by edge
}

// Calibration of one network on one set of images. It keeps what several plans can share: statistics and rankings.
// It belongs to one goroutine.
type Calibration struct {
	prog     engine.Program
	src      Source
	opt      Options
	stats    []method.Stats
	rankings map[[32]byte][][]method.Score
	curves   map[[32]byte][][]method.CurvePoint

	phases  []Phase // what has been run, for Estimate
	partial bool    // only an estimate is wanted: searches try one channel per edge
}

// New begins a calibration. A source without images gives ErrNoImages.
func New(prog engine.Program, src Source, opt Options) (*Calibration, error) {
	if src.Len() == 0 {
		return nil, fmt.Errorf("%w to calibrate on", ErrNoImages)
	}
	return newCalibration(prog, src, opt), nil
}

func newCalibration(prog engine.Program, src Source, opt Options) *Calibration {
	return &Calibration{prog: prog, src: src, opt: opt, rankings: map[[32]byte][][]method.Score{}, curves: map[[32]byte][][]method.CurvePoint{}}
}

// Plan quantizes as setting says. The result depends on neither the number of workers nor their timing, nor on what
// was planned before, nor on interruptions.
func (c *Calibration) Plan(ctx context.Context, setting profile.Method, seed uint64) (*Plan, error) {
	m, err := method.ByName(setting.Name)
	if err != nil {
		return nil, err
	}
	if setting, err = m.Complete(setting); err != nil {
		return nil, err
	}
	r := &run{Calibration: c, ctx: ctx, seed: seed}
	if _, err := r.Stats(); err != nil {
		return nil, err
	}
	edges, err := m.Plan(r, setting)
	if err != nil {
		return nil, err
	}
	p := &Plan{Method: setting, Seed: seed, Edges: edges}
	p.counts, err = r.countCodes(edges)
	return p, err
}

// Phases are those that have been run, in order.
func (c *Calibration) Phases() []Phase { return slices.Clone(c.phases) }

// Calibrate makes one plan.
func Calibrate(ctx context.Context, prog engine.Program, src Source, setting profile.Method, seed uint64, opt Options) (*Plan, error) {
	c, err := New(prog, src, opt)
	if err != nil {
		return nil, err
	}
	return c.Plan(ctx, setting, seed)
}

// Profile builds the profile for one coder. Origin and preprocessing are the caller's to fill in.
func (p *Plan) Profile(coder profile.Coder) *profile.Profile {
	out := &profile.Profile{Seed: p.Seed, Method: p.Method, Coder: coder, Edges: slices.Clone(p.Edges)}
	for i := range out.Edges {
		out.Edges[i].Tables = tables(&out.Edges[i], coder, p.counts[i].channels)
	}
	if coder.Modelled() {
		setModels(out, p.counts)
	}
	return out
}

// run is the making of one plan; it is what a method sees as its method.Env.
type run struct {
	*Calibration
	ctx  context.Context
	seed uint64
}

// Edges are the program's.
func (r *run) Edges() []onnx.Edge { return r.prog.Edges() }

// Seed is that of every random choice.
func (r *run) Seed() uint64 { return r.seed }

func (c *Calibration) report(phase, unit string, done, total int) {
	if c.opt.Progress != nil {
		c.opt.Progress(phase, unit, done, total)
	}
}

// pass runs the network over all images. newHook is called once per image and gives the hook and what is to be
// consumed, in the order of the images, when the image is through.
func (r *run) pass(phase string, newHook func() (hook engine.Hook, consume func())) error {
	n, start := r.src.Len(), time.Now()
	err := parallel.Ordered(r.ctx, n, r.opt.Workers, func(_, i int) (func(), error) {
		x, err := r.src.Input(i)
		if err != nil {
			return nil, err
		}
		hook, consume := newHook()
		if _, err := r.prog.Run(x, hook); err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		return consume, nil
	}, func(i int, consume func()) error {
		consume()
		r.report(phase, "images", i+1, n)
		return nil
	})
	r.phases = append(r.phases, Phase{Name: phase, Passes: float64(n), Time: time.Since(start), images: n})
	return err
}

// countCodes runs the quantized network and counts its codes.
func (r *run) countCodes(edges []profile.Edge) ([]counted, error) {
	total := make([]counted, len(edges))
	for i := range edges {
		total[i] = newCounted(&edges[i])
	}
	err := r.pass("tables", func() (engine.Hook, func()) {
		counts := make([]counted, len(edges))
		var codes dqa.Codes
		hook := func(i int, data []float32) error {
			codes.Quantize(&edges[i], data)
			codes.Dequantize(&edges[i], data)
			counts[i] = newCounted(&edges[i])
			counts[i].add(&edges[i], codes.Wide)
			return nil
		}
		return hook, func() {
			for i := range total {
				total[i].merge(counts[i])
			}
		}
	})
	return total, err
}
