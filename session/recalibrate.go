//go:build !device

package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Levels of a recalibration: what of a profile is made anew.
const (
	RepairTables = "tables" // coders' tables: other bits, the same values
	RepairSteps  = "steps"  // steps of one-sided edges, too, so that codes are as large as they were
	RepairFull   = "full"   // everything, as Calibrate
)

// RepairLevels are the words for them, the gentlest first.
func RepairLevels() []string { return []string{RepairTables, RepairSteps, RepairFull} }

// holdBack is which share of new images decides: one of so many. Steps need few images to be learned, and many to be sure of.
func holdBack(level string) int {
	if level == RepairSteps {
		return 2
	}
	return 3
}

// MinRecalibration is the number of new images that a recalibration wants at least.
const MinRecalibration = 32

// RecalibrateOptions steer a recalibration. The zero value works.
type RecalibrateOptions struct {
	Level         string // "": RepairTables
	Reason        string // kept in the profile's lineage
	Workers       int    // goroutines; 0 or less: one. Profiles do not depend on it
	Probabilities bool   // the network's outputs are probabilities
	Progress      Progress
}

// Recalibrated is what a recalibration came to.
type Recalibrated struct {
	Profile  *profile.Profile `json:"-"`        // that was made; without lineage and reference if it is not Accepted
	Accepted bool             `json:"accepted"` // it is better on the images that were held back
	Why      string           `json:"why"`
	Level    string           `json:"level"`
	Used     int              `json:"images"`
	Held     int              `json:"held_back"`
	Before   Shadow           `json:"before"`
	After    Shadow           `json:"after"`
}

// Shadow is what a profile does to the images that were held back, against the float network on the same.
type Shadow struct {
	Agreement  float64 `json:"agreement"` // percent
	KL         float64 `json:"kl"`
	StoredBits float64 `json:"stored_bits"`
}

// Recalibrate repairs a profile of this network with images as they are now, unlabelled: most of them are learned from, one of three
// (of steps one of two) is held back and decides by the float network's answers whether anything is gained. Errors wrap ErrSetting
// (fewer than MinRecalibration images, an unknown level, steps of a profile without static scales or reference), ErrOtherModel, and
// those of Calibrate.
func (n *Network) Recalibrate(
	ctx context.Context, p *profile.Profile, data *dataset.Inputs, opt RecalibrateOptions,
) (*Recalibrated, error) {
	if opt.Level == "" {
		opt.Level = RepairTables
	}
	if !slices.Contains(RepairLevels(), opt.Level) {
		return nil, fmt.Errorf("%w: level %q, one of %q", ErrSetting, opt.Level, RepairLevels())
	}
	if data.Len() < MinRecalibration {
		return nil, fmt.Errorf("%w: %d images, a recalibration wants %d", ErrSetting, data.Len(), MinRecalibration)
	}
	before, err := n.Bind(p)
	if err != nil {
		return nil, err
	}
	learn, judge, err := n.heldBack(data, opt.Level)
	if err != nil {
		return nil, err
	}
	made, err := before.repair(ctx, learn, opt)
	if err != nil {
		return nil, err
	}
	after, err := n.Bind(made)
	if err != nil {
		return nil, err
	}
	r := &Recalibrated{Profile: made, Level: opt.Level, Used: learn.Len(), Held: judge.Len()}
	if err := r.decide(ctx, before, after, judge, opt); err != nil || !r.Accepted {
		return r, err
	}
	if opt.Level != RepairFull { // values stay as they were decided on, and more images teach tables better
		teach := opt
		teach.Level = RepairTables
		if r.Profile, err = after.repair(ctx, data, teach); err != nil {
			return nil, err
		}
		r.Why += fmt.Sprintf("; tables are learned again from all %d images", data.Len())
		learn = data
	}
	return r, n.complete(ctx, r.Profile, p, learn, opt)
}

