package doctor

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/profile"
)

// Networks remember what their values were like in training: a BatchNormalization's results have its bias as their mean and
// its scale as their standard deviation. How far they are from that, under a preprocessing, is told without labels.

// observed is the network with the values that training has left moments of as its edges.
type observed struct {
	prog    engine.Program
	moments []graph.Moments // by edge
}

// observe compiles the network so that those values can be seen; nil where there are none.
func (s *Subject) observe() (*observed, error) {
	g := s.Program.Graph()
	if s.Observe == nil {
		return nil, nil
	}
	o := &observed{}
	var edges []graph.Edge
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			m, ok := g.Trained[v]
			if shape := g.Values[v].Shape; ok && len(shape) > 1 && shape[0] == 1 && shape[1] == len(m.Mean) && len(edges) < maxObserved {
				edges = append(edges, graph.Edge{Name: v, Shape: shape})
				o.moments = append(o.moments, m)
			}
		}
	}
	if len(edges) == 0 {
		return nil, nil
	}
	var err error
	o.prog, err = s.Observe(g, edges)
	return o, err
}

// maxObserved values tell enough: what is behind them follows.
const maxObserved = 16

// sums of a channel's values.
type sums struct{ n, sum, squares float64 }

// newTotals has room for the sums of every edge's channels.
func (o *observed) newTotals() [][]sums {
	if o == nil {
		return nil
	}
	all := make([][]sums, len(o.moments))
	for e, m := range o.moments {
		all[e] = make([]sums, len(m.Mean))
	}
	return all
}

// hook sums up the edges of one image.
func (o *observed) hook() ([][]sums, engine.Hook) {
	if o == nil {
		return nil, nil
	}
	seen := make([][]sums, len(o.moments))
	return seen, func(edge int, data []float32) error {
		seen[edge] = channelSums(data, len(o.moments[edge].Mean))
		return nil
	}
}

func addAll(all, more [][]sums) {
	for e := range more {
		for c, v := range more[e] {
			all[e][c].add(v)
		}
	}
}

func (s *sums) add(v sums) { s.n, s.sum, s.squares = s.n+v.n, s.sum+v.sum, s.squares+v.squares }

func channelSums(data []float32, channels int) []sums {
	all := make([]sums, channels)
	inner := len(data) / channels
	for c := range all {
		s := sums{n: float64(inner)}
		for _, v := range data[c*inner:][:inner] {
			s.sum += float64(v)
			s.squares += float64(v) * float64(v)
		}
		all[c] = s
	}
	return all
}

// A channel counts for at most so many nats; one whose scale is next to nothing does not count.
const (
	mostNats  = 10
	deadScale = 1e-3
)

// distance is how far, on average over channels, the values of the sample are from those of training: the KL divergence of
// normal distributions, in nats. NaN where training has left nothing.
func (o *observed) distance(all [][]sums) float64 {
	if o == nil {
		return math.NaN()
	}
	moments := o.moments
	total, n := 0.0, 0.0
	for e, channels := range all {
		alive := deadScale * float64(slices.Max(moments[e].Std))
		for c, s := range channels {
			std := float64(moments[e].Std[c])
			if std <= alive {
				continue
			}
			mean := s.sum / s.n
			ratio := (s.squares/s.n - mean*mean) / (std * std)
			off := (mean - float64(moments[e].Mean[c])) / std
			kl := (ratio + off*off - 1 - math.Log(max(ratio, 1e-30))) / 2
			if !(kl <= mostNats) {
				kl = mostNats
			}
			total += kl
			n++
		}
	}
	return total / max(n, 1)
}

// ownStatistics are normalizations by the mean and the standard deviation of the sample's own pixels, as networks for one
// data set are trained with: to a standard deviation of 1, and, where the division by 255 comes last, of 1/255.
func (s *Subject) ownStatistics(p profile.Preprocess, sample []int) (all []profile.Preprocess, err error) {
	p.Divisor, p.Mean, p.Std = 1, nil, nil
	shape := s.Program.Graph().Input.Shape
	channels := channelsOf(p, shape)
	orders := []string{p.Channels}
	if channels == 3 {
		orders = []string{"rgb", "bgr"}
	}
	for _, order := range orders {
		p.Channels = order
		in, err := dataset.NewInputs(s.Data, p, shape)
		if err != nil {
			return nil, err
		}
		total := make([]sums, channels)
		for _, i := range sample {
			x, err := in.Input(i)
			if err != nil {
				return nil, err
			}
			for k, v := range x.Data {
				c := k * channels / len(x.Data)
				if p.Layout == "nhwc" {
					c = k % channels
				}
				total[c].add(sums{1, float64(v), float64(v) * float64(v)})
			}
		}
		whole, last := p, p
		whole.Mean = make([]float32, channels)
		whole.Std, last.Std = make([]float32, channels), make([]float32, channels)
		for c, t := range total {
			mean := t.sum / t.n
			std := math.Sqrt(max(t.squares/t.n-mean*mean, 0))
			if !(std > 0 && std <= math.MaxFloat32) {
				return nil, nil // blank, or no numbers
			}
			whole.Mean[c] = rounded(mean)
			whole.Std[c], last.Std[c] = rounded(std), rounded(255*std)
		}
		last.Mean = whole.Mean
		all = append(all, whole, last)
	}
	return all, nil
}

// rounded to 4 digits, as one writes it.
func rounded(v float64) float32 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return float32(math.Round(v*scale) / scale)
}
