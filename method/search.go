package method

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// search finds the rung that a dial asks for. Curves predict, whole quantized networks decide.
type search struct {
	env     Env
	setting profile.Setting
	*ladder
	tried map[int]*attempt
	known map[corrections]*attempt
	ratio float64 // of measured to predicted bits
	share float64 // of what all images take to what those of trials do
}

// attempt is one choice of steps, measured.
type attempt struct {
	rung  int
	edges []profile.Edge
	profile.Corrections
	Trial
}

func newSearch(env Env, s profile.Setting, l *ladder) *search {
	return &search{env: env, setting: s, ladder: l, tried: map[int]*attempt{}, known: map[corrections]*attempt{}, ratio: 1, share: 1}
}

// withinBudget allows for what other images take.
const withinBudget = 1.002

func (s *search) run() (*Plan, error) {
	find := s.threshold
	if s.setting.Dial == profile.Budget {
		find = s.budget
	}
	a, note, err := find()
	if err != nil {
		return nil, err
	}
	e := s.evidence(a.rung)
	for i := range a.edges { // a step between two of the grid
		if step := a.edges[i].Steps[0] / s.edges[i].Steps[0]; step != e.Chosen[i].Step {
			p := readCurve(s.grids[i], s.asked[i], step)
			e.Chosen[i] = profile.CurvePoint{Step: step, Distortion: float32(p.Distortion), Bits: float32(p.Bits)}
		}
	}
	e.Images, e.Distortion = a.Images, s.env.Distortion()
	e.MeasuredDistortion, e.MeasuredBits = float32(a.Distortion), float32(a.Bits)
	e.MeasuredKL, e.MeasuredAgreement = float32(a.KL), float32(a.Agreement)
	return &Plan{Edges: a.edges, Corrections: a.Corrections, Evidence: e, Channels: s.channels(), Note: note, Reached: &a.Trial}, nil
}

// try measures a rung.
func (s *search) try(rung int) (*attempt, error) {
	if a := s.tried[rung]; a != nil {
		return a, nil
	}
	a, err := s.measure(rung, s.at(rung))
	s.tried[rung] = a
	return a, err
}

func (s *search) measure(rung int, edges []profile.Edge) (*attempt, error) {
	return s.attempt(rung, edges, profile.Corrections{})
}

func (s *search) attempt(rung int, edges []profile.Edge, by profile.Corrections) (*attempt, error) {
	t, err := s.env.Try(edges, by)
	t.Bits *= s.share
	return &attempt{rung: rung, edges: edges, Corrections: by, Trial: t}, err
}

// channels tells whether steps are per channel.
func (s *search) channels() bool {
	return slices.ContainsFunc(s.edges, func(e profile.Edge) bool { return e.Scale.PerChannel() })
}

// meansOrNot are searches without and with means of channels, as far as there is a choice.
func (s *search) meansOrNot() (all []*search) {
	edges, some := withMeans(s.edges)
	for _, with := range s.env.Choices().means().options() {
		switch {
		case !with || !some:
			all = append(all, s)
		default:
			l := *s.ladder
			l.edges = edges
			all = append(all, newSearch(s.env, s.setting, &l))
		}
		if !some {
			break
		}
	}
	return all
}

// corrected adds those corrections that help most.
func (s *search) corrected(a *attempt) (*attempt, error) {
	best := a
	for _, gains := range s.env.Choices().Gains.options() {
		b, err := s.correctedBy(a, gains)
		if err != nil {
			return nil, err
		}
		if b != a && !s.worse(b, best) {
			best = b
		}
	}
	return best, nil
}

// corrections are the answer to a question that is asked again.
type corrections struct {
	of    *attempt
	gains bool
}

// correctedBy is a with biases, and gains or not; a itself if there is nothing to correct.
func (s *search) correctedBy(a *attempt, gains bool) (*attempt, error) {
	if b := s.known[corrections{a, gains}]; b != nil {
		return b, nil
	}
	by, err := s.env.Correct(a.edges, gains)
	if err != nil {
		return nil, err
	}
	b := a
	if len(by.Gain)+len(by.Bias) > 0 {
		if b, err = s.attempt(a.rung, a.edges, by); err != nil {
			return nil, err
		}
	}
	s.known[corrections{a, gains}] = b
	return b, nil
}

