//go:build !device

package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
)

// CalibrateOptions steer a calibration. The zero value works.
type CalibrateOptions struct {
	// Coder stores the codes; nil: OwnCoder. Link, in bits per second, gives every edge the coder that is through
	// soonest instead: coding time plus time on the link.
	Coder *profile.Coder
	Link  float64

	Workers        int // goroutines; 0 or less: one. Profiles do not depend on it
	AllowNonFinite bool
	Probabilities  bool               // the network's outputs are probabilities, not logits
	MinBits        map[string]float64 // graded: bits per value that the codes of an edge take at least, by name or number
	// Store keeps the progress of long searches; nil: they begin anew.
	Store Store
	// Reference keeps in the profile what coding counts of the images, for those who watch streams (Drift), if there are enough of them.
	Reference bool
	SaveEvery time.Duration // 0: a second
	Progress  Progress

	Experiment Experiment
}

// Store keeps the progress of searches, each under its own key.
type Store = calib.Store

// Phase is a part of a calibration.
type Phase = calib.Phase

// Calibrator makes profiles of several settings from one set of images. What they can share (statistics, rankings,
// curves) is measured once. It belongs to one goroutine.
type Calibrator struct {
	net  *Network
	data *dataset.Inputs
	opt  CalibrateOptions
	c    *calib.Calibration
	// Skipped says which variants Candidates left out, and why.
	Skipped []error
}

// Calibrated is what a calibration came to.
type Calibrated struct {
	Profile *profile.Profile
	Notes   []string // what the user should know; mostly nothing
	Reached *Reached // nil: the method searches for nothing
}

// Reached is what a whole quantized network comes to on its calibration images. NaN: not measured.
type Reached = method.Trial

// Calibrate makes the profile of one variant from images, of which only greedy rankings and the dial MaxDrop use the
// labels. Errors wrap ErrSetting, ErrNoEdges, ErrNoEdge (MinBits), ErrNonFinite, ErrUnlabelled, ErrOtherState, ErrOutput and ErrLabel,
// those of dataset, and the context's.
func (n *Network) Calibrate(ctx context.Context, data *dataset.Inputs, v Variant, opt CalibrateOptions) (*Calibrated, error) {
	k, err := n.NewCalibrator(data, opt)
	if err != nil {
		return nil, err
	}
	return k.Calibrate(ctx, v)
}

// NewCalibrator begins a calibration. It reads no images, unless there is a Store, whose keys name them.
func (n *Network) NewCalibrator(data *dataset.Inputs, opt CalibrateOptions) (*Calibrator, error) {
	if len(n.Edges()) == 0 {
		return nil, n.noEdges()
	}
	minBits, err := n.minBits(opt.MinBits)
	if err != nil {
		return nil, err
	}
	o := calib.Options{
		Workers: opt.Workers, AllowNonFinite: opt.AllowNonFinite, MinBits: minBits, Store: opt.Store, SaveEvery: opt.SaveEvery,
		Objective: opt.Experiment.Objective, Also: opt.Experiment.Also, Observe: observe,
		Progress: func(phase, unit string, done, total int) {
			opt.Progress.report("calibrating: "+phase, unit, done, total)
		},
	}
	if opt.Coder != nil {
		o.Coder, o.OneCoder = *opt.Coder, opt.Link == 0
	}
	if !opt.Experiment.NoBiases {
		o.Corrector = n.corrector()
	}
	if opt.Store != nil {
		if o.Key, err = n.key(data); err != nil {
			return nil, err
		}
	}
	if o.Outputs, err = n.calibrationOutputs(data, opt.Probabilities); err != nil {
		return nil, err
	}
	scores := metric.Options{Outputs: o.Outputs, Ignore: n.pre.IgnoredClasses(), Probabilities: opt.Probabilities}
	c, err := calib.New(opt.Experiment.program(n.prog), calib.NewSource(data, scores), o)
	return &Calibrator{net: n, data: data, opt: opt, c: c}, err
}

func (n *Network) noEdges() error {
	return fmt.Errorf("%w: %s has no edges of the set %q", ErrNoEdges, n.name, n.opt.Edges)
}

