package calib

import (
	"errors"
	"fmt"
	"math"
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
	Gradient Curves = iota // derivatives say what errors do: one pass back instead of all steps
	Measured               // the network is run on from every edge, step by step
)

var curvesNames = [...]string{"gradient", "measured"}

func (c Curves) String() string { return curvesNames[c] }

// ParseCurves is the inverse of String.
func ParseCurves(s string) (Curves, error) {
	i := slices.Index(curvesNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("%w: curves %q: one of %q", method.ErrSetting, s, curvesNames)
	}
	return Curves(i), nil
}

// sensitivityBatches is how many times as many images gradients are taken on as curves are measured on. Of few images each gets
// several draws of its labels, drawsClasses at most, so that there are sensitivityDraws; or one where an output has a label at
// every position: then rankBatches suffice, on which channels are compared.
const (
	sensitivityBatches = 4
	rankBatches        = 2
	drawsClasses       = 4
	sensitivityDraws   = 256
)

func (r *run) sensitivityImages() int { return min(r.src.Len(), r.sensitivityLimit()) }

func (r *run) sensitivityLimit() int {
	if r.maps() {
		return rankBatches * r.heavyLimit()
	}
	return sensitivityBatches * r.heavyLimit()
}

func (r *run) draws() int {
	if r.maps() {
		return 1
	}
	return max(1, min(drawsClasses, sensitivityDraws/r.sensitivityImages()))
}

// maps tells whether an output has a label at every position.
func (r *run) maps() bool {
	return slices.ContainsFunc(r.opt.Outputs.All, func(o metric.Output) bool { return len(o.Shape) == 4 })
}

// errNoDerivatives: the engine that takes derivatives cannot run the network.
var errNoDerivatives = fmt.Errorf("%w: no engine to take derivatives with", method.ErrSetting)

// derivatives are the network's, prepared once.
func (r *run) derivatives() (*gradient.Program, error) {
	if r.gradient == nil {
		if r.opt.Observe == nil {
			return nil, errNoDerivatives
		}
		p, err := gradient.New(r.prog.Graph(), r.Edges(), r.opt.Observe)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoDerivatives, err)
		}
		r.gradient = p
	}
	return r.gradient, nil
}

// sensitivity runs an image and gives visit, edge by edge and draw by draw, its values and the derivatives of what was drawn, so scaled
// that over all draws the squares of derivatives along any change add up to the second derivative of the distortion along it. What
// visit gets is its own; edges without a derivative are left out.
func (r *run) sensitivity(p *gradient.Program, image int, x *tensor.Tensor, visit func(edge, draw int, values, g []float32) error) error {
	v, err := p.Forward(x)
	if err != nil {
		return err
	}
	edges, draws := r.prog.Edges(), r.draws()
	scale := float32(1 / math.Sqrt(float64(draws)))
	rng := rand.New(rand.NewPCG(r.seed, uint64(image)))
	for draw := range draws {
		drawn := r.draw(v.Outputs, rng)
		for _, d := range drawn {
			for i := range d {
				d[i] *= scale
			}
		}
		if err := p.Backward(v, drawn, func(edge int, g []float32) error {
			return visit(edge, draw, v.Edge(edges[edge].Name), g)
		}); err != nil {
			return err
		}
	}
	return nil
}

// sensitive ranks channels by Sensitivity.
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
	sums, err := r.Sensitivity(edges)
	return firstScores(sums), err
}

// Sensitivity implements method.Env: the diagonal of the distortion's second derivative, summed over the values of every channel.
func (r *run) Sensitivity(edges []profile.Edge) ([][]float64, error) {
	return remembered(r, "sensitivity", edges, []any{r.opt.Objective, r.seed}, func() ([][]float64, error) {
		total := newSums(edges)
		p, err := r.derivatives()
		if errors.Is(err, errNoDerivatives) {
			return total, nil
		} else if err != nil {
			return nil, err
		}
		n := min(r.src.Len(), rankBatches*r.heavyLimit())
		err = r.passOf("sensitivity", r.prog, n, func(i int, x *tensor.Tensor, _ engine.Program) (func() error, error) {
			image := newSums(edges)
			err := r.sensitivity(p, i, x, func(edge, _ int, _, g []float32) error {
				eachValue(&edges[edge], g, func(c int, v float32) { image[edge][c] += float64(float64(v) * float64(v)) })
				return nil
			})
			return func() error { addSums(total, image); return nil }, err
		})
		r.limitLast(rankBatches * r.heavyLimit())
		return total, err
	})
}

