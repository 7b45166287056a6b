// Package modelgen makes random small ONNX models for tests: over all operators that a reader knows, valid ones and ones
// that are slightly wrong.
package modelgen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// Operator is what a reader says of one of its operators.
type Operator struct {
	Name                 string
	Since                int    // the first opset that has it
	MinInputs, MaxInputs int    // MaxInputs -1: any number
	Attributes           string // "axis:i epsilon:f": names and types, as the reader's schema has them
}

// Reader reads a model; it is asked after every node whether the model is still valid.
type Reader func(model []byte) (*graph.Graph, error)

// Model is one that was made.
type Model struct {
	Bytes   []byte
	Ops     []string // operators of its nodes
	Damaged bool     // something was changed that may make it invalid
	input   []int
}

// Batched is the model with an input of several images.
func (m Model) Batched(images int) []byte {
	var p onnxpb.ModelProto
	if err := proto.Unmarshal(m.Bytes, &p); err != nil {
		panic(err) // it was made by Marshal
	}
	p.Graph.Input = []*onnxpb.ValueInfoProto{info("x", append([]int{images}, m.input[1:]...))}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(&p)
	if err != nil {
		panic(err)
	}
	return data
}

const (
	maxSize  = 8192 // elements of a value
	maxNodes = 8
	tries    = 40 // for a node that the reader accepts
)

// maker is a model in the making.
type maker struct {
	*rand.Rand
	ops    []Operator
	read   Reader
	opset  int64
	graph  *onnxpb.GraphProto
	values []value
	names  int
}

// value is a tensor that nodes may read.
type value struct {
	name     string
	shape    []int
	elem     int32
	constant bool
}

// New makes the model of a seed. Seeds that follow one another begin with all operators in turn.
func New(seed uint64, ops []Operator, read Reader) Model {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 1)), ops: ops, read: read, graph: &onnxpb.GraphProto{Name: proto.String("random")}}
	m.opset = pick(m, []int64{9, 11, 12, 13, 17, 18, 20, 21, 21, 21})
	first := ops[seed%uint64(len(ops))]
	m.opset = max(m.opset, int64(first.Since))
	m.input()
	made := Model{input: m.values[0].shape}
	prepare := m.IntN(3) // nodes before the operator whose turn it is
	for k := range 1 + prepare + m.IntN(maxNodes) {
		op := pick(m, ops)
		if k == prepare {
			op = first
		}
		for range tries {
			if m.node(op) {
				made.Ops = append(made.Ops, op.Name)
				break
			}
		}
	}
	m.outputs()
	if m.IntN(4) == 0 {
		made.Damaged = true
		m.damage()
	}
	made.Bytes = m.bytes(m.graph)
	return made
}

func pick[T any](m *maker, list []T) T { return list[m.IntN(len(list))] }

// name makes a new one.
func (m *maker) name() string {
	m.names++
	return fmt.Sprintf("v%d", m.names)
}

func (m *maker) input() {
	size := func() int { return 1 + m.IntN(9) }
	shape := pick(m, [][]int{
		{1, 1 + m.IntN(8), size(), size()}, {1, 1 + m.IntN(8), size(), size()}, {1, 4, 6, 6}, {1, 1 + m.IntN(6), size()}, {1, 1 + m.IntN(20)},
		{1, 15 + m.IntN(20), size(), size()}, {1, 2, size(), 15 + m.IntN(20)}, {1, 1 + m.IntN(4), 15 + m.IntN(40)}, {1, 30 + m.IntN(40)},
		{1, 2 + m.IntN(7), 12 + m.IntN(20), 12 + m.IntN(20)}, {1, 20 + m.IntN(40), 20 + m.IntN(60)}, // large enough to be packed
	})
	m.graph.Input = []*onnxpb.ValueInfoProto{info("x", shape)}
	m.values = []value{{name: "x", shape: shape, elem: int32(onnxpb.TensorProto_FLOAT)}}
}

func info(name string, shape []int) *onnxpb.ValueInfoProto {
	t := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(onnxpb.TensorProto_FLOAT)), Shape: &onnxpb.TensorShapeProto{}}
	for _, d := range shape {
		dim := &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}}
		t.Shape.Dim = append(t.Shape.Dim, dim)
	}
	return &onnxpb.ValueInfoProto{Name: &name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: t}}}
}

// node tries to add one; what the reader refuses is taken back.
func (m *maker) node(op Operator) bool {
	nodes, constants, values := len(m.graph.Node), len(m.graph.Initializer), len(m.values)
	domain, name := "", op.Name
	if i := strings.LastIndex(name, "."); i >= 0 {
		domain, name = name[:i], name[i+1:]
	}
	n := &onnxpb.NodeProto{OpType: &name, Domain: &domain, Name: proto.String("n" + m.name()), Output: []string{m.name()}}
	if recipe := recipes[op.Name]; recipe != nil && m.IntN(10) > 0 {
		recipe(m, n)
	} else {
		m.anything(op, n)
	}
	m.graph.Node = append(m.graph.Node, n)
	if shapes := m.probe(n); shapes != nil {
		m.values = append(m.values, shapes...)
		return true
	}
	m.graph.Node = m.graph.Node[:nodes]
	m.graph.Initializer, m.values = m.graph.Initializer[:constants], m.values[:values]
	return false
}

