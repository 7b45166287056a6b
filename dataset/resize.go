package dataset

import (
	"math"

	"github.com/dqa-go/dqa/profile"
)

// Antialiased bilinear and bicubic resizing as the imaging library does on which training pipelines are built (Pillow's
// BILINEAR and BICUBIC): a kernel as wide as two (four) output pixels, at least two (four) input pixels, first along
// rows, then along columns. Whole levels are computed in integers and rounded to levels after each of the two, which
// gives the very pixels that the network was trained on. Measurements are summed in float64 and rounded to float32 only.
// Both are bit-identical on every machine.

// weightBits is the precision of integer weights.
const weightBits = 22

// taps are the input pixels that make one output pixel. One of the lists of weights is filled: those of measurements or
// those of levels, times 2^weightBits and rounded.
type taps struct {
	first   int
	weights []float64 // sum 1
	fixed   []int32
}

// kernel is a resampling filter: its value at a distance in output pixels, 0 from support on.
type kernel struct {
	support float64
	at      func(x float64) float64
}

// kernels of Pillow. Products are converted so that none is fused with an addition.
var kernels = map[profile.Resample]kernel{
	profile.Bilinear: {1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }},
	profile.Bicubic: {2, func(x float64) float64 {
		switch x = math.Abs(x); {
		case x < 1:
			return float64(float64((float64(1.5*x)-2.5)*x)*x) + 1
		case x < 2:
			return float64(float64(float64(float64(float64((x-5)*x)+8)*x)-4) * -0.5)
		}
		return 0
	}},
}

// taps computes those of every output pixel.
func (k kernel) taps(in, out int, levels bool) []taps {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	radius, narrow := float64(k.support*stretch), 1/stretch
	all := make([]taps, out)
	var weights []float64
	for i := range all {
		center := float64((float64(i) + 0.5) * scale)
		first := max(0, int(center-radius+0.5))
		last := min(in, int(center+radius+0.5))
		sum := 0.0
		weights = weights[:0]
		for x := first; x < last; x++ {
			w := k.at(float64((float64(x) - center + 0.5) * narrow))
			weights = append(weights, w)
			sum += w
		}
		for x := range weights {
			weights[x] /= sum
		}
		all[i].first = first
		if levels {
			all[i].fixed = fixedWeights(weights)
		} else {
			all[i].weights = append([]float64(nil), weights...)
		}
	}
	return all
}

func fixedWeights(weights []float64) []int32 {
	fixed := make([]int32, len(weights))
	for k, w := range weights {
		fixed[k] = int32(float64(w*(1<<weightBits)) + math.Copysign(0.5, w))
	}
	return fixed
}

// resize scales a picture to height x width.
func resize(r raster, height, width int, how profile.Resample) Image {
	k := kernels[how]
	wide := Image{Channels: r.channels, Height: r.height, Width: width, Pix: make([]float32, r.channels*r.height*width)}
	wide.setTop(r.top)
	row := make([]float32, r.channels*r.width)
	var t []taps
	if width != r.width {
		t = k.taps(r.width, width, r.top > 0)
	}
	for y := range r.height {
		r.read(y, row)
		for c := range r.channels {
			to, from := wide.Pix[(c*r.height+y)*width:][:width], row[c*r.width:(c+1)*r.width]
			if t == nil {
				copy(to, from)
			} else {
				scaleLine(to, from, 1, t, r.top)
			}
		}
	}
	if height == r.height {
		return wide
	}
	out := wide
	out.Height, out.Pix = height, make([]float32, r.channels*height*width)
	t = k.taps(r.height, height, r.top > 0)
	for c := range r.channels {
		for x := range width {
			scaleLine(out.Pix[c*height*width+x:], wide.Pix[c*r.height*width+x:], width, t, r.top)
		}
	}
	return out
}

// scaleLine computes one output row or column; step is the distance of its pixels in memory, in dst as in src.
func scaleLine(dst, src []float32, step int, t []taps, top float32) {
	for i, tap := range t {
		at := tap.first * step
		if top == 0 {
			sum := 0.0
			for k, w := range tap.weights {
				sum += float64(w * float64(src[at+k*step]))
			}
			dst[i*step] = float32(sum)
			continue
		}
		sum := int64(1) << (weightBits - 1)
		for k, w := range tap.fixed {
			sum += int64(w) * int64(src[at+k*step])
		}
		dst[i*step] = min(max(float32(sum>>weightBits), 0), top)
	}
}

// resizeMemory is what resize needs at most, in bytes.
func resizeMemory(channels, h, w, height, width int, how profile.Resample) int64 {
	bytes := 4 * int64(channels) * int64(width) * (int64(h) + int64(height))
	const perWeight = 12 // a float64 or an int32, and what slices take besides
	return bytes + 2*int64(max(kernels[how].support, 1))*perWeight*(int64(h)+int64(w)) + 4*int64(channels)*int64(w)
}

// resizeNearest scales a mask without making up classes: output pixel i takes input pixel floor((i+0.5)*in/out).
func resizeNearest(mask []int32, h, w, height, width int) []int32 {
	out := make([]int32, height*width)
	for y := range height {
		row := mask[int(int64(2*y+1)*int64(h)/int64(2*height))*w:]
		for x := range width {
			out[y*width+x] = row[int64(2*x+1)*int64(w)/int64(2*width)]
		}
	}
	return out
}
