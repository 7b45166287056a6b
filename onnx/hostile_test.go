package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// hostile is a model that must give an error, in bounded memory.
type hostile struct {
	name  string
	model *protoModel
	want  error
	text  string // in the error
}

// smallCeiling is for models whose error is found before anything large is made.
const smallCeiling = 16 << 20

func (h hostile) run(t *testing.T, ceiling uint64) {
	t.Helper()
	t.Run(h.name, func(t *testing.T) {
		data := h.model.bytes(t)
		used := allocated(func() { h.model.failsFrom(t, data, h.want, h.text) })
		if limit := ceiling + 50*uint64(len(data)); used > limit {
			t.Errorf("%d bytes were allocated for a file of %d, at most %d are due", used, len(data), limit)
		}
	})
}

func (m *protoModel) failsFrom(t testing.TB, data []byte, want error, text string) {
	t.Helper()
	_, err := Parse(data, Options{})
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("got error %.300v, want %v saying %q", err, want, text)
	}
}

// allocated is how many bytes f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// tensor adds an initializer as it is.
func (m *protoModel) tensor(t *onnxpb.TensorProto) *protoModel {
	m.graph.Initializer = append(m.graph.Initializer, t)
	return m
}

func TestHostileGraphs(t *testing.T) {
	x := func() *protoModel { return net(13, 3) }
	for _, h := range []hostile{
		{"cycle", x().node("Add", "x c", "a").node("Relu", "a", "b").node("Relu", "b", "c").outputs("c"), ErrInvalid, "3 nodes form a cycle"},
		{"node reads itself", x().node("Concat", "x a", "a", "axis", 1).outputs("a"), ErrInvalid, "cycle"},
		{"two writers", x().node("Split", "x", "a a", "axis", 1).outputs("a"), ErrInvalid, "defined twice"},
		{"input twice", x().input(valueInfo("x", 1, 3)).node("Relu", "x", "a").outputs("a"), ErrInvalid, "defined twice"},
		{"initializer twice", x().floats("k", nil, 1).floats("k", nil, 1).node("Add", "x k", "a").outputs("a"), ErrInvalid, "defined twice"},
		{"input is written", x().node("Relu", "x", "x").outputs("x"), ErrInvalid, "defined twice"},
		{"missing input", x().node("Relu", "nothing", "a").outputs("a"), ErrInvalid, `"nothing" is read but never written`},
		{"no input at all", x().floats("k", []int64{3}, 1).node("Relu", "k", "a").outputs("a"), graph.ErrUnsupported, "reads 0 inputs"},
		{"unnamed initializer", x().floats("", nil, 1).node("Relu", "x", "a").outputs("a"), ErrInvalid, "no name"},
		{"unnamed input", x().input(valueInfo("", 1, 3)).node("Clip", "x _ x", "a").outputs("a"), ErrInvalid, "no name"},
		{"subgraph", x().node("If", "x", "a", "then_branch", &onnxpb.GraphProto{Name: proto.String("g")}).outputs("a"),
			ErrInvalid, "a branch is missing"},
		{"loop", x().node("Loop", "x", "a", "body", &onnxpb.GraphProto{Name: proto.String("g")}).outputs("a"),
			graph.ErrUnsupported, "not implemented"},
		{"sparse", x().sparse().node("Relu", "x", "a").outputs("a"), graph.ErrUnsupported, "sparse"},
		{"value is not UTF-8", x().node("Relu", "x", "a\xff").outputs("a\xff"), ErrInvalid, "not UTF-8"},
		{"operator is not UTF-8", x().node("Relu\xfe", "x", "a").outputs("a"), ErrInvalid, "not UTF-8"},
		{"node is not UTF-8", x().node("Relu", "x", "a").called("\xc0\x80").outputs("a"), ErrInvalid, "not UTF-8"},
		{"long name", x().node("Relu", "x", strings.Repeat("a", maxName+1)).outputs("a"), graph.ErrLimit, "a name of 2049 bytes"},
		{"long operator", x().node(strings.Repeat("a", 1<<20), "x", "a").outputs("a"), graph.ErrLimit, "a name of"},
	} {
		h.run(t, smallCeiling)
	}
}

