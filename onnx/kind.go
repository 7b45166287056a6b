package onnx

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// elementType is a file's name of an element type.
type elementType = onnxpb.TensorProto_DataType

// kind says that a value, which engines hold as floats, is one of integers or truth values in the file, and what range
// they have. A float32 holds integers exactly up to 1<<24.
type kind struct {
	elem      elementType
	low, high float64
}

// exact is the end of the range in which every integer is a float32.
const exact = 1 << 24

var (
	truthKind = kind{onnxpb.TensorProto_BOOL, 0, 1}
	anyInt64  = kind{onnxpb.TensorProto_INT64, math.MinInt64, math.MaxInt64}
)

// ranges of the types of integers and truth values.
var ranges = map[elementType]kind{
	onnxpb.TensorProto_BOOL:   truthKind,
	onnxpb.TensorProto_INT8:   {onnxpb.TensorProto_INT8, math.MinInt8, math.MaxInt8},
	onnxpb.TensorProto_UINT8:  {onnxpb.TensorProto_UINT8, 0, math.MaxUint8},
	onnxpb.TensorProto_INT16:  {onnxpb.TensorProto_INT16, math.MinInt16, math.MaxInt16},
	onnxpb.TensorProto_UINT16: {onnxpb.TensorProto_UINT16, 0, math.MaxUint16},
	onnxpb.TensorProto_INT32:  {onnxpb.TensorProto_INT32, math.MinInt32, math.MaxInt32},
	onnxpb.TensorProto_UINT32: {onnxpb.TensorProto_UINT32, 0, math.MaxUint32},
	onnxpb.TensorProto_INT64:  anyInt64,
	onnxpb.TensorProto_UINT64: {onnxpb.TensorProto_UINT64, 0, math.MaxUint64},
}

// fits tells whether all of k's values are values of the type.
func (k kind) fits(elem elementType) bool {
	r := ranges[elem]
	return k.low >= r.low && k.high <= r.high
}

// isExact tells whether float arithmetic on k's values is exact.
func (k kind) isExact() bool { return k.low >= -exact && k.high <= exact }

// with is the range of both.
func (k kind) with(o kind) kind {
	k.low, k.high = min(k.low, o.low), max(k.high, o.high)
	return k
}

// kind returns what input i holds in the file, where that is integers or truth values.
func (c *call) kind(i int) (kind, bool) {
	if t := c.tensor(i); t != nil {
		return kindOfTensor(t)
	}
	if i >= len(c.sources) {
		return kind{}, false
	}
	k, ok := c.kinds[c.sources[i]]
	return k, ok
}

func kindOfTensor(t *graph.Tensor) (kind, bool) {
	if t.Type == graph.Float32 {
		return kind{}, false
	}
	k := kind{elem: elementType(t.Elem)}
	switch {
	case t.Type == graph.Bool:
		k.elem = onnxpb.TensorProto_BOOL
	case ranges[k.elem].elem == 0 || k.elem == onnxpb.TensorProto_BOOL:
		k.elem = onnxpb.TensorProto_INT64
	}
	if len(t.Ints) > 0 {
		k.low, k.high = float64(slices.Min(t.Ints)), float64(slices.Max(t.Ints))
	}
	return k, true
}

// holds tells whether input i is computed at run time and holds integers or truth values.
func (c *call) holds(i int) bool {
	_, ok := c.kind(i)
	return ok && c.has(i) && c.tensor(i) == nil
}

// mark says what the node's first output holds.
func (c *call) mark(k kind) { c.kinds[c.out(0)] = k }

// carriers are the operators that select, move or compare values, so that integers held as floats stay those that
// ONNX's integer operators return. Each has the inputs that are data, too; -1: all.
var carriers = map[string][]int{
	"Identity": {0}, "Dropout": {0}, "Reshape": {0}, "Flatten": {0}, "Squeeze": {0}, "Unsqueeze": {0}, "Transpose": {0},
	"Split": {0}, "Slice": {0}, "Expand": {0}, "Tile": {0}, "Gather": {0}, "DepthToSpace": {0}, "SpaceToDepth": {0},
	"MaxPool": {0}, "GlobalMaxPool": {0}, "ReduceMax": {0}, "ReduceMin": {0}, "Relu": {0}, "Pad": {0, 2}, "Clip": {0, 1, 2}, "Concat": {-1},
	"Min": {-1}, "Max": {-1}, "Where": {1, 2}, "GatherND": {0}, "GatherElements": {0}, "ScatterND": {0, 2}, "ScatterElements": {0, 2},
	"Trilu": {0}, "TopK": {0}, "ReverseSequence": {0}, "CenterCropPad": {0},
}

// reckoners give what operators on integers make of the kinds of their inputs; they compute in floats.
var reckoners = map[string]func(in []kind) (kind, error){
	"Add": func(in []kind) (kind, error) { return in[0].spanned(in[0].low+in[1].low, in[0].high+in[1].high) },
	"Sub": func(in []kind) (kind, error) { return in[0].spanned(in[0].low-in[1].high, in[0].high-in[1].low) },
	"Mul": func(in []kind) (kind, error) {
		p := []float64{in[0].low * in[1].low, in[0].low * in[1].high, in[0].high * in[1].low, in[0].high * in[1].high}
		return in[0].spanned(slices.Min(p), slices.Max(p))
	},
	"Div": func(in []kind) (kind, error) {
		top := max(math.Abs(in[0].low), math.Abs(in[0].high))
		return in[0].divided(in[1], kind{in[0].elem, -top, top})
	},
	"Mod": func(in []kind) (kind, error) {
		top := max(math.Abs(in[1].low), math.Abs(in[1].high))
		return in[0].divided(in[1], kind{in[0].elem, -top, top})
	},
	"Neg": func(in []kind) (kind, error) { return in[0].spanned(-in[0].high, -in[0].low) },
	"Abs": func(in []kind) (kind, error) {
		return in[0].spanned(0, max(math.Abs(in[0].low), math.Abs(in[0].high)))
	},
	"Sign": func(in []kind) (kind, error) { return kind{in[0].elem, -1, 1}, nil },
}

