package onnx

import "github.com/dqa-go/dqa/graph"

// walk visits the elements of a strided view in row-major order: visit(i, source position).
func walk(shape, strides []int, offset int, visit func(i, src int)) {
	n := product(shape)
	index := make([]int, len(shape))
	src := offset
	for i := range n {
		visit(i, src)
		for a := len(shape) - 1; a >= 0; a-- {
			index[a]++
			src += strides[a]
			if index[a] < shape[a] {
				break
			}
			src -= strides[a] * shape[a]
			index[a] = 0
		}
	}
}

// product is the number of elements of a shape that was checked.
func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// stridesOf returns the row-major strides of shape.
func stridesOf(shape []int) []int {
	s := make([]int, len(shape))
	for a, n := len(shape)-1, 1; a >= 0; a-- {
		s[a] = n
		n *= shape[a]
	}
	return s
}

// emptyLike returns an empty tensor of t's type and the given shape.
func emptyLike(t *graph.Tensor, shape []int) *graph.Tensor {
	r := &graph.Tensor{Type: t.Type, Shape: shape}
	if t.Type == graph.Float32 {
		r.Floats = make([]float32, product(shape))
	} else {
		r.Ints = make([]int64, product(shape))
	}
	return r
}

// strided copies a strided view of t.
func strided(t *graph.Tensor, shape, strides []int, offset int) *graph.Tensor {
	r := emptyLike(t, shape)
	if t.Type == graph.Float32 {
		walk(shape, strides, offset, func(i, src int) { r.Floats[i] = t.Floats[src] })
	} else {
		walk(shape, strides, offset, func(i, src int) { r.Ints[i] = t.Ints[src] })
	}
	return r
}

// expandTo broadcasts t to shape, which it fits.
func expandTo(t *graph.Tensor, shape []int) *graph.Tensor {
	return strided(t, shape, broadcastStrides(t.Shape, shape), 0)
}

// broadcastStrides are the strides that make a tensor of shape from look like one of shape to.
func broadcastStrides(from, to []int) []int {
	own := stridesOf(from)
	s := make([]int, len(to))
	for k := 1; k <= len(from); k++ {
		if from[len(from)-k] != 1 {
			s[len(to)-k] = own[len(from)-k]
		}
	}
	return s
}

// reshapedTo shares t's elements.
func reshapedTo(t *graph.Tensor, shape []int) *graph.Tensor {
	r := *t
	r.Shape = shape
	return &r
}

// one makes an evaluator of a function of the first input.
func one(f func(n *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor) evaluator {
	return func(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
		return []*graph.Tensor{f(n, in[0], shapes[0])}, nil
	}
}
