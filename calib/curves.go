package calib

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// Curves are measured on at most maxCurveImages, and on fewer where images are large: they change little with more
// (METHOD section 4.1). The least are minCurveImages, or minCurveMaps where every image has many outputs.
const (
	maxCurveImages = 64
	minCurveImages = 32
	minCurveMaps   = 4
	curveValues    = 1 << 25
)

// heavyImages is the number of images that go through the network many times.
func (r *run) heavyImages() int { return min(r.src.Len(), r.heavyLimit()) }

// spread picks image k of n from all over the calibration images: data sets are often sorted.
func (r *run) spread(k, n int) int { return k * r.src.Len() / n }

func (r *run) heavyLimit() int {
	values := int64(1)
	for _, e := range r.Edges() {
		values += int64(e.Channels) * int64(e.Rows*e.Cols)
	}
	least := minCurveImages
	if r.maps() {
		least = minCurveMaps
	}
	return min(maxCurveImages, max(least, int(curveValues/values)))
}

// Distortion implements method.Env.
func (r *run) Distortion() string {
	if r.how.Curves == Gradient {
		return r.distortionName() + ", curves by gradients"
	}
	return r.distortionName()
}

// MinBits implements method.Env.
func (r *run) MinBits(edge string) float64 { return r.opt.MinBits[edge] }

// curvePart is one edge on one image: by step.
type curvePart struct {
	distortion [][]float64 // and by objective
	counts     []*tables.Histogram
}

// Curves implements method.Env. Equal questions are answered once per calibration.
func (r *run) Curves(asked []method.Question) ([][][]method.Effect, error) {
	key, ask := r.stateKey("curves", nil, asked, r.coder(), r.opt.Objective, r.how.Curves), r.allMeasured
	if r.how.Curves == Gradient {
		key, ask = r.stateKey("curves", nil, asked, r.coder(), r.opt.Objective, r.how.Curves, r.seed), r.gradientCurves
	}
	if curves, ok := r.curves[key]; ok {
		return curves, nil
	}
	curves, err := ask(asked)
	if err == nil {
		r.curves[key] = curves
	}
	return curves, err
}

// allMeasured answers questions one after the other.
func (r *run) allMeasured(asked []method.Question) ([][][]method.Effect, error) {
	curves := make([][][]method.Effect, len(asked))
	for q, a := range asked {
		curves[q] = make([][]method.Effect, len(a.Edges))
		if !slices.ContainsFunc(a.Steps, func(steps []float32) bool { return len(steps) > 0 }) {
			continue
		}
		var err error
		if curves[q], err = r.measuredCurves(a.Edges, a.Steps); err != nil {
			return nil, err
		}
	}
	return curves, nil
}

func (r *run) measuredCurves(edges []profile.Edge, steps [][]float32) ([][]method.Effect, error) {
	if r.forecast != nil {
		r.phases = append(r.phases, r.curvesPhase(steps, 1, 0))
		return r.noiseCurves(edges, steps), nil
	}
	return r.measureCurves(r.curvesKey(edges, steps, r.opt.Objective), edges, steps)
}

func (r *run) curvesKey(edges []profile.Edge, steps [][]float32, o Objective) [32]byte {
	return r.stateKey("curves", edges, steps, r.coder(), o)
}

// measureCurves cuts the work as a search does: the network runs up to an edge once per image and on from there once per
// step. What is finished edge by edge is saved.
func (r *run) measureCurves(key [32]byte, edges []profile.Edge, steps [][]float32) ([][]method.Effect, error) {
	n, start := r.heavyImages(), time.Now()
	var asked []int // edges with steps
	points := make([][]method.Score, len(edges))
	for i := range edges {
		if len(steps[i]) > 0 {
			asked = append(asked, i)
		}
		points[i] = make([]method.Score, len(steps[i]))
	}
	state, err := r.openState(key, points)
	if err != nil {
		return nil, err
	}
	var also []curvePart
	var sum curvePart
	first, total := state.next*n, len(asked)*n
	err = parallel.Ordered(r.ctx, total-first, r.opt.Workers, func(_, k int) (curvePart, error) {
		i, image := asked[(k+first)/n], r.spread((k+first)%n, n)
		part, err := r.curve(&edges[i], i, image, steps[i])
		if err != nil {
			return part, fmt.Errorf("image %d, edge %q: %w", image, edges[i].Name, err)
		}
		return part, nil
	}, func(k int, part curvePart) error {
		k += first
		sum.add(part)
		r.report("curves", "cuts", k+1, total)
		if k%n < n-1 {
			return nil
		}
		state.add(asked[k/n], sum.points(0, n))
		if len(r.opt.Also) > 0 {
			also = append(also, sum)
		}
		sum = curvePart{}
		return state.saveSometimes()
	})
	r.phases = append(r.phases, r.curvesPhase(steps, n, time.Since(start)))
	if err != nil {
		return nil, state.saveOn(err)
	}
	return curvesOf(state.scores), errors.Join(state.save(), r.saveAlso(edges, steps, also, n))
}

