package session_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

func TestParseVariant(t *testing.T) {
	base := session.Variant{Setting: profile.Setting{Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "energy"}, Seed: 1}
	for text, want := range map[string]string{
		"dqa":                           "dqa 3+3 bits, r 0.5, energy, dynamic-channel",
		"dqa:mse:m=2:r=0.25:global":     "dqa 3+2 bits, r 0.25, mse, r of all values, dynamic-channel",
		"direct:unsigned:static-tensor": "direct 3 bits, unsigned, static-tensor",
		"direct:scalable=2":             "direct 3 bits, dynamic-channel, 2 low bits apart",
		"graded":                        "graded, budget 2 bits",
		"graded:max-kl=0.05:pow2":       "graded, max-kl 0.05, steps powers of two",
		"graded:min-agreement=99":       "graded, min-agreement 99 %",
	} {
		v, err := session.ParseVariant(text, base)
		if err != nil {
			t.Fatal(err)
		}
		if v, err = v.Complete(); err != nil || session.Describe(v.Setting) != want || v.Seed != 1 {
			t.Errorf("%s: %q, seed %d, %v; want %q", text, session.Describe(v.Setting), v.Seed, err, want)
		}
	}
	if v, err := session.ParseVariant("dqa:seed=7", base); err != nil || v.Seed != 7 {
		t.Errorf("seed %d, %v", v.Seed, err)
	}
	for text, want := range map[string]session.Curves{
		"graded": session.CurvesGradient, "graded:curves=measured": session.CurvesMeasured, "dqa:curves=measured": session.CurvesGradient,
	} {
		v, err := session.ParseVariant(text, base)
		if err != nil {
			t.Fatal(err)
		}
		if v, err = v.Complete(); err != nil || v.Curves != want {
			t.Errorf("%s: curves are %v, %v", text, v.Curves, err)
		}
	}
	v, err := session.ParseVariant("graded:channel-steps:gains=never:means=auto", base)
	if err == nil {
		v, err = v.Complete()
	}
	if want := (session.Choices{ChannelSteps: session.Always, Gains: session.Never, Means: session.ByTrial}); err != nil || v.Choices != want {
		t.Errorf("choices %+v, %v", v.Choices, err)
	}
	if v, err = session.ParseVariant("dqa:gains=never", base); err != nil {
		t.Error(err)
	} else if v, err = v.Complete(); err != nil || v.Choices != (session.Choices{}) {
		t.Errorf("choices of dqa: %+v, %v", v.Choices, err)
	}
	for _, text := range []string{"graded:gains=perhaps", "graded:means", "best", "dqa:best", "graded:curves=other", "dqa:m=", "dqa:m=x", "graded:budget=much", "direct:seed=-1", ""} {
		if _, err := session.ParseVariant(text, base); !errors.Is(err, session.ErrSetting) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCompleteRefuses(t *testing.T) {
	for name, s := range map[string]profile.Setting{
		"bits":    {Name: "direct", Bits: 9},
		"ratio":   {Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: 1.5},
		"ranking": {Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "best"},
		"method":  {Name: "best"},
	} {
		if _, err := (session.Variant{Setting: s}).Complete(); !errors.Is(err, session.ErrSetting) {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, err := session.Variant{}.Complete()
	if err != nil || v.Name != "graded" || v.Dial != profile.Budget || v.Goal != session.DefaultBudget {
		t.Errorf("zero value: %+v, %v", v, err)
	}
}

// What a method does not use makes no variants of it.
func TestGrid(t *testing.T) {
	g := session.Grid{
		Methods: "fp32, direct,direct:unsigned,dqa:mse,graded", Bits: []int{3, 4}, ExtraBits: []int{1, 2}, Ratios: []float64{.25, .5},
		Budgets: []float64{1, 2, 3},
	}
	variants, err := g.Variants(session.Variant{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, v := range variants {
		count[v.Name]++
	}
	if count["direct"] != 4 || count["dqa"] != 8 || count["graded"] != 3 || len(variants) != 15 {
		t.Errorf("%v of %d", count, len(variants))
	}
	if _, err := (session.Grid{Methods: "direct", Bits: []int{3, 9}}).Variants(session.Variant{}); !errors.Is(err, session.ErrSetting) {
		t.Errorf("9 bits: %v", err)
	}
	only, err := session.Grid{Methods: "graded"}.Variants(session.Variant{})
	if err == nil || !errors.Is(err, session.ErrSetting) { // a budget of 0 bits
		t.Errorf("no budgets: %v, %v", only, err)
	}
}

func TestCoders(t *testing.T) {
	graded, plain := profile.Setting{Name: "graded", Dial: profile.Budget}, profile.Setting{Name: "direct", Bits: 3}
	paper := profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3}
	own := []profile.Coder{session.OwnCoder(graded), session.OwnCoder(plain), session.OwnCoder(paper)}
	if !slices.Equal(own, []profile.Coder{profile.Smallest, profile.Raw, profile.Paper}) {
		t.Errorf("own coders %v", own)
	}
	for c := profile.Raw; c <= profile.Smallest; c++ {
		whole := c == profile.Fast || c == profile.Small || c == profile.Smallest
		if err := session.CheckCoder(graded, c); (err == nil) != whole || err != nil && !errors.Is(err, session.ErrSetting) {
			t.Errorf("graded, %s: %v", c, err)
		}
		if err := session.CheckCoder(paper, c); err != nil {
			t.Errorf("dqa, %s: %v", c, err)
		}
	}
}

func TestParseTier(t *testing.T) {
	for name, want := range map[string]float64{"transparent": 3, "default": 2, "compact": 1.5} {
		if got, err := session.ParseTier(name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := session.ParseTier("huge"); !errors.Is(err, session.ErrSetting) {
		t.Error(err)
	}
}
