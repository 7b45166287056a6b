package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// quantizedOperators compute on integers of few bits. Sums of products are exact in floats as long as they stay below
// 1<<24, as those of usual layers do; they are scaled and rounded as ONNX Runtime does it (Requantize).
var quantizedOperators = table{
	"QLinearConv":           {since: 10, inputs: [2]int{8, 9}, attrs: windowAttrs + "group:i", lower: lowerQLinearConv},
	"QLinearMatMul":         {since: 10, inputs: [2]int{8, 8}, lower: lowerQLinearMatMul},
	"ConvInteger":           {since: 10, inputs: [2]int{2, 4}, attrs: windowAttrs + "group:i", lower: lowerConvInteger},
	"MatMulInteger":         {since: 10, inputs: [2]int{2, 4}, lower: lowerMatMulInteger},
	"DynamicQuantizeLinear": {since: 11, inputs: [2]int{1, 1}, outputs: 3, lower: lowerDynamicQuantize},
	"Requantize":            {}, // made from the above
	"QuantizedAdd":          {}, // made from QLinearAdd

	"com.microsoft.QLinearAdd":               {inputs: [2]int{7, 8}, lower: lowerQLinearBinary},
	"com.microsoft.QLinearMul":               {inputs: [2]int{7, 8}, lower: lowerQLinearBinary},
	"com.microsoft.QLinearSigmoid":           {inputs: [2]int{4, 5}, lower: lowerQLinearUnary},
	"com.microsoft.QLinearLeakyRelu":         {inputs: [2]int{4, 5}, attrs: "alpha:f", lower: lowerQLinearUnary},
	"com.microsoft.QLinearGlobalAveragePool": {inputs: [2]int{5, 5}, attrs: "channels_last:i", lower: lowerQLinearUnary},
	"com.microsoft.QLinearAveragePool": {inputs: [2]int{4, 5}, attrs: windowAttrs +
		"ceil_mode:i count_include_pad:i channels_last:i", lower: lowerQLinearUnary},
	"com.microsoft.QuantizeLinear":   {inputs: [2]int{2, 3}, attrs: "axis:i", lower: lowerQuantize},
	"com.microsoft.DequantizeLinear": {inputs: [2]int{2, 3}, attrs: "axis:i", lower: lowerDequantize},
}

// integerInput returns input i minus its zero point, input z, which must be constant; absent: 0.
func (c *call) integerInput(i, z int) (string, kind, error) {
	k, ok := c.kind(i)
	if _, whole := integers[k.elem]; !ok || !whole || !k.fits(k.elem) || ranges[k.elem].high > 255 {
		return "", k, invalid("input %d must hold integers of 8 bits", i)
	}
	if err := c.asFloats(i); err != nil {
		return "", k, err
	}
	zero, err := c.zeroOf(z, k.elem)
	if err != nil {
		return "", k, err
	}
	if len(zero) > 1 && slices.Min(zero) != slices.Max(zero) {
		return "", k, refuse("a zero point per channel of an activation")
	}
	whole := ranges[k.elem]
	if len(zero) == 0 || zero[0] == 0 {
		return c.node.Inputs[i], whole, nil
	}
	x, err := c.dequantized(c.node.Inputs[i], 1, zero[0], whole)
	return x, kind{k.elem, whole.low - float64(zero[0]), whole.high - float64(zero[0])}, err
}

// zeroOf reads the zero points of integers of a type, which must be of that type, too; a folded constant has forgotten its
// own.
func (c *call) zeroOf(z int, elem elementType) ([]int64, error) {
	zero, err := c.ints(z, "zero point")
	if err != nil {
		return nil, err
	}
	if t := c.tensor(z); t != nil && t.Elem != 0 && elementType(t.Elem) != elem {
		return nil, invalid("integers of type %s and a zero point of type %s", elem, elementType(t.Elem))
	}
	for _, v := range zero {
		if !(kind{elem, float64(v), float64(v)}).fits(elem) {
			return nil, invalid("zero point %d does not fit %s", v, elem)
		}
	}
	return zero, nil
}

