package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/tensor"
)

// buildResize compiles the operator Resize: nearest as a gather, linear and cubic interpolation axis by axis.
func buildResize(s *site) (runner, error) {
	in, out := s.shape(0), s.outShape(0)
	scales, roi := s.Attrs.Floats("scales"), s.Attrs.Floats("roi")
	if len(scales) != len(in) || len(out) != len(in) || len(roi) != 0 && len(roi) != 2*len(in) {
		return nil, fmt.Errorf("%d scales and a region of %d for rank %d", len(scales), len(roi), len(in))
	}
	axes := make([]resizeAxis, len(in))
	for i := range axes {
		a := resizeAxis{in: in[i], out: out[i], scale: scales[i], end: 1,
			coordinates: s.Attrs.String("coordinate_transformation_mode", "half_pixel")}
		if len(roi) > 0 {
			a.start, a.end = roi[i], roi[i+len(in)]
		}
		if _, err := a.source(0); err != nil {
			return nil, err
		}
		axes[i] = a
	}
	outside := s.Attrs.Float("extrapolation_value", 0)
	exclude, antialias := s.Attrs.Int("exclude_outside", 0) != 0, s.Attrs.Int("antialias", 0) != 0
	coefficient := s.Attrs.Float("cubic_coeff_a", -0.75)
	switch mode := s.Attrs.String("mode", "nearest"); {
	case mode == "nearest":
		return resizeNearest(s, axes, s.Attrs.String("nearest_mode", "round_prefer_floor"), outside)
	case mode == "linear" && antialias:
		return resizeBlended(s, axes, smoothTaps(triangle, 1, exclude), outside), nil
	case mode == "linear":
		return resizeBlended(s, axes, linearTaps, outside), nil
	case mode == "cubic" && antialias:
		return resizeBlended(s, axes, smoothTaps(keys(coefficient), 2, exclude), outside), nil
	case mode == "cubic":
		return resizeBlended(s, axes, cubicTaps(coefficient, exclude), outside), nil
	default:
		return nil, fmt.Errorf("mode %q", mode)
	}
}

type resizeAxis struct {
	in, out     int
	scale       float32
	coordinates string
	start, end  float32 // of the region, 0..1; tf_crop_and_resize only
}

// changes reports whether the axis is resized at all.
func (a resizeAxis) changes() bool { return a.in != a.out || a.scale != 1 }

const cropped = "tf_crop_and_resize"

// source is the input coordinate of output o (ONNX operator Resize, coordinate_transformation_mode), in the float32
// arithmetic of ONNX Runtime: rounding decides which pixel is nearest wherever a coordinate lies between two. An axis
// of scale 1 stays as it is, in all modes.
func (a resizeAxis) source(o int) (float32, error) {
	x, in, out := float32(o), float32(a.in), float32(a.out)
	if a.scale == 1 {
		return x, nil
	}
	switch a.coordinates {
	case "half_pixel":
		return (x+0.5)/a.scale - 0.5, nil
	case "half_pixel_symmetric":
		adjustment := out / float32(a.scale*in) // where the output's size was rounded
		offset := float32(in / 2 * (1 - adjustment))
		return float32(float64(offset) + (float64(x)+0.5)/float64(a.scale) - 0.5), nil
	case "pytorch_half_pixel":
		if a.out == 1 {
			return 0, nil
		}
		return (x+0.5)/a.scale - 0.5, nil
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / a.scale, nil
	case "asymmetric":
		return x / a.scale, nil
	case "align_corners":
		if a.out == 1 {
			return 0, nil
		}
		return float32(x*(in-1)) / (out - 1), nil
	case cropped:
		if a.out == 1 {
			return float32(0.5 * (float64(a.start) + float64(a.end)) * float64(in-1)), nil
		}
		return float32(a.start*(in-1)) + float32(float32(x*(a.end-a.start))*(in-1))/(out-1), nil
	}
	return 0, fmt.Errorf("coordinate_transformation_mode %q", a.coordinates)
}

// outside tells whether a coordinate of a cropped axis gets the extrapolation value.
func (a resizeAxis) outside(x float32) bool {
	return a.coordinates == cropped && (x < 0 || x > float32(a.in-1))
}

func resizeNearest(s *site, axes []resizeAxis, mode string, fill float32) (runner, error) {
	step := strides(s.shape(0))
	tables := make([][]int, len(axes))
	for i, a := range axes {
		for o := range a.out {
			x, err := a.source(o)
			if err != nil {
				return nil, err
			}
			index, err := roundIndex(mode, x)
			if err != nil {
				return nil, err
			}
			at := min(max(index, 0), a.in-1) * step[i]
			if a.outside(x) {
				at = absent
			}
			tables[i] = append(tables[i], at)
		}
	}
	return gatherRunner(s, 0, tables, fill)
}

// roundIndex applies nearest_mode. Within a millionth of a half a coordinate counts as one, as ONNX Runtime has it.
func roundIndex(mode string, x float32) (int, error) {
	low := math.Floor(float64(x))
	above := float64(x) - low
	half := math.Abs(above-0.5) < 1e-6
	switch {
	case mode == "floor":
		return int(low), nil
	case mode == "ceil":
		return int(math.Ceil(float64(x))), nil
	case mode != "round_prefer_floor" && mode != "round_prefer_ceil":
		return 0, fmt.Errorf("nearest_mode %q", mode)
	case half && mode == "round_prefer_floor" || above < 0.5 && !half:
		return int(low), nil
	}
	return int(low) + 1, nil
}

