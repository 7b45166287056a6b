package calib

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
	"github.com/dqa-go/dqa/tensor"
)

// Scored is a Source that can score outputs as an evaluation does.
type Scored interface {
	Source
	scorer
}

type scorer interface {
	// Compare scores all outputs for image i against the float network's, and against its label if it has one.
	Compare(i int, ref, got []*tensor.Tensor) (metric.Record, error)
	NewComparison() *metric.Comparison
}

// A trial for a budget runs at most so many times as many images as curves are measured on, and counts frames of at most so many.
const (
	trialBatches = 4
	frameBatches = 2
	maxFrames    = 64
	maxAllFrames = 256 // where all images count
)

func (r *run) frameLimit() int { return min(maxFrames, frameBatches*r.heavyLimit()) }

// split names, of n images that are run, up to limit that a coder is taught on, with even numbers, and as many others whose frames are
// counted: what a coder takes of images that taught it flatters it.
func (r *run) split(n, limit int) (taught, counted []int) {
	pairs := min(n/2, limit)
	for k := range pairs {
		at := k * (n / 2) / pairs * 2
		taught, counted = append(taught, r.trialImage(at, n)), append(counted, r.trialImage(at+1, n))
	}
	if pairs == 0 {
		return []int{0}, []int{0}
	}
	return taught, counted
}

// trialImages are all where something is measured on them that the user asked for.
func (r *run) trialImages() int {
	if r.dial != profile.Budget {
		return r.src.Len()
	}
	return min(r.src.Len(), trialBatches*r.heavyLimit())
}

// trialImage is image k of n: from all over the images, every other one with an odd number.
func (r *run) trialImage(k, n int) int {
	if n == r.src.Len() {
		return k
	}
	return k/2*(r.src.Len()/2)/(n/2)*2 + k%2
}

// heldOut tells whether no corrections are measured on image i; where there is but one, it has to do.
func (r *run) heldOut(i int) bool { return i%2 == 1 || r.src.Len() == 1 }

// Try implements method.Env: a pass that counts codes and compares outputs, then one that makes frames.
func (r *run) Try(edges []profile.Edge, by profile.Corrections) (method.Trial, error) {
	return remembered(r, "trial", edges, []any{by, r.coder(), r.opt.Objective}, func() (method.Trial, error) {
		t, err := r.try(edges, by)
		if r.forecast != nil && err == nil {
			t = r.guessTrial(edges, t)
		}
		return t, err
	})
}

func (r *run) try(edges []profile.Edge, by profile.Corrections) (method.Trial, error) {
	n := r.trialImages()
	t := method.Trial{Images: n}
	prog, err := r.corrected(by)
	if err != nil {
		return t, err
	}
	counts := r.newCounts(edges)
	taught, counted := r.split(n, r.frameLimit())
	sum, heldOut := r.newScore(), r.newScore()
	if err := r.count(prog, n, taught, counts, edges, sum, heldOut); err != nil {
		return t, err
	}
	if sum.images == 0 { // a forecast
		err := r.passOf("frames", prog, len(counted), nil)
		r.limitLast(r.frameLimit())
		return t, err
	}
	var other method.Trial
	heldOut.fill(&other)
	sum.fill(&t)
	t.HeldOut = other.Typical
	t.Bits, t.CodeBits, err = r.storedBits(prog, edges, by, counts, counted)
	return t, err
}

// count runs the trial's n images: outputs are compared, those of held-out images once more apart, and codes counted of those that the
// coder is taught on.
func (r *run) count(prog engine.Program, n int, taught []int, counts *tables.Counts, edges []profile.Edge, sum, heldOut *scoreSum) error {
	images := func(k int) int { return r.trialImage(k, n) }
	return r.passOver("trials", prog, n, images, func(i int, x *tensor.Tensor, prog engine.Program) (func() error, error) {
		float, err := r.float(i, x)
		if err != nil {
			return nil, err
		}
		var image *tables.Counts
		if slices.Contains(taught, i) {
			image = r.newCounts(edges)
		}
		got, err := prog.Run(x, counting(edges, image))
		if err != nil {
			return nil, err
		}
		score, err := r.score(i, float, got)
		return func() error {
			if image != nil {
				counts.Merge(image)
			}
			sum.add(score)
			if r.heldOut(i) {
				heldOut.add(score)
			}
			return nil
		}, err
	})
}

// counting is a hook that quantizes and, unless counts is nil, counts.
func counting(edges []profile.Edge, counts *tables.Counts) engine.Hook {
	var codes dqa.Codes
	return func(i int, data []float32) error {
		codes.Simulate(&edges[i], data)
		if counts != nil {
			counts.Add(i, codes.Wide)
		}
		return nil
	}
}

// countCodes runs the quantized network and counts its codes.
func (r *run) countCodes(phase string, edges []profile.Edge, by profile.Corrections, fresh func([]profile.Edge) *tables.Counts) (
	*tables.Counts, error) {
	prog, err := r.corrected(by)
	if err != nil {
		return nil, err
	}
	total, all := fresh(edges), func(k int) int { return k }
	return total, r.countOver(phase, prog, r.src.Len(), all, total, fresh, edges)
}

// newCounts counts for the coder that stored bits are those of.
func (r *run) newCounts(edges []profile.Edge) *tables.Counts { return tables.NewFor(edges, r.coder()) }

// countOver adds the codes of n images to total, those of each counted in a fresh one.
func (r *run) countOver(phase string, prog engine.Program, n int, image func(k int) int, total *tables.Counts,
	fresh func([]profile.Edge) *tables.Counts, edges []profile.Edge) error {
	return r.passOver(phase, prog, n, image, func(_ int, x *tensor.Tensor, prog engine.Program) (func() error, error) {
		counts := fresh(edges)
		_, err := prog.Run(x, counting(edges, counts))
		return func() error {
			total.Merge(counts)
			return nil
		}, err
	})
}