// Predictions count as good from this share of their error on; more than a few lessons teach nothing.
const (
	predicted   = .02
	mostLessons = 2
)

// firstWithin is the first rung whose bits are within the goal as far as curves tell, which learn from what frames took.
func (s *search) firstWithin(goal float64) (a *attempt, err error) {
	for lessons := 0; ; {
		rung := s.below(goal, s.ratio)
		if s.tried[rung] != nil {
			return s.tried[rung], nil
		}
		if a, err = s.try(rung); err != nil {
			return nil, err
		}
		s.ratio = a.Bits / s.bits[rung]
		if len(a.CodeBits) == 0 || s.factors != nil && math.Abs(s.ratio-1) < predicted || lessons == mostLessons {
			continue
		}
		s.ladder = s.learned(s.env, rung, a.Trial)
		s.tried, s.known, s.ratio = map[int]*attempt{}, map[corrections]*attempt{}, 1
		lessons++
	}
}

// weigh looks at what all images take where trials look at a part of them.
func (s *search) weigh(a *attempt) error {
	all, err := s.env.StoredBits(a.edges, a.Corrections)
	if err != nil || all == 0 {
		return err
	}
	share := all / a.Bits
	s.share *= share
	for _, b := range s.tried {
		b.Bits *= share
	}
	for k, b := range s.known {
		if b != k.of {
			b.Bits *= share
		}
	}
	s.ratio *= share
	return nil
}

// budget takes the most bits within the goal.
func (s *search) budget() (a *attempt, note string, err error) {
	goal := s.setting.Goal
	if a, err = s.firstWithin(goal); err != nil {
		return nil, "", err
	}
	if err = s.weigh(a); err != nil {
		return nil, "", err
	}
	if a, err = s.withinGoal(goal); err != nil {
		return nil, "", err
	}
	if a.Bits > goal*withinBudget {
		return a, fmt.Sprintf("the coarsest steps take %.2f stored bits per value, more than the budget", a.Bits), nil
	}
	if a, err = s.refine(a, goal); err != nil {
		return nil, "", err
	}
	if a, err = s.betterNeighbour(a); err != nil {
		return nil, "", err
	}
	if a, err = s.fill(a, goal); err != nil {
		return nil, "", err
	}
	if a, err = s.correctedWithin(a, goal); err != nil {
		return nil, "", err
	}
	if a, err = s.finerCorrected(a, goal); err != nil {
		return nil, "", err
	}
	return a, s.budgetNote(a, goal), nil
}

