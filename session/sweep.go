package session

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/report"
)

// sweepGroup is how many variants share one pass over the test images: more save float passes, fewer lose less when
// interrupted.
const sweepGroup = 6

// Sweep calibrates and evaluates many variants and gives one table. What the ledger holds already is not done again, and
// what is finished is added to it; it may be nil. Errors are those of Calibrate and Evaluate.
func (k *Calibrator) Sweep(
	ctx context.Context, data *dataset.Inputs, variants []Variant, ledger *Ledger, opt EvaluateOptions,
) (report.Result, error) {
	var joined report.Result
	for group := range slices.Chunk(variants, sweepGroup) {
		r, err := k.sweepGroup(ctx, data, group, ledger, opt)
		if err != nil {
			return report.Result{}, err
		}
		if joined.Rows != nil {
			r.Rows = append(joined.Rows, r.Rows[1:]...) // one float row for all
		}
		joined = r
	}
	return joined, nil
}

// sweepGroup evaluates some variants, or finds in the ledger that it has been done.
func (k *Calibrator) sweepGroup(
	ctx context.Context, data *dataset.Inputs, group []Variant, ledger *Ledger, opt EvaluateOptions,
) (report.Result, error) {
	h := sha256.New()
	digest, err := data.Source().Digest()
	if err != nil {
		return report.Result{}, err
	}
	scores, err := k.net.metric(data, opt.Probabilities, opt.Seed)
	if err != nil {
		return report.Result{}, err
	}
	fmt.Fprintf(h, "%x %+v %+v", digest, k.net.pre, scores)
	candidates, err := k.Candidates(ctx, group)
	if err != nil {
		return report.Result{}, err
	}
	for _, c := range candidates {
		for _, codec := range c.Codecs {
			d := codec.Profile().Digest()
			h.Write(d[:])
		}
	}
	key := fmt.Sprintf("%x", h.Sum(nil)[:16])
	if r, ok := ledger.result(key); ok {
		return r, nil
	}
	res, err := k.net.Evaluate(ctx, data, candidates, opt)
	if err != nil {
		return report.Result{}, err
	}
	r := report.Of(res, k.net.name, data.Source().Spec())
	return r, ledger.add(key, r)
}
