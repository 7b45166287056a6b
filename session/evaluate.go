//go:build !device

package session

import (
	"context"
	"errors"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
)

// EvaluateOptions steer an evaluation. The zero value works.
type EvaluateOptions struct {
	Workers        int // goroutines; 0 or less: one. Results do not depend on it
	AllowNonFinite bool
	Probabilities  bool   // the network's outputs are probabilities, not logits
	Seed           uint64 // of standard errors by bootstrap
	Progress       Progress
}

// Candidate is one quantization of a network, stored in one or more ways.
type Candidate = eval.Candidate

// Results are what candidates came to; report.Of makes a table of them.
type Results = eval.Results

// ClassIoU is the intersection over union of every class for one of them.
type ClassIoU = eval.ClassIoU

// OwnImages tells whether data are the very images that a candidate was calibrated on: what is measured on them flatters it.
func OwnImages(data *dataset.Inputs, c Candidate) (bool, error) {
	of := c.Codecs[0].Profile().Data
	if of.Images != data.Len() { // the digest reads all images
		return false, nil
	}
	digest, err := data.Source().Digest()
	return digest == of.Digest, err
}

// Evaluate runs every image in float32 and with every candidate: accuracy where there are labels, distance from the float
// network, bytes of real frames. A scalable candidate is also evaluated without its refinements. report.Of makes rows of it.
func (n *Network) Evaluate(ctx context.Context, data *dataset.Inputs, candidates []Candidate, opt EvaluateOptions) (*Results, error) {
	scores, err := n.metric(data, opt.Probabilities, opt.Seed)
	if err != nil {
		return nil, err
	}
	return eval.Run(ctx, n.prog, data, withBases(candidates), eval.Options{
		Metric: scores, Workers: opt.Workers, AllowNonFinite: opt.AllowNonFinite,
		Progress: opt.Progress.ofImages(),
	})
}

// withBases adds, behind every scalable candidate, what its base part alone comes to.
func withBases(candidates []Candidate) []Candidate {
	var all []Candidate
	for _, c := range candidates {
		all = append(all, c)
		if c.Codecs[0].Profile().Setting.Refine > 0 {
			c.BaseOnly = true
			all = append(all, c)
		}
	}
	return all
}

// Candidate calibrates a variant and stores it in several ways: as its method does, and with its whole codes
// entropy-coded; graded with the coder of the options alone, if they name one. Errors are those of Calibrate.
func (k *Calibrator) Candidate(ctx context.Context, v Variant) (c Candidate, err error) {
	if v, err = v.Complete(); err != nil {
		return c, err
	}
	plan, err := k.c.Plan(ctx, v.Setting, v.Seed, v.how())
	if err != nil {
		return c, err
	}
	return k.stored(plan)
}

// stored is a plan in several ways to store it.
func (k *Calibrator) stored(plan *calib.Plan) (c Candidate, err error) {
	if c.Program, err = k.net.corrected(plan.Corrections); err != nil {
		return c, err
	}
	coders := []profile.Coder{profile.Small, profile.Smallest}
	if plan.Setting.Dial != profile.NoDial && k.opt.Coder != nil {
		coders = []profile.Coder{*k.opt.Coder}
	} else if own := OwnCoder(plan.Setting); !slices.Contains(coders, own) {
		coders = append([]profile.Coder{own}, coders...)
	}
	for _, coder := range coders {
		p := plan.Profile(coder)
		if err := k.origin(p); err != nil {
			return c, err
		}
		codec, err := dqa.NewCodec(p)
		if err != nil {
			return c, err
		}
		c.Codecs = append(c.Codecs, codec)
	}
	return c, nil
}

// Candidates are those of all variants. Among several, a loss that cannot be measured without labels is replaced by as much
// disagreement with the float network, and what cannot be measured at all is left out: Skipped says which.
func (k *Calibrator) Candidates(ctx context.Context, variants []Variant) ([]Candidate, error) {
	var all []Candidate
	for _, v := range variants {
		c, err := k.candidate(ctx, v, len(variants) > 1)
		if errors.Is(err, errSkipped) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

var errSkipped = errors.New("left out")

// candidate is Candidate of one among several variants, or errSkipped.
func (k *Calibrator) candidate(ctx context.Context, v Variant, several bool) (Candidate, error) {
	c, err := k.Candidate(ctx, v)
	if several && errors.Is(err, method.ErrUnmeasured) && v.Dial == profile.MaxDrop {
		v.Dial, v.Goal = profile.MinAgreement, 100-v.Goal
		c, err = k.Candidate(ctx, v)
	}
	if several && errors.Is(err, method.ErrUnmeasured) {
		k.Skipped = append(k.Skipped, err)
		return c, errSkipped
	}
	return c, err
}

// Candidate is what an evaluation compares with the float network.
func (q *Quantized) Candidate() Candidate {
	return Candidate{Codecs: []*dqa.Codec{q.codec}, Program: q.prog}
}

// Report is what an evaluation on data came to, as tables and JSON have it.
func (n *Network) Report(r *Results, data *dataset.Inputs) report.Result {
	result := report.Of(r, n.name, data.Source().Spec())
	result.Resize = n.Resize()
	return result
}

// EvaluateOn compares the float network on other versions of the same images (files that lose something, a worse camera) with
// itself on data. what names it in progress.
func (n *Network) EvaluateOn(
	ctx context.Context, data *dataset.Inputs, others []*dataset.Inputs, what string, opt EvaluateOptions,
) ([]eval.Measured, error) {
	scores, err := n.metric(data, opt.Probabilities, opt.Seed)
	if err != nil {
		return nil, err
	}
	sources := make([]eval.Source, len(others))
	for i, o := range others {
		sources[i] = o
	}
	return eval.Others(ctx, n.prog, data, sources, eval.Options{
		Metric: scores, Workers: opt.Workers, AllowNonFinite: opt.AllowNonFinite,
		Progress: func(_ string, done, total int) { opt.Progress.report("evaluating "+what, "images", done, total) },
	})
}