// probe reads the model with the node's results as outputs, and one that always depends on the input.
func (m *maker) probe(n *onnxpb.NodeProto) []value {
	g := &onnxpb.GraphProto{Name: m.graph.Name, Input: m.graph.Input, Initializer: m.graph.Initializer}
	g.Node = append(slices.Clone(m.graph.Node), &onnxpb.NodeProto{OpType: proto.String("Neg"), Input: []string{"x"},
		Output: []string{"probe"}})
	g.Output = []*onnxpb.ValueInfoProto{{Name: proto.String("probe")}}
	for _, o := range n.Output {
		g.Output = append(g.Output, &onnxpb.ValueInfoProto{Name: &o})
	}
	read, err := m.read(m.bytes(g))
	if err != nil {
		return nil
	}
	var made []value
	for _, o := range read.Outputs[1:] {
		if len(o.Shape) > 6 || product(o.Shape) > maxSize {
			return nil
		}
		made = append(made, value{o.Name, o.Shape, o.Elem, false})
	}
	return made
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// outputs are the last value and some others: constants, the same value twice through an Identity.
func (m *maker) outputs() {
	last := m.values[len(m.values)-1]
	for i := len(m.values) - 1; last.constant && i > 0; i-- {
		last = m.values[i]
	}
	chosen := []string{last.name}
	if last.name == "x" || last.constant {
		chosen = nil
	}
	for range m.IntN(3) {
		if v := pick(m, m.values); v.name != "x" && product(v.shape) > 0 && !slices.Contains(chosen, v.name) {
			chosen = append(chosen, v.name)
		}
	}
	if m.IntN(6) == 0 && chosen != nil {
		m.graph.Node = append(m.graph.Node, &onnxpb.NodeProto{OpType: proto.String("Identity"), Input: []string{pick(m, chosen)},
			Output: []string{"same"}})
		chosen = append(chosen, "same")
	}
	m.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	for _, o := range chosen {
		m.graph.Output = append(m.graph.Output, &onnxpb.ValueInfoProto{Name: proto.String(o)})
	}
	if _, err := m.read(m.bytes(m.graph)); err != nil { // nothing depends on the input
		m.graph.Node = append(m.graph.Node, &onnxpb.NodeProto{OpType: proto.String("Relu"), Input: []string{"x"}, Output: []string{"y"}})
		m.graph.Output = append(m.graph.Output, &onnxpb.ValueInfoProto{Name: proto.String("y")})
	}
}

func (m *maker) bytes(g *onnxpb.GraphProto) []byte {
	model := &onnxpb.ModelProto{
		IrVersion: proto.Int64(8), Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{
			{Domain: proto.String(""), Version: &m.opset}, {Domain: proto.String("com.microsoft"), Version: proto.Int64(1)},
		},
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(model)
	if err != nil {
		panic(err) // names are ASCII
	}
	return data
}

// anything gives a node inputs and attributes that fit at most by chance.
func (m *maker) anything(op Operator, n *onnxpb.NodeProto) {
	most := op.MaxInputs
	if most < 0 {
		most = op.MinInputs + 2
	}
	for range op.MinInputs + m.IntN(most-op.MinInputs+1) {
		n.Input = append(n.Input, m.operand())
	}
	for _, a := range strings.Fields(op.Attributes) {
		name, kind, _ := strings.Cut(a, ":")
		if m.IntN(3) > 0 {
			continue
		}
		var v any
		switch kind {
		case "i":
			v = int64(m.IntN(7) - 2)
		case "f":
			v = m.number()
		case "I":
			v = m.ints(1+m.IntN(4), -2, 4)
		case "F":
			v = m.floats(1 + m.IntN(4))
		case "s":
			v = pick(m, []string{"nearest", "linear", "cubic", "constant", "reflect", "edge", "none", "tanh", "DCR", "CRD", "SAME_UPPER", "VALID"})
		case "t":
			v = m.tensorOf([]int{1 + m.IntN(3)})
		default:
			continue
		}
		attribute(n, name, v)
	}
}

// operand is any value, or a new constant.
func (m *maker) operand() string {
	v := pick(m, m.values)
	switch m.IntN(8) {
	case 0:
		return m.scalar(m.number())
	case 1:
		return m.weights(v.shape...)
	case 2:
		return m.integers(m.ints(1+m.IntN(4), -1, 4)...)
	}
	return v.name
}

// number is one that rounding hardly matters for.
func (m *maker) number() float32 {
	if m.IntN(10) == 0 {
		return pick(m, []float32{0, 1, -1, 2, 3, 0.5, 6, 1.0 / 6})
	}
	return float32(m.NormFloat64())
}

func (m *maker) floats(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = m.number()
	}
	return list
}

// ints are n integers from low to high.
func (m *maker) ints(n, low, high int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(low + m.IntN(high-low+1))
	}
	return list
}
