package pilot

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Options say what a pilot looks at. Data must be given.
type Options struct {
	Data  string // SPEC of the images, with labels if there are any
	Calib string // SPEC of the calibration images; "": they are taken from Data
	Lot   string // SPEC of images of another lot, day or line; "": none
	// Limit is what may be lost, in points (of agreement, where there are no labels); 0: DefaultLimit.
	Limit         float64
	Link          float64  // bits per second; 0: DefaultLink
	Device        string   // a device's name, or the file or URL of a measured run (dqa bench engine --json); "": none
	Images        int      // of every part at most; 0: as many as take minutes
	Names         []string // of classes
	Normal        int      // the class without a defect; -1: there is none
	Probabilities bool     // the network's outputs are probabilities
	NoPictures    bool     // no image is shown
	// MetricCommand is a program with arguments, words between spaces, that reads predictions and prints a score from 0 to 100, the more
	// the better, which takes the place of the metric of Study; "": none. docs/JSON.md has its input.
	MetricCommand string
	Workers       int // goroutines; 0 or less: one. Results do not depend on it
	Seed          uint64
	PerDay        int     // images a day of one camera; 0: DefaultPerDay
	Cameras       int     // 0: 1
	Price         float64 // of a gigabyte sent or stored; 0: DefaultPrice

	Model   string // as the command line names the model
	Flags   string // preprocessing and other flags of the command line, for commands
	Command string // that remakes the study
	Dir     string // where steps keep what they came to; "": nowhere

	Progress session.Progress
	Told     func(seconds float64) // is told beforehand what it will take; may be nil
}

// Defaults of Options.
const (
	DefaultLimit  = 1.
	DefaultLink   = 10e6
	DefaultPerDay = 86400
	DefaultPrice  = .1
)

// run is a pilot at work.
type run struct {
	parts
	net        *session.Network
	opt        Options
	key        string
	calibrator *session.Calibrator
	candidates []candidate
	resumed    int // steps
	study      *Study
	facts      facts
	floats     floats
	ownFloats  map[*dataset.Inputs][]float64 // what MetricCommand says of the float network
	ownSeconds float64                       // of a run of it on a few images
}

func (r *run) now() time.Time { return time.Now() }

