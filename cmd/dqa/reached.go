//go:build !device

package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// reached is what a calibration came to on its own images.
type reached struct {
	Images     int      `json:"images"`
	StoredBits *float64 `json:"stored_bits"`
	Agreement  *float64 `json:"agreement"`
	KL         *float64 `json:"kl"`
	Drop       *float64 `json:"drop"`
}

// reachedBy is nil where the method searches for nothing.
func reachedBy(made *session.Calibrated) *reached {
	t := made.Reached
	if t == nil {
		return nil
	}
	return &reached{t.Images, measured(t.Bits), measured(t.Agreement), measured(t.KL), measured(t.Drop)}
}

// measured is nil for what was not.
func measured(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// text is one line: what was asked for first, beside its limit.
func (r *reached) text(asked profile.Setting) string {
	var first, more []string
	say := func(v *float64, dial profile.Dial, format, limit string) {
		switch {
		case v == nil:
		case dial == asked.Dial:
			first = append(first, fmt.Sprintf(format+" ("+limit+" %g asked for)", *v, asked.Goal))
		default:
			more = append(more, fmt.Sprintf(format, *v))
		}
	}
	say(r.StoredBits, profile.Budget, "%.2f stored bits per value", "at most")
	say(r.Drop, profile.MaxDrop, "a loss of %.2f points", "at most")
	say(r.Agreement, profile.MinAgreement, "agreement %.2f %%", "at least")
	say(r.KL, profile.MaxKL, "KL %.3g", "at most")
	return fmt.Sprintf("reached on the %d calibration images: %s", r.Images, strings.Join(append(first, more...), ", "))
}
