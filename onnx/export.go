package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
)

// irVersion is the format of opset 13's time, which every runtime since 2020 reads; nothing newer is used.
const irVersion = 7

// exporter writes canonical nodes as an ONNX model.
type exporter struct {
	g     *graph.Graph
	out   *onnxpb.GraphProto
	opset int
	made  int             // constants that attributes became
	used  map[string]bool // constants that have been written
	whole map[string]bool // results of quantizers that only their inverses read: they need not become floats in between
}

// Marshal writes a graph as an ONNX model that any runtime loads: the standard operators only, of the lowest opset that has
// them all (13 at least), shapes fixed for a batch of one, constants folded. Equal graphs give equal bytes.
func Marshal(g *graph.Graph) ([]byte, error) {
	e := &exporter{g: g, out: &onnxpb.GraphProto{Name: proto.String(g.Name)}, opset: 13, used: map[string]bool{}}
	for _, n := range g.Nodes {
		e.opset = max(e.opset, opsetFor(n))
	}
	e.findWhole()
	for _, v := range g.Inputs() {
		e.out.Input = append(e.out.Input, declaration(v))
	}
	for _, n := range g.Nodes {
		if err := e.node(n); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err)
		}
	}
	for _, v := range g.Outputs {
		e.out.Output = append(e.out.Output, declaration(v))
	}
	m := &onnxpb.ModelProto{
		IrVersion: proto.Int64(irVersion), ProducerName: proto.String("dqa"), Graph: e.out,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(int64(e.opset))}},
	}
	switch {
	case e.opset > 24:
		m.IrVersion = proto.Int64(13)
	case e.opset > 20:
		m.IrVersion = proto.Int64(10)
	case e.opset > 17:
		m.IrVersion = proto.Int64(9)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// opsetFor is the lowest opset that has a canonical node.
func opsetFor(n *graph.Node) int {
	switch n.Op {
	case "HardSwish":
		return 14
	case "LayerNormalization":
		return 17
	case "Mish":
		return 18
	case "Gelu", "GridSample":
		return 20
	case "Pad":
		if n.Attrs.String("mode", "") == "wrap" {
			return 19
		}
	case "QuantizeLinear", "DequantizeLinear":
		switch levels := n.Attrs.Float("max", 0) - n.Attrs.Float("min", 0); {
		case levels == 3:
			return 25
		case levels != 255:
			return 21
		}
	case "AveragePool": // before 19, what a last window beyond the edge counts was left open
		if n.Attrs.Int("ceil_mode", 0) != 0 || slices.ContainsFunc(n.Attrs.Ints("dilations"), func(d int64) bool { return d != 1 }) {
			return 19
		}
	case "Resize":
		if n.Attrs.String("coordinate_transformation_mode", "") == "half_pixel_symmetric" {
			return 19
		}
		if n.Attrs.Int("antialias", 0) != 0 {
			return 18
		}
	}
	return 13
}

func declaration(v graph.Value) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for _, d := range v.Shape {
		shape.Dim = append(shape.Dim, &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}})
	}
	t := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(onnxpb.TensorProto_FLOAT)), Shape: shape}
	return &onnxpb.ValueInfoProto{Name: proto.String(v.Name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: t}}}
}

// free makes a name that no value of the graph has.
func (e *exporter) free(name string) string {
	for {
		if _, taken := e.g.Values[name]; !taken {
			return name
		}
		name += "'"
	}
}

// constantName is the next of the names of constants that attributes become.
func (e *exporter) constantName() string {
	e.made++
	return e.free(fmt.Sprintf("dqa/constant_%d", e.made))
}

// ints, floats and constant add an initializer and return its name.
func (e *exporter) ints(v ...int64) string {
	return e.constant(&graph.Tensor{Type: graph.Int64, Shape: []int{len(v)}, Ints: v})
}

func (e *exporter) floats(v ...float32) string {
	return e.constant(&graph.Tensor{Type: graph.Float32, Shape: []int{len(v)}, Floats: v})
}

