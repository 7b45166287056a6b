package gradient

import (
	"errors"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// fromOutput are derivatives that are functions of the result.
var fromOutput = map[string]func(a graph.Attributes) func(y float64) float64{
	"Relu": func(graph.Attributes) func(float64) float64 { return func(y float64) float64 { return one(y > 0) } },
	"Clip": func(a graph.Attributes) func(float64) float64 {
		lo, hi := float64(a.Float("min", 0)), float64(a.Float("max", 0))
		return func(y float64) float64 { return one(lo < y && y < hi) }
	},
	"Sigmoid":    plain(func(y float64) float64 { return y * (1 - y) }),
	"Tanh":       plain(func(y float64) float64 { return 1 - y*y }),
	"Exp":        plain(func(y float64) float64 { return y }),
	"Sqrt":       plain(func(y float64) float64 { return 0.5 / y }),
	"Reciprocal": plain(func(y float64) float64 { return -y * y }),
}

// fromInput are derivatives that are functions of the operand.
var fromInput = map[string]func(a graph.Attributes) func(x float64) float64{
	"LeakyRelu": func(a graph.Attributes) func(float64) float64 {
		alpha := float64(a.Float("alpha", 0))
		return func(x float64) float64 { return either(x >= 0, 1, alpha) }
	},
	"HardSwish": plain(func(x float64) float64 { return either(math.Abs(x) < 3, x/3+0.5, one(x >= 3)) }),
	"HardSigmoid": func(a graph.Attributes) func(float64) float64 {
		alpha, beta := float64(a.Float("alpha", 0)), float64(a.Float("beta", 0))
		return func(x float64) float64 { y := alpha*x + beta; return either(0 < y && y < 1, alpha, 0) }
	},
	"Swish": func(a graph.Attributes) func(float64) float64 {
		alpha := float64(a.Float("alpha", 0))
		return func(x float64) float64 { s := sigmoid(alpha * x); return s + alpha*x*s*(1-s) }
	},
	"Elu": func(a graph.Attributes) func(float64) float64 { return elu(float64(a.Float("alpha", 0)), 1) },
	"Selu": func(a graph.Attributes) func(float64) float64 {
		return elu(float64(a.Float("alpha", 0)), float64(a.Float("gamma", 0)))
	},
	"Gelu": func(a graph.Attributes) func(float64) float64 {
		if a.String("approximate", "none") == "tanh" {
			return geluTanh
		}
		return func(x float64) float64 { return 0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) }
	},
	"ThresholdedRelu": func(a graph.Attributes) func(float64) float64 {
		alpha := float64(a.Float("alpha", 0))
		return func(x float64) float64 { return one(x > alpha) }
	},
	"Softplus": plain(sigmoid),
	"Softsign": plain(func(x float64) float64 { d := 1 + math.Abs(x); return 1 / (d * d) }),
	"Mish": plain(func(x float64) float64 {
		t := math.Tanh(max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))))
		return t + x*(1-t*t)*sigmoid(x)
	}),
	"Log": plain(func(x float64) float64 { return 1 / x }),
	"Erf": plain(func(x float64) float64 { return 2 / math.Sqrt(math.Pi) * math.Exp(-x*x) }),
	"Neg": plain(func(float64) float64 { return -1 }),
	"Abs": plain(func(x float64) float64 { return either(x > 0, 1, -one(x < 0)) }),
	"Sin": plain(math.Cos),
	"Cos": plain(func(x float64) float64 { return -math.Sin(x) }),
}

func plain(f func(float64) float64) func(graph.Attributes) func(float64) float64 {
	return func(graph.Attributes) func(float64) float64 { return f }
}

func one(b bool) float64 { return either(b, 1, 0) }

