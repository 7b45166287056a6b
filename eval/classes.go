package eval

import "fmt"

// ClassIoU is the intersection over union of every class in percent, NaN where it does not apply.
type ClassIoU struct {
	Name string // "fp32" or the setting: "dqa 3+3"
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
		s := m.Codecs[0].Profile().Setting
		name := fmt.Sprintf("%s %d", s.Name, s.Bits)
		if s.ExtraBits > 0 {
			name = fmt.Sprintf("%s+%d", name, s.ExtraBits)
		}
		all = append(all, ClassIoU{name, m.Score.Summary().Candidate.IoU})
	}
	return all
}
