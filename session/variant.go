package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
)

// Variant is a method with all its settings, and the seed of its random choices. The zero value is graded with a budget
// of 2 stored bits per value.
type Variant struct {
	profile.Setting
	Seed   uint64
	Curves Curves // graded: where its curves come from
	Choices
}

// Choices say which parts of graded are used; the zero value leaves it to trials.
type Choices = method.Choices

// Choice is whether a part is used.
type Choice = method.Choice

// The choices; the zero value is what suits the part.
const (
	ByTrial = method.ByTrial
	Always  = method.Always
	Never   = method.Never
)

// ParseChoice reads "auto", "always" or "never". The error wraps ErrSetting.
func ParseChoice(s string) (Choice, error) { return method.ParseChoice(s) }

func (v *Variant) how() calib.How { return calib.How{Curves: v.Curves, Choices: v.Choices} }

// Curves says where graded's curves come from; the zero value is CurvesGradient.
type Curves = calib.Curves

// Curves are measured, by running the network on from every edge, or predicted by gradients.
const (
	CurvesMeasured = calib.Measured
	CurvesGradient = calib.Gradient
)

// ParseCurves reads "measured" or "gradient". The error wraps ErrSetting.
func ParseCurves(s string) (Curves, error) { return calib.ParseCurves(s) }

// Methods lists the names of the methods.
func Methods() []string { return method.Names() }

// Rankings lists the ways to rank channels.
func Rankings() []string { return calib.Rankings() }

// Scales lists the names of the scale modes.
func Scales() (names []string) {
	for m := profile.DynamicChannel; m <= profile.StaticTensor; m++ {
		names = append(names, m.String())
	}
	return names
}

// Complete checks a variant and leaves out of it what its method does not use, so that equal behaviour is written
// equally. The error wraps ErrSetting.
func (v Variant) Complete() (Variant, error) {
	if v.Name == "" {
		v.Name = "graded"
	}
	if v.Ranking == "" {
		v.Ranking = "energy"
	}
	if !slices.Contains(calib.Rankings(), v.Ranking) {
		return v, fmt.Errorf("%w: ranking %q unknown, one of %q", ErrSetting, v.Ranking, calib.Rankings())
	}
	setting, err := method.Complete(v.Setting)
	if err != nil {
		return v, err
	}
	if setting.Dial == profile.NoDial {
		v.Curves, v.Choices = 0, Choices{}
	}
	return Variant{setting, v.Seed, v.Curves, v.Choices}, nil
}

// ParseVariant reads METHOD[:SETTING]..., other settings as in base. A setting is unsigned or signed, a scale
// ("static-channel"), a ranking ("mse"), global or per-edge, m=2, r=0.25, budget=2, max-kl=0.05, min-agreement=99,
// max-drop=1, pow2, channel-steps=always, gains=never, means=never, curves=measured, scalable=2 or
// seed=2: "dqa:greedy:m=2". The result is not completed. The error wraps ErrSetting.
func ParseVariant(text string, base Variant) (Variant, error) {
	words := strings.Split(text, ":")
	v := base
	v.Name = words[0]
	if _, err := method.ByName(v.Name); err != nil {
		return v, err
	}
	for _, word := range words[1:] {
		if err := v.set(word); err != nil {
			return v, fmt.Errorf("%w: %q of %q: %w", ErrSetting, word, text, err)
		}
	}
	return v, nil
}

