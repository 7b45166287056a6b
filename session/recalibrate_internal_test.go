//go:build !device

package session

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A verdict accepts what is better beyond doubt, and nothing else.
func TestVerdict(t *testing.T) {
	good := Shadow{Agreement: 90, KL: .1, StoredBits: 2}
	many := func(v float64) (s series) {
		for range 20 {
			s = append(s, v)
		}
		return s
	}
	for name, c := range map[string]struct {
		level    string
		after    Shadow
		gains    series
		saved    series
		kept     series // agreement, of an image
		promised float64
		accepted bool
		why      string
	}{
		"fewer bits":      {RepairTables, Shadow{90, .1, 1.9}, many(0), many(100), nil, 0, true, "stay"},
		"as many":         {RepairTables, Shadow{90, .1, 1.999}, many(0), many(1), nil, 0, false, "stay"},
		"more bits":       {RepairTables, Shadow{90, .1, 2.1}, many(0), many(-100), nil, 0, false, "stay"},
		"on one image":    {RepairTables, Shadow{90, .1, 1.9}, many(0), append(many(0), 2000), nil, 0, false, "stay"},
		"less KL":         {RepairFull, Shadow{90, .05, 2}, many(.05), many(0), many(0), 0, true, "20 of 20"},
		"KL of one image": {RepairSteps, Shadow{95, .05, 2}, append(many(-.001), 9), many(0), many(0), 0, false, "1 of 21"},
		"but one image":   {RepairFull, Shadow{90, .11, 2}, append(many(.01), -.4), many(0), append(many(0), -100), 0, true, "20 of 21"},
		"but two images": {RepairFull, Shadow{90, .05, 2}, many(.05), many(0), append(many(0), -100, -100), 0, false,
			"agreement falls"},
		"one for another":  {RepairFull, Shadow{90, .05, 2}, many(.05), many(0), append(many(0), -100, 100), 0, true, "20 of 20"},
		"some far worse":   {RepairFull, Shadow{90, .5, 2}, append(many(.001), -4, -4), many(0), many(0), 0, false, "KL rises"},
		"too many bits":    {RepairSteps, Shadow{95, .05, 2.3}, many(.05), many(0), many(5), 0, false, "bits per value rise"},
		"bits as promised": {RepairSteps, Shadow{95, .05, 2.3}, many(.05), many(0), many(5), 2.3, true, "20 of 20"},
		"the same":         {RepairSteps, good, many(0), many(0), many(0), 0, false, "0 of 0"},
	} {
		r := &Recalibrated{Level: c.level, Before: good, After: c.after}
		r.verdict(&trial{kl: c.gains, saved: c.saved, kept: c.kept}, c.promised)
		if r.Accepted != c.accepted || !strings.Contains(r.Why, c.why) {
			t.Errorf("%s: accepted %v: %s", name, r.Accepted, r.Why)
		}
	}
}

// Of profiles that are worse, or no better, none is shipped in 200 trials with 64 images; of better ones most are.
func TestVerdictOfChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	shipped := map[float64]int{}
	for range 200 {
		for _, gain := range []float64{-1, 0, 2} {
			var gains series
			sum := 0.0
			for range 64 {
				g := (gain + rng.NormFloat64()) * rng.ExpFloat64() // a few are large
				gains, sum = append(gains, g), sum+g/64
			}
			r := &Recalibrated{Level: RepairFull, Before: Shadow{90, 1, 2}, After: Shadow{90, 1 - sum, 2}}
			if r.verdict(&trial{kl: gains}, 0); r.Accepted {
				shipped[gain]++
			}
		}
	}
	t.Logf("shipped of 200: %v", shipped)
	if shipped[-1] > 0 || shipped[0] > 8 || shipped[2] < 190 {
		t.Errorf("shipped of 200: %v", shipped)
	}
}
