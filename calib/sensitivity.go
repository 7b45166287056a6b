package calib

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/gradient"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
	"github.com/dqa-go/dqa/tensor"
)

// Curves says where graded's curves come from.
type Curves uint8

// Both give distortions in the same units, so that nothing else changes.
const (
	Measured Curves = iota // the network is run on from every edge, step by step
	Gradient               // derivatives say what small errors do: one pass back instead of all steps
)

var curvesNames = [...]string{"measured", "gradient"}

func (c Curves) String() string { return curvesNames[c] }

// ParseCurves is the inverse of String.
func ParseCurves(s string) (Curves, error) {
	i := slices.Index(curvesNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("%w: curves %q: one of %q", method.ErrSetting, s, curvesNames)
	}
	return Curves(i), nil
}

// sensitivityBatches is how many times as many images gradients are taken on as curves are measured on. Every image gets
// drawsClasses draws of its labels, or one where an output has a label at every position.
const (
	sensitivityBatches = 4
	drawsClasses       = 4
)

func (r *run) sensitivityImages() int { return min(r.src.Len(), sensitivityBatches*r.heavyLimit()) }

func (r *run) draws() int {
	if slices.ContainsFunc(r.opt.Outputs.All, func(o metric.Output) bool { return len(o.Shape) == 4 }) {
		return 1
	}
	return drawsClasses
}

// derivatives are the network's, prepared once.
func (r *run) derivatives() (*gradient.Program, error) {
	if r.gradient == nil {
		if r.opt.Observe == nil {
			return nil, fmt.Errorf("%w: no engine to take derivatives with", method.ErrSetting)
		}
		p, err := gradient.New(r.prog.Graph(), r.Edges(), r.opt.Observe)
		if err != nil {
			return nil, err
		}
		r.gradient = p
	}
	return r.gradient, nil
}

