package onnx

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

var sentinels = []error{ErrNotONNX, ErrInvalid, graph.ErrUnsupported, ErrShape, graph.ErrLimit}

func typed(err error) bool {
	return slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) })
}

// small is a model with convolution, normalization, residual, reshape and product.
func small() *protoModel {
	return net(13, 3, 4, 4).
		conv("x", "a", 3, 4).node("Relu", "a", "b").conv("b", "c", 4, 4).
		floats("k", []int64{4}, 1, 2, 3, 4).
		node("BatchNormalization", "c k k k k", "d").node("Add", "d b", "e").node("Relu", "e", "f").
		node("GlobalAveragePool", "f", "g").node("Flatten", "g", "h").
		floats("w", []int64{2, 4}, 1, -1).node("Gemm", "h w", "y", "transB", 1).outputs("y")
}

func TestParse(t *testing.T) {
	data := small().bytes(t)
	g, err := Parse(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkGraph(g, t)
	if g.Digest != sha256.Sum256(data) || g.Opset != 13 || g.Name != "test" {
		t.Errorf("digest %x, opset %d, name %q", g.Digest, g.Opset, g.Name)
	}
	if got, want := ops(g), "Conv Relu Conv Add Relu GlobalAveragePool Reshape Gemm"; got != want {
		t.Errorf("operators %q, want %q", got, want)
	}
	if in := g.Input; in.Name != "x" || !slices.Equal(in.Shape, []int{1, 3, 4, 4}) {
		t.Errorf("input %v", in)
	}
	if o := g.Outputs; len(o) != 1 || o[0].Name != "y" || !slices.Equal(o[0].Shape, []int{1, 2}) {
		t.Errorf("outputs %v", o)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	data := small().bytes(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, Options{}); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, data[:len(data)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, Options{}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), path) {
		t.Errorf("a cut file: %v", err)
	}
	if _, err := Load(path+".absent", Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

func TestEveryPrefix(t *testing.T) {
	data := small().bytes(t)
	for n := range data {
		if _, err := Parse(data[:n], Options{}); !typed(err) {
			t.Fatalf("%d of %d bytes: error %v", n, len(data), err)
		}
	}
}

func TestEveryByteFlipped(t *testing.T) {
	data := small().bytes(t)
	for i := range data {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			bad := bytes.Clone(data)
			bad[i] ^= mask
			g, err := Parse(bad, Options{})
			if err != nil && !typed(err) {
				t.Fatalf("byte %d ^ %#x: error %v", i, mask, err)
			}
			if err == nil {
				checkGraph(g, t)
			}
		}
	}
}

func TestNotONNX(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("hello, world"), "png": []byte("\x89PNG\r\n\x1a\n"), "zeros": make([]byte, 100),
	} {
		if _, err := Parse(data, Options{}); !errors.Is(err, ErrNotONNX) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestInputShape(t *testing.T) {
	model := func() *protoModel { return net(13, 3, 0, 8).node("Relu", "x", "y").outputs("y") }
	for _, c := range []struct {
		give []int
		want []int
		text string
	}{
		{nil, nil, `axis 2 ("size") of input "x" is dynamic`},
		{[]int{1, 3, 5, 8}, []int{1, 3, 5, 8}, ""},
		{[]int{64, 0, 5, 0}, []int{1, 3, 5, 8}, ""},
		{[]int{1, 4, 5, 8}, nil, "axis 1 of input \"x\" is 3 in the model, 4 was given"},
		{[]int{3, 5, 8}, nil, "has 4 axes"},
		{[]int{1, 3, 0, 8}, nil, "must be given"},
		{[]int{1, 3, -1, 8}, nil, "out of range"},
		{[]int{1, 3, math.MaxInt, 8}, nil, "out of range"},
	} {
		g, err := Parse(model().bytes(t), Options{Shape: c.give})
		switch {
		case c.text == "" && err != nil:
			t.Errorf("%v: %v", c.give, err)
		case c.text == "" && !slices.Equal(g.Input.Shape, c.want):
			t.Errorf("%v: shape %v", c.give, g.Input.Shape)
		case c.text != "" && (!errors.Is(err, ErrShape) || !strings.Contains(err.Error(), c.text)):
			t.Errorf("%v: error %v, want %q", c.give, err, c.text)
		}
	}
}

func TestInputWithoutShape(t *testing.T) {
	m := net(13, 3).node("Relu", "x", "y").outputs("y")
	m.graph.Input[0].Type.GetTensorType().Shape = nil
	m.fails(t, ErrShape, "must be given")
	g, err := Parse(m.bytes(t), Options{Shape: []int{1, 7}})
	if err != nil || !slices.Equal(g.Input.Shape, []int{1, 7}) {
		t.Error(g, err)
	}
}

func TestFixedBatch(t *testing.T) {
	m := net(13, 3).node("Relu", "x", "y").outputs("y")
	m.graph.Input[0] = valueInfo("x", 8, 3)
	if g := m.parse(t); !slices.Equal(g.Outputs[0].Shape, []int{1, 3}) {
		t.Errorf("shape %v for a batch of one", g.Outputs[0].Shape)
	}
	m.graph.Input[0] = valueInfo("x", 1, 3)
	m.parse(t)
}

// TestRebatched: a fixed batch becomes one where all nodes keep the images apart.
func TestRebatched(t *testing.T) {
	batch := func() *protoModel {
		m := net(13, 4, 2)
		m.graph.Input[0] = valueInfo("x", 8, 4, 2)
		return m
	}
	for name, m := range map[string]*protoModel{
		"flat":  batch().ints("s", 8, -1).node("Reshape", "x s", "y"),
		"kept":  batch().ints("s", 0, 8).node("Reshape", "x s", "y"),
		"moved": batch().node("Transpose", "x", "y", "perm", []int64{0, 2, 1}),
		"mean":  batch().node("ReduceMean", "x", "y", "axes", []int64{-1}),
		"wide":  batch().ints("s", 8, 4, 2).node("Expand", "x s", "y"),
		"equal": batch().floats("k", []int64{1, 4, 2}, 1, 2, 3).node("Softplus", "k", "c").node("Sub", "c x", "y"),
	} {
		if g := m.outputs("y").parse(t); g.Outputs[0].Shape[0] != 1 {
			t.Errorf("%s: %v", name, g.Outputs[0].Shape)
		}
	}
	for name, m := range map[string]*protoModel{
		"mixed":     batch().ints("s", 1, -1).node("Reshape", "x s", "y"),
		"merged":    batch().ints("s", -1, 2).node("Reshape", "x s", "y"),
		"mean":      batch().node("ReduceMean", "x", "y", "axes", []int64{0}),
		"all":       batch().node("ReduceMean", "x", "y"),
		"softmax":   batch().node("Softmax", "x", "y", "axis", 0),
		"transpose": batch().node("Transpose", "x", "y", "perm", []int64{1, 0, 2}),
		"constant":  batch().floats("k", []int64{8, 4, 2}, 1, 2, 3).node("Add", "x k", "y"),
		"one":       batch().ints("z", 0).ints("o", 1).node("Slice", "x z o", "y"),
		"backwards": batch().ints("s", -1).ints("e", -9).ints("z", 0).node("Slice", "x s e z s", "y"),
		"counted": batch().node("Shape", "x", "s").scalar("z", 0).node("Gather", "s z", "n").node("Cast", "n", "f", "to",
			1).node("Mul", "x f", "y"),
		"axis":   batch().ints("z", 0).node("Unsqueeze", "x z", "u").node("ReduceMean", "u", "y", "axes", []int64{1}),
		"scalar": batch().floats("k", nil, 1).node("Softplus", "k", "c").node("ReduceMax", "x", "m", "keepdims", 0).node("Sub", "c m", "y"),
	} {
		t.Run(name, func(t *testing.T) { m.outputs("y").fails(t, ErrShape, "fixes the batch") })
	}
}

// TestForeignFiles: what people have in place of a model is named.
func TestForeignFiles(t *testing.T) {
	for begin, want := range map[string]string{
		"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 25\n": "Git LFS", "<!DOCTYPE html>\n<html>": "web page", "\n <HTML>": "web page",
		"PK\x03\x04....": "ZIP", "\x1f\x8b\x08": "gzip", "\x89HDF\r\n\x1a\n": "HDF5", "\x1c\x00\x00\x00TFL3": "TensorFlow Lite", "": "empty",
		"{\"error\": \"not found\"}": "JSON", "\x80\x02}q\x00": "pickle",
	} {
		_, err := Parse([]byte(begin), Options{})
		if !errors.Is(err, ErrNotONNX) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", begin, err)
		}
	}
}

// TestGivenInputs: inputs that are no images become constants, checked and counted by the digest.
func TestGivenInputs(t *testing.T) {
	m := net(13, 3).node("Add", "x z", "y").outputs("y")
	m.graph.Input = append(m.graph.Input, valueInfo("z", -1, 3))
	given := func(shape []int, v ...float32) Options {
		return Options{Inputs: map[string]*graph.Tensor{"z": {Type: graph.Float32, Shape: shape, Floats: v}}}
	}
	a, err := Parse(m.bytes(t), given([]int{1, 3}, 1, 2, 3))
	if err != nil || !slices.Equal(a.Constants["z"].Floats, []float32{1, 2, 3}) {
		t.Fatal(a, err)
	}
	b, err := Parse(m.bytes(t), given(nil, 5))
	if err != nil || !slices.Equal(b.Constants["z"].Floats, []float32{5, 5, 5}) || a.Digest == b.Digest {
		t.Fatal(b, err)
	}
	for _, opt := range []Options{given([]int{1, 2}, 1, 2), given([]int{3}, 1, 2, 3),
		{Inputs: map[string]*graph.Tensor{"w": {Type: graph.Float32, Floats: []float32{1}}}}} {
		if _, err := Parse(m.bytes(t), opt); !errors.Is(err, ErrInputs) {
			t.Errorf("%v: %v", opt.Inputs, err)
		}
	}
}

func TestInputs(t *testing.T) {
	m := net(13, 3).node("Add", "x z", "y").outputs("y")
	m.graph.Input = append(m.graph.Input, valueInfo("z", 1, 3))
	m.fails(t, graph.ErrUnsupported, "2 inputs (x, z)")

	m = net(13, 3).node("Relu", "x", "y").outputs("y")
	m.graph.Input = append(m.graph.Input, valueInfo("unread", 1, 3))
	m.parse(t)

	m = net(8, 3).floats("w", []int64{3}, 1).node("Add", "x w", "y").outputs("y")
	m.graph.Input = append(m.graph.Input, valueInfo("w", 3)) // as IR versions below 4 have it
	m.parse(t)

	m = net(13, 3).node("Sigmoid", "x", "y").outputs("y")
	m.graph.Input[0].Type.GetTensorType().ElemType = proto.Int32(int32(onnxpb.TensorProto_INT64))
	m.fails(t, graph.ErrUnsupported, "computes on integers")
}

func TestInvalidGraphs(t *testing.T) {
	for name, c := range map[string]struct {
		model *protoModel
		want  error
		text  string
	}{
		"cycle":           {net(13, 3).node("Add", "x b", "a").node("Relu", "a", "b").outputs("b"), ErrInvalid, "cycle"},
		"self":            {net(13, 3).node("Add", "x a", "a").outputs("a"), ErrInvalid, "cycle"},
		"undefined":       {net(13, 3).node("Add", "x q", "a").outputs("a"), ErrInvalid, `"q" is read but never written`},
		"absent output":   {net(13, 3).node("Relu", "x", "a").outputs("b"), ErrInvalid, `"b"`},
		"no output":       {net(13, 3).node("Relu", "x", "a"), ErrInvalid, "no output"},
		"output twice":    {net(13, 3).node("Relu", "x", "a").outputs("a", "a"), ErrInvalid, "twice"},
		"written twice":   {net(13, 3).node("Relu", "x", "a").node("Relu", "x", "a").outputs("a"), ErrInvalid, "defined twice"},
		"constant too":    {net(13, 3).floats("a", nil, 1).node("Relu", "x", "a").outputs("a"), ErrInvalid, "defined twice"},
		"input is output": {net(13, 3).node("Relu", "x", "a").outputs("a", "x"), graph.ErrUnsupported, "network's input"},
		"opset 6":         {net(6, 3).node("Relu", "x", "a").outputs("a"), graph.ErrUnsupported, "opset 6"},
		"opset 99":        {net(99, 3).node("Relu", "x", "a").outputs("a"), graph.ErrUnsupported, "opset 99"},
		"attribute type":  {net(13, 3).node("LeakyRelu", "x", "a", "alpha", 1).outputs("a"), ErrInvalid, `"alpha" has the wrong type`},
		"attribute twice": {net(13, 3).node("LeakyRelu", "x", "a", "alpha", 1., "alpha", 1.).outputs("a"), ErrInvalid, "given twice"},
		"input count":     {net(13, 3).node("Relu", "x x", "a").outputs("a"), ErrInvalid, "2 inputs"},
		"absent input":    {net(13, 3).node("Add", "_ x", "a").outputs("a"), ErrInvalid, "input 0 is missing"},
		"broadcast":       {net(13, 3).floats("k", []int64{2}, 1).node("Add", "x k", "a").outputs("a"), ErrInvalid, "broadcast"},
	} {
		t.Run(name, func(t *testing.T) { c.model.fails(t, c.want, c.text) })
	}
}

func TestAllUnsupportedAtOnce(t *testing.T) {
	m := net(13, 3).node("Fancy", "x", "a").node("Relu", "a", "b").node("Gelu", "b", "c").
		node("Relu", "x", "d", "beta", 1.).node("NonZero", "x", "unread").node("Sum", "c d", "y").outputs("y")
	m.graph.Node[0].Domain = proto.String("com.example")
	m.graph.Node[2].Name = proto.String("the gelu")
	_, err := Parse(m.bytes(t), Options{})
	var u *graph.UnsupportedError
	if !errors.As(err, &u) || !errors.Is(err, graph.ErrUnsupported) {
		t.Fatal(err)
	}
	want := []graph.UnsupportedNode{
		{Name: "Fancy_0", Op: "com.example.Fancy", Opset: 13,
			Reason: `not implemented: operators of domain "com.example" are known where the model brings them along as functions`},
		{Name: "the gelu", Op: "Gelu", Opset: 13, Reason: "needs opset 20"},
		{Name: "Relu_3", Op: "Relu", Opset: 13, Reason: `attribute "beta" is not known`},
	}
	if !slices.Equal(u.Nodes, want) {
		t.Errorf("got %v, want %v", u.Nodes, want)
	}
	if text := err.Error(); !strings.Contains(text, `Gelu (node "the gelu", opset 13): needs opset 20`) {
		t.Error(text)
	}
}

func TestAttributes(t *testing.T) {
	g := func(a *onnxpb.AttributeProto) *protoModel {
		m := net(13, 3).node("LeakyRelu", "x", "y").outputs("y")
		m.graph.Node[0].Attribute = []*onnxpb.AttributeProto{a}
		return m
	}
	name := proto.String("alpha")
	untyped := g(&onnxpb.AttributeProto{Name: name, F: proto.Float32(0.5)}) // as the first version of the format has it
	if got := untyped.parse(t).Nodes[0].Attrs.Float("alpha", 0); got != 0.5 {
		t.Errorf("alpha %g", got)
	}
	g(&onnxpb.AttributeProto{Name: name, RefAttrName: name, Type: onnxpb.AttributeProto_FLOAT.Enum()}).fails(t,
		graph.ErrUnsupported, "a function's attribute")
	g(&onnxpb.AttributeProto{Name: name, G: &onnxpb.GraphProto{}, Type: onnxpb.AttributeProto_GRAPH.Enum()}).fails(t,
		graph.ErrUnsupported, "type GRAPH")
	g(&onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_TENSOR.Enum()}).fails(t, ErrInvalid, "missing")
	strange := &onnxpb.TensorProto{DataType: proto.Int32(8), Dims: []int64{0}}
	g(&onnxpb.AttributeProto{Name: name, T: strange, Type: onnxpb.AttributeProto_TENSOR.Enum()}).fails(t, graph.ErrUnsupported,
		"element type STRING")
}

func TestTensors(t *testing.T) {
	le16 := func(v ...uint16) (b []byte) {
		for _, x := range v {
			b = append(b, byte(x), byte(x>>8))
		}
		return b
	}
	for name, c := range map[string]struct {
		tensor *onnxpb.TensorProto
		floats []float32
		ints   []int64
	}{
		"half":      {&onnxpb.TensorProto{DataType: proto.Int32(10), Dims: []int64{4}, RawData: le16(0x3c00, 0x8001, 0x7c00, 0xc200)}, []float32{1, -1.0 / (1 << 24), inf, -3}, nil},
		"half ints": {&onnxpb.TensorProto{DataType: proto.Int32(10), Dims: []int64{1}, Int32Data: []int32{0x3800}}, []float32{0.5}, nil},
		"bfloat":    {&onnxpb.TensorProto{DataType: proto.Int32(16), Dims: []int64{2}, RawData: le16(0x3f80, 0xc040)}, []float32{1, -3}, nil},
		"double":    {&onnxpb.TensorProto{DataType: proto.Int32(11), DoubleData: []float64{2.5}}, []float32{2.5}, nil},
		"int8":      {&onnxpb.TensorProto{DataType: proto.Int32(3), Dims: []int64{2}, RawData: []byte{0xff, 2}}, nil, []int64{-1, 2}},
		"uint8":     {&onnxpb.TensorProto{DataType: proto.Int32(2), Dims: []int64{1, 2}, RawData: []byte{0xff, 2}}, nil, []int64{255, 2}},
		"bool":      {&onnxpb.TensorProto{DataType: proto.Int32(9), Dims: []int64{2}, Int32Data: []int32{0, 7}}, nil, []int64{0, 1}},
		"int32":     {&onnxpb.TensorProto{DataType: proto.Int32(6), Dims: []int64{1}, RawData: []byte{0xfe, 0xff, 0xff, 0xff}}, nil, []int64{-2}},
		"empty":     {&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{0}}, []float32{}, nil},
	} {
		got, err := newModel("", 13).readTensor(c.tensor)
		if err != nil || !slices.Equal(got.Floats, c.floats) || !slices.Equal(got.Ints, c.ints) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestBadTensors(t *testing.T) {
	external := onnxpb.TensorProto_EXTERNAL
	for name, c := range map[string]struct {
		tensor *onnxpb.TensorProto
		want   error
	}{
		"short":    {&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{2}, RawData: make([]byte, 7)}, ErrInvalid},
		"no data":  {&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{1 << 20}}, ErrInvalid},
		"negative": {&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{-2}}, ErrInvalid},
		"huge":     {&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{1 << 20, 1 << 20, 1 << 24}}, graph.ErrLimit},
		"rank":     {&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: slices.Repeat([]int64{1}, 9), FloatData: []float32{1}}, graph.ErrLimit},
		"strings":  {&onnxpb.TensorProto{DataType: proto.Int32(8), Dims: []int64{1}}, graph.ErrUnsupported},
		"external": {&onnxpb.TensorProto{DataType: proto.Int32(1), DataLocation: &external}, graph.ErrUnsupported},
	} {
		if _, err := newModel("", 13).readTensor(c.tensor); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	big := net(13, 3).ints("r", 1, 1<<27)
	big.node("Tile", "x r", "y").outputs("y").fails(t, graph.ErrLimit, "elements")

	fill := net(13, 3).ints("s", 1<<14, 1<<14, 2).node("ConstantOfShape", "s", "k")
	fill.node("ReduceSum", "k", "t").node("Add", "x t", "y").outputs("y").fails(t, graph.ErrLimit, "elements")

	c := &call{builder: &builder{work: maxWork - 1}, node: &graph.Node{}}
	if err := c.fold(&graph.Node{Op: "Neg"}, []*graph.Tensor{{Type: graph.Int64, Shape: []int{2}, Ints: []int64{1, 2}}},
		[][]int{{2}}); !errors.Is(err, graph.ErrLimit) {
		t.Errorf("2 elements to read where 1 is left: %v", err)
	}
	b := &builder{folded: MaxElements - 5}
	if _, err := b.reserve([]int{2, 3}); !errors.Is(err, graph.ErrLimit) {
		t.Errorf("6 elements where 5 are left: %v", err)
	}
	if _, err := (&builder{folded: MaxElements - 6}).reserve([]int{2, 3}); err != nil {
		t.Error(err)
	}
}