// tap is one input row with its weight.
type tap struct {
	row    int
	weight float32
}

// taps gives the rows that make the value at coordinate x of an axis.
type taps func(x float32, a resizeAxis) []tap

func linearTaps(x float32, a resizeAxis) []tap {
	x = min(max(x, 0), float32(a.in-1))
	low := int(x)
	w := x - float32(low)
	return []tap{{low, 1 - w}, {min(low+1, a.in-1), w}}
}

// keys is Keys' convolution kernel (1981) with parameter a.
func keys(a float32) func(x float32) float32 {
	return func(x float32) float32 {
		x = max(x, -x)
		switch {
		case x < 1:
			return float32(float32(float32((a+2)*x)-(a+3))*x)*x + 1
		case x < 2:
			return float32((float32((float32(a*x)-5*a)*x)+8*a)*x) - 4*a
		}
		return 0
	}
}

func triangle(x float32) float32 { return max(0, 1-max(x, -x)) }

// cubicTaps interpolates with four rows. Those beyond the edge repeat it, or with exclude have no weight and the others
// are scaled up to 1.
func cubicTaps(a float32, exclude bool) taps {
	kernel := keys(a)
	return func(x float32, axis resizeAxis) []tap {
		low := int(math.Floor(float64(x)))
		return gathered(low-1, 4, axis.in, exclude, func(row int) float32 { return kernel(x - float32(row)) })
	}
}

// smoothTaps weighs rows with a kernel that reaches as far as the distance between outputs, where that is larger
// than a row: what Pillow does, and ONNX with antialias. support is half the kernel's width.
func smoothTaps(kernel func(x float32) float32, support float32, exclude bool) taps {
	return func(x float32, axis resizeAxis) []tap {
		scale := max(1, 1/axis.scale)
		center, reach := x+0.5, support*scale
		first := int(math.Floor(float64(center - reach + 0.5)))
		end := int(math.Floor(float64(center + reach + 0.5)))
		return gathered(first, end-first, axis.in, exclude, func(row int) float32 { return kernel((float32(row) - center + 0.5) / scale) })
	}
}

// gathered makes taps of n rows from first on and gives them a sum of 1.
func gathered(first, n, size int, exclude bool, weight func(row int) float32) []tap {
	var all []tap
	var sum float32
	for row := first; row < first+n; row++ {
		if exclude && (row < 0 || row >= size) {
			continue
		}
		w, at := weight(row), min(max(row, 0), size-1)
		sum += w
		if n := len(all); n > 0 && all[n-1].row == at { // beyond an edge, which counts once
			all[n-1].weight += w
			continue
		}
		all = append(all, tap{at, w})
	}
	if sum == 0 {
		sum = 1
	}
	for i := range all {
		all[i].weight /= sum
	}
	return all
}

// blend interpolates along one axis: outer slices of in rows become outer slices of len(taps) rows of inner values.
type blend struct {
	outer, in, inner int
	taps             [][]tap // by output row
}

// resizeBlended interpolates the axes that change one after the other.
func resizeBlended(s *site, axes []resizeAxis, f taps, fill float32) runner {
	shape := append([]int(nil), s.shape(0)...)
	var blends []blend
	beyond := make([][]bool, len(axes)) // outputs that lie outside the region, by axis
	any := false
	for i, a := range axes {
		beyond[i] = make([]bool, a.out)
		if !a.changes() {
			continue
		}
		b := blend{outer: tensor.Size(shape[:i]), in: a.in, inner: tensor.Size(shape[i+1:])}
		for o := range a.out {
			x, _ := a.source(o) // buildResize has checked the mode
			beyond[i][o] = a.outside(x)
			any = any || beyond[i][o]
			b.taps = append(b.taps, f(x, a))
		}
		shape[i] = a.out
		blends = append(blends, b)
		s.scratch += int64(tensor.Size(shape))
	}
	var filled []int
	if any {
		filled = outsideOf(shape, beyond)
	}
	return func(t *task) {
		x, scratch := t.in[0], t.scratch
		for _, b := range blends {
			n := b.outer * len(b.taps) * b.inner
			b.run(scratch[:n], x)
			x, scratch = scratch[:n], scratch[n:]
		}
		copy(t.out[0], x)
		for _, i := range filled {
			t.out[0][i] = fill
		}
	}
}

// outsideOf lists the elements of which any coordinate lies beyond.
func outsideOf(shape []int, beyond [][]bool) (list []int) {
	step := strides(shape)
	for i := range tensor.Size(shape) {
		for axis, size := range shape {
			if beyond[axis][i/step[axis]%size] {
				list = append(list, i)
				break
			}
		}
	}
	return list
}

func (b *blend) run(out, in []float32) {
	for o := range b.outer {
		for i, taps := range b.taps {
			dst := out[(o*len(b.taps)+i)*b.inner:][:b.inner]
			for k, tp := range taps {
				src := in[(o*b.in+tp.row)*b.inner:][:b.inner]
				if k == 0 {
					for j, v := range src {
						dst[j] = tp.weight * v
					}
					continue
				}
				for j, v := range src {
					dst[j] += tp.weight * v
				}
			}
		}
	}
}
