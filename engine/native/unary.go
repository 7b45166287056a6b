package native

import (
	"math"

	"github.com/dqa-go/dqa/engine/native/kernel"
)

// unary computes dst[i] from x[i].
type unary func(dst, x []float32)

// buildUnary compiles the operators that work value by value.
func buildUnary(s *site) (runner, error) {
	f := s.unary()
	return func(t *task) { f(t.out[0], t.in[0]) }, nil
}

func (s *site) unary() unary {
	switch s.Op {
	case "Relu", "Clip":
		lo, hi := clampLimits(s.Node)
		return func(dst, x []float32) { kernel.Affine(dst, x, 1, 0, lo, hi) }
	case "LeakyRelu":
		return leakyRelu(s.Attrs.Float("alpha", 0.01))
	case "Sigmoid":
		return each(sigmoid)
	case "Tanh":
		return each(math.Tanh)
	case "HardSwish":
		return hardSwish
	case "HardSigmoid":
		return hardSigmoid(s.Attrs.Float("alpha", 0.2), s.Attrs.Float("beta", 0.5))
	case "Swish":
		alpha := float64(s.Attrs.Float("alpha", 1))
		return each(func(v float64) float64 { return v * sigmoid(alpha*v) })
	case "Exp":
		return each(math.Exp)
	default: // Sqrt
		return each(math.Sqrt)
	}
}

// each applies a function of the math package: its float64 result, rounded once.
func each(f func(float64) float64) unary {
	return func(dst, x []float32) {
		for i, v := range x {
			dst[i] = float32(f(float64(v)))
		}
	}
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

func leakyRelu(alpha float32) unary {
	return func(dst, x []float32) {
		for i, v := range x {
			dst[i] = max(v, 0) + alpha*min(v, 0)
		}
	}
}

func hardSigmoid(alpha, beta float32) unary {
	return func(dst, x []float32) { kernel.Affine(dst, x, alpha, beta, 0, 1) }
}

func hardSwish(dst, x []float32) {
	for i, v := range x {
		dst[i] = v * min(max(v/6+0.5, 0), 1)
	}
}
