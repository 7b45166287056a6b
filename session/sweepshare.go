//go:build !device

package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/report"
)

// SweepKey names what the results of a sweep depend on besides its variants: this program, the engine with its instruction set, the
// network and its edges, preprocessing, images, options. Machines with one key come to the same bits.
func (k *Calibrator) SweepKey(data *dataset.Inputs, opt EvaluateOptions) (string, error) {
	h := sha256.New()
	for _, d := range []*dataset.Inputs{k.data, data} {
		key, err := k.net.key(d)
		if err != nil {
			return "", err
		}
		h.Write(key)
	}
	scores, err := k.net.metric(data, opt.Probabilities, opt.Seed)
	if err != nil {
		return "", err
	}
	for _, e := range k.net.Edges() {
		fmt.Fprintf(h, "%q ", e.Name)
	}
	coder := "own"
	if k.opt.Coder != nil {
		coder = fmt.Sprint(*k.opt.Coder)
	}
	fmt.Fprintf(h, "%+v %v %v %s %v", scores, opt.AllowNonFinite, k.opt.AllowNonFinite, coder, k.opt.MinBits)
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}

// SweepOne is Sweep of one variant of several, for machines that share a sweep. What Sweep would leave out is a result without rows;
// skipped says why then.
func (k *Calibrator) SweepOne(
	ctx context.Context, data *dataset.Inputs, v Variant, several bool, opt EvaluateOptions,
) (r report.Result, skipped string, err error) {
	c, err := k.candidate(ctx, v, several)
	if errors.Is(err, errSkipped) {
		return report.Result{}, k.Skipped[len(k.Skipped)-1].Error(), nil
	}
	if err != nil {
		return r, "", err
	}
	res, err := k.net.Evaluate(ctx, data, []Candidate{c}, opt)
	if err != nil {
		return r, "", err
	}
	return k.net.Report(res, data), "", nil
}

// JoinSweep makes of SweepOne's results, in the order of the variants, what Sweep of all of them gives: the same bytes.
func (k *Calibrator) JoinSweep(data *dataset.Inputs, parts []report.Result) report.Result {
	var whole report.Result
	for _, p := range parts {
		if len(p.Rows) == 0 {
			continue
		}
		if len(whole.Rows) == 0 {
			whole = p
			whole.Rows = p.Rows[:1:1]
		}
		whole.Rows = append(whole.Rows, p.Rows[1:]...)
	}
	if len(whole.Rows) > 0 { // elsewhere files may have other names
		whole.Model, whole.Data = k.net.name, data.Source().Spec()
	}
	return whole
}