// heldBack are the images that are learned from, and those that decide.
func (n *Network) heldBack(data *dataset.Inputs, level string) (learn, judge *dataset.Inputs, err error) {
	used, held := dataset.HoldBack(data.Source(), holdBack(level))
	if learn, err = n.Inputs(used); err != nil {
		return nil, nil, err
	}
	judge, err = n.Inputs(held)
	return learn, judge, err
}

// complete gives an accepted profile its lineage and a reference.
func (n *Network) complete(ctx context.Context, made, parent *profile.Profile, learn *dataset.Inputs, opt RecalibrateOptions) error {
	if err := descend(made, parent, learn, opt); err != nil {
		return err
	}
	if err := n.LearnReference(ctx, made, learn, opt.Workers, opt.Progress); err != nil && !errors.Is(err, ErrReference) {
		return err
	}
	return nil
}

// descend notes where a profile comes from.
func descend(made, parent *profile.Profile, learn *dataset.Inputs, opt RecalibrateOptions) error {
	digest, err := learn.Source().Digest()
	if err != nil {
		return err
	}
	return made.SetLineage(&profile.Lineage{
		Parent: parent.Digest(), Reason: opt.Reason, Level: opt.Level,
		Data: profile.Data{Spec: learn.Source().Spec(), Digest: digest, Images: learn.Len()},
	})
}

// repair makes the profile of a level.
func (q *Quantized) repair(ctx context.Context, learn *dataset.Inputs, opt RecalibrateOptions) (*profile.Profile, error) {
	p := q.codec.Profile()
	k, err := q.net.NewCalibrator(learn, CalibrateOptions{
		Coder: &p.Coder, Workers: opt.Workers, Probabilities: opt.Probabilities, Progress: opt.Progress, AllowNonFinite: true,
	})
	if err != nil {
		return nil, err
	}
	if opt.Level == RepairFull {
		v := Variant{Setting: p.Setting, Seed: p.Seed}
		if v.Dial == profile.MaxDrop { // there are no labels
			v.Dial, v.Goal = profile.MinAgreement, 100-v.Goal
		}
		made, err := k.Calibrate(ctx, v)
		if err != nil {
			return nil, err
		}
		return made.Profile, nil
	}
	repaired := p
	if opt.Level == RepairSteps {
		if repaired, err = q.alignSteps(ctx, learn, opt); err != nil {
			return nil, err
		}
	}
	return k.c.Reteach(ctx, repaired)
}

// Steps are not moved by more than this factor, nor where a mean code is smaller than leastCode: it says little.
const (
	mostStretch = 4
	leastCode   = .02
)

