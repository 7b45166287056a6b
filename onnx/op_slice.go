package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// span is one axis of a Slice: n elements start, start+step, ...; end is where it stops.
type span struct{ start, end, step, n int64 }

// clampSpan applies NumPy's rules to one axis of length d.
func clampSpan(start, end, step, d int64) (span, error) {
	if step == 0 {
		return span{}, invalid("step 0")
	}
	step = max(min(step, MaxElements), -MaxElements)
	if start < 0 {
		start = max(start, -MaxElements-1) + d
	}
	if end < 0 {
		end = max(end, -2*MaxElements) + d
	}
	var s span
	if step > 0 {
		s = span{start: min(max(start, 0), d), end: min(max(end, 0), d), step: step}
		s.n = max(0, (s.end-s.start+step-1)/step)
	} else {
		s = span{start: min(max(start, 0), d-1), end: min(max(end, -1), d-1), step: step}
		s.n = max(0, (s.end-s.start+step+1)/step)
	}
	return s, nil
}

func lowerSlice(c *call) error {
	var lists [4][]int64 // starts, ends, axes, steps
	for i, what := range []string{"starts", "ends", "axes", "steps"} {
		var err error
		if lists[i], err = c.listed(what, i+1); err != nil {
			return err
		}
	}
	spans, err := spansOf(c.shape(0), lists[0], lists[1], lists[2], lists[3])
	if err != nil {
		return err
	}
	return c.slice(c.node.Inputs[0], c.out(0), spans)
}

// spansOf spreads the lists of a Slice over all axes of shape.
func spansOf(shape []int, starts, ends, axes, steps []int64) ([]span, error) {
	if axes == nil {
		for i := range starts {
			axes = append(axes, int64(i))
		}
	}
	if steps == nil {
		steps = slices.Repeat([]int64{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil, invalid("starts, ends, axes and steps differ in length")
	}
	at, err := axesOf(axes, len(shape))
	if err != nil {
		return nil, err
	}
	spans := make([]span, len(shape))
	for i, d := range shape {
		spans[i] = span{0, int64(d), 1, int64(d)}
	}
	for i, a := range at {
		if spans[a], err = clampSpan(starts[i], ends[i], steps[i], int64(shape[a])); err != nil {
			return nil, err
		}
	}
	return spans, nil
}

// slice writes the canonical Slice under the name out, or another name for x where nothing is cut.
func (c *call) slice(x, out string, spans []span) error {
	starts, ends, steps := make([]int64, len(spans)), make([]int64, len(spans)), make([]int64, len(spans))
	shape, whole := make([]int, len(spans)), true
	for i, s := range spans {
		starts[i], ends[i], steps[i], shape[i] = s.start, s.end, s.step, int(s.n)
		whole = whole && s.step == 1 && s.n == int64(c.values[x].Shape[i])
	}
	if whole {
		c.alias[out] = x
		return nil
	}
	return c.emitTo(out, "Slice", []string{x}, graph.Attributes{"starts": starts, "ends": ends, "steps": steps}, shape)
}

func evalSlice(n *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor {
	strides, offset := stridesOf(t.Shape), 0
	starts, steps := n.Attrs.Ints("starts"), n.Attrs.Ints("steps")
	for i := range strides {
		offset += int(starts[i]) * strides[i]
		strides[i] *= int(steps[i])
	}
	return strided(t, shape, strides, offset)
}

func lowerPad(c *call) error {
	s := c.shape(0)
	pads, err := c.padding(len(s))
	if err != nil {
		return err
	}
	value, err := c.scalar(2, "pad value", c.node.Attrs.Float("value", 0))
	if err != nil {
		return err
	}
	mode := c.node.Attrs.String("mode", "constant")
	if mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap" {
		return refuse("mode %q", mode)
	}
	x, err := c.crop(pads)
	if err != nil {
		return err
	}
	s = c.values[x].Shape
	shape, zero := make([]int, len(s)), true
	for i, d := range s {
		before, after := int(pads[i]), int(pads[len(s)+i])
		if mode == "reflect" && max(before, after) >= d && max(before, after) > 0 || (mode == "edge" || mode == "wrap") && d == 0 {
			return invalid("%v cannot be padded by %v in mode %s", s, pads, mode)
		}
		shape[i] = d + before + after
		zero = zero && before == 0 && after == 0
	}
	if zero {
		c.alias[c.out(0)] = x
		return nil
	}
	return c.emit("Pad", []string{x}, graph.Attributes{"mode": mode, "pads": pads, "value": value}, shape)
}

// padding returns pads for every axis.
func (c *call) padding(rank int) ([]int64, error) {
	list, err := c.listed("pads", 1)
	if err != nil {
		return nil, err
	}
	axes, err := c.ints(3, "axes")
	if err != nil {
		return nil, err
	}
	if axes == nil {
		for i := range rank {
			axes = append(axes, int64(i))
		}
	}
	if err := sized(list, 2*len(axes), "pads"); err != nil {
		return nil, err
	}
	if err := within(list, -MaxElements, "pad"); err != nil {
		return nil, err
	}
	at, err := axesOf(axes, rank)
	if err != nil {
		return nil, err
	}
	pads := make([]int64, 2*rank)
	for i, a := range at {
		pads[a], pads[rank+a] = list[i], list[len(at)+i]
	}
	return pads, nil
}

// crop does what negative pads mean with a Slice, sets them to 0 and returns what is left to pad.
func (c *call) crop(pads []int64) (string, error) {
	x := c.node.Inputs[0]
	s := c.shape(0)
	if slices.Min(append([]int64{0}, pads...)) >= 0 {
		return x, nil
	}
	spans := make([]span, len(s))
	for i, d := range s {
		start, end := max(0, -pads[i]), int64(d)-max(0, -pads[len(s)+i])
		if start > end {
			return "", invalid("pads %v cut more than %v has", pads, s)
		}
		spans[i] = span{start, end, 1, end - start}
		pads[i], pads[len(s)+i] = max(0, pads[i]), max(0, pads[len(s)+i])
	}
	out := c.fresh(c.out(0) + "/Slice")
	return out, c.slice(x, out, spans)
}
