package pilot

import (
	"context"
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/picture"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// cutBudgets are the stored bits per value that are tried at a cut, mostCuts how many are tried.
var cutBudgets = []float64{.5, 1}

const mostCuts = 3

// link asks package advise what should be sent: its cuts, calibrated for what passes there, beside picture files, chosen on the choice
// part and confirmed on the confirmation part. `dqa split --advise` prints the same.
func (r *run) link(ctx context.Context) (Link, error) {
	l := Link{Rate: r.opt.Link, Cut: -1, File: -1, Command: r.adviseCommand()}
	advice, err := step(r, fmt.Sprintf("link of %g bit/s", l.Rate), func() (*advise.Advice, error) {
		return advise.Measure(ctx, r.net, r.choice, r.calib, r.adviseOptions())
	})
	if err != nil {
		return l, err
	}
	l.Advice = advice
	l.Cut, l.File = advice.Number(advice.Smallest(advise.Split)), advice.Number(advice.Smallest(advise.JPEG, advise.PNG, advise.WebP))
	return l, nil
}

func (r *run) adviseOptions() advise.Options {
	coder := profile.Smallest2
	return advise.Options{
		Link: r.opt.Link, Limit: r.opt.Limit, Budgets: cutBudgets, Share: MaxHead, Most: mostCuts, Coder: &coder, Confirm: r.confirm,
		EvaluateOptions: session.EvaluateOptions{
			Workers: r.opt.Workers, Probabilities: r.opt.Probabilities, Seed: r.opt.Seed, Progress: r.opt.Progress,
		},
	}
}

// adviseCommand prints what link measures.
func (r *run) adviseCommand() string {
	images := fmt.Sprintf(" --advise --calib %s --confirm %s", Quote(r.study.Part(Calibration).Spec), Quote(r.study.Part(Confirmation).Spec))
	settings := fmt.Sprintf(" --budget %s --max-share %g --max-cuts %d --max-loss %g --link %s --seed %d",
		listed(cutBudgets), MaxHead, mostCuts, r.opt.Limit, rate(r.opt.Link), r.opt.Seed)
	return r.command("split", Choice, images+settings)
}

// listed are numbers with commas between.
func listed(all []float64) string {
	var words []string
	for _, v := range all {
		words = append(words, fmt.Sprintf("%g", v))
	}
	return strings.Join(words, ",")
}

// rate is bits per second as session.ParseRate reads it.
func rate(bits float64) string {
	switch {
	case bits >= 1e9:
		return fmt.Sprintf("%gGbit", bits/1e9)
	case bits >= 1e6:
		return fmt.Sprintf("%gMbit", bits/1e6)
	}
	return fmt.Sprintf("%gkbit", bits/1e3)
}

// CutWay is the smallest cut that keeps the limit; nil: there is none.
func (l *Link) CutWay() *advise.Way { return l.way(l.Cut) }

// FileWay is the smallest picture file that keeps the limit; nil: the data are no pictures.
func (l *Link) FileWay() *advise.Way { return l.way(l.File) }

func (l *Link) way(n int) *advise.Way {
	if l.Advice == nil || n < 0 {
		return nil
	}
	return &l.Advice.Ways[n]
}

// jpegSizes are the sizes of the confirmation part's images as JPEG; nil where they are no pictures.
func (r *run) jpegSizes(ctx context.Context) (*Interval, error) {
	src := r.confirm.Source()
	first, err := src.Sample(0)
	if err != nil {
		return nil, err
	}
	if first.Image.Float || first.Image.Channels > 4 {
		return nil, nil
	}
	format := picture.Format{Kind: picture.JPEG, Quality: JPEGQuality}
	var sizes []float64
	err = parallel.Ordered(ctx, src.Len(), r.opt.Workers, func(_, i int) (int, error) {
		sample, err := src.Sample(i)
		if err != nil {
			return 0, err
		}
		file, _, err := format.Through(sample.Image)
		return len(file), err
	}, func(_, n int) error { sizes = append(sizes, float64(n)); return nil })
	if err != nil {
		return nil, err
	}
	mean, _ := metric.Mean(sizes)
	return &mean, nil
}
