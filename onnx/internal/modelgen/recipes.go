package modelgen

import (
	"strings"

	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// recipe gives a node inputs and attributes that fit more often than not.
type recipe func(m *maker, n *onnxpb.NodeProto)

var recipes = map[string]recipe{}

func init() {
	for names, r := range map[string]recipe{
		"Conv ConvTranspose":    convolution,
		"MaxPool AveragePool":   pool,
		"BatchNormalization":    batchNorm,
		"InstanceNormalization": channelNorm,
		"GroupNormalization":    groupNorm,
		"LayerNormalization":    layerNorm,
		"Add Sub Mul Div Pow PRelu Min Max Sum Mean Equal Greater Less GreaterOrEqual LessOrEqual Mod": binary,
		"Gemm MatMul":      matrix,
		"Reshape":          reshape,
		"Slice":            slice,
		"Pad":              pad,
		"Concat":           concat,
		"Split":            split,
		"Gather":           gather,
		"Resize Upsample":  resize,
		"QuantizeLinear":   quantize,
		"DequantizeLinear": dequantize,
		"Where":            where,
		"And Or Not":       logic,
		"Transpose":        transpose,
		"Expand Tile":      enlarge,
		"Softmax LogSoftmax Flatten LpNormalization": along,
		"Squeeze Unsqueeze ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum " +
			"ReduceLogSumExp": over,
		"DepthToSpace SpaceToDepth":                         blocks,
		"ConvInteger QLinearConv":                           integerConv,
		"QLinearMatMul MatMulInteger":                       integerMatMul,
		"com.microsoft.QLinearAdd com.microsoft.QLinearMul": integerBinary,
		"com.microsoft.QLinearSigmoid com.microsoft.QLinearLeakyRelu " +
			"com.microsoft.QLinearGlobalAveragePool com.microsoft.QLinearAveragePool": integerUnary,
		"com.microsoft.FusedConv": fusedConv,
		"RNN GRU LSTM":            recurrent,
		"GridSample":              gridSample,
		"If":                      choice,
		"Constant":                func(m *maker, n *onnxpb.NodeProto) { attribute(n, "value", m.tensorOf([]int{1 + m.IntN(4)})) },
		"ConstantOfShape":         func(m *maker, n *onnxpb.NodeProto) { n.Input = []string{m.integers(m.ints(2, 1, 4)...)} },
		"Range": func(m *maker, n *onnxpb.NodeProto) {
			n.Input = []string{m.scalar(0), m.scalar(float32(1 + m.IntN(6))), m.scalar(1)}
		},
		"Cast": func(m *maker, n *onnxpb.NodeProto) {
			n.Input = []string{pick(m, m.values).name}
			attribute(n, "to", pick(m, []int{1, 1, 6, 7, 9, 11}))
		},
	} {
		for _, name := range strings.Fields(names) {
			recipes[name] = r
		}
	}
}

// runtime is a float value of one of the ranks (any, where none is given), nil where there is none.
func (m *maker) runtime(ranks ...int) *value {
	var fit []value
	for _, v := range m.values {
		ok := len(ranks) == 0
		for _, r := range ranks {
			ok = ok || len(v.shape) == r
		}
		if ok && !v.constant && v.elem <= int32(onnxpb.TensorProto_FLOAT) {
			fit = append(fit, v)
		}
	}
	if fit == nil {
		return &m.values[0]
	}
	v := pick(m, fit)
	return &v
}

// axis is one of a shape's, also counted from behind.
func (m *maker) axis(shape []int) int {
	if len(shape) == 0 {
		return 0
	}
	a := m.IntN(len(shape))
	if m.IntN(4) == 0 {
		a -= len(shape)
	}
	return a
}

func (m *maker) channels(v *value) int {
	if len(v.shape) < 2 {
		return 1
	}
	return v.shape[1]
}

// window adds kernel, strides, pads and dilations for some spatial axes; it returns the kernel.
func (m *maker) window(n *onnxpb.NodeProto, spatial int) []int64 {
	kernel := m.ints(spatial, 1, 3)
	attribute(n, "kernel_shape", kernel)
	if m.IntN(2) == 0 {
		attribute(n, "strides", m.ints(spatial, 1, 3))
	}
	switch m.IntN(4) {
	case 0:
		attribute(n, "auto_pad", pick(m, []string{"SAME_UPPER", "SAME_LOWER", "VALID"}))
	case 1, 2:
		attribute(n, "pads", m.ints(2*spatial, 0, 2))
	}
	if m.IntN(4) == 0 {
		attribute(n, "dilations", m.ints(spatial, 1, 2))
	}
	return kernel
}

func convolution(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(3, 4)
	c := m.channels(x)
	group := pick(m, []int{1, 1, c, 2})
	outs := 1 + m.IntN(pick(m, []int{4, 4, 20}))
	shape := []int{group * outs, max(1, c/group)}
	if n.GetOpType() == "ConvTranspose" {
		shape = []int{c, outs}
	}
	for _, k := range m.window(n, max(1, len(x.shape)-2)) {
		shape = append(shape, int(k))
	}
	n.Input = []string{x.name, m.weights(shape...)}
	if m.IntN(2) == 0 {
		n.Input = append(n.Input, m.weights(group*outs))
	}
	attribute(n, "group", group)
}

func pool(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(3, 4)
	n.Input = []string{x.name}
	m.window(n, max(1, len(x.shape)-2))
	attribute(n, "ceil_mode", m.IntN(2))
	if n.GetOpType() == "AveragePool" {
		attribute(n, "count_include_pad", m.IntN(2))
	}
}

func batchNorm(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(2, 3, 4)
	c := m.channels(x)
	n.Input = []string{x.name, m.weights(c), m.weights(c), m.weights(c), m.positive(c)}
}

func channelNorm(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(3, 4)
	c := m.channels(x)
	n.Input = []string{x.name, m.weights(c), m.weights(c)}
}

func groupNorm(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(3, 4)
	c := m.channels(x)
	groups := pick(m, []int{1, c, 2})
	scales := pick(m, []int{c, groups})
	n.Input = []string{x.name, m.weights(scales), m.weights(scales)}
	attribute(n, "num_groups", groups)
}

func layerNorm(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	a := m.IntN(len(x.shape) + 1)
	n.Input = []string{x.name, m.weights(x.shape[a:]...), m.weights(x.shape[a:]...)}
	attribute(n, "axis", a)
}

func binary(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	n.Input = []string{x.name}
	for range 1 + m.IntN(2)*m.IntN(2) {
		n.Input = append(n.Input, m.partner(x))
	}
	if n.GetOpType() == "Pow" {
		n.Input = []string{x.name, m.scalar(pick(m, []float32{2, 3, 1, 0.5}))}
	}
	if m.IntN(2) == 0 && n.GetOpType() != "PRelu" {
		m.Shuffle(len(n.Input), func(i, j int) { n.Input[i], n.Input[j] = n.Input[j], n.Input[i] })
	}
}

// partner is a tensor that broadcasts with x.
func (m *maker) partner(x *value) string {
	switch shape := append([]int(nil), x.shape...); m.IntN(6) {
	case 0:
		return m.scalar(m.number())
	case 1:
		return m.weights(shape...)
	case 2: // per channel
		for i := range shape {
			if i != 1 {
				shape[i] = 1
			}
		}
		return m.weights(shape[min(1, len(shape)):]...)
	case 3:
		if len(shape) > 0 {
			shape[m.IntN(len(shape))] = 1
		}
		return m.weights(shape...)
	}
	same := []string{x.name}
	for _, v := range m.values {
		if !v.constant && len(v.shape) == len(x.shape) && product(v.shape) == product(x.shape) {
			same = append(same, v.name, v.name)
		}
	}
	return pick(m, same)
}

func matrix(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(2)
	if n.GetOpType() == "MatMul" {
		x = m.runtime(2, 3, 4)
	}
	k, outs := x.shape[len(x.shape)-1], 1+m.IntN(20)
	if n.GetOpType() == "MatMul" {
		shape := []int{k, outs}
		if m.IntN(3) == 0 {
			shape = append([]int{pick(m, []int{1, m.channels(x)})}, shape...)
		}
		n.Input = []string{x.name, m.weights(shape...)}
		return
	}
	if m.IntN(2) == 0 {
		n.Input = []string{x.name, m.weights(outs, k)}
		attribute(n, "transB", 1)
	} else {
		n.Input = []string{x.name, m.weights(k, outs)}
	}
	if m.IntN(2) == 0 {
		n.Input = append(n.Input, m.weights(outs))
	}
	attribute(n, "alpha", pick(m, []float32{1, 1, 0.5}))
	attribute(n, "beta", pick(m, []float32{1, 1, 2}))
}

func reshape(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	last := int64(1)
	if len(x.shape) > 0 {
		last = int64(x.shape[len(x.shape)-1])
	}
	c := int64(m.channels(x))
	to := pick(m, [][]int64{{0, -1}, {1, -1, last}, {1, c, -1}, {0, 0, -1}, {1, -1, 1, 1}, {-1, last}, {1, c, -1, last}, {1, last, -1}})
	n.Input = []string{x.name, m.integers(to...)}
}

func slice(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	a := m.axis(x.shape)
	step := pick(m, []int64{1, 1, 2, -1})
	start, end := int64(m.IntN(3)), int64(m.IntN(9)+1)
	if step < 0 {
		start, end = -1, -9
	}
	n.Input = []string{x.name, m.integers(start), m.integers(end), m.integers(int64(a)), m.integers(step)}
}

func pad(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	pads := m.ints(2*len(x.shape), 0, 2)
	for i := range pads {
		if i%max(1, len(x.shape)) == 0 {
			pads[i] = 0
		}
	}
	attribute(n, "mode", pick(m, []string{"constant", "reflect", "edge"}))
	n.Input = []string{x.name}
	if m.opset < 11 {
		attribute(n, "pads", pads)
		return
	}
	n.Input = append(n.Input, m.integers(pads...))
}

func concat(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	a := m.axis(x.shape)
	n.Input = []string{x.name}
	for range 1 + m.IntN(2) {
		n.Input = append(n.Input, m.partner(x))
	}
	attribute(n, "axis", a)
}

func split(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	a := m.IntN(max(1, len(x.shape)))
	n.Input = []string{x.name}
	attribute(n, "axis", a)
	first := 1
	if len(x.shape) > 0 && x.shape[a] > 1 {
		first = 1 + m.IntN(x.shape[a]-1)
	}
	n.Output = append(n.Output, m.name())
	rest := int64(1)
	if len(x.shape) > 0 {
		rest = int64(x.shape[a] - first)
	}
	if m.opset < 13 {
		attribute(n, "split", []int64{int64(first), rest})
		return
	}
	n.Input = append(n.Input, m.integers(int64(first), rest))
}

func gather(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	a := m.axis(x.shape)
	index := m.integers(m.ints(1+m.IntN(3), 0, 2)...)
	if m.IntN(3) == 0 {
		index = m.integer(int64(-m.IntN(2)))
	}
	n.Input = []string{x.name, index}
	attribute(n, "axis", a)
}

func resize(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(4, 3)
	scales, sizes := make([]float32, len(x.shape)), make([]int64, len(x.shape))
	for i, d := range x.shape {
		scales[i], sizes[i] = 1, int64(d)
		if i > 1 {
			scales[i] = pick(m, []float32{0.5, 1, 1.5, 2, 3})
			sizes[i] = int64(1 + m.IntN(9))
		}
	}
	t := tensor(onnxpb.TensorProto_FLOAT, []int{len(scales)})
	t.FloatData = scales
	s := m.initialize(t, []int{len(scales)})
	switch {
	case n.GetOpType() == "Upsample" || m.opset < 11:
		n.Input = []string{x.name, s}
		attribute(n, "mode", pick(m, []string{"nearest", "linear"}))
		return
	case m.IntN(2) == 0:
		n.Input = []string{x.name, "", s}
	default:
		n.Input = []string{x.name, "", "", m.integers(sizes...)}
	}
	attribute(n, "mode", pick(m, []string{"nearest", "linear", "cubic"}))
	attribute(n, "coordinate_transformation_mode", pick(m, []string{"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"}))
	attribute(n, "nearest_mode", pick(m, []string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
}

func quantize(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	if c := m.channels(x); m.IntN(3) == 0 && len(x.shape) > 1 {
		n.Input = []string{x.name, m.positive(c), m.narrow(onnxpb.TensorProto_INT8, int32(m.IntN(9)-4), c)}
		attribute(n, "axis", 1)
		return
	}
	kind, zero := onnxpb.TensorProto_UINT8, int32(m.IntN(3)*64)
	if m.IntN(2) == 0 {
		kind, zero = onnxpb.TensorProto_INT8, int32(m.IntN(9)-4)
	}
	n.Input = []string{x.name, m.positive(), m.narrow(kind, zero)}
}

// dequantize follows a quantizer of its own, unless there is one.
func dequantize(m *maker, n *onnxpb.NodeProto) {
	for _, q := range m.graph.Node {
		if q.GetOpType() == "QuantizeLinear" && m.IntN(2) == 0 {
			n.Input = append([]string{q.Output[0]}, q.Input[1:]...)
			for _, a := range q.Attribute {
				if a.GetName() == "axis" {
					n.Attribute = append(n.Attribute, a)
				}
			}
			return
		}
	}
	t := m.narrow(onnxpb.TensorProto_INT8, int32(m.IntN(100)-50), 1+m.IntN(5))
	n.Input = []string{t, m.positive()}
}

func where(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	condition := m.truth(x.shape...)
	for _, v := range m.values {
		if v.elem == int32(onnxpb.TensorProto_BOOL) && m.IntN(2) == 0 {
			condition = v.name
		}
	}
	n.Input = []string{condition, x.name, m.partner(x)}
}

func logic(m *maker, n *onnxpb.NodeProto) {
	var x *value
	for i, v := range m.values {
		if v.elem == int32(onnxpb.TensorProto_BOOL) {
			x = &m.values[i]
		}
	}
	if x == nil {
		v := m.runtime()
		n.Input = []string{m.truth(v.shape...), m.truth(v.shape...)}
	} else {
		n.Input = []string{x.name, m.truth(x.shape...)}
	}
	if n.GetOpType() == "Not" {
		n.Input = n.Input[:1]
	}
}

func transpose(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	n.Input = []string{x.name}
	perm := []int64{}
	for _, a := range m.Perm(len(x.shape)) {
		perm = append(perm, int64(a))
	}
	if m.IntN(3) > 0 { // the batch stays in front
		for i, a := range perm {
			if a == 0 {
				perm[0], perm[i] = perm[i], perm[0]
			}
		}
	}
	attribute(n, "perm", perm)
}

func enlarge(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	by := make([]int64, len(x.shape))
	for i, d := range x.shape {
		by[i] = 1
		switch {
		case n.GetOpType() == "Expand" && d == 1 && i > 0:
			by[i] = int64(1 + m.IntN(3))
		case n.GetOpType() == "Expand":
			by[i] = int64(d)
		case i > 0:
			by[i] = int64(1 + m.IntN(2))
		}
	}
	n.Input = []string{x.name, m.integers(by...)}
}

func along(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	n.Input = []string{x.name}
	attribute(n, "axis", m.axis(x.shape))
}

func over(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	op := n.GetOpType()
	n.Input = []string{x.name}
	axes := []int64{int64(m.axis(x.shape))}
	if op == "Squeeze" {
		for i, d := range x.shape {
			if d == 1 && i > 0 {
				axes[0] = int64(i)
			}
		}
	} else if op != "Unsqueeze" {
		attribute(n, "keepdims", m.IntN(2))
	}
	asInput := m.opset >= 18 || m.opset >= 13 && (op == "Squeeze" || op == "Unsqueeze" || op == "ReduceSum")
	if asInput {
		n.Input = append(n.Input, m.integers(axes...))
	} else {
		attribute(n, "axes", axes)
	}
}

func blocks(m *maker, n *onnxpb.NodeProto) {
	n.Input = []string{m.runtime(4).name}
	attribute(n, "blocksize", 2)
	if n.GetOpType() == "DepthToSpace" {
		attribute(n, "mode", pick(m, []string{"DCR", "CRD"}))
	}
}
