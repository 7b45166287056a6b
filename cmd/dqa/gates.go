package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// warn tells at once what may make all that follows worthless; reports tell it again.
func (a *app) warn(warning, hint string) {
	a.warnings = append(a.warnings, warning)
	a.Warn(warning, hint)
}

// checkPreprocess compares the preprocessing that a profile was calibrated with with what the flags make of it. Images may
// be stored in another way, but the network wants the same channels.
func (a *app) checkPreprocess(calibrated, now profile.Preprocess) error {
	var differ []string
	for _, s := range session.Contradictions(calibrated, now) {
		if s.Name == "channels" || s.Name == "layout" {
			return fmt.Errorf("%w: --%s %s contradicts the profile, which was calibrated with %s",
				session.ErrSetting, s.Name, s.Value, settingOf(calibrated, s.Name))
		}
		differ = append(differ, fmt.Sprintf("--%s %s (profile: %s)", s.Name, s.Value, settingOf(calibrated, s.Name)))
	}
	if len(differ) > 0 {
		a.warn("images are prepared in another way than those that the profile was calibrated on: "+strings.Join(differ, ", "),
			"leave these flags out, unless these images are stored in another way than those were")
	}
	return nil
}

func settingOf(p profile.Preprocess, name string) string {
	for _, s := range dataset.Settings(p) {
		if s.Name == name && s.Value != "" {
			return s.Value
		}
	}
	return "none"
}

// checkAlike refuses profiles that want different inputs: all get those of the first.
func checkAlike(profiles []*profile.Profile, paths []string) error {
	for i, p := range profiles[1:] {
		for _, s := range session.Contradictions(profiles[0].Preprocess, p.Preprocess) {
			return fmt.Errorf("%w: %s was calibrated with --%s %s and %s with %s: evaluate one after the other", session.ErrSetting,
				paths[i+1], s.Name, s.Value, paths[0], settingOf(profiles[0].Preprocess, s.Name))
		}
	}
	return nil
}

// settingFlags say what a flag changes: a method for which that makes no difference ignores the flag.
var settingFlags = map[string]func(*session.Variant){
	"bits":          func(s *session.Variant) { s.Bits = other(s.Bits, 5, 6) },
	"extra-bits":    func(s *session.Variant) { s.ExtraBits = other(s.ExtraBits, 1, 2) },
	"ratio":         func(s *session.Variant) { s.Ratio = other(s.Ratio, .25, .75) },
	"ranking":       func(s *session.Variant) { s.Ranking = other(s.Ranking, "mse", "energy") },
	"global-ratio":  func(s *session.Variant) { s.Global = !s.Global },
	"scale":         func(s *session.Variant) { s.Scale = other(s.Scale, profile.StaticChannel, profile.DynamicChannel) },
	"unsigned":      func(s *session.Variant) { s.Unsigned = !s.Unsigned },
	"steps":         func(s *session.Variant) { s.Pow2 = !s.Pow2 },
	"channel-steps": func(s *session.Variant) { s.Channels = !s.Channels },
	"curves":        func(s *session.Variant) { s.Curves = other(s.Curves, session.CurvesMeasured, session.CurvesGradient) },
	"scalable":      func(s *session.Variant) { s.Refine = other(s.Refine, 1, 0) },
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
func otherBudget(s *session.Variant) {
	if s.Dial == profile.Budget {
		s.Goal = other(s.Goal, 1., 2.)
	}
}

func otherGoal(s *session.Variant) {
	s.Dial = other(s.Dial, profile.Budget, profile.MaxKL)
	s.Goal = 1
}

// checkUsed refuses flags that none of the variants uses.
func checkUsed(cmd *cobra.Command, variants ...session.Variant) error {
	for _, flag := range slices.Sorted(maps.Keys(settingFlags)) {
		f := cmd.Flags().Lookup(flag)
		if f == nil || !f.Changed || len(variants) == 0 {
			continue
		}
		if !slices.ContainsFunc(variants, func(v session.Variant) bool { return uses(v, settingFlags[flag]) }) {
			return fmt.Errorf("%w: --%s is not used by %s", session.ErrSetting, flag, names(variants))
		}
	}
	return nil
}

func uses(v session.Variant, change func(*session.Variant)) bool {
	changed := v
	change(&changed)
	a, errA := v.Complete()
	b, errB := changed.Complete()
	return errA != nil || errB != nil || a != b
}

func names(variants []session.Variant) string {
	var all []string
	for _, v := range variants {
		if !slices.Contains(all, v.Name) {
			all = append(all, v.Name)
		}
	}
	return strings.Join(all, ", ")
}
