//go:build !device

package session

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// Summary is what a calibration came to, for people and for scripts.
type Summary struct {
	Output  string `json:"output"` // where the profile is; filled in by who writes it
	Model   string `json:"model"`
	Setting string `json:"setting"`
	Coder   string `json:"coder"`
	Edges   int    `json:"edges"`
	Values  int64  `json:"values_per_image"`
	Data    string `json:"data"`
	Images  int    `json:"images"`
	Seed    uint64 `json:"seed"`
	Bytes   int    `json:"bytes"`
	Digest  string `json:"digest"`

	Reached  *ReachedSummary `json:"reached,omitempty"`  // nil: the method searches for nothing
	Warnings []string        `json:"warnings,omitempty"` // filled in by who gave them

	asked profile.Setting
}

// ReachedSummary is what the quantized network came to on the calibration images. nil: not measured.
type ReachedSummary struct {
	Images     int      `json:"images"`
	StoredBits *float64 `json:"stored_bits"`
	Agreement  *float64 `json:"agreement"`
	KL         *float64 `json:"kl"`
	Drop       *float64 `json:"drop"`
}

// Summary sums up a calibration.
func (c *Calibrated) Summary() *Summary {
	p := c.Profile
	s := &Summary{
		Model: p.Network.Name, Setting: Describe(p.Setting), Coder: DescribeCoders(p), Edges: len(p.Edges), Values: p.Elements(),
		Data: p.Data.Spec, Images: p.Data.Images, Seed: p.Seed, Bytes: len(p.Append(nil)), Digest: fmt.Sprintf("%x", p.Digest()),
		asked: p.Setting,
	}
	if t := c.Reached; t != nil {
		s.Reached = &ReachedSummary{t.Images, measured(t.Bits), measured(t.Agreement), measured(t.KL), measured(t.Drop)}
	}
	return s
}

// measured is nil for what was not.
func measured(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// WriteText writes a summary as people read it.
func (s *Summary) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %s for %s, coder %s, %d edges, %d values per image, calibrated on %d images, seed %d, %d bytes\n",
		s.Output, s.Setting, s.Model, s.Coder, s.Edges, s.Values, s.Images, s.Seed, s.Bytes)
	if err == nil && s.Reached != nil {
		_, err = fmt.Fprintln(w, s.Reached.text(s.asked))
	}
	return err
}

// text is one line: what was asked for first, beside its limit.
func (r *ReachedSummary) text(asked profile.Setting) string {
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
