package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/tensor"
)

// pairwise computes dst[i] from a[i] and b[i].
type pairwise func(dst, a, b []float32)

// pairwise returns the kernel of an operator on two tensors; PRelu's slope is the second.
func (s *site) pairwise() pairwise {
	if f := s.comparison(); f != nil {
		return f
	}
	k := s.kernels
	return map[string]pairwise{
		"Add": k.Add, "Sub": k.Sub, "Mul": k.Mul, "Div": k.Div, "PRelu": k.PRelu, "Pow": power, "Min": k.Min, "Max": k.Max,
	}[s.Op]
}

func power(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = float32(math.Pow(float64(v), float64(b[i])))
	}
}

// buildBinary compiles the operators that work value by value on two tensors, with NumPy's broadcasting.
func buildBinary(s *site) (runner, error) {
	if run := s.scaling(); run != nil {
		return run, nil
	}
	f, out := s.pairwise(), s.outShape(0)
	a, errA := broadcastStrides(s.shape(0), out)
	b, errB := broadcastStrides(s.shape(1), out)
	if errA != nil || errB != nil {
		return nil, fmt.Errorf("shapes %v and %v do not broadcast to %v", s.shape(0), s.shape(1), out)
	}
	l := newLoop(out, a, b)
	s.scratch = 2 * spreadSize
	return func(t *task) {
		w := walk{loop: l, f: f, spreadA: t.scratch[:spreadSize], spreadB: t.scratch[spreadSize:]}
		w.axis(0, t.out[0], t.in[0], t.in[1])
	}, nil
}

// scaling is the runner of a multiplication by one constant number, nil where s is none.
func (s *site) scaling() runner {
	for i, name := range s.Inputs {
		k := s.graph.Constants[name]
		if s.Op != "Mul" || k == nil || len(k.Floats) != 1 || tensor.Size(s.shape(1-i)) != tensor.Size(s.outShape(0)) {
			continue
		}
		s.taken[i] = true
		factor, affine, inf := k.Floats[0], s.kernels.Affine, float32(math.Inf(1))
		return func(t *task) { affine(t.out[0], t.in[1-i], factor, 0, -inf, inf) }
	}
	return nil
}

// broadcastStrides returns the step in a tensor of the given shape for every axis of to; 0 where it repeats.
func broadcastStrides(shape, to []int) ([]int, error) {
	strides := make([]int, len(to))
	step := 1
	for i := 1; i <= len(shape); i++ {
		size := shape[len(shape)-i]
		if i > len(to) || (size != 1 && size != to[len(to)-i]) {
			return nil, fmt.Errorf("shape %v does not broadcast to %v", shape, to)
		}
		if size != 1 {
			strides[len(to)-i] = step
		}
		step *= size
	}
	return strides, nil
}

// loop walks a tensor together with two that are broadcast to it. Axes along which both go on evenly are merged, so
// that the innermost axis is long.
type loop struct {
	shape, a, b []int // per axis, outermost first: size and the steps of either tensor
}

func newLoop(shape, a, b []int) *loop {
	l := &loop{}
	for i, size := range shape {
		if size == 1 {
			continue
		}
		if n := len(l.shape); n > 0 && l.a[n-1] == a[i]*size && l.b[n-1] == b[i]*size {
			l.shape[n-1] *= size
			l.a[n-1], l.b[n-1] = a[i], b[i]
			continue
		}
		l.shape, l.a, l.b = append(l.shape, size), append(l.a, a[i]), append(l.b, b[i])
	}
	if len(l.shape) == 0 {
		l.shape, l.a, l.b = []int{1}, []int{1}, []int{1}
	}
	return l
}

// walk is one run of a loop. The spread buffers hold one value many times.
type walk struct {
	*loop
	f                pairwise
	spreadA, spreadB []float32
}

const spreadSize = 256

// axis walks one axis and all inside it.
func (w *walk) axis(axis int, dst, a, b []float32) {
	if axis == len(w.shape)-1 {
		w.inner(dst, a, b)
		return
	}
	size := len(dst) / w.shape[axis]
	for i := range w.shape[axis] {
		w.axis(axis+1, dst[i*size:][:size], a[i*w.a[axis]:], b[i*w.b[axis]:])
	}
}

// inner walks the last axis; an operand that repeats one value along it is spread out first.
func (w *walk) inner(dst, a, b []float32) {
	last := len(w.shape) - 1
	evenA, evenB := w.a[last] != 0, w.b[last] != 0
	if evenA && evenB {
		w.f(dst, a[:len(dst)], b[:len(dst)])
		return
	}
	block := min(len(dst), spreadSize)
	if !evenA {
		fill(w.spreadA[:block], a[0])
	}
	if !evenB {
		fill(w.spreadB[:block], b[0])
	}
	for at := 0; at < len(dst); at += block {
		n := min(block, len(dst)-at)
		x, y := w.spreadA, w.spreadB
		if evenA {
			x = a[at:]
		}
		if evenB {
			y = b[at:]
		}
		w.f(dst[at:][:n], x[:n], y[:n])
	}
}

// fill sets all of s, more and more of it at a time.
func fill(s []float32, v float32) {
	if len(s) > 0 {
		s[0] = v
	}
	for n := 1; n < len(s); n *= 2 {
		copy(s[n:], s[:n])
	}
}