// Calibrate makes the profile of one variant. It depends on neither the number of workers nor what was calibrated before,
// nor on interruptions.
func (k *Calibrator) Calibrate(ctx context.Context, v Variant) (*Calibrated, error) {
	v, err := v.Complete()
	if err != nil {
		return nil, err
	}
	coder := OwnCoder(v.Setting)
	if k.opt.Coder != nil {
		coder = *k.opt.Coder
	}
	if err := CheckCoder(v.Setting, coder); err != nil {
		return nil, err
	}
	plan, err := k.c.Plan(ctx, v.Setting, v.Seed, v.how())
	if err != nil {
		return nil, err
	}
	made := &Calibrated{Profile: plan.Profile(coder), Reached: plan.Reached}
	if k.opt.Link > 0 {
		made.Profile = plan.ProfileFor(k.opt.Link)
	}
	if plan.Note != "" {
		made.Notes = append(made.Notes, plan.Note)
	}
	if v.Dial == profile.MaxDrop {
		made.Notes = append(made.Notes,
			"the loss was measured on the calibration images; if the network was trained on them, on others it loses more")
	}
	if err := k.origin(made.Profile); err != nil || !k.opt.Reference {
		return made, err
	}
	err = k.net.LearnReference(ctx, made.Profile, k.data, k.opt.Workers, k.opt.Progress)
	if errors.Is(err, ErrReference) {
		err = nil // too few images; who watches for drift is told
	}
	return made, err
}

// Estimate tells what Calibrate would take, from a few of the images. It takes seconds.
func (k *Calibrator) Estimate(ctx context.Context, v Variant) (*Cost, error) {
	v, err := v.Complete()
	if err != nil {
		return nil, err
	}
	f, err := calib.NewForecast(ctx, k.c)
	if err != nil {
		return nil, err
	}
	e, _, err := f.Plan(ctx, v.Setting, v.Seed, v.how())
	if err != nil {
		return nil, err
	}
	return &Cost{
		Setting: Describe(v.Setting), Images: k.data.Len(), Edges: e.Edges, Channels: e.Channels, Workers: k.opt.Workers,
		Phases: costsOf(e.Phases), Seconds: e.Time().Seconds(), Memory: e.Memory, Tried: e.Images,
	}, nil
}

// Phases are what has been run, in order, with the time and the passes through the network that it took.
func (k *Calibrator) Phases() []Phase { return k.c.Phases() }

// origin fills in where a profile comes from.
func (k *Calibrator) origin(p *profile.Profile) error {
	digest, err := k.data.Source().Digest()
	if err != nil {
		return err
	}
	n := k.net
	p.Tool, p.ISA = "dqa "+Version, n.engine
	p.Network = profile.Network{Name: n.name, Digest: n.graph.Digest}
	p.Data = profile.Data{Spec: k.data.Source().Spec(), Digest: digest, Images: k.data.Len()}
	p.EdgeSet, p.Skip, p.Preprocess = string(n.opt.Edges), n.skipped, n.pre
	return nil
}

// key names what a search's result depends on besides its settings.
func (n *Network) key(data *dataset.Inputs) ([]byte, error) {
	digest, err := data.Source().Digest()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %x %x %+v %q", Version, n.engine, n.graph.Digest, digest, n.pre, n.skipped)
	return h.Sum(nil), nil
}

// minBits finds the edges by name or number.
func (n *Network) minBits(asked map[string]float64) (map[string]float64, error) {
	all := map[string]float64{}
	for at, bits := range asked {
		e, err := n.FindEdge(at)
		if err != nil {
			return nil, err
		}
		if !(bits > 0 && bits <= maxMinBits) {
			return nil, fmt.Errorf("%w: at least %g bits per value of edge %s: above 0 and at most %d", ErrSetting, bits, e.Name, maxMinBits)
		}
		all[e.Name] = bits
	}
	return all, nil
}

const maxMinBits = 16

// corrector measures on the native engine, whichever runs the network: between its steps values can be altered.
func (n *Network) corrector() calib.Corrector {
	return calib.NewCorrector(n.prog, observe, n.compile)
}

func observe(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	return native.Compile(g, edges)
}
