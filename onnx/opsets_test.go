package onnx

import (
	"fmt"
	"strings"
	"testing"
)

// TestOpsets: attributes and inputs count from the opset on that has them, to the last one; ONNX Runtime 1.32 refuses the
// same.
func TestOpsets(t *testing.T) {
	image := []int64{4, 6, 6}
	window := []int64{2, 2}
	for _, c := range []struct {
		text        string // of the error before
		since, last int64
		model       func(m *protoModel) *protoModel
	}{
		{`"select_last_index", which began with opset 12`, 12, 25,
			func(m *protoModel) *protoModel { return m.node("ArgMax", "x", "y", "axis", 1, "select_last_index", 0) }},
		{`"dilations", which began with opset 19`, 19, 25, func(m *protoModel) *protoModel {
			return m.node("AveragePool", "x", "y", "kernel_shape", window, "dilations", window)
		}},
		{`"ceil_mode", which began with opset 10`, 10, 25, func(m *protoModel) *protoModel {
			return m.node("MaxPool", "x", "y", "kernel_shape", window, "ceil_mode", 1)
		}},
		{`"max", which ended with opset 10`, 7, 10,
			func(m *protoModel) *protoModel { return m.node("Clip", "x", "y", "min", 0.0, "max", 6.0) }},
		{"it has 2 inputs, in opset 10 these are 1 to 1", 11, 25,
			func(m *protoModel) *protoModel { return m.floats("a", nil, 0).node("Clip", "x a", "y") }},
		{`it has 1 inputs, in opset 13 these are 2 to 2`, 7, 12,
			func(m *protoModel) *protoModel { return m.node("Unsqueeze", "x", "y", "axes", []int64{0}) }},
		{`"axes", which ended with opset 12`, 7, 12,
			func(m *protoModel) *protoModel { return m.node("ReduceSum", "x", "y", "axes", []int64{1}) }},
		{`"axes", which ended with opset 17`, 7, 17,
			func(m *protoModel) *protoModel { return m.node("ReduceMax", "x", "y", "axes", []int64{1}) }},
		{"it has 2 inputs, in opset 17 these are 1 to 1", 18, 25,
			func(m *protoModel) *protoModel { return m.ints("a", 1).node("ReduceMax", "x a", "y") }},
		{`"mode", which began with opset 11`, 11, 25, func(m *protoModel) *protoModel {
			return m.node("DepthToSpace", "x", "y", "blocksize", 2, "mode", "DCR")
		}},
		{`"allowzero", which began with opset 14`, 14, 25,
			func(m *protoModel) *protoModel { return m.ints("s", 1, -1).node("Reshape", "x s", "y", "allowzero", 0) }},
		{"needs opset 12", 12, 25, func(m *protoModel) *protoModel {
			return m.node("GreaterOrEqual", "x x", "b").node("Cast", "b", "y", "to", 1)
		}},
		{"needs opset 8", 8, 25,
			func(m *protoModel) *protoModel { return m.ints("s", 1, 4, 6, 6).node("Expand", "x s", "y") }},
	} {
		for opset := int64(7); opset <= 25; opset++ {
			_, err := Parse(c.model(net(opset, image...)).outputs("y").bytes(t), Options{})
			switch within := opset >= c.since && opset <= c.last; {
			case within != (err == nil):
				t.Errorf("%s: opset %d: %v", c.text, opset, err)
			case (opset == c.since-1 || opset == c.last+1) && !strings.Contains(err.Error(), c.text):
				t.Errorf("opset %d: %v, want %s", opset, err, c.text)
			}
		}
	}
}

// TestOpsetTables: every attribute of the tables is one of its operator's, and the newest number of inputs is the reader's.
func TestOpsetTables(t *testing.T) {
	for name, list := range lifetimesOf {
		for _, l := range list {
			if !strings.Contains(" "+string(registry[name].attrs), fmt.Sprintf(" %s:", l.attribute)) {
				t.Errorf("%s has no attribute %q", name, l.attribute)
			}
		}
	}
	for name, list := range aritiesOf {
		least, most := 99, 0
		for i, a := range list {
			least, most = min(least, a.fewest), max(most, a.most)
			if i > 0 && a.since >= list[i-1].since {
				t.Errorf("%s: opset %d stands behind %d", name, a.since, list[i-1].since)
			}
		}
		if want := [2]int{least, most}; registry[name].inputs != want {
			t.Errorf("%s has %v inputs, in some opset %v", name, registry[name].inputs, want)
		}
	}
}
