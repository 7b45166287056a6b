package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// input is a graph input as the file declares it.
type input struct {
	name string
	elem onnxpb.TensorProto_DataType
	axes []axis
	rank bool // the file gives a shape at all
}

// axis is one dimension: its size, or 0 and a name where it is dynamic.
type axis struct {
	size int64
	name string
}

func (a axis) String() string {
	if a.name == "" {
		return "unnamed"
	}
	return fmt.Sprintf("%q", a.name)
}

// readInputs returns the inputs that are not initializers.
func (m *model) readInputs(list []*onnxpb.ValueInfoProto) ([]input, error) {
	var inputs []input
	for _, p := range list {
		if m.consts[p.GetName()] != nil {
			continue // old exporters list initializers among the inputs
		}
		if err := m.declare(p.GetName()); err != nil {
			return nil, err
		}
		t := p.GetType().GetTensorType()
		in := input{name: p.GetName(), elem: onnxpb.TensorProto_DataType(t.GetElemType()), rank: t.GetShape() != nil}
		for _, d := range t.GetShape().GetDim() {
			in.axes = append(in.axes, axis{max(d.GetDimValue(), 0), d.GetDimParam()})
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// fill makes constants of the inputs whose values are given.
func (m *model) fill(inputs []input, given map[string]*graph.Tensor) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(inputs, func(in input) bool { return in.name == name })
		if i < 0 {
			return fmt.Errorf("%w: the model has no input %q, it has %s", ErrInputs, name, namesOf(inputs))
		}
		t, err := inputs[i].value(given[name])
		if err != nil {
			return fmt.Errorf("%w: %q %w", ErrInputs, name, err)
		}
		m.consts[name] = t
	}
	return nil
}

// value brings what is given for an input to its type and shape. One number fills the whole input.
func (in input) value(t *graph.Tensor) (*graph.Tensor, error) {
	e, ok := elementTypes[in.elem]
	if !ok {
		return nil, fmt.Errorf("holds %s, which is not supported", in.elem)
	}
	if len(t.Floats)+len(t.Ints) == 1 && in.rank {
		shape, err := in.ones(t)
		if err != nil {
			return nil, err
		}
		t = expandTo(reshapedTo(t, nil), shape)
	}
	fits := len(t.Shape) == len(in.axes)
	for i := 0; fits && i < len(t.Shape); i++ {
		fits = in.axes[i].size == 0 || int64(t.Shape[i]) == in.axes[i].size
	}
	if in.rank && !fits {
		return nil, fmt.Errorf("is given in shape %v, it has %v", t.Shape, in.axes)
	}
	if t.Type == graph.Float32 && e.dtype != graph.Float32 && slices.ContainsFunc(t.Floats,
		func(f float32) bool { return f != float32(int64(f)) }) {
		return nil, fmt.Errorf("is given fractions, it holds %s", in.elem)
	}
	t = castTensor(t, e.dtype)
	t.Elem = int32(in.elem)
	return t, nil
}

// ones is the shape that one number fills: dynamic axes are 1, but only the first may be dynamic.
func (in input) ones(t *graph.Tensor) ([]int, error) {
	shape := make([]int, len(in.axes))
	for i, a := range in.axes {
		if a.size == 0 && i > 0 && len(t.Shape) != len(in.axes) {
			return nil, fmt.Errorf("has axes %v: one number does not say how many", in.axes)
		}
		shape[i] = int(max(a.size, 1))
	}
	_, err := elements(shape)
	return shape, err
}

func namesOf(inputs []input) string {
	var list []string
	for _, in := range inputs {
		list = append(list, in.name)
	}
	return strings.Join(list, ", ")
}

// chooseInput finds the one input that live nodes or outputs read and that is not given; a part may have several.
func (m *model) chooseInput(inputs []input, part bool) error {
	read := m.reads()
	var used []input
	for _, in := range inputs {
		if read[in.name] && m.consts[in.name] == nil {
			used = append(used, in)
		}
	}
	switch {
	case len(used) > 1 && !part:
		return fmt.Errorf("%w: the network reads %d inputs (%s): all but the image must be given as constants "+
			"(--input NAME=FILE.npy or NAME=NUMBER); to a tail that split wrote, --data npz:FILE gives all",
			graph.ErrUnsupported, len(used), namesOf(used))
	case len(used) == 0:
		return fmt.Errorf("%w: the network reads 0 inputs that are not given", graph.ErrUnsupported)
	}
	for _, in := range used {
		if _, ok := elementTypes[in.elem]; !ok {
			return fmt.Errorf("%w: input %q holds %s, it must hold numbers", graph.ErrUnsupported, in.name, in.elem)
		}
	}
	m.input, m.others = used[0], used[1:]
	return nil
}

// whole is the shape as the file has it: no axis is a batch, none is dynamic.
func (in input) whole() (shape []int, err error) {
	for i, a := range in.axes {
		if a.size == 0 || a.size > MaxElements {
			return nil, fmt.Errorf("%w: axis %d (%s) of input %q of a part: its size must be in the model", ErrShape, i, a, in.name)
		}
		shape = append(shape, int(a.size))
	}
	_, err = elements(shape)
	return shape, err
}

// shape settles every axis for a batch of one; want is Options.Shape. fixed is the batch where the file fixes another.
func (in input) shape(want []int) (shape []int, fixed int, err error) {
	axes := in.axes
	if !in.rank {
		if want == nil {
			return nil, 0, fmt.Errorf("%w: the model does not say the shape of input %q, it must be given", ErrShape, in.name)
		}
		axes = make([]axis, len(want))
	}
	if want != nil && len(want) != len(axes) {
		return nil, 0, fmt.Errorf("%w: %v was given, but input %q has %d axes", ErrShape, want, in.name, len(axes))
	}
	if len(axes) == 0 {
		return nil, 0, fmt.Errorf("%w: input %q is a scalar and has no batch axis", ErrShape, in.name)
	}
	if axes[0].size > 1 {
		fixed = int(min(axes[0].size, MaxElements))
	}
	shape = make([]int, len(axes))
	shape[0] = 1
	for i := 1; i < len(axes); i++ {
		if shape[i], err = in.settle(i, axes[i], want); err != nil {
			return nil, 0, err
		}
	}
	_, err = elements(shape)
	return shape, fixed, err
}

func (in input) settle(i int, a axis, want []int) (int, error) {
	given := 0
	if want != nil {
		given = want[i]
	}
	switch {
	case given < 0 || given > MaxElements || a.size > MaxElements:
		return 0, fmt.Errorf("%w: axis %d of input %q: %d is out of range", ErrShape, i, in.name, max(int64(given), a.size))
	case given == 0 && a.size == 0:
		return 0, fmt.Errorf("%w: axis %d (%s) of input %q is dynamic, its size must be given", ErrShape, i, a, in.name)
	case given != 0 && a.size != 0 && int64(given) != a.size:
		return 0, fmt.Errorf("%w: axis %d of input %q is %d in the model, %d was given", ErrShape, i, in.name, a.size, given)
	case given != 0:
		return given, nil
	}
	return int(a.size), nil
}

// reads returns the values that live nodes and outputs read.
func (m *model) reads() map[string]bool {
	read := map[string]bool{}
	for _, n := range m.nodes {
		for _, v := range n.Inputs {
			read[v] = true
		}
		for _, v := range m.captured[n] {
			read[v] = true
		}
	}
	for _, o := range m.outputs {
		read[o] = true
	}
	return read
}
