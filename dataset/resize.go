package dataset

import "math"

// Antialiased bilinear resizing as the imaging library does on which training pipelines are built (Pillow's BILINEAR):
// a triangle as wide as two output pixels, at least two input pixels, first along rows, then along columns. Whole
// levels are computed in integers and rounded to levels after each of the two, which gives the very pixels that the
// network was trained on. Measurements (Image.Float) are summed in float64 and rounded to float32 only. Both are
// bit-identical on every machine.

// weightBits is the precision of integer weights.
const weightBits = 22

// taps are the input pixels that make one output pixel.
type taps struct {
	first   int
	weights []float64 // sum 1
	fixed   []int64   // the same times 2^weightBits, rounded
}

// triangle computes the taps of every output pixel. Products are converted so that none is fused with an addition.
func triangle(in, out int) []taps {
	scale := float64(in) / float64(out)
	radius := max(scale, 1)
	narrow := 1 / radius
	all := make([]taps, out)
	for i := range all {
		center := float64((float64(i) + 0.5) * scale)
		first := max(0, int(center-radius+0.5))
		last := min(in, int(center+radius+0.5))
		weights, sum := make([]float64, last-first), 0.0
		for k := range weights {
			weights[k] = max(0, 1-math.Abs(float64((float64(first+k)-center+0.5)*narrow)))
			sum += weights[k]
		}
		fixed := make([]int64, len(weights))
		for k := range weights {
			weights[k] /= sum
			fixed[k] = int64(float64(weights[k]*(1<<weightBits)) + 0.5)
		}
		all[i] = taps{first, weights, fixed}
	}
	return all
}

// resize scales every plane to height x width.
func resize(img Image, height, width int) Image {
	if img.Width != width {
		out := Image{Channels: img.Channels, Height: img.Height, Width: width, Float: img.Float}
		out.Pix = make([]float32, out.Channels*out.Height*out.Width)
		t := triangle(img.Width, width)
		for line := range img.Channels * img.Height {
			scaleLine(out.Pix[line*width:], img.Pix[line*img.Width:], 1, t, img.Float)
		}
		img = out
	}
	if img.Height != height {
		out := Image{Channels: img.Channels, Height: height, Width: width, Float: img.Float}
		out.Pix = make([]float32, out.Channels*out.Height*out.Width)
		t := triangle(img.Height, height)
		for c := range img.Channels {
			for x := range width {
				scaleLine(out.Pix[c*height*width+x:], img.Pix[c*img.Height*width+x:], width, t, img.Float)
			}
		}
		img = out
	}
	return img
}

// scaleLine computes one output row or column; step is the distance of its pixels in memory, in dst as in src.
func scaleLine(dst, src []float32, step int, t []taps, float bool) {
	for i, tap := range t {
		at := tap.first * step
		if float {
			sum := 0.0
			for k, w := range tap.weights {
				sum += float64(w * float64(src[at+k*step]))
			}
			dst[i*step] = float32(sum)
			continue
		}
		sum := int64(1) << (weightBits - 1)
		for k, w := range tap.fixed {
			sum += w * int64(src[at+k*step])
		}
		dst[i*step] = float32(sum >> weightBits)
	}
}

// resizeNearest scales a mask without making up classes: output pixel i takes input pixel floor((i+0.5)*in/out).
func resizeNearest(mask []uint8, h, w, height, width int) []uint8 {
	out := make([]uint8, height*width)
	for y := range height {
		row := mask[(2*y+1)*h/(2*height)*w:]
		for x := range width {
			out[y*width+x] = row[(2*x+1)*w/(2*width)]
		}
	}
	return out
}
