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
		a := resizeAxis{in: in[i], out: out[i], scale: float64(scales[i]), end: 1,
			coordinates: s.Attrs.String("coordinate_transformation_mode", "half_pixel")}
		if len(roi) > 0 {
			a.start, a.end = float64(roi[i]), float64(roi[i+len(in)])
		}
		if _, err := a.source(0); err != nil {
			return nil, err
		}
		axes[i] = a
	}
	outside := s.Attrs.Float("extrapolation_value", 0)
	switch mode := s.Attrs.String("mode", "nearest"); mode {
	case "nearest":
		return resizeNearest(s, axes, s.Attrs.String("nearest_mode", "round_prefer_floor"), outside)
	case "linear":
		return resizeBlended(s, axes, linearTaps, outside), nil
	case "cubic":
		return resizeBlended(s, axes, cubicTaps(float64(s.Attrs.Float("cubic_coeff_a", -0.75)), s.Attrs.Int("exclude_outside", 0) != 0), outside), nil
	default:
		return nil, fmt.Errorf("mode %q", mode)
	}
}

type resizeAxis struct {
	in, out     int
	scale       float64
	coordinates string
	start, end  float64 // of the region, 0..1; tf_crop_and_resize only
}

// changes reports whether the axis is resized at all.
func (a resizeAxis) changes() bool {
	return a.in != a.out || a.scale != 1 || a.coordinates == cropped && (a.start != 0 || a.end != 1)
}

const cropped = "tf_crop_and_resize"

// source is the input coordinate of output o (ONNX operator Resize, coordinate_transformation_mode).
func (a resizeAxis) source(o int) (float64, error) {
	x := float64(o)
	switch a.coordinates {
	case "half_pixel":
		return (x+0.5)/a.scale - 0.5, nil
	case "half_pixel_symmetric":
		adjustment := float64(a.out) / (a.scale * float64(a.in)) // where the output's size was rounded
		return float64(a.in)/2*(1-adjustment) + (x+0.5)/a.scale - 0.5, nil
	case "pytorch_half_pixel":
		if a.out == 1 {
			return 0, nil
		}
		return (x+0.5)/a.scale - 0.5, nil
	case "asymmetric":
		return x / a.scale, nil
	case "align_corners":
		if a.out == 1 {
			return 0, nil
		}
		return x * float64(a.in-1) / float64(a.out-1), nil
	case cropped:
		if a.out == 1 {
			return 0.5 * (a.start + a.end) * float64(a.in-1), nil
		}
		return a.start*float64(a.in-1) + x*(a.end-a.start)*float64(a.in-1)/float64(a.out-1), nil
	}
	return 0, fmt.Errorf("coordinate_transformation_mode %q", a.coordinates)
}

// outside tells whether a coordinate of a cropped axis gets the extrapolation value.
func (a resizeAxis) outside(x float64) bool {
	return a.coordinates == cropped && (x < 0 || x > float64(a.in-1))
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

// roundIndex applies nearest_mode.
func roundIndex(mode string, x float64) (int, error) {
	switch mode {
	case "round_prefer_floor":
		return int(math.Ceil(x - 0.5)), nil
	case "round_prefer_ceil":
		return int(math.Floor(x + 0.5)), nil
	case "floor":
		return int(math.Floor(x)), nil
	case "ceil":
		return int(math.Ceil(x)), nil
	}
	return 0, fmt.Errorf("nearest_mode %q", mode)
}

// tap is one input row with its weight.
type tap struct {
	row    int
	weight float32
}

// taps gives the rows that make the value at coordinate x of an axis with n rows.
type taps func(x float64, n int) []tap

func linearTaps(x float64, n int) []tap {
	x = min(max(x, 0), float64(n-1))
	low := int(x)
	w := float32(x - float64(low))
	return []tap{{low, 1 - w}, {min(low+1, n-1), w}}
}

// cubicTaps is Keys' convolution (1981) with parameter a. Rows beyond the edge repeat it, or with exclude have no weight
// and the others are scaled up to 1.
func cubicTaps(a float64, exclude bool) taps {
	return func(x float64, n int) []tap {
		low := math.Floor(x)
		s := x - low
		weights := [4]float64{
			((a*(s+1)-5*a)*(s+1)+8*a)*(s+1) - 4*a,
			((a+2)*s-(a+3))*s*s + 1,
			((a+2)*(1-s)-(a+3))*(1-s)*(1-s) + 1,
			((a*(2-s)-5*a)*(2-s)+8*a)*(2-s) - 4*a,
		}
		sum := 1.0
		if exclude {
			sum = 0
			for k := range weights {
				if row := int(low) - 1 + k; row < 0 || row >= n {
					weights[k] = 0
				}
				sum += weights[k]
			}
		}
		all := make([]tap, len(weights))
		for k, w := range weights {
			all[k] = tap{min(max(int(low)-1+k, 0), n-1), float32(w / sum)}
		}
		return all
	}
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
			b.taps = append(b.taps, f(x, a.in))
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