// correctedWithin is corrected for a budget: biases change what codes take, so that coarser rungs may be due.
func (s *search) correctedWithin(a *attempt, goal float64) (*attempt, error) {
	from := a
	for range moreTries {
		b, err := s.corrected(from)
		if err != nil || b == from || s.worse(b, a) {
			return a, err
		}
		if b.Bits <= goal*withinBudget {
			return b, nil
		}
		rung := max(from.rung+1, s.below(goal, b.Bits/s.bits[from.rung]))
		if rung == s.rungs() {
			break
		}
		if from, err = s.try(rung); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// finerCorrected uses what corrections leave of a budget: gains make codes smaller.
func (s *search) finerCorrected(a *attempt, goal float64) (*attempt, error) {
	for range moreTries {
		rung := s.below(goal, a.Bits/s.bits[a.rung])
		if len(a.Bias) == 0 || a.Bits >= .99*goal || rung >= a.rung {
			break
		}
		from, err := s.try(rung)
		if err != nil {
			return nil, err
		}
		b, err := s.correctedBy(from, len(a.Gain) > 0)
		if err != nil {
			return nil, err
		}
		if b.Bits > goal*withinBudget || b.HeldOut >= a.HeldOut {
			break
		}
		a = b
	}
	return a, nil
}

// worse tells whether the outputs of a are no nearer to the float network's than those of b, on images that corrections are not measured
// on, at the same bits. Differences below a few percent are noise.
func (s *search) worse(a, b *attempt) bool { return a.at(b.Bits) >= clearly*b.HeldOut }

// clearly better is what is below so much of the other.
const clearly = .97

// withinGoal is the finest rung that is within the goal, as far as a few more tries tell.
func (s *search) withinGoal(goal float64) (*attempt, error) {
	within := func(a *attempt) bool { return a.Bits <= goal*withinBudget }
	rung := -1 // the finest tried that is within
	last := 0
	for r, a := range s.tried {
		last = max(last, r)
		if within(a) && (rung < 0 || r < rung) {
			rung = r
		}
	}
	if rung < 0 {
		for rung = last; ; rung++ {
			if a, err := s.try(rung); err != nil || within(a) || rung == s.rungs()-1 {
				return a, err
			}
		}
	}
	for range moreTries {
		if rung == 0 {
			break
		}
		a, err := s.try(rung - 1)
		if err != nil {
			return nil, err
		}
		if !within(a) {
			break
		}
		rung--
	}
	return s.tried[rung], nil
}

// moreTries is how many rungs are tried one by one.
const moreTries = 3

// refine uses up what is left of the budget by going back a part of the last move. Grids of powers of two stay.
func (s *search) refine(a *attempt, goal float64) (*attempt, error) {
	if a.rung == 0 || a.Bits >= .995*goal || s.setting.Pow2 {
		return a, nil
	}
	m := s.moves[a.rung-1]
	saved := s.bits[a.rung-1] - s.bits[a.rung]
	share := min(.9, (.999*goal-a.Bits)/saved)
	from, to := float64(s.grids[m.edge][m.from]), float64(s.grids[m.edge][m.to])
	edges := s.at(a.rung)
	edges[m.edge].Steps = scaled(s.edges[m.edge].Steps, float32(to*math.Pow(from/to, share)))
	b, err := s.measure(a.rung, edges)
	if err != nil || b.Bits > goal*withinBudget || b.Typical > a.Typical/clearly {
		return a, err
	}
	return b, nil
}

// betterNeighbour looks at the next rungs: quality is not monotone in the steps, but what is no clear difference is none.
func (s *search) betterNeighbour(a *attempt) (*attempt, error) {
	best := a
	for rung := a.rung + 1; rung <= min(a.rung+2, s.rungs()-1); rung++ {
		b, err := s.try(rung)
		if err != nil {
			return nil, err
		}
		if b.Typical < clearly*best.Typical {
			best = b
		}
	}
	return best, nil
}

// threshold is the coarsest rung that keeps to the goal, as far as bisection finds it.
func (s *search) threshold() (best *attempt, note string, err error) {
	low, high := 0, s.rungs()-1 // low keeps to it, or nothing does
	for low <= high {
		rung := (low + high) / 2
		a, err := s.try(rung)
		if err == nil {
			a, err = s.corrected(a)
		}
		if err != nil {
			return nil, "", err
		}
		s.tried[rung] = a
		if math.IsNaN(s.measured(a)) {
			return nil, "", fmt.Errorf("%w: %s %w: %s", ErrSetting, s.setting.Dial, ErrUnmeasured, unmeasured[s.setting.Dial])
		}
		if s.keeps(a) {
			best, low = a, rung+1
		} else {
			high = rung - 1
		}
	}
	if best != nil {
		best, err = s.coarsen(best)
		return best, "", err
	}
	return s.tried[0], fmt.Sprintf("%s %g is not reached: the finest steps give KL %.3g, agreement %.2f %%, drop %.2f", s.setting.Dial,
		s.setting.Goal, s.tried[0].KL, s.tried[0].Agreement, s.tried[0].Drop), nil
}

// unmeasured says why.
var unmeasured = map[profile.Dial]string{
	profile.MaxKL:        "the outputs are not those of a classifier or a segmenter",
	profile.MinAgreement: "the outputs are not those of a classifier or a segmenter",
	profile.MaxDrop:      "the calibration images have no labels",
}

// measured is what the dial speaks of.
func (s *search) measured(a *attempt) float64 {
	switch s.setting.Dial {
	case profile.MaxKL:
		return a.KL
	case profile.MinAgreement:
		return a.Agreement
	}
	return a.Drop
}

func (s *search) keeps(a *attempt) bool {
	if s.setting.Dial == profile.MinAgreement {
		return s.measured(a) >= s.setting.Goal
	}
	return s.measured(a) <= s.setting.Goal
}
