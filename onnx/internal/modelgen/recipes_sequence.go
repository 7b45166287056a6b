package modelgen

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// recurrent is RNN, GRU and LSTM over the rows of a value.
func recurrent(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(2, 3, 4)
	if len(x.shape) == 0 {
		return
	}
	elements, hidden, dirs := x.shape[len(x.shape)-1], 1+m.IntN(9), 1+m.IntN(2)
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[n.GetOpType()]
	sequence := m.before("Reshape", x.name, m.integers(-1, 1, int64(elements)))
	n.Input = []string{sequence, m.weights(dirs, gates*hidden, elements), m.weights(dirs, gates*hidden, hidden)}
	if m.IntN(2) == 0 {
		n.Input = append(n.Input, m.weights(dirs, 2*gates*hidden))
		if m.IntN(2) == 0 {
			n.Input = append(n.Input, "", m.weights(dirs, 1, hidden))
		}
	}
	attribute(n, "hidden_size", hidden)
	direction := pick(m, []string{"forward", "reverse"})
	if dirs == 2 {
		direction = "bidirectional"
	}
	attribute(n, "direction", direction)
	if n.GetOpType() == "GRU" {
		attribute(n, "linear_before_reset", m.IntN(2))
	}
	for range m.IntN(map[string]int{"RNN": 2, "GRU": 2, "LSTM": 3}[n.GetOpType()]) {
		n.Output = append(n.Output, m.name())
	}
}

// gridSample samples at constant places, or at the values of another tensor.
func gridSample(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime(4)
	grid := m.weights(1, 1+m.IntN(5), 1+m.IntN(5), 2)
	if from := m.runtime(); m.IntN(2) == 0 && product(from.shape)%2 == 0 {
		grid = m.before("Reshape", from.name, m.integers(1, 1, -1, 2))
	}
	n.Input = []string{x.name, grid}
	modes := []string{"linear", "nearest", "cubic"}
	if m.opset < 20 {
		modes = []string{"bilinear", "nearest", "bicubic"}
	}
	attribute(n, "mode", pick(m, modes))
	attribute(n, "padding_mode", pick(m, []string{"zeros", "border", "reflection"}))
	attribute(n, "align_corners", m.IntN(2))
}

// choice is If with a node or two in each branch, which read a value from outside.
func choice(m *maker, n *onnxpb.NodeProto) {
	x := m.runtime()
	condition := m.truth()
	if m.IntN(2) == 0 {
		condition = m.before("Greater", m.before("ReduceMax", x.name), m.scalar(m.number()))
	}
	n.Input = []string{condition}
	for _, name := range []string{"then_branch", "else_branch"} {
		g := &onnxpb.GraphProto{Name: proto.String(name)}
		last := x.name
		for range 1 + m.IntN(2) {
			out := m.name()
			op := pick(m, strings.Fields("Relu Neg Abs Sigmoid Identity Floor"))
			g.Node = append(g.Node, &onnxpb.NodeProto{OpType: &op, Input: []string{last}, Output: []string{out}})
			last = out
		}
		g.Output = []*onnxpb.ValueInfoProto{{Name: proto.String(last)}}
		attribute(n, name, g)
	}
}
