package calib

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// maxCurveImages bounds the images that curves are measured on: they change little with more (METHOD section 4.1).
const maxCurveImages = 64

// temperature softens a classifier's outputs: plain KL is zero on images that the network is sure of.
const temperature = 4

// curvePart is one edge on one image: by step.
type curvePart struct {
	distortion []float64
	counts     []histogram
}

// Curves implements method.Env. Equal questions are answered once per calibration.
func (r *run) Curves(edges []profile.Edge, steps [][]float32) ([][]method.CurvePoint, error) {
	key := questionKey(fmt.Append(nil, steps), "curves", 0, edges)
	if curves, ok := r.curves[key]; ok {
		return curves, nil
	}
	curves, err := r.measureCurves(edges, steps)
	if err == nil {
		r.curves[key] = curves
	}
	return curves, err
}

// measureCurves cuts the work as a search does: the network runs up to an edge once per image and on from there once per
// step.
func (r *run) measureCurves(edges []profile.Edge, steps [][]float32) ([][]method.CurvePoint, error) {
	n, start := min(r.src.Len(), maxCurveImages), time.Now()
	if r.partial {
		n = 1
	}
	curves := make([][]method.CurvePoint, len(edges))
	var sum curvePart
	total := len(edges) * n
	err := parallel.Ordered(r.ctx, total, r.opt.Workers, func(_, k int) (curvePart, error) {
		part, err := r.curve(&edges[k/n], k/n, k%n, steps[k/n])
		if err != nil {
			return part, fmt.Errorf("image %d, edge %q: %w", k%n, edges[k/n].Name, err)
		}
		return part, nil
	}, func(k int, part curvePart) error {
		if k%n == 0 {
			sum = part
		} else {
			sum.add(part)
		}
		if k%n == n-1 {
			curves[k/n] = sum.points(n)
		}
		r.report("curves", "cuts", k+1, total)
		return nil
	})
	passes := 0.0
	for i := range edges { // heads and tails are half a pass on average
		passes += float64(n) * float64(2+len(steps[i])) / 2
	}
	r.phases = append(r.phases, Phase{Name: "curves", Passes: passes, Time: time.Since(start), images: n, limit: maxCurveImages})
	return curves, err
}

func (r *run) curve(e *profile.Edge, edge, image int, steps []float32) (part curvePart, err error) {
	x, err := r.src.Input(image)
	if err != nil {
		return part, err
	}
	state, err := r.prog.RunTo(edge, x, nil)
	if err != nil {
		return part, err
	}
	t, err := tensorOf(state, e.Name)
	if err != nil {
		return part, err
	}
	float := slices.Clone(t.Data)
	want, err := r.prog.RunFrom(state, nil)
	if err != nil {
		return part, err
	}
	var codes dqa.Codes
	for _, step := range steps {
		v := *e
		v.Steps = []float32{step, step}
		codes.Quantize(&v, float)
		codes.Dequantize(&v, t.Data)
		h := newHistogram(&v)
		h.add(&v, codes.Wide)
		got, err := r.prog.RunFrom(state, nil)
		if err != nil {
			return part, err
		}
		d, err := distortion(want[0], got[0])
		if err != nil {
			return part, err
		}
		part.distortion = append(part.distortion, d)
		part.counts = append(part.counts, h)
	}
	return part, nil
}

func (p *curvePart) add(other curvePart) {
	for k := range p.distortion {
		p.distortion[k] += other.distortion[k]
		p.counts[k].merge(other.counts[k])
	}
}

// points are the means over n images; codes are counted at the entropy of their channel.
func (p *curvePart) points(n int) []method.CurvePoint {
	points := make([]method.CurvePoint, len(p.distortion))
	for k := range points {
		bits := 0.0
		for _, counts := range p.counts[k] {
			c := slotCounts{counts: counts}
			c.measure()
			bits += c.mean * c.total
		}
		points[k] = method.CurvePoint{Distortion: p.distortion[k] / float64(n), Bits: bits / float64(n)}
	}
	return points
}

// distortion is the KL of a classifier's outputs at temperature, plain KL per pixel of a segmenter's, and the mean
// squared error of others (METHOD section 4.1).
func distortion(want, got *tensor.Tensor) (float64, error) {
	s := want.Shape
	switch {
	case len(s) == 2 && s[1] > 1:
		return metric.KL(softened(want), softened(got), false)
	case len(s) == 4 && s[1] > 1:
		return metric.KL(want, got, false)
	}
	sum := 0.0
	for i, v := range want.Data {
		sum += math.Pow(float64(got.Data[i])-float64(v), 2)
	}
	return sum / float64(len(want.Data)), nil
}

func softened(t *tensor.Tensor) *tensor.Tensor {
	out := t.Clone()
	for i := range out.Data {
		out.Data[i] /= temperature
	}
	return out
}
