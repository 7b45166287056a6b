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
	// Corrected is the network with corrections, same edges.
	Corrected(c profile.Corrections) (engine.Program, error)
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

func (c *corrector) Corrected(by profile.Corrections) (engine.Program, error) {
	return Corrected(c.prog, by, c.compile)
}

// Corrected compiles the network of prog with corrections, same edges.
func Corrected(prog engine.Program, by profile.Corrections, compile Compile) (engine.Program, error) {
	gain, bias := map[string][]float32{}, map[string][]float32{}
	for i := range by.Gain {
		gain[by.Gain[i].Node] = by.Gain[i].Values()
	}
	for i := range by.Bias {
		bias[by.Bias[i].Node] = by.Bias[i].Values()
	}
	g, err := prog.Graph().WithCorrections(gain, bias)
	if err != nil {
		return nil, err
	}
	return compile(g, prog.Edges())
}

// corrected is the program that a profile's engine runs.
func (r *run) corrected(by profile.Corrections) (engine.Program, error) {
	if len(by.Gain)+len(by.Bias) == 0 {
		return r.prog, nil
	}
	return r.opt.Corrector.Corrected(by)
}

// Biases are measured on biasBatches times as many images as curves are.
const biasBatches = 4

// Correct implements method.Env: per channel, the mean of the float network's values minus those of the quantized one,
// whose earlier nodes are corrected already (METHOD section 4.3), and before it a gain that restores the standard deviation, if
// gains are wanted. A batch of images goes through the network in step, so that one pass suffices; every batch is corrected by
// what it and the batches before it have found, and memory is that of one batch.
func (r *run) Correct(edges []profile.Edge, gains bool) (profile.Corrections, error) {
	if r.opt.Corrector == nil {
		return profile.Corrections{}, nil
	}
	return remembered(r, "corrections", edges, gains, func() (profile.Corrections, error) {
		if f := r.forecast; f != nil && r.guessed("corrections", r.biasImages()) {
			r.limitLast(biasBatches * r.heavyLimit())
			return f.corrections, nil
		}
		found, err := r.measureCorrections(edges, gains)
		if f := r.forecast; f != nil {
			f.corrections = found
		}
		return found, err
	})
}

func (r *run) measureCorrections(edges []profile.Edge, gains bool) (none profile.Corrections, err error) {
	o := &r.observed
	if o.prog == nil {
		if o.prog, o.points, err = r.opt.Corrector.Observed(); err != nil {
			return none, err
		}
	}
	n := r.biasImages()
	batches := (n + r.heavyLimit() - 1) / r.heavyLimit()
	if o.float == nil {
		if o.float, err = r.floatMoments(n, batches); err != nil {
			return none, err
		}
	}
	start := time.Now()
	found := newShifts(o.points, gains)
	for batch := range batches {
		if err := r.biasBatch(found, edges, batch, batches); err != nil {
			return none, err
		}
	}
	r.phases = append(r.phases, Phase{
		Name: "corrections", Passes: float64(n), Time: time.Since(start), images: n, limit: biasBatches * r.heavyLimit(),
	})
	r.measured("corrections", n, time.Since(start))
	return found.result(), nil
}

// biasImages is how many images corrections are measured on: at most every other one, so that others can tell whether they help.
func (r *run) biasImages() int { return min((r.src.Len()+1)/2, biasBatches*r.heavyLimit()) }

// biasImage is image k of those, all of which have even numbers.
func (r *run) biasImage(k int) int { return 2 * (k * ((r.src.Len() + 1) / 2) / r.biasImages()) }

// biasBatch sends every batches-th image through the network.
func (r *run) biasBatch(found *shifts, edges []profile.Edge, batch, batches int) error {
	var images []int
	for k := batch; k < r.biasImages(); k += batches {
		images = append(images, r.biasImage(k))
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
	float  [][][]moments // of the float network, by batch, point and channel: sums over images
}

// moments are the mean of a channel's values and that of their squares.
type moments struct{ mean, square float64 }

func (m *moments) add(other moments) {
	m.mean += other.mean
	m.square += other.square
}

// roles says of every edge of the observed program which point and which edge of the plan it is, -1 for none.
func (o *observed) roles(edges []profile.Edge) (point, edge []int) {
	for _, e := range o.prog.Edges() {
		point = append(point, slices.IndexFunc(o.points, func(p graph.BiasPoint) bool { return p.Value == e.Name }))
		edge = append(edge, slices.IndexFunc(edges, func(q profile.Edge) bool { return q.Name == e.Name }))
	}
	return point, edge
}

// floatMoments are those of the batches that n images are dealt to.
func (r *run) floatMoments(n, batches int) ([][][]moments, error) {
	o := &r.observed
	point, _ := o.roles(nil)
	total := make([][][]moments, batches)
	for b := range total {
		total[b] = newMoments(o.points)
	}
	next := 0
	err := r.passOver("corrections (float)", o.prog, n, r.biasImage, func(_ int, x *tensor.Tensor, prog engine.Program) (func() error, error) {
		image := make([][]moments, len(o.points))
		_, err := prog.Run(x, func(i int, data []float32) error {
			if k := point[i]; k >= 0 {
				image[k] = channelMoments(&o.points[k], data)
			}
			return nil
		})
		return func() error {
			batch := next % batches
			next++
			for k := range image {
				for c, m := range image[k] {
					total[batch][k][c].add(m)
				}
			}
			return nil
		}, err
	})
	r.limitLast(biasBatches * r.heavyLimit())
	return total, err
}

func newMoments(points []graph.BiasPoint) [][]moments {
	all := make([][]moments, len(points))
	for k := range all {
		all[k] = make([]moments, points[k].Channels())
	}
	return all
}

// channelMoments leaves out what is not finite.
func channelMoments(p *graph.BiasPoint, data []float32) []moments {
	all := make([]moments, p.Channels())
	inner, channels := p.Inner(), p.Channels()
	n := float64(len(data) / channels)
	for at := 0; at < len(data); at += inner {
		var sum moments
		for _, v := range data[at : at+inner] {
			if v-v == 0 {
				sum.mean += float64(v)
				sum.square += float64(float64(v) * float64(v))
			}
		}
		all[at/inner%channels].add(moments{sum.mean / n, sum.square / n})
	}
	return all
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
			by, err := step.exchange(place, k, channelMoments(&step.points[k], data))
			if err != nil {
				return err
			}
			by.apply(&step.points[k], data)
		}
		if k := edge[i]; k >= 0 {
			codes.Simulate(&edges[k], data)
		}
		return nil
	})
	return err
}