// alignSteps gives groups of channels steps with which their mean code is that of the reference, on one-sided edges with static
// scales. Of the others a mean code says nothing.
func (q *Quantized) alignSteps(ctx context.Context, learn *dataset.Inputs, opt RecalibrateOptions) (*profile.Profile, error) {
	p := q.codec.Profile()
	r, err := p.Reference()
	if err != nil {
		return nil, fmt.Errorf("%w: steps are aligned with a reference: %w", ErrSetting, err)
	}
	if watched := dqa.Watched(p); !slices.EqualFunc(watched, r.Edges, func(i int, e profile.ReferenceEdge) bool { return i == e.Edge }) {
		return nil, fmt.Errorf("%w: the reference is of other edges than are counted", ErrReference)
	}
	sums := make([][]dqa.GroupCounts, len(r.Edges))
	all := make([]int, learn.Len())
	for i := range all {
		all[i] = i
	}
	err = q.countAll(ctx, learn, all, opt.Workers, func(i int, c counted) error {
		opt.Progress.report("aligning steps", "images", i+1, len(all))
		for k := range c.edges {
			if sums[k] == nil {
				sums[k] = make([]dqa.GroupCounts, len(r.Edges[k].Groups))
			}
			for g := range sums[k] {
				sums[k][g].Sampled += c.edges[k].Groups[g].Sampled
				sums[k][g].Sum += c.edges[k].Groups[g].Sum
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out, any := *p, false
	out.Edges, out.Extra = slices.Clone(p.Edges), slices.Clone(p.Extra)
	for k := range r.Edges {
		e := &out.Edges[r.Edges[k].Edge]
		if e.OneSided && e.Scale.Static() {
			e.Steps, any = allowed(e, stretched(e, &r.Edges[k], sums[k])), true
		}
	}
	if !any {
		return nil, fmt.Errorf("%w: no one-sided edge has steps from calibration (graded, --scale static-channel)", ErrSetting)
	}
	return &out, nil
}

// stretched are the steps of an edge, times what its codes have grown by: a group of channels, or all where they share steps.
func stretched(e *profile.Edge, r *profile.ReferenceEdge, sums []dqa.GroupCounts) []float32 {
	steps := slices.Clone(e.Steps)
	if !e.Scale.PerChannel() {
		var is, was, n float64
		for g := range sums {
			is, was, n = is+float64(sums[g].Sum), was+float64(r.Groups[g].Mean)*float64(sums[g].Sampled), n+float64(sums[g].Sampled)
		}
		for slot := range steps {
			steps[slot] *= stretchBy(is/max(1, n), was/max(1, n))
		}
		return steps
	}
	for c := range steps {
		g := c * len(sums) / e.Channels
		steps[c] *= stretchBy(float64(sums[g].Sum)/float64(max(1, sums[g].Sampled)), float64(r.Groups[g].Mean))
	}
	return steps
}

// allowed are steps that are no coarser than an edge's where its codes may leave the bits: nothing is cut off there, and coarser ones lose
// what the network sees; bits are what tables repair.
func allowed(e *profile.Edge, steps []float32) []float32 {
	for slot := range steps {
		if e.Escape {
			steps[slot] = min(steps[slot], e.Steps[slot])
		}
	}
	return steps
}

// stretchBy is what steps are multiplied by where a mean code is no longer what it was.
func stretchBy(is, was float64) float32 {
	if is < leastCode || was < leastCode {
		return 1
	}
	return float32(math.Max(1./mostStretch, math.Min(mostStretch, is/was)))
}

// judged is what one image says of two profiles.
type judged struct {
	records [2]metric.Record
	bytes   [2]int
}

// decide runs the images that were held back with both profiles.
func (r *Recalibrated) decide(ctx context.Context, before, after *Quantized, judge *dataset.Inputs, opt RecalibrateOptions) error {
	scores, err := before.net.metric(judge, opt.Probabilities, 1)
	if err != nil {
		return err
	}
	scores.Rounds = 1
	scores.Outputs.Labelled = false // labels do not count, if there are any
	sides := [2]*Quantized{before, after}
	total := [2]*metric.Comparison{metric.NewComparison(scores), metric.NewComparison(scores)}
	var gains, saved, kept series
	bytes := [2]int{}
	err = parallel.Ordered(ctx, judge.Len(), opt.Workers, func(_, i int) (judged, error) {
		return judgeImage(before.net.prog, sides, judge, i, scores)
	}, func(i int, j judged) error {
		opt.Progress.report("shadow test", "images", i+1, judge.Len())
		var kl, agreement [2]float64
		for s := range sides {
			one := metric.NewComparison(scores)
			one.Add(j.records[s])
			total[s].Add(j.records[s])
			sum := one.Summary()
			kl[s], agreement[s] = sum.KL, sum.Agreement
			bytes[s] += j.bytes[s]
		}
		gains, saved = append(gains, kl[0]-kl[1]), append(saved, float64(j.bytes[0]-j.bytes[1]))
		kept = append(kept, agreement[1]-agreement[0])
		return nil
	})
	if err != nil {
		return err
	}
	for s, to := range []*Shadow{&r.Before, &r.After} {
		sum := total[s].Summary()
		*to = Shadow{sum.Agreement, sum.KL, 8 * float64(bytes[s]) / float64(judge.Len()) / float64(sides[s].codec.Profile().Elements())}
	}
	promised := 0.0
	if e := before.codec.Profile().Evidence; e != nil && e.Measured() {
		promised = float64(e.MeasuredBits)
	}
	r.verdict(gains, saved, kept, promised)
	return nil
}

func judgeImage(float engine.Program, sides [2]*Quantized, judge *dataset.Inputs, i int, scores metric.Options) (j judged, err error) {
	x, err := judge.Input(i)
	if err != nil {
		return j, err
	}
	want, err := float.Run(x, nil)
	if err != nil {
		return j, err
	}
	for s, q := range sides {
		frame, got, err := q.NewEncoder(EncodeOptions{AllowNonFinite: true}).EncodeInputs(nil, []*tensor.Tensor{x})
		if err != nil {
			return j, err
		}
		j.bytes[s] = len(frame)
		if j.records[s], err = metric.CompareOutputs(scores.Outputs, want, got, dataset.Ignored, nil, scores); err != nil {
			return j, err
		}
	}
	return j, nil
}

// Of a verdict.
const (
	sure     = 2    // standard errors that a gain must have
	least    = .005 // share of bits that tables must save
	moreBits = 1.10 // share of bits that other steps may take, of what they were, then or on clean images
)

// verdict accepts a profile that is better on so many images that chance would hardly do it, and no worse in anything but a few bits;
// promised are those of the profile before on its own images, 0 if they are not known. KL and agreement are means in which an image or
// two may outweigh all others: a fall within its standard error is none.
func (r *Recalibrated) verdict(gains, saved, kept series, promised float64) {
	b, a := r.Before, r.After
	switch {
	case r.Level == RepairTables:
		bits, doubt := saved.mean()
		r.Accepted = bits > sure*doubt && b.StoredBits-a.StoredBits > least*b.StoredBits
		r.Why = fmt.Sprintf("bits per value go from %.3f to %.3f; values stay as they are", b.StoredBits, a.StoredBits)
	case kept.falls():
		r.Why = fmt.Sprintf("agreement falls from %.2f to %.2f %%", b.Agreement, a.Agreement)
	case gains.falls():
		r.Why = fmt.Sprintf("KL rises from %.4g to %.4g", b.KL, a.KL)
	case a.StoredBits > moreBits*max(b.StoredBits, promised):
		r.Why = fmt.Sprintf("bits per value rise from %.3f to %.3f", b.StoredBits, a.StoredBits)
	default:
		// A sign test does not lean on the few large values.
		better, of := gains.above()
		r.Accepted = float64(2*better-of) > sure*math.Sqrt(float64(of))
		r.Why = fmt.Sprintf("KL goes from %.4g to %.4g, less on %d of %d images; agreement from %.2f to %.2f %%", b.KL, a.KL, better, of,
			b.Agreement, a.Agreement)
	}
}

// series are numbers of images.
type series []float64

// mean is theirs, with its standard error.
func (s series) mean() (mean, doubt float64) {
	n := float64(len(s))
	for _, v := range s {
		mean += v / n
	}
	for _, v := range s {
		doubt += (v - mean) * (v - mean) / math.Max(1, n-1) / n
	}
	return mean, math.Sqrt(doubt)
}

// falls tells whether the mean is below 0 by more than its standard error.
func (s series) falls() bool {
	mean, doubt := s.mean()
	return -mean > 1.001*doubt // of one number that is not 0, they are equal
}

// above is how many numbers are above 0, and how many are not 0.
func (s series) above() (above, of int) {
	for _, v := range s {
		if v > 0 {
			above++
		}
		if v != 0 {
			of++
		}
	}
	return above, of
}

// WriteText writes what a recalibration came to as people read it.
func (r *Recalibrated) WriteText(w io.Writer) error {
	word := "accepted"
	if !r.Accepted {
		word = "declined"
	}
	_, err := fmt.Fprintf(w, "%s, level %s, %d images learned from, %d held back: %s\n"+
		"held back: agreement with float32 %.2f %% before, %.2f %% after; KL %.4g, %.4g; stored bits per value %.3f, %.3f\n",
		word, r.Level, r.Used, r.Held, r.Why, r.Before.Agreement, r.After.Agreement, r.Before.KL, r.After.KL, r.Before.StoredBits,
		r.After.StoredBits)
	return err
}
