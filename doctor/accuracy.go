package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
)

// outcome is what the network makes of the sample under one preprocessing.
type outcome struct {
	// accuracy of every image, 0..1, by label shift -1, 0, 1.
	accuracy [3][]float64
	// table counts images by label and by predicted class; nil for masks.
	table     map[int]map[int]int
	nonFinite int // images
}

// shifts of labels that are tried.
var shifts = [3]int{-1, 0, 1}

// score is a mean with its standard error, in percent.
func score(v []float64) (mean, se float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	squares := 0.0
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	return 100 * mean, 100 * math.Sqrt(squares/max(1, n-1)/n)
}

// gain is how much better b is than a on the same images, with its standard error.
func gain(a, b []float64) (points, se float64) {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = b[i] - a[i]
	}
	return score(d)
}

// rounds of alternatives: two wrong settings are found one after the other.
const rounds = 3

// examineAccuracy looks for a better alternative, one setting after the other; likely is one that other evidence names, or
// nil. It returns the best preprocessing; nil where labels cannot tell.
func examineAccuracy(
	ctx context.Context, s *Subject, sample []int, likely *profile.Preprocess,
) ([]Check, *profile.Preprocess, error) {
	c := Check{Name: "preprocessing and labels", Status: Skipped, Finding: "the data has no labels: alternatives cannot be judged"}
	if s.Data.Labels() == dataset.Unlabelled {
		return []Check{c}, nil, nil
	}
	if err := s.chooseOutput(); err != nil {
		c.Status, c.Finding = Problem, err.Error()
		c.Mend = "--output NAME, or labels of another kind"
		return []Check{c}, nil, nil
	}
	labels, ok, err := checkLabels(s, sample)
	if errors.Is(err, dataset.ErrLabel) {
		return []Check{unreadable(err)}, nil, nil
	}
	if err != nil || !ok {
		return []Check{labels}, nil, err
	}
	search := &search{s: s, sample: sample, tried: map[string]*candidate{}, likely: likely}
	best, err := search.run(ctx)
	if errors.Is(err, dataset.ErrLabel) {
		return []Check{labels, unreadable(err)}, nil, nil
	}
	if err != nil {
		var unscored unscorable
		if errors.As(err, &unscored) {
			c.Finding = unscored.Error()
			return []Check{labels, c}, nil, nil
		}
		return nil, nil, err
	}
	found := append([]Check{labels}, search.judge(best)...)
	if found[1].Status == Skipped {
		return found, nil, nil
	}
	whole := best.whole()
	return found, &whole, nil
}

// unreadable says why labels cannot be read: of masks in colours, for example.
func unreadable(err error) Check {
	return Check{
		Name: "labels", Status: Problem, Finding: err.Error(),
		Mend: "--palette COLOURS for masks in colours, --ignore LABELS for what is no class, else labels as the finding asks for",
	}
}

// checkLabels compares the range of the labels with the network's classes.
func checkLabels(s *Subject, sample []int) (Check, bool, error) {
	c := Check{Name: "label range", Status: OK}
	classes := numClasses(s)
	low, high := math.MaxInt, -1
	see := func(class int) {
		if s.output.Kind == metric.Presence && class == 255 {
			class = 1
		}
		if !slices.Contains(s.Preprocess.Ignore, class) {
			low, high = min(low, class), max(high, class)
		}
	}
	if err := s.eachLabel(sample, see); err != nil {
		return c, false, err
	}
	shift := s.Preprocess.LabelShift
	c.Finding = fmt.Sprintf("classes %d to %d in %d images; the network has %d", low, high, len(sample), classes)
	switch {
	case high+shift >= classes || low+shift < 0:
		c.Status = Problem
		c.Mend = "give the labels of the network's own data set, or --ignore LABELS"
		for _, k := range shifts {
			if low+k >= 0 && high+k < classes {
				s.Preprocess.LabelShift = k
				c.Mend = fmt.Sprintf("--label-shift %d", k)
				return c, true, nil
			}
		}
		return c, false, nil
	case s.Data.Labels() == dataset.ClassLabels && high == low && len(sample) > 1:
		c.Status, c.Mend = Warning, "give images of several classes"
		c.Finding += "; all labels are equal"
	}
	return c, true, nil
}

// chooseOutput finds the output that the labels are for.
func (s *Subject) chooseOutput() error {
	kind := s.Data.Labels()
	outputs, err := metric.OutputsOf(s.Program.Graph(), metric.Labels{
		Classes: kind == dataset.ClassLabels, Masks: kind == dataset.MaskLabels, Output: s.Output, Probabilities: s.Probabilities,
	})
	if err == nil {
		s.scored, s.output = outputs.Scored, outputs.All[outputs.Scored]
	}
	return err
}

func numClasses(s *Subject) int {
	switch {
	case s.output.Kind == metric.Presence:
		return 2
	case len(s.output.Shape) < 2:
		return 0
	}
	return s.output.Shape[1]
}

// candidate is a preprocessing with what it gives.
type candidate struct {
	pre   profile.Preprocess // labels are shifted as the subject says, and by shift besides
	shift int                // index into shifts
	outcome
}

// whole is the preprocessing with the shift in it.
func (c *candidate) whole() profile.Preprocess {
	p := c.pre
	p.LabelShift += shifts[c.shift]
	return p
}

// flags lead from a preprocessing to the candidate.
func (c *candidate) flags(from profile.Preprocess) string { return flags(from, c.whole()) }

func (c *candidate) hits() []float64 { return c.accuracy[c.shift] }

// search climbs from the subject's preprocessing to better neighbours.
type search struct {
	s      *Subject
	sample []int
	tried  map[string]*candidate // by preprocessing: label shifts are judged by the same runs
	start  *candidate
	likely *profile.Preprocess // is tried, too; nil: none
	next   *candidate          // the best alternative that was not clearly better

	phase       string
	done, total int // images of the phase
}