func (e *exporter) scalar(v float32) string {
	return e.constant(&graph.Tensor{Type: graph.Float32, Floats: []float32{v}})
}

func (e *exporter) constant(t *graph.Tensor) string {
	name := e.constantName()
	e.initialize(name, t, t.Type)
	return name
}

// initialize writes a constant; as says which type it has in the file, integers for the zero points of quantizers.
func (e *exporter) initialize(name string, t *graph.Tensor, as graph.DType) {
	p := &onnxpb.TensorProto{Name: proto.String(name), Dims: toInt64s(t.Shape)}
	switch {
	case as == graph.Bool:
		p.DataType = proto.Int32(int32(onnxpb.TensorProto_BOOL))
		for i := range product(t.Shape) {
			p.RawData = append(p.RawData, byte(truth(floatAt(t, i) != 0)))
		}
	case t.Type == graph.Float32:
		p.DataType = proto.Int32(int32(onnxpb.TensorProto_FLOAT))
		p.RawData = make([]byte, 0, 4*len(t.Floats))
		for _, v := range t.Floats {
			p.RawData = binary.LittleEndian.AppendUint32(p.RawData, math.Float32bits(v))
		}
	default:
		p.DataType = proto.Int32(int32(onnxpb.TensorProto_INT64))
		for _, v := range t.Ints {
			p.RawData = binary.LittleEndian.AppendUint64(p.RawData, uint64(v))
		}
	}
	e.out.Initializer = append(e.out.Initializer, p)
}

// quantized writes a constant of integers kept as floats in the type of the given range.
func (e *exporter) quantized(t *graph.Tensor, low, high float32) (string, error) {
	kind, wide, bits := onnxpb.TensorProto_UNDEFINED, false, 8
	switch [2]float32{low, high} {
	case [2]float32{-2, 1}:
		kind, bits = onnxpb.TensorProto_INT2, 2
	case [2]float32{0, 3}:
		kind, bits = onnxpb.TensorProto_UINT2, 2
	case [2]float32{-8, 7}:
		kind, bits = onnxpb.TensorProto_INT4, 4
	case [2]float32{0, 15}:
		kind, bits = onnxpb.TensorProto_UINT4, 4
	case [2]float32{-128, 127}:
		kind = onnxpb.TensorProto_INT8
	case [2]float32{0, 255}:
		kind = onnxpb.TensorProto_UINT8
	case [2]float32{-32768, 32767}:
		kind, wide = onnxpb.TensorProto_INT16, true
	case [2]float32{0, 65535}:
		kind, wide = onnxpb.TensorProto_UINT16, true
	default:
		return "", refuse("integers of %g to %g cannot be exported", low, high)
	}
	p := &onnxpb.TensorProto{Name: proto.String(e.constantName()), Dims: toInt64s(t.Shape), DataType: proto.Int32(int32(kind))}
	for i, v := range t.Floats {
		if !(v >= low && v <= high) {
			return "", refuse("integer %g is none of %g to %g", v, low, high)
		}
		if k := i * bits % 8; k > 0 { // the first lie in the low bits of a byte
			p.RawData[len(p.RawData)-1] |= byte(int(v)&(1<<bits-1)) << k
			continue
		}
		if bits < 8 {
			v = float32(int(v) & (1<<bits - 1))
		}
		p.RawData = append(p.RawData, byte(int(v)))
		if wide {
			p.RawData = append(p.RawData, byte(int(v)>>8))
		}
	}
	e.out.Initializer = append(e.out.Initializer, p)
	return p.GetName(), nil
}

