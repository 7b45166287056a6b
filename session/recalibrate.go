//go:build !device

package session

import (
	"cmp"
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
	Profile  *profile.Profile `json:"-"`        // that was made; of half of the images, without lineage and reference, if it is not Accepted
	Accepted bool             `json:"accepted"` // what is made like this is better on images that it has not seen
	Why      string           `json:"why"`
	Level    string           `json:"level"`
	Used     int              `json:"images"`    // learned from
	Held     int              `json:"held_back"` // that decided: all, each for a profile that the other half has made
	Before   Shadow           `json:"before"`
	After    Shadow           `json:"after"`
}

// Shadow is what profiles do to images that were held back from them, against the float network on the same.
type Shadow struct {
	Agreement  float64 `json:"agreement"` // percent
	KL         float64 `json:"kl"`
	StoredBits float64 `json:"stored_bits"`
}

// Recalibrate repairs a profile of this network with images as they are now, unlabelled. Every half of them makes a profile, which the
// other half holds against the old one and the float network; where both together say that something is gained, all images make the
// profile that is shipped. Errors wrap ErrSetting
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
	r := &Recalibrated{Level: opt.Level, Used: data.Len(), Held: data.Len()}
	if err := r.tryHalves(ctx, before, data, opt); err != nil || !r.Accepted {
		return r, err
	}
	if r.Profile, err = before.repair(ctx, data, opt); err != nil {
		return nil, err
	}
	return r, n.complete(ctx, r.Profile, p, data, opt)
}

// tryHalves repairs with each half of the images, lets the other judge, and decides.
func (r *Recalibrated) tryHalves(ctx context.Context, before *Quantized, data *dataset.Inputs, opt RecalibrateOptions) error {
	n := before.net
	scores, err := n.metric(data, opt.Probabilities, 1)
	if err != nil {
		return err
	}
	scores.Rounds = 1
	scores.Outputs.Labelled = false // labels do not count, if there are any
	t := trial{scores: scores, sides: [2]rival{{total: metric.NewComparison(scores)}, {total: metric.NewComparison(scores)}}}
	t.sides[0].quantized = before
	halves, err := n.halves(data)
	if err != nil {
		return err
	}
	for h, learn := range halves {
		if r.Profile, err = before.repair(ctx, learn, opt); err != nil {
			return err
		}
		if t.sides[1].quantized, err = n.Bind(r.Profile); err != nil {
			return err
		}
		if err := t.run(ctx, halves[1-h], opt); err != nil {
			return err
		}
	}
	values := float64(data.Len()) * float64(before.codec.Profile().Elements())
	r.Before, r.After = t.sides[0].shadow(values), t.sides[1].shadow(values)
	promised := 0.0
	if e := before.codec.Profile().Evidence; e != nil && e.Measured() {
		promised = float64(e.MeasuredBits)
	}
	r.verdict(&t, promised)
	return nil
}

// halves are the images of even numbers, and those of odd.
func (n *Network) halves(data *dataset.Inputs) (halves [2]*dataset.Inputs, err error) {
	even, odd := dataset.HoldBack(data.Source(), 2)
	for h, src := range []dataset.Source{even, odd} {
		if halves[h], err = n.Inputs(src); err != nil {
			return halves, err
		}
	}
	return halves, nil
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

// trial is what images say that a profile was not made of: how much they gain with it.
type trial struct {
	scores metric.Options
	sides  [2]rival // the profile before, and the one at hand
	// By image: less KL, fewer bytes, more agreement in percent.
	kl, saved, kept series
}

// rival is one of two profiles, and what it has come to so far.
type rival struct {
	quantized *Quantized
	total     *metric.Comparison
	bytes     int
}

func (s *rival) shadow(values float64) Shadow {
	sum := s.total.Summary()
	return Shadow{sum.Agreement, sum.KL, 8 * float64(s.bytes) / values}
}

// run runs images with both profiles.
func (t *trial) run(ctx context.Context, images *dataset.Inputs, opt RecalibrateOptions) error {
	sides := [2]*Quantized{t.sides[0].quantized, t.sides[1].quantized}
	return parallel.Ordered(ctx, images.Len(), opt.Workers, func(_, i int) (judged, error) {
		return judgeImage(sides[0].net.prog, sides, images, i, t.scores)
	}, func(i int, j judged) error {
		opt.Progress.report("shadow test", "images", i+1, images.Len())
		var is [2]metric.Summary
		for s := range t.sides {
			one := metric.NewComparison(t.scores)
			one.Add(j.records[s])
			t.sides[s].total.Add(j.records[s])
			t.sides[s].bytes += j.bytes[s]
			is[s] = one.Summary()
		}
		t.kl, t.saved = append(t.kl, is[0].KL-is[1].KL), append(t.saved, float64(j.bytes[0]-j.bytes[1]))
		t.kept = append(t.kept, is[1].Agreement-is[0].Agreement)
		return nil
	})
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
	sure     = 2    // standard errors that saved bits must have
	surer    = 2.5  // that other values must have: most of them are not better, and few may be shipped by chance
	least    = .005 // share of bits that tables must save
	moreBits = 1.10 // share of bits that other steps may take, of what they were, then or on clean images
)

// verdict accepts what is better on so many images that chance would hardly do it, and no worse in anything but a few bits; promised are
// those of the profile before on its own images, 0 if they are not known. KL and agreement are means in which an image or two may outweigh
// all others: a fall within its standard error is none, and ranks tell whether there is a gain.
func (r *Recalibrated) verdict(t *trial, promised float64) {
	b, a := r.Before, r.After
	switch {
	case r.Level == RepairTables:
		bits, doubt := t.saved.mean()
		r.Accepted = bits > sure*doubt && b.StoredBits-a.StoredBits > least*b.StoredBits
		r.Why = fmt.Sprintf("bits per value go from %.3f to %.3f; values stay as they are", b.StoredBits, a.StoredBits)
	case t.kept.falls():
		r.Why = fmt.Sprintf("agreement falls from %.2f to %.2f %%", b.Agreement, a.Agreement)
	case t.kl.falls():
		r.Why = fmt.Sprintf("KL rises from %.4g to %.4g", b.KL, a.KL)
	case a.StoredBits > moreBits*max(b.StoredBits, promised):
		r.Why = fmt.Sprintf("bits per value rise from %.3f to %.3f", b.StoredBits, a.StoredBits)
	default:
		better, of := t.kl.above()
		r.Accepted = t.kl.ranks() > surer
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

// ranks is Wilcoxon's signed-rank statistic ("Individual Comparisons by Ranking Methods", Biometrics Bulletin 1, 1945), in standard
// errors: numbers that are not 0 count by the rank of their size.
func (s series) ranks() float64 {
	some := slices.DeleteFunc(slices.Clone(s), func(v float64) bool { return v == 0 })
	slices.SortStableFunc(some, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	sum, square := 0.0, 0.0
	for i, v := range some {
		sum += math.Copysign(float64(i+1), v)
		square += float64(i+1) * float64(i+1)
	}
	return sum / math.Sqrt(max(1, square))
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
	_, err := fmt.Fprintf(w, "%s, level %s, %d images, each judging what the other half of them has made: %s\n"+
		"agreement with float32 %.2f %% before, %.2f %% after; KL %.4g, %.4g; stored bits per value %.3f, %.3f\n",
		word, r.Level, r.Used, r.Why, r.Before.Agreement, r.After.Agreement, r.Before.KL, r.After.KL, r.Before.StoredBits,
		r.After.StoredBits)
	return err
}
