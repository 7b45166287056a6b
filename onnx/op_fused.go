package onnx

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// fusedOperators are those of ONNX Runtime's own domain that stand for several of ONNX, as its optimizer writes them.
var fusedOperators = table{
	"com.microsoft.FusedConv": {inputs: [2]int{2, 4},
		attrs: windowAttrs + "group:i activation:s activation_params:F", lower: lowerFusedConv},
	"com.microsoft.FusedGemm": {inputs: [2]int{2, 3},
		attrs: "alpha:f beta:f transA:i transB:i activation:s activation_alpha:f activation_beta:f activation_gamma:f", lower: lowerFusedGemm},
	"com.microsoft.FusedMatMul": {inputs: [2]int{2, 2},
		attrs: "alpha:f transA:i transB:i transBatchA:i transBatchB:i", lower: lowerFusedMatMul},
	"com.microsoft.BiasGelu":                         {inputs: [2]int{2, 2}, lower: lowerBiasGelu},
	"com.microsoft.FastGelu":                         {inputs: [2]int{1, 2}, lower: lowerBiasGelu},
	"com.microsoft.Gelu":                             {inputs: [2]int{1, 1}, lower: lowerBiasGelu},
	"com.microsoft.QuickGelu":                        {inputs: [2]int{1, 1}, attrs: "alpha:f", lower: lowerQuickGelu},
	"com.microsoft.SkipLayerNormalization":           {inputs: [2]int{3, 5}, outputs: 4, attrs: "epsilon:f", lower: lowerSkipNorm},
	"com.microsoft.SkipSimplifiedLayerNormalization": {inputs: [2]int{3, 4}, outputs: 4, attrs: "epsilon:f", lower: lowerSkipNorm},
	"SimplifiedLayerNormalization":                   {inputs: [2]int{2, 2}, attrs: "axis:i epsilon:f stash_type:i", lower: lowerRMSNorm},
	"com.microsoft.SimplifiedLayerNormalization":     {inputs: [2]int{2, 2}, attrs: "axis:i epsilon:f stash_type:i", lower: lowerRMSNorm},
	"com.microsoft.BiasAdd":                          {inputs: [2]int{3, 3}, lower: lowerBiasAdd},
}

// sameInMicrosoft are operators that ONNX Runtime's domain has as ONNX has them.
var sameInMicrosoft = map[string]bool{"Trilu": true, "Pad": false, "GatherND": true}

// wayOut says what can be done about an operator that is not implemented.
func wayOut(n *graph.Node) string {
	switch n.Op {
	case "NonMaxSuppression", "NonZero", "Unique", "Compress", "StringNormalizer", "TfIdfVectorizer":
		return "the size of its result depends on the data; export the model without its post-processing"
	case "Loop", "Scan":
		return "export the model with its loop unrolled, or cut it off before this node"
	case "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli":
		return "its result is random"
	}
	if n.Domain == "com.microsoft" || n.Domain == "com.microsoft.nchwc" || n.Domain == "com.ms.internal.nhwc" {
		return "take the model as it was before ONNX Runtime optimized it"
	}
	if n.Domain != "" {
		return fmt.Sprintf("operators of domain %q are known where the model brings them along as functions", n.Domain)
	}
	return "export the model with other operators, or cut it off before this node"
}

// activation writes the activation of a fused operator.
func (c *call) activation(x, name string, params []float32) error {
	k, s := chain{c: c}, c.values[x].Shape
	param := func(i int, def float32) float32 {
		if i < len(params) {
			return params[i]
		}
		return def
	}
	attrs := graph.Attributes{}
	switch name {
	case "":
		c.alias[c.out(0)] = x
		return nil
	case "Relu", "Sigmoid", "Tanh", "HardSwish", "Softplus", "Softsign":
	case "LeakyRelu":
		attrs["alpha"] = param(0, 0.01)
	case "Elu":
		attrs["alpha"] = param(0, 1)
	case "Clip":
		attrs["min"], attrs["max"] = param(0, -inf), param(1, inf)
	case "HardSigmoid":
		attrs["alpha"], attrs["beta"] = param(0, 0.2), param(1, 0.5)
	default:
		return refuse("activation %q", name)
	}
	k.do(true, name, []string{x}, attrs, s)
	return k.err
}

// part lowers an operator of ONNX as a part of this one and returns its value.
func (c *call) part(op string, inputs []string, attrs graph.Attributes) (string, error) {
	n := *c.node
	n.Op, n.Domain, n.Inputs, n.Attrs = op, "", inputs, attrs
	n.Outputs = []string{c.fresh(c.out(0) + "/" + op)}
	for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == "" {
		n.Inputs = n.Inputs[:len(n.Inputs)-1]
	}
	if err := registry[op].lower(&call{builder: c.builder, node: &n, file: &n}); err != nil {
		return "", err
	}
	return c.resolved(n.Outputs[0]), nil
}

// without copies attributes but for some.
func without(a graph.Attributes, names ...string) graph.Attributes {
	r := graph.Attributes{}
	for k, v := range a {
		if !slices.Contains(names, k) {
			r[k] = v
		}
	}
	return r
}

