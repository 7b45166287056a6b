package native

import (
	"fmt"

	"github.com/dqa-go/dqa/tensor"
)

// buildExpand repeats along axes of size 1, and along new axes before them.
func buildExpand(s *site) (runner, error) {
	out := s.outShape(0)
	step, err := broadcastStrides(s.shape(0), out)
	if err != nil {
		return nil, err
	}
	tables := make([][]int, len(out))
	for axis, size := range out {
		tables[axis] = steps(size, step[axis])
	}
	return gatherRunner(s, 0, tables, 0)
}

func buildTile(s *site) (runner, error) {
	shape := s.shape(0)
	repeats, err := s.ints("repeats", len(shape), 1)
	if err != nil {
		return nil, err
	}
	step := strides(shape)
	tables := make([][]int, len(shape))
	for axis, size := range shape {
		for range repeats[axis] {
			tables[axis] = append(tables[axis], steps(size, step[axis])...)
		}
	}
	return gatherRunner(s, 0, tables, 0)
}

// regroup copies the axes of x, taken apart as sizes say, in the order of perm. The output's own shape does not matter.
func regroup(s *site, sizes, perm []int) (runner, error) {
	if tensor.Size(sizes) != tensor.Size(s.outShape(0)) {
		return nil, fmt.Errorf("output %v does not hold %v", s.outShape(0), sizes)
	}
	g := transposition(sizes, perm)
	return func(t *task) { g.run(t.out[0], t.in[0]) }, nil
}

func (s *site) blocks() (shape []int, b int, err error) {
	shape, b = s.shape(0), s.Attrs.Int("blocksize", 0)
	if len(shape) != 4 || b < 1 {
		return nil, 0, fmt.Errorf("blocks of %d in %v", b, shape)
	}
	return shape, b, nil
}

// buildDepthToSpace turns blocks of channels into blocks of pixels.
func buildDepthToSpace(s *site) (runner, error) {
	shape, b, err := s.blocks()
	if err != nil {
		return nil, err
	}
	n, depth, h, w := shape[0], shape[1]/(b*b), shape[2], shape[3]
	switch mode := s.Attrs.String("mode", "DCR"); mode {
	case "DCR":
		return regroup(s, []int{n, b, b, depth, h, w}, []int{0, 3, 4, 1, 5, 2})
	case "CRD":
		return regroup(s, []int{n, depth, b, b, h, w}, []int{0, 1, 4, 2, 5, 3})
	default:
		return nil, fmt.Errorf("mode %q", mode)
	}
}

// buildSpaceToDepth turns blocks of pixels into blocks of channels.
func buildSpaceToDepth(s *site) (runner, error) {
	shape, b, err := s.blocks()
	if err != nil {
		return nil, err
	}
	return regroup(s, []int{shape[0], shape[1], shape[2] / b, b, shape[3] / b, b}, []int{0, 3, 5, 1, 2, 4})
}

// buildWhere takes the second input where the first, a constant of zeros and ones, is not 0, else the third.
func buildWhere(s *site) (runner, error) {
	if s.graph.Constants[s.Inputs[0]] == nil {
		return buildRuntimeWhere(s)
	}
	condition, err := s.constant(0)
	if err != nil {
		return nil, err
	}
	out := s.outShape(0)
	var index [3][]int // of every element of the output in each input
	for i := range index {
		step, err := broadcastStrides(s.shape(i), out)
		if err != nil {
			return nil, err
		}
		index[i] = positions(out, step)
	}
	first := make([]bool, len(index[0]))
	for i, at := range index[0] {
		first[i] = condition[at] != 0
	}
	return func(t *task) {
		for i, is := range first {
			if is {
				t.out[0][i] = t.in[1][index[1][i]]
			} else {
				t.out[0][i] = t.in[2][index[2][i]]
			}
		}
	}, nil
}

// positions lists, for every element of a tensor in memory order, where the strides lead to.
func positions(shape, stride []int) []int {
	all := []int{0}
	for axis, size := range shape {
		next := make([]int, 0, len(all)*size)
		for _, base := range all {
			for i := range size {
				next = append(next, base+i*stride[axis])
			}
		}
		all = next
	}
	return all
}