// shifts sums up both networks over the images of all batches so far.
type shifts struct {
	points           []graph.BiasPoint
	gains            bool        // are wanted
	float, quantized [][]moments // by point and channel
	images           int
}

func newShifts(points []graph.BiasPoint, gains bool) *shifts {
	return &shifts{points: points, gains: gains, float: newMoments(points), quantized: newMoments(points)}
}

// A gain restores a standard deviation, but for what quantizing has left of little.
const (
	leastGain = .8
	mostGain  = 1.25
)

// correction is a point's.
type correction struct {
	gain profile.Gain // without codes: none
	bias profile.Bias
}

// correction of point k, by the first n images. The bias makes up for the gain's rounding.
func (s *shifts) correction(k, n int) correction {
	found := correction{gain: profile.Gain{Node: s.points[k].Node}}
	if s.gains {
		for c, f := range s.float[k] {
			found.gain.Codes = append(found.gain.Codes, profile.GainCode(gainOf(f, s.quantized[k][c], float64(n))))
		}
	}
	gains, shift := found.gain.Values(), make([]float64, len(s.float[k]))
	for c, f := range s.float[k] {
		gain := 1.0
		if s.gains {
			gain = float64(gains[c])
		}
		shift[c] = (f.mean - float64(gain*s.quantized[k][c].mean)) / float64(n)
	}
	found.bias = quantizedBias(s.points[k].Node, shift)
	return found
}

// gainOf compares sums over n images. A channel that does not vary has none.
func gainOf(float, quantized moments, n float64) float64 {
	want := float.square/n - float64(float.mean/n*float.mean/n)
	got := quantized.square/n - float64(quantized.mean/n*quantized.mean/n)
	if ratio := math.Sqrt(want / got); want > 0 && got > 0 && ratio-ratio == 0 {
		return max(leastGain, min(mostGain, ratio))
	}
	return 1
}

// apply does what the corrected network does behind the point.
func (c *correction) apply(p *graph.BiasPoint, data []float32) {
	inner, gains, bias := p.Inner(), c.gain.Values(), c.bias.Values()
	for at := 0; at < len(data); at += inner {
		k, gain := at/inner%len(bias), float32(1)
		if len(gains) > 0 {
			gain = gains[k]
		}
		for j := range data[at : at+inner] {
			data[at+j] = float32(data[at+j]*gain) + bias[k]
		}
	}
}

// result leaves out nodes that nothing changes.
func (s *shifts) result() (all profile.Corrections) {
	some := func(q int8) bool { return q != 0 }
	for k := range s.points {
		found := s.correction(k, s.images)
		if slices.ContainsFunc(found.gain.Codes, some) {
			all.Gain = append(all.Gain, found.gain)
		}
		if slices.ContainsFunc(found.bias.Codes, some) {
			all.Bias = append(all.Bias, found.bias)
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
	moments [][]moments // of the images, at the point at hand
	waiting int
	done    []*correction // of the points that all have passed
	err     error
}

func newLockstep(ctx context.Context, o *observed, found *shifts, batch, images int) *lockstep {
	s := &lockstep{observed: o, found: found, batch: batch, ctx: ctx, moments: make([][]moments, images)}
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

// exchange gives an image's moments and returns the correction, when all images have come to point k.
func (s *lockstep) exchange(image, k int, of []moments) (*correction, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moments[image] = of
	if s.waiting++; s.waiting == len(s.moments) {
		s.waiting = 0
		s.done = append(s.done, s.correction(k))
		s.arrived.Broadcast()
	}
	for len(s.done) <= k && s.err == nil {
		s.arrived.Wait()
	}
	if s.err != nil {
		return nil, fmt.Errorf("another image: %w", s.err)
	}
	return s.done[k], nil
}

// correction adds up the images in their order. (A batch's moments are those beside its own correction, which earlier
// batches suggest and this one completes: the correction is applied behind the point where they are measured.)
func (s *lockstep) correction(k int) *correction {
	for c, m := range s.observed.float[s.batch][k] {
		s.found.float[k][c].add(m)
	}
	for _, of := range s.moments {
		for c, m := range of {
			s.found.quantized[k][c].add(m)
		}
	}
	found := s.found.correction(k, s.found.images+len(s.moments))
	return &found
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
