package pilot

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Budgets that are tried, in stored bits per value: the search begins with firstBudget, goes down or up by factors until the limit
// lies between two, and then tries one between them. Budgets with names are tried in any case.
const (
	firstBudget           = float64(session.DefaultBudget)
	budgetFactor          = 1.45
	leastBudget, mostBits = .15, 8.
	mostBudgets           = 7
	mostRivals            = 3
)

// baselineBits are those of plain rounding, whose codes are coded by the same coder: what anybody would try first.
var baselineBits = []int{8, 6, 5, 4, 3}

// candidate is a setting with its profile.
type candidate struct {
	Setting string  `json:"setting"`
	Ours    bool    `json:"graded"`
	Budget  float64 `json:"budget"`
	Profile []byte  `json:"profile"`
	Choice  Outcome `json:"choice"`
	Seconds float64 `json:"seconds"` // of calibrating it, processor time; what settings share counts for the first
}

// within is the rule: what is chosen keeps the limit by its standard error.
func within(o Outcome, limit float64) bool { return o.Loss.Value+o.SE <= limit }

// searchBudgets asks for settings until the limit is found: ask measures a budget on the choice part.
func searchBudgets(limit float64, ask func(budget float64) (Outcome, error)) error {
	budget, kept, failed := firstBudget, 0., 0.
	for n := 0; n < mostBudgets; n++ {
		o, err := ask(budget)
		if err != nil {
			return err
		}
		if within(o, limit) {
			kept = budget
		} else {
			failed = budget
		}
		switch {
		case failed == 0:
			budget = nextBudget(budget, 1/budgetFactor)
		case kept == 0:
			budget = nextBudget(budget, budgetFactor)
		default:
			if kept/failed < 1.12 {
				return nil
			}
			budget = round2((kept + failed) / 2)
		}
		if budget < leastBudget || budget > mostBits || failed > 0 && o.StoredBits.Value > 0 && budget == kept {
			return nil
		}
	}
	return nil
}

func round2(v float64) float64 { return float64(int(v*100+.5)) / 100 }

// tryOurs calibrates graded at a budget and measures it on the choice part; finished work is taken from the folder.
func (r *run) tryOurs(ctx context.Context, budget float64) (Outcome, error) {
	v := session.Variant{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: budget}, Seed: r.opt.Seed}
	c, err := r.try(ctx, fmt.Sprintf("graded:budget=%g", budget), v)
	c.Ours, c.Budget = true, budget
	r.candidates = append(r.candidates, c)
	return c.Choice, err
}

// tryBaseline does the same with plain rounding.
func (r *run) tryBaseline(ctx context.Context, bits int) error {
	s := profile.Setting{Name: "direct", Bits: bits, Unsigned: true}
	c, err := r.try(ctx, fmt.Sprintf("direct:unsigned, %d bits", bits), session.Variant{Setting: s, Seed: r.opt.Seed})
	r.candidates = append(r.candidates, c)
	return err
}

func (r *run) try(ctx context.Context, name string, v session.Variant) (candidate, error) {
	return step(r, "choice "+name, func() (c candidate, err error) {
		start := cpu.Time()
		made, err := r.calibrator.Calibrate(ctx, v)
		if err != nil {
			return c, err
		}
		c = candidate{Setting: name, Profile: made.Profile.Append(nil), Seconds: (cpu.Time() - start).Seconds()}
		q, err := r.net.Bind(made.Profile)
		if err != nil {
			return c, err
		}
		m, err := r.compare(ctx, "choosing: "+name, r.choice, stored(q), false)
		if err != nil {
			return c, err
		}
		c.Choice = m.Outcome
		return c, nil
	})
}

// choose measures all settings on the choice part.
func (r *run) choose(ctx context.Context) error {
	err := searchBudgets(r.opt.Limit, func(budget float64) (Outcome, error) { return r.tryOurs(ctx, budget) })
	if err != nil {
		return err
	}
	for _, t := range session.Tiers() {
		if !r.tried(t.Budget) {
			if _, err := r.tryOurs(ctx, t.Budget); err != nil {
				return err
			}
		}
	}
	for _, bits := range baselineBits {
		if err := r.tryBaseline(ctx, bits); err != nil {
			return err
		}
	}
	return r.rival(ctx)
}

