package pilot

import (
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// fits makes outcomes of a loss that falls with bits.
func fits(loss func(bits float64) float64) func(budget float64) (Outcome, error) {
	return func(budget float64) (Outcome, error) {
		l := loss(budget)
		return Outcome{StoredBits: Interval{Value: budget}, Loss: Interval{Value: l}, SE: .1}, nil
	}
}

// The search brackets the limit from either side, and ends between.
func TestSearchBudgets(t *testing.T) {
	for name, c := range map[string]struct {
		loss      func(float64) float64
		low, high float64 // where the least budget that keeps the limit must be
	}{
		"easy":   {func(b float64) float64 { return .3 / b }, .33, .45},
		"hard":   {func(b float64) float64 { return 4 / b }, 4.4, 5.2},
		"always": {func(float64) float64 { return 0 }, 0, .35},
		"never":  {func(float64) float64 { return 50 }, math.Inf(1), math.Inf(1)},
	} {
		var tried []float64
		kept := math.Inf(1)
		ask := fits(c.loss)
		err := searchBudgets(1, func(b float64) (Outcome, error) {
			o, err := ask(b)
			if tried = append(tried, b); within(o, 1) {
				kept = min(kept, b)
			}
			return o, err
		})
		if err != nil || kept < c.low || kept > c.high || len(tried) > mostBudgets {
			t.Errorf("%s: %v of %v, %v", name, kept, tried, err)
		}
		if slices.Sort(tried); len(slices.Compact(tried)) != len(tried) {
			t.Errorf("%s: a budget twice: %v", name, tried)
		}
	}
}

func point(ours bool, bits, loss, se float64) Point {
	return Point{Ours: ours, Choice: Outcome{StoredBits: Interval{Value: bits}, Loss: Interval{Value: loss}, SE: se}}
}

// What is chosen depends on the choice part alone: the fewest bits within the limit, else the least loss.
func TestPick(t *testing.T) {
	points := []Point{point(true, 1, 2, .1), point(true, 2, .8, .3), point(true, 3, .5, .2), point(true, 4, 0, .1), point(false, 1.5, 0, 0)}
	points[2].Confirm.Loss.Value = 99
	if i, rule := pick(points, true, 1); i != 2 || rule != RuleWithin {
		t.Error(i, rule)
	}
	if i, rule := pick(points, false, 1); i != 4 || rule != RuleWithin {
		t.Error(i, rule)
	}
	if i, rule := pick(points, true, .05); i != 3 || rule != RuleBest {
		t.Error(i, rule)
	}
	if i, _ := pick(points[4:], true, 1); i != -1 {
		t.Error(i)
	}
}

func TestPrimeFrom(t *testing.T) {
	for n, want := range map[int]int{0: 3, 3: 3, 4: 5, 8: 11, 9: 11, 14: 17, 24: 29} {
		if p := primeFrom(n); p != want {
			t.Errorf("%d: %d", n, p)
		}
	}
}

// A curve is read between its steps by logarithms, and stays at its ends.
func TestHarmAt(t *testing.T) {
	curve := []profile.CurvePoint{{Bits: 300, Distortion: .01}, {Bits: 100, Distortion: 1}, {Bits: 0, Distortion: 4}, {Bits: 50, Distortion: 0}}
	near(t, "between", harmAt(curve, 200), .1, 1e-6)
	near(t, "beyond", harmAt(curve, 1000), .01, 1e-6)
	near(t, "at a step", harmAt(curve, 100), 1, 1e-6)
	near(t, "below", harmAt(curve, -1), 4, 1e-6)
	near(t, "nothing", harmAt(nil, 1), 0, 0)
}

// Budgets with names are those of --tier, and what is next to one becomes it.
func TestTiers(t *testing.T) {
	for _, tier := range session.Tiers() {
		if b, err := session.ParseTier(tier.Name); err != nil || b != tier.Budget || tierOf(b) != tier.Name {
			t.Errorf("%+v: %v, %v", tier, b, err)
		}
	}
	if down, up, far := nextBudget(2, 1/budgetFactor), nextBudget(2, budgetFactor), nextBudget(1.5, 1/budgetFactor); down != 1.5 || up != 3 ||
		far != 1.03 || tierOf(far) != "" {
		t.Error(down, up, far)
	}
}
