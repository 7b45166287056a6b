package onnx

import (
	"math"
	"slices"
)

// resizeOperators interpolate over the spatial axes.
var resizeOperators = table{
	"Upsample": {inputs: [2]int{1, 2}, attrs: "mode:s scales:F", lower: lowerUpsample},
	"Resize": {since: 10, inputs: [2]int{1, 4}, attrs: "mode:s coordinate_transformation_mode:s nearest_mode:s cubic_coeff_a:f exclude_outside:i extrapolation_value:f antialias:i axes:I keep_aspect_ratio_policy:s",
		lower: lowerResize},
}

// resize is what all versions of Upsample and Resize come down to.
type resize struct {
	mode, coordinates, nearest string
	scales                     []float32
	shape                      []int
}

func (c *call) resize(r resize) error {
	s := c.shape(0)
	if r.mode == "bilinear" {
		r.mode = "linear" // opset 7 exporters
	}
	if r.mode != "nearest" && r.mode != "linear" {
		return refuse("mode %q", r.mode)
	}
	if len(s) != 3 && len(s) != 4 {
		return refuse("it has %d axes, 3 or 4 are supported", len(s))
	}
	if r.scales[0] != 1 || r.scales[1] != 1 {
		return refuse("it resizes the batch or the channels")
	}
	if slices.Equal(r.shape, s) && slices.Min(r.scales) == 1 && slices.Max(r.scales) == 1 {
		return c.pass()
	}
	return c.emit("Resize", c.node.Inputs[:1], Attributes{
		"mode": r.mode, "coordinate_transformation_mode": r.coordinates, "nearest_mode": r.nearest, "scales": r.scales,
	}, r.shape)
}

// scaled fills in the shape that scales give: the product is rounded down, in float32 like ONNX Runtime's.
func (r *resize) scaled(s []int) error {
	if len(r.scales) != len(s) {
		return invalid("%d scales for %d axes", len(r.scales), len(s))
	}
	r.shape = make([]int, len(s))
	for i, f := range r.scales {
		d := math.Floor(float64(float32(s[i]) * f))
		if !(f > 0) || d < 1 || d > MaxElements {
			return invalid("scale %g of axis %d is out of range", f, i)
		}
		r.shape[i] = int(d)
	}
	return nil
}

func lowerUpsample(c *call) error {
	r := resize{mode: c.node.Attrs.String("mode", "nearest"), coordinates: "asymmetric", nearest: "floor", scales: c.node.Attrs.Floats("scales")}
	if c.has(1) {
		var err error
		if r.scales, err = c.floats(1, "scales"); err != nil {
			return err
		}
	}
	if err := r.scaled(c.shape(0)); err != nil {
		return err
	}
	if len(r.scales) > 0 && slices.Min(r.scales) < 1 {
		if r.mode == "nearest" && slices.Max(r.scales) > 1 {
			return refuse("nearest, larger on one axis and smaller on the other")
		}
		r.nearest = "ceil" // as ONNX Runtime does; the old operators leave it open
	}
	return c.resize(r)
}

func lowerResize(c *call) error {
	a := c.node.Attrs
	if c.opset < 11 {
		return lowerUpsample(c) // the same inputs and meaning
	}
	r := resize{
		mode:        a.String("mode", "nearest"),
		coordinates: a.String("coordinate_transformation_mode", "half_pixel"),
		nearest:     a.String("nearest_mode", "round_prefer_floor"),
	}
	if !slices.Contains([]string{"half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"}, r.coordinates) {
		return refuse("coordinate_transformation_mode %q", r.coordinates)
	}
	if !slices.Contains([]string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}, r.nearest) {
		return invalid("nearest_mode %q", r.nearest)
	}
	if a.Int("antialias", 0) != 0 || a.String("keep_aspect_ratio_policy", "stretch") != "stretch" {
		return refuse("antialias and keep_aspect_ratio_policy are not implemented")
	}
	if err := c.target(&r); err != nil {
		return err
	}
	return c.resize(r)
}

// target reads scales or sizes, spread over all axes where the axes attribute names some.
func (c *call) target(r *resize) error {
	s := c.shape(0)
	axes := make([]int, len(s))
	for i := range axes {
		axes[i] = i
	}
	if list := c.node.Attrs.Ints("axes"); list != nil {
		var err error
		if axes, err = axesOf(list, len(s)); err != nil {
			return err
		}
	}
	r.scales, r.shape = slices.Repeat([]float32{1}, len(s)), slices.Clone(s)
	scales, err := c.floats(2, "scales")
	if err != nil {
		return err
	}
	if len(scales) > 0 {
		return r.byScales(s, axes, scales)
	}
	sizes, err := c.ints(3, "sizes")
	if err != nil {
		return err
	}
	return r.bySizes(s, axes, sizes)
}

func (r *resize) byScales(s, axes []int, scales []float32) error {
	if len(scales) != len(axes) {
		return invalid("%d scales for %d axes", len(scales), len(axes))
	}
	for i, a := range axes {
		r.scales[a] = scales[i]
	}
	return r.scaled(s)
}

func (r *resize) bySizes(s, axes []int, sizes []int64) error {
	if err := sized(sizes, len(axes), "sizes"); err != nil {
		return err
	}
	if err := within(sizes, 1, "size"); err != nil {
		return err
	}
	for i, a := range axes {
		if s[a] == 0 {
			return invalid("%v is empty", s)
		}
		r.shape[a] = int(sizes[i])
		r.scales[a] = float32(sizes[i]) / float32(s[a])
	}
	return nil
}
