package doctor

import (
	"context"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
)

// guess is a preprocessing as it looks without labels.
type guess struct {
	pre        profile.Preprocess
	distance   float64   // from the statistics of training, nats; NaN: there are none
	confidence []float64 // of every image: the largest probability, mean over positions
	deviation  float64   // of the inputs
	own        bool      // it is made of the sample's own mean and deviation
}

// unlabelled judges preprocessings without labels.
type unlabelled struct {
	s        *Subject
	sample   []int
	observed *observed
	done     func()
}

// Samples for statistics are small: a few images have many values.
const (
	statisticsProducts = 1 << 33
	statisticsMost     = 24
	statisticsLeast    = 4
)

// examineStatistics compares preprocessings by what training has left in the network and by how sure the network is. It
// returns the best one, too.
func examineStatistics(ctx context.Context, s *Subject) (Check, *profile.Preprocess, error) {
	c := Check{Name: "preprocessing, without labels", Status: Skipped, Finding: "nothing in the network tells what its inputs were like"}
	o, err := s.observe()
	if err != nil || o == nil && !s.hasClasses() {
		return c, nil, err
	}
	n := min(max(statisticsProducts/max(1, s.Program.Graph().AllProducts()), statisticsLeast), statisticsMost)
	u := &unlabelled{s: s, sample: spread(s.Data.Len(), int(n)), observed: o}
	all, err := u.candidates()
	if err != nil {
		return c, nil, err
	}
	count := 0
	u.done = func() {
		if count++; s.Progress != nil {
			s.Progress("statistics of training", count, len(all)*len(u.sample))
		}
	}
	for i := range all {
		if err := u.evaluate(ctx, &all[i]); err != nil {
			return c, nil, err
		}
	}
	if o == nil {
		best := surest(all)
		c = u.judgeConfidence(&all[0], best)
		return c, nil, nil // a hint, not evidence
	}
	best := nearest(all)
	return u.judgeDistance(&all[0], best), &best.pre, nil
}

// hasClasses tells whether an output's confidence can be told, and chooses it.
func (s *Subject) hasClasses() bool { return s.chooseOutput() == nil && s.scored >= 0 }

// candidates are the subject's preprocessing, its neighbours, those with the other order of channels, and normalizations
// made of the images themselves.
func (u *unlabelled) candidates() ([]guess, error) {
	p, shape := u.s.Preprocess, u.s.Program.Graph().Input.Shape
	pres := append([]profile.Preprocess{p}, changes(p, shape, u.s.tops)...)
	if channelsOf(p, shape) == 3 {
		for _, q := range pres {
			if q.Channels == p.Channels {
				if q.Channels = "bgr"; p.Channels == "bgr" {
					q.Channels = "rgb"
				}
				pres = append(pres, q)
			}
		}
	}
	var all []guess
	for _, q := range pres {
		all = append(all, guess{pre: q})
	}
	own, err := u.s.ownStatistics(p, u.sample)
	for _, q := range own {
		all = append(all, guess{pre: q, own: true})
	}
	return all, err
}

func (u *unlabelled) evaluate(ctx context.Context, g *guess) error {
	in, err := dataset.NewInputs(u.s.Data, g.pre, u.s.Program.Graph().Input.Shape)
	if err != nil {
		return err
	}
	moments := u.observed.newTotals()
	var inputs sums
	prog := u.s.Program
	if u.observed != nil {
		prog = u.observed.prog
	}
	type result struct {
		seen       [][]sums
		input      sums
		confidence float64
	}
	err = parallel.Ordered(ctx, len(u.sample), u.s.Workers, func(_, k int) (r result, err error) {
		x, err := in.Input(u.sample[k])
		if err != nil {
			return r, err
		}
		r.input = channelSums(x.Data, 1)[0]
		seen, hook := u.observed.hook()
		out, err := prog.Run(x, hook)
		if err == nil && u.s.scored >= 0 {
			r.confidence = confidence(out[u.s.scored].Data, out[u.s.scored].Shape, u.s.output.Probabilities)
		}
		r.seen = seen
		return r, err
	}, func(_ int, r result) error {
		addAll(moments, r.seen)
		inputs.add(r.input)
		g.confidence = append(g.confidence, r.confidence)
		u.done()
		return nil
	})
	g.distance = u.observed.distance(moments)
	g.deviation = math.Sqrt(max(0, inputs.squares/inputs.n-inputs.sum*inputs.sum/inputs.n/inputs.n))
	return err
}

