package corrupt

import (
	"math"
	"math/rand/v2"
)

// Borders, as the published program's libraries continue an image: by its last value, mirrored at it, or mirrored behind it.
type border func(i, n int) int

func nearest(i, n int) int { return max(0, min(n-1, i)) }

func mirror101(i, n int) int { // dcb|abcd|cba
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}

func mirror(i, n int) int { // cba|abcd|dcb
	period := 2 * n
	i = ((i % period) + period) % period
	return min(i, period-1-i)
}

// gaussian blurs a plane with a kernel that is cut at so many deviations.
func gaussian(plane []float64, height, width int, sigma [2]float64, cut float64, at border) {
	blurAxis(plane, height, width, width, 1, gaussKernel(sigma[0], cut), at)
	blurAxis(plane, width, height, 1, width, gaussKernel(sigma[1], cut), at)
}

// gaussKernel is one half of it, from the middle on, nil for a deviation that moves nothing.
func gaussKernel(sigma, cut float64) (half []float64) {
	radius := int(cut*sigma + .5)
	if radius == 0 {
		return nil
	}
	sum := -1.0
	for k := range radius + 1 {
		half = append(half, math.Exp(-.5*float64(k*k)/(sigma*sigma)))
		sum += 2 * half[k]
	}
	for k := range half {
		half[k] /= sum
	}
	return half
}

// blurAxis blurs lines of n values, step apart; there are count of them, next apart.
func blurAxis(plane []float64, n, count, step, next int, half []float64, at border) {
	if half == nil {
		return
	}
	line := make([]float64, n)
	for c := range count {
		for i := range n {
			line[i] = plane[c*next+i*step]
		}
		for i := range n {
			v := half[0] * line[i]
			for k := 1; k < len(half); k++ {
				v += half[k] * (line[at(i-k, n)] + line[at(i+k, n)])
			}
			plane[c*next+i*step] = v
		}
	}
}

// defocusBlur folds with a disk whose edge is smoothed.
func defocusBlur(im *Image, _ *rand.Rand, severity int) {
	c := pick(im, severity,
		[5][2]float64{{.3, .4}, {.4, .5}, {.5, .6}, {1, .2}, {1.5, .1}}, [5][2]float64{{3, .1}, {4, .5}, {6, .5}, {8, .5}, {10, .5}})
	side, reach := 8, 1 // of the kernel, and of the filter that smooths it
	if c[0] > 8 {
		side, reach = int(c[0]), 2
	}
	kernel, n := disk(c[0], c[1], side, reach), 2*side+1
	for ch := range im.Channels {
		p := im.plane(ch)
		out := make([]float64, len(p))
		for y := range im.Height {
			for x := range im.Width {
				v := 0.0
				for k, w := range kernel {
					if w > 0 {
						v += w * p[mirror101(y+k/n-side, im.Height)*im.Width+mirror101(x+k%n-side, im.Width)]
					}
				}
				out[y*im.Width+x] = v
			}
		}
		copy(p, out)
	}
}

func disk(radius, smooth float64, side, reach int) []float64 {
	n := 2*side + 1
	kernel, inside := make([]float64, n*n), 0.0
	for k := range kernel {
		if x, y := float64(k%n-side), float64(k/n-side); x*x+y*y <= radius*radius {
			kernel[k], inside = 1, inside+1
		}
	}
	for k := range kernel {
		kernel[k] /= inside
	}
	half := gaussKernel(smooth, (float64(reach)+.25)/smooth)
	blurAxis(kernel, n, n, n, 1, half, mirror101)
	blurAxis(kernel, n, n, 1, n, half, mirror101)
	return kernel
}

// glassBlur takes pixels from their neighbourhood. The published program means to swap two pixels, but its assignment of views copies
// one over the other: so does this.
func glassBlur(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity,
		[5][3]float64{{.05, 1, 1}, {.25, 1, 1}, {.4, 1, 1}, {.25, 1, 2}, {.4, 1, 2}},
		[5][3]float64{{.7, 1, 2}, {.9, 2, 1}, {1, 2, 3}, {1.1, 3, 2}, {1.5, 4, 2}})
	sigma, reach := [2]float64{c[0], c[0]}, int(c[1])
	for ch := range im.Channels {
		gaussian(im.plane(ch), im.Height, im.Width, sigma, 4, nearest)
	}
	for i, v := range im.Pix {
		im.Pix[i] = float64(int(255*v)) / 255
	}
	for range int(c[2]) {
		for y := im.Height - reach; y > reach; y-- {
			for x := im.Width - reach; x > reach; x-- {
				dx, dy := r.IntN(2*reach)-reach, r.IntN(2*reach)-reach
				for ch := range im.Channels {
					p := im.plane(ch)
					p[y*im.Width+x] = p[(y+dy)*im.Width+x+dx]
				}
			}
		}
	}
	for ch := range im.Channels {
		gaussian(im.plane(ch), im.Height, im.Width, sigma, 4, nearest)
	}
}

