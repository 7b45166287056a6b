package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"google.golang.org/protobuf/proto"
)

// largeGraphs are networks of n nodes or so in the shapes that quadratic algorithms suffer from.
func largeGraphs(n int) map[string]*protoModel {
	m := map[string]*protoModel{}
	at := func(i int) string { return fmt.Sprint("v", i) }
	add := func(name string, each func(m *protoModel, i int)) {
		m[name] = net(13, 2, 4).floats("k", nil, 2).floats("s", nil, 0.5).floats("w", []int64{2, 2, 1}, 1).floats("c", []int64{2}, 1).
			ints("a", 1, 4, 2).ints("b", 1, 2, 4).node("Relu", "x", "v0")
		for i := range n {
			each(m[name], i)
		}
		m[name].node("Exp", at(n), "y").outputs("y")
	}
	add("chain", func(m *protoModel, i int) { m.node("Relu", at(i), at(i+1)) })
	add("sums", func(m *protoModel, i int) { m.node("Add", at(i)+" "+at(i), at(i+1)) })
	add("copies", func(m *protoModel, i int) { m.node("Identity", at(i), at(i+1)) })
	add("views", func(m *protoModel, i int) { m.node("Reshape", at(i)+" "+[]string{"a", "b"}[i%2], at(i+1)) })
	add("factors", func(m *protoModel, i int) { m.node("Mul", at(i)+" k", at(i+1)) })
	add("one reader each", func(m *protoModel, i int) { m.node("Add", at(i)+" v0", at(i+1)) })
	add("quantizers", func(m *protoModel, i int) {
		if m.node([]string{"QuantizeLinear", "DequantizeLinear"}[i%2], at(i)+" s", at(i+1)); i%2 == 0 && i == n-1 {
			m.graph.Node = m.graph.Node[:len(m.graph.Node)-1]
		}
	})
	add("convolutions", func(m *protoModel, i int) {
		if i%2 == 0 {
			m.node("Conv", at(i)+" w", at(i+1))
		} else {
			m.node("BatchNormalization", at(i)+" c c c c", at(i+1))
		}
	})
	add("unsupported", func(m *protoModel, i int) { m.node("Strange", "x", at(i+1)) })
	add("outputs", func(m *protoModel, i int) { m.node("Relu", "x", at(i+1)).outputs(at(i + 1)) })
	add("same output", func(m *protoModel, i int) { m.node("Identity", "v0", at(i+1)).outputs(at(i + 1)) })
	add("folded", func(m *protoModel, i int) { m.node("Neg", "k", at(i+1)) })
	add("constants", func(m *protoModel, i int) { m.node("Constant", "", at(i+1), "value_float", 1.) })
	m["backwards"] = m["sums"].reversed()
	m["one node reads all"] = net(13, 2, 4).node("Concat", strings.Repeat("x ", n), "y", "axis", 1).outputs("y")
	m["one node writes all"] = net(13, int64(n)).node("Split", "x", strings.Join(numbered(n), " "), "axis", 1).node("Concat", strings.Join(numbered(n), " "), "y", "axis", 1).outputs("y")
	m["sum of all"] = net(13, 2, 4).node("Sum", strings.Repeat("x ", n), "y").outputs("y")
	return m
}

// numbered lists n names.
func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("p", i)
	}
	return list
}

// reversed is a model with its nodes in the opposite order.
func (m *protoModel) reversed() *protoModel {
	r := &protoModel{opset: m.opset}
	proto.Merge(&r.graph, &m.graph)
	slices.Reverse(r.graph.Node)
	return r
}

// TestManyNodes measures memory, which grows with the number of nodes; what takes quadratic time does not end. At
// 100,000 nodes the slowest of these graphs takes three seconds and allocates 2 GiB in all.
func TestManyNodes(t *testing.T) {
	const perNode = 32 << 10
	n := 5000
	if testdata.CI() {
		n = 25_000
	}
	for name, m := range largeGraphs(n) {
		t.Run(name, func(t *testing.T) {
			data := m.bytes(t)
			used := allocated(func() {
				g, err := Parse(data, Options{})
				switch {
				case err == nil:
					checkGraph(g, t)
				case !errors.Is(err, graph.ErrUnsupported):
					t.Error(err)
				}
			})
			if used > uint64(n)*perNode {
				t.Errorf("%d bytes for each of %d nodes", used/uint64(n), n)
			}
		})
	}
}