func either(b bool, yes, no float64) float64 {
	if b {
		return yes
	}
	return no
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func elu(alpha, gamma float64) func(float64) float64 {
	return func(x float64) float64 { return gamma * either(x > 0, 1, alpha*math.Exp(x)) }
}

// geluTanh is the derivative of the approximation of Hendrycks and Gimpel (arXiv 1606.08415).
func geluTanh(x float64) float64 {
	k := math.Sqrt(2 / math.Pi)
	t := math.Tanh(k * (x + 0.044715*x*x*x))
	return 0.5*(1+t) + 0.5*x*(1-t*t)*k*(1+3*0.044715*x*x)
}

func buildFromOutput(s *site, _ []bool) (pull, error) {
	f := fromOutput[s.Op](s.Attrs)
	return func(t *task) error { times(t.dx[0], t.dy[0], t.y[0], f); return nil }, nil
}

func buildFromInput(s *site, _ []bool) (pull, error) {
	f := fromInput[s.Op](s.Attrs)
	return func(t *task) error { times(t.dx[0], t.dy[0], t.x[0], f); return nil }, nil
}

// times adds dy * f(v).
func times(dx, dy, v []float32, f func(float64) float64) {
	for i, d := range dy {
		if d != 0 { // where nothing arrives an infinite slope adds nothing
			dx[i] += float32(float64(d) * f(float64(v[i])))
		}
	}
}

// buildSum differentiates Add and Sub.
func buildSum(s *site, _ []bool) (pull, error) {
	signs := [2]float32{1, 1}
	if s.Op == "Sub" {
		signs[1] = -1
	}
	return func(t *task) error {
		for i, dx := range t.dx {
			if dx == nil {
				continue
			}
			walk(s.outShape(0), s.shape(i), s.shape(i), func(o, at, step, _, _, n int) {
				for k := range n {
					dx[at+k*step] += signs[i] * t.dy[0][o+k]
				}
			})
		}
		return nil
	}, nil
}

// partials are the derivatives of a function of two numbers.
type partials [2]func(a, b float64) float64

var binaries = map[string]partials{
	"Mul":   {func(_, b float64) float64 { return b }, func(a, _ float64) float64 { return a }},
	"Div":   {func(_, b float64) float64 { return 1 / b }, func(a, b float64) float64 { return -a / (b * b) }},
	"PRelu": {func(a, b float64) float64 { return either(a >= 0, 1, b) }, func(a, _ float64) float64 { return min(a, 0) }},
	"Min":   {func(a, b float64) float64 { return one(a <= b) }, func(a, b float64) float64 { return one(b < a) }},
	"Max":   {func(a, b float64) float64 { return one(a >= b) }, func(a, b float64) float64 { return one(b > a) }},
	"Pow":   {func(a, b float64) float64 { return b * math.Pow(a, b-1) }, nil},
}

var errExponent = errors.New("an exponent that is computed")

func buildBinary(s *site, wanted []bool) (pull, error) {
	f := binaries[s.Op]
	if wanted[1] && f[1] == nil {
		return nil, errExponent
	}
	return func(t *task) error {
		a, b := t.x[0], t.x[1]
		walk(s.outShape(0), s.shape(0), s.shape(1), func(o, i, stepA, j, stepB, n int) {
			for k := range n {
				x, y, d := float64(a[i+k*stepA]), float64(b[j+k*stepB]), t.dy[0][o+k]
				if d == 0 {
					continue
				}
				if t.dx[0] != nil {
					t.dx[0][i+k*stepA] += float32(float64(d) * f[0](x, y))
				}
				if t.dx[1] != nil {
					t.dx[1][j+k*stepB] += float32(float64(d) * f[1](x, y))
				}
			}
		})
		return nil
	}, nil
}

var errCondition = errors.New("a condition that is computed")

func buildWhere(s *site, wanted []bool) (pull, error) {
	if wanted[0] {
		return nil, errCondition
	}
	return func(t *task) error {
		for i := 1; i <= 2; i++ {
			if t.dx[i] == nil {
				continue
			}
			walk(s.outShape(0), s.shape(0), s.shape(i), func(o, c, stepC, at, step, n int) {
				for k := range n {
					if (t.x[0][c+k*stepC] != 0) == (i == 1) {
						t.dx[i][at+k*step] += t.dy[0][o+k]
					}
				}
			})
		}
		return nil
	}, nil
}

// walk goes through a result row by row, n values from o on, with the places i and j where two operands that were broadcast to
// it begin and how far apart their values lie: 0 or 1.
func walk(shape, a, b []int, f func(o, i, stepA, j, stepB, n int)) {
	if slices.Equal(shape, a) && slices.Equal(shape, b) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		f(0, 0, 1, 0, 1, n)
		return
	}
	if len(shape) == 0 {
		f(0, 0, 0, 0, 0, 1)
		return
	}
	stepA, stepB := repeated(shape, a), repeated(shape, b)
	last := len(shape) - 1
	at := make([]int, last)
	for o, i, j := 0, 0, 0; ; o += shape[last] {
		f(o, i, stepA[last], j, stepB[last], shape[last])
		axis := last - 1
		for ; axis >= 0; axis-- {
			at[axis]++
			i, j = i+stepA[axis], j+stepB[axis]
			if at[axis] < shape[axis] {
				break
			}
			i, j = i-stepA[axis]*shape[axis], j-stepB[axis]*shape[axis]
			at[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

// repeated are the strides of an operand along the axes of the result: 0 where it is repeated.
func repeated(shape, operand []int) []int {
	strides, step := make([]int, len(shape)), 1
	for k := 1; k <= len(operand); k++ {
		d := operand[len(operand)-k]
		if d > 1 {
			strides[len(shape)-k] = step
		}
		step *= d
	}
	return strides
}
