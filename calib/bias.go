package calib

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Corrector makes other programs of the network that is calibrated.
type Corrector interface {
	// Observed is the network with the values of points as edges beside its own, the points among them in the order
	// in which they are computed. A hook may alter them.
	Observed() (engine.Program, []graph.BiasPoint, error)
	// Biased is the network with biases, same edges.
	Biased(bias []profile.Bias) (engine.Program, error)
}

// Compile makes a program of a graph that observes the edges.
type Compile func(*graph.Graph, []graph.Edge) (engine.Program, error)

// NewCorrector returns a Corrector of prog, nil where there is nothing to correct or observe fails. observe compiles for
// an engine whose hooks may alter any value, compile for the one that will run the network.
func NewCorrector(prog engine.Program, observe, compile Compile) Corrector {
	g := prog.Graph()
	points, edges := g.BiasPoints(), slices.Clone(prog.Edges())
	for _, p := range points {
		if !slices.ContainsFunc(edges, func(e graph.Edge) bool { return e.Name == p.Value }) {
			edges = append(edges, graph.Edge{Name: p.Value, Shape: p.Shape})
		}
	}
	observed, err := observe(g, edges)
	if err != nil || len(points) == 0 {
		return nil
	}
	return &corrector{prog, compile, observed, points}
}

type corrector struct {
	prog     engine.Program
	compile  Compile
	observed engine.Program
	points   []graph.BiasPoint
}

func (c *corrector) Observed() (engine.Program, []graph.BiasPoint, error) {
	return c.observed, c.points, nil
}

func (c *corrector) Biased(bias []profile.Bias) (engine.Program, error) {
	return Biased(c.prog, bias, c.compile)
}

// Biased compiles the network of prog with biases, same edges.
func Biased(prog engine.Program, bias []profile.Bias, compile Compile) (engine.Program, error) {
	values := map[string][]float32{}
	for i := range bias {
		values[bias[i].Node] = bias[i].Values()
	}
	g, err := prog.Graph().WithBias(values)
	if err != nil {
		return nil, err
	}
	return compile(g, prog.Edges())
}

// biased is the program that a profile's engine runs.
func (r *run) biased(bias []profile.Bias) (engine.Program, error) {
	if len(bias) == 0 {
		return r.prog, nil
	}
	return r.opt.Corrector.Biased(bias)
}

// Biases are measured on biasBatches times as many images as curves are.
const biasBatches = 4

// Bias implements method.Env: per channel, the mean of the float network's values minus those of the quantized one,
// whose earlier nodes are corrected already (METHOD section 4.3). A batch of images goes through the network in step, so
// that one pass suffices; every batch is corrected by what it and the batches before it have found, and memory is that
// of one batch.
func (r *run) Bias(edges []profile.Edge) ([]profile.Bias, error) {
	if r.opt.Corrector == nil {
		return nil, nil
	}
	return remembered(r, "biases", edges, nil, func() ([]profile.Bias, error) {
		if f := r.forecast; f != nil && r.guessed("biases", r.biasImages()) {
			r.limitLast(biasBatches * r.heavyLimit())
			return f.biases, nil
		}
		biases, err := r.measureBias(edges)
		if f := r.forecast; f != nil {
			f.biases = biases
		}
		return biases, err
	})
}

func (r *run) measureBias(edges []profile.Edge) ([]profile.Bias, error) {
	o := &r.observed
	if o.prog == nil {
		var err error
		if o.prog, o.points, err = r.opt.Corrector.Observed(); err != nil {
			return nil, err
		}
	}
	n := r.biasImages()
	batches := (n + r.heavyLimit() - 1) / r.heavyLimit()
	if o.means == nil {
		means, err := r.floatMeans(n, batches)
		if err != nil {
			return nil, err
		}
		o.means = means
	}
	start := time.Now()
	found := newShifts(o.points)
	for batch := range batches {
		if err := r.biasBatch(found, edges, batch, batches); err != nil {
			return nil, err
		}
	}
	r.phases = append(r.phases, Phase{Name: "biases", Passes: float64(n), Time: time.Since(start), images: n, limit: biasBatches * r.heavyLimit()})
	r.measured("biases", n, time.Since(start))
	return found.result(), nil
}

func (r *run) biasImages() int { return min(r.src.Len(), biasBatches*r.heavyLimit()) }

// biasBatch sends every batches-th image through the network.
func (r *run) biasBatch(found *shifts, edges []profile.Edge, batch, batches int) error {
	var images []int
	for k := batch; k < r.biasImages(); k += batches {
		images = append(images, r.spread(k, r.biasImages()))
	}
	step := newLockstep(r.ctx, &r.observed, found, batch, len(images))
	var wg sync.WaitGroup
	for i, image := range images {
		wg.Go(func() {
			if p := parallel.Catch(func() { step.fail(r.runInStep(step, edges, i, image)) }); p != nil {
				step.fail(p) // the others must not wait for it
			}
		})
	}
	wg.Wait()
	found.images += len(images)
	return step.err
}

// observed is what biases are measured with.
type observed struct {
	prog   engine.Program
	points []graph.BiasPoint
	means  [][][]float64 // of the float network, by batch, point and channel
}

// roles says of every edge of the observed program which point and which edge of the plan it is, -1 for none.
func (o *observed) roles(edges []profile.Edge) (point, edge []int) {
	for _, e := range o.prog.Edges() {
		point = append(point, slices.IndexFunc(o.points, func(p graph.BiasPoint) bool { return p.Value == e.Name }))
		edge = append(edge, slices.IndexFunc(edges, func(q profile.Edge) bool { return q.Name == e.Name }))
	}
	return point, edge
}

