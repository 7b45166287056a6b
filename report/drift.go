package report

import (
	"fmt"
	"strings"
)

// Drift is a stream that changes, what watching it found, and what a repair of the profile came to.
type Drift struct {
	Images   int    `json:"images"`
	Change   int    `json:"change"` // image with which it changes
	What     string `json:"what"`   // it changes to
	Alarms   []int  `json:"alarms"` // images
	Like     string `json:"like"`   // what the first alarm says that the change looks like
	Learned  int    `json:"learned"`
	Repaired bool   `json:"repaired"` // the repair was accepted
	Before   Shadow `json:"before"`   // on changed images that were held back
	After    Shadow `json:"after"`
}

// Shadow is what a profile comes to against the float network.
type Shadow struct {
	Agreement  float64 `json:"agreement"` // percent
	KL         float64 `json:"kl"`
	StoredBits float64 `json:"stored_bits"`
}

// DriftText is a short table of r.Drift; "" where there is none.
func DriftText(r Result) string {
	d := r.Drift
	if d == nil {
		return ""
	}
	alarm := "none"
	if len(d.Alarms) > 0 {
		alarm = fmt.Sprintf("image %d, %s", d.Alarms[0], d.Like)
	}
	repaired := "tables learned anew"
	if !d.Repaired {
		repaired = "repair (declined)"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "a stream of %d images that changes at image %d (%s); alarm: %s\n", d.Images, d.Change, d.What, alarm)
	fmt.Fprintf(&b, "%-22s %6s  %9s\n", "on changed images", "bits", "agreement")
	fmt.Fprintf(&b, "%-22s %6.3f  %7.2f %%\n", "the profile as it was", d.Before.StoredBits, d.Before.Agreement)
	fmt.Fprintf(&b, "%-22s %6.3f  %7.2f %%  from %d unlabelled images", repaired, d.After.StoredBits, d.After.Agreement, d.Learned)
	return b.String()
}
