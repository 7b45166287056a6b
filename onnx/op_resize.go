package onnx

import (
	"maps"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
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
	more                       graph.Attributes // of cubic and tf_crop_and_resize
}

func (c *call) resize(r resize) error {
	s := c.shape(0)
	if r.mode == "bilinear" {
		r.mode = "linear" // opset 7 exporters
	}
	if !slices.Contains([]string{"nearest", "linear", "cubic"}, r.mode) {
		return invalid("mode %q", r.mode)
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
	attrs := graph.Attributes{
		"mode": r.mode, "coordinate_transformation_mode": r.coordinates, "nearest_mode": r.nearest, "scales": r.scales,
	}
	maps.Copy(attrs, r.more)
	return c.emit("Resize", c.node.Inputs[:1], attrs, r.shape)
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
	if !slices.Contains(coordinateModes, r.coordinates) {
		return refuse("coordinate_transformation_mode %q", r.coordinates)
	}
	if !slices.Contains([]string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}, r.nearest) {
		return invalid("nearest_mode %q", r.nearest)
	}
	if err := c.target(&r); err != nil {
		return err
	}
	r.more = graph.Attributes{}
	if a.Int("antialias", 0) != 0 && r.mode != "nearest" {
		r.more["antialias"] = int64(1)
	}
	if r.mode == "cubic" {
		r.more["cubic_coeff_a"], r.more["exclude_outside"] = a.Float("cubic_coeff_a", -0.75), truth(a.Int("exclude_outside", 0) != 0)
	}
	if r.coordinates == cropped {
		roi, err := c.region()
		if err != nil {
			return err
		}
		r.more["roi"], r.more["extrapolation_value"] = roi, a.Float("extrapolation_value", 0)
	}
	return c.resize(r)
}

var coordinateModes = []string{"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn",
	"asymmetric", "align_corners", cropped}

// cropped is the coordinate mode that also takes a part of the image.
const cropped = "tf_crop_and_resize"

// region reads the starts and ends of all axes.
func (c *call) region() ([]float32, error) {
	roi, err := c.floats(1, "roi")
	if err != nil {
		return nil, err
	}
	n := len(c.shape(0))
	axes, err := c.resizedAxes()
	if err != nil {
		return nil, err
	}
	if err := sized(roi, 2*len(axes), "roi"); err != nil {
		return nil, err
	}
	all := append(make([]float32, n), slices.Repeat([]float32{1}, n)...)
	for i, a := range axes {
		all[a], all[n+a] = roi[i], roi[len(axes)+i]
	}
	return all, nil
}

// resizedAxes are those that scales, sizes and roi speak of: all, unless the attribute axes names some.
func (c *call) resizedAxes() ([]int, error) {
	if list := c.node.Attrs.Ints("axes"); list != nil {
		return axesOf(list, len(c.shape(0)))
	}
	axes := make([]int, len(c.shape(0)))
	for i := range axes {
		axes[i] = i
	}
	return axes, nil
}

// target reads scales or sizes, spread over all axes where the axes attribute names some.
func (c *call) target(r *resize) error {
	s := c.shape(0)
	axes, err := c.resizedAxes()
	if err != nil {
		return err
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
	return r.bySizes(s, axes, sizes, c.node.Attrs.String("keep_aspect_ratio_policy", "stretch"))
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

func (r *resize) bySizes(s, axes []int, sizes []int64, policy string) error {
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
	return r.keepAspect(s, axes, policy)
}

// keepAspect gives all axes the smallest or the largest of their scales.
func (r *resize) keepAspect(s, axes []int, policy string) error {
	pick := map[string]func(...float32) float32{
		"not_larger":  func(v ...float32) float32 { return slices.Min(v) },
		"not_smaller": func(v ...float32) float32 { return slices.Max(v) },
	}[policy]
	if policy == "stretch" {
		return nil
	}
	if pick == nil {
		return invalid("keep_aspect_ratio_policy %q", policy)
	}
	var scales []float32
	for _, a := range axes {
		scales = append(scales, r.scales[a])
	}
	scale := pick(scales...)
	for _, a := range axes {
		size := math.Floor(float64(scale)*float64(s[a]) + 0.5)
		if size < 1 || size > MaxElements {
			return invalid("scale %g of axis %d is out of range", scale, a)
		}
		r.shape[a], r.scales[a] = int(size), scale
	}
	return nil
}
