package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
)

// variant is a method with all its settings, and the seed of its random choices.
type variant struct {
	profile.Method
	seed uint64
}

// base is what the flags say; method, bits, extra bits and ratio are the caller's.
func (m *methodFlags) base() (variant, error) {
	scale, err := profile.ParseScaleMode(m.scale)
	if err != nil {
		return variant{}, fmt.Errorf("%w: --scale: %w", method.ErrSetting, err)
	}
	if !slices.Contains(calib.Rankings(), m.ranking) {
		return variant{}, fmt.Errorf("%w: --ranking %q unknown, one of %q", method.ErrSetting, m.ranking, calib.Rankings())
	}
	pow2, err := parseSteps(m.steps)
	if err != nil {
		return variant{}, err
	}
	return variant{profile.Method{
		Ranking: m.ranking, Unsigned: m.unsigned, Global: m.globalRatio, Scale: scale, Pow2: pow2, Channels: m.channels, Refine: m.scalable,
	}, m.seed}, nil
}

const variantHelp = `A method may be followed by settings of its own, each after a colon: unsigned or signed, a scale
(static-channel), for dqa a ranking (mse), global or per-edge, m=2, r=0.25, for graded budget=2, max-kl=0.05,
min-agreement=99, max-drop=1, pow2, channel-steps, for graded and direct scalable=2, and seed=2; for example "direct:unsigned,dqa:greedy:m=2,graded:pow2".`

// parseVariant reads METHOD[:SETTING]..., other settings as in base.
func parseVariant(text string, base variant) (variant, error) {
	words := strings.Split(text, ":")
	v := base
	v.Name = words[0]
	if _, err := method.ByName(v.Name); err != nil {
		return v, err
	}
	for _, word := range words[1:] {
		if err := v.set(word); err != nil {
			return v, fmt.Errorf("%w: %q of %q: %w", method.ErrSetting, word, text, err)
		}
	}
	return v, nil
}

func (v *variant) set(word string) (err error) {
	name, value, given := strings.Cut(word, "=")
	scale, scaleErr := profile.ParseScaleMode(word)
	switch {
	case name == "m" && given:
		v.ExtraBits, err = strconv.Atoi(value)
	case name == "r" && given:
		v.Ratio, err = strconv.ParseFloat(value, 64)
	case given && dialNamed(name) != profile.NoDial:
		v.Dial = dialNamed(name)
		v.Goal, err = strconv.ParseFloat(value, 64)
	case name == "scalable" && given:
		v.Refine, err = strconv.Atoi(value)
	case word == "pow2":
		v.Pow2 = true
	case word == "channel-steps":
		v.Channels = true
	case name == "seed" && given:
		v.seed, err = strconv.ParseUint(value, 10, 64)
	case word == "unsigned" || word == "signed":
		v.Unsigned = word == "unsigned"
	case word == "global" || word == "per-edge":
		v.Global = word == "global"
	case scaleErr == nil:
		v.Scale = scale
	case slices.Contains(calib.Rankings(), word):
		v.Ranking = word
	default:
		err = fmt.Errorf("no such setting")
	}
	return err
}

func dialNamed(name string) profile.Dial {
	for d := profile.Budget; d <= profile.MaxDrop; d++ {
		if d.String() == name {
			return d
		}
	}
	return profile.NoDial
}

// grid is every method at every number of bits, extra bits and ratio.
type grid struct{ methods, bits, extraBits, ratios, budgets string }

// variants lists the grid method by method; what a method does not use makes no variants of it.
func (g grid) variants(base variant) ([]variant, error) {
	bits, err := parseList("--bits", g.bits, strconv.Atoi)
	if err != nil {
		return nil, err
	}
	extra, err := parseList("--extra-bits", g.extraBits, strconv.Atoi)
	if err != nil {
		return nil, err
	}
	ratios, err := parseList("--ratio", g.ratios, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	if err != nil {
		return nil, err
	}
	budgets, err := parseList("--budget", g.budgets, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	if err != nil {
		return nil, err
	}
	var all []variant
	for _, name := range strings.Split(g.methods, ",") {
		if name = strings.TrimSpace(name); name == "fp32" {
			continue // always there
		}
		for _, p := range points(bits, extra, ratios, budgets) {
			v := base
			v.Bits, v.ExtraBits, v.Ratio, v.Dial, v.Goal = p.Bits, p.ExtraBits, p.Ratio, p.Dial, p.Goal
			if v, err = parseVariant(name, v); err != nil {
				return nil, err
			}
			if v.Method, err = method.Complete(v.Method); err != nil {
				return nil, err
			}
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// points are all combinations, the bits going fastest. Budgets stand in for bits: no method uses both.
func points(bits, extra []int, ratios, budgets []float64) (all []profile.Method) {
	for _, m := range extra {
		for _, r := range ratios {
			for i := range max(len(bits), len(budgets)) {
				all = append(all, profile.Method{
					Bits: bits[min(i, len(bits)-1)], ExtraBits: m, Ratio: r, Dial: profile.Budget, Goal: budgets[min(i, len(budgets)-1)],
				})
			}
		}
	}
	return all
}

func parseList[T any](flag, text string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	for _, s := range strings.Split(text, ",") {
		v, err := parse(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%w: %s %q: values separated by commas wanted", method.ErrSetting, flag, text)
		}
		list = append(list, v)
	}
	return list, nil
}

func describeGraded(m profile.Method) string {
	unit := map[profile.Dial]string{profile.Budget: " bits", profile.MinAgreement: " %", profile.MaxDrop: " points"}
	s := fmt.Sprintf("%s, %s %g%s", m.Name, m.Dial, m.Goal, unit[m.Dial])
	if m.Pow2 {
		s += ", steps powers of two"
	}
	if m.Channels {
		s += ", a step per channel"
	}
	return s + describeScalable(m)
}

func describeScalable(m profile.Method) string {
	if m.Refine == 0 {
		return ""
	}
	return fmt.Sprintf(", %d low bits apart", m.Refine)
}

// describe names a setting as people do: "dqa 3+3 bits, r 0.5, energy".
func describe(m profile.Method) string {
	if m.Dial != profile.NoDial {
		return describeGraded(m)
	}
	s := fmt.Sprintf("%s %d bits", m.Name, m.Bits)
	if m.ExtraBits > 0 {
		s = fmt.Sprintf("%s %d+%d bits, r %g, %s", m.Name, m.Bits, m.ExtraBits, m.Ratio, m.Ranking)
	}
	if m.Global {
		s += ", r of all values"
	}
	if m.Unsigned {
		s += ", unsigned"
	}
	return s + ", " + m.Scale.String() + describeScalable(m)
}