// spanned is a result of k's type; one that may leave its range wraps around there, which floats do not.
func (k kind) spanned(low, high float64) (kind, error) {
	r := kind{k.elem, low, high}
	whole := ranges[k.elem]
	if r.fits(k.elem) {
		return r, nil
	}
	if k.elem == onnxpb.TensorProto_INT64 || k.elem == onnxpb.TensorProto_INT32 {
		return whole, nil // nobody counts as far
	}
	return r, refuse("integers of type %s may overflow", k.elem)
}

// divided checks that a quotient of integers is exact in floats.
func (k kind) divided(by, result kind) (kind, error) {
	if !k.isExact() || !by.isExact() {
		return result, refuse("it divides integers of unknown size at run time")
	}
	return result, nil
}

// ownKinds are operators that look at the kinds of their inputs themselves.
var ownKinds = []string{
	"DequantizeLinear", "Shape", "Size", "Cast", "CastLike", "ArgMax", "ArgMin", "Equal", "Greater", "Less", "GreaterOrEqual",
	"LessOrEqual", "And", "Or", "Xor", "Not", "OneHot", "Gather", "GatherElements", "GatherND", "Where", "ReduceSum", "CumSum", "If",
	"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "ConstantOfShape",
	"com.microsoft.QLinearAdd", "com.microsoft.QLinearMul", "com.microsoft.QLinearSigmoid", "com.microsoft.QLinearLeakyRelu",
	"com.microsoft.QLinearGlobalAveragePool", "com.microsoft.QLinearAveragePool", "com.microsoft.QLinearConcat",
	"com.microsoft.QLinearSoftmax", "com.microsoft.DequantizeLinear", "com.microsoft.QGemm", "com.microsoft.MatMulIntegerToFloat",
	"com.microsoft.DynamicQuantizeMatMul",
}

// carry lets integers that are computed at run time through operators that keep or reckon with them, and refuses all
// others.
func (c *call) carry() error {
	any := false
	for i := range c.node.Inputs {
		any = any || c.holds(i)
	}
	op := c.node.Op
	if !any {
		return nil
	}
	if c.node.Domain != "" {
		op = c.node.Domain + "." + op
	}
	if reckon, ok := reckoners[op]; ok {
		return c.reckon(reckon)
	}
	data, ok := carriers[op]
	switch {
	case !ok && slices.Contains(ownKinds, op):
		return nil
	case !ok:
		return refuse("it computes on integers at run time")
	}
	return c.keepKinds(data)
}

// keepKinds gives the outputs the kind of the data inputs, where those have one.
func (c *call) keepKinds(data []int) error {
	list, err := c.kindsOf(data)
	if err != nil || list == nil {
		return err
	}
	k := list[0]
	for _, o := range list[1:] {
		k = k.with(o)
	}
	if c.node.Op == "Pad" && !c.has(2) {
		k = k.with(kind{k.elem, 0, 0})
	}
	for _, o := range c.node.Outputs {
		c.kinds[o] = k
	}
	return c.floatInputs(data)
}

func (c *call) reckon(f func(in []kind) (kind, error)) error {
	in, err := c.kindsOf([]int{-1})
	if err != nil {
		return err
	}
	k, err := f(in)
	if err != nil {
		return err
	}
	c.mark(k)
	return c.floatInputs([]int{-1})
}

// kindsOf returns the kinds of the data inputs, which must be of one type; nil where all hold floats.
func (c *call) kindsOf(data []int) ([]kind, error) {
	var list []kind
	var elem elementType
	n := 0
	for i := range c.node.Inputs {
		if !c.has(i) || !slices.Contains(data, i) && !slices.Contains(data, -1) {
			continue
		}
		n++
		k, ok := c.kind(i)
		if !ok {
			continue
		}
		if c.tensor(i) == nil && elem != 0 && elem != k.elem {
			return nil, invalid("its inputs hold %s and %s", elem, k.elem)
		}
		if c.tensor(i) == nil {
			elem = k.elem
		}
		list = append(list, k)
	}
	if len(list) != n && len(list) > 0 {
		return nil, invalid("its inputs hold floats and %s", list[0].elem)
	}
	for i := range list {
		if elem != 0 {
			list[i].elem = elem // folded constants have forgotten theirs
		}
	}
	return list, nil
}

// floatInputs turns constant integers among the data inputs into floats, as the other inputs hold theirs.
func (c *call) floatInputs(data []int) error {
	c.node.Inputs = slices.Clone(c.node.Inputs)
	for i := range c.node.Inputs {
		if !slices.Contains(data, i) && !slices.Contains(data, -1) {
			continue
		}
		if err := c.asFloats(i); err != nil {
			return err
		}
	}
	return nil
}

// asFloats replaces input i by its floats where it is a constant of integers or truth values.
func (c *call) asFloats(i int) error {
	t := c.tensor(i)
	if t == nil || t.Type == graph.Float32 {
		return nil
	}
	for _, v := range t.Ints {
		if int64(float32(v)) != v {
			return refuse("integer %d is too large to be computed with at run time", v)
		}
	}
	name, err := c.added("integers", castTensor(t, graph.Float32))
	if err == nil {
		c.node.Inputs[i] = name
	}
	return err
}
