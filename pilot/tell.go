package pilot

import (
	"context"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// What searches usually need, for the estimate: budgets until the limit is found, and what streams and their repairs run, in images.
const (
	usualBudgets = 7
	usualStreams = 3*(mostBefore+mostChanged) + 4*mostChanged
)

// tell says beforehand what the pilot will take: its steps are timed on a few images.
func (r *run) tell(ctx context.Context) error {
	var variants []session.Variant
	for k := range usualBudgets {
		v := session.Variant{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: firstBudget / float64(k+1)}, Seed: r.opt.Seed}
		variants = append(variants, v)
	}
	for _, bits := range baselineBits {
		variants = append(variants, session.Variant{Setting: profile.Setting{Name: "direct", Bits: bits, Unsigned: true}, Seed: r.opt.Seed})
	}
	cost, err := r.calibrator.EstimateSweep(ctx, r.choice, variants, session.EvaluateOptions{
		Workers: r.opt.Workers, Probabilities: r.opt.Probabilities, Seed: r.opt.Seed,
	})
	if err != nil {
		return err
	}
	sending, err := advise.Estimate(ctx, r.net, r.choice, r.calib, r.adviseOptions())
	if err != nil {
		return err
	}
	evaluating := 0.
	for _, p := range cost.Phases {
		if p.Name == "evaluating" {
			evaluating = p.Seconds
		}
	}
	// Confirming takes what choosing does; then there are streams, and a look at every image.
	image := evaluating / float64(len(variants)*r.choice.Len())
	streams := min(usualStreams, 7*r.stream.Len())
	scoring := r.ownSeconds * float64((ownGroups+1)*2*len(variants)) / float64(max(1, r.opt.Workers))
	r.study.Cost.Told = cost.Seconds + evaluating + image*float64(streams+r.confirm.Len()) + sending + scoring
	if r.opt.Told != nil {
		r.opt.Told(r.study.Cost.Told)
	}
	return nil
}
