package modelgen

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// codes is a computed value of 8-bit integers of one of the ranks, one that there is or what a new quantizer writes, with a
// scale and a zero point of its type.
func (m *maker) codes(ranks ...int) (x value, scale, zero string) {
	scale = m.positive()
	for _, v := range m.values {
		fits := isCode(v.elem) && !v.constant && slices.Contains(ranks, len(v.shape))
		if fits && m.IntN(2) == 0 {
			return v, scale, m.zeroFor(v)
		}
	}
	kind := pick(m, []onnxpb.TensorProto_DataType{onnxpb.TensorProto_UINT8, onnxpb.TensorProto_INT8})
	zero = m.zero(kind)
	from := m.runtime(ranks...)
	return value{m.before("QuantizeLinear", from.name, scale, zero), from.shape, int32(kind), false}, scale, zero
}

func isCode(elem int32) bool {
	kind := onnxpb.TensorProto_DataType(elem)
	return kind == onnxpb.TensorProto_UINT8 || kind == onnxpb.TensorProto_INT8
}

// zeroFor is a zero point of a value's type.
func (m *maker) zeroFor(v value) string { return m.zero(onnxpb.TensorProto_DataType(v.elem)) }

func (m *maker) zero(kind onnxpb.TensorProto_DataType) string {
	if kind == onnxpb.TensorProto_UINT8 {
		return m.narrow(kind, int32(m.IntN(3)*64))
	}
	return m.narrow(kind, int32(m.IntN(9)-4))
}

// before adds a node that the one at hand reads, and returns its result.
func (m *maker) before(op string, inputs ...string) string {
	out := m.name()
	n := &onnxpb.NodeProto{OpType: proto.String(op), Name: proto.String("n" + out), Input: inputs, Output: []string{out}}
	m.graph.Node = append(m.graph.Node, n)
	return out
}

// filters is a constant of random integers.
func (m *maker) filters(kind onnxpb.TensorProto_DataType, shape ...int) string {
	t := tensor(kind, shape)
	for range product(shape) {
		v := int32(m.IntN(256))
		if kind == onnxpb.TensorProto_INT8 {
			v -= 128
		}
		t.Int32Data = append(t.Int32Data, v)
	}
	return m.initialize(t, shape)
}

// integerConv is ConvInteger and QLinearConv.
func integerConv(m *maker, n *onnxpb.NodeProto) {
	x, scale, zero := m.codes(3, 4)
	c := m.channels(&x)
	group := pick(m, []int{1, 1, c})
	outs := group * (1 + m.IntN(4))
	attribute(n, "group", group)
	shape := []int{outs, max(1, c/group)}
	for _, k := range m.window(n, max(1, len(x.shape)-2)) {
		shape = append(shape, int(k))
	}
	w := m.filters(onnxpb.TensorProto_INT8, shape...)
	if n.GetOpType() == "ConvInteger" {
		n.Input = []string{x.name, w, zero, m.narrow(onnxpb.TensorProto_INT8, int32(m.IntN(9)-4))}
		n.Input = n.Input[:2+m.IntN(3)]
		return
	}
	each := []int{}
	if m.IntN(2) == 0 {
		each = []int{outs}
	}
	n.Input = []string{x.name, scale, zero, w, m.positive(each...), m.narrow(onnxpb.TensorProto_INT8, 0, each...), m.large(), m.zeroFor(x)}
	if m.IntN(2) == 0 {
		t := tensor(onnxpb.TensorProto_INT32, []int{outs})
		for range outs {
			t.Int32Data = append(t.Int32Data, int32(m.IntN(2000)-1000))
		}
		n.Input = append(n.Input, m.initialize(t, []int{outs}))
	}
}

// large is a scale of sums of products.
func (m *maker) large() string { return m.scalar(float32(1 + m.IntN(3000))) }

func integerMatMul(m *maker, n *onnxpb.NodeProto) {
	a, scale, zero := m.codes(2, 3, 4)
	outs := 1 + m.IntN(9)
	w := m.filters(onnxpb.TensorProto_INT8, a.shape[len(a.shape)-1], outs)
	if n.GetOpType() == "MatMulInteger" {
		n.Input = []string{a.name, w, zero, m.narrow(onnxpb.TensorProto_INT8, int32(m.IntN(9)-4))}[:2+m.IntN(3)]
		return
	}
	each := []int{}
	if m.IntN(2) == 0 {
		each = []int{outs}
	}
	n.Input = []string{a.name, scale, zero, w, m.positive(each...), m.narrow(onnxpb.TensorProto_INT8, 0, each...), m.large(), m.zeroFor(a)}
}

func integerBinary(m *maker, n *onnxpb.NodeProto) {
	a, scale, zero := m.codes(2, 3, 4)
	b, other, point := a, scale, zero
	for _, v := range m.values {
		if v.elem == a.elem && !v.constant && slices.Equal(v.shape, a.shape) && m.IntN(2) == 0 {
			b, other, point = v, m.positive(), m.zeroFor(v)
		}
	}
	if m.IntN(3) == 0 {
		b.name = m.filters(onnxpb.TensorProto_DataType(a.elem), a.shape[len(a.shape)-1])
	}
	n.Input = []string{a.name, scale, zero, b.name, other, point, m.positive(), m.zeroFor(a)}
}

func integerUnary(m *maker, n *onnxpb.NodeProto) {
	ranks := []int{3, 4}
	if op := n.GetOpType(); op == "QLinearSigmoid" || op == "QLinearLeakyRelu" {
		ranks = []int{2, 3, 4}
	}
	x, scale, zero := m.codes(ranks...)
	n.Input = []string{x.name, scale, zero, m.positive(), m.zeroFor(x)}
	switch n.GetOpType() {
	case "QLinearLeakyRelu":
		attribute(n, "alpha", pick(m, []float32{0, 0.01, 0.5}))
	case "QLinearAveragePool":
		m.window(n, max(1, len(x.shape)-2))
		attribute(n, "count_include_pad", m.IntN(2))
	}
}

func fusedConv(m *maker, n *onnxpb.NodeProto) {
	convolution(m, n)
	attribute(n, "activation", pick(m, []string{"Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip", "HardSigmoid"}))
	attribute(n, "activation_params", []float32{0.125, 0.5})
}