func (m *protoModel) input(v *onnxpb.ValueInfoProto) *protoModel {
	m.graph.Input = append(m.graph.Input, v)
	return m
}

// called names the last node.
func (m *protoModel) called(name string) *protoModel {
	m.graph.Node[len(m.graph.Node)-1].Name = &name
	return m
}

func (m *protoModel) sparse() *protoModel {
	m.graph.SparseInitializer = []*onnxpb.SparseTensorProto{{Dims: []int64{1 << 40}}}
	return m
}

func TestHostileInputs(t *testing.T) {
	relu := func(shape ...int64) *protoModel { return net(13, shape...).node("Relu", "x", "a").outputs("a") }
	sequence := relu(3)
	sequence.graph.Input[0].Type = &onnxpb.TypeProto{}
	unknown := relu(3)
	unknown.graph.Input[0].Type.GetTensorType().ElemType = proto.Int32(12345)
	for _, h := range []hostile{
		{"huge axis", relu(1 << 40), ErrShape, "out of range"},
		{"largest axis", relu(1<<63 - 1), ErrShape, "out of range"},
		{"product overflows", relu(1<<28, 1<<28, 1<<28), graph.ErrLimit, "more than"},
		{"product overflows to zero", relu(1<<16, 1<<16, 1<<16, 1<<16), graph.ErrLimit, "more than"},
		{"negative axis", relu(-5), ErrShape, "dynamic"},
		{"many axes", relu(slices.Repeat([]int64{1}, 100_000)...), graph.ErrLimit, "axes"},
		{"scalar", &protoModel{opset: 13, graph: onnxpb.GraphProto{Input: []*onnxpb.ValueInfoProto{valueInfo("x")}, Node: relu(3).graph.Node, Output: relu(3).graph.Output}}, ErrShape, "scalar"},
		{"no type", sequence, graph.ErrUnsupported, "must hold numbers"},
		{"unknown element type", unknown, graph.ErrUnsupported, "must hold numbers"},
	} {
		h.run(t, smallCeiling)
	}
}

