package pilot

import (
	"slices"
	"testing"
)

// good are facts without a fault.
func good() facts {
	return facts{
		Labelled: true, Calib: 64, Confirm: 400, Loss: Interval{Value: .1, Low: -.3, High: .6}, Limit: 1, Memory: 5, Store: 12,
		Cuts: true, Cut: 900, File: 2000,
	}
}

// Every rule by itself turns a green verdict into its own.
func TestVerdict(t *testing.T) {
	if v := judge(good()); v.Light != Green || len(v.Reasons) != 0 || !v.Purposes[0].OK || !v.Purposes[1].OK || !v.Purposes[2].OK {
		t.Fatalf("%+v", v)
	}
	seen := map[string]bool{}
	for _, c := range []struct {
		code, light string
		change      func(*facts)
	}{
		{"guessing", Red, func(f *facts) { f.Guessing = true }},
		{"few-images", Red, func(f *facts) { f.Confirm = MinImages - 1 }},
		{"few-images", Red, func(f *facts) { f.Masks, f.Confirm = true, MinMaskImages-1 }},
		{"one-class", Red, func(f *facts) { f.OneClass = true }},
		{"few-calibration", Red, func(f *facts) { f.Calib = MinCalibration - 1 }},
		{"overlap", Red, func(f *facts) { f.Overlap = true }},
		{"drifted", Red, func(f *facts) { f.Drifted = true }},
		{"loss", Red, func(f *facts) { f.Loss = Interval{Value: 1.01, Low: .5, High: 1.6} }},
		{"no-gain", Red, func(f *facts) { f.Memory, f.Store, f.Cut = MinMemoryGain-.01, MinStoreGain-.01, 2000 }},
		{"some-images", Amber, func(f *facts) { f.Confirm = FewImages - 1 }},
		{"some-images", Amber, func(f *facts) { f.Masks, f.Confirm = true, FewMaskImages-1 }},
		{"uncertain", Amber, func(f *facts) { f.Loss.High = 1.01 }},
		{"unlabelled", Amber, func(f *facts) { f.Labelled = false }},
	} {
		f := good()
		c.change(&f)
		v := judge(f)
		if v.Light != c.light || len(v.Reasons) != 1 || v.Reasons[0].Code != c.code || v.Reasons[0].Light != c.light {
			t.Errorf("%s: %+v", c.code, v)
		}
		seen[c.code] = true
	}
	codes, _ := ReasonCodes()
	for _, code := range codes {
		if !seen[code] {
			t.Errorf("no test of %s", code)
		}
	}
}

// One red reason makes a verdict red, whatever else there is; red ones come first.
func TestVerdictOfSeveralReasons(t *testing.T) {
	f := good()
	f.Labelled, f.Drifted, f.Confirm = false, true, FewImages-1
	v := judge(f)
	if v.Light != Red || v.Reasons[0].Light != Red || len(v.Reasons) != 3 {
		t.Errorf("%+v", v)
	}
}

// Every purpose by itself says why it is not worth it, and leaves the others as they are.
func TestPurposes(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []struct {
		name, why string
		change    func(*facts)
	}{
		{memory, notMeasured, func(f *facts) { f.Memory = 0 }},
		{memory, tooLittle, func(f *facts) { f.Memory = MinMemoryGain - .01 }},
		{link, fileBetter, func(f *facts) { f.Cut = 2000 }},
		{link, fileUnknown, func(f *facts) { f.File = 0 }},
		{link, cutLoses, func(f *facts) { f.Cut = 0 }},
		{link, cutLoses, func(f *facts) { f.CutLoss = f.Limit + .1 }},
		{link, noCut, func(f *facts) { f.Cuts = false }},
		{storage, tooLittle, func(f *facts) { f.Store = MinStoreGain - .01 }},
	} {
		f := good()
		c.change(&f)
		v := judge(f)
		if v.Light != Green {
			t.Errorf("%s, %s: %s, where other purposes gain", c.name, c.why, v.Light)
		}
		for _, p := range v.Purposes {
			if p.OK != (p.Name != c.name) || p.Name == c.name && p.Why != c.why {
				t.Errorf("%s, %s: %+v", c.name, c.why, p)
			}
		}
		seen[c.why] = true
	}
	_, why := ReasonCodes()
	if i := slices.IndexFunc(why, func(w string) bool { return !seen[w] }); i >= 0 {
		t.Errorf("no test of %s", why[i])
	}
}
