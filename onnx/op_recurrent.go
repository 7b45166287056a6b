package onnx

import (
	"slices"
	"strings"

	"github.com/dqa-go/dqa/graph"
)

// recurrentOperators go through a sequence step by step.
var recurrentOperators = table{
	"RNN":  {inputs: [2]int{3, 6}, outputs: 2, attrs: recurrentAttrs, lower: lowerRecurrent},
	"GRU":  {inputs: [2]int{3, 6}, outputs: 2, attrs: recurrentAttrs + "linear_before_reset:i", lower: lowerRecurrent},
	"LSTM": {inputs: [2]int{3, 8}, outputs: 3, attrs: recurrentAttrs + "input_forget:i", lower: lowerRecurrent},
}

const recurrentAttrs = "hidden_size:i direction:s activations:S activation_alpha:F activation_beta:F clip:f layout:i "

var recurrentDefaults = map[string]struct {
	gates       int
	activations []string
}{"RNN": {1, []string{"Tanh"}}, "GRU": {3, []string{"Sigmoid", "Tanh"}}, "LSTM": {4, []string{"Sigmoid", "Tanh", "Tanh"}}}

func lowerRecurrent(c *call) error {
	a, s, def := c.node.Attrs, c.shape(0), recurrentDefaults[c.node.Op]
	for _, name := range []string{"clip", "layout", "input_forget", "activation_alpha", "activation_beta"} {
		if v, ok := a[name]; ok && v != int64(0) {
			return refuse("attribute %q", name)
		}
	}
	n, direction := 1, a.String("direction", "forward")
	switch direction {
	case "forward", "reverse":
	case "bidirectional":
		n = 2
	default:
		return invalid("direction %q", direction)
	}
	if len(s) != 3 || s[1] != 1 {
		return refuse("a sequence of shape %v: (steps, 1, elements) is supported", s)
	}
	activations, _ := a["activations"].([]string)
	if activations == nil {
		activations = slices.Repeat(def.activations, n)
	}
	for i, f := range activations {
		known := []string{"Sigmoid", "Tanh", "Relu", "Softsign", "Softplus", "HardSigmoid"}
		at := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, f) })
		if at < 0 || len(activations) != n*len(def.activations) {
			return refuse("activations %q", activations)
		}
		activations = slices.Clone(activations)
		activations[i] = known[at]
	}
	if c.has(4) { // lengths of the sequences
		if t, err := c.ints(4, "sequence_lens"); err != nil || len(t) != 1 || t[0] != int64(s[0]) {
			return refuse("sequences of different lengths")
		}
	}
	inputs, hidden, err := c.recurrentWeights(n, def.gates, s[2])
	if err != nil {
		return err
	}
	attrs := graph.Attributes{"hidden_size": int64(hidden), "direction": direction, "activations": strings.Join(activations, " "),
		"linear_before_reset": truth(a.Int("linear_before_reset", 0) != 0)}
	if c.has(7) {
		if p, err := c.floats(7, "peepholes"); err != nil || slices.ContainsFunc(p, func(v float32) bool { return v != 0 }) {
			return refuse("peepholes")
		}
	}
	states := map[string]int{"LSTM": 2}[c.node.Op] + 1
	shapes := append([][]int{{s[0], n, 1, hidden}}, slices.Repeat([][]int{{n, 1, hidden}}, max(1, states-1))...)
	outs := append(slices.Clone(c.node.Outputs), "", "", "")[:len(shapes)]
	return c.emitAll(outs, c.node.Op, inputs, attrs, shapes)
}

// recurrentWeights are the inputs of the canonical node: absent ones are zeros.
func (c *call) recurrentWeights(n, gates, elements int) (inputs []string, hidden int, err error) {
	w, r := c.shape(1), c.shape(2)
	if len(w) != 3 || len(r) != 3 || w[0] != n || r[0] != n || w[1] != gates*r[2] || r[1] != w[1] || w[2] != elements || r[2] < 1 {
		return nil, 0, invalid("weights of shape %v and %v", w, r)
	}
	hidden = r[2]
	for i := 1; i <= 2; i++ {
		if _, err := c.floats(i, "weight"); err != nil {
			return nil, 0, err
		}
	}
	inputs = slices.Clone(c.node.Inputs[:3])
	k := chain{c: c}
	zeros := func(i int, name string, shape ...int) {
		switch {
		case !c.has(i):
			inputs = append(inputs, k.list(name, shape, make([]float32, product(shape))))
		case !slices.Equal(c.shape(i), shape):
			k.err = invalid("%s of shape %v, want %v", name, c.shape(i), shape)
		default:
			inputs = append(inputs, c.node.Inputs[i])
		}
	}
	if _, err := c.floats(3, "bias"); err != nil {
		return nil, 0, err
	}
	zeros(3, "bias", n, 2*gates*hidden)
	zeros(5, "initial_h", n, 1, hidden)
	if c.node.Op == "LSTM" {
		zeros(6, "initial_c", n, 1, hidden)
	}
	return inputs, hidden, k.err
}
