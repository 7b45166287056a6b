package gradient

import (
	"errors"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// kept is the input's shape with 1 for the axes that are reduced.
func (s *site) kept() []int {
	shape := slices.Clone(s.shape(0))
	axes := s.Attrs.Ints("axes")
	if s.Op == "GlobalAveragePool" || s.Op == "GlobalMaxPool" {
		for i := 2; i < len(shape); i++ {
			axes = append(slices.Clip(axes), int64(i))
		}
	}
	for _, a := range axes {
		shape[a] = 1
	}
	return shape
}

// buildMean differentiates sums and means.
func buildMean(s *site, _ []bool) (pull, error) {
	in, out := s.shape(0), s.kept()
	weight := float32(1)
	if s.Op != "ReduceSum" {
		weight = float32(tensor.Size(out)) / float32(tensor.Size(in))
	}
	return func(t *task) error {
		walk(in, in, out, func(at, _, _, o, step, n int) {
			for k := range n {
				t.dx[0][at+k] += weight * t.dy[0][o+k*step]
			}
		})
		return nil
	}, nil
}

// buildExtreme gives everything to the largest or smallest value; to the first of equal ones.
func buildExtreme(s *site, _ []bool) (pull, error) {
	in, out := s.shape(0), s.kept()
	sign := float32(1)
	if s.Op == "ReduceMin" {
		sign = -1
	}
	return func(t *task) error {
		best := make([]int, tensor.Size(out))
		for o := range best {
			best[o] = -1
		}
		walk(in, in, out, func(at, _, _, o, step, n int) {
			for k := range n {
				if b := &best[o+k*step]; *b < 0 || sign*t.x[0][at+k] > sign*t.x[0][*b] {
					*b = at + k
				}
			}
		})
		for o, at := range best {
			t.dx[0][at] += t.dy[0][o]
		}
		return nil
	}, nil
}

var errAxes = errors.New("more than two spatial axes")

// buildMaxPool gives everything to the first of the largest values of a window.
func buildMaxPool(s *site, _ []bool) (pull, error) {
	in, out := s.shape(0), s.outShape(0)
	var axes [2]pooled
	n := len(in) - 2
	if n > 2 {
		return nil, errAxes
	}
	axes[0] = pooled{in: 1, out: 1, kernel: 1, stride: 1, dilation: 1}
	for i := range n {
		axes[2-n+i] = pooled{in[2+i], out[2+i], int(s.Attrs.Ints("kernel_shape")[i]), int(s.Attrs.Ints("strides")[i]),
			int(s.Attrs.Ints("dilations")[i]), int(s.Attrs.Ints("pads")[i])}
	}
	y, x := axes[0], axes[1]
	return func(t *task) error {
		for o, d := range t.dy[0] {
			if d == 0 {
				continue
			}
			plane, best := o/(y.out*x.out)*y.in*x.in, -1
			for r := range y.of(o / x.out % y.out) {
				for c := range x.of(o % x.out) {
					if at := plane + r*x.in + c; best < 0 || t.x[0][at] > t.x[0][best] {
						best = at
					}
				}
			}
			if best >= 0 {
				t.dx[0][best] += d
			}
		}
		return nil
	}, nil
}

// pooled is an axis that windows slide along.
type pooled struct{ in, out, kernel, stride, dilation, pad int }

// of lists the inputs that window o covers.
func (p pooled) of(o int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for k := range p.kernel {
			if i := o*p.stride + k*p.dilation - p.pad; i >= 0 && i < p.in && !yield(i) {
				return
			}
		}
	}
}
