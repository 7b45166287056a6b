// Package calib learns a profile from a network and unlabelled images: statistics of a float pass, the method's plan,
// then the coders' tables from the codes of the quantized network.
package calib

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/gradient"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
	"github.com/dqa-go/dqa/tensor"
)

// Errors of a calibration.
var (
	ErrNonFinite  = engine.ErrNonFinite
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
	judged
}

type judged interface {
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
	SaveEvery time.Duration // 0: a second

	// Outputs says how outputs are compared; zero: what metric.OutputsOf finds without labels.
	Outputs metric.Outputs

	// What only graded uses.
	Coder     profile.Coder      // that stored bits are those of; 0: Smallest
	OneCoder  bool               // plans learn nothing for others than Coder
	MinBits   map[string]float64 // bits per value that an edge's codes take at least
	Corrector Corrector          // nil: no biases are tried
	Observe   gradient.Compile   // for an engine whose hooks see any value; only curves by gradients need it
	Objective Objective          // what curves measure; zero: by the kind of the network's outputs
	// Also are objectives that other calibrations with the same Store will ask for: one pass measures all.
	Also []Objective
}

// Plan is a calibrated quantizer before the choice of a coder.
type Plan struct {
	Setting profile.Setting // completed
	Seed    uint64
	Edges   []profile.Edge // without tables
	profile.Corrections
	// Evidence is what graded decided on, else nil. Note is what the user should know.
	Evidence *profile.Evidence
	Note     string
	Reached  *method.Trial // nil: not measured
	counts   *tables.Counts
}

// Calibration of one network on one set of images. It keeps what several plans can share: statistics and rankings.
// It belongs to one goroutine.
type Calibration struct {
	prog     engine.Program
	src      Source
	opt      Options
	stats    []method.Stats
	rankings map[[32]byte][][]method.Score
	curves   map[[32]byte][][][]method.Effect
	gradient *gradient.Program // nil: not prepared yet
	observed observed
	kept     sync.Map // outputs of the float network by image

	phases   []Phase   // what has been run
	forecast *forecast // not nil: only time is wanted
}

// New begins a calibration. A source without images gives ErrNoImages.
func New(prog engine.Program, src Source, opt Options) (*Calibration, error) {
	if src.Len() == 0 {
		return nil, fmt.Errorf("%w to calibrate on", ErrNoImages)
	}
	if opt.Outputs.All == nil {
		var err error
		if opt.Outputs, err = metric.OutputsOf(prog.Graph(), metric.Labels{}); err != nil {
			return nil, err
		}
	}
	return newCalibration(prog, src, opt), nil
}

func newCalibration(prog engine.Program, src Source, opt Options) *Calibration {
	return &Calibration{prog: prog, src: src, opt: opt, rankings: map[[32]byte][][]method.Score{}, curves: map[[32]byte][][][]method.Effect{}}
}

// How says how graded finds what a setting asks for. The zero value is the default.
type How struct {
	Curves Curves
	method.Choices
}

// Plan quantizes as setting says. The result depends on neither the number of workers nor their timing, nor on what was planned
// before, nor on interruptions.
func (c *Calibration) Plan(ctx context.Context, setting profile.Setting, seed uint64, how How) (*Plan, error) {
	m, err := method.ByName(setting.Name)
	if err != nil {
		return nil, err
	}
	if setting, err = m.Complete(setting); err != nil {
		return nil, err
	}
	r := &run{Calibration: c, ctx: ctx, seed: seed, how: how, dial: setting.Dial, remember: setting.Dial != profile.NoDial}
	if _, err := r.Stats(); err != nil {
		return nil, err
	}
	made, err := m.Plan(r, setting)
	if err != nil {
		return nil, err
	}
	setting.Channels = made.Channels
	if made.Channels {
		setting.Scale = profile.StaticChannel
	}
	p := &Plan{
		Setting: setting, Seed: seed, Edges: made.Edges, Corrections: made.Corrections, Evidence: made.Evidence, Note: made.Note,
		Reached: made.Reached,
	}
	fresh := tables.New
	if c.opt.OneCoder && setting.Dial != profile.NoDial {
		fresh = r.newCounts
	}
	p.counts, err = r.countCodes("tables", made.Edges, made.Corrections, fresh)
	return p, err
}

