package calib

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/method"
)

// Stats runs the float network once, the first time it is asked.
func (r *run) Stats() ([]method.Stats, error) {
	if r.stats != nil {
		return r.stats, nil
	}
	stats, err := remembered(r, "statistics", nil, nil, r.measureStats)
	if err != nil {
		return nil, err
	}
	r.stats = stats
	return stats, nil
}

func (r *run) measureStats() ([]method.Stats, error) {
	edges := r.Edges()
	total := newStats(edges)
	err := r.pass("statistics", func() (engine.Hook, func()) {
		image := newStats(edges)
		hook := func(i int, data []float32) error {
			observe(&edges[i], data, &image[i])
			if image[i].NonFinite > 0 && !r.opt.AllowNonFinite {
				return fmt.Errorf("edge %q: %w (%d values)", edges[i].Name, ErrNonFinite, image[i].NonFinite)
			}
			return nil
		}
		return hook, func() { merge(total, image) }
	})
	if err != nil {
		return nil, err
	}
	finish(total, edges, r.src.Len())
	return total, nil
}

func newStats(edges []graph.Edge) []method.Stats {
	stats := make([]method.Stats, len(edges))
	for i, e := range edges {
		s := method.Stats{Min: make([]float32, e.Channels), Max: make([]float32, e.Channels), Squares: make([]float64, e.Channels)}
		for c := range e.Channels {
			s.Min[c], s.Max[c] = math.MaxFloat32, -math.MaxFloat32
		}
		stats[i] = s
	}
	return stats
}

// observe sets s.Squares to the sums of squares: means are taken over all images.
func observe(e *graph.Edge, data []float32, s *method.Stats) {
	plane := e.Rows * e.Cols
	for i, v := range data {
		if v-v != 0 { // NaN or infinite
			s.NonFinite++
			continue
		}
		c := i / plane
		if e.ChannelsLast {
			c = i % e.Channels
		}
		s.Min[c] = min(s.Min[c], v)
		s.Max[c] = max(s.Max[c], v)
		s.Squares[c] += float64(v) * float64(v)
	}
}

func merge(total, image []method.Stats) {
	for i := range total {
		total[i].NonFinite += image[i].NonFinite
		for c := range total[i].Min {
			total[i].Squares[c] += image[i].Squares[c]
			total[i].Min[c] = min(total[i].Min[c], image[i].Min[c])
			total[i].Max[c] = max(total[i].Max[c], image[i].Max[c])
		}
	}
}

// finish makes means of sums and zeroes channels in which nothing finite was seen.
func finish(stats []method.Stats, edges []graph.Edge, images int) {
	for i := range stats {
		s, e := &stats[i], &edges[i]
		for c := range s.Min {
			s.Squares[c] /= float64(images) * float64(e.Rows*e.Cols)
			if s.Min[c] > s.Max[c] {
				s.Min[c], s.Max[c] = 0, 0
			}
		}
	}
}