// dequantized writes DequantizeLinear with one scale and zero point.
func (c *call) dequantized(x string, scale float32, zero int64, of kind) (string, error) {
	k := chain{c: c}
	v := k.do(false, "DequantizeLinear", []string{x, k.list("scale", []int{1}, []float32{scale}),
		k.list("zero", []int{1}, []float32{float32(zero)})},
		graph.Attributes{"axis": int64(0), "min": float32(of.low), "max": float32(of.high)}, c.values[x].Shape)
	return v, k.err
}

// weightsOf returns constant integers minus zero points, one or one per first (or last) axis, as floats.
func (c *call) weightsOf(i, z int, last bool) (*graph.Tensor, error) {
	w, err := c.fixed(i, "weight")
	if err != nil {
		return nil, err
	}
	if w.Type != graph.Int64 || len(w.Shape) < 1 {
		return nil, invalid("weights must be integers")
	}
	elem := elementType(w.Elem)
	if elem == 0 {
		elem = c.kindOfZero(z)
	}
	zero, err := c.zeroOf(z, elem)
	if err != nil {
		return nil, err
	}
	n, inner := w.Shape[0], product(w.Shape[1:])
	if last {
		n, inner = w.Shape[len(w.Shape)-1], 1
	}
	if len(zero) == 0 {
		zero = []int64{0}
	}
	if len(zero) != 1 && len(zero) != n {
		return nil, invalid("%d zero points for %d filters", len(zero), n)
	}
	if _, err := c.reserve(w.Shape); err != nil {
		return nil, err
	}
	t := emptyLike(&graph.Tensor{Type: graph.Float32}, w.Shape)
	for k, v := range w.Ints {
		t.Floats[k] = float32(v - zero[k/inner%n%len(zero)])
	}
	return t, nil
}

// scale reads constant positive scales.
func (c *call) scales(i int, what string) ([]float32, error) {
	if _, err := c.fixed(i, what); err != nil {
		return nil, err
	}
	v, err := c.floats(i, what)
	for _, s := range v {
		if !(s > 0) {
			return nil, refuse("scale %g", s)
		}
	}
	if err == nil && len(v) == 0 {
		err = invalid("%s is empty", what)
	}
	return v, err
}

// requantized writes the integers round(x * factor) + zero of the type of input z. axis is that of the factors.
func (c *call) requantized(x string, factor []float32, z, axis int) error {
	zero, err := c.zeroOf(z, c.kindOfZero(z))
	if err != nil {
		return err
	}
	if len(zero) > 1 {
		return refuse("%d zero points", len(zero))
	}
	point := int64(0)
	if len(zero) > 0 {
		point = zero[0]
	}
	return c.requantizedBy(x, factor, point, c.kindOfZero(z), axis)
}

// kindOfZero is the type of a result by that of its zero point.
func (c *call) kindOfZero(z int) elementType {
	if t := c.tensor(z); t != nil && t.Elem != 0 {
		return elementType(t.Elem)
	}
	return onnxpb.TensorProto_UINT8
}

func (c *call) requantizedBy(x string, factor []float32, zero int64, elem elementType, axis int) error {
	r, narrow := integers[elem]
	if !narrow {
		return refuse("results of type %s", elem)
	}
	c.mark(ranges[elem])
	k := chain{c: c}
	n := len(factor)
	k.do(true, "Requantize", []string{x, k.list("factor", []int{n}, factor),
		k.list("zero", []int{n}, slices.Repeat([]float32{float32(zero)}, n))},
		graph.Attributes{"axis": int64(axis), "min": float32(r.low), "max": float32(r.high)}, c.values[x].Shape)
	return k.err
}

// factors are a * b / y for every b.
func factors(a, b, y []float32) []float32 {
	f := make([]float32, len(b))
	for i := range f {
		f[i] = float32(a[0]*b[i]) / y[0]
	}
	return f
}

func (c *call) threeScales(a, b, y int) (f []float32, err error) {
	x, err := c.scales(a, "scale of the input")
	if err != nil {
		return nil, err
	}
	w, err := c.scales(b, "scale of the weight")
	if err != nil {
		return nil, err
	}
	out, err := c.scales(y, "scale of the result")
	if err != nil {
		return nil, err
	}
	if len(x) != 1 || len(out) != 1 {
		return nil, refuse("scales per channel of activations")
	}
	return factors(x, w, out), nil
}

