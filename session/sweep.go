//go:build !device

package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/report"
)

// sweepGroup is how many variants share one pass over the test images: more save float passes, fewer lose less when
// interrupted.
const sweepGroup = 6

// SweepOptions steer a sweep. The zero value works.
type SweepOptions struct {
	EvaluateOptions
	// Ledger holds what is finished, which is not done again; nil: nothing is kept.
	Ledger *Ledger
	// Finished is told, on the sweep's goroutine, what there is after every group of variants but the last: a result that is
	// Partial. It may be nil.
	Finished func(report.Result)
}

// Sweep calibrates and evaluates many variants and gives one table, in their order. The work goes from coarse to fine: of
// every method first the ends of its list, then what lies between, so that what there is after an interruption says
// something of all. Errors are those of Calibrate and Evaluate.
func (k *Calibrator) Sweep(ctx context.Context, data *dataset.Inputs, variants []Variant, opt SweepOptions) (report.Result, error) {
	s := &sweep{Calibrator: k, data: data, opt: opt, rows: make([][]report.Row, len(variants))}
	for group := range slices.Chunk(coarseFirst(variants), sweepGroup) {
		if s.done > 0 && opt.Finished != nil {
			opt.Finished(s.result())
		}
		if err := s.group(ctx, variants, group); err != nil {
			return report.Result{}, err
		}
	}
	return s.result(), nil
}

// SweepOrPart is Sweep, or what there is of it when the context ends: with its cause as the error, and at once, for a signal
// leaves little time. Options.Finished is its own.
func (k *Calibrator) SweepOrPart(ctx context.Context, data *dataset.Inputs, variants []Variant, opt SweepOptions) (report.Result, error) {
	type outcome struct {
		report.Result
		err error
	}
	var last atomic.Pointer[report.Result]
	opt.Finished = func(r report.Result) { last.Store(&r) }
	whole := make(chan outcome, 1)
	go func() {
		var o outcome
		if p := Catch(func() { o.Result, o.err = k.Sweep(ctx, data, variants, opt) }); p != nil {
			o.err = p
		}
		whole <- o
	}()
	var o outcome
	select {
	case o = <-whole:
	case <-ctx.Done():
		select {
		case o = <-whole:
		case <-time.After(partialAfter):
			o.err = context.Cause(ctx)
		}
	}
	if part := last.Load(); part != nil && errors.Is(o.err, context.Canceled) {
		o.Result = *part
	}
	return o.Result, o.err
}

// partialAfter is how long images that are at work are waited for.
const partialAfter = 200 * time.Millisecond

// sweep is one at work.
type sweep struct {
	*Calibrator
	data  *dataset.Inputs
	opt   SweepOptions
	whole report.Result  // with the float network's row alone
	rows  [][]report.Row // by variant
	done  int            // variants
}

// result is what there is so far.
func (s *sweep) result() report.Result {
	r := s.whole
	r.Rows = slices.Clone(r.Rows)
	for _, rows := range s.rows {
		r.Rows = append(r.Rows, rows...)
	}
	if s.done < len(s.rows) {
		r.Partial = fmt.Sprintf("%d of %d settings", s.done, len(s.rows))
	}
	return r
}

// group evaluates some variants, or finds in the ledger that it has been done.
func (s *sweep) group(ctx context.Context, variants []Variant, group []int) error {
	var candidates []Candidate
	var made []int // variants, by candidate
	for _, i := range group {
		c, err := s.candidate(ctx, variants[i], len(variants) > 1)
		if errors.Is(err, errSkipped) {
			continue
		}
		if err != nil {
			return err
		}
		candidates, made = append(candidates, c), append(made, i)
	}
	key, err := s.key(candidates)
	if err != nil {
		return err
	}
	r, ok := s.opt.Ledger.result(key)
	if !ok {
		res, err := s.net.Evaluate(ctx, s.data, candidates, s.opt.EvaluateOptions)
		if err != nil {
			return err
		}
		r = s.net.Report(res, s.data)
		if err := s.opt.Ledger.add(key, r); err != nil {
			return err
		}
	}
	left := r.Rows[1:]
	for n, c := range candidates {
		own := rowsOf(c)
		s.rows[made[n]], left = left[:own], left[own:]
	}
	r.Rows = r.Rows[:1]
	s.whole = r
	s.done += len(group)
	return nil
}

// rowsOf is how many rows a candidate becomes.
func rowsOf(c Candidate) (n int) {
	for _, b := range withBases([]Candidate{c}) {
		n += len(b.Codecs)
	}
	return n
}

// key names what results depend on.
func (s *sweep) key(candidates []Candidate) (string, error) {
	h := sha256.New()
	digest, err := s.data.Source().Digest()
	if err != nil {
		return "", err
	}
	scores, err := s.net.metric(s.data, s.opt.Probabilities, s.opt.Seed)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(h, "%x %+v %+v", digest, s.net.pre, scores)
	for _, c := range candidates {
		for _, codec := range c.Codecs {
			d := codec.Profile().Digest()
			h.Write(d[:])
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}

// coarseFirst orders variants, by their numbers, so that methods take turns and each of them begins with the ends of its
// list and halves the gaps.
func coarseFirst(variants []Variant) (order []int) {
	var methods [][]int
	number := map[Variant]int{}
	for i, v := range variants {
		v.Bits, v.ExtraBits, v.Ratio, v.Dial, v.Goal = 0, 0, 0, 0, 0
		if _, ok := number[v]; !ok {
			number[v] = len(methods)
			methods = append(methods, nil)
		}
		methods[number[v]] = append(methods[number[v]], i)
	}
	for turn := 0; len(order) < len(variants); turn++ {
		for _, m := range methods {
			if turn < len(m) {
				order = append(order, m[halving(len(m))[turn]])
			}
		}
	}
	return order
}

// halving orders 0 to n-1: the ends, the middle, the middles of what is left.
func halving(n int) []int {
	order := []int{0}
	if n > 1 {
		order = append(order, n-1)
	}
	gaps := [][2]int{{0, n - 1}}
	for len(gaps) > 0 {
		low, high := gaps[0][0], gaps[0][1]
		gaps = gaps[1:]
		if high-low < 2 {
			continue
		}
		middle := (low + high) / 2
		order = append(order, middle)
		gaps = append(gaps, [2]int{low, middle}, [2]int{middle, high})
	}
	return order
}