func lowerFusedConv(c *call) error {
	a := c.node.Attrs
	y, err := c.part("Conv", slices.Clone(c.node.Inputs[:min(3, len(c.node.Inputs))]), without(a, "activation", "activation_params"))
	if err != nil {
		return err
	}
	if c.has(3) {
		if !slices.Equal(c.values[y].Shape, c.shape(3)) {
			return invalid("an addend of shape %v for %v", c.shape(3), c.values[y].Shape)
		}
		if y, err = c.step("Add", []string{y, c.node.Inputs[3]}, nil, c.values[y].Shape); err != nil {
			return err
		}
	}
	return c.activation(y, a.String("activation", ""), a.Floats("activation_params"))
}

func lowerFusedGemm(c *call) error {
	a := c.node.Attrs
	names := []string{"activation", "activation_alpha", "activation_beta", "activation_gamma"}
	y, err := c.part("Gemm", slices.Clone(c.node.Inputs), without(a, names...))
	if err != nil {
		return err
	}
	var params []float32
	for _, name := range names[1:] {
		if v, ok := a[name].(float32); ok {
			params = append(params, v)
		}
	}
	return c.activation(y, a.String("activation", ""), params)
}

func lowerFusedMatMul(c *call) error {
	a := c.node.Attrs
	if a.Int("transBatchA", 0) != 0 || a.Int("transBatchB", 0) != 0 {
		return refuse("transposed batches")
	}
	in := slices.Clone(c.node.Inputs)
	for i, name := range []string{"transA", "transB"} {
		s := c.values[in[i]].Shape
		if a.Int(name, 0) == 0 || len(s) < 2 {
			continue
		}
		perm, shape := make([]int64, len(s)), slices.Clone(s)
		for k := range perm {
			perm[k] = int64(k)
		}
		n := len(s)
		perm[n-1], perm[n-2] = perm[n-2], perm[n-1]
		shape[n-1], shape[n-2] = shape[n-2], shape[n-1]
		var err error
		if in[i], err = c.step("Transpose", []string{in[i]}, graph.Attributes{"perm": perm}, shape); err != nil {
			return err
		}
	}
	y, err := c.part("MatMul", in, graph.Attributes{})
	if err != nil {
		return err
	}
	if y, err = c.times(y, a.Float("alpha", 1)); err != nil {
		return err
	}
	c.alias[c.out(0)] = y
	return nil
}

// lowerBiasGelu is Gelu of the sum with an optional bias; FastGelu by tanh.
func lowerBiasGelu(c *call) error {
	x, s := c.node.Inputs[0], c.shape(0)
	if c.has(1) {
		shape, err := broadcast(s, c.shape(1))
		if err != nil || !slices.Equal(shape, s) {
			return invalid("a bias of shape %v for %v", c.shape(1), s)
		}
		if x, err = c.step("Add", []string{x, c.node.Inputs[1]}, nil, s); err != nil {
			return err
		}
	}
	mode := "none"
	if c.node.Op == "FastGelu" {
		mode = "tanh"
	}
	return c.emit("Gelu", []string{x}, graph.Attributes{"approximate": mode}, s)
}

func lowerQuickGelu(c *call) error {
	return c.emit("Swish", c.node.Inputs, graph.Attributes{"alpha": c.node.Attrs.Float("alpha", 1.702)}, c.shape(0))
}

// lowerSkipNorm adds two inputs (and a bias) and normalizes the sum, which output 3 is.
func lowerSkipNorm(c *call) error {
	s := c.shape(0)
	simple := c.node.Op == "SkipSimplifiedLayerNormalization"
	bias := 4
	if simple {
		bias = 3
	}
	if len(s) == 0 {
		return invalid("its input has no axes")
	}
	if shape, err := broadcast(s, c.shape(1)); err != nil || !slices.Equal(shape, s) {
		return invalid("inputs of shape %v and %v", s, c.shape(1))
	}
	for _, o := range c.node.Outputs[min(1, len(c.node.Outputs)):min(3, len(c.node.Outputs))] {
		if o != "" && c.read[o] {
			return refuse("its output %q is not supported", o)
		}
	}
	x, err := c.step("Add", []string{c.node.Inputs[0], c.node.Inputs[1]}, nil, s)
	if err != nil {
		return err
	}
	if c.has(bias) {
		if shape, err := broadcast(s, c.shape(bias)); err != nil || !slices.Equal(shape, s) {
			return invalid("a bias of shape %v for %v", c.shape(bias), s)
		}
		if x, err = c.step("Add", []string{x, c.node.Inputs[bias]}, nil, s); err != nil {
			return err
		}
	}
	if o := c.out(3); o != "" {
		c.alias[o] = x
	}
	epsilon := c.node.Attrs.Float("epsilon", 1e-12)
	if simple {
		k := chain{c: c}
		return k.rms(x, c.node.Inputs[2], len(s)-1, epsilon)
	}
	in := []string{x, c.node.Inputs[2]}
	if c.has(3) {
		in = append(in, c.node.Inputs[3])
	}
	y, err := c.part("LayerNormalization", in, graph.Attributes{"axis": int64(-1), "epsilon": epsilon})
	if err != nil {
		return err
	}
	c.alias[c.out(0)] = y
	return nil
}

func lowerBiasAdd(c *call) error {
	s := c.shape(0)
	for i := 1; i <= 2; i++ {
		if shape, err := broadcast(s, c.shape(i)); err != nil || !slices.Equal(shape, s) {
			return invalid("inputs of shape %v and %v", s, c.shape(i))
		}
	}
	x, err := c.step("Add", c.node.Inputs[:2], nil, s)
	if err != nil {
		return err
	}
	return c.emit("Add", []string{x, c.node.Inputs[2]}, nil, s)
}