func (q *search) run(ctx context.Context) (*candidate, error) {
	best := &candidate{pre: q.s.Preprocess, shift: 1}
	q.begin("running the network", 1)
	if err := q.evaluate(ctx, best); err != nil {
		return nil, err
	}
	q.start = best
	for round := range rounds {
		q.phase = fmt.Sprintf("trying alternatives (%d)", round+1)
		better, err := q.improve(ctx, best)
		if err != nil {
			return nil, err
		}
		if better == nil {
			break
		}
		best = better
	}
	return best, nil
}

func (q *search) begin(phase string, runs int) {
	q.phase, q.done, q.total = phase, 0, runs*len(q.sample)
}

// improve tries all neighbours and returns the best, if it is clearly better.
func (q *search) improve(ctx context.Context, from *candidate) (*candidate, error) {
	var all []*candidate
	for k, shift := range shifts {
		total := q.s.Preprocess.LabelShift + shift
		if k == from.shift || from.shift != 1 || total < -1 || total > 1 {
			continue
		}
		c := *from // the same runs, judged by shifted labels
		c.shift = k
		if !q.chance(&c) {
			all = append(all, &c)
		}
	}
	neighbours := changes(from.pre, q.s.Program.Graph().Input.Shape, q.s.tops)
	if q.likely != nil && flags(from.pre, *q.likely) != "" {
		likely := *q.likely
		likely.LabelShift = from.pre.LabelShift
		neighbours = append(neighbours, likely)
	}
	q.begin(q.phase, len(neighbours))
	for _, pre := range neighbours {
		c := &candidate{pre: pre, shift: from.shift}
		if err := q.evaluate(ctx, c); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	var best *candidate
	for _, c := range all {
		if points, se := gain(from.hits(), c.hits()); points >= clearPoints && points > clearErrors*se && (best == nil || mean(c) > mean(best)) {
			best = c
		}
		if q.next == nil || mean(c) > mean(q.next) {
			q.next = c
		}
	}
	return best, nil
}

// chance tells whether an accuracy may be due to what a network does that makes nothing of its inputs: it gives all of
// them the same class, which is that of some labels once they are shifted.
func (q *search) chance(c *candidate) bool {
	if c.table == nil || q.s.Data.Labels() != dataset.ClassLabels {
		return false
	}
	accuracy, se := score(c.hits())
	_, constant := purities(transposed(c.table))
	return accuracy-clearErrors*se <= 100*constant
}

// A setting is clearly better by so many points and so many standard errors.
const (
	clearPoints = 2
	clearErrors = 3
)

func mean(c *candidate) float64 {
	m, _ := score(c.hits())
	return m
}

// unscorable means that the outputs are not those of a classifier or a segmenter.
type unscorable struct{ error }

// evaluate runs the network on the sample.
func (q *search) evaluate(ctx context.Context, c *candidate) error {
	key := fmt.Sprintf("%+v", c.pre)
	if known, ok := q.tried[key]; ok {
		c.outcome = known.outcome
		return nil
	}
	q.tried[key] = &candidate{pre: c.pre, shift: 1}
	defer func() { q.tried[key].outcome = c.outcome }()
	in, err := dataset.NewInputs(q.s.Data, c.pre, q.s.Program.Graph().Input.Shape)
	if err != nil {
		return err
	}
	c.table = map[int]map[int]int{}
	type result struct {
		accuracy         [3]float64
		label, predicted int
		finite           bool
	}
	return parallel.Ordered(ctx, len(q.sample), q.s.Workers, func(_, k int) (r result, err error) {
		ex, err := in.Example(q.sample[k])
		if err != nil {
			return r, err
		}
		out, err := q.s.Program.Run(ex.Input, nil)
		if err != nil {
			return r, err
		}
		for i, shift := range shifts {
			label, mask := shifted(ex, shift, numClasses(q.s))
			a, loss, err := metric.Judge(out[q.s.scored], label, mask, metric.Options{Probabilities: q.s.output.Probabilities})
			if err != nil {
				return r, unscorable{err}
			}
			r.accuracy[i] = a
			r.finite = !math.IsInf(loss, 1)
		}
		r.label, r.predicted = ex.Label, q.predicted(out[q.s.scored].Data)
		return r, nil
	}, func(k int, r result) error {
		for i, a := range r.accuracy {
			c.accuracy[i] = append(c.accuracy[i], a)
		}
		if !r.finite {
			c.nonFinite++
		}
		if c.table[r.label] == nil {
			c.table[r.label] = map[int]int{}
		}
		c.table[r.label][r.predicted]++
		q.done++
		if q.s.Progress != nil {
			q.s.Progress(q.phase, q.done, q.total)
		}
		return nil
	})
}

// shifted labels that leave the classes wrap around: they are wrong either way.
func shifted(ex dataset.Example, shift, classes int) (int, []int32) {
	wrap := func(class int) int {
		if class < 0 || shift == 0 {
			return class
		}
		return (class + shift + classes) % classes
	}
	if ex.Mask == nil {
		return wrap(ex.Label), nil
	}
	mask := make([]int32, len(ex.Mask))
	for i, c := range ex.Mask {
		mask[i] = int32(wrap(int(c)))
	}
	return ex.Label, mask
}

// predicted is the class that the outputs of one image stand for.
func (q *search) predicted(v []float32) int {
	if q.s.output.Kind != metric.Presence {
		return argMax(v)
	}
	even := float32(0)
	if q.s.output.Probabilities {
		even = .5
	}
	if v[0] > even {
		return 1
	}
	return 0
}

func argMax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
