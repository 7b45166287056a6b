package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/tensor"
)

// buildBatchNormalization compiles what could not be folded into a convolution: scale and shift per channel.
func buildBatchNormalization(s *site) (runner, error) {
	shape := s.shape(0)
	if len(shape) < 2 {
		return nil, fmt.Errorf("input of rank %d", len(shape))
	}
	n, c, plane := shape[0], shape[1], tensor.Size(shape[2:])
	all := s.whole().shape(0)[1] // of which c are computed
	var params [4][]float32      // scale, bias, mean, variance
	for i := range params {
		p, err := s.constant(i + 1)
		if err != nil {
			return nil, err
		}
		if len(p) != all {
			return nil, fmt.Errorf("input %d has %d values for %d channels", i+1, len(p), all)
		}
		params[i] = p
	}
	epsilon := float64(s.Attrs.Float("epsilon", 1e-5))
	scale, shift := make([]float32, all), make([]float32, all)
	for i := range all {
		a := float64(params[0][i]) / math.Sqrt(float64(params[3][i])+epsilon)
		scale[i], shift[i] = float32(a), float32(float64(params[1][i])-a*float64(params[2][i]))
	}
	scale, shift = withoutSubnormals(scale), withoutSubnormals(shift)
	lo, hi, affine := s.lo, s.hi, s.kernels.Affine
	return func(t *task) {
		for i := range n * c {
			at := i * plane
			affine(t.out[0][at:][:plane], t.in[0][at:][:plane], scale[t.first+i%c], shift[t.first+i%c], lo, hi)
		}
	}, nil
}

// buildLayerNormalization normalises over the axes from axis on.
func buildLayerNormalization(s *site) (runner, error) {
	shape, axis := s.shape(0), s.Attrs.Int("axis", len(s.shape(0))-1)
	if axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("axis %d of %d", axis, len(shape))
	}
	size := tensor.Size(shape[axis:])
	scale, err := s.constant(1)
	if err != nil {
		return nil, err
	}
	bias, err := s.constant(2)
	if err != nil {
		return nil, err
	}
	if bias == nil {
		bias = make([]float32, size)
	}
	if len(scale) != size || len(bias) != size {
		return nil, fmt.Errorf("%d scales and %d biases for %d values", len(scale), len(bias), size)
	}
	epsilon, normalize := s.Attrs.Float("epsilon", 1e-5), s.kernels.Normalize
	return func(t *task) { normalize(t.out[0], t.in[0], scale, bias, epsilon) }, nil
}

// buildSoftmax compiles softmax along one axis.
func buildSoftmax(s *site) (runner, error) {
	shape, axis := s.shape(0), s.Attrs.Int("axis", len(s.shape(0))-1)
	if axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("axis %d of %d", axis, len(shape))
	}
	n, step := shape[axis], tensor.Size(shape[axis+1:])
	if whole := s.whole().shape(0); s.Op == "Softmax" && tensor.Size(whole[axis+1:]) == 1 { // bands have the kernel of the whole
		rows := s.kernels.Softmax
		return func(t *task) { rows(t.out[0], t.in[0], n) }, nil
	}
	f := softmax
	if s.Op == "LogSoftmax" {
		f = logSoftmax
	}
	return func(t *task) {
		for at := 0; at < len(t.in[0]); at += n * step {
			for i := at; i < at+step; i++ {
				f(t.out[0][i:], t.in[0][i:], n, step)
			}
		}
	}, nil
}

// softmax works on n values, step apart.
func softmax(dst, x []float32, n, step int) {
	top := x[0]
	for i := range n {
		top = max(top, x[i*step])
	}
	var sum float64
	for i := range n {
		e := math.Exp(float64(x[i*step] - top))
		dst[i*step] = float32(e)
		sum += e
	}
	inv := float32(1 / sum)
	for i := range n {
		dst[i*step] *= inv
	}
}

// logSoftmax works on n values, step apart.
func logSoftmax(dst, x []float32, n, step int) {
	top := x[0]
	for i := range n {
		top = max(top, x[i*step])
	}
	var sum float64
	for i := range n {
		sum += math.Exp(float64(x[i*step] - top))
	}
	shift := float64(top) + math.Log(sum)
	for i := range n {
		dst[i*step] = float32(float64(x[i*step]) - shift)
	}
}

// buildInstanceNormalization gives every channel mean 0 and variance 1, then its scale and bias.
func buildInstanceNormalization(s *site) (runner, error) {
	shape := s.shape(0)
	if len(shape) < 3 {
		return nil, errSpatial
	}
	channels, plane := shape[1], tensor.Size(shape[2:])
	scale, err := s.constant(1)
	if err != nil {
		return nil, err
	}
	bias, err := s.constant(2)
	if err != nil {
		return nil, err
	}
	if len(scale) != channels || len(bias) != channels {
		return nil, fmt.Errorf("%d scales and %d biases for %d channels", len(scale), len(bias), channels)
	}
	epsilon := float64(s.Attrs.Float("epsilon", 1e-5))
	return func(t *task) {
		for i := range len(t.in[0]) / plane {
			dst, x := t.out[0][i*plane:][:plane], t.in[0][i*plane:][:plane]
			m, variance := moments(x)
			a := float64(scale[i%channels]) / math.Sqrt(variance+epsilon)
			for k, v := range x {
				dst[k] = float32((float64(v)-m)*a + float64(bias[i%channels]))
			}
		}
	}, nil
}

// moments are the mean and the variance (by n), in two passes.
func moments(x []float32) (mean, variance float64) {
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		d := float64(v) - mean
		variance += d * d
	}
	return mean, variance / float64(len(x))
}

// buildLRN is local response normalization across size channels (ONNX operator LRN): x / (bias + alpha/size * sum of
// squares)^beta.
func buildLRN(s *site) (runner, error) {
	shape, size := s.shape(0), s.Attrs.Int("size", 0)
	if len(shape) < 2 || size < 1 {
		return nil, fmt.Errorf("size %d, input %v", size, shape)
	}
	channels, plane := shape[1], tensor.Size(shape[2:])
	alpha, beta := float64(s.Attrs.Float("alpha", 1e-4))/float64(size), float64(s.Attrs.Float("beta", 0.75))
	bias := float64(s.Attrs.Float("bias", 1))
	before := (size - 1) / 2
	return func(t *task) {
		for at := 0; at < len(t.in[0]); at += channels * plane {
			x, dst := t.in[0][at:][:channels*plane], t.out[0][at:][:channels*plane]
			for c := range channels {
				from, to := max(0, c-before), min(channels, c-before+size)
				for k := range plane {
					squares := 0.0
					for j := from; j < to; j++ {
						v := float64(x[j*plane+k])
						squares += v * v
					}
					dst[c*plane+k] = float32(float64(x[c*plane+k]) / math.Pow(bias+alpha*squares, beta))
				}
			}
		}
	}, nil
}
