package page

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/pilot"
)

var braces = regexp.MustCompile(`\{[a-z]+\}`)

// Every text is there in every language, with the same words in braces.
func TestTexts(t *testing.T) {
	if len(texts) < 200 {
		t.Fatalf("%d texts", len(texts))
	}
	for key, in := range texts {
		if len(in) != len(Languages()) {
			t.Errorf("%s: %d languages", key, len(in))
		}
		want := slices.Sorted(slices.Values(braces.FindAllString(in["en"], -1)))
		for _, l := range Languages() {
			text := in[l.Code]
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: nothing in %s", key, l.Name)
			}
			if got := slices.Sorted(slices.Values(braces.FindAllString(text, -1))); !slices.Equal(got, want) {
				t.Errorf("%s: %v in %s, %v in English", key, got, l.Name, want)
			}
		}
	}
}

// Every code that a study may hold has a text.
func TestCodesHaveTexts(t *testing.T) {
	var keys []string
	reasons, why := pilot.ReasonCodes()
	for _, r := range reasons {
		keys = append(keys, "reason."+r)
	}
	for _, p := range pilot.Purposes() {
		keys = append(keys, "purpose."+p, p+".ok")
	}
	for _, w := range why {
		found := false
		for _, p := range pilot.Purposes() {
			_, ok := texts[p+"."+w]
			found = found || ok
		}
		if !found {
			t.Errorf("no purpose has a text for %q", w)
		}
	}
	for _, k := range pilot.BatteryKinds() {
		keys = append(keys, "kind."+k)
	}
	for _, e := range pilot.TrialErrors() {
		keys = append(keys, "trial."+e)
	}
	for _, u := range pilot.Unmeasured() {
		keys = append(keys, "not."+u)
	}
	for _, e := range []string{pilot.ErrPaired, pilot.ErrWilson, pilot.ErrBootstrap, pilot.ErrMean, pilot.ErrQuartiles, pilot.ErrExact, pilot.ErrOnce,
		pilot.ErrShared, pilot.ErrJackknife} {
		keys = append(keys, "err."+e)
	}
	for _, u := range []string{pilot.Calibration, pilot.Choice, pilot.Confirmation, pilot.Stream, pilot.Lot} {
		keys = append(keys, "use."+u)
	}
	for _, l := range []string{pilot.Green, pilot.Amber, pilot.Red} {
		keys = append(keys, "light."+l, "title."+l)
	}
	for _, m := range []string{"top1", "miou", "agreement", "command"} {
		keys = append(keys, "lead."+m)
	}
	for _, key := range append(keys, "rule."+pilot.RuleWithin, "rule."+pilot.RuleBest) {
		if _, ok := texts[key]; !ok {
			t.Errorf("no text %q", key)
		}
	}
}

// A text that is not there is an error, and no empty page.
func TestSay(t *testing.T) {
	if _, err := say("en", "nothing"); err == nil {
		t.Error("no error")
	}
	got, err := say("en", "risk.images", "n", 3)
	if err != nil || got != "3\u00a0images" {
		t.Error(got, err)
	}
}
