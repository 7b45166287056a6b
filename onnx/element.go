package onnx

import "github.com/dqa-go/dqa/onnx/internal/onnxpb"

// ElementName is NumPy's name of an element type of ONNX (graph.Value.Elem); "float32" where it is not said or not known.
func ElementName(elem int32) string {
	if name, ok := elementNames[elementType(elem)]; ok {
		return name
	}
	return "float32"
}

// IsInteger tells whether values of an element type of ONNX are integers.
func IsInteger(elem int32) bool {
	k, ok := ranges[elementType(elem)]
	return ok && k.elem != truthKind.elem
}

var elementNames = map[elementType]string{
	onnxpb.TensorProto_UINT8: "uint8", onnxpb.TensorProto_INT8: "int8", onnxpb.TensorProto_UINT16: "uint16",
	onnxpb.TensorProto_INT16: "int16", onnxpb.TensorProto_INT32: "int32", onnxpb.TensorProto_INT64: "int64",
	onnxpb.TensorProto_BOOL: "bool", onnxpb.TensorProto_FLOAT16: "float16", onnxpb.TensorProto_DOUBLE: "float64",
	onnxpb.TensorProto_UINT32: "uint32", onnxpb.TensorProto_UINT64: "uint64",
}