func TestHostileTensors(t *testing.T) {
	external := onnxpb.TensorProto_EXTERNAL
	elsewhere := func(location string) *onnxpb.TensorProto {
		entry := &onnxpb.StringStringEntryProto{Key: proto.String("location"), Value: &location}
		return &onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{4}, DataLocation: &external, ExternalData: []*onnxpb.StringStringEntryProto{entry}}
	}
	onlyEntries := elsewhere("weights.bin")
	onlyEntries.DataLocation = nil
	float := func(dims ...int64) *onnxpb.TensorProto {
		return &onnxpb.TensorProto{DataType: proto.Int32(1), Dims: dims}
	}
	with := func(t *onnxpb.TensorProto, raw int, floats ...float32) *onnxpb.TensorProto {
		t.RawData, t.FloatData = make([]byte, raw), floats
		return t
	}
	for _, c := range []struct {
		name   string
		tensor *onnxpb.TensorProto
		want   error
		text   string
	}{
		{"2 GiB announced", float(1 << 28), ErrInvalid, "0 are there"},
		{"more announced", float(1<<28, 1<<28), graph.ErrLimit, "more than"},
		{"axis too large", float(1 << 62), ErrInvalid, "axis 0"},
		{"negative axis", float(-1), ErrInvalid, "axis 0 is -1"},
		{"overflow to zero", float(1<<16, 1<<16, 1<<16, 1<<16), graph.ErrLimit, "more than"},
		{"overflow beside an empty axis", float(1<<28, 1<<28, 0), graph.ErrLimit, "more than"},
		{"raw data too short", with(float(4), 15), ErrInvalid, "needs 16 bytes, 15 are there"},
		{"raw data too long", with(float(4), 17), ErrInvalid, "17 are there"},
		{"raw data for nothing", with(float(0), 4), ErrInvalid, "needs 0 bytes"},
		{"list too short", with(float(4), 0, 1, 2), ErrInvalid, "needs 4 elements, 2 are there"},
		{"list of another type", &onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{1}, Int64Data: []int64{1}}, ErrInvalid, "0 are there"},
		{"no type", &onnxpb.TensorProto{Dims: []int64{1}}, graph.ErrUnsupported, "UNDEFINED"},
		{"unknown type", &onnxpb.TensorProto{DataType: proto.Int32(-7), Dims: []int64{1}}, graph.ErrUnsupported, "-7"},
		{"strings", &onnxpb.TensorProto{DataType: proto.Int32(8), StringData: [][]byte{nil}}, graph.ErrUnsupported, "STRING"},
		{"segment", &onnxpb.TensorProto{DataType: proto.Int32(1), Segment: &onnxpb.TensorProto_Segment{},
			FloatData: []float32{1}}, graph.ErrUnsupported, "segments"},
		{"external", elsewhere("weights.bin"), graph.ErrUnsupported, "another file"},
		{"external above", elsewhere("../../../etc/passwd"), graph.ErrUnsupported, "another file"},
		{"external absolute", elsewhere("/dev/zero"), graph.ErrUnsupported, "another file"},
		{"external without location", onlyEntries, graph.ErrUnsupported, "another file"},
	} {
		tensor := proto.Clone(c.tensor).(*onnxpb.TensorProto)
		tensor.Name = proto.String("k")
		hostile{"initializer " + c.name, net(13, 4).tensor(tensor).node("Add", "x k", "a").outputs("a"), c.want, c.text}.run(t, smallCeiling)
		hostile{"attribute " + c.name, net(13, 4).node("Constant", "", "k", "value", c.tensor).node("Add", "x k", "a").outputs("a"), c.want, c.text}.run(t, smallCeiling)
	}
}

