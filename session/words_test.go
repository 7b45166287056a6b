package session_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/google/go-cmp/cmp"
)

func TestGridText(t *testing.T) {
	for _, g := range []session.Grid{session.PaperGrid, session.SweepGrid} {
		got, err := g.Text().Parse()
		if d := cmp.Diff(g, got); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
	}
	bad := session.PaperGrid.Text()
	bad.Ratios = ".5,half"
	if _, err := bad.Parse(); !errors.Is(err, session.ErrSetting) || !strings.Contains(err.Error(), "--ratio") {
		t.Errorf("%+v: %v", bad, err)
	}
}

func TestSettingText(t *testing.T) {
	good := session.SettingText{Ranking: "mse", Scale: "static-tensor", Steps: "pow2", Curves: "measured", Gains: "never"}
	v, err := good.Parse()
	want := session.Variant{Setting: profile.Setting{Ranking: "mse", Scale: profile.StaticTensor, Pow2: true}, Curves: session.CurvesMeasured, Choices: session.Choices{Gains: session.Never}}
	if d := cmp.Diff(want, v); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	for _, spoil := range []func(*session.SettingText){
		func(s *session.SettingText) { s.Ranking = "best" }, func(s *session.SettingText) { s.Scale = "huge" },
		func(s *session.SettingText) { s.Steps = "pow3" }, func(s *session.SettingText) { s.Curves = "drawn" },
		func(s *session.SettingText) { s.Means = "often" },
	} {
		s := good
		spoil(&s)
		if _, err := s.Parse(); !errors.Is(err, session.ErrSetting) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{"250kbit": 250e3, "10Mbit": 10e6, "1.5Gbit": 1.5e9} {
		if got, err := session.ParseRate(text); err != nil || got != want {
			t.Errorf("%s: %g, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10", "10mbit", "-1Mbit", "0kbit", "NaNMbit", "1e9Gbit"} {
		if got, err := session.ParseRate(text); !errors.Is(err, session.ErrSetting) {
			t.Errorf("%q: %g, %v", text, got, err)
		}
	}
}

// A setting counts for the methods that it changes, and for no other.
func TestCheckUsed(t *testing.T) {
	direct, err := session.Variant{Setting: profile.Setting{Name: "direct", Bits: 3}}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	graded, err := session.Variant{}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		by   []session.Variant
		used bool
	}{
		{"bits", []session.Variant{direct}, true}, {"bits", []session.Variant{graded}, false},
		{"bits", []session.Variant{graded, direct}, true}, {"tier", []session.Variant{graded}, true},
		{"tier", []session.Variant{direct}, false}, {"tier", nil, true},
	} {
		if err := session.CheckUsed(c.name, c.by...); (err == nil) != c.used || err != nil && !errors.Is(err, session.ErrSetting) {
			t.Errorf("%s by %d variants: %v", c.name, len(c.by), err)
		}
	}
}
