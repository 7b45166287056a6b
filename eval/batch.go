package eval

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// BatchQuantizer quantizes an edge of all images of a batch together, in place. It says how many bits that takes, in
// one or several ways of counting; they are always as many. It is called from one goroutine at a time.
type BatchQuantizer interface {
	Quantize(edge int, images [][]float32) (bits []int64, err error)
}

// BatchMeasured is what one quantizer came to.
type BatchMeasured struct {
	Score *metric.Comparison
	Bits  []int64 // of all images, by way of counting
}

// RunBatches evaluates quantizers that need all images of a batch at once: the batches are those of the source in its order,
// the last may be smaller. Memory holds the activations of a batch once per worker.
func RunBatches(
	ctx context.Context, prog engine.Program, src Source, size int, all []BatchQuantizer, opt Options,
) (measured []BatchMeasured, err error) {
	n := src.Len()
	if n == 0 {
		return nil, errors.New("no images to evaluate on")
	}
	if opt.Metric.Outputs.All == nil {
		if opt.Metric.Outputs, err = outputsOf(prog, src, opt.Metric); err != nil {
			return nil, err
		}
	}
	measured = make([]BatchMeasured, len(all))
	for k := range measured {
		measured[k].Score = metric.NewComparison(opt.Metric)
	}
	for first := 0; first < n; first += size {
		b, err := newBatch(ctx, prog, src, first, min(size, n-first), opt)
		if err != nil {
			return nil, err
		}
		err = parallel.Ordered(ctx, len(all), opt.Workers, func(_, k int) (batchPart, error) {
			return b.run(ctx, all[k])
		}, func(k int, part batchPart) error { return measured[k].add(part) })
		if err != nil {
			return nil, err
		}
		if opt.Progress != nil {
			opt.Progress("evaluating", first+len(b.examples), n)
		}
	}
	return measured, nil
}

// batch is one with what the float network makes of it.
type batch struct {
	prog     engine.Program
	examples []dataset.Example
	float    [][]*tensor.Tensor
	opt      Options
}

// batchPart is what a batch contributes.
type batchPart struct {
	records []metric.Record
	bits    []int64
}

func (m *BatchMeasured) add(p batchPart) error {
	for _, r := range p.records {
		m.Score.Add(r)
	}
	if m.Bits == nil {
		m.Bits = make([]int64, len(p.bits))
	}
	for i, n := range p.bits {
		m.Bits[i] += n
	}
	return m.Score.Err()
}

func newBatch(ctx context.Context, prog engine.Program, src Source, first, n int, opt Options) (*batch, error) {
	b := &batch{prog: prog, opt: opt, examples: make([]dataset.Example, n), float: make([][]*tensor.Tensor, n)}
	return b, parallel.Ordered(ctx, n, opt.Workers, func(_, i int) (outputs []*tensor.Tensor, err error) {
		if b.examples[i], err = src.Example(first + i); err != nil {
			return nil, err
		}
		if outputs, err = prog.Run(b.examples[i].Input, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", b.examples[i].Name, err)
		}
		return outputs, nil
	}, func(i int, outputs []*tensor.Tensor) error { b.float[i] = outputs; return nil })
}

func (b *batch) compare(i int, outputs []*tensor.Tensor) (metric.Record, error) {
	ex := &b.examples[i]
	r, err := metric.CompareOutputs(b.opt.Metric.Outputs, b.float[i], outputs, ex.Label, ex.Mask, b.opt.Metric)
	if err != nil {
		err = fmt.Errorf("%s: %w", ex.Name, err)
	}
	return r, err
}

// run runs all images in step, one at a time from edge to edge.
func (b *batch) run(ctx context.Context, q BatchQuantizer) (p batchPart, err error) {
	s := newLockstep(ctx, q, len(b.examples), b.opt.AllowNonFinite)
	outputs := make([][]*tensor.Tensor, len(b.examples))
	var wg sync.WaitGroup
	for i := range outputs {
		wg.Go(func() {
			s.do(func() (err error) {
				outputs[i], err = b.prog.Run(b.examples[i].Input, s.hook(i))
				return err
			})
		})
	}
	wg.Wait()
	if s.panic != nil {
		panic(s.panic)
	}
	if s.err != nil {
		return p, s.err
	}
	p.bits = s.bits
	for i, out := range outputs {
		r, err := b.compare(i, out)
		if err != nil {
			return p, err
		}
		p.records = append(p.records, r)
	}
	return p, nil
}

// lockstep lets the images of a batch wait for each other at every edge. Who computes has the mutex.
type lockstep struct {
	ctx       context.Context
	quantizer BatchQuantizer
	nonFinite bool // is allowed
	mu        sync.Mutex
	turn      *sync.Cond
	images    [][]float32 // values at the edge at hand
	arrived   int         // images, at that edge
	passed    int         // edges
	bits      []int64
	err       error
	panic     *parallel.Panic
}

func newLockstep(ctx context.Context, q BatchQuantizer, images int, nonFinite bool) *lockstep {
	s := &lockstep{ctx: ctx, quantizer: q, nonFinite: nonFinite, images: make([][]float32, images)}
	s.turn = sync.NewCond(&s.mu)
	return s
}

// do runs one image. What ends it early ends the others, which would wait for ever.
func (s *lockstep) do(run func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.err == nil {
		if p := parallel.Catch(func() { err = run() }); p != nil {
			s.panic, err = p, p
		}
	}
	s.fail(err)
}

func (s *lockstep) fail(err error) {
	if err != nil && s.err == nil {
		s.err = err
		s.turn.Broadcast()
	}
}

func (s *lockstep) hook(image int) engine.Hook {
	return func(edge int, data []float32) error {
		s.images[image] = data
		if s.arrived++; s.arrived == len(s.images) {
			s.arrived = 0
			s.fail(s.quantize(edge))
			s.passed++
			s.turn.Broadcast()
		}
		for s.passed <= edge && s.err == nil {
			s.turn.Wait()
		}
		return s.err
	}
}

func (s *lockstep) quantize(edge int) error {
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	bad := 0
	for _, x := range s.images {
		for _, v := range x {
			if v-v != 0 {
				bad++
			}
		}
	}
	if bad > 0 && !s.nonFinite {
		return fmt.Errorf("%w (%d values)", engine.ErrNonFinite, bad)
	}
	bits, err := s.quantizer.Quantize(edge, s.images)
	if s.bits == nil {
		s.bits = make([]int64, len(bits))
	}
	for i, n := range bits {
		s.bits[i] += n
	}
	return err
}