// findWhole finds the quantizers whose results only inverses of the same integers read.
func (e *exporter) findWhole() {
	e.whole = map[string]bool{}
	other := map[string]bool{}
	for _, v := range e.g.Outputs {
		other[v.Name] = true
	}
	types := map[string][2]float32{}
	for _, n := range e.g.Nodes {
		own := [2]float32{n.Attrs.Float("min", 0), n.Attrs.Float("max", 0)}
		for i, v := range n.Inputs {
			if t, ok := types[v]; ok && (n.Op != "DequantizeLinear" || i > 0 || t != own) {
				other[v] = true
			}
		}
		if n.Op == "QuantizeLinear" {
			types[n.Outputs[0]] = own
		}
	}
	for v := range types {
		if !other[v] {
			e.whole[v] = true
		}
	}
}

// inputs returns the names of a node's inputs and writes those that are constants, once.
func (e *exporter) inputs(n *graph.Node) []string {
	for _, v := range n.Inputs {
		if t := e.g.Constants[v]; t != nil && !e.used[v] {
			e.used[v] = true
			e.initialize(v, t, t.Type)
		}
	}
	return slices.Clone(n.Inputs)
}

// write adds a node; attribute values are those of Attributes.
func (e *exporter) write(op string, inputs, outputs []string, attrs graph.Attributes) {
	n := &onnxpb.NodeProto{OpType: proto.String(op), Name: proto.String(outputs[0] + "/" + op), Input: inputs, Output: outputs}
	for _, name := range sortedNames(attrs) {
		n.Attribute = append(n.Attribute, attribute(name, attrs[name]))
	}
	e.out.Node = append(e.out.Node, n)
}

func sortedNames(attrs graph.Attributes) []string {
	var names []string
	for name := range attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func attribute(name string, value any) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: proto.String(name)}
	switch v := value.(type) {
	case int64:
		a.Type, a.I = onnxpb.AttributeProto_INT.Enum(), proto.Int64(v)
	case float32:
		a.Type, a.F = onnxpb.AttributeProto_FLOAT.Enum(), proto.Float32(v)
	case string:
		a.Type, a.S = onnxpb.AttributeProto_STRING.Enum(), []byte(v)
	case []int64:
		a.Type, a.Ints = onnxpb.AttributeProto_INTS.Enum(), v
	case []string:
		a.Type = onnxpb.AttributeProto_STRINGS.Enum()
		for _, s := range v {
			a.Strings = append(a.Strings, []byte(s))
		}
	case []float32:
		a.Type, a.Floats = onnxpb.AttributeProto_FLOATS.Enum(), v
	default:
		panic(fmt.Sprintf("onnx: attribute %s of type %T", name, value))
	}
	return a
}

// node turns a canonical node into ONNX's form of it: some attributes are inputs there.
func (e *exporter) node(n *graph.Node) error {
	in, a := e.inputs(n), graph.Attributes{}
	for k, v := range n.Attrs {
		a[k] = v
	}
	take := func(name string) []int64 {
		v := a.Ints(name)
		delete(a, name)
		return v
	}
	if done, err := e.typed(n, in, a); done {
		return err
	}
	switch n.Op {
	case "Clip":
		low, high := a.Float("min", -inf), a.Float("max", inf)
		a = nil
		bounds := []string{"", ""}
		if low != -inf {
			bounds[0] = e.scalar(low)
		}
		if high != inf {
			bounds[1] = e.scalar(high)
		}
		in = append(in, bounds...)
	case "Swish":
		return e.swish(n, in[0], a.Float("alpha", 1))
	case "Reshape", "Expand":
		in = append(in, e.ints(take("shape")...))
	case "Tile":
		in = append(in, e.ints(take("repeats")...))
	case "Split":
		in = append(in, e.ints(take("split")...))
	case "Slice":
		in = append(in, e.slice(take("starts"), take("ends"), take("steps"))...)
	case "Pad":
		in = append(in, e.ints(take("pads")...), e.scalar(a.Float("value", 0)))
		delete(a, "value")
	case "ReduceSum":
		in = append(in, e.ints(take("axes")...))
	case "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd":
		if e.opset >= 18 {
			in = append(in, e.ints(take("axes")...))
		}
	case "Resize":
		in = append(in, e.resize(n, a)...)
	case "AveragePool":
		if e.opset < 19 {
			delete(a, "dilations")
		}
	case "Where":
		in[0] = e.condition(n)
	case "QuantizeLinear", "DequantizeLinear":
		return e.quantizer(n, in, a)
	}
	e.write(n.Op, in, n.Outputs, a)
	return nil
}