// TestExternalDataOutside: a link out of the folder is not followed.
func TestExternalDataOutside(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.WriteFile(secret, make([]byte, 16), 0o600), os.Symlink(secret, filepath.Join(dir, "weights.bin"))); err != nil {
		t.Skip(err)
	}
	external := onnxpb.TensorProto_EXTERNAL
	entry := &onnxpb.StringStringEntryProto{Key: proto.String("location"), Value: proto.String("weights.bin")}
	tensor := &onnxpb.TensorProto{Name: proto.String("k"), DataType: proto.Int32(1), Dims: []int64{4}, DataLocation: &external, ExternalData: []*onnxpb.StringStringEntryProto{entry}}
	path := filepath.Join(dir, "m.onnx")
	if err := os.WriteFile(path, net(13, 4).tensor(tensor).node("Add", "x k", "a").outputs("a").bytes(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, Options{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

// TestExternalData: what lies beside the model is read within its bounds, and counts for the digest.
func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.onnx")
	load := func(entries ...string) (*graph.Graph, error) {
		external := onnxpb.TensorProto_EXTERNAL
		tensor := &onnxpb.TensorProto{Name: proto.String("k"), DataType: proto.Int32(1), Dims: []int64{1, 2}, DataLocation: &external}
		for i := 0; i < len(entries); i += 2 {
			tensor.ExternalData = append(tensor.ExternalData, &onnxpb.StringStringEntryProto{Key: &entries[i], Value: &entries[i+1]})
		}
		if err := os.WriteFile(path, net(13, 2).tensor(tensor).node("Add", "x k", "a").outputs("a").bytes(t), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path, Options{})
	}
	write := func(first byte) {
		if err := os.WriteFile(filepath.Join(dir, "k.bin"), []byte{first, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 64}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(9)
	a, err := load("location", "k.bin", "offset", "4", "length", "8")
	if err != nil || !slices.Equal(a.Constants["k"].Floats, []float32{1, 2}) {
		t.Fatal(a, err)
	}
	b, err := load("location", "k.bin", "offset", "4")
	if err != nil || !slices.Equal(b.Constants["k"].Floats, []float32{1, 2}) {
		t.Fatal(b, err)
	}
	write(8) // a byte that no tensor has
	if same, err := load("location", "k.bin", "offset", "4"); err != nil || same.Digest != b.Digest {
		t.Error("the digest counts what is not read", err)
	}
	if other, err := load("location", "k.bin", "offset", "0", "length", "8"); err != nil || other.Digest == b.Digest {
		t.Error("the digest does not count the data", err)
	}
	for _, entries := range [][]string{
		{"location", "k.bin", "offset", "8", "length", "8"}, {"location", "k.bin", "offset", "-4", "length", "8"}, {"location", "k.bin"},
		{"location", "k.bin", "offset", "x"}, {"location", "k.bin", "offset", "9223372036854775807", "length", "8"},
		{"location", "../" + filepath.Base(dir) + "/k.bin", "offset", "4"}, {"location", filepath.Join(dir, "k.bin"), "offset", "4"},
		{"location", "none.bin"}, {"location", "."}, {"location", ""}, {},
	} {
		if _, err := load(entries...); !errors.Is(err, ErrInvalid) || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: %v", entries, err)
		}
	}
}

// TestLoadReadsFilesOnly: a device would never end, and opening a pipe would wait for its writer.
func TestLoadReadsFilesOnly(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull, "/dev/zero"} {
		if _, err := Load(path, Options{}); !errors.Is(err, ErrNotONNX) && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	sparse := filepath.Join(t.TempDir(), "sparse.onnx")
	if err := errors.Join(os.WriteFile(sparse, nil, 0o600), os.Truncate(sparse, MaxFileSize+1)); err != nil {
		t.Skip(err)
	}
	used := allocated(func() {
		if _, err := Load(sparse, Options{}); !errors.Is(err, graph.ErrLimit) {
			t.Errorf("a file of 2 GiB: %v", err)
		}
	})
	if used > smallCeiling {
		t.Errorf("%d bytes for a file that is too large", used)
	}
}

// TestHostileShapes are results whose size overflows or whose memory would.
func TestHostileShapes(t *testing.T) {
	const big = 1 << 28
	x := func() *protoModel { return net(13, 4, 8, 8).floats("one", nil, 1).floats("ones", []int64{1, 1}, 1) }
	y := func(m *protoModel, op, inputs string, attributes ...any) *protoModel {
		return m.node(op, inputs, "k", attributes...).node("ReduceSum", "k", "r").node("Add", "x r", "y").outputs("y")
	}
	for _, h := range []hostile{
		{"Reshape", y(x().ints("s", 1<<32, 1<<32), "Reshape", "x s"), ErrInvalid, "cannot be reshaped"},
		{"Reshape overflow", y(x().ints("s", big, big, big), "Reshape", "x s"), graph.ErrLimit, "more than"},
		{"Reshape many axes", y(x().ints("s", slices.Repeat([]int64{1}, 1000)...), "Reshape", "x s"), graph.ErrLimit, "axes"},
		{"Reshape below -1", y(x().ints("s", -2, 1), "Reshape", "x s"), ErrInvalid, "cannot be reshaped"},
		{"Expand", y(x().ints("s", big, big), "Expand", "one s"), graph.ErrLimit, "more than"},
		{"Expand computed", y(x().ints("s", big, 1, 1, 1), "Expand", "x s"), graph.ErrLimit, "more than"},
		{"Expand wide", y(x().ints("s", 1<<40), "Expand", "one s"), ErrInvalid, "out of range"},
		{"Tile", y(x().ints("s", 1, 1, big, big), "Tile", "x s"), graph.ErrLimit, "more than"},
		{"Tile wide", y(x().ints("s", 1, 1, 1, 1<<60), "Tile", "x s"), ErrInvalid, "out of range"},
		{"ConstantOfShape", y(x().ints("s", big, 2), "ConstantOfShape", "s"), graph.ErrLimit, "more than"},
		{"ConstantOfShape overflow", y(x().ints("s", 1<<16, 1<<16, 1<<16, 1<<16), "ConstantOfShape", "s"), graph.ErrLimit, "more than"},
		{"ConstantOfShape of integers", y(x().ints("s", big), "ConstantOfShape", "s", "value",
			&onnxpb.TensorProto{DataType: proto.Int32(7), Dims: []int64{1}, Int64Data: []int64{3}}), graph.ErrLimit, "folded constants"},
		{"Range", y(x().scalar("a", 0).scalar("b", 1<<40).scalar("c", 1), "Range", "a b c"), ErrInvalid, "a range of"},
		{"Range of fractions", y(x().floats("a", nil, 0).floats("b", nil, 1).floats("c", nil, 1e-30), "Range", "a b c"), ErrInvalid, "a range of"},
		{"Range without step", y(x().scalar("a", 0).scalar("b", 1).scalar("c", 0), "Range", "a b c"), ErrInvalid, "a range of"},
		{"Pad", y(x().ints("s", 0, 0, big, big, 0, 0, big, big), "Pad", "x s"), graph.ErrLimit, "more than"},
		{"Pad wide", y(x().ints("s", 0, 0, 0, 1<<62, 0, 0, 0, 1<<62), "Pad", "x s"), ErrInvalid, "out of range"},
		{"Pad below zero", y(x().ints("s", 0, 0, 0, -9, 0, 0, 0, 0), "Pad", "x s"), ErrInvalid, "cut more"},
		{"Resize", y(x().floats("s", []int64{4}, 1, 1, 1e6, 1e6), "Resize", "x _ s"), graph.ErrLimit, "more than"},
		{"Resize wide", y(x().floats("s", []int64{4}, 1, 1, 1, 1e30), "Resize", "x _ s"), ErrInvalid, "out of range"},
		{"Resize by NaN", y(x().floats("s", []int64{4}, 1, 1, inf-inf, 1), "Resize", "x _ s"), ErrInvalid, "out of range"},
		{"Resize to sizes", y(x().ints("s", 1, 4, big, big), "Resize", "x _ _ s"), graph.ErrLimit, "more than"},
		{"Upsample of nothing", y(net(8, 1).node("Squeeze", "x", "q", "axes", []int64{0, 1}), "Upsample", "q", "scales",
			[]float32{}), graph.ErrUnsupported, "0 axes"},
		{"negative epsilon", y(net(17, 4).floats("s", []int64{4}, 1), "LayerNormalization", "x s", "epsilon", -1.0), ErrInvalid, "epsilon -1"},
		{"Slice step", y(x().ints("s", 0).ints("e", 1<<62).ints("a", 3).ints("t", 0), "Slice", "x s e a t"), ErrInvalid, "step 0"},
		{"Slice of nothing", y(x().ints("s", 1<<62).ints("e", -1<<62).ints("a", 3), "Slice", "x s e a"), graph.ErrUnsupported, "empty"},
		{"Concat", y(x().ints("s", 1<<20), "Concat", strings.Repeat("k1 ", 300), "axis", 0).prepend("ConstantOfShape", "s", "k1"),
			graph.ErrLimit, "more than"},
		{"Gather", y(x().ints("i", slices.Repeat([]int64{0}, 1<<11)...).floats("w", []int64{1, 1 << 18}, 1), "Gather", "w i"),
			graph.ErrLimit, "more than"},
		{"DepthToSpace", y(x(), "DepthToSpace", "x", "blocksize", int64(1<<40)), ErrInvalid, "out of range"},
		{"SpaceToDepth", y(x(), "SpaceToDepth", "x", "blocksize", 0), ErrInvalid, "out of range"},
		{"product of two", y(x().ints("s", 1<<20, 1).ints("z", 1, 1<<20).node("Expand", "ones s", "a").node("Expand", "ones z",
			"b"), "MatMul", "a b"), graph.ErrLimit, "more than"},
		{"broadcast of two", y(x().ints("s", 1<<20, 1).ints("z", 1, 1<<20).node("Expand", "ones s", "a").node("Expand", "ones z",
			"b"), "Add", "a b"), graph.ErrLimit, "more than"},
		{"comparison of two", y(x().ints("s", 1<<20, 1).ints("z", 1, 1<<20).node("Expand", "ones s", "a").node("Expand", "ones z",
			"b"), "Less", "a b"), graph.ErrLimit, "more than"},
		{"Unsqueeze", y(x().ints("s", 0, 1, 2, 3, 4, 5), "Unsqueeze", "x s"), ErrInvalid, "too many"},
		{"bias of nothing", y(x().floats("e", []int64{2, 0}, 1).floats("w", []int64{0, big}, 1), "Gemm", "e w one"), graph.ErrLimit, "more than"},
	} {
		h.run(t, smallCeiling)
	}
}

// prepend adds a node before all others.
func (m *protoModel) prepend(op, inputs, outputs string) *protoModel {
	m.node(op, inputs, outputs)
	last := len(m.graph.Node) - 1
	m.graph.Node = slices.Concat(m.graph.Node[last:], m.graph.Node[:last])
	return m
}

// TestMissingParts: every operator of the registry without attributes and with every number of inputs up to five gives
// a graph or a typed error.
func TestMissingParts(t *testing.T) {
	for op := range registry {
		for n := range 6 {
			for _, first := range []string{"x", "k", "q", "_"} {
				inputs := strings.Join(append([]string{first}, "w", "k", "i", "x")[:min(n, 5)], " ")
				m := net(13, 4, 8, 8).floats("k", nil, 1).floats("w", []int64{4, 4, 1, 1}, 1).ints("i", 1, 2).ints("all", 0, 1, 2, 3).
					node("ReduceSum", "x all", "q", "keepdims", 0).node(op, inputs, "y").node("Relu", "x", "z").outputs("y", "z")
				for _, opset := range []int64{7, 10, 13, 18, 21} {
					m.opset = opset
					if g, err := Parse(m.bytes(t), Options{}); err == nil {
						checkGraph(g, t)
					} else if !typed(err) {
						t.Errorf("%s of %q, opset %d: %v", op, inputs, opset, err)
					}
				}
			}
		}
	}
}

// TestWrongAttributes gives every attribute of every operator extreme values.
func TestWrongAttributes(t *testing.T) {
	values := map[string][]any{
		"i": {0, -1, int64(1 << 62), int64(-1 << 62)}, "f": {0., 1e38, -1e38}, "s": {"", "SAME_UPPER", "nonsense"},
		"I": {[]int64{}, []int64{-1 << 62}, []int64{1 << 62, 1 << 62}, []int64{0, 0, 0, 0}, []int64{1, 1}, []int64{1 << 28, 1 << 28, 1 << 28, 1 << 28}},
		"F": {[]float32{}, []float32{inf}, []float32{1, 1, 0, 0}, []float32{1, 1, 1e9, 1e9}}, "t": {floatProto("", nil, 1), floatProto("", []int64{0})},
	}
	for op, o := range registry {
		for field := range strings.FieldsSeq(string(o.attrs)) {
			name, kind, _ := strings.Cut(field, ":")
			for _, v := range values[kind] {
				for _, inputs := range []string{"x", "x w", "k w", "x k w", "x i i", "i"} {
					m := net(13, 4, 8, 8).floats("k", nil, 1).floats("w", []int64{4, 4, 1, 1}, 1).ints("i", 1, 2).
						node(op, inputs, "y", name, v).node("Relu", "x", "z").outputs("y", "z")
					for _, opset := range []int64{9, 13, 20} {
						m.opset = opset
						if g, err := Parse(m.bytes(t), Options{}); err == nil {
							checkGraph(g, t)
						} else if !typed(err) {
							t.Errorf("%s of %q with %s %v: %v", op, inputs, name, v, err)
						}
					}
				}
			}
		}
	}
}

// TestSharedConstants are small files in which many nodes read the same large constant.
func TestSharedConstants(t *testing.T) {
	const n = 20_000
	x := func() *protoModel { return net(13, 1<<12, 4) }
	long := slices.Repeat([]int64{-1}, 1<<17)
	gather, scaled := x(), net(13, 1<<16).floats("c", []int64{1 << 16}, 1)
	gather.ints("i", long...)
	scaled.node("BatchNormalization", "x c c c c", "v0").floats("s", nil, 2)
	for i := range n {
		gather.node("Gather", "x i", fmt.Sprint("g", i), "axis", 2).outputs(fmt.Sprint("g", i))
		scaled.node("Mul", fmt.Sprintf("v%d s", i), fmt.Sprint("v", i+1))
	}
	for _, h := range []hostile{
		{"indices", gather, graph.ErrLimit, "elements"},
		{"a long chain of factors", scaled.outputs(fmt.Sprint("v", n-1), fmt.Sprint("v", n)), graph.ErrLimit, "elements"},
		{"names", x().node("Sum", strings.Repeat("x ", n), strings.Repeat("y", maxName+1)).outputs("y"), graph.ErrLimit, "a name of"},
	} {
		h.run(t, 4<<30)
	}
}

// field is a field of bytes.
func field(n protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b)
}

// nested wraps a message in itself through the fields, outermost first, until it is levels deep.
func nested(levels int, fields ...protowire.Number) []byte {
	var b []byte
	for range levels {
		for _, f := range slices.Backward(fields) {
			b = field(f, b)
		}
	}
	return b
}

func TestHostileBytes(t *testing.T) {
	graphOf := func(b []byte) []byte { return field(7, b) }
	tag := func(n protowire.Number, typ protowire.Type) []byte { return protowire.AppendTag(nil, n, typ) }
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"subgraphs":            {graphOf(nested(1000, 1, 5, 6)), graph.ErrLimit},
		"types":                {graphOf(field(11, field(2, nested(1000, 4, 1)))), graph.ErrLimit},
		"groups":               {bytes.Repeat(tag(99, protowire.StartGroupType), 1<<20), ErrNotONNX},
		"length of 2^63":       {append(tag(7, protowire.BytesType), bytes.Repeat([]byte{0xff}, 9)...), ErrNotONNX},
		"length beyond":        {protowire.AppendVarint(tag(7, protowire.BytesType), 1<<31), ErrNotONNX},
		"endless number":       {append(tag(1, protowire.VarintType), bytes.Repeat([]byte{0x80}, 100)...), ErrNotONNX},
		"field 0":              {[]byte{0, 0}, ErrNotONNX},
		"empty initializers":   {graphOf(bytes.Repeat(field(5, nil), maxMessages+1)), graph.ErrLimit},
		"empty attributes":     {graphOf(field(1, bytes.Repeat(field(5, nil), maxMessages+1))), graph.ErrLimit},
		"empty input names":    {graphOf(field(1, bytes.Repeat(field(1, nil), maxMessages+1))), graph.ErrLimit},
		"the graph many times": {bytes.Repeat(graphOf(nil), maxMessages+1), graph.ErrLimit},
	} {
		t.Run(name, func(t *testing.T) {
			used := allocated(func() {
				if _, err := Parse(c.data, Options{}); !errors.Is(err, c.want) {
					t.Errorf("error %.300v, want %v", err, c.want)
				}
			})
			if used > smallCeiling {
				t.Errorf("%d bytes were allocated for %d", used, len(c.data))
			}
		})
	}
}
