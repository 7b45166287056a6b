package native

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/tensor"
)

// volume is a window over three spatial axes: convolutions and pools of volumes, in plain loops.
type volume struct {
	in, out, kernel, strides, dilations, begin, end [3]int
	channels                                        int // of the input
}

func newVolume(s *site, in, out []int) (volume, error) {
	v := volume{channels: in[1]}
	if len(in) != 5 || len(out) != 5 {
		return v, errSpatial
	}
	for _, l := range []struct {
		name string
		n    int
		to   *[3]int
		def  int
	}{{"kernel_shape", 3, &v.kernel, 1}, {"strides", 3, &v.strides, 1}, {"dilations", 3, &v.dilations, 1}} {
		list, err := s.ints(l.name, l.n, l.def)
		if err != nil {
			return v, err
		}
		copy(l.to[:], list)
	}
	pads, err := s.ints("pads", 6, 0)
	if err != nil {
		return v, err
	}
	copy(v.in[:], in[2:])
	copy(v.out[:], out[2:])
	copy(v.begin[:], pads[:3])
	copy(v.end[:], pads[3:])
	for i := range 3 {
		if min(v.kernel[i], v.strides[i], v.dilations[i]) < 1 || min(v.begin[i], v.end[i]) < 0 {
			return v, fmt.Errorf("kernel, stride or dilation below 1, or negative padding")
		}
	}
	return v, nil
}

// position is one place of the window that lies inside the input.
type position struct{ tap, from int }

// windows lists for every output which taps meet which inputs.
func (v volume) windows() [][]position {
	all := make([][]position, 0, tensor.Size(v.out[:]))
	var o, k [3]int
	for o[0] = range v.out[0] {
		for o[1] = range v.out[1] {
			for o[2] = range v.out[2] {
				var list []position
				for k[0] = range v.kernel[0] {
					for k[1] = range v.kernel[1] {
						for k[2] = range v.kernel[2] {
							if at, ok := v.source(o, k); ok {
								list = append(list, position{(k[0]*v.kernel[1]+k[1])*v.kernel[2] + k[2], at})
							}
						}
					}
				}
				all = append(all, list)
			}
		}
	}
	return all
}

func (v volume) source(o, k [3]int) (at int, inside bool) {
	for i := range 3 {
		x := o[i]*v.strides[i] + k[i]*v.dilations[i] - v.begin[i]
		if x < 0 || x >= v.in[i] {
			return 0, false
		}
		at = at*v.in[i] + x
	}
	return at, true
}

// counted is how many taps of output o lie inside the input or its padding.
func (v volume) counted(o int) int {
	n := 1
	for i := 2; i >= 0; i-- {
		x := o % v.out[i]
		o /= v.out[i]
		inside := 0
		for k := range v.kernel[i] {
			if x*v.strides[i]+k*v.dilations[i]-v.begin[i] < v.in[i]+v.end[i] {
				inside++
			}
		}
		n *= inside
	}
	return n
}

// buildVolumeConv is Conv of volumes. Sums are in float64.
func buildVolumeConv(s *site) (runner, error) {
	v, err := newVolume(s, s.shape(0), s.outShape(0))
	if err != nil {
		return nil, err
	}
	weight, err := s.constant(1)
	if err != nil {
		return nil, err
	}
	bias, err := s.constant(2)
	if err != nil {
		return nil, err
	}
	filters, group := s.outShape(0)[1], max(1, s.Attrs.Int("group", 1))
	each, taps, plane, size := v.channels/group, tensor.Size(v.kernel[:]), tensor.Size(v.in[:]), tensor.Size(v.out[:])
	if len(weight) != filters*each*taps || filters%group != 0 {
		return nil, fmt.Errorf("%d weights for %d filters of %d channels", len(weight), filters, each)
	}
	windows := v.windows()
	lo, hi := s.lo, s.hi
	return func(t *task) {
		for f := range filters {
			w, first := weight[f*each*taps:], f/(filters/group)*each
			for o, list := range windows {
				sum := 0.0
				if bias != nil {
					sum = float64(bias[f])
				}
				for c := range each {
					x := t.in[0][(first+c)*plane:]
					for _, p := range list {
						sum += float64(w[c*taps+p.tap]) * float64(x[p.from])
					}
				}
				y := float32(sum)
				if s.residual {
					y += t.in[len(t.in)-1][f*size+o]
				}
				t.out[0][f*size+o] = min(max(y, lo), hi)
			}
		}
	}, nil
}

// buildVolumePool is MaxPool and AveragePool of volumes.
func buildVolumePool(s *site) (runner, error) {
	v, err := newVolume(s, s.shape(0), s.outShape(0))
	if err != nil {
		return nil, err
	}
	windows, plane, size := v.windows(), tensor.Size(v.in[:]), tensor.Size(v.out[:])
	divisors := make([]float64, size)
	for o, list := range windows {
		divisors[o] = float64(len(list))
		if s.Attrs.Int("count_include_pad", 0) != 0 {
			divisors[o] = float64(v.counted(o))
		}
	}
	largest := s.Op == "MaxPool"
	return func(t *task) {
		for c := range v.channels {
			x := t.in[0][c*plane:]
			for o, list := range windows {
				top, sum := float32(math.Inf(-1)), 0.0
				for _, p := range list {
					top = max(top, x[p.from])
					sum += float64(x[p.from])
				}
				if !largest {
					top = float32(sum / divisors[o])
				}
				t.out[0][c*size+o] = top
			}
		}
	}, nil
}