func TestMessageBomb(t *testing.T) {
	// An empty node is two bytes in the file and hundreds in memory.
	node := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), nil)
	nodes := bytes.Repeat(node, maxMessages+1)
	if _, err := Parse(protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), nodes),
		Options{}); !errors.Is(err, graph.ErrLimit) {
		t.Errorf("many messages: %v", err)
	}
	nodes = bytes.Repeat(node, MaxNodes+1)
	if _, err := Parse(protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), nodes),
		Options{}); !errors.Is(err, graph.ErrLimit) {
		t.Errorf("many nodes: %v", err)
	}
	var deep []byte // a graph in an attribute of a node of a graph ...
	for range 40 {
		for _, field := range []protowire.Number{6, 5, 1} {
			deep = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), deep)
		}
	}
	if _, err := Parse(protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), deep),
		Options{}); !errors.Is(err, graph.ErrLimit) {
		t.Errorf("deep nesting: %v", err)
	}
}

func TestFileOrderIsKept(t *testing.T) {
	m := net(13, 3).node("Relu", "b", "c").node("Neg", "x", "a").node("Abs", "a", "b").node("Exp", "x", "e").
		node("Add", "c e", "y").outputs("y")
	if got, want := ops(m.parse(t)), "Neg Abs Relu Exp Add"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestOutputsKeepTheirNames(t *testing.T) {
	m := net(13, 3).floats("k", []int64{3}, 2).node("Relu", "x", "a").
		node("Identity", "a", "p").node("Dropout", "a", "q").node("Identity", "x", "r").node("Identity", "k", "s").
		node("Identity", "u", "t").node("Relu", "a", "u").outputs("p", "q", "r", "s", "t", "u")
	g := m.parse(t)
	checkGraph(g, t)
	if got, want := ops(g), "Relu Relu Identity Identity Identity Identity"; got != want {
		t.Errorf("operators %q, want %q", got, want)
	}
	for i, want := range []string{"p", "q", "r", "s", "t", "u"} {
		if g.Outputs[i].Name != want {
			t.Errorf("output %d is %q", i, g.Outputs[i].Name)
		}
	}
	net(13, 3).node("Shape", "x", "y").outputs("y").parse(t) // integers as floats
}

// TestLargeGraphs would not end if anything took quadratic time.
func TestLargeGraphs(t *testing.T) {
	const n = 20_000
	sum := net(13, 3)
	checkGraph(sum.node("Sum", strings.Repeat("x ", n), "y").outputs("y").parse(t), t)
	net(13, 3).node("Sum", strings.Repeat("x ", MaxNodes+2), "y").outputs("y").fails(t, graph.ErrLimit, "nodes")

	views := net(13, 3).ints("a", 1, 3, 1).ints("b", 1, 1, 3)
	v := "x"
	for i := range n {
		next := fmt.Sprint("v", i)
		views.node("Reshape", v+" "+[]string{"a", "b"}[i%2], next)
		v = next
	}
	checkGraph(views.node("Exp", v, "y").outputs("y").parse(t), t)

	gates := net(13, 3)
	for i := range n / 3 {
		gates.node("Sigmoid", "x", fmt.Sprint("s", i)).node("Mul", fmt.Sprint("x s", i), fmt.Sprint("g", i)).outputs(fmt.Sprint("g", i))
	}
	if g := gates.parse(t); len(g.Nodes) != n/3 || g.Nodes[0].Op != "Swish" {
		t.Errorf("%d nodes", len(g.Nodes))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small().bytes(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Parse(data, Options{})
		if err == nil {
			got, err := unmarshalAround(data)
			want, opt := new(onnxpb.ModelProto), proto.UnmarshalOptions{DiscardUnknown: true, AllowPartial: true}
			if err != nil || opt.Unmarshal(data, want) != nil || !proto.Equal(want, got) {
				t.Errorf("%v, %v, want %v", got, err, want)
			}
			checkGraph(g, t)
		} else if !typed(err) {
			t.Errorf("error %v", err)
		}
	})
}
