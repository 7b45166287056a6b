package report

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
)

// Of turns the results of an evaluation into the envelope: one row for the float network, one for every candidate and
// coder. model and data name what was measured.
func Of(r *eval.Results, model, data string) Result {
	ref := r.Reference.Summary()
	out := Result{Model: model, Data: data, Images: r.Images, FP32: value(ref, ref.Reference), Outputs: outputsOf(r.Outputs)}
	if ref.Metric != "" {
		out.Metric = &ref.Metric
	}
	out.Rows = append(out.Rows, floatRow(ref))
	for _, m := range r.Measured {
		score, halves := m.Score.Summary(), halvesOf(r.Images, m.Halves)
		for k, codec := range m.Codecs {
			row := ScoreRow(score)
			row.Halves = halves
			setSetting(&row, codec.Profile())
			if codec.Profile().Setting.Refine > 0 {
				row.Scalable, row.BaseOnly = pointer(codec.Profile().Setting.Refine), pointer(m.BaseOnly)
			}
			bytes := float64(m.Frames[k]) / float64(r.Images)
			row.FrameBytes = number(bytes)
			row.StoredBits = number(8 * bytes / float64(codec.Profile().Elements()))
			row.ProfileBytes = pointer(codec.ProfileBytes())
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}

func halvesOf(images int, scores [2]*metric.Comparison) *Halves {
	if images < 2 || scores[0] == nil {
		return nil
	}
	half := func(n int, s metric.Summary) Half {
		return Half{Images: n, Drop: number(s.Drop), DropSE: number(s.DropSE), Agreement: number(s.Agreement)}
	}
	return &Halves{half((images+1)/2, scores[0].Summary()), half(images/2, scores[1].Summary())}
}

// floatRow is the float network beside its quantized versions: 32 bits per value, nothing lost.
func floatRow(s metric.Summary) Row {
	return Row{Method: "fp32", Value: value(s, s.Reference), StoredBits: number(32)}
}

// ScoreRow says how well something does, and nothing of what it is or takes.
func ScoreRow(s metric.Summary) Row {
	return Row{
		Value: value(s, s.Candidate), Drop: number(s.Drop), DropSE: number(s.DropSE), KL: number(s.KL), Agreement: number(s.Agreement),
		Outputs: distances(s),
	}
}

func setSetting(row *Row, p *profile.Profile) {
	m := p.Setting
	row.Method, row.Bits = m.Name, pointer(m.Bits)
	switch {
	case m.Dial == profile.Budget:
		row.Bits, row.Budget = nil, pointer(m.Goal)
	case m.Dial != profile.NoDial:
		row.Bits, row.Goal = nil, pointer(fmt.Sprintf("%s %g", m.Dial, m.Goal))
	}
	if m.Dial == profile.NoDial { // graded leaves no choice
		row.Signed, row.Scale = pointer(!m.Unsigned), pointer(m.Scale.String())
	}
	if m.Ranking != "" {
		row.ExtraBits, row.Ratio, row.Ranking = pointer(m.ExtraBits), pointer(m.Ratio), pointer(m.Ranking)
		row.Global = pointer(m.Global)
	}
	if m.Ranking == "random" || m.Name == "noisyquant" {
		row.Seed = pointer(p.Seed)
	}
	if p.Coder.Compresses() {
		row.Coder = pointer(p.Coder.String())
	}
}

func value(s metric.Summary, score metric.Score) *float64 {
	switch s.Metric {
	case "top1":
		return number(score.Top1)
	case "miou":
		return number(score.MeanIoU)
	}
	return nil
}

// number is nil for what does not apply.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func pointer[T any](v T) *T { return &v }
