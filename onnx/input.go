package onnx

import (
	"fmt"
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

// chooseInput finds the one input that live nodes or outputs read.
func (m *model) chooseInput(inputs []input) error {
	read := m.reads()
	var used []string
	for _, in := range inputs {
		if read[in.name] {
			used = append(used, in.name)
			m.input = in
		}
	}
	if len(used) != 1 {
		return fmt.Errorf("%w: the network reads %d inputs (%s), it must read exactly one", graph.ErrUnsupported, len(used), strings.Join(used, ", "))
	}
	switch m.input.elem {
	case onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_DOUBLE, onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16:
		return nil
	}
	return fmt.Errorf("%w: input %q holds %s, it must hold floats", graph.ErrUnsupported, m.input.name, m.input.elem)
}

// shape settles every axis for a batch of one; want is Options.Shape.
func (in input) shape(want []int) ([]int, error) {
	axes := in.axes
	if !in.rank {
		if want == nil {
			return nil, fmt.Errorf("%w: the model does not say the shape of input %q, it must be given", ErrShape, in.name)
		}
		axes = make([]axis, len(want))
	}
	if want != nil && len(want) != len(axes) {
		return nil, fmt.Errorf("%w: %v was given, but input %q has %d axes", ErrShape, want, in.name, len(axes))
	}
	if len(axes) == 0 {
		return nil, fmt.Errorf("%w: input %q is a scalar and has no batch axis", ErrShape, in.name)
	}
	if axes[0].size > 1 {
		return nil, fmt.Errorf("%w: the model fixes the batch of input %q to %d, it must be 1 or dynamic", ErrShape, in.name, axes[0].size)
	}
	shape := make([]int, len(axes))
	shape[0] = 1
	for i := 1; i < len(axes); i++ {
		var err error
		if shape[i], err = in.settle(i, axes[i], want); err != nil {
			return nil, err
		}
	}
	_, err := elements(shape)
	return shape, err
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
	}
	for _, o := range m.outputs {
		read[o] = true
	}
	return read
}
