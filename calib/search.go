package calib

import (
	"fmt"
	"slices"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// search is a ranking that changes one channel of an edge at a time and looks at the network's outputs. For every edge
// and image the network runs up to the edge once; what follows is run again per channel.
type search struct {
	name   string
	effect effect
	skip   bool // a channel is left in float32 while the others of its edge are quantized; else the reverse
	others bool // all other edges are quantized, too
	labels bool
}

// effect compares the outputs with one channel changed to those with none changed: the score's share of one image.
// It is made once per edge and image.
type effect func(unchanged []*tensor.Tensor, judge Judge) (func(outputs []*tensor.Tensor) (method.Score, error), error)

// accuracyOfSkipping is what accuracy gains, and what cross-entropy loses: METHOD section 2 breaks ties by it.
func accuracyOfSkipping(unchanged []*tensor.Tensor, judge Judge) (func([]*tensor.Tensor) (method.Score, error), error) {
	accuracy, loss, err := judge(unchanged)
	return func(outputs []*tensor.Tensor) (method.Score, error) {
		a, l, err := judge(outputs)
		return method.Score{First: a - accuracy, Second: loss - l}, err
	}, err
}

// changeOfOutputs is the mean squared change of the outputs' values.
func changeOfOutputs(unchanged []*tensor.Tensor, _ Judge) (func([]*tensor.Tensor) (method.Score, error), error) {
	return func(outputs []*tensor.Tensor) (method.Score, error) {
		sum, n := 0.0, 0
		for k, u := range unchanged {
			for i, v := range u.Data {
				d := float64(outputs[k].Data[i]) - float64(v)
				sum += float64(d * d)
			}
			n += len(u.Data)
		}
		return method.Score{First: sum / float64(n)}, nil
	}, nil
}

// rank implements ranking. Work is cut into items, one edge on one image, which are added up in order: the sums do not
// depend on workers, and after an interruption they go on from the last that was saved.
func (s search) rank(r *run, edges []profile.Edge) ([][]method.Score, error) {
	if _, ok := r.src.(Labelled); s.labels && !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnlabelled, s.name)
	}
	costs, err := s.costs(r, edges)
	if err != nil {
		return nil, err
	}
	n := r.src.Len()
	phase := newMeter(fmt.Sprintf("ranking (%s)", s.name), costs, n)
	if r.forecast != nil {
		r.phases = append(r.phases, Phase{Name: phase.name, Passes: phase.total(), Search: true})
		return newScores(edges), nil
	}
	state, err := r.openState(r.stateKey(s.name, edges), newScores(edges))
	if err != nil {
		return nil, err
	}
	start := time.Now()
	first := state.next
	err = parallel.Ordered(r.ctx, len(edges)*n-first, r.opt.Workers, func(_, k int) ([]method.Score, error) {
		k += first
		scores, err := s.item(r, edges, k/n, k%n)
		if err != nil {
			return nil, fmt.Errorf("image %d, edge %q: %w", k%n, edges[k/n].Name, err)
		}
		return scores, nil
	}, func(k int, scores []method.Score) error {
		state.add((first+k)/n, scores)
		r.report(phase.name, "passes", phase.done(state.next), int(phase.total()))
		return state.saveSometimes()
	})
	r.phases = append(r.phases, Phase{Name: phase.name, Passes: phase.total(), Time: time.Since(start), Search: true})
	if err != nil {
		return nil, state.saveOn(err)
	}
	return state.scores, state.save()
}