// StoredBits implements method.Env.
func (r *run) StoredBits(edges []profile.Edge, by profile.Corrections) (float64, error) {
	_, some := r.split(r.trialImages(), r.frameLimit())
	taught, counted := r.split(r.src.Len(), maxAllFrames)
	if len(counted) <= len(some) || r.forecast != nil {
		return 0, nil
	}
	return remembered(r, "stored bits", edges, []any{by, r.coder()}, func() (float64, error) {
		prog, err := r.corrected(by)
		if err != nil {
			return 0, err
		}
		counts := r.newCounts(edges)
		err = r.countOver("frames", prog, len(taught), func(k int) int { return taught[k] }, counts, r.newCounts, edges)
		if err != nil {
			return 0, err
		}
		bits, _, err := r.storedBits(prog, edges, by, counts, counted)
		return bits, err
	})
}

// storedBits makes real frames of images with models of counts: bits per value, and those of every edge's codes in an image.
func (r *run) storedBits(prog engine.Program, edges []profile.Edge, by profile.Corrections, counts *tables.Counts, images []int) (
	float64, []float64, error) {
	p := &Plan{Setting: profile.Setting{Name: "graded", Bits: profile.MaxBits}, Edges: edges, Corrections: by, counts: counts}
	codec, err := dqa.NewCodec(p.Profile(r.coder()))
	if err != nil {
		return 0, nil, err
	}
	bytes, byEdge := 0, make([]int, len(edges))
	image := func(k int) int { return images[k] }
	err = r.passOver("frames", prog, len(images), image, func(_ int, x *tensor.Tensor, prog engine.Program) (func() error, error) {
		enc := codec.NewEncoder()
		ends := make([]int, len(edges))
		_, err := prog.Run(x, func(i int, data []float32) error {
			err := enc.Hook(i, data)
			ends[i] = enc.FrameSize()
			return err
		})
		return func() error {
			bytes += enc.FrameSize()
			begin := frame.HeaderSize
			for i, end := range ends {
				byEdge[i] += end - begin
				begin = end
			}
			return nil
		}, err
	})
	r.limitLast(r.frameLimit())
	codes, n := make([]float64, len(edges)), float64(len(images))
	for i, b := range byEdge {
		codes[i] = max(0, 8*float64(b)/n-method.OtherBits(&codec.Profile().Edges[i]))
	}
	return 8 * float64(bytes) / n / float64(codec.Profile().Elements()), codes, err
}

func (r *run) coder() profile.Coder { return cmp.Or(r.opt.Coder, profile.Smallest) }

// maxKept bounds the outputs of the float network that are kept from trial to trial, in values.
const maxKept = 64 << 20

// float is the float network's outputs. They are kept for as many images as maxKept allows.
func (r *run) float(i int, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	if kept, ok := r.kept.Load(i); ok {
		return kept.([]*tensor.Tensor), nil
	}
	out, err := r.prog.Run(x, nil)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, t := range out {
		n += len(t.Data)
	}
	if (i+1)*n <= maxKept {
		r.kept.Store(i, out)
	}
	return out, nil
}

// score sums over images.
type score struct {
	distortion float64
	record     metric.Record
	unscored   bool
}

type scoreSum struct {
	images     int
	distortion float64
	roots      float64 // of the images' distortions
	all        *metric.Comparison
	unscored   bool
}

func (r *run) newScore() *scoreSum {
	if s, ok := r.src.(Scored); ok {
		return &scoreSum{all: s.NewComparison()}
	}
	return &scoreSum{all: metric.NewComparison(metric.Options{})}
}

func (r *run) score(i int, float, got []*tensor.Tensor) (s score, err error) {
	if scored, ok := r.src.(Scored); ok {
		s.record, err = scored.Compare(i, float, got)
	} else {
		s.record, err = metric.CompareOutputs(r.opt.Outputs, float, got, -1, nil, metric.Options{})
	}
	switch {
	case errors.Is(err, metric.ErrOutput):
		s.unscored = true
	case err != nil:
		return s, err
	case r.measuresKL():
		s.distortion = s.record.KL
		return s, nil
	}
	s.distortion, err = r.measure(r.opt.Objective, float, got)
	return s, err
}

// measuresKL tells whether the objective is the KL that records have, which takes its time where outputs are maps.
func (r *run) measuresKL() bool {
	all := r.opt.Outputs.All
	return r.opt.Objective == (Objective{}) && len(all) == 1 && r.opt.Outputs.Scored == 0 && all[0].Kind == metric.Maps &&
		!all[0].Probabilities
}

func (s *scoreSum) add(v score) {
	s.images++
	s.distortion += v.distortion
	s.roots += math.Sqrt(max(0, v.distortion))
	if v.unscored {
		s.unscored = true
		return
	}
	s.all.Add(v.record)
}

func (s *scoreSum) fill(t *method.Trial) {
	t.Distortion = s.distortion / float64(s.images)
	root := s.roots / float64(s.images)
	t.Typical = root * root
	if s.unscored {
		t.KL, t.Agreement, t.Drop = math.NaN(), math.NaN(), math.NaN()
		return
	}
	sum := s.all.Summary()
	t.KL, t.Agreement = sum.Worst()
	if math.IsNaN(t.Agreement) { // values alone, whose distance is no KL
		t.KL = math.NaN()
	}
	t.Drop = sum.Drop
}