func (v *Variant) set(word string) (err error) {
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
		v.ChannelSteps = method.Always
	case name == "channel-steps":
		v.ChannelSteps, err = ParseChoice(value)
	case name == "gains" && given:
		v.Gains, err = ParseChoice(value)
	case name == "means" && given:
		v.Means, err = ParseChoice(value)
	case name == "curves" && given:
		v.Curves, err = ParseCurves(value)
	case name == "seed" && given:
		v.Seed, err = strconv.ParseUint(value, 10, 64)
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

// DefaultBudget is graded's, in stored bits per value.
const DefaultBudget = method.DefaultBudget

// Tier is a budget with a name.
type Tier struct {
	Name   string
	Budget float64 // stored bits per value
}

// Tiers are all there are, the largest first.
func Tiers() []Tier { return []Tier{{"transparent", 3}, {"default", DefaultBudget}, {"compact", 1.5}} }

// ParseTier gives the budget that has a name: transparent (3 stored bits per value), default (2) or compact (1.5). The
// error wraps ErrSetting.
func ParseTier(name string) (float64, error) {
	for _, t := range Tiers() {
		if t.Name == name {
			return t.Budget, nil
		}
	}
	return 0, fmt.Errorf("%w: tier %q: transparent, default or compact", ErrSetting, name)
}

// SettingText are settings as words, as flags have them.
type SettingText struct {
	Ranking string
	Scale   string // of Scales
	Steps   string // "free", or "pow2": powers of two
	Curves  string // "gradient" or "measured"
	// "auto", "always" or "never"; "" is "auto".
	ChannelSteps, Gains, Means string
}

// Parse reads them. The error wraps ErrSetting.
func (t SettingText) Parse() (v Variant, err error) {
	if v.Scale, err = profile.ParseScaleMode(t.Scale); err != nil {
		return v, fmt.Errorf("%w: --scale: %w", ErrSetting, err)
	}
	if v.Ranking = t.Ranking; !slices.Contains(Rankings(), t.Ranking) {
		return v, fmt.Errorf("%w: --ranking %q unknown, one of %q", ErrSetting, t.Ranking, Rankings())
	}
	if v.Pow2 = t.Steps == "pow2"; !v.Pow2 && t.Steps != "free" {
		return v, fmt.Errorf("%w: --steps %q: free or pow2", ErrSetting, t.Steps)
	}
	if v.Curves, err = ParseCurves(t.Curves); err != nil {
		return v, fmt.Errorf("--curves: %w", err)
	}
	v.Choices, err = t.choices()
	return v, err
}

func (t SettingText) choices() (c Choices, err error) {
	for _, f := range []struct {
		name, value string
		to          *Choice
	}{{"channel-steps", t.ChannelSteps, &c.ChannelSteps}, {"gains", t.Gains, &c.Gains}, {"means", t.Means, &c.Means}} {
		if f.value == "" {
			continue
		}
		if *f.to, err = ParseChoice(f.value); err != nil {
			return c, fmt.Errorf("--%s: %w", f.name, err)
		}
	}
	return c, nil
}

// ParseMinBits reads EDGE=BITS for edges of the network, which are named or numbered: CalibrateOptions.MinBits. Errors wrap ErrSetting and
// ErrNoEdge.
func (n *Network) ParseMinBits(list []string) (map[string]float64, error) {
	all := map[string]float64{}
	for _, text := range list {
		at := strings.LastIndex(text, "=")
		if at < 0 {
			return nil, fmt.Errorf("%w: --min-bits %q: EDGE=BITS", ErrSetting, text)
		}
		bits, err := strconv.ParseFloat(text[at+1:], 64)
		if err != nil || !(bits > 0 && bits <= 16) {
			return nil, fmt.Errorf("%w: --min-bits %q: above 0 and at most 16 bits per value", ErrSetting, text)
		}
		edge, err := n.FindEdge(text[:at])
		if err != nil {
			return nil, fmt.Errorf("--min-bits: %w", err)
		}
		all[edge.Name] = bits
	}
	return all, nil
}

// ParseRate reads a rate in bits per second, CalibrateOptions.Link: a number and kbit, Mbit or Gbit. The error wraps ErrSetting.
func ParseRate(s string) (float64, error) {
	for unit, scale := range map[string]float64{"kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9} {
		if digits, ok := strings.CutSuffix(s, unit); ok {
			if v, err := strconv.ParseFloat(digits, 64); err == nil && v > 0 && v <= 1e6 {
				return v * scale, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: --link %q is no rate such as 250kbit, 10Mbit or 1Gbit", ErrSetting, s)
}
