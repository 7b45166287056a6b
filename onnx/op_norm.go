package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// normOperators bring their input to a common scale.
var normOperators = table{
	"BatchNormalization": {inputs: [2]int{5, 5}, outputs: 3, attrs: "epsilon:f momentum:f spatial:i training_mode:i",
		lower: lowerBatchNorm},
	"InstanceNormalization": {inputs: [2]int{3, 3}, attrs: "epsilon:f", lower: lowerInstanceNorm},
	"LayerNormalization":    {since: 17, inputs: [2]int{2, 3}, attrs: "axis:i epsilon:f stash_type:i", lower: lowerLayerNorm},
	"Softmax":               {inputs: [2]int{1, 1}, attrs: "axis:i", lower: lowerSoftmax},
	"LogSoftmax":            {inputs: [2]int{1, 1}, attrs: "axis:i", lower: lowerSoftmax},
}

// perChannel checks that the inputs from 1 on are constant, one number per channel.
func (c *call) perChannel(names ...string) error {
	s := c.shape(0)
	if len(s) < 2 {
		return invalid("%v has no channels", s)
	}
	for i, what := range names {
		v, err := c.floats(i+1, what)
		if err != nil {
			return err
		}
		if err := sized(v, s[1], what); err != nil {
			return err
		}
	}
	return nil
}

func lowerBatchNorm(c *call) error {
	a := c.node.Attrs
	if a.Int("spatial", 1) != 1 {
		return refuse("only normalization over channels is supported")
	}
	if c.opset < 14 && len(c.file.Outputs) == 5 || a.Int("training_mode", 0) != 0 {
		return lowerBatchNormTraining(c)
	}
	if err := c.perChannel("scale", "bias", "mean", "var"); err != nil {
		return err
	}
	if err := c.noteMoments(); err != nil {
		return err
	}
	return c.emit("BatchNormalization", c.node.Inputs, graph.Attributes{"epsilon": a.Float("epsilon", 1e-5)}, c.shape(0))
}

// noteMoments keeps what a normalization's results are like on the images of its training.
func (c *call) noteMoments() error {
	scale, err := c.floats(1, "scale")
	if err != nil {
		return err
	}
	bias, err := c.floats(2, "bias")
	if err != nil {
		return err
	}
	std := make([]float32, len(scale))
	for i, v := range scale {
		std[i] = max(v, -v)
	}
	c.trained[c.out(0)] = graph.Moments{Mean: bias, Std: std}
	return nil
}

// lowerBatchNormTraining normalizes by the moments of the batch, of one image, itself; mean and var only matter for the
// running ones, outputs 1 and 2. Before opset 14 the form is recognized by its five outputs, as ONNX Runtime does.
func lowerBatchNormTraining(c *call) error {
	if err := c.perChannel("scale", "bias", "mean", "var"); err != nil {
		return err
	}
	a, s, k := c.node.Attrs, c.shape(0), chain{c: c}
	x, flat := c.node.Inputs[0], []int{1, s[1], product(s[2:])}
	for i, running := range c.node.Outputs[1:min(3, len(c.node.Outputs))] {
		if running == "" || !c.read[running] {
			continue
		}
		y := k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": toInt64s(flat)}, flat)
		mean := k.do(false, "ReduceMean", []string{y}, graph.Attributes{"axes": []int64{0, 2}, "keepdims": int64(1)}, []int{1, s[1], 1})
		if i == 1 {
			y = k.do(false, "Sub", []string{y, mean}, nil, flat)
			y = k.do(false, "Mul", []string{y, y}, nil, flat)
			mean = k.do(false, "ReduceMean", []string{y}, graph.Attributes{"axes": []int64{0, 2}, "keepdims": int64(1)}, []int{1, s[1], 1})
		}
		momentum := a.Float("momentum", 0.9)
		mean = k.do(false, "Reshape", []string{mean}, graph.Attributes{"shape": []int64{int64(s[1])}}, []int{s[1]})
		mean = k.do(false, "Mul", []string{mean, k.number("rest", 1-momentum)}, nil, []int{s[1]})
		old := k.do(false, "Mul", []string{c.node.Inputs[3+i], k.number("momentum", momentum)}, nil, []int{s[1]})
		if k.err == nil {
			k.err = c.emitTo(running, "Add", []string{mean, old}, nil, []int{s[1]})
		}
	}
	attrs := graph.Attributes{"epsilon": a.Float("epsilon", 1e-5)}
	if len(s) > 2 {
		k.do(true, "InstanceNormalization", []string{x, c.node.Inputs[1], c.node.Inputs[2]}, attrs, s)
		return k.err
	}
	x = k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": toInt64s(flat)}, flat)
	x = k.do(false, "InstanceNormalization", []string{x, c.node.Inputs[1], c.node.Inputs[2]}, attrs, flat)
	k.do(true, "Reshape", []string{x}, graph.Attributes{"shape": toInt64s(s)}, s)
	return k.err
}

