//go:build !device

package session

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// settings say what a setting changes: a method for which that makes no difference ignores it.
var settings = map[string]func(*Variant){
	"bits":          func(s *Variant) { s.Bits = other(s.Bits, 5, 6) },
	"extra-bits":    func(s *Variant) { s.ExtraBits = other(s.ExtraBits, 1, 2) },
	"ratio":         func(s *Variant) { s.Ratio = other(s.Ratio, .25, .75) },
	"ranking":       func(s *Variant) { s.Ranking = other(s.Ranking, "mse", "energy") },
	"global-ratio":  func(s *Variant) { s.Global = !s.Global },
	"scale":         func(s *Variant) { s.Scale = other(s.Scale, profile.StaticChannel, profile.DynamicChannel) },
	"unsigned":      func(s *Variant) { s.Unsigned = !s.Unsigned },
	"steps":         func(s *Variant) { s.Pow2 = !s.Pow2 },
	"channel-steps": func(s *Variant) { s.ChannelSteps = other(s.ChannelSteps, ByTrial, Always) },
	"gains":         func(s *Variant) { s.Gains = other(s.Gains, ByTrial, Always) },
	"means":         func(s *Variant) { s.Means = other(s.Means, ByTrial, Always) },
	"curves":        func(s *Variant) { s.Curves = other(s.Curves, CurvesGradient, CurvesMeasured) },
	"scalable":      func(s *Variant) { s.Refine = other(s.Refine, 1, 0) },
	"budget":        otherBudget,
	"max-kl":        otherGoal,
	"min-agreement": otherGoal,
	"max-drop":      otherGoal,
	"tier":          otherGoal,
	"min-bits":      otherGoal,
}

func other[T comparable](now, a, b T) T {
	if now == a {
		return b
	}
	return a
}

// otherBudget leaves other dials alone.
func otherBudget(s *Variant) {
	if s.Dial == profile.Budget {
		s.Goal = other(s.Goal, 1., 2.)
	}
}

func otherGoal(s *Variant) {
	s.Dial = other(s.Dial, profile.Budget, profile.MaxKL)
	s.Goal = 1
}

// SettingNames are those that CheckUsed knows, sorted; flags are named so.
func SettingNames() []string { return slices.Sorted(maps.Keys(settings)) }

// CheckUsed refuses a setting that none of the variants uses, if there are any. The error wraps ErrSetting.
func CheckUsed(name string, variants ...Variant) error {
	if len(variants) == 0 || slices.ContainsFunc(variants, func(v Variant) bool { return v.uses(settings[name]) }) {
		return nil
	}
	var methods []string
	for _, v := range variants {
		if !slices.Contains(methods, v.Name) {
			methods = append(methods, v.Name)
		}
	}
	return fmt.Errorf("%w: --%s is not used by %s", ErrSetting, name, strings.Join(methods, ", "))
}

func (v Variant) uses(change func(*Variant)) bool {
	changed := v
	change(&changed)
	a, errA := v.Complete()
	b, errB := changed.Complete()
	return errA != nil || errB != nil || a != b
}
