package gradient

import (
	"math"

	"github.com/dqa-go/dqa/tensor"
)

// buildBatchNormalization: a scale per channel.
func buildBatchNormalization(s *site, _ []bool) (pull, error) {
	scale, variance, epsilon := s.constant(1), s.constant(4), float64(s.Attrs.Float("epsilon", 0))
	_, channels, plane := around(s.shape(0), 1)
	return func(t *task) error {
		for i, d := range t.dy[0] {
			c := i / plane % channels
			t.dx[0][i] += float32(float64(d) * float64(scale[c]) / math.Sqrt(float64(variance[c])+epsilon))
		}
		return nil
	}, nil
}

// buildLayerNormalization: rows of the axes from axis on.
func buildLayerNormalization(s *site, _ []bool) (pull, error) {
	scale, epsilon := s.constant(1), float64(s.Attrs.Float("epsilon", 0))
	n := tensor.Size(s.shape(0)[s.Attrs.Int("axis", 0):])
	return func(t *task) error {
		for at := 0; at < len(t.dy[0]); at += n {
			normalized(t.dx[0][at:][:n], t.dy[0][at:][:n], t.x[0][at:][:n], func(i int) float64 { return float64(scale[i]) }, epsilon)
		}
		return nil
	}, nil
}

// buildInstanceNormalization: planes.
func buildInstanceNormalization(s *site, _ []bool) (pull, error) {
	scale, epsilon := s.constant(1), float64(s.Attrs.Float("epsilon", 0))
	n := tensor.Size(s.shape(0)[2:])
	return func(t *task) error {
		for at := 0; at < len(t.dy[0]); at += n {
			w := float64(scale[at/n%len(scale)])
			normalized(t.dx[0][at:][:n], t.dy[0][at:][:n], t.x[0][at:][:n], func(int) float64 { return w }, epsilon)
		}
		return nil
	}, nil
}

// normalized differentiates y = scale * z + bias, z = (x - mean) / deviation: with g = scale * dy it is
// (g - mean(g) - z * mean(g z)) / deviation.
func normalized(dx, dy, x []float32, scale func(i int) float64, epsilon float64) {
	n := float64(len(x))
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / n
	}
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / n
	}
	deviation := math.Sqrt(variance + epsilon)
	g, gz := 0.0, 0.0
	for i, d := range dy {
		w := float64(d) * scale(i)
		g += w / n
		gz += w * (float64(x[i]) - mean) / deviation / n
	}
	for i, d := range dy {
		z := (float64(x[i]) - mean) / deviation
		dx[i] += float32((float64(d)*scale(i) - g - z*gz) / deviation)
	}
}

// buildSoftmax: y * (dy - sum(y dy)) along an axis.
func buildSoftmax(s *site, _ []bool) (pull, error) {
	return s.alongAxis(func(y, d, sum float64) float64 { return y * (d - sum) }, func(y, d float64) float64 { return y * d })
}

// buildLogSoftmax: dy - exp(y) * sum(dy) along an axis.
func buildLogSoftmax(s *site, _ []bool) (pull, error) {
	return s.alongAxis(func(y, d, sum float64) float64 { return d - math.Exp(y)*sum }, func(_, d float64) float64 { return d })
}

// alongAxis adds what f makes of results, derivatives and the sum over terms along the axis.
func (s *site) alongAxis(f func(y, d, sum float64) float64, term func(y, d float64) float64) (pull, error) {
	outer, n, inner := s.axis(0)
	return func(t *task) error {
		for o := range outer {
			for i := range inner {
				first, sum := o*n*inner+i, 0.0
				for k := range n {
					at := first + k*inner
					sum += term(float64(t.y[0][at]), float64(t.dy[0][at]))
				}
				for k := range n {
					at := first + k*inner
					t.dx[0][at] += float32(f(float64(t.y[0][at]), float64(t.dy[0][at]), sum))
				}
			}
		}
		return nil
	}, nil
}

// buildLRN differentiates y = x * s^-beta, s = bias + alpha/size * the sum of squares of the channels around.
func buildLRN(s *site, _ []bool) (pull, error) {
	n, channels, plane := around(s.shape(0), 1)
	size := s.Attrs.Int("size", 1)
	alpha, beta, bias := float64(s.Attrs.Float("alpha", 0))/float64(size), float64(s.Attrs.Float("beta", 0)), float64(s.Attrs.Float("bias", 0))
	before := (size - 1) / 2
	return func(t *task) error {
		for at := range n * plane {
			first := at/plane*channels*plane + at%plane
			for c := range channels {
				i := first + c*plane
				from, to := max(0, c-before), min(channels, c-before+size)
				squares := bias
				for j := from; j < to; j++ {
					v := float64(t.x[0][first+j*plane])
					squares += alpha * v * v
				}
				d, power := float64(t.dy[0][i]), math.Pow(squares, -beta)
				t.dx[0][i] += float32(d * power)
				inside := -2 * alpha * beta * d * float64(t.x[0][i]) * power / squares
				for j := from; j < to; j++ {
					k := first + j*plane
					t.dx[0][k] += float32(inside * float64(t.x[0][k]))
				}
			}
		}
		return nil
	}, nil
}
