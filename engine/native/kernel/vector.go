package kernel

import "math"

// Vectors are the kernels that work along contiguous values, for one instruction set; Compile chooses them once. dst may
// be one of the operands (not of PackRows and Deinterleave). Slices of one call have the same length unless said
// otherwise. Kernels without polynomials and sums give the same values as plain Go, save the sign of zero.
type Vectors struct {
	Add, Sub, Mul, Div func(dst, a, b []float32)
	// Min and Max give NaN where either operand is NaN.
	Min, Max func(dst, a, b []float32)
	// PRelu sets dst = max(a, 0) + b*min(a, 0).
	PRelu func(dst, a, b []float32)
	// Affine sets dst[i] = clamp(x[i]*scale + shift, lo, hi).
	Affine func(dst, x []float32, scale, shift, lo, hi float32)
	// Leaky sets dst = max(x, 0) + alpha*min(x, 0).
	Leaky func(dst, x []float32, alpha float32)
	// HardSwish sets dst = x * clamp(x/6 + 1/2, 0, 1).
	HardSwish func(dst, x []float32)
	// Sigmoid sets dst = 1 / (1 + exp(-x)), Swish dst = x / (1 + exp(-alpha*x)), Tanh and Gelu (x/2 * (1 + erf(x/sqrt 2)))
	// what their names say. Vector kernels approximate by polynomials: differences below 1e-6 of the larger of 1 and the
	// result.
	Sigmoid, Tanh, Gelu func(dst, x []float32)
	Swish               func(dst, x []float32, alpha float32)
	// Softmax works on rows of n values: exp(x - max) / sum. len(x) is a multiple of n.
	Softmax func(dst, x []float32, n int)
	// Normalize gives rows of len(scale) values mean 0 and variance 1 (by n, with epsilon), then scale and bias.
	Normalize func(dst, x, scale, bias []float32, epsilon float32)
	// PackRows lays rows of depth values out as a Tile wants its weights: Rows rows together, value by value, missing
	// rows zero. dst may be x's own array, Rows rows before x or more.
	PackRows func(dst, x []float32, rows, depth int)
	// MaxPool2 takes the maximum of windows of 2 x 2 of stride 2 of a plane whose rows have 2*len(dst)/rows values.
	MaxPool2 func(dst, x []float32, rows int)
	// Interleave sets dst[2i] = a[i] + shift, dst[2i+1] = b[i] + shift; len(dst) is 2*len(a).
	Interleave func(dst, a, b []float32, shift float32)
	// Deinterleave sets even[i] = x[2i], odd[i] = x[2i+1]; their lengths are those of x's halves, even's may be one more.
	Deinterleave func(even, odd, x []float32)
}

// generic is plain Go: the oracle.
var generic = Vectors{
	Add: addGeneric, Sub: subGeneric, Mul: mulGeneric, Div: divGeneric, Min: minGeneric, Max: maxGeneric,
	PRelu: preluGeneric, Affine: Affine, Leaky: leakyGeneric, HardSwish: hardSwishGeneric,
	Sigmoid: sigmoidGeneric, Swish: swishGeneric, Tanh: tanhGeneric, Gelu: geluGeneric,
	Softmax: softmaxGeneric, Normalize: normalizeGeneric, PackRows: packRowsGeneric,
	MaxPool2: maxPool2Generic, Interleave: interleaveGeneric, Deinterleave: deinterleaveGeneric,
}

func addGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = v + b[i]
	}
}

func subGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = v - b[i]
	}
}

func mulGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = v * b[i]
	}
}

func divGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = v / b[i]
	}
}

func minGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = min(v, b[i])
	}
}

func maxGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = max(v, b[i])
	}
}

func preluGeneric(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = max(v, 0) + float32(b[i]*min(v, 0)) // no branch: signs are hard to predict
	}
}

func leakyGeneric(dst, x []float32, alpha float32) {
	for i, v := range x {
		dst[i] = max(v, 0) + float32(alpha*min(v, 0))
	}
}

func hardSwishGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = v * min(max(float32(v*(1./6))+0.5, 0), 1)
	}
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

func sigmoidGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(sigmoid(float64(v)))
	}
}

func swishGeneric(dst, x []float32, alpha float32) {
	for i, v := range x {
		dst[i] = float32(float64(v) * sigmoid(float64(alpha)*float64(v)))
	}
}

func tanhGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(math.Tanh(float64(v)))
	}
}

func geluGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(0.5 * float64(v) * (1 + math.Erf(float64(v)/math.Sqrt2)))
	}
}

func softmaxGeneric(dst, x []float32, n int) {
	for at := 0; at < len(x); at += n {
		softmaxRow(dst[at:][:n], x[at:][:n])
	}
}

func softmaxRow(dst, x []float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range x {
		e := math.Exp(float64(v - top))
		dst[i] = float32(e)
		sum += e
	}
	inv := float32(1 / sum)
	for i := range dst {
		dst[i] *= inv
	}
}

func normalizeGeneric(dst, x, scale, bias []float32, epsilon float32) {
	n := len(scale)
	for at := 0; at < len(x); at += n {
		row, out := x[at:][:n], dst[at:][:n]
		mean, variance := 0.0, 0.0
		for _, v := range row {
			mean += float64(v)
		}
		mean /= float64(n)
		for _, v := range row {
			d := float64(v) - mean
			variance += d * d
		}
		inv := 1 / math.Sqrt(variance/float64(n)+float64(epsilon))
		for i, v := range row {
			out[i] = float32(float32((float64(v)-mean)*inv)*scale[i]) + bias[i]
		}
	}
}

func packRowsGeneric(dst, x []float32, rows, depth int) {
	for r0 := 0; r0 < rows; r0 += Rows {
		panel := dst[r0*depth:][:Rows*depth]
		for r := range Rows {
			if r0+r >= rows {
				for k := range depth {
					panel[k*Rows+r] = 0
				}
				continue
			}
			for k, v := range x[(r0+r)*depth:][:depth] {
				panel[k*Rows+r] = v
			}
		}
	}
}

func maxPool2Generic(dst, x []float32, rows int) {
	w := len(dst) / rows
	for y := range rows {
		a, b, out := x[4*y*w:][:2*w], x[(4*y+2)*w:][:2*w], dst[y*w:][:w]
		for i := range out {
			out[i] = max(a[2*i], a[2*i+1], b[2*i], b[2*i+1])
		}
	}
}

func interleaveGeneric(dst, a, b []float32, shift float32) {
	for i, v := range a {
		dst[2*i], dst[2*i+1] = v+shift, b[i]+shift
	}
}

func deinterleaveGeneric(even, odd, x []float32) {
	for i := range even {
		even[i] = x[2*i]
	}
	for i := range odd {
		odd[i] = x[2*i+1]
	}
}