// Scores ranks the channels of all edges as Plan does for a setting of DQA: by edge and channel, the higher, the more important.
func (c *Calibration) Scores(ctx context.Context, setting profile.Setting, seed uint64) ([][]method.Score, error) {
	return method.Rank(&run{Calibration: c, ctx: ctx, seed: seed}, setting)
}

// Phases are those that have been run, in order; what was run again is added to the first time.
func (c *Calibration) Phases() []Phase {
	var all []Phase
	for _, p := range c.phases {
		i := slices.IndexFunc(all, func(q Phase) bool { return q.Name == p.Name })
		if i < 0 {
			all = append(all, p)
			continue
		}
		all[i].Passes += p.Passes
		all[i].Time += p.Time
	}
	return all
}

// Calibrate makes one plan.
func Calibrate(
	ctx context.Context, prog engine.Program, src Source, setting profile.Setting, seed uint64, how How, opt Options,
) (*Plan, error) {
	c, err := New(prog, src, opt)
	if err != nil {
		return nil, err
	}
	return c.Plan(ctx, setting, seed, how)
}

// Profile builds the profile for one coder; edges that it cannot store get the next simpler one. Origin and preprocessing
// are the caller's to fill in.
func (p *Plan) Profile(coder profile.Coder) *profile.Profile {
	out := p.untaught()
	p.counts.Teach(out, coder)
	return out
}

// ProfileFor builds the profile whose edges each have the coder that is through soonest: the time for coding plus that on
// a link of so many bits per second.
func (p *Plan) ProfileFor(link float64) *profile.Profile {
	out := p.untaught()
	p.counts.TeachFor(out, link)
	return out
}

// untaught is the profile without coders.
func (p *Plan) untaught() *profile.Profile {
	return &profile.Profile{Seed: p.Seed, Setting: p.Setting, Edges: slices.Clone(p.Edges), Gain: p.Gain, Bias: p.Bias, Evidence: p.Evidence}
}

// run is the making of one plan; it is what a method sees as its method.Env.
type run struct {
	*Calibration
	ctx      context.Context
	seed     uint64
	how      How
	dial     profile.Dial
	remember bool // answers are saved: the method asks many questions
}

// Edges are the program's.
func (r *run) Edges() []graph.Edge { return r.prog.Edges() }

// Choices implements method.Env.
func (r *run) Choices() method.Choices { return r.how.Choices }

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
	return r.passOf(phase, r.prog, r.src.Len(), func(_ int, x *tensor.Tensor, prog engine.Program) (func() error, error) {
		hook, consume := newHook()
		_, err := prog.Run(x, hook)
		return func() error { consume(); return nil }, err
	})
}

// passOf does something to each of n images, which are spread over all; what it returns is called in their order.
func (r *run) passOf(phase string, prog engine.Program, n int, do func(i int, x *tensor.Tensor, prog engine.Program) (func() error, error)) error {
	return r.passOver(phase, prog, n, func(k int) int { return r.spread(k, n) }, do)
}

// passOver is passOf with other images: number k of n is image(k).
func (r *run) passOver(phase string, prog engine.Program, n int, image func(k int) int,
	do func(i int, x *tensor.Tensor, prog engine.Program) (func() error, error)) error {
	if r.guessed(phase, n) {
		return nil
	}
	start := time.Now()
	err := parallel.Ordered(r.ctx, n, r.opt.Workers, func(_, k int) (func() error, error) {
		i := image(k)
		x, err := r.src.Input(i)
		if err != nil {
			return nil, err
		}
		consume, err := do(i, x, prog)
		if err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		return consume, nil
	}, func(i int, consume func() error) error {
		r.report(phase, "images", i+1, n)
		return consume()
	})
	r.phases = append(r.phases, Phase{Name: phase, Passes: float64(n), Time: time.Since(start), images: n})
	r.measured(phase, n, time.Since(start))
	return err
}

// limitLast notes that the last phase runs so many images at most, however many there are.
func (c *Calibration) limitLast(images int) { c.phases[len(c.phases)-1].limit = images }