// gradientCurves are predicted: half of what the second derivative says of an edge's error. Edges without a derivative get measured
// ones.
func (r *run) gradientCurves(asked []method.Question) ([][][]method.Effect, error) {
	p, err := r.derivatives()
	if errors.Is(err, errNoDerivatives) {
		return r.allMeasured(asked)
	} else if err != nil {
		return nil, err
	}
	others, own := make([]method.Question, len(asked)), make([]method.Question, len(asked))
	for q, a := range asked {
		others[q] = method.Question{Edges: a.Edges, Steps: make([][]float32, len(a.Steps))}
		own[q] = method.Question{Edges: a.Edges, Steps: slices.Clone(a.Steps)}
		for i := range a.Edges {
			if p.Derivative(a.Edges[i].Name) != nil || r.opt.Objective.Unweighted {
				others[q].Steps[i], own[q].Steps[i] = a.Steps[i], nil
			}
		}
	}
	key := []any{own, r.coder(), r.opt.Objective, r.seed}
	curves, err := remembered(r, "curves by gradients", nil, key, func() ([][][]method.Effect, error) {
		return r.predictCurves(p, own)
	})
	if err != nil {
		return nil, err
	}
	measured, err := r.allMeasured(others)
	if err != nil {
		return nil, err
	}
	for q := range curves {
		for i := range curves[q] {
			if others[q].Steps[i] != nil {
				curves[q][i] = measured[q][i]
			}
		}
	}
	return curves, nil
}

// predictCurves counts codes of a part of the images, in one place: whole numbers may be added in any order.
func (r *run) predictCurves(p *gradient.Program, asked []method.Question) ([][][]method.Effect, error) {
	n, total := r.sensitivityImages(), newPredicted(r, asked)
	counted := map[int]bool{} // what codes take needs fewer images than what they do
	for k := range r.heavyImages() {
		counted[r.spread(k*n/r.heavyImages(), n)] = true
	}
	err := r.passOf("curves (gradients)", r.prog, n, func(i int, x *tensor.Tensor, _ engine.Program) (func() error, error) {
		distortions := make([][]float64, len(total.edges))
		var s simulated
		err := r.sensitivity(p, i, x, func(edge, draw int, values, g []float32) error {
			if draw == 0 {
				distortions[edge] = make([]float64, len(total.edges[edge]))
			}
			for k := range total.edges[edge] {
				distortions[edge][k] += total.try(&s, edge, k, values, g, counted[i] && draw == 0)
			}
			return nil
		})
		return func() error { addSums(total.distortions, distortions); return nil }, err
	})
	r.limitLast(r.sensitivityLimit())
	if err != nil {
		return nil, err
	}
	curves := make([][][]method.Effect, len(asked))
	next := make([]int, len(total.edges))
	for q, a := range asked {
		if r.forecast != nil {
			curves[q] = r.noiseCurves(a.Edges, a.Steps)
			continue
		}
		curves[q] = make([][]method.Effect, len(a.Edges))
		for i := range a.Edges {
			for range a.Steps[i] {
				curves[q][i] = append(curves[q][i], total.effect(i, next[i], n, len(counted)))
				next[i]++
			}
		}
	}
	return curves, nil
}

// predicted are points of curves in the making, by edge: all steps that are asked for.
type predicted struct {
	edges       [][]profile.Edge
	distortions [][]float64
	counts      [][]*tables.Histogram
	locks       []sync.Mutex // by edge
	parts       int          // that an edge's rows and columns are cut in each
}

// mapParts are so many that a few images suffice, and so large that what an error does to the outputs lies mostly inside.
const mapParts = 4

