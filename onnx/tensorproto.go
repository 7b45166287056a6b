package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// element says how one element type is stored in raw_data, and what it becomes.
type element struct {
	size  int
	dtype graph.DType
	float func(b []byte) float32
	int   func(b []byte) int64
}

var le = binary.LittleEndian

var elementTypes = map[onnxpb.TensorProto_DataType]element{
	onnxpb.TensorProto_FLOAT: {size: 4, dtype: graph.Float32, float: func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }},
	onnxpb.TensorProto_DOUBLE: {size: 8, dtype: graph.Float32,
		float: func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }},
	onnxpb.TensorProto_FLOAT16: {size: 2, dtype: graph.Float32, float: func(b []byte) float32 { return half(le.Uint16(b)) }},
	onnxpb.TensorProto_BFLOAT16: {size: 2, dtype: graph.Float32,
		float: func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }},
	onnxpb.TensorProto_INT64:  {size: 8, dtype: graph.Int64, int: func(b []byte) int64 { return int64(le.Uint64(b)) }},
	onnxpb.TensorProto_UINT64: {size: 8, dtype: graph.Int64, int: func(b []byte) int64 { return int64(le.Uint64(b)) }},
	onnxpb.TensorProto_INT32:  {size: 4, dtype: graph.Int64, int: func(b []byte) int64 { return int64(int32(le.Uint32(b))) }},
	onnxpb.TensorProto_UINT32: {size: 4, dtype: graph.Int64, int: func(b []byte) int64 { return int64(le.Uint32(b)) }},
	onnxpb.TensorProto_INT16:  {size: 2, dtype: graph.Int64, int: func(b []byte) int64 { return int64(int16(le.Uint16(b))) }},
	onnxpb.TensorProto_UINT16: {size: 2, dtype: graph.Int64, int: func(b []byte) int64 { return int64(le.Uint16(b)) }},
	onnxpb.TensorProto_INT8:   {size: 1, dtype: graph.Int64, int: func(b []byte) int64 { return int64(int8(b[0])) }},
	onnxpb.TensorProto_UINT8:  {size: 1, dtype: graph.Int64, int: func(b []byte) int64 { return int64(b[0]) }},
	onnxpb.TensorProto_BOOL:   {size: 1, dtype: graph.Bool, int: func(b []byte) int64 { return truth(b[0] != 0) }},
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// half converts an IEEE 754 binary16 number.
func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // zero or subnormal: frac * 2^-24 is exact
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(f))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// readTensor converts a constant; its size is checked against the bytes that are there before memory is taken.
func (m *model) readTensor(p *onnxpb.TensorProto) (*graph.Tensor, error) {
	e, ok := elementTypes[onnxpb.TensorProto_DataType(p.GetDataType())]
	if !ok {
		return nil, fmt.Errorf("%w: a tensor of element type %s", graph.ErrUnsupported, onnxpb.TensorProto_DataType(p.GetDataType()))
	}
	if p.Segment != nil {
		return nil, fmt.Errorf("%w: a tensor in segments", graph.ErrUnsupported)
	}
	shape := make([]int, len(p.Dims))
	for i, d := range p.Dims {
		if d < 0 || d > MaxElements {
			return nil, fmt.Errorf("%w: axis %d is %d", ErrInvalid, i, d)
		}
		shape[i] = int(d)
	}
	n, err := elements(shape)
	if err != nil {
		return nil, err
	}
	t := &graph.Tensor{Type: e.dtype, Shape: shape, Elem: int32(p.GetDataType())}
	if p.GetDataLocation() == onnxpb.TensorProto_EXTERNAL || len(p.ExternalData) > 0 {
		raw, err := m.external.read(p, int64(n)*int64(e.size))
		if err != nil {
			return nil, err
		}
		return t, fromRaw(t, raw, n, e, true)
	}
	if len(p.RawData) > 0 || n == 0 {
		return t, fromRaw(t, p.RawData, n, e, m.own)
	}
	return t, fromFields(t, p, n)
}

// fromRaw reads raw_data; floats may lie in bytes that are the reader's own.
func fromRaw(t *graph.Tensor, raw []byte, n int, e element, own bool) error {
	if len(raw) != n*e.size {
		return invalid("shape %v needs %d bytes, %d are there", t.Shape, n*e.size, len(raw))
	}
	if own && onnxpb.TensorProto_DataType(t.Elem) == onnxpb.TensorProto_FLOAT {
		if t.Floats = floatsIn(raw); t.Floats != nil {
			return nil
		}
	}
	if e.float != nil {
		t.Floats = make([]float32, n)
		for i := range t.Floats {
			t.Floats[i] = e.float(raw[i*e.size:])
		}
		return nil
	}
	t.Ints = make([]int64, n)
	for i := range t.Ints {
		t.Ints[i] = e.int(raw[i*e.size:])
	}
	return nil
}

// fromFields reads the typed lists that are used where raw_data is not.
func fromFields(t *graph.Tensor, p *onnxpb.TensorProto, n int) error {
	got := 0
	switch onnxpb.TensorProto_DataType(p.GetDataType()) {
	case onnxpb.TensorProto_FLOAT:
		t.Floats, got = p.FloatData, len(p.FloatData)
	case onnxpb.TensorProto_DOUBLE:
		t.Floats, got = convert[float32](p.DoubleData), len(p.DoubleData)
	case onnxpb.TensorProto_FLOAT16:
		got = len(p.Int32Data)
		t.Floats = make([]float32, got)
		for i, v := range p.Int32Data {
			t.Floats[i] = half(uint16(v))
		}
	case onnxpb.TensorProto_BFLOAT16:
		got = len(p.Int32Data)
		t.Floats = make([]float32, got)
		for i, v := range p.Int32Data {
			t.Floats[i] = math.Float32frombits(uint32(v) << 16)
		}
	case onnxpb.TensorProto_INT64:
		t.Ints, got = p.Int64Data, len(p.Int64Data)
	case onnxpb.TensorProto_UINT64, onnxpb.TensorProto_UINT32:
		t.Ints, got = convert[int64](p.Uint64Data), len(p.Uint64Data)
	default:
		t.Ints, got = convert[int64](p.Int32Data), len(p.Int32Data)
	}
	if got != n {
		return invalid("shape %v needs %d elements, %d are there", t.Shape, n, got)
	}
	if t.Type == graph.Bool {
		for i, v := range t.Ints {
			t.Ints[i] = truth(v != 0)
		}
	}
	return nil
}

func convert[T, S ~int32 | ~int64 | ~uint64 | ~float32 | ~float64](s []S) []T {
	d := make([]T, len(s))
	for i, v := range s {
		d[i] = T(v)
	}
	return d
}
