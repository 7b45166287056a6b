package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// convOperators slide a window over the spatial axes.
var convOperators = table{
	"Conv":              {inputs: [2]int{2, 3}, attrs: windowAttrs + "group:i", lower: lowerConv},
	"ConvTranspose":     {inputs: [2]int{2, 3}, attrs: windowAttrs + "group:i output_padding:I output_shape:I", lower: lowerConvTranspose},
	"MaxPool":           {inputs: [2]int{1, 1}, attrs: windowAttrs + "ceil_mode:i storage_order:i", lower: lowerPool},
	"AveragePool":       {inputs: [2]int{1, 1}, attrs: windowAttrs + "ceil_mode:i count_include_pad:i", lower: lowerPool},
	"GlobalAveragePool": {inputs: [2]int{1, 1}, lower: lowerGlobalPool},
	"GlobalMaxPool":     {inputs: [2]int{1, 1}, lower: lowerGlobalPool},
}

const windowAttrs = "auto_pad:s kernel_shape:I strides:I dilations:I pads:I "

// window is the geometry that convolutions and pools share; one entry per spatial axis, pads begins then ends.
type window struct {
	kernel, strides, dilations, pads []int64
	auto                             string
	partial                          bool // a window larger than its input counts, as in ONNX Runtime
}

// window reads and checks the geometry; kernel is what the weights say, nil for pools.
func (c *call) window(kernel []int64) (window, error) {
	rank := len(c.shape(0)) - 2
	if rank < 1 || rank > 3 || rank == 3 && c.node.Op == "ConvTranspose" {
		return window{}, refuse("%d spatial axes, 1 to 3 are supported (ConvTranspose: 1 or 2)", rank)
	}
	a := c.node.Attrs
	w := window{
		kernel:    orDefault(a.Ints("kernel_shape"), kernel),
		strides:   orDefault(a.Ints("strides"), slices.Repeat([]int64{1}, rank)),
		dilations: orDefault(a.Ints("dilations"), slices.Repeat([]int64{1}, rank)),
		pads:      orDefault(a.Ints("pads"), make([]int64, 2*rank)),
		auto:      a.String("auto_pad", "NOTSET"),
	}
	if kernel != nil && !slices.Equal(w.kernel, kernel) {
		return w, invalid("kernel_shape %v does not fit weights of %v", w.kernel, kernel)
	}
	switch w.auto {
	case "NOTSET":
	case "VALID":
		w.pads = make([]int64, 2*rank)
	case "SAME_UPPER", "SAME_LOWER":
		w.pads = make([]int64, 2*rank) // the operator settles them
	default:
		return w, invalid("auto_pad %q", w.auto)
	}
	return w, w.check(rank)
}

func orDefault(list, def []int64) []int64 {
	if list == nil {
		return def
	}
	return slices.Clone(list)
}

func (w window) check(rank int) error {
	for _, l := range []struct {
		list []int64
		n    int
		low  int64
		what string
	}{{w.kernel, rank, 1, "kernel_shape"}, {w.strides, rank, 1, "strides"}, {w.dilations, rank, 1, "dilations"}, {w.pads, 2 * rank, 0, "pads"}} {
		if err := sized(l.list, l.n, l.what); err != nil {
			return err
		}
		if err := within(l.list, l.low, l.what); err != nil {
			return err
		}
	}
	return nil
}

// span is how many input elements the kernel covers on axis i.
func (w window) span(i int) int64 { return (w.kernel[i]-1)*w.dilations[i] + 1 }

// same turns auto_pad SAME into explicit pads; total is how much axis i needs.
func (w window) same(total func(i int) int64) {
	if w.auto != "SAME_UPPER" && w.auto != "SAME_LOWER" {
		return
	}
	for i := range w.kernel {
		t := max(0, total(i))
		w.split(i, t, w.auto == "SAME_UPPER")
	}
}

// split puts the smaller half of an axis' padding first, or last.
func (w window) split(i int, total int64, smallFirst bool) {
	half, rest := total/2, total-total/2
	if !smallFirst {
		half, rest = rest, half
	}
	w.pads[i], w.pads[len(w.kernel)+i] = half, rest
}

// output is the size of the result on each spatial axis of s. With ceil the last window may stick out, but must start
// inside the input or the padding before it.
func (w window) output(s []int, ceil bool) ([]int, error) {
	w.same(func(i int) int64 {
		d := int64(s[i])
		return ((d+w.strides[i]-1)/w.strides[i]-1)*w.strides[i] + w.span(i) - d
	})
	out := make([]int, len(s))
	for i, d := range s {
		before, stride := w.pads[i], w.strides[i]
		room := int64(d) + before + w.pads[len(s)+i] - w.span(i)
		if room < 0 && room+stride > 0 && w.partial { // one window, of which a part lies inside
			out[i] = 1
			continue
		}
		if room < 0 {
			return nil, invalid("a window of %d does not fit into %d with padding %v", w.span(i), d, w.pads)
		}
		n := room/stride + 1
		if ceil && room%stride != 0 && n*stride < int64(d)+before {
			n++
		}
		out[i] = int(n)
	}
	return out, nil
}

func (w window) attributes() graph.Attributes {
	return graph.Attributes{"kernel_shape": w.kernel, "strides": w.strides, "dilations": w.dilations, "pads": w.pads}
}