// floatMeans are those of the batches that n images are dealt to.
func (r *run) floatMeans(n, batches int) ([][][]float64, error) {
	o := &r.observed
	point, _ := o.roles(nil)
	total := make([][][]float64, batches)
	for b := range total {
		total[b] = newShifts(o.points).sums
	}
	next := 0
	err := r.passOf("biases (float)", o.prog, n, func(_ int, x *tensor.Tensor, prog engine.Program) (func() error, error) {
		image := make([][]float64, len(o.points))
		_, err := prog.Run(x, func(i int, data []float32) error {
			if k := point[i]; k >= 0 {
				image[k] = channelMeans(&o.points[k], data)
			}
			return nil
		})
		return func() error {
			batch := next % batches
			next++
			size := (n - batch + batches - 1) / batches
			for k, m := range image {
				for c, v := range m {
					total[batch][k][c] += v / float64(size)
				}
			}
			return nil
		}, err
	})
	r.limitLast(biasBatches * r.heavyLimit())
	return total, err
}

func channelMeans(p *graph.BiasPoint, data []float32) []float64 {
	channels, inner := p.Channels(), p.Inner()
	m := make([]float64, channels)
	for at := 0; at < len(data); at += inner {
		sum := 0.0
		for _, v := range data[at : at+inner] {
			sum += float64(v)
		}
		m[at/inner%channels] += sum / float64(len(data)/channels)
	}
	return m
}

// runInStep runs the quantized network on an image, which is number place of its batch.
func (r *run) runInStep(step *lockstep, edges []profile.Edge, place, image int) error {
	x, err := r.src.Input(image)
	if err != nil {
		return err
	}
	point, edge := step.roles(edges)
	var codes dqa.Codes
	_, err = step.prog.Run(x, func(i int, data []float32) error {
		if k := point[i]; k >= 0 {
			bias, err := step.exchange(place, k, channelMeans(&step.points[k], data))
			if err != nil {
				return err
			}
			p := &step.points[k]
			for j := range data {
				data[j] += bias[j/p.Inner()%len(bias)]
			}
		}
		if k := edge[i]; k >= 0 {
			codes.Simulate(&edges[k], data)
		}
		return nil
	})
	return err
}

// shifts sums what quantizing shifts, over the images of all batches so far.
type shifts struct {
	points []graph.BiasPoint
	sums   [][]float64 // by point and channel
	images int
}

func newShifts(points []graph.BiasPoint) *shifts {
	s := &shifts{points: points, sums: make([][]float64, len(points))}
	for k := range s.sums {
		s.sums[k] = make([]float64, points[k].Channels())
	}
	return s
}

// bias of point k, by the first n images.
func (s *shifts) bias(k, n int) profile.Bias {
	mean := slices.Clone(s.sums[k])
	for c := range mean {
		mean[c] /= float64(n)
	}
	return quantizedBias(s.points[k].Node, mean)
}

// result leaves out nodes that nothing shifts.
func (s *shifts) result() []profile.Bias {
	var all []profile.Bias
	for k := range s.points {
		b := s.bias(k, s.images)
		if slices.ContainsFunc(b.Codes, func(q int8) bool { return q != 0 }) {
			all = append(all, b)
		}
	}
	return all
}

// lockstep lets the images of a batch wait for each other at every point.
type lockstep struct {
	*observed
	found   *shifts
	batch   int
	ctx     context.Context
	mu      sync.Mutex
	arrived *sync.Cond
	means   [][]float64 // of the images, at the point at hand
	waiting int
	done    []profile.Bias // of the points that all have passed
	err     error
}

func newLockstep(ctx context.Context, o *observed, found *shifts, batch, images int) *lockstep {
	s := &lockstep{observed: o, found: found, batch: batch, ctx: ctx, means: make([][]float64, images)}
	s.arrived = sync.NewCond(&s.mu)
	return s
}

// fail ends the waiting of all.
func (s *lockstep) fail(err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.arrived.Broadcast()
}

// exchange gives an image's means and returns the bias, when all images have come to point k.
func (s *lockstep) exchange(image, k int, means []float64) ([]float32, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.means[image] = means
	if s.waiting++; s.waiting == len(s.means) {
		s.waiting = 0
		s.done = append(s.done, s.bias(k))
		s.arrived.Broadcast()
	}
	for len(s.done) <= k && s.err == nil {
		s.arrived.Wait()
	}
	if s.err != nil {
		return nil, fmt.Errorf("another image: %w", s.err)
	}
	return s.done[k].Values(), nil
}

// bias adds up the images in their order. (A batch's shift is what is left beside its own correction, which earlier
// batches suggest and this one completes: the correction is applied behind the point where it is measured.)
func (s *lockstep) bias(k int) profile.Bias {
	sums := s.found.sums[k]
	for _, m := range s.means {
		for c, v := range m {
			sums[c] += s.observed.means[s.batch][k][c] - v
		}
	}
	return s.found.bias(k, s.found.images+len(s.means))
}

// quantizedBias keeps 8 bits: a bias is a fraction of a step.
func quantizedBias(node string, shift []float64) profile.Bias {
	top := 0.0
	for _, v := range shift {
		top = max(top, math.Abs(v))
	}
	b := profile.Bias{Node: node, Scale: max(float32(top/127), 0x1p-126), Codes: make([]int8, len(shift))}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		b.Scale = 0x1p-126
		return b
	}
	for c, v := range shift {
		b.Codes[c] = int8(max(-127, min(127, math.RoundToEven(v/float64(b.Scale)))))
	}
	return b
}
