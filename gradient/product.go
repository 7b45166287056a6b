package gradient

import (
	"maps"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// linear makes the derivative of a node by its first input: one node, with constants, of the derivative by its output.
func (s *site) linear(op string, attrs graph.Attributes, constants ...*graph.Tensor) (pull, error) {
	k := newSketch()
	k.input("dy", s.outShape(0))
	names := []string{"dy"}
	for i, c := range constants {
		names = append(names, "constant"+string(rune('0'+i)))
		k.constant(names[i+1], c)
	}
	k.node("dx", op, attrs, [][]int{s.shape(0)}, names...)
	m, err := k.compile(s.compile)
	if err != nil {
		return nil, err
	}
	return func(t *task) error { return m.add(t.dx[0], t.dy[0]) }, nil
}

// buildConv differentiates a convolution: a transposed one with the same weights; where strides are 1 that is a convolution with
// the filters turned round and inputs and outputs exchanged, which engines run faster.
func buildConv(s *site, _ []bool) (pull, error) {
	w := s.graph.Constants[s.Inputs[1]]
	attrs := maps.Clone(s.Attrs)
	strides, dilations, pads := s.Attrs.Ints("strides"), s.Attrs.Ints("dilations"), s.Attrs.Ints("pads")
	n := len(strides)
	turned := make([]int64, 2*n)
	direct := true
	for i := range strides {
		reach := int64(w.Shape[2+i]-1) * dilations[i]
		turned[i], turned[n+i] = reach-pads[i], reach-pads[n+i]
		direct = direct && strides[i] == 1 && turned[i] >= 0 && turned[n+i] >= 0
	}
	if direct {
		attrs["pads"] = turned
		return s.linear("Conv", attrs, turn(w, s.Attrs.Int("group", 1)))
	}
	// What the last window does not reach is zero.
	padding := make([]int64, n)
	in, out := s.shape(0)[2:], s.outShape(0)[2:]
	for i := range strides {
		reach := int64(out[i]-1)*strides[i] + int64(w.Shape[2+i]-1)*dilations[i] + 1
		padding[i] = int64(in[i]) - (reach - pads[i] - pads[n+i])
	}
	attrs["output_padding"] = padding
	return s.linear("ConvTranspose", attrs, w)
}

// turn exchanges inputs and outputs of filters (M, C/group, k...), to (C, M/group, k...), and turns them round.
func turn(w *graph.Tensor, group int) *graph.Tensor {
	m, c, window := w.Shape[0]/group, w.Shape[1], tensor.Size(w.Shape[2:])
	out := &graph.Tensor{Type: graph.Float32, Shape: slices.Concat([]int{group * c, m}, w.Shape[2:]), Floats: make([]float32, len(w.Floats))}
	for g := range group {
		for i := range m {
			for j := range c {
				from, to := w.Floats[((g*m+i)*c+j)*window:][:window], out.Floats[((g*c+j)*m+i)*window:][:window]
				copy(to, from)
				slices.Reverse(to)
			}
		}
	}
	return out
}

// buildConvTranspose differentiates a transposed convolution: a convolution with the same weights.
func buildConvTranspose(s *site, _ []bool) (pull, error) {
	attrs := maps.Clone(s.Attrs)
	delete(attrs, "output_padding")
	strides, dilations, pads := s.Attrs.Ints("strides"), s.Attrs.Ints("dilations"), slices.Clone(s.Attrs.Ints("pads"))
	n, w := len(strides), s.graph.Constants[s.Inputs[1]]
	in, out := s.shape(0)[2:], s.outShape(0)[2:]
	for i := range strides { // output_padding is nothing but the values behind the last window
		reach := int64(in[i]-1)*strides[i] + int64(w.Shape[2+i]-1)*dilations[i] + 1
		pads[n+i] = max(0, reach-pads[i]-int64(out[i]))
	}
	attrs["pads"] = pads
	return s.linear("Conv", attrs, w)
}

// buildGemm differentiates Y = X W^T + B.
func buildGemm(s *site, _ []bool) (pull, error) {
	w := s.graph.Constants[s.Inputs[1]]
	rows, cols := w.Shape[0], w.Shape[1]
	t := &graph.Tensor{Type: graph.Float32, Shape: []int{cols, rows}, Floats: make([]float32, len(w.Floats))}
	for i := range rows {
		for j := range cols {
			t.Floats[j*rows+i] = w.Floats[i*cols+j]
		}
	}
	return s.linear("Gemm", s.Attrs, t)
}

// buildMatMul differentiates Y = A B: dA = dY B^T, dB = A^T dY, summed where axes were repeated.
func buildMatMul(s *site, wanted []bool) (pull, error) {
	var parts [2]*small
	for i := range parts {
		if !wanted[i] {
			continue
		}
		k, other, dy := newSketch(), s.shape(1-i), s.outShape(0)
		k.input("dy", dy)
		k.input("other", other)
		flipped := slices.Clone(other)
		n := len(other)
		flipped[n-1], flipped[n-2] = other[n-2], other[n-1]
		perm := make([]int64, n)
		for a := range perm {
			perm[a] = int64(a)
		}
		perm[n-1], perm[n-2] = perm[n-2], perm[n-1]
		k.node("flipped", "Transpose", graph.Attributes{"perm": perm}, [][]int{flipped}, "other")
		left, right := dy, flipped
		if i == 0 {
			k.node("product", "MatMul", graph.Attributes{}, [][]int{productShape(left, right)}, "dy", "flipped")
		} else {
			left, right = flipped, dy
			k.node("product", "MatMul", graph.Attributes{}, [][]int{productShape(left, right)}, "flipped", "dy")
		}
		var err error
		if parts[i], err = k.compile(s.compile); err != nil {
			return nil, err
		}
	}
	return func(t *task) error {
		for i, m := range parts {
			if m == nil {
				continue
			}
			out, err := m.run(t.dy[0], t.x[1-i])
			if err != nil {
				return err
			}
			d := out[0]
			walk(d.Shape, s.shape(i), s.shape(i), func(o, at, step, _, _, n int) {
				for k := range n {
					t.dx[i][at+k*step] += d.Data[o+k]
				}
			})
		}
		return nil
	}, nil
}

// productShape is that of the product of two stacks of matrices.
func productShape(a, b []int) []int {
	rank := max(len(a), len(b))
	shape := make([]int, rank)
	for i := range rank - 2 {
		shape[i] = max(sizeAt(a, i-rank+len(a)), sizeAt(b, i-rank+len(b)))
	}
	shape[rank-2], shape[rank-1] = a[len(a)-2], b[len(b)-1]
	return shape
}

func sizeAt(shape []int, axis int) int {
	if axis < 0 {
		return 1
	}
	return shape[axis]
}

// buildCumSum differentiates a running sum: one that runs the other way.
func buildCumSum(s *site, _ []bool) (pull, error) {
	attrs := maps.Clone(s.Attrs)
	attrs["reverse"] = int64(1 - s.Attrs.Int("reverse", 0))
	return s.linear("CumSum", attrs)
}