func motionBlur(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity,
		[5][2]float64{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}, [5][2]float64{{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}})
	angle := -45 + 90*r.Float64()
	for ch := range im.Channels {
		moveBlur(im.plane(ch), im.Height, im.Width, int(c[0]), c[1], angle)
	}
}

// moveBlur smears a plane to one side, with weights of half a normal distribution.
func moveBlur(plane []float64, height, width, radius int, sigma, angle float64) {
	weights, sum := make([]float64, 2*radius+1), 0.0
	for k := range weights {
		weights[k] = math.Exp(-float64(k*k) / (2 * sigma * sigma))
		sum += weights[k]
	}
	sin, cos := math.Sincos(angle * math.Pi / 180)
	out := make([]float64, len(plane))
	for k, w := range weights {
		dy, dx := -int(math.Ceil(float64(k)*sin-.5)), -int(math.Ceil(float64(k)*cos-.5))
		if max(dy, -dy) >= height || max(dx, -dx) >= width {
			break
		}
		for y := range height {
			from := plane[nearest(y-dy, height)*width:][:width]
			for x := range width {
				out[y*width+x] += w / sum * from[nearest(x-dx, width)]
			}
		}
	}
	copy(plane, out)
}

// zoomBlur is the mean of the image and of enlargements of it.
func zoomBlur(im *Image, _ *rand.Rand, severity int) {
	type zooms struct {
		count int
		step  float64
	}
	c := pick(im, severity,
		[5]zooms{{7, .01}, {12, .01}, {16, .01}, {21, .01}, {26, .01}}, [5]zooms{{12, .01}, {16, .01}, {11, .02}, {13, .02}, {11, .03}})
	for ch := range im.Channels {
		p := im.plane(ch)
		sum := append([]float64(nil), p...)
		for k := range c.count {
			zoomed := zoom(p, im.Height, im.Width, 1+float64(k)*c.step, !im.Large)
			for i, v := range zoomed {
				sum[i] += v
			}
		}
		for i, v := range sum {
			p[i] = v / float64(c.count+1)
		}
	}
}

// zoom enlarges the middle of a plane to its whole size; what is over is cut off on both sides, or behind.
func zoom(plane []float64, height, width int, factor float64, middle bool) []float64 {
	h, w := int(math.Ceil(float64(height)/factor)), int(math.Ceil(float64(width)/factor))
	top, left := (height-h)/2, (width-w)/2
	rows, cols := int(math.RoundToEven(float64(h)*factor)), int(math.RoundToEven(float64(w)*factor))
	y0, x0 := 0, 0
	if middle {
		y0, x0 = (rows-height)/2, (cols-width)/2
	}
	out := make([]float64, height*width)
	for y := range height {
		for x := range width {
			fy, fx := float64(y+y0)*ratio(h-1, rows-1), float64(x+x0)*ratio(w-1, cols-1)
			out[y*width+x] = bilinear(plane, height, width, float64(top)+min(fy, float64(h-1)), float64(left)+min(fx, float64(w-1)), nearest)
		}
	}
	return out
}

func ratio(a, b int) float64 { return float64(a) / float64(max(1, b)) }

func bilinear(plane []float64, height, width int, y, x float64, at border) float64 {
	fy, fx := math.Floor(y), math.Floor(x)
	y0, y1 := at(int(fy), height)*width, at(int(fy)+1, height)*width
	x0, x1 := at(int(fx), width), at(int(fx)+1, width)
	y, x = y-fy, x-fx
	return (1-y)*((1-x)*plane[y0+x0]+x*plane[y0+x1]) + y*((1-x)*plane[y1+x0]+x*plane[y1+x1])
}
