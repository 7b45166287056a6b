package native

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// reducer turns many values into one.
type reducer func(x []float32) float32

// mean is added up in float64.
func mean(x []float32) float32 {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	return float32(sum / float64(len(x)))
}

func added(x []float32) float32 {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	return float32(sum)
}

func multiplied(x []float32) float32 {
	p := 1.0
	for _, v := range x {
		p *= float64(v)
	}
	return float32(p)
}

// reducers by operator. The largest and the smallest value are NaN where one value is.
var reducers = map[string]reducer{
	"ReduceMean":        mean,
	"ReduceSum":         added,
	"ReduceProd":        multiplied,
	"ReduceMax":         slices.Max[[]float32],
	"ReduceMin":         slices.Min[[]float32],
	"GlobalAveragePool": mean,
	"GlobalMaxPool":     slices.Max[[]float32],
}

// reduceRows reduces every n values that follow each other.
func reduceRows(n int, f reducer) runner {
	return func(t *task) {
		for i := range t.out[0] {
			t.out[0][i] = f(t.in[0][i*n:][:n])
		}
	}
}

// buildReduce brings the reduced axes to the end, where they are not there already, and reduces rows.
func buildReduce(s *site) (runner, error) {
	shape := s.shape(0)
	reduced := make([]bool, len(shape))
	for _, a := range s.Attrs.Ints("axes") {
		if a < 0 || int(a) >= len(shape) {
			return nil, fmt.Errorf("axis %d of %d", a, len(shape))
		}
		reduced[a] = true
	}
	var perm []int
	n := 1
	for _, want := range []bool{false, true} {
		for a, is := range reduced {
			if is == want {
				perm = append(perm, a)
			}
			if is && want {
				n *= shape[a]
			}
		}
	}
	rows := reduceRows(n, reducers[s.Op])
	move := transposition(shape, perm)
	if move.identity() {
		return rows, nil
	}
	s.scratch = int64(tensor.Size(shape))
	return func(t *task) {
		move.run(t.scratch, t.in[0])
		rows(&task{in: [][]float32{t.scratch}, out: t.out})
	}, nil
}