// integerConv writes Conv of integers x with the weights w and a constant bias, which may be nil.
func (c *call) integerConv(x string, w *graph.Tensor, bias []int64, last bool) (string, error) {
	s := c.values[x].Shape
	group := int64(c.node.Attrs.Int("group", 1))
	if len(s) != len(w.Shape) || len(s) < 3 || group < 1 || group > MaxElements || int64(s[1]) != int64(w.Shape[1])*group ||
		int64(w.Shape[0])%group != 0 {
		return "", invalid("weights of shape %v in %d groups do not fit %v", w.Shape, group, s)
	}
	g, err := c.window(toInt64s(w.Shape[2:]))
	if err != nil {
		return "", err
	}
	spatial, err := g.output(s[2:], false)
	if err != nil {
		return "", err
	}
	k := chain{c: c}
	weight, err := c.addedOf("weight", w.Shape, func() *graph.Tensor { return w })
	if err != nil {
		return "", err
	}
	inputs := []string{x, weight}
	if bias != nil {
		if err := sized(bias, w.Shape[0], "bias"); err != nil {
			return "", err
		}
		b := make([]float32, len(bias))
		for i, v := range bias {
			b[i] = float32(v)
		}
		inputs = append(inputs, k.list("bias", []int{len(b)}, b))
	}
	attrs := g.attributes()
	attrs["group"] = group
	shape := append([]int{s[0], w.Shape[0]}, spatial...)
	return k.do(last, "Conv", inputs, attrs, shape), k.err
}

func lowerQLinearConv(c *call) error {
	w, err := c.weightsOf(3, 5, false)
	if err != nil {
		return err
	}
	bias, err := c.ints(8, "bias")
	if err != nil {
		return err
	}
	factor, err := c.threeScales(1, 4, 6)
	if err != nil {
		return err
	}
	if len(factor) != 1 && len(factor) != w.Shape[0] {
		return invalid("%d scales for %d filters", len(factor), w.Shape[0])
	}
	x, _, err := c.integerInput(0, 2)
	if err != nil {
		return err
	}
	y, err := c.integerConv(x, w, bias, false)
	if err != nil {
		return err
	}
	return c.requantized(y, factor, 7, 1)
}

func lowerConvInteger(c *call) error {
	w, err := c.weightsOf(1, 3, false)
	if err != nil {
		return err
	}
	x, k, err := c.dynamicInput(0, 2)
	if err != nil {
		return err
	}
	if _, err := c.integerConv(x, w, nil, true); err != nil {
		return err
	}
	return c.markSums(k, product(w.Shape[1:]))
}

// dynamicInput is integerInput for a zero point that may be computed.
func (c *call) dynamicInput(i, z int) (string, kind, error) {
	if !c.has(z) || c.tensor(z) != nil {
		return c.integerInput(i, z)
	}
	x, k, err := c.integerInput(i, len(c.node.Inputs))
	if err != nil {
		return "", k, err
	}
	if own, _ := c.kind(z); own.elem != k.elem || product(c.shape(z)) != 1 {
		return "", k, invalid("a zero point of type %s and shape %v", own.elem, c.shape(z))
	}
	y, err := c.step("Sub", []string{x, c.node.Inputs[z]}, nil, c.values[x].Shape)
	return y, kind{k.elem, -255, 255}, err
}

// markSums says that the result holds sums of n products of integers of 9 bits.
func (c *call) markSums(k kind, n int) error {
	top := 256 * 256 * float64(n)
	c.mark(kind{onnxpb.TensorProto_INT32, -top, top})
	return nil
}

func lowerMatMulInteger(c *call) error {
	a, k, err := c.dynamicInput(0, 2)
	if err != nil {
		return err
	}
	b, err := c.rightSide(1, 3)
	if err != nil {
		return err
	}
	c.node.Inputs = []string{a, b}
	if err := lowerMatMul(c); err != nil {
		return err
	}
	return c.markSums(k, c.values[b].Shape[max(0, len(c.values[b].Shape)-2)])
}

