package native

import (
	"fmt"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// gatherRunner checks that the tables give the shape of output i.
func gatherRunner(s *site, i int, tables [][]int, fill float32) (runner, error) {
	out := s.outShape(i)
	if len(out) != len(tables) {
		return nil, fmt.Errorf("output of rank %d, want %d", len(out), len(tables))
	}
	for axis, table := range tables {
		if len(table) != out[axis] {
			return nil, fmt.Errorf("output %v has %d along axis %d, want %d", out, out[axis], axis, len(table))
		}
	}
	g := newGather(tables, fill)
	return func(t *task) { g.run(t.out[i], t.in[0]) }, nil
}

func buildTranspose(s *site) (runner, error) {
	shape := s.shape(0)
	perm, err := s.ints("perm", len(shape), -1)
	if err != nil {
		return nil, err
	}
	step := strides(shape)
	tables := make([][]int, len(shape))
	for i, axis := range perm {
		if axis < 0 || axis >= len(shape) {
			return nil, fmt.Errorf("perm %v", perm)
		}
		tables[i] = steps(shape[axis], step[axis])
	}
	return gatherRunner(s, 0, tables, 0)
}

func buildSlice(s *site) (runner, error) {
	shape, out := s.shape(0), s.outShape(0)
	starts, err := s.ints("starts", len(shape), 0)
	if err != nil {
		return nil, err
	}
	stepList, err := s.ints("steps", len(shape), 1)
	if err != nil {
		return nil, err
	}
	if len(out) != len(shape) {
		return nil, fmt.Errorf("output of rank %d", len(out))
	}
	stride := strides(shape)
	tables := make([][]int, len(shape))
	for axis := range tables {
		tables[axis] = steps(out[axis], stepList[axis]*stride[axis])
		for i := range tables[axis] {
			tables[axis][i] += starts[axis] * stride[axis]
		}
		if last := starts[axis] + (out[axis]-1)*stepList[axis]; min(starts[axis], last) < 0 || max(starts[axis], last) >= shape[axis] {
			return nil, fmt.Errorf("axis %d: %d to %d of %d", axis, starts[axis], last, shape[axis])
		}
	}
	return gatherRunner(s, 0, tables, 0)
}

func buildPad(s *site) (runner, error) {
	shape := s.shape(0)
	pads, err := s.ints("pads", 2*len(shape), 0)
	if err != nil {
		return nil, err
	}
	stride := strides(shape)
	tables := make([][]int, len(shape))
	for axis, size := range shape {
		before, behind := pads[axis], pads[axis+len(shape)]
		for i := -before; i < size+behind; i++ {
			from, err := padSource(s.Attrs.String("mode", "constant"), i, size)
			if err != nil {
				return nil, err
			}
			if from >= 0 {
				from *= stride[axis]
			}
			tables[axis] = append(tables[axis], from)
		}
	}
	return gatherRunner(s, 0, tables, s.Attrs.Float("value", 0))
}

// padSource is the index that position i of an axis of the given size repeats, or absent.
func padSource(mode string, i, size int) (int, error) {
	if i >= 0 && i < size {
		return i, nil
	}
	switch mode {
	case "constant":
		return absent, nil
	case "edge":
		return min(max(i, 0), size-1), nil
	case "wrap":
		return ((i % size) + size) % size, nil
	case "reflect":
		if i < 0 {
			i = -i
		}
		if i >= size {
			i = 2*(size-1) - i
		}
		if i < 0 || i >= size {
			return 0, fmt.Errorf("reflection beyond the tensor")
		}
		return i, nil
	}
	return 0, fmt.Errorf("mode %q", mode)
}

func buildSplit(s *site) (runner, error) {
	shape, axis := s.shape(0), s.Attrs.Int("axis", 0)
	if axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("axis %d of %d", axis, len(shape))
	}
	outer, inner := tensor.Size(shape[:axis]), tensor.Size(shape[axis+1:])
	sizes, total := make([]int, len(s.outputs)), 0
	for i := range s.outputs {
		out := s.outShape(i)
		if len(out) != len(shape) || tensor.Size(out) != outer*out[axis]*inner {
			return nil, fmt.Errorf("output %v of %v", out, shape)
		}
		if total += out[axis]; total > shape[axis] {
			return nil, fmt.Errorf("parts are larger than axis %d", axis)
		}
		sizes[i] = out[axis] * inner
	}
	return func(t *task) {
		for o := range outer {
			x := t.in[0][o*shape[axis]*inner:]
			for i, n := range sizes {
				copy(t.out[i][o*n:][:n], x)
				x = x[n:]
			}
		}
	}, nil
}

// buildGather picks slices along an axis; the indices are constant.
func buildGather(s *site) (runner, error) {
	shape, axis := s.shape(0), s.Attrs.Int("axis", 0)
	indices := s.graph.Constants[s.inputs[1]]
	if indices == nil || indices.Type != graph.Int64 || axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("axis %d of %d, or indices that are not constant", axis, len(shape))
	}
	s.taken[1] = true
	stride := strides(shape)
	tables := make([][]int, len(shape))
	for a := range tables {
		tables[a] = steps(shape[a], stride[a])
	}
	tables[axis] = make([]int, len(indices.Ints))
	for i, index := range indices.Ints {
		if index < 0 || index >= int64(shape[axis]) {
			return nil, fmt.Errorf("index %d of %d", index, shape[axis])
		}
		tables[axis][i] = int(index) * stride[axis]
	}
	if n := tensor.Size(shape) / shape[axis] * len(indices.Ints); n != tensor.Size(s.outShape(0)) {
		return nil, fmt.Errorf("output %v, want %d values", s.outShape(0), n)
	}
	g := newGather(tables, 0)
	return func(t *task) { g.run(t.out[0], t.in[0]) }, nil
}

func buildConcat(s *site) (runner, error) {
	out, axis := s.outShape(0), s.Attrs.Int("axis", 0)
	if axis < 0 || axis >= len(out) {
		return nil, fmt.Errorf("axis %d of %d", axis, len(out))
	}
	outer := tensor.Size(out[:axis])
	row, total := tensor.Size(out[axis:]), 0
	sizes := make([]int, len(s.inputs))
	for i := range sizes {
		sizes[i] = tensor.Size(s.shape(i)[axis:])
		total += sizes[i]
		if tensor.Size(s.shape(i)) != outer*sizes[i] {
			return nil, fmt.Errorf("input %d has shape %v, the output %v", i, s.shape(i), out)
		}
	}
	if total != row {
		return nil, fmt.Errorf("inputs do not add up to %v", out)
	}
	return func(t *task) {
		at := 0
		for o := range outer {
			for i, size := range sizes {
				if dst, src := t.out[0][at:][:size], t.in[i][o*size:]; &dst[0] != &src[0] { // else the part was computed there
					copy(dst, src)
				}
				at += size
			}
		}
	}, nil
}
