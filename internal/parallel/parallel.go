// Package parallel spreads work over goroutines in a way that cannot change the result.
package parallel

import (
	"context"
	"sync"
)

type outcome[T any] struct {
	value T
	err   error
	panic *Panic
}

// Ordered computes work(w, i) for i = 0..n-1 on `workers` goroutines (at least one; w is the goroutine's index, for
// scratch memory) and hands the results to consume in the order of i, on the caller's goroutine. At most 2*workers
// results wait at a time. The first error in the order of i, or the context's, ends it and is returned. A panic of work
// becomes one of the caller, a *Panic.
func Ordered[T any](ctx context.Context, n, workers int, work func(w, i int) (T, error), consume func(i int, v T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type job struct {
		i    int
		slot chan outcome[T]
	}
	workers = max(1, min(workers, n))
	jobs, queue := make(chan job), make(chan chan outcome[T], 2*workers)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	for w := range workers {
		wg.Go(func() {
			for j := range jobs {
				var r outcome[T]
				r.panic = Catch(func() { r.value, r.err = work(w, j.i) })
				j.slot <- r
			}
		})
	}
	wg.Go(func() {
		defer close(queue)
		defer close(jobs)
		for i := range n {
			slot := make(chan outcome[T], 1)
			select {
			case queue <- slot:
			case <-ctx.Done():
				return
			}
			jobs <- job{i, slot}
		}
	})
	i := 0
	for slot := range queue {
		r := <-slot
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if r.panic != nil {
			panic(r.panic)
		}
		if r.err != nil {
			return r.err
		}
		if err := consume(i, r.value); err != nil {
			return err
		}
		i++
	}
	return context.Cause(ctx)
}
