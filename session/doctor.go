//go:build !device

package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// ExamineOptions say what Examine looks at.
type ExamineOptions struct {
	Options              // how the network is opened
	Data, Calib   string // SPECs of test and calibration images; "": not looked at
	Images        int    // of Data that the network is run on, spread evenly; 0: all
	Probabilities bool   // the network's outputs are probabilities, not logits
	Workers       int    // goroutines; 0 or less: one
	Progress      Progress
}

// Examine tells what this machine offers, whether a model is supported and, if there is data, whether preprocessing,
// labels and images are as the network wants them, and the preprocessing that it wants. What is wrong with those is a
// Check, no error.
func Examine(ctx context.Context, model string, opt ExamineOptions) (*doctor.Diagnosis, error) {
	d := &doctor.Diagnosis{Checks: []doctor.Check{checkMachine(), checkLibraries(opt.ORTLibrary)}}
	net, err := Open(model, opt.Options)
	var unsupported *graph.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		for _, n := range unsupported.Nodes {
			d.Checks = append(d.Checks, doctor.Check{
				Name: "model", Status: doctor.Problem, Finding: strings.Join(strings.Fields(n.String()), " "),
				Mend: "export the network without this operator, or report the model",
			})
		}
		return d, nil
	case err != nil:
		return nil, err
	}
	d.Checks = append(d.Checks, net.check())
	d.Preprocess = net.pre
	if opt.Data == "" {
		return d, nil
	}
	return d, net.examineData(ctx, opt, d)
}

func (n *Network) check() doctor.Check {
	if len(n.Edges()) == 0 {
		return doctor.Check{Name: "model", Status: doctor.Problem,
			Finding: fmt.Sprintf("%s runs, but has no edges (%s): nothing would be quantized", n.name, n.EdgeSet()),
			Mend:    "the other set: --edges stored or --edges activations"}
	}
	return doctor.Check{Name: "model", Status: doctor.OK, Finding: fmt.Sprintf(
		"%s is supported: opset %d, input %v, %d edges (%s) with %d values per image, %.3g ms per image on one core",
		n.name, n.graph.Opset, n.graph.Input.Shape, len(n.Edges()), n.EdgeSet(), n.Values(), 1000*n.passTime())}
}

// passTime is the shortest of three runs, in seconds.
func (n *Network) passTime() float64 {
	x := tensor.New(n.graph.Input.Shape...)
	best := time.Hour
	for range 3 {
		start := time.Now()
		if _, err := n.prog.Run(x, nil); err != nil {
			return 0 // what is wrong with the model shows elsewhere
		}
		best = min(best, time.Since(start))
	}
	return best.Seconds()
}

func (n *Network) examineData(ctx context.Context, opt ExamineOptions, d *doctor.Diagnosis) error {
	s := doctor.Subject{
		Program: n.prog, Output: n.opt.Output, Preprocess: n.pre, Probabilities: opt.Probabilities, Images: opt.Images, Workers: opt.Workers,
		Progress: opt.Progress.ofImages(),
		Observe:  func(g *graph.Graph, edges []graph.Edge) (engine.Program, error) { return native.Compile(g, edges) },
	}
	var err error
	if s.Data, err = n.DataOptions().Open(opt.Data); err != nil {
		return err
	}
	if opt.Calib != "" {
		if s.Calib, err = n.DataOptions().Open(opt.Calib); err != nil {
			return err
		}
	}
	for _, note := range dataset.Notes(s.Data) {
		d.Checks = append(d.Checks, doctor.Check{Name: "data", Status: doctor.OK, Finding: note})
	}
	found, err := doctor.Examine(ctx, s)
	if err != nil {
		return err
	}
	d.Checks, d.Preprocess, d.Judged = append(d.Checks, found.Checks...), found.Preprocess, found.Judged
	return nil
}

// KeepPreprocess writes the preprocessing that Examine found to fit and tells what the file says; beside: it lies beside the model
// and is read without being named.
func (opt *ExamineOptions) KeepPreprocess(path string, beside bool, d *doctor.Diagnosis) (c doctor.Check, err error) {
	c = doctor.Check{Name: "written", Status: doctor.OK, Finding: path + " with the defaults"}
	var all []string
	for _, s := range dataset.Changes(profile.Preprocess{}, d.Preprocess) {
		all = append(all, s.Name+" "+s.Value)
	}
	if len(all) > 0 {
		c.Finding = path + ": " + strings.Join(all, ", ")
	}
	if !beside {
		c.Finding += "; --preprocess reads it"
	}
	if !d.Judged {
		c.Status, c.Mend = doctor.Warning, "look at what the checks say before you rely on it"
		c.Finding += "; nothing could tell whether that is right"
	}
	return c, WritePreprocess(path, "made by dqa doctor --data "+opt.Data, d.Preprocess)
}

// Glance makes, in a few seconds, the checks that a measurement on data should begin with (doctor.Glance). calib are the
// images of the calibration; nil: none are told apart. What is wrong is a Check, no error; errors wrap ErrNoEdges, where
// there is nothing to measure, and those of doctor.Glance.
func (n *Network) Glance(ctx context.Context, data, calib *dataset.Inputs, opt EvaluateOptions) ([]doctor.Check, error) {
	if len(n.Edges()) == 0 {
		return nil, n.noEdges()
	}
	s := doctor.Subject{
		Program: n.prog, Output: n.opt.Output, Preprocess: n.pre, Probabilities: opt.Probabilities, Workers: opt.Workers,
		Data: data.Source(), Progress: opt.Progress.ofImages(),
	}
	if calib != nil {
		s.Calib = calib.Source()
	}
	return doctor.Glance(ctx, s)
}
