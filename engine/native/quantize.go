package native

import (
	"fmt"

	"github.com/dqa-go/dqa/tensor"
)

// scaling is what QuantizeLinear and DequantizeLinear share: one scale and zero point for all values, or one per
// channel, and every channel's values lie in blocks of inner that follow each other.
type scaling struct {
	scale, zero []float32
	low, high   float32 // of the integers
	inner       int
}

func newScaling(s *site) (scaling, error) {
	q := scaling{low: s.Attrs.Float("min", 0), high: s.Attrs.Float("max", 0), inner: tensor.Size(s.shape(0))}
	var err error
	if q.scale, err = s.constant(1); err != nil {
		return q, err
	}
	if q.zero, err = s.constant(2); err != nil {
		return q, err
	}
	if len(q.scale) == 0 || len(q.zero) != len(q.scale) {
		return q, fmt.Errorf("%d scales and %d zero points", len(q.scale), len(q.zero))
	}
	if len(q.scale) == 1 {
		return q, nil
	}
	shape, axis := s.shape(0), s.Attrs.Int("axis", -1)
	if axis < 0 || axis >= len(shape) || shape[axis] != len(q.scale) {
		return q, fmt.Errorf("%d scales for axis %d of %v", len(q.scale), axis, shape)
	}
	q.inner = tensor.Size(shape[axis+1:])
	return q, nil
}

// runner applies f to every block with its channel's scale and zero point.
func (q scaling) runner(f func(dst, x []float32, scale, zero float32)) runner {
	return func(t *task) {
		for i, at := 0, 0; at < len(t.out[0]); i, at = i+1, at+q.inner {
			k := i % len(q.scale)
			f(t.out[0][at:][:q.inner], t.in[0][at:], q.scale[k], q.zero[k])
		}
	}
}

// toEven, added and subtracted again, leaves of a float32 the nearest integer, ties to even: floats of that size are
// integers. It holds for numbers below 1<<22, far more than the integers' range.
const toEven = 3 << 22

// buildQuantize rounds the quotient and clamps the integer, which stays a float. As the limits are integers, clamping
// before rounding gives the same.
func buildQuantize(s *site) (runner, error) {
	q, err := newScaling(s)
	if err != nil {
		return nil, err
	}
	return q.runner(func(dst, x []float32, scale, zero float32) {
		low, high := q.low-zero, q.high-zero
		for i := range dst {
			v := min(max(x[i]/scale, low), high)
			dst[i] = float32(float32(v+toEven)-toEven) + zero
		}
	}), nil
}

func buildDequantize(s *site) (runner, error) {
	q, err := newScaling(s)
	if err != nil {
		return nil, err
	}
	return q.runner(func(dst, x []float32, scale, zero float32) {
		for i := range dst {
			dst[i] = (x[i] - zero) * scale
		}
	}), nil
}