func (r *run) report(phase, unit string, done, total int) {
	if r.opt.Progress != nil {
		r.opt.Progress(phase, unit, done, total)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// Run makes the study of a network, and the profile that it recommends: with it what dqa drift compares streams with. Errors wrap those of
// Network.Data, Calibrate and Evaluate, and session.ErrOutput where no output can be judged.
func Run(ctx context.Context, net *session.Network, opt Options) (*Study, *profile.Profile, error) {
	opt.complete()
	r := &run{net: net, opt: opt}
	start, cpuStart := r.now(), cpu.Time()
	if err := r.begin(ctx); err != nil {
		return nil, nil, err
	}
	if err := r.choose(ctx); err != nil {
		return nil, nil, err
	}
	var err error
	if r.study.Frontier, err = r.confirmAll(ctx); err != nil {
		return nil, nil, err
	}
	p, err := r.examine(ctx)
	if err != nil {
		return nil, nil, err
	}
	r.study.Cost.Study, r.study.Cost.CPU = r.now().Sub(start).Seconds(), (cpu.Time() - cpuStart).Seconds()
	r.conclude(p)
	return r.study, p, nil
}

func (o *Options) complete() {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Limit, DefaultLimit)
	def(&o.Link, DefaultLink)
	def(&o.Price, DefaultPrice)
	if o.PerDay == 0 {
		o.PerDay = DefaultPerDay
	}
	if o.Cameras == 0 {
		o.Cameras = 1
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
}

// begin opens the data, looks at it and tells what the pilot will take.
func (r *run) begin(ctx context.Context) error {
	if len(r.net.Edges()) == 0 {
		return fmt.Errorf("%w: %s", session.ErrNoEdges, r.net.Name())
	}
	if err := r.openParts(); err != nil {
		return err
	}
	outputs, err := r.net.CheckScores(r.choice, session.EvaluateOptions{Probabilities: r.opt.Probabilities})
	if err != nil {
		return err
	}
	if outputs.Scored < 0 {
		return fmt.Errorf("%w: none of them says which class", session.ErrOutput)
	}
	all, err := r.parts.describe()
	if err != nil {
		return err
	}
	r.study = &Study{Schema: Schema, Parts: all, Split: r.split, Limit: r.opt.Limit, Model: modelOf(r.net)}
	r.study.Task = r.task(outputs.All[outputs.Scored].Shape)
	r.study.Metric = map[string]string{"classes": "top1", "masks": "miou", "none": "agreement"}[r.study.Task.Kind]
	if strings.TrimSpace(r.opt.MetricCommand) == "" {
		r.opt.MetricCommand = ""
	} else {
		r.study.Metric = "command"
	}
	if err := r.tryOwn(ctx); err != nil {
		return fmt.Errorf("--metric-command: %w", err)
	}
	r.study.Device.Asked = r.opt.Device
	if r.study.Device.There, err = readDevice(ctx, r.opt.Device, r.net.Name()); err != nil {
		return fmt.Errorf("--device: %w", err)
	}
	r.key = r.keyOf(all)
	if err := r.prepare(); err != nil {
		return err
	}
	if err := r.gate(ctx); err != nil {
		return err
	}
	return r.tell(ctx)
}

// prepare makes the calibrator, whose searches keep their progress beside the steps.
func (r *run) prepare() (err error) {
	copt := session.CalibrateOptions{Workers: r.opt.Workers, Probabilities: r.opt.Probabilities, Progress: r.opt.Progress}
	coder := profile.Smallest
	copt.Coder = &coder
	if r.opt.Dir != "" {
		if err := file.MkdirAll(filepath.Join(r.opt.Dir, stepsFolder)); err != nil {
			return err
		}
		ledger, err := session.OpenLedger(filepath.Join(r.opt.Dir, stepsFolder), true)
		if err != nil {
			return err
		}
		copt.Store = ledger.Store()
	}
	r.calibrator, err = r.net.NewCalibrator(r.calib, copt)
	return err
}

// keyOf names what finished steps depend on.
func (r *run) keyOf(all []Part) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %s %x %+v %+v", Schema, session.Version, r.net.Engine(), r.net.Graph().Digest, r.net.Preprocess(), all)
	fmt.Fprintf(h, " %v %v %v %v %q", r.opt.Limit, r.opt.Probabilities, r.opt.Seed, r.net.EdgeSet(), r.opt.MetricCommand)
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

func modelOf(n *session.Network) Model {
	g := n.Graph()
	return Model{
		Name: n.Name(), Digest: fmt.Sprintf("%x", g.Digest), Edges: len(n.Edges()), Values: n.Values(), Products: g.AllProducts(),
		Input: g.Input.Shape, EdgeSet: string(n.EdgeSet()),
	}
}

// task is what the labels make of the output's shape.
func (r *run) task(shape []int) Task {
	t := Task{Kind: "none", Normal: r.opt.Normal, Names: r.opt.Names}
	if len(shape) > 1 {
		t.Classes = max(2, shape[1])
	}
	switch r.confirm.Source().Labels() {
	case dataset.ClassLabels:
		t.Kind = "classes"
	case dataset.MaskLabels:
		t.Kind = "masks"
	}
	if t.Names == nil {
		t.Names = dataset.ClassNames(r.confirm.Source())
	}
	if t.Names == nil {
		t.Names = []string{}
	}
	return t
}

// gate makes the checks that a measurement begins with. What is wrong is told in the verdict, no error.
func (r *run) gate(ctx context.Context) error {
	opt := session.EvaluateOptions{Workers: r.opt.Workers, Probabilities: r.opt.Probabilities, Progress: r.opt.Progress}
	checks, err := r.net.Glance(ctx, r.confirm, r.calib, opt)
	if err != nil {
		return err
	}
	r.study.Warnings = []string{}
	for _, c := range checks {
		r.study.Warnings = append(r.study.Warnings, c.Name+": "+c.Finding)
		switch {
		case c.Name == "float32":
			r.facts.Guessing = true
		case c.Name == "calibration images" && !dataset.OneClass(r.calib.Source()):
			r.facts.Overlap = true
		}
	}
	r.facts.OneClass = dataset.OneClass(r.calib.Source())
	return nil
}
