package corrupt

import (
	"math"
	"math/rand/v2"
)

// snow lays flakes over the image, which have been enlarged and smeared, and bleaches it.
func snow(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity,
		[5][7]float64{{.1, .2, 1, .6, 8, 3, .95}, {.1, .2, 1, .5, 10, 4, .9}, {.15, .3, 1.75, .55, 10, 4, .9},
			{.25, .3, 2.25, .6, 12, 6, .85}, {.3, .3, 1.25, .65, 14, 12, .8}},
		[5][7]float64{{.1, .3, 3, .5, 10, 4, .8}, {.2, .3, 2, .5, 12, 4, .7}, {.55, .3, 4, .9, 12, 8, .7},
			{.55, .3, 4.5, .85, 12, 8, .65}, {.55, .3, 2.5, .85, 12, 12, .55}})
	n := im.Height * im.Width
	flakes := make([]float64, n)
	for i := range flakes {
		flakes[i] = c[0] + c[1]*r.NormFloat64()
	}
	flakes = zoom(flakes, im.Height, im.Width, c[2], !im.Large)
	for i, v := range flakes {
		if v < c[3] {
			flakes[i] = 0
		}
		flakes[i] = float64(int(255*clip(flakes[i]))) / 255
	}
	moveBlur(flakes, im.Height, im.Width, int(c[4]), c[5], -135+90*r.Float64())
	for i := range n {
		light := 1.5*im.gray(i) + .5
		for ch := range im.Channels {
			v := &im.Pix[ch*n+i]
			*v = c[6]**v + (1-c[6])*max(*v, light) + flakes[i] + flakes[n-1-i]
		}
	}
}

// gray is the brightness of pixel i (ITU-R BT.601).
func (im *Image) gray(i int) float64 {
	if im.Channels == 1 {
		return im.Pix[i]
	}
	n := im.Height * im.Width
	return .299*im.Pix[i] + .587*im.Pix[n+i] + .114*im.Pix[2*n+i]
}

// frost lays crystals over the image. The authors' six photographs are not ours to ship: these are drawn, of their mean colour and
// contrast.
func frost(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity,
		[5][2]float64{{1, .2}, {1, .3}, {.9, .4}, {.85, .4}, {.75, .45}}, [5][2]float64{{1, .4}, {.8, .6}, {.7, .7}, {.65, .7}, {.6, .75}})
	n := im.Height * im.Width
	side := powerOfTwo(max(im.Height, im.Width))
	coarse, fine := fractal(r, 2*side, 1.6), fractal(r, 2*side, 1.2)
	top, left := r.IntN(side), r.IntN(side)
	tint := []float64{.96, 1, 1.04}
	for i := range n {
		at := (top+i/im.Width)*2*side + left + i%im.Width
		ridge := 1 - math.Abs(2*coarse[at]-1) // crystals grow along the lines where the height is the middle one
		v := .15 + .45*ridge*ridge + .35*(fine[at]-.25)
		for ch := range im.Channels {
			shade := v
			if im.Channels == 3 {
				shade *= tint[ch]
			}
			im.Pix[ch*n+i] = c[0]*im.Pix[ch*n+i] + c[1]*clip(shade)
		}
	}
}

func fog(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity,
		[5][2]float64{{.2, 3}, {.5, 3}, {.75, 2.5}, {1, 2}, {1.5, 1.75}}, [5][2]float64{{1.5, 2}, {2, 2}, {2.5, 1.7}, {2.5, 1.5}, {3, 1.4}})
	side, n := powerOfTwo(max(im.Height, im.Width)), im.Height*im.Width
	haze := fractal(r, side, c[1])
	top := 0.0
	for _, v := range im.Pix {
		top = max(top, v)
	}
	for i := range im.Pix {
		p := i % n
		im.Pix[i] = (im.Pix[i] + c[0]*haze[p/im.Width*side+p%im.Width]) * top / (top + c[0])
	}
}

func powerOfTwo(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}

// fractal is a height map of side x side values, 0 to 1, by the diamond-square algorithm on a torus; noise falls by decay from
// step to step.
func fractal(r *rand.Rand, side int, decay float64) []float64 {
	m := make([]float64, side*side)
	noise := 100.0
	at := func(y, x int) float64 { return m[(y+side)%side*side+(x+side)%side] }
	for step := side; step >= 2; step /= 2 {
		h := step / 2
		mean := func(sum float64) float64 { return sum/4 + noise*noise*(2*r.Float64()-1) }
		for y := 0; y < side; y += step {
			for x := 0; x < side; x += step {
				m[(y+h)*side+x+h] = mean(at(y, x) + at(y+step, x) + at(y, x+step) + at(y+step, x+step))
			}
		}
		for y := 0; y < side; y += step {
			for x := 0; x < side; x += step {
				m[y*side+x+h] = mean(at(y+h, x+h) + at(y-h, x+h) + at(y, x) + at(y, x+step))
				m[(y+h)*side+x] = mean(at(y+h, x+h) + at(y+h, x-h) + at(y, x) + at(y+step, x))
			}
		}
		noise /= decay
	}
	low, high := m[0], m[0]
	for _, v := range m {
		low, high = min(low, v), max(high, v)
	}
	for i, v := range m {
		m[i] = (v - low) / max(high-low, 1e-12)
	}
	return m
}

// brightness adds to the value of HSV, which keeps hue and saturation: a pixel is scaled.
func brightness(im *Image, _ *rand.Rand, severity int) {
	c := pick(im, severity, [5]float64{.05, .1, .15, .2, .3}, [5]float64{.1, .2, .3, .4, .5})
	n := im.Height * im.Width
	for i := range n {
		value := 0.0
		for ch := range im.Channels {
			value = max(value, im.Pix[ch*n+i])
		}
		for ch := range im.Channels {
			if v := &im.Pix[ch*n+i]; value > 0 {
				*v *= clip(value+c) / value
			} else {
				*v = clip(c)
			}
		}
	}
}
