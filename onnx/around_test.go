package onnx

import (
	"slices"
	"testing"

	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// TestUnmarshalAround: what is read around raw data equals what protobuf reads, also where fields come several times, in
// which case protobuf joins messages and lists, and takes the last of bytes.
func TestUnmarshalAround(t *testing.T) {
	field := func(num protowire.Number, contents ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), slices.Concat(contents...))
	}
	raw := func(s string) []byte { return field(fieldRawData, []byte(s)) }
	name, floats := field(8, []byte("k")), field(4, []byte{0, 0, 128, 63})
	tensor := func(parts ...[]byte) []byte { return field(fieldInitializer, parts...) }
	node := field(1, field(3, []byte("n")))
	for what, model := range map[string][]byte{
		"none":           field(fieldGraph, node),
		"one":            field(fieldGraph, node, tensor(name, raw("abcd"))),
		"empty":          field(fieldGraph, tensor(raw(""), name), node),
		"twice":          field(fieldGraph, tensor(raw("abcd"), name, raw("efgh"))),
		"other data":     field(fieldGraph, tensor(name, floats), tensor(raw("abcd")), node, tensor()),
		"two graphs":     slices.Concat(field(fieldGraph, tensor(raw("abcd"))), field(8, nil), field(fieldGraph, node, tensor(floats), tensor(raw("efgh")))),
		"without graph":  {8, 7},
		"another's data": field(fieldGraph, field(1, field(5, field(5, raw("abcd"))))),
		"small model":    small().bytes(t),
	} {
		want := new(onnxpb.ModelProto)
		if err := proto.Unmarshal(model, want); err != nil {
			t.Fatal(what, err)
		}
		got, err := unmarshalAround(model)
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", what, got, err, want)
		}
	}
}