// curvesPhase counts passes: heads and tails are half a one on average.
func (r *run) curvesPhase(steps [][]float32, images int, took time.Duration) Phase {
	passes := 0.0
	for _, s := range steps {
		passes += float64(images) * float64(2+len(s)) / 2
	}
	return Phase{Name: "curves", Passes: passes, Time: took, Search: true, images: images, limit: r.heavyLimit()}
}

// saveAlso saves the curves of further objectives, if no part of the work was done earlier.
func (r *run) saveAlso(edges []profile.Edge, steps [][]float32, parts []curvePart, images int) error {
	for o, objective := range r.opt.Also {
		points := make([][]method.Score, len(edges))
		s := &state{r: r, key: r.curvesKey(edges, steps, objective), scores: points}
		for i := range edges {
			if len(steps[i]) == 0 {
				continue
			}
			if s.next == len(parts) {
				return nil
			}
			points[i] = parts[s.next].points(1+o, images)
			s.next++
		}
		if err := s.save(); err != nil {
			return err
		}
	}
	return nil
}

func curvesOf(points [][]method.Score) [][]method.Effect {
	curves := make([][]method.Effect, len(points))
	for i, p := range points {
		for _, v := range p {
			curves[i] = append(curves[i], method.Effect{Distortion: v.First, Bits: v.Second})
		}
	}
	return curves
}

// curve tries the steps of one edge on one image.
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
	want, err := r.float(image, x)
	if err != nil {
		return part, err
	}
	objectives := append([]Objective{r.opt.Objective}, r.opt.Also...)
	var codes dqa.Codes
	for _, step := range steps {
		v := stepped(e, step)
		codes.Quantize(&v, float)
		codes.Dequantize(&v, t.Data)
		dqa.Correct(&v, t.Data)
		own := squares(float, t.Data)
		got, err := r.prog.RunFrom(state, nil)
		if err != nil {
			return part, err
		}
		ds := make([]float64, len(objectives))
		for k, o := range objectives {
			if ds[k] = own; o.Unweighted {
				continue
			}
			if ds[k], err = r.measure(o, want, got); err != nil {
				return part, err
			}
		}
		part.distortion = append(part.distortion, ds)
		counts := tables.NewHistogram(&v, r.coder())
		counts.Add(codes.Wide)
		part.counts = append(part.counts, counts)
	}
	return part, nil
}

// stepped is an edge whose steps are multiplied.
func stepped(e *profile.Edge, step float32) profile.Edge {
	v := *e
	v.Steps = slices.Clone(e.Steps)
	for k := range v.Steps {
		v.Steps[k] = float32(v.Steps[k] * step)
	}
	return v
}

// add counts the part of another image; the first one is kept.
func (p *curvePart) add(other curvePart) {
	if p.counts == nil {
		*p = other
		return
	}
	for k := range p.distortion {
		for o, d := range other.distortion[k] {
			p.distortion[k][o] += d
		}
		p.counts[k].Merge(other.counts[k])
	}
}

// points are the means over n images: distortion by one of the objectives, and bits at the entropy of every slot and with what escapes take.
func (p *curvePart) points(objective, n int) []method.Score {
	points := make([]method.Score, len(p.distortion))
	for k := range points {
		points[k] = method.Score{First: p.distortion[k][objective] / float64(n), Second: p.counts[k].Bits() / float64(n)}
	}
	return points
}