// sensitivity runs an image and gives visit, edge by edge, its values and of each G: the second derivative of the distortion by
// it, as the mean of a few draws. G is the edge's own; edges without a derivative are left out.
func (r *run) sensitivity(p *gradient.Program, image int, x *tensor.Tensor, visit func(edge int, values, g []float32) error) error {
	v, err := p.Forward(x)
	if err != nil {
		return err
	}
	edges, draws := r.prog.Edges(), r.draws()
	sums := make([][]float32, len(edges))
	rng := rand.New(rand.NewPCG(r.seed, uint64(image)))
	for n := range draws {
		err := p.Backward(v, r.draw(v.Outputs, rng), func(edge int, d []float32) error {
			for i, s := range d {
				d[i] = s * s / float32(draws)
			}
			if n == 0 {
				sums[edge] = d
			} else {
				for i, s := range d {
					sums[edge][i] += s
				}
			}
			if n < draws-1 {
				return nil
			}
			g := sums[edge]
			sums[edge] = nil
			return visit(edge, v.Edge(edges[edge].Name), g)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sensitive sums G over the values of every channel, and over images.
func (r *run) sensitive(edges []profile.Edge) ([][]method.Score, error) {
	p, err := r.derivatives()
	if err != nil {
		return nil, err
	}
	for i := range edges {
		if err := p.Derivative(edges[i].Name); err != nil {
			return nil, fmt.Errorf("%w: edge %q: %w", method.ErrSetting, edges[i].Name, err)
		}
	}
	total := newSums(edges)
	n := r.sensitivityImages()
	err = r.passOf("ranking (sensitivity)", r.prog, n, func(i int, x *tensor.Tensor, _ engine.Program) (func() error, error) {
		image := newSums(edges)
		err := r.sensitivity(p, i, x, func(edge int, _, g []float32) error {
			eachValue(&edges[edge], g, func(c int, v float32) { image[edge][c] += float64(v) })
			return nil
		})
		return func() error { addSums(total, image); return nil }, err
	})
	r.limitLast(sensitivityBatches * r.heavyLimit())
	return firstScores(total), err
}

// gradientCurves are predicted: 1/2 G error^2, summed over an edge's values. Edges without a derivative get measured ones.
func (r *run) gradientCurves(edges []profile.Edge, steps [][]float32) ([][]method.Effect, error) {
	p, err := r.derivatives()
	if err != nil {
		return nil, err
	}
	others, some := make([][]float32, len(edges)), false
	own := slices.Clone(steps)
	for i := range edges {
		if len(steps[i]) > 0 && (p.Derivative(edges[i].Name) != nil || r.opt.Objective.Unweighted) {
			others[i], own[i], some = steps[i], nil, true
		}
	}
	curves, err := remembered(r, "curves by gradients", edges, []any{own, r.coder(), r.opt.Objective, r.seed}, func() ([][]method.Effect, error) {
		return r.predictCurves(p, edges, own)
	})
	if err != nil || !some {
		return curves, err
	}
	measured, err := r.measuredCurves(edges, others)
	for i := range curves {
		if others[i] != nil && err == nil {
			curves[i] = measured[i]
		}
	}
	return curves, err
}

// predictCurves counts codes of all images in one place: whole numbers may be added in any order.
func (r *run) predictCurves(p *gradient.Program, edges []profile.Edge, steps [][]float32) ([][]method.Effect, error) {
	n, total := r.sensitivityImages(), newPredicted(r, edges, steps)
	err := r.passOf("curves (gradients)", r.prog, n, func(i int, x *tensor.Tensor, _ engine.Program) (func() error, error) {
		distortions := make([][]float64, len(edges))
		var codes dqa.Codes
		err := r.sensitivity(p, i, x, func(edge int, values, g []float32) error {
			for k := range total.edges[edge] {
				distortions[edge] = append(distortions[edge], total.try(&codes, edge, k, values, g))
			}
			return nil
		})
		return func() error { addSums(total.distortions, distortions); return nil }, err
	})
	r.limitLast(sensitivityBatches * r.heavyLimit())
	if err != nil {
		return nil, err
	}
	if r.forecast != nil {
		return r.noiseCurves(edges, steps), nil
	}
	return total.curves(n), nil
}

// predicted are curves in the making, by edge and step.
type predicted struct {
	edges       [][]profile.Edge
	distortions [][]float64
	counts      [][]*tables.Histogram
	locks       []sync.Mutex // by edge
	coder       profile.Coder
}

func newPredicted(r *run, edges []profile.Edge, steps [][]float32) *predicted {
	p := &predicted{
		edges: make([][]profile.Edge, len(edges)), distortions: make([][]float64, len(edges)),
		counts: make([][]*tables.Histogram, len(edges)), locks: make([]sync.Mutex, len(edges)), coder: r.coder(),
	}
	for i := range edges {
		p.edges[i] = make([]profile.Edge, len(steps[i]))
		p.distortions[i] = make([]float64, len(steps[i]))
		for k, step := range steps[i] {
			p.edges[i][k] = stepped(&edges[i], step)
			p.counts[i] = append(p.counts[i], tables.NewHistogram(&p.edges[i][k], p.coder))
		}
	}
	return p
}

// try quantizes an edge's values with one step, counts the codes and returns the distortion.
func (p *predicted) try(codes *dqa.Codes, edge, step int, values, g []float32) float64 {
	e := &p.edges[edge][step]
	restored := slices.Clone(values)
	codes.Quantize(e, values)
	codes.Dequantize(e, restored)
	dqa.Correct(e, restored)
	sum := 0.0
	for i, v := range values {
		d := float64(restored[i]) - float64(v)
		if d = float64(g[i]) * d * d; d-d == 0 { // of values that are not finite nothing is known
			sum += d / 2
		}
	}
	p.locks[edge].Lock()
	p.counts[edge][step].Add(codes.Wide)
	p.locks[edge].Unlock()
	return sum
}

// curves are the means over n images.
func (p *predicted) curves(n int) [][]method.Effect {
	curves := make([][]method.Effect, len(p.edges))
	for i := range curves {
		for k, d := range p.distortions[i] {
			curves[i] = append(curves[i], method.Effect{Distortion: d / float64(n), Bits: p.counts[i][k].Bits() / float64(n)})
		}
	}
	return curves
}