func newPredicted(r *run, asked []method.Question) *predicted {
	n := len(r.Edges())
	p := &predicted{
		edges: make([][]profile.Edge, n), distortions: make([][]float64, n), counts: make([][]*tables.Histogram, n), locks: make([]sync.Mutex, n),
		parts: 1,
	}
	if r.maps() {
		p.parts = mapParts
	}
	for _, a := range asked {
		for i := range a.Edges {
			for _, step := range a.Steps[i] {
				p.edges[i] = append(p.edges[i], stepped(&a.Edges[i], step))
			}
		}
	}
	for i := range p.edges {
		p.distortions[i] = make([]float64, len(p.edges[i]))
		for k := range p.edges[i] {
			p.counts[i] = append(p.counts[i], tables.NewHistogram(&p.edges[i][k], r.coder()))
		}
	}
	return p
}

// try quantizes an edge's values with one step, counts the codes if told so and returns the distortion: half the square of
// what the error changes, along the draw. Errors that quantizing makes alike all over an edge, such as small values that become zero,
// are so counted together; the squares of single values' would tell a tenth of it where steps are coarse.
func (p *predicted) try(s *simulated, edge, step int, values, g []float32, count bool) float64 {
	e := &p.edges[edge][step]
	s.restored = slices.Grow(s.restored[:0], len(values))[:len(values)]
	s.Quantize(e, values)
	s.Dequantize(e, s.restored)
	dqa.Correct(e, s.restored)
	if count {
		p.locks[edge].Lock()
		p.counts[edge][step].Add(s.Wide)
		p.locks[edge].Unlock()
	}
	sum := 0.0
	for _, along := range alongParts(e, p.parts, values, s.restored, g) {
		sum += float64(along*along) / 2
	}
	return sum
}

// simulated are codes and what they stand for.
type simulated struct {
	dqa.Codes
	restored []float32
}

// alongParts are the sums of g times the error over the parts of an edge: parts times parts of its rows and columns.
func alongParts(e *profile.Edge, parts int, values, restored, g []float32) []float64 {
	cols := e.Cols
	if e.ChannelsLast || e.Rows < parts || e.Cols < parts {
		parts, cols = 1, len(values)
	}
	sums := make([]float64, parts*parts)
	for row := 0; row*cols < len(values); row++ {
		down := row % e.Rows * parts / e.Rows
		if parts == 1 {
			down = 0
		}
		for part := range parts {
			from, to := row*cols+part*cols/parts, row*cols+(part+1)*cols/parts
			sums[down*parts+part] += alongError(values[from:to], restored[from:to], g[from:to])
		}
	}
	return sums
}

// alongError is the sum of g times the error, in a fixed order. Of values that are not finite nothing is known.
func alongError(values, restored, g []float32) float64 {
	restored, g = restored[:len(values)], g[:len(values)]
	var sums [4]float64
	whole := len(values) &^ 3
	for i := 0; i < whole; i += 4 {
		v, r, d := values[i:i+4:i+4], restored[i:i+4:i+4], g[i:i+4:i+4]
		sums[0] += float64(float64(d[0]) * (float64(r[0]) - float64(v[0])))
		sums[1] += float64(float64(d[1]) * (float64(r[1]) - float64(v[1])))
		sums[2] += float64(float64(d[2]) * (float64(r[2]) - float64(v[2])))
		sums[3] += float64(float64(d[3]) * (float64(r[3]) - float64(v[3])))
	}
	sum := sums[0] + sums[1] + sums[2] + sums[3]
	for i := whole; i < len(values); i++ {
		sum += float64(float64(g[i]) * (float64(restored[i]) - float64(values[i])))
	}
	if sum-sum == 0 {
		return sum
	}
	sum = 0
	for i, v := range values {
		if d := float64(float64(g[i]) * (float64(restored[i]) - float64(v))); d-d == 0 {
			sum += d
		}
	}
	return sum
}

// effect is a point: the means over n images, and over those whose codes were counted.
func (p *predicted) effect(edge, k, n, counted int) method.Effect {
	return method.Effect{Distortion: p.distortions[edge][k] / float64(n), Bits: p.counts[edge][k].Bits() / float64(counted)}
}
