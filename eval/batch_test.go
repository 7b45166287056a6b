package eval_test

import (
	"context"
	"errors"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
	"github.com/google/go-cmp/cmp"
)

// sharing halves values by what all images of a batch share: it shows that they are there together, in order.
type sharing struct {
	counts map[int]int
	fail   error
	panics bool
}

func (s *sharing) Quantize(edge int, images [][]float32) ([]int64, error) {
	if s.panics {
		panic("quantizer")
	}
	if s.counts == nil {
		s.counts = map[int]int{}
	}
	s.counts[edge] += len(images)
	for _, x := range images {
		for i := range x {
			x[i] *= .5
		}
	}
	return []int64{int64(len(images)), 1}, s.fail
}

// halving does the same to one image.
func halving(_ int, data []float32) error {
	for i := range data {
		data[i] *= .5
	}
	return nil
}

// A batch in step gives what its images give one by one, whatever its size, with any number of workers.
func TestBatchesEqualImages(t *testing.T) {
	b := demoBench(t, "demo:classify")
	opt := eval.Options{}
	want := metric.NewComparison(opt.Metric)
	for i := range b.test.Len() {
		ex, err := b.test.Example(i)
		if err != nil {
			t.Fatal(err)
		}
		want.Add(compared(t, b.prog, ex.Input, ex.Label))
	}
	for _, size := range []int{1, 5, 12, 100} {
		for _, workers := range []int{1, 3} {
			first, second := &sharing{}, &sharing{}
			opt.Workers = workers
			got, err := eval.RunBatches(t.Context(), b.prog, b.test, size, []eval.BatchQuantizer{first, second}, opt)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range got {
				if diff := cmp.Diff(want.Summary(), m.Score.Summary(), cmp.Comparer(sameOrNaN)); diff != "" {
					t.Errorf("batches of %d, %d workers: %s", size, workers, diff)
				}
				edges, batches := len(b.prog.Edges()), (b.test.Len()+size-1)/size
				if m.Bits[0] != int64(edges*b.test.Len()) || m.Bits[1] != int64(edges*batches) {
					t.Errorf("batches of %d: %d bits", size, m.Bits)
				}
			}
			for edge, n := range first.counts {
				if n != b.test.Len() {
					t.Errorf("edge %d: %d images", edge, n)
				}
			}
		}
	}
}

func sameOrNaN(a, b float64) bool { return a == b || a != a && b != b }

func compared(t *testing.T, prog engine.Program, x *tensor.Tensor, label int) metric.Record {
	t.Helper()
	float, err := prog.Run(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := prog.Run(x, halving)
	if err != nil {
		t.Fatal(err)
	}
	r, err := metric.Compare(float[0], out[0], label, nil, metric.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What ends one image of a batch ends all of them: nobody waits for ever.
func TestBatchesEnd(t *testing.T) {
	b := demoBench(t, "demo:classify")
	run := func(ctx context.Context, prog engine.Program, q eval.BatchQuantizer) error {
		_, err := eval.RunBatches(ctx, prog, b.test, 4, []eval.BatchQuantizer{q}, eval.Options{Workers: 2})
		return err
	}
	broken := errors.New("broken")
	if err := run(t.Context(), b.prog, &sharing{fail: broken}); !errors.Is(err, broken) {
		t.Errorf("a quantizer's error: %v", err)
	}
	if err := run(t.Context(), failsLate{b.prog}, &sharing{}); !errors.Is(err, errLate) {
		t.Errorf("an image's error: %v", err)
	}
	if err := run(t.Context(), infinite{b.prog}, &sharing{}); !errors.Is(err, engine.ErrNonFinite) {
		t.Errorf("infinite values: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, b.prog, &sharing{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a quantizer's panic is lost")
		}
	}()
	_ = run(t.Context(), b.prog, &sharing{panics: true})
}

var errLate = errors.New("late")

// failsLate is a network that fails behind its third edge, on quantized images.
type failsLate struct{ engine.Program }

func (p failsLate) Run(x *tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	if hook == nil {
		return p.Program.Run(x, nil)
	}
	return p.Program.Run(x, func(i int, data []float32) error {
		if i == 3 {
			return errLate
		}
		return hook(i, data)
	})
}

// infinite is a network that overflows.
type infinite struct{ engine.Program }

func (p infinite) Run(x *tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	if hook == nil {
		return p.Program.Run(x, nil)
	}
	return p.Program.Run(x, func(i int, data []float32) error {
		data[0] /= data[0] - data[0]
		return hook(i, data)
	})
}
