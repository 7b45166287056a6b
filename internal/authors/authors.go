// Package authors computes what the public code of the paper's authors does to the activations of a batch, which differs
// from the paper's text: scales are of all images of a batch, trees are built for every batch, and bits are counted without
// scales (docs/METHOD.md, "The authors' protocol"). It stores nothing: it is a simulation, for comparison.
package authors

import "math"

// What their experiments use.
const (
	Batch     = 128 // images that share scales and trees, in the order of the test set
	ExtraBits = 3   // m
	Ratio     = .4  // r
	Seeds     = 5   // rankings
)

// Important is their number of important channels, floor(r C).
func Important(channels int) int { return int(Ratio * float64(channels)) }

// Layout is how the channels of an edge lie in an image's values.
type Layout struct {
	Channels int
	Last     bool // value i is of channel i mod Channels; else channels are planes, one after the other
}

// gather appends a channel's values of all images to dst.
func (l Layout) gather(dst []float32, images [][]float32, c int) []float32 {
	for _, x := range images {
		if !l.Last {
			plane := len(x) / l.Channels
			dst = append(dst, x[c*plane:(c+1)*plane]...)
			continue
		}
		for i := c; i < len(x); i += l.Channels {
			dst = append(dst, x[i])
		}
	}
	return dst
}

// scatter is the reverse of gather.
func (l Layout) scatter(images [][]float32, c int, values []float32) {
	for _, x := range images {
		n := len(x) / l.Channels
		if l.Last {
			for i, v := range values[:n] {
				x[i*l.Channels+c] = v
			}
		} else {
			copy(x[c*n:], values[:n])
		}
		values = values[n:]
	}
}

// largest is the largest finite magnitude.
func largest(values []float32) (top float32) {
	for _, v := range values {
		if v < 0 {
			v = -v
		}
		if v > top && v <= math.MaxFloat32 {
			top = v
		}
	}
	return top
}

// grid is a uniform signed quantizer of some bits: round to nearest, ties to even, then clamp.
type grid struct{ scale, low, high float32 }

// newGrid covers -top to top: scale top/2^(bits-1).
func newGrid(top float32, bits int) grid {
	half := float32(int(1) << (bits - 1))
	return grid{top / half, -half, half - 1}
}

// code is 0 where there is no scale, and for NaN.
func (g grid) code(v float32) float32 {
	const whole = 3 << 22 // of float32: the sum with a smaller number is rounded to an integer, ties to even
	x := v / g.scale
	switch {
	case g.scale == 0 || x != x:
		return 0
	case x >= g.high:
		return g.high
	case x <= g.low:
		return g.low
	}
	return (x + whole) - whole
}
