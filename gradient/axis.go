package gradient

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// tap is an input of one output along an axis, and its weight.
type tap struct {
	at     int
	weight float32
}

// blended is an axis along which outputs are weighted sums of inputs.
type blended struct {
	axis int
	taps [][]tap // by output
}

// learnAxis finds the weights of an axis of n inputs: the engine runs a network of the one node on the columns of the identity.
func (s *site) learnAxis(axis int, shape, out []int, attrs graph.Attributes) (blended, error) {
	n := shape[len(shape)-1]
	b := blended{axis: axis, taps: make([][]tap, out[len(out)-1])}
	if n > mostNumbered/n {
		return b, errLarge
	}
	k := newSketch()
	k.input("x", shape)
	k.node("y", s.Op, attrs, [][]int{out}, "x")
	m, err := k.compile(s.compile)
	if err != nil {
		return b, err
	}
	identity := make([]float32, n*n)
	for i := range n {
		identity[i*n+i] = 1
	}
	y, err := m.run(identity)
	if err != nil {
		return b, err
	}
	for i, w := range y[0].Data {
		if o := i % len(b.taps); w != 0 {
			b.taps[o] = append(b.taps[o], tap{i / len(b.taps), w})
		}
	}
	return b, nil
}

// pullAxes passes derivatives through one axis after the other.
func (s *site) pullAxes(axes []blended) pull {
	in := s.shape(0)
	return func(t *task) error {
		d, shape := t.dy[0], slices.Clone(s.outShape(0))
		for _, b := range axes {
			outer, _, inner := around(shape, b.axis)
			shape[b.axis] = in[b.axis]
			sum := make([]float32, tensor.Size(shape))
			for row := range outer {
				for o, taps := range b.taps {
					from := d[(row*len(b.taps)+o)*inner:][:inner]
					for _, p := range taps {
						to := sum[(row*in[b.axis]+p.at)*inner:][:inner]
						for i, v := range from {
							to[i] += p.weight * v
						}
					}
				}
			}
			d = sum
		}
		addTo(t.dx[0], d)
		return nil
	}
}

// buildAveragePool: a mean over a window is one of means along its axes.
func buildAveragePool(s *site, _ []bool) (pull, error) {
	in, out := s.shape(0), s.outShape(0)
	var axes []blended
	spatial := len(in) - 2
	for i := range spatial {
		attrs := graph.Attributes{}
		for name, v := range s.Attrs {
			attrs[name] = v
			if list, ok := v.([]int64); ok {
				own := []int64{list[i]}
				if name == "pads" {
					own = []int64{list[i], list[spatial+i]}
				}
				attrs[name] = own
			}
		}
		a, n := 2+i, in[2+i]
		b, err := s.learnAxis(a, []int{1, n, n}, []int{1, n, out[a]}, attrs)
		if err != nil {
			return nil, err
		}
		axes = append(axes, b)
	}
	return s.pullAxes(axes), nil
}

// buildResize: the nearest value is moved, others are blended axis by axis.
func buildResize(s *site, wanted []bool) (pull, error) {
	if s.Attrs.String("mode", "nearest") == "nearest" {
		return buildMove(s, wanted)
	}
	in, out, scales, region := s.shape(0), s.outShape(0), s.Attrs.Floats("scales"), s.Attrs.Floats("roi")
	var axes []blended
	for a, n := range in {
		if out[a] == n && scales[a] == 1 {
			continue
		}
		attrs := unfilled(s.Attrs)
		attrs["scales"] = []float32{1, scales[a]}
		if len(region) > 0 {
			attrs["roi"] = []float32{0, region[a], 1, region[len(in)+a]}
		}
		b, err := s.learnAxis(a, []int{n, n}, []int{n, out[a]}, attrs)
		if err != nil {
			return nil, err
		}
		axes = append(axes, b)
	}
	return s.pullAxes(axes), nil
}
