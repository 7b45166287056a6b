package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/tensor"
)

// buildResize compiles nearest and linear interpolation, axis by axis.
func buildResize(s *site) (runner, error) {
	in, out := s.shape(0), s.outShape(0)
	scales := s.Attrs.Floats("scales")
	if len(scales) != len(in) || len(out) != len(in) {
		return nil, fmt.Errorf("%d scales for rank %d", len(scales), len(in))
	}
	axes := make([]resizeAxis, len(in))
	for i := range axes {
		axes[i] = resizeAxis{
			in: in[i], out: out[i], scale: float64(scales[i]),
			coordinates: s.Attrs.String("coordinate_transformation_mode", "half_pixel"),
		}
		if _, err := axes[i].source(0); err != nil {
			return nil, err
		}
	}
	switch mode := s.Attrs.String("mode", "nearest"); mode {
	case "nearest":
		return resizeNearest(s, axes, s.Attrs.String("nearest_mode", "round_prefer_floor"))
	case "linear":
		return resizeLinear(s, axes), nil
	default:
		return nil, fmt.Errorf("mode %q", mode)
	}
}

type resizeAxis struct {
	in, out     int
	scale       float64
	coordinates string
}

// changes reports whether the axis is resized at all.
func (a resizeAxis) changes() bool { return a.in != a.out || a.scale != 1 }

// source is the input coordinate of output o (ONNX operator Resize, coordinate_transformation_mode).
func (a resizeAxis) source(o int) (float64, error) {
	x := float64(o)
	switch a.coordinates {
	case "half_pixel":
		return (x+0.5)/a.scale - 0.5, nil
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
	}
	return 0, fmt.Errorf("coordinate_transformation_mode %q", a.coordinates)
}

func resizeNearest(s *site, axes []resizeAxis, mode string) (runner, error) {
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
			tables[i] = append(tables[i], min(max(index, 0), a.in-1)*step[i])
		}
	}
	return gatherRunner(s, 0, tables, 0)
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

// blend interpolates along one axis: outer slices of in rows become outer slices of len(lower) rows of inner values.
type blend struct {
	outer, in, inner int
	lower, upper     []int     // input rows
	weight           []float32 // of upper
}

// resizeLinear interpolates the axes that change one after the other.
func resizeLinear(s *site, axes []resizeAxis) runner {
	shape := append([]int(nil), s.shape(0)...)
	var blends []blend
	for i, a := range axes {
		if !a.changes() {
			continue
		}
		b := blend{outer: tensor.Size(shape[:i]), in: a.in, inner: tensor.Size(shape[i+1:])}
		for o := range a.out {
			x, _ := a.source(o) // buildResize has checked the mode
			x = min(max(x, 0), float64(a.in-1))
			low := int(x)
			b.lower = append(b.lower, low)
			b.upper = append(b.upper, min(low+1, a.in-1))
			b.weight = append(b.weight, float32(x-float64(low)))
		}
		shape[i] = a.out
		blends = append(blends, b)
		s.scratch += tensor.Size(shape)
	}
	return func(t *task) {
		x, scratch := t.in[0], t.scratch
		for _, b := range blends {
			n := b.outer * len(b.lower) * b.inner
			b.run(scratch[:n], x)
			x, scratch = scratch[:n], scratch[n:]
		}
		copy(t.out[0], x)
	}
}

func (b *blend) run(out, in []float32) {
	for o := range b.outer {
		for i, w := range b.weight {
			low := in[(o*b.in+b.lower[i])*b.inner:][:b.inner]
			high := in[(o*b.in+b.upper[i])*b.inner:][:b.inner]
			dst := out[(o*len(b.weight)+i)*b.inner:][:b.inner]
			for k, v := range low {
				dst[k] = v + w*(high[k]-v)
			}
		}
	}
}
