package gradient

import (
	"errors"
	"maps"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

func buildReshape(*site, []bool) (pull, error) {
	return func(t *task) error { addTo(t.dx[0], t.dy[0]); return nil }, nil
}

func buildConcat(s *site, _ []bool) (pull, error) {
	axis := s.Attrs.Int("axis", 0)
	_, total, inner := around(s.outShape(0), axis)
	return func(t *task) error {
		first := 0
		for i, dx := range t.dx {
			size := s.shape(i)[axis] * inner
			for at := 0; at < len(dx); at += size {
				addTo(dx[at:][:size], t.dy[0][at/size*total*inner+first:][:size])
			}
			first += size
		}
		return nil
	}, nil
}

// mostNumbered is how far float32 counts.
const mostNumbered = 1 << 24

var errLarge = errors.New("too many values")

// buildMove differentiates operators that do no more than to move values: the engine moves the numbers of the input's
// elements, from 1 on, and so says where every output comes from. 0 is what was filled in.
func buildMove(s *site, _ []bool) (pull, error) {
	n := tensor.Size(s.shape(0))
	if n >= mostNumbered {
		return nil, errLarge
	}
	k := newSketch()
	k.input("x", s.shape(0))
	names := []string{"x"}
	for _, in := range s.Inputs[1:] { // indices
		if s.graph.Constants[in] == nil {
			return nil, errOperator
		}
		k.constant(in, s.graph.Constants[in])
		names = append(names, in)
	}
	var shapes [][]int
	for i := range s.Outputs {
		shapes = append(shapes, s.outShape(i))
	}
	k.node("y", s.Op, unfilled(s.Attrs), shapes, names...)
	m, err := k.compile(s.compile)
	if err != nil {
		return nil, err
	}
	numbers := make([]float32, n)
	for i := range numbers {
		numbers[i] = float32(i + 1)
	}
	moved, err := m.run(numbers)
	if err != nil {
		return nil, err
	}
	from := make([][]int32, len(moved)) // by output
	for i, t := range moved {
		from[i] = make([]int32, len(t.Data))
		for o, v := range t.Data {
			from[i][o] = int32(v) - 1
		}
	}
	return func(t *task) error {
		for i, table := range from {
			if t.dy[i] == nil {
				continue
			}
			for o, at := range table {
				if at >= 0 {
					t.dx[0][at] += t.dy[i][o]
				}
			}
		}
		return nil
	}, nil
}

// unfilled are attributes with zero for what is filled in.
func unfilled(a graph.Attributes) graph.Attributes {
	a = maps.Clone(a)
	for _, name := range []string{"value", "extrapolation_value"} {
		if _, ok := a[name]; ok {
			a[name] = float32(0)
		}
	}
	return a
}