// weights returns the constant weights of a convolution, whose input must have channels as the group count allows.
func (c *call) weights() (*graph.Tensor, int64, error) {
	w, err := c.fixed(1, "weight")
	if err != nil {
		return nil, 0, err
	}
	group := int64(c.node.Attrs.Int("group", 1))
	if w.Type != graph.Float32 || len(w.Shape) != len(c.shape(0)) || len(w.Shape) < 3 {
		return nil, 0, invalid("weights of shape %v do not fit an input of shape %v", w.Shape, c.shape(0))
	}
	if group < 1 || group > MaxElements {
		return nil, 0, invalid("group %d", group)
	}
	return w, group, nil
}

// bias checks an optional constant bias of n elements.
func (c *call) bias(i, n int) error {
	v, err := c.floats(i, "bias")
	if err != nil || v == nil && !c.has(i) {
		return err
	}
	return sized(v, n, "bias")
}

func lowerConv(c *call) error {
	weight, group, err := c.weights()
	if err != nil {
		return err
	}
	s, ws := c.shape(0), weight.Shape
	if int64(s[1]) != int64(ws[1])*group || int64(ws[0])%group != 0 {
		return invalid("weights of shape %v in %d groups do not fit %d channels", ws, group, s[1])
	}
	w, err := c.window(toInt64s(ws[2:]))
	if err != nil {
		return err
	}
	if err := c.bias(2, ws[0]); err != nil {
		return err
	}
	spatial, err := w.output(s[2:], false)
	if err != nil {
		return err
	}
	attrs := w.attributes()
	attrs["group"] = group
	return c.emit("Conv", c.node.Inputs, attrs, append([]int{s[0], ws[0]}, spatial...))
}

func lowerConvTranspose(c *call) error {
	weight, group, err := c.weights()
	if err != nil {
		return err
	}
	s, ws := c.shape(0), weight.Shape
	if s[1] != ws[0] || int64(s[1])%group != 0 {
		return invalid("weights of shape %v in %d groups do not fit %d channels", ws, group, s[1])
	}
	channels := int64(ws[1]) * group
	if channels > MaxElements {
		return invalid("group %d", group)
	}
	w, err := c.window(toInt64s(ws[2:]))
	if err != nil {
		return err
	}
	if err := c.bias(2, int(channels)); err != nil {
		return err
	}
	extra := orDefault(c.node.Attrs.Ints("output_padding"), make([]int64, len(ws)-2))
	if err := sized(extra, len(ws)-2, "output_padding"); err != nil {
		return err
	}
	if err := within(extra, 0, "output_padding"); err != nil {
		return err
	}
	spatial, err := w.transposed(s[2:], extra, c.node.Attrs.Ints("output_shape"))
	if err != nil {
		return err
	}
	attrs := w.attributes()
	attrs["group"], attrs["output_padding"] = group, extra
	return c.emit("ConvTranspose", c.node.Inputs, attrs, append([]int{s[0], int(channels)}, spatial...))
}

// transposed is the output size of a ConvTranspose; want is its output_shape attribute. It settles the pads.
func (w window) transposed(s []int, extra, want []int64) ([]int, error) {
	rank := len(s)
	if len(want) == rank+2 {
		want = want[2:]
	}
	if want != nil && len(want) != rank {
		return nil, invalid("output_shape has %d entries, %d are needed", len(want), rank)
	}
	full := func(i int) int64 { return int64(s[i]-1)*w.strides[i] + w.span(i) + extra[i] }
	w.same(func(i int) int64 { return full(i) - int64(s[i])*w.strides[i] })
	out := make([]int, rank)
	for i := range s {
		if want != nil {
			if want[i] < 1 || want[i] >= full(i)+w.strides[i] {
				return nil, refuse("output_shape %v is larger than its windows reach", want)
			}
			extra[i] += max(0, want[i]-full(i)) // what no window reaches holds the bias only
			w.split(i, full(i)-want[i], w.auto == "SAME_UPPER")
		}
		n := full(i) - w.pads[i] - w.pads[rank+i]
		if n < 1 || n > MaxElements {
			return nil, invalid("axis %d of its result would be %d", i+2, n)
		}
		out[i] = int(n)
	}
	return out, nil
}

func lowerPool(c *call) error {
	w, err := c.window(nil)
	if err != nil {
		return err
	}
	s, a := c.shape(0), c.node.Attrs
	w.partial = c.node.Op == "MaxPool" || a.Int("count_include_pad", 0) == 0
	ceil := a.Int("ceil_mode", 0) != 0
	spatial, err := w.output(s[2:], ceil)
	if err != nil {
		return err
	}
	for i, p := range w.pads {
		if p >= w.span(i%len(w.kernel)) {
			return invalid("pads %v are as large as the window %v", w.pads, w.kernel)
		}
	}
	attrs := w.attributes()
	attrs["ceil_mode"] = truth(ceil)
	if c.node.Op == "AveragePool" {
		attrs["count_include_pad"] = truth(a.Int("count_include_pad", 0) != 0)
	}
	return c.emit(c.node.Op, c.node.Inputs, attrs, append([]int{s[0], s[1]}, spatial...))
}

func lowerGlobalPool(c *call) error {
	s := c.shape(0)
	if len(s) < 3 {
		return invalid("it has %d axes, 3 or more are needed", len(s))
	}
	shape := slices.Repeat([]int{1}, len(s))
	shape[0], shape[1] = s[0], s[1]
	return c.emit(c.node.Op, c.node.Inputs, nil, shape)
}
