package native

import (
	"math"
	"sort"

	"github.com/dqa-go/dqa/tensor"
)

// comparing are the operators on two tensors whose results are truth values, as 0 and 1, and Mod.
var comparing = map[string]func(a, b float32) float32{
	"Equal":          func(a, b float32) float32 { return truth(a == b) },
	"Greater":        func(a, b float32) float32 { return truth(a > b) },
	"GreaterOrEqual": func(a, b float32) float32 { return truth(a >= b) },
	"Mod":            func(a, b float32) float32 { return a - b*float32(math.Floor(float64(a)/float64(b))) },
	"FMod":           func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) },
}

// quantizedAdd is round(x a + y b + shift), clamped; each sum is rounded once, as by a fused multiplication.
func (s *site) quantizedAdd() pairwise {
	a, b, shift := float64(s.Attrs.Float("a", 1)), float64(s.Attrs.Float("b", 1)), float64(s.Attrs.Float("shift", 0))
	low, high := float64(s.Attrs.Float("min", 0)), float64(s.Attrs.Float("max", 0))
	return func(dst, x, y []float32) {
		for i, v := range x {
			part := float64(float32(float64(y[i])*b + shift))
			sum := float64(float32(float64(v)*a + part))
			dst[i] = float32(min(max(math.RoundToEven(sum), low), high))
		}
	}
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// comparison returns the kernel of such an operator, nil for another.
func (s *site) comparison() pairwise {
	op := s.Op
	if op == "Mod" && s.Attrs.Int("fmod", 0) != 0 {
		op = "FMod"
	}
	if op == "QuantizedAdd" {
		return s.quantizedAdd()
	}
	f := comparing[op]
	if f == nil {
		return nil
	}
	return func(dst, a, b []float32) {
		for i, v := range a {
			dst[i] = f(v, b[i])
		}
	}
}

// buildRuntimeWhere takes the second input where the first is not 0, else the third.
func buildRuntimeWhere(s *site) (runner, error) {
	out := s.outShape(0)
	var index [3][]int // of every element of the output in each input
	for i := range index {
		step, err := broadcastStrides(s.shape(i), out)
		if err != nil {
			return nil, err
		}
		index[i] = positions(out, step)
	}
	return func(t *task) {
		for i := range t.out[0] {
			from := 2
			if t.in[0][index[0][i]] != 0 {
				from = 1
			}
			t.out[0][i] = t.in[from][index[from][i]]
		}
	}, nil
}

// axisRows walks rows along one axis: n values that lie step apart, of which the first is at each of the given places.
type axisRows struct{ n, step, size int }

func (s *site) axisRows() (axisRows, error) {
	shape, axis := s.shape(0), s.Attrs.Int("axis", 0)
	if axis < 0 || axis >= len(shape) {
		return axisRows{}, errAxis(axis, len(shape))
	}
	return axisRows{shape[axis], tensor.Size(shape[axis+1:]), tensor.Size(shape)}, nil
}

// each calls f with the number of every row and where it begins.
func (l axisRows) each(f func(row, at int)) {
	row := 0
	for outer := 0; outer < l.size; outer += l.n * l.step {
		for i := range l.step {
			f(row, outer+i)
			row++
		}
	}
}

// buildArgMax finds the first, or the last, place of the largest value along an axis.
func buildArgMax(s *site) (runner, error) {
	l, err := s.axisRows()
	if err != nil {
		return nil, err
	}
	last := s.Attrs.Int("select_last_index", 0) != 0
	return func(t *task) {
		x := t.in[0]
		l.each(func(row, at int) {
			best := 0
			for i := 1; i < l.n; i++ {
				v, top := x[at+i*l.step], x[at+best*l.step]
				if v > top || last && v == top {
					best = i
				}
			}
			t.out[0][row] = float32(best)
		})
	}, nil
}

// buildTopK sorts along an axis, the first of equal values first, and keeps the first k with their places.
func buildTopK(s *site) (runner, error) {
	l, err := s.axisRows()
	if err != nil {
		return nil, err
	}
	k, largest := s.Attrs.Int("k", 0), s.Attrs.Int("largest", 1) != 0
	if k < 1 || k > l.n || len(s.outputs) != 2 {
		return nil, errAxis(k, l.n)
	}
	return func(t *task) {
		order := make([]int, l.n)
		l.each(func(row, at int) {
			for i := range order {
				order[i] = i
			}
			sort.SliceStable(order, func(a, b int) bool {
				x, y := t.in[0][at+order[a]*l.step], t.in[0][at+order[b]*l.step]
				if largest {
					return x > y
				}
				return x < y
			})
			to := row/l.step*k*l.step + row%l.step
			for i, from := range order[:k] {
				t.out[0][to+i*l.step] = t.in[0][at+from*l.step]
				t.out[1][to+i*l.step] = float32(from)
			}
		})
	}, nil
}

// buildCumSum adds up along an axis.
func buildCumSum(s *site) (runner, error) {
	l, err := s.axisRows()
	if err != nil {
		return nil, err
	}
	exclusive, reverse := s.Attrs.Int("exclusive", 0) != 0, s.Attrs.Int("reverse", 0) != 0
	return func(t *task) {
		l.each(func(_, at int) {
			sum := 0.0
			for k := range l.n {
				i := at + k*l.step
				if reverse {
					i = at + (l.n-1-k)*l.step
				}
				if exclusive {
					t.out[0][i] = float32(sum)
				}
				sum += float64(t.in[0][i])
				if !exclusive {
					t.out[0][i] = float32(sum)
				}
			}
		})
	}, nil
}

// buildTake picks values of a row by indices that are computed; what lies outside is NaN.
func buildTake(s *site) (runner, error) {
	n := tensor.Size(s.shape(0))
	return func(t *task) {
		for k, i := range t.in[1] {
			t.out[0][k] = float32(math.NaN())
			if i >= 0 && i < float32(n) {
				t.out[0][k] = t.in[0][int(i)]
			}
		}
	}, nil
}

// buildRequantize scales integer sums, rounds them to even and clamps them to the type's range.
func buildRequantize(s *site) (runner, error) {
	q, err := newScaling(s)
	if err != nil {
		return nil, err
	}
	return q.runner(func(dst, x []float32, factor, zero float32) {
		low, high := q.low-zero, q.high-zero
		for i := range dst {
			v := min(max(float32(x[i]*factor), low), high)
			dst[i] = float32(float32(v+toEven)-toEven) + zero
		}
	}), nil
}