// rightSide is the second factor of a product of integers: constant, or computed.
func (c *call) rightSide(i, z int) (string, error) {
	if c.tensor(i) == nil {
		x, _, err := c.dynamicInput(i, z)
		return x, err
	}
	w, err := c.weightsOf(i, z, true)
	if err != nil {
		return "", err
	}
	return c.addedOf("weight", w.Shape, func() *graph.Tensor { return w })
}

func lowerQLinearMatMul(c *call) error {
	factor, err := c.threeScales(1, 4, 6)
	if err != nil {
		return err
	}
	a, _, err := c.integerInput(0, 2)
	if err != nil {
		return err
	}
	b, err := c.rightSide(3, 5)
	if err != nil {
		return err
	}
	y, err := c.multiplied(a, b)
	if err != nil {
		return err
	}
	s := c.values[y].Shape
	if len(factor) != 1 && (len(s) == 0 || len(factor) != s[len(s)-1]) {
		return invalid("%d scales for a result of %v", len(factor), s)
	}
	return c.requantized(y, factor, 7, len(s)-1)
}

// multiplied writes a product of matrices under a new name.
func (c *call) multiplied(a, b string) (string, error) {
	n := *c.node
	n.Op, n.Inputs, n.Outputs = "MatMul", []string{a, b}, []string{c.fresh(c.out(0) + "/MatMul")}
	sub := &call{builder: c.builder, node: &n, file: c.file}
	if err := lowerMatMul(sub); err != nil {
		return "", err
	}
	return c.resolved(n.Outputs[0]), nil
}

// lowerDynamicQuantize computes scale and zero point of the input's own range.
func lowerDynamicQuantize(c *call) error {
	s, k := c.shape(0), chain{c: c}
	if c.tensor(0) != nil {
		return refuse("of constants")
	}
	x, axes := c.node.Inputs[0], make([]int64, len(s))
	for i := range axes {
		axes[i] = int64(i)
	}
	zero, whole := k.number("none", 0), graph.Attributes{"axes": axes, "keepdims": int64(0)}
	high := k.do(false, "Max", []string{k.do(false, "ReduceMax", []string{x}, whole, []int{}), zero}, nil, []int{})
	low := k.do(false, "Min", []string{k.do(false, "ReduceMin", []string{x}, whole, []int{}), zero}, nil, []int{})
	span := k.do(false, "Sub", []string{high, low}, nil, []int{})
	empty := k.do(false, "Equal", []string{span, zero}, nil, []int{})
	scale := k.do(false, "Div", []string{span, k.number("levels", 255)}, nil, []int{})
	scale = k.do(false, "Where", []string{empty, k.number("one", 1), scale}, nil, []int{})
	point := k.do(false, "Div", []string{low, scale}, nil, []int{})
	point = k.do(false, "Neg", []string{point}, nil, []int{})
	byteRange := graph.Attributes{"min": float32(0), "max": float32(255)}
	point = k.do(false, "Clip", []string{point}, byteRange, []int{})
	point = k.do(false, "Round", []string{point}, nil, []int{})
	y := k.do(false, "Div", []string{x, scale}, nil, s)
	y = k.do(false, "Round", []string{y}, nil, s)
	y = k.do(false, "Add", []string{y, point}, nil, s)
	k.do(true, "Clip", []string{y}, byteRange, s)
	if k.err != nil {
		return k.err
	}
	c.mark(ranges[onnxpb.TensorProto_UINT8])
	if o := c.out(1); o != "" {
		c.alias[o] = scale
	}
	if o := c.out(2); o != "" {
		c.alias[o] = point
		c.kinds[o] = ranges[onnxpb.TensorProto_UINT8]
	}
	return nil
}

