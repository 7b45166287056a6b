package pilot

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/session"
	"github.com/dqa-go/dqa/tensor"
)

// seen is what one image comes to, in float32 and on stored activations.
type seen struct {
	index  int
	name   string
	label  int
	record metric.Record
	bytes  int
	edges  []int // bytes by edge, if asked for
	guess  *guess
	// What a command is told of it.
	float, stored prediction
}

// measured is what a setting comes to on a part.
type measured struct {
	Outcome
	edges  []float64 // mean bytes by edge
	images []seen
	sum    metric.Summary
}

// scores say how outputs are compared.
func (r *run) scores(data *dataset.Inputs) (metric.Options, error) {
	outputs, err := r.net.Outputs(data, r.opt.Probabilities)
	return metric.Options{
		Outputs: outputs, Ignore: ignoredOf(r.net), Probabilities: r.opt.Probabilities, Seed: r.opt.Seed,
	}, err
}

func ignoredOf(n *session.Network) []int { p := n.Preprocess(); return p.IgnoredClasses() }

// runner computes the outputs that are compared with the float network's, and how many bytes are stored on the way.
type runner func(i int, x *tensor.Tensor) (outputs []*tensor.Tensor, frame []byte, err error)

// stored makes runners of a quantized network, one for every worker.
func stored(q *session.Quantized) func() runner {
	return func() runner {
		enc := q.NewEncoder(session.EncodeOptions{})
		var buffer []byte
		return func(_ int, x *tensor.Tensor) ([]*tensor.Tensor, []byte, error) {
			var outputs []*tensor.Tensor
			var err error
			buffer, outputs, err = enc.Encode(buffer[:0], x)
			return outputs, buffer, err
		}
	}
}

// compare runs all images in float32 and by a runner. detail keeps every image.
func (r *run) compare(ctx context.Context, what string, data *dataset.Inputs, runners func() runner, detail bool) (*measured, error) {
	scores, err := r.scores(data)
	if err != nil {
		return nil, err
	}
	all := metric.NewComparison(scores)
	m := &measured{}
	var sizes, disagree []float64
	var float, got []prediction
	workers := make([]runner, max(1, r.opt.Workers))
	err = parallel.Ordered(ctx, data.Len(), r.opt.Workers, func(w, i int) (*seen, error) {
		if workers[w] == nil {
			workers[w] = runners()
		}
		return r.look(data, i, workers[w], scores, detail)
	}, func(i int, s *seen) error {
		r.report(what, "images", i+1, data.Len())
		all.Add(s.record)
		sizes, disagree = append(sizes, float64(s.bytes)), append(disagree, 100*(1-s.record.Agreement))
		if r.opt.MetricCommand != "" {
			float, got = append(float, s.float), append(got, s.stored)
		}
		if detail {
			m.add(s, data.Len())
		}
		return all.Err()
	})
	if err != nil {
		return nil, err
	}
	m.sum = all.Summary()
	m.Outcome = r.outcome(m.sum, sizes)
	if k := scores.Outputs.Scored; m.sum.Metric == "" && k >= 0 && scores.Outputs.All[k].Kind == metric.Maps { // pixels, not images
		m.Loss, m.SE = metric.Mean(disagree)
	}
	if r.opt.MetricCommand != "" {
		err = r.own(ctx, what, data, float, got, &m.Outcome)
	}
	m.Outcome.settle()
	return m, err
}

// add keeps one of n images.
func (m *measured) add(s *seen, n int) {
	if m.edges == nil {
		m.edges = make([]float64, len(s.edges))
	}
	for e, bytes := range s.edges {
		m.edges[e] += float64(bytes) / float64(n)
	}
	m.images = append(m.images, *s)
}

// mostKL stands for outputs that are not finite.
const mostKL = 1e9

// settle makes numbers of what too few images do not tell: nothing is known of a loss then, which its interval says.
func (o *Outcome) settle() {
	if o.Loss.Value != o.Loss.Value {
		o.Loss = Interval{Value: 0, Low: -100, High: 100}
	}
	for _, v := range []*float64{&o.Float, &o.Value, &o.Agreement, &o.KL, &o.SE} {
		if *v != *v {
			*v = 0
		}
	}
	o.KL = min(o.KL, mostKL)
}

// outcome sums up a comparison and the sizes of its frames.
func (r *run) outcome(s metric.Summary, sizes []float64) Outcome {
	o := Outcome{Images: s.Images, Agreement: s.Agreement, KL: s.KL}
	o.Float = 100
	switch s.Metric {
	case "top1":
		o.Float = s.Reference.Top1
	case "miou":
		o.Float = s.Reference.MeanIoU
	}
	o.Value, o.Loss, o.SE = s.Loss()
	bytes, _ := metric.Mean(sizes)
	per := 8 / float64(max(1, r.net.Values()))
	o.FrameBytes, o.StoredBits = bytes.Value, Interval{Value: bytes.Value * per, Low: bytes.Low * per, High: bytes.High * per}
	return o
}

// look runs one image.
func (r *run) look(data *dataset.Inputs, i int, run runner, scores metric.Options, detail bool) (*seen, error) {
	ex, err := data.Example(i)
	if err != nil {
		return nil, err
	}
	float, err := r.float(data, i, ex.Input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ex.Name, err)
	}
	got, bytes, err := run(i, ex.Input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ex.Name, err)
	}
	s := &seen{index: i, name: ex.Name, label: ex.Label, bytes: len(bytes)}
	if s.record, err = metric.CompareOutputs(scores.Outputs, float, got, ex.Label, ex.Mask, scores); err != nil {
		return nil, fmt.Errorf("%s: %w", ex.Name, err)
	}
	if r.opt.MetricCommand != "" {
		k := scores.Outputs.Scored
		s.float, s.stored = predicted(ex, float[k]), predicted(ex, got[k])
	}
	if !detail {
		return s, nil
	}
	if bytes != nil {
		f, err := frame.Parse(bytes)
		if err != nil {
			return nil, err
		}
		for _, e := range f.EdgeBlocks {
			s.edges = append(s.edges, sizeOf(e))
		}
	}
	if k := scores.Outputs.Scored; k >= 0 {
		s.guess = newGuess(float[k], got[k], ex.Mask, scores)
	}
	return s, nil
}

// sizeOf is what an edge takes in a frame: scales, tiles and their checksums.
func sizeOf(e frame.Edge) int {
	n := 4*len(e.Scales) + 4
	for _, t := range e.Tiles {
		n += len(t) + 4 + 2 // payload, checksum, length in the index
	}
	return n
}
