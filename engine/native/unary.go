package native

import "math"

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
		return func(dst, x []float32) { s.kernels.Affine(dst, x, 1, 0, lo, hi) }
	case "LeakyRelu":
		alpha := s.Attrs.Float("alpha", 0.01)
		return func(dst, x []float32) { s.kernels.Leaky(dst, x, alpha) }
	case "Sigmoid":
		return s.kernels.Sigmoid
	case "Tanh":
		return s.kernels.Tanh
	case "HardSwish":
		return s.kernels.HardSwish
	case "HardSigmoid":
		alpha, beta := s.Attrs.Float("alpha", 0.2), s.Attrs.Float("beta", 0.5)
		return func(dst, x []float32) { s.kernels.Affine(dst, x, alpha, beta, 0, 1) }
	case "Swish":
		alpha := s.Attrs.Float("alpha", 1)
		return func(dst, x []float32) { s.kernels.Swish(dst, x, alpha) }
	case "Elu":
		return elu(s.Attrs.Float("alpha", 1), 1)
	case "Selu":
		return elu(s.Attrs.Float("alpha", 0), s.Attrs.Float("gamma", 0))
	case "ThresholdedRelu":
		return threshold(s.Attrs.Float("alpha", 1))
	case "Gelu":
		if s.Attrs.String("approximate", "none") == "tanh" {
			return each(geluTanh)
		}
		return s.kernels.Gelu
	}
	return each(functions[s.Op])
}

// functions are the operators that are a function of one value without settings.
var functions = map[string]func(float64) float64{
	"Abs":        math.Abs,
	"Ceil":       math.Ceil,
	"Cos":        math.Cos,
	"Erf":        math.Erf,
	"Exp":        math.Exp,
	"Floor":      math.Floor,
	"Log":        math.Log,
	"Mish":       func(v float64) float64 { return v * math.Tanh(softplus(v)) },
	"Neg":        func(v float64) float64 { return -v },
	"Reciprocal": func(v float64) float64 { return 1 / v },
	"Round":      math.RoundToEven,
	"Sign":       sign,
	"Sin":        math.Sin,
	"Softplus":   softplus,
	"Trunc":      math.Trunc,
	"Softsign":   func(v float64) float64 { return v / (1 + math.Abs(v)) },
	"Sqrt":       math.Sqrt,
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v // 0 and NaN
}

// softplus is log(1 + exp(v)), written so that nothing overflows.
func softplus(v float64) float64 { return max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }

// geluTanh is the approximation of Hendrycks and Gimpel (arXiv 1606.08415), as ONNX defines it.
func geluTanh(v float64) float64 {
	return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
}

// elu is gamma * (v where positive, else alpha * (exp(v) - 1)).
func elu(alpha, gamma float32) unary {
	a, g := float64(alpha), float64(gamma)
	return each(func(v float64) float64 {
		if v > 0 {
			return g * v
		}
		return g * a * math.Expm1(v)
	})
}

func threshold(alpha float32) unary {
	return func(dst, x []float32) {
		for i, v := range x {
			if !(v > alpha) {
				v = 0
			}
			dst[i] = v
		}
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