// lowerQLinearBinary is (a - zero) scale op (b - zero) scale, brought to the scale of the result as ONNX Runtime does it:
// a sum with all that is constant in it put together first.
func lowerQLinearBinary(c *call) error {
	var scale, zero [3]float32
	for i, at := range []int{1, 4, 6} {
		v, err := c.scales(at, "scale")
		if err != nil {
			return err
		}
		z, err := c.ints(at+1, "zero point")
		if err != nil {
			return err
		}
		if len(v) != 1 || len(z) > 1 {
			return refuse("%d scales and %d zero points", len(v), len(z))
		}
		if scale[i] = v[0]; len(z) > 0 {
			zero[i] = float32(z[0])
		}
	}
	shape, err := broadcast(c.shape(0), c.shape(3))
	if err != nil {
		return err
	}
	if c.node.Op == "QLinearMul" {
		a, _, err := c.integerInput(0, 2)
		if err != nil {
			return err
		}
		b, _, err := c.integerInput(3, 5)
		if err != nil {
			return err
		}
		y, err := c.step("Mul", []string{a, b}, nil, shape)
		if err != nil {
			return err
		}
		return c.requantized(y, []float32{float32(scale[0]*scale[1]) / scale[2]}, 7, 0)
	}
	k, ok := c.kind(0)
	other, also := c.kind(3)
	if !ok || !also || k.elem != other.elem {
		return invalid("its inputs must hold integers of one type")
	}
	for _, z := range []int{2, 5, 7} {
		if _, err := c.zeroOf(z, k.elem); err != nil {
			return err
		}
	}
	for _, i := range []int{0, 3} {
		if err := c.asFloats(i); err != nil {
			return err
		}
	}
	whole := ranges[k.elem]
	c.mark(whole)
	a, b := scale[0]/scale[2], scale[1]/scale[2]
	attrs := graph.Attributes{"a": a, "b": b, "shift": zero[2] - fma(a, zero[0], float32(b*zero[1])),
		"min": float32(whole.low), "max": float32(whole.high)}
	return c.emit("QuantizedAdd", []string{c.node.Inputs[0], c.node.Inputs[3]}, attrs, shape)
}

// fma is x*y + z, rounded once.
func fma(x, y, z float32) float32 { return float32(float64(x)*float64(y) + float64(z)) }

// lowerQLinearUnary computes in floats between two scales. An average over all pixels is one of the integers; the other
// averages add the zero point before they round.
func lowerQLinearUnary(c *call) error {
	in, err := c.scales(1, "scale of the input")
	if err != nil {
		return err
	}
	out, err := c.scales(3, "scale of the result")
	if err != nil {
		return err
	}
	if len(in) != 1 || len(out) != 1 || c.node.Attrs.Int("channels_last", 0) != 0 {
		return refuse("scales per channel, or channels last")
	}
	x, _, err := c.integerInput(0, 2)
	if err != nil {
		return err
	}
	k, s := chain{c: c}, c.shape(0)
	if c.node.Op == "QLinearGlobalAveragePool" {
		if len(s) < 3 {
			return invalid("it has %d axes, 3 or more are needed", len(s))
		}
		axes, shape := []int64{}, slices.Clone(s)
		for a := 2; a < len(s); a++ {
			axes, shape[a] = append(axes, int64(a)), 1
		}
		y := k.do(false, "ReduceSum", []string{x}, graph.Attributes{"axes": axes, "keepdims": int64(1)}, shape)
		if k.err != nil {
			return k.err
		}
		return c.requantized(y, []float32{in[0] / float32(out[0]*float32(product(s[2:])))}, 4, 0)
	}
	if x = k.do(false, "Mul", []string{x, k.number("scale", in[0])}, nil, s); k.err != nil {
		return k.err
	}
	op := c.node.Op[len("QLinear"):]
	y, err := c.part(op, []string{x}, without(c.node.Attrs, "channels_last"))
	if err != nil {
		return err
	}
	y = k.do(false, "Div", []string{y, k.number("out", out[0])}, nil, c.values[y].Shape)
	zero, err := c.zeroOf(4, c.kindOfZero(4))
	switch {
	case k.err != nil:
		return k.err
	case err != nil:
		return err
	case op != "AveragePool" || len(zero) != 1:
		return c.requantized(y, []float32{1}, 4, 0)
	}
	y = k.do(false, "Add", []string{y, k.number("point", float32(zero[0]))}, nil, c.values[y].Shape)
	if k.err != nil {
		return k.err
	}
	return c.requantizedBy(y, []float32{1}, 0, c.kindOfZero(4), 0)
}