// rival tries graded below the bits of the baseline that keeps the limit, if that has fewer: losses of few images do not rise evenly, and
// a search that stopped early must not make plain rounding look better than it is.
func (r *run) rival(ctx context.Context) error {
	best := func(ours bool) float64 {
		bits := math.Inf(1)
		for _, c := range r.candidates {
			if c.Ours == ours && within(c.Choice, r.opt.Limit) {
				bits = min(bits, c.Choice.StoredBits.Value)
			}
		}
		return bits
	}
	for range mostRivals {
		base := best(false)
		if best(true) <= base {
			return nil
		}
		budget := round2(.97 * base)
		for r.tried(budget) {
			budget = round2(.9 * budget)
		}
		if budget < leastBudget {
			return nil
		}
		if _, err := r.tryOurs(ctx, budget); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) tried(budget float64) bool {
	return slices.ContainsFunc(r.candidates, func(c candidate) bool { return c.Ours && math.Abs(c.Budget-budget) < .02*budget })
}

// tierOf is the name of a budget; "": it has none.
func tierOf(budget float64) string {
	for _, t := range session.Tiers() {
		if t.Budget == budget {
			return t.Name
		}
	}
	return ""
}

// nextBudget goes down or up by a factor; a budget with a name that is near is taken instead.
func nextBudget(budget, factor float64) float64 {
	next := round2(budget * factor)
	for _, t := range session.Tiers() {
		if math.Abs(t.Budget-next) < .1*next {
			return t.Budget
		}
	}
	return next
}

// pick is the point that the rule chooses by the choice part among ours, or the baseline's: the fewest bits within the limit, or the
// least loss where none is. It is -1 where there are no such points.
func pick(points []Point, ours bool, limit float64) (chosen int, rule string) {
	chosen, rule = -1, RuleBest
	for i, p := range points {
		if p.Ours != ours {
			continue
		}
		ok := within(p.Choice, limit)
		switch {
		case chosen < 0, ok && rule == RuleBest:
			chosen = i
		case ok && p.Choice.StoredBits.Value < points[chosen].Choice.StoredBits.Value,
			!ok && rule == RuleBest && p.Choice.Loss.Value+p.Choice.SE < points[chosen].Choice.Loss.Value+points[chosen].Choice.SE:
			chosen = i
		}
		if ok {
			rule = RuleWithin
		}
	}
	return chosen, rule
}

// confirmAll measures all settings on the confirmation part, once; what was chosen is decided before, and looked at in detail.
func (r *run) confirmAll(ctx context.Context) (f Frontier, err error) {
	slices.SortStableFunc(r.candidates, func(a, b candidate) int {
		switch {
		case a.Ours != b.Ours && a.Ours:
			return -1
		case a.Ours != b.Ours:
			return 1
		case a.Choice.StoredBits.Value < b.Choice.StoredBits.Value:
			return -1
		}
		return 1
	})
	for _, c := range r.candidates {
		p, err := profile.Parse(c.Profile)
		if err != nil {
			return f, err
		}
		f.Points = append(f.Points, Point{
			Setting: c.Setting, Tier: tierOf(c.Budget), Ours: c.Ours,
			Profile: fmt.Sprintf("%x", p.Digest()), Bytes: len(c.Profile), Choice: c.Choice,
		})
	}
	f.Chosen, f.Rule = pick(f.Points, true, r.opt.Limit)
	var rule string
	if f.Baseline, rule = pick(f.Points, false, r.opt.Limit); rule == RuleBest {
		f.Baseline = -1
	}
	for i, c := range r.candidates {
		o, err := step(r, "confirm "+c.Setting, func() (Outcome, error) { return r.confirmOne(ctx, c) })
		if err != nil {
			return f, err
		}
		f.Points[i].Confirm = o
	}
	return f, nil
}

func (r *run) confirmOne(ctx context.Context, c candidate) (Outcome, error) {
	q, err := r.bind(c.Profile)
	if err != nil {
		return Outcome{}, err
	}
	m, err := r.compare(ctx, "confirming: "+c.Setting, r.confirm, stored(q), false)
	if err != nil {
		return Outcome{}, err
	}
	return m.Outcome, nil
}

func (r *run) bind(b []byte) (*session.Quantized, error) {
	p, err := profile.Parse(b)
	if err != nil {
		return nil, err
	}
	return r.net.Bind(p)
}