// confidence is the mean of the largest probability over the positions of an output 1 x K x ...; of one channel, that of
// the class or its absence.
func confidence(v []float32, shape []int, probabilities bool) float64 {
	classes := 1
	if len(shape) > 1 {
		classes = shape[1]
	}
	n, total := len(v)/classes, 0.0
	for i := range n {
		top, sum := math.Inf(-1), 0.0
		for c := range classes {
			top = max(top, float64(v[c*n+i]))
		}
		switch {
		case probabilities && classes == 1:
			total += max(top, 1-top)
			continue
		case probabilities:
			total += top
			continue
		case classes == 1:
			total += 1 / (1 + math.Exp(-math.Abs(top)))
			continue
		}
		for c := range classes {
			sum += math.Exp(float64(v[c*n+i]) - top)
		}
		total += 1 / sum
	}
	return total / float64(max(n, 1))
}

// Distances from training that differ by less tell nothing: other images than those of training differ, too.
const (
	nearRatio = 1.25
	nearNats  = 0.01
)

func near(d, least float64) bool { return d <= nearRatio*least+nearNats }

// nearest is the guess nearest to training. Among those that are near, the subject's own (the first) gives way only to one
// that is clearly surer, and a well-known normalization goes before a made one; else the surest is it.
func nearest(all []guess) *guess {
	least := math.Inf(1)
	for i := range all {
		least = min(least, all[i].distance)
	}
	var best *guess
	for i := range all {
		g := &all[i]
		if !near(g.distance, least) {
			continue
		}
		surest := best != nil && sum(g.confidence) > sum(best.confidence)
		if best == &all[0] {
			surest = surer(g, best)
		}
		if best == nil || best.own && !g.own || best.own == g.own && surest {
			best = g
		}
	}
	return best
}

// surer tells whether a is clearly surer than b, image by image.
func surer(a, b *guess) bool {
	points, se := gain(b.confidence, a.confidence)
	return points > clearPoints && points > clearErrors*se
}

// surest is the guess whose confidence is highest; inputs that are unusually large saturate a network and prove nothing.
func surest(all []guess) *guess {
	best := &all[0]
	for i := range all {
		const usual = 4
		if g := &all[i]; !g.own && g.deviation < usual && surer(g, best) {
			best = g
		}
	}
	return best
}

// A preprocessing is wrong where another one is so much nearer to training.
const (
	wrongRatio = 1.5
	wrongNats  = 0.1
)

func (u *unlabelled) judgeDistance(start, best *guess) Check {
	c := Check{Name: "preprocessing, without labels", Status: OK}
	c.Finding = fmt.Sprintf("values in the network are %.2g nats from those of its training", start.distance)
	switch {
	case start == best:
	case start.distance > wrongRatio*best.distance+wrongNats:
		c.Status, c.Mend = Problem, flags(start.pre, best.pre)
		c.Finding += fmt.Sprintf("; with the flags below %.2g", best.distance)
		if best.own {
			c.Finding += " (mean and std of these images stand in for those of the training's)"
		}
	case surer(best, start) && !best.own:
		now, _ := score(start.confidence)
		then, _ := score(best.confidence)
		c.Status, c.Mend = Warning, flags(start.pre, best.pre)
		c.Finding += fmt.Sprintf(", and with the flags below %.2g, but then the network is surer of its answers (%.1f %% instead of %.1f %%)",
			best.distance, then, now)
	}
	return c
}

func (u *unlabelled) judgeConfidence(start, best *guess) Check {
	c := Check{Name: "preprocessing, without labels", Status: OK}
	now, _ := score(start.confidence)
	c.Finding = fmt.Sprintf("the network is %.1f %% sure of its answers; nothing else in it tells what its inputs were like", now)
	const much = 10 // points
	if then, _ := score(best.confidence); best != start && then-now >= much {
		c.Status, c.Mend = Warning, flags(start.pre, best.pre)
		c.Finding = fmt.Sprintf("the network is %.1f %% sure of its answers, and %.1f %% with the flags below: a hint, labels would tell",
			now, then)
	}
	return c
}