// quantizer writes Q and DQ so that both sides hold floats, as canonical values do: what lies between them, and a cut
// there, is as in any other network. A DQ of scale 1 turns the integers into floats, a Q of scale 1 turns them back.
func (e *exporter) quantizer(n *graph.Node, in []string, a graph.Attributes) error {
	t := e.g.Constants[n.Inputs[2]]
	low, high := a.Float("min", 0), a.Float("max", 0)
	zero, err := e.quantized(t, low, high)
	if err != nil {
		return err
	}
	none, err := e.quantized(&graph.Tensor{Type: graph.Float32, Floats: []float32{0}}, low, high)
	if err != nil {
		return err
	}
	delete(a, "min")
	delete(a, "max")
	one, out := e.scalar(1), n.Outputs[0]
	integer := e.free(out + "/integer")
	if from := n.Inputs[0]; n.Op == "DequantizeLinear" && e.whole[from] {
		e.write(n.Op, []string{from, in[1], zero}, []string{out}, a)
		return nil
	}
	if n.Op == "QuantizeLinear" {
		if e.whole[out] {
			e.write(n.Op, []string{in[0], in[1], zero}, []string{out}, a)
			return nil
		}
		e.write(n.Op, []string{in[0], in[1], zero}, []string{integer}, a)
		e.write("DequantizeLinear", []string{integer, one, none}, []string{out}, nil)
		return nil
	}
	e.write("QuantizeLinear", []string{in[0], one, none}, []string{integer}, nil)
	e.write(n.Op, []string{integer, in[1], zero}, []string{out}, a)
	return nil
}

// swish is x * sigmoid(alpha x), which ONNX has no operator for.
func (e *exporter) swish(n *graph.Node, x string, alpha float32) error {
	out := n.Outputs[0]
	gate := x
	if alpha != 1 {
		gate = e.free(out + "/scaled")
		e.write("Mul", []string{x, e.scalar(alpha)}, []string{gate}, nil)
	}
	open := e.free(out + "/gate")
	e.write("Sigmoid", []string{gate}, []string{open}, nil)
	e.write("Mul", []string{x, open}, []string{out}, nil)
	return nil
}

// slice writes canonical starts, ends and steps of all axes. An end below 0 means up to and with the first element.
func (e *exporter) slice(starts, ends, steps []int64) []string {
	ends, axes := slices.Clone(ends), make([]int64, len(starts))
	for i := range ends {
		axes[i] = int64(i)
		if ends[i] < 0 {
			ends[i] = math.MinInt64 + 1
		}
	}
	return []string{e.ints(starts...), e.ints(ends...), e.ints(axes...), e.ints(steps...)}
}

// resize writes scales where they give the size of the result, else the size.
func (e *exporter) resize(n *graph.Node, a graph.Attributes) []string {
	roi, scales := a.Floats("roi"), a.Floats("scales")
	delete(a, "roi")
	delete(a, "scales")
	if a.String("mode", "") != "nearest" {
		delete(a, "nearest_mode")
	}
	if a.String("mode", "") == "linear" {
		delete(a, "exclude_outside")
	}
	region := ""
	if roi != nil {
		region = e.floats(roi...)
	}
	r := resize{scales: scales}
	want := e.g.Values[n.Outputs[0]].Shape
	if err := r.scaled(e.g.Values[n.Inputs[0]].Shape); err == nil && slices.Equal(r.shape, want) {
		return []string{region, e.floats(scales...)}
	}
	return []string{region, "", e.ints(toInt64s(want)...)}
}
