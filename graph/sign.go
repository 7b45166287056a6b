package graph

import "slices"

// positive operators cannot return negative numbers.
var positive = []string{"Relu", "Sigmoid", "HardSigmoid", "Softmax", "Softplus", "Exp", "Sqrt", "Abs", "ArgMax", "Equal",
	"Greater", "GreaterOrEqual"}

// keepers return nothing negative if none of their inputs is negative.
var keepers = []string{
	"Reshape", "Transpose", "Slice", "Split", "Concat", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Identity",
	"MaxPool", "GlobalMaxPool", "AveragePool", "GlobalAveragePool", "Resize", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin",
	"Add", "Mul", "Div", "Min", "Tanh", "HardSwish", "Swish", "Gelu", "Mish", "Elu", "Selu", "LeakyRelu", "Softsign",
	"Erf", "Floor", "Ceil", "Round", "Reciprocal", "Sign", "LRN", "ThresholdedRelu", "Where", "ReduceProd", "CumSum", "Trunc",
}

// firstKeepers do so if their first input has no negative numbers, whatever the others hold.
var firstKeepers = []string{"Gather", "PRelu", "Pow", "Take"}

// NonNegative returns the values that cannot hold a negative number, whatever the input.
func (g *Graph) NonNegative() map[string]bool {
	m := map[string]bool{}
	for _, in := range g.Inputs() {
		m[in.Name] = in.NonNegative
	}
	known := func(v string) bool {
		sign, seen := m[v]
		if t := g.Constants[v]; t != nil && !seen {
			sign = !slices.ContainsFunc(t.Floats, func(f float32) bool { return !(f >= 0) })
			m[v] = sign
		}
		return sign
	}
	for _, n := range g.Nodes {
		for _, o := range n.Outputs {
			m[o] = n.nonNegative(known) || n.Op == "DequantizeLinear" && g.UpFromZero(n)
		}
	}
	return m
}

// UpFromZero tells whether no integer of the range of quantizer n stands for a negative number.
func (g *Graph) UpFromZero(n *Node) bool {
	low := n.Attrs.Float("min", 0)
	above := func(z float32) bool { return z > low }
	negative := func(s float32) bool { return !(s >= 0) }
	return !slices.ContainsFunc(g.Constants[n.Inputs[2]].Floats, above) && !slices.ContainsFunc(g.Constants[n.Inputs[1]].Floats, negative)
}

// nonNegative decides for one node; known tells of an input.
func (n *Node) nonNegative(known func(string) bool) bool {
	all := func() bool { return !slices.ContainsFunc(n.Inputs, func(v string) bool { return !known(v) }) }
	switch {
	case slices.Contains(positive, n.Op):
		return true
	case n.Op == "Clip":
		return n.Attrs.Float("max", 0) >= 0 && (n.Attrs.Float("min", -1) >= 0 || all())
	case n.Op == "Resize" && (n.Attrs.String("mode", "") == "cubic" || n.Attrs.Float("extrapolation_value", 0) < 0):
		return false // cubic interpolation overshoots
	case n.Op == "QuantizeLinear" || n.Op == "Requantize":
		return n.Attrs.Float("min", -1) >= 0
	case n.Op == "GridSample":
		return n.Attrs.String("mode", "") != "cubic" && known(n.Inputs[0])
	case n.Op == "Pad":
		return n.Attrs.Float("value", 0) >= 0 && all()
	case n.Op == "Max":
		return slices.ContainsFunc(n.Inputs, known)
	case slices.Contains(firstKeepers, n.Op):
		return known(n.Inputs[0])
	}
	return slices.Contains(keepers, n.Op) && all()
}

// sequences returns the values of three axes whose channels are axis 1: what convolutions, pools and normalizations
// over channels write, as long as no Transpose or product moves the axes.
func (g *Graph) sequences() map[string]bool {
	m := map[string]bool{}
	for _, in := range g.Inputs() {
		m[in.Name] = in.Sequence
	}
	for _, n := range g.Nodes {
		for _, o := range n.Outputs {
			m[o] = g.isSequence(n, o, m)
		}
	}
	return m
}

func (g *Graph) isSequence(n *Node, out string, before map[string]bool) bool {
	switch n.Op {
	case "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "BatchNormalization", "InstanceNormalization":
		return true
	case "Transpose", "MatMul", "Gemm", "LayerNormalization":
		return false
	case "Reshape":
		from, to := g.Values[n.Inputs[0]].Shape, g.Values[out].Shape
		return before[n.Inputs[0]] && len(to) > 2 && len(from) > 2 && from[1] == to[1] && keepsLength(from, to)
	}
	return slices.ContainsFunc(n.Inputs, func(v string) bool { return before[v] && len(g.Values[v].Shape) == len(g.Values[out].Shape) })
}

// keepsLength tells whether a Reshape only drops or adds axes of one element behind the channels: a flattened image is
// a row of tokens, not a sequence.
func keepsLength(from, to []int) bool {
	long := func(s []int) []int { return slices.DeleteFunc(slices.Clone(s[2:]), func(d int) bool { return d == 1 }) }
	return slices.Equal(long(from), long(to))
}