func lowerInstanceNorm(c *call) error {
	if err := c.perChannel("scale", "bias"); err != nil {
		return err
	}
	return c.emit("InstanceNormalization", c.node.Inputs, graph.Attributes{"epsilon": c.node.Attrs.Float("epsilon", 1e-5)}, c.shape(0))
}

func lowerLayerNorm(c *call) error {
	s, a := c.shape(0), c.node.Attrs
	axis, err := axisOf(int64(a.Int("axis", -1)), len(s))
	if err != nil {
		return err
	}
	inputs := c.node.Inputs[:1:1]
	for i, what := range []string{"scale", "bias"} {
		if !c.has(i + 1) {
			continue
		}
		name, err := c.spread(i+1, what, s[axis:])
		if err != nil {
			return err
		}
		inputs = append(inputs, name)
	}
	return c.emit("LayerNormalization", inputs, graph.Attributes{"axis": int64(axis), "epsilon": a.Float("epsilon", 1e-5)}, s)
}

// spread returns the name of constant input i broadcast to shape.
func (c *call) spread(i int, what string, shape []int) (string, error) {
	if _, err := c.floats(i, what); err != nil {
		return "", err
	}
	t := c.tensor(i)
	if slices.Equal(t.Shape, shape) {
		return c.node.Inputs[i], nil
	}
	if s, err := broadcast(t.Shape, shape); err != nil || !slices.Equal(s, shape) {
		return "", invalid("%s of shape %v does not fit %v", what, t.Shape, shape)
	}
	return c.addedOf(what, shape, func() *graph.Tensor { return expandTo(t, shape) })
}

// lowerSoftmax gives opset 13's meaning to both: older ones normalize over all axes from axis on together.
func lowerSoftmax(c *call) error {
	s, op := c.shape(0), c.node.Op
	def := -1
	if c.opset < 13 {
		def = 1
	}
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", def)), len(s))
	if err != nil {
		return err
	}
	if rest := product(s[axis:]); c.opset < 13 && rest != s[axis] {
		return c.flatSoftmax(op, []int{product(s[:axis]), rest})
	}
	return c.emit(op, c.node.Inputs, graph.Attributes{"axis": int64(axis)}, s)
}

func (c *call) flatSoftmax(op string, flat []int) error {
	s := c.shape(0)
	if product(flat) == 0 {
		return invalid("%v is empty", s)
	}
	x, err := c.step("Reshape", c.node.Inputs, graph.Attributes{"shape": toInt64s(flat)}, flat)
	if err != nil {
		return err
	}
	y, err := c.step(op, []string{x}, graph.Attributes{"axis": int64(1)}, flat)
	if err != nil {
		return err
	}
	return c.emit("Reshape", []string{y}, graph.Attributes{"shape": toInt64s(s)}, s)
}