// item scores the channels of one edge on one image.
func (s search) item(r *run, edges []profile.Edge, edge, image int) ([]method.Score, error) {
	x, judge, err := s.load(r, image)
	if err != nil {
		return nil, err
	}
	hook := s.hook(edges)
	state, err := r.prog.RunTo(edge, x, engine.Before(edge, hook))
	if err != nil {
		return nil, err
	}
	e := &edges[edge]
	t, err := tensorOf(state, e.Name)
	if err != nil {
		return nil, err
	}
	base, change := slices.Clone(t.Data), quantized(e, t.Data)
	if s.skip {
		base, change = change, base
	}
	copy(t.Data, base)
	unchanged, err := r.prog.RunFrom(state, hook)
	if err != nil {
		return nil, err
	}
	score, err := s.effect(unchanged, judge)
	if err != nil {
		return nil, err
	}
	scores := make([]method.Score, e.Channels)
	for c := range scores {
		if !copyChannel(e, t.Data, change, c) {
			continue // nothing changes: the score is zero
		}
		outputs, err := r.prog.RunFrom(state, hook)
		if err != nil {
			return nil, err
		}
		if scores[c], err = score(outputs); err != nil {
			return nil, err
		}
		copyChannel(e, t.Data, base, c)
	}
	return scores, nil
}

func (s search) load(r *run, image int) (*tensor.Tensor, Judge, error) {
	if !s.labels {
		x, err := r.src.Input(image)
		return x, nil, err
	}
	x, judge, err := r.src.(Labelled).Judged(image)
	if err == nil && judge == nil {
		err = ErrUnlabelled
	}
	return x, judge, err
}

// hook quantizes the other edges, or is nil.
func (s search) hook(edges []profile.Edge) engine.Hook {
	if !s.others {
		return nil
	}
	var codes dqa.Codes
	return func(i int, data []float32) error {
		codes.Quantize(&edges[i], data)
		codes.Dequantize(&edges[i], data)
		return nil
	}
}

func tensorOf(state *engine.State, name string) (*tensor.Tensor, error) {
	for _, t := range state.Tensors {
		if t.Name == name {
			return t.Tensor, nil
		}
	}
	return nil, fmt.Errorf("edge %q is not alive after itself", name)
}

func quantized(e *profile.Edge, data []float32) []float32 {
	var codes dqa.Codes
	out := make([]float32, len(data))
	codes.Quantize(e, data)
	codes.Dequantize(e, out)
	return out
}

// copyChannel copies channel c of src and tells whether that changed anything.
func copyChannel(e *profile.Edge, dst, src []float32, c int) (changed bool) {
	plane := e.Rows * e.Cols
	at, step := c*plane, 1
	if e.ChannelsLast {
		at, step = c, e.Channels
	}
	for range plane {
		changed = changed || dst[at] != src[at]
		dst[at] = src[at]
		at += step
	}
	return changed
}

// costs are what the search of every edge takes per image, in whole passes of the network: by when its edges are there in
// one run. They steer what is displayed, nothing else.
func (s search) costs(r *run, edges []profile.Edge) ([]float64, error) {
	x, err := r.src.Input(0)
	if err != nil {
		return nil, err
	}
	costs, hook := make([]float64, len(edges)), s.hook(edges)
	var start time.Time
	for range 2 { // the first warms up
		start = time.Now()
		_, err = r.prog.Run(x, func(i int, data []float32) error {
			costs[i] = float64(time.Since(start))
			if hook == nil {
				return nil
			}
			return hook(i, data)
		})
		if err != nil {
			return nil, err
		}
	}
	whole := float64(time.Since(start))
	for i := range costs {
		head := costs[i] / whole
		costs[i] = head + (1-head)*float64(edges[i].Channels+1)
	}
	return costs, nil
}

// meter tells how far a search is.
type meter struct {
	name   string
	before []float64 // passes before each edge; the last: all
	images int
}

func newMeter(name string, costs []float64, images int) meter {
	m := meter{name: name, before: make([]float64, len(costs)+1), images: images}
	for i, c := range costs {
		m.before[i+1] = m.before[i] + float64(images)*c
	}
	return m
}

func (m meter) total() float64 { return m.before[len(m.before)-1] }

// done is the number of passes of the first k items.
func (m meter) done(k int) int {
	edge, image := k/m.images, k%m.images
	passes := m.before[edge]
	if image > 0 {
		passes += (m.before[edge+1] - passes) * float64(image) / float64(m.images)
	}
	return int(passes)
}
