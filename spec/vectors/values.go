package main

import (
	"math"

	"github.com/dqa-go/dqa/profile"
)

// image is one edge of one image between quantizing and storing: scales by slot, none where they are static, and codes
// before the shift, channel by channel, row by row.
type image struct {
	scales []float32
	wide   []int
	means  [][]int // by tile and channel; only if the edge has any
}

// quantize follows spec/numerics.md. x lies in the order of memory.
func quantize(e *profile.Edge, x []float32) image {
	plane := e.Rows * e.Cols
	img := image{wide: make([]int, len(x))}
	if e.Transform != nil {
		x = components(e, x)
	}
	if !e.Scale.Static() {
		img.scales = make([]float32, e.NumScales())
	}
	for ch := range e.Channels {
		slot := e.ScaleSlot(ch)
		var scale float32
		if e.Scale.Static() {
			scale = e.Steps[slot]
		} else {
			scale = dynamicScale(e, ch, x)
		}
		inv := float32(1 / scale)
		if !normal(scale) || !normal(inv) {
			scale, inv = 0, 0
		}
		if !e.Scale.Static() {
			img.scales[slot] = scale
		}
		for i := range plane {
			at := ch*plane + i
			img.wide[at] = code(e, ch, at, x[place(e, ch, i)], inv)
		}
	}
	if e.DC {
		img.findMeans(e, x)
	}
	return img
}

// dynamicScale is the scale of a channel for this image.
func dynamicScale(e *profile.Edge, ch int, x []float32) float32 {
	var top float32
	for c := range e.Channels {
		for i := range e.Rows * e.Cols {
			v := x[place(e, c, i)]
			if !e.Unsigned {
				v = float32(math.Abs(float64(v)))
			}
			if (c == ch || !e.Scale.PerChannel()) && v > top && v <= math.MaxFloat32 {
				top = v
			}
		}
	}
	if e.Map == profile.Clipped {
		top = float32(top * e.Clip[e.ScaleSlot(ch)])
	}
	if e.Unsigned {
		return float32(top / float32(int(1)<<e.WideBits(ch)-1))
	}
	return float32(top * float32(math.Ldexp(1, 1-e.WideBits(ch))))
}

// code is the wide code of value a at position at of the edge.
func code(e *profile.Edge, ch, at int, a, inv float32) int {
	if inv == 0 {
		return 0
	}
	y := float32(a * inv)
	if e.Map == profile.Noisy {
		y = float32(y + noise(e, at))
	}
	low, high := bounds(e, ch)
	switch {
	case y != y:
		return 0
	case y < float32(low):
		return low
	case y > float32(high):
		return high
	}
	return int(math.RoundToEven(float64(y)))
}

// bounds are the lowest and the highest code before the shift.
func bounds(e *profile.Edge, ch int) (low, high int) {
	bits := e.WideBits(ch)
	switch {
	case e.Escape && e.Unsigned:
		return 0, math.MaxInt16
	case e.Escape:
		return math.MinInt16, math.MaxInt16
	case e.Unsigned:
		return 0, 1<<bits - 1
	}
	return -1 << (bits - 1), 1<<(bits-1) - 1
}

// noise is that of position i: output i of splitmix64.
func noise(e *profile.Edge, i int) float32 {
	z := e.Noise.Seed + uint64(i+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	u := float32(float64(int64(z>>40)-1<<23) / (1 << 23)) // exact
	return float32(e.Noise.Amplitude * u)
}

// values are those that a reader restores, in the order of memory; base says that it does without the low bits.
func (img image) values(e *profile.Edge, base bool) []float32 {
	plane := e.Rows * e.Cols
	out := make([]float32, len(img.wide))
	for ch := range e.Channels {
		scales := img.scales
		if e.Scale.Static() {
			scales = e.Steps
		}
		step := scales[e.ScaleSlot(ch)]
		for i := range plane {
			at := ch*plane + i
			out[place(e, ch, i)] = value(e, at, img.wide[at], step, base)
		}
	}
	img.addMeans(e, out)
	if e.Transform != nil {
		return ledBack(e, out)
	}
	return out
}

func value(e *profile.Edge, at, wide int, step float32, base bool) float32 {
	switch r := e.Refine; {
	case base && r > 0:
		b := wide >> r
		if b == 0 && e.OneSided {
			return 0
		}
		return float32(step * float32(float64(b<<r)+float64(int(1)<<r-1)/2))
	case e.Map == profile.Noisy && step == 0:
		return 0
	case e.Map == profile.Noisy:
		return float32(step * float32(float32(wide)-noise(e, at)))
	}
	return float32(step * float32(wide))
}

// place is where in memory value i of a channel lies.
func place(e *profile.Edge, ch, i int) int {
	if e.ChannelsLast {
		return i*e.Channels + ch
	}
	return ch*e.Rows*e.Cols + i
}

func normal(v float32) bool { return v >= 0x1p-126 && v <= math.MaxFloat32 }
