package engine

import (
	"context"
	"time"

	"github.com/dqa-go/dqa/tensor"
)

// Cost is what a cut at an edge takes per image, relative to a whole run without a hook.
type Cost struct {
	Head float64 // RunTo
	Tail float64 // RunFrom
}

// Costs measures every edge on one input, with hook (which may be nil) at all edges but the cut's own. whole is the
// time of a whole run without a hook. Every time is the shorter of two.
func Costs(ctx context.Context, p Program, x *tensor.Tensor, hook Hook) (whole time.Duration, costs []Cost, err error) {
	shortest := func(f func() error) time.Duration {
		best := time.Duration(1<<63 - 1)
		for range 2 {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return 1
			}
			start := time.Now()
			err = f()
			best = min(best, max(time.Since(start), 1))
		}
		return best
	}
	whole = shortest(func() error { _, err := p.Run(x, nil); return err })
	costs = make([]Cost, len(p.Edges()))
	for i := range costs {
		var state *State
		head := shortest(func() (err error) { state, err = p.RunTo(i, x, Before(i, hook)); return err })
		tail := shortest(func() error { _, err := p.RunFrom(state, hook); return err })
		costs[i] = Cost{float64(head) / float64(whole), float64(tail) / float64(whole)}
	}
	return whole, costs, err
}

// Before is hook for the edges before one.
func Before(edge int, hook Hook) Hook {
	if hook == nil {
		return nil
	}
	return func(i int, data []float32) error {
		if i >= edge {
			return nil
		}
		return hook(i, data)
	}
}
