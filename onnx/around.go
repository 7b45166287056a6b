package onnx

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// Fields on the way to the bytes of an initializer.
const (
	fieldGraph       protowire.Number = 7 // of ModelProto
	fieldInitializer protowire.Number = 5 // of GraphProto
	fieldRawData     protowire.Number = 9 // of TensorProto
)

// unmarshalAround unmarshals a model that the census has counted, but for the raw data of its initializers: these lie in
// data, where unmarshalling would copy them.
func unmarshalAround(data []byte) (*onnxpb.ModelProto, error) {
	var raws [][]byte // of every initializer
	rest := withoutField(data, fieldGraph, func(g []byte) []byte {
		return withoutField(g, fieldInitializer, func(t []byte) []byte {
			var raw []byte
			t = withoutField(t, fieldRawData, func(b []byte) []byte {
				raw = b // where there are several, the last counts
				return nil
			})
			raws = append(raws, raw)
			return t
		})
	})
	m := new(onnxpb.ModelProto)
	opt := proto.UnmarshalOptions{DiscardUnknown: true, AllowPartial: true, RecursionLimit: maxDepth + 1}
	if err := opt.Unmarshal(rest, m); err != nil {
		return nil, err
	}
	for i, t := range m.GetGraph().GetInitializer() {
		t.RawData = raws[i]
	}
	return m, nil
}

// withoutField copies a message with other contents in one of its fields; where they are nil, the field is left out.
func withoutField(message []byte, field protowire.Number, change func(contents []byte) []byte) []byte {
	rest := make([]byte, 0, min(len(message), 1<<12))
	for len(message) > 0 {
		num, typ, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return append(rest, message...) // the census has seen none such
		}
		n := protowire.ConsumeFieldValue(num, typ, message[tag:])
		if n < 0 {
			return append(rest, message...)
		}
		whole, value := message[:tag+n], message[tag:]
		message = message[tag+n:]
		if num != field || typ != protowire.BytesType {
			rest = append(rest, whole...)
			continue
		}
		contents, _ := protowire.ConsumeBytes(value)
		if contents = change(contents); contents != nil {
			rest = protowire.AppendBytes(protowire.AppendTag(rest, num, typ), contents)
		}
	}
	return rest
}

// floatsIn is the floats that raw holds, where this machine can read them as they lie; else nil.
func floatsIn(raw []byte) []float32 {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 || len(raw) < 4 {
		return nil
	}
	at := unsafe.Pointer(unsafe.SliceData(raw))
	anywhere := runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" // these load from any address
	if !anywhere && uintptr(at)%4 != 0 {
		return nil
	}
	return unsafe.Slice((*float32)(at), len(raw)/4)
}
