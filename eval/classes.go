package eval

import (
	"fmt"

	"github.com/dqa-go/dqa"
)

// ClassIoU is the intersection over union of every class in percent, NaN where it does not apply.
type ClassIoU struct {
	Name string // "fp32" or the setting: "dqa 3+3, r 0.5"
	IoU  []float64
}

// ClassIoUs lists the classes' scores of the float network and of every candidate; nil unless labels are masks.
func (r *Results) ClassIoUs() []ClassIoU {
	ref := r.Reference.Summary()
	if ref.Metric != "miou" {
		return nil
	}
	all := []ClassIoU{{"fp32", ref.Reference.IoU}}
	for _, m := range r.Measured {
		name := settingName(m.Codecs[0])
		if m.BaseOnly {
			name += ", base"
		}
		all = append(all, ClassIoU{name, m.Score.Summary().Candidate.IoU})
	}
	return all
}

// settingName is what tells settings apart, in the words that ask for them: "graded max-drop 1", "dqa:unsigned 3+3".
func settingName(codec *dqa.Codec) string {
	s := codec.Profile().Setting
	name, dialled := s.Name, s.Dial > 0
	if s.Unsigned && !dialled { // graded leaves no choice
		name += ":unsigned"
	}
	if s.Ranking != "" && s.Ranking != "energy" {
		name += ":" + s.Ranking
	}
	switch {
	case dialled:
		return fmt.Sprintf("%s %s %g", name, s.Dial, s.Goal)
	case s.ExtraBits > 0:
		return fmt.Sprintf("%s %d+%d, r %g", name, s.Bits, s.ExtraBits, s.Ratio)
	}
	return fmt.Sprintf("%s %d", name, s.Bits)
}
