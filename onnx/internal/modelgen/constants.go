package modelgen

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

func tensor(kind onnxpb.TensorProto_DataType, shape []int) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{DataType: proto.Int32(int32(kind))}
	for _, d := range shape {
		t.Dims = append(t.Dims, int64(d))
	}
	return t
}

func (m *maker) tensorOf(shape []int) *onnxpb.TensorProto {
	t := tensor(onnxpb.TensorProto_FLOAT, shape)
	t.FloatData = m.floats(product(shape))
	return t
}

// initialize adds a constant that other nodes may read, too.
func (m *maker) initialize(t *onnxpb.TensorProto, shape []int) string {
	name := m.name()
	t.Name = &name
	m.graph.Initializer = append(m.graph.Initializer, t)
	m.values = append(m.values, value{name, shape, t.GetDataType(), true})
	return name
}

// weights is a constant of the shape: one that there is, or a new one.
func (m *maker) weights(shape ...int) string {
	for _, v := range m.values {
		if v.constant && v.elem == int32(onnxpb.TensorProto_FLOAT) && slices.Equal(v.shape, shape) && m.IntN(3) == 0 {
			return v.name
		}
	}
	return m.initialize(m.tensorOf(shape), shape)
}

// positive is a constant of numbers above 0.
func (m *maker) positive(shape ...int) string {
	t := m.tensorOf(shape)
	for i, v := range t.FloatData {
		t.FloatData[i] = max(v, -v) + 0.125
	}
	return m.initialize(t, shape)
}

func (m *maker) scalar(v float32) string {
	t := tensor(onnxpb.TensorProto_FLOAT, nil)
	t.FloatData = []float32{v}
	return m.initialize(t, nil)
}

func (m *maker) integers(v ...int64) string {
	t := tensor(onnxpb.TensorProto_INT64, []int{len(v)})
	t.Int64Data = v
	return m.initialize(t, []int{len(v)})
}

func (m *maker) integer(v int64) string {
	t := tensor(onnxpb.TensorProto_INT64, nil)
	t.Int64Data = []int64{v}
	return m.initialize(t, nil)
}

// narrow is a constant of small integers, all the same.
func (m *maker) narrow(kind onnxpb.TensorProto_DataType, v int32, shape ...int) string {
	t := tensor(kind, shape)
	t.Int32Data = slices.Repeat([]int32{v}, product(shape))
	return m.initialize(t, shape)
}

// truth is a constant of random truth values.
func (m *maker) truth(shape ...int) string {
	t := tensor(onnxpb.TensorProto_BOOL, shape)
	for range product(shape) {
		t.Int32Data = append(t.Int32Data, int32(m.IntN(2)))
	}
	return m.initialize(t, shape)
}

func attribute(n *onnxpb.NodeProto, name string, v any) {
	a := &onnxpb.AttributeProto{Name: &name}
	switch v := v.(type) {
	case int:
		a.Type, a.I = onnxpb.AttributeProto_INT.Enum(), proto.Int64(int64(v))
	case int64:
		a.Type, a.I = onnxpb.AttributeProto_INT.Enum(), &v
	case float32:
		a.Type, a.F = onnxpb.AttributeProto_FLOAT.Enum(), &v
	case string:
		a.Type, a.S = onnxpb.AttributeProto_STRING.Enum(), []byte(v)
	case []int64:
		a.Type, a.Ints = onnxpb.AttributeProto_INTS.Enum(), v
	case []float32:
		a.Type, a.Floats = onnxpb.AttributeProto_FLOATS.Enum(), v
	case *onnxpb.TensorProto:
		a.Type, a.T = onnxpb.AttributeProto_TENSOR.Enum(), v
	case *onnxpb.GraphProto:
		a.Type, a.G = onnxpb.AttributeProto_GRAPH.Enum(), v
	default:
		panic(fmt.Sprintf("attribute of type %T", v))
	}
	n.Attribute = append(n.Attribute, a)
}

// damage changes one thing.
func (m *maker) damage() {
	g := m.graph
	if len(g.Node) == 0 || len(g.Initializer) == 0 {
		return
	}
	n, t := pick(m, g.Node), pick(m, g.Initializer)
	switch m.IntN(9) {
	case 0:
		if len(t.Dims) > 0 {
			t.Dims[m.IntN(len(t.Dims))]++
		}
	case 1:
		t.Dims = append(t.Dims, 1)
	case 2:
		if len(n.Input) > 0 {
			n.Input[m.IntN(len(n.Input))] = pick(m, m.values).name
		}
	case 3:
		if len(n.Attribute) > 0 {
			i := m.IntN(len(n.Attribute))
			n.Attribute = slices.Delete(n.Attribute, i, i+1)
		}
	case 4:
		for _, a := range n.Attribute {
			if a.I != nil {
				a.I = proto.Int64(a.GetI() + int64(m.IntN(5)) - 2)
			}
			for i := range a.Ints {
				a.Ints[i] += int64(m.IntN(5)) - 2
			}
		}
	case 5:
		n.Input = append(n.Input, m.operand())
	case 6:
		n.Input = n.Input[:m.IntN(len(n.Input)+1)]
	case 7:
		t.DataType = proto.Int32(int32(m.IntN(12)))
	case 8:
		g.Output = append(g.Output, &onnxpb.ValueInfoProto{Name: proto.String(pick(m, m.values).name)})
	}
}
