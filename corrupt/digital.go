package corrupt

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
)

func contrast(im *Image, _ *rand.Rand, severity int) {
	c := pick(im, severity, [5]float64{.75, .5, .4, .3, .15}, [5]float64{.4, .3, .2, .1, .05})
	for ch := range im.Channels {
		p, mean := im.plane(ch), 0.0
		for _, v := range p {
			mean += v / float64(len(p))
		}
		for i, v := range p {
			p[i] = (v-mean)*c + mean
		}
	}
}

// elastic moves three corners of the image at random and then every pixel by smoothed noise.
func elastic(im *Image, r *rand.Rand, severity int) {
	side := float64(min(im.Height, im.Width))
	c := pick(im, severity,
		[5][3]float64{{0, 0, .08}, {.05, .2, .07}, {.08, .06, .06}, {.1, .04, .05}, {.1, .03, .03}}, [5][3]float64{})
	alpha, sigma, corner, reach := c[0]*side, [2]float64{c[1] * side, c[1] * side}, c[2]*side, 1.0
	if im.Large { // imagecorruptions moves no corners
		alpha = 250 * [5]float64{.05, .065, .085, .1, .12}[severity-1]
		sigma = [2]float64{.01 * float64(im.Height), .01 * float64(im.Width)}
		reach = .005 * float64(im.Height)
	} else {
		im.warp(affine(r, im.Height, im.Width, corner))
	}
	dx, dy := im.wobble(r, reach, alpha, sigma), im.wobble(r, reach, alpha, sigma)
	for ch := range im.Channels {
		p := im.plane(ch)
		from := append([]float64(nil), p...)
		for i := range p {
			p[i] = bilinear(from, im.Height, im.Width, float64(i/im.Width)+dy[i], float64(i%im.Width)+dx[i], mirror)
		}
	}
}

func (im *Image) wobble(r *rand.Rand, reach, alpha float64, sigma [2]float64) []float64 {
	d := make([]float64, im.Height*im.Width)
	for i := range d {
		d[i] = reach * (2*r.Float64() - 1)
	}
	gaussian(d, im.Height, im.Width, sigma, 3, mirror)
	for i := range d {
		d[i] *= alpha
	}
	return d
}

// affine is the map from pixels (x, y, 1) of the new image to those of the old one that three points follow which are moved at random.
func affine(r *rand.Rand, height, width int, reach float64) (m [2][3]float64) {
	// As published: the first coordinate is taken from the height, though it then is that along the width.
	cx, cy, d := float64(height/2), float64(width/2), float64(min(height, width)/3)
	from := [3][2]float64{{cx + d, cy + d}, {cx + d, cy - d}, {cx - d, cy - d}}
	var to [3][2]float64
	for k := range to {
		for j := range to[k] {
			to[k][j] = from[k][j] + reach*(2*r.Float64()-1)
		}
	}
	// Cramer's rule for the map that takes to into from.
	ax, ay := to[0][0]-to[2][0], to[0][1]-to[2][1]
	bx, by := to[1][0]-to[2][0], to[1][1]-to[2][1]
	det := ax*by - ay*bx
	for j := range m {
		p, q := from[0][j]-from[2][j], from[1][j]-from[2][j]
		m[j][0], m[j][1] = (p*by-q*ay)/det, (q*ax-p*bx)/det
		m[j][2] = from[2][j] - m[j][0]*to[2][0] - m[j][1]*to[2][1]
	}
	return m
}

func (im *Image) warp(m [2][3]float64) {
	for ch := range im.Channels {
		p := im.plane(ch)
		from := append([]float64(nil), p...)
		for i := range p {
			x, y := float64(i%im.Width), float64(i/im.Width)
			p[i] = bilinear(from, im.Height, im.Width, m[1][0]*x+m[1][1]*y+m[1][2], m[0][0]*x+m[0][1]*y+m[0][2], mirror101)
		}
	}
}

// pixelate makes the image smaller and larger again, by means of areas.
func pixelate(im *Image, _ *rand.Rand, severity int) {
	c := pick(im, severity, [5]float64{.95, .9, .85, .75, .65}, [5]float64{.6, .5, .4, .3, .25})
	h, w := int(float64(im.Height)*c), int(float64(im.Width)*c)
	for ch := range im.Channels {
		p := im.plane(ch)
		small := areaColumns(areaRows(p, im.Height, im.Width, h), h, im.Width, w)
		copy(p, areaColumns(areaRows(small, h, w, im.Height), im.Height, w, im.Width))
	}
}

// taps are the pixels whose centres lie in output pixel o of n, as Pillow's filter "box" takes them, of in pixels.
func taps(o, n, in int) (first, end int) {
	scale := float64(in) / float64(n)
	support := .5 * max(1, scale)
	centre := (float64(o) + .5) * scale
	first, end = max(0, int(centre-support+.5)), min(in, int(centre+support+.5))
	return first, max(end, first+1)
}

func areaRows(p []float64, height, width, rows int) []float64 {
	out := make([]float64, rows*width)
	for y := range rows {
		first, end := taps(y, rows, height)
		for k := first; k < end; k++ {
			for x := range width {
				out[y*width+x] += p[k*width+x] / float64(end-first)
			}
		}
	}
	return levels(out)
}

func areaColumns(p []float64, height, width, cols int) []float64 {
	out := make([]float64, height*cols)
	for x := range cols {
		first, end := taps(x, cols, width)
		for y := range height {
			for k := first; k < end; k++ {
				out[y*cols+x] += p[y*width+k] / float64(end-first)
			}
		}
	}
	return levels(out)
}

// levels rounds to whole levels.
func levels(p []float64) []float64 {
	for i, v := range p {
		p[i] = float64(int(255*v+.5)) / 255
	}
	return p
}

func compressJPEG(im *Image, _ *rand.Rand, severity int) {
	quality := pick(im, severity, [5]int{80, 65, 58, 50, 40}, [5]int{25, 18, 15, 10, 7})
	var b bytes.Buffer
	// Neither can fail: the picture has a size, and what is read was just written.
	if err := jpeg.Encode(&b, im.picture(), &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	decoded, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	n := im.Height * im.Width
	for i := range n {
		c := color.RGBAModel.Convert(decoded.At(i%im.Width, i/im.Width)).(color.RGBA)
		for ch, v := range []uint8{c.R, c.G, c.B}[:im.Channels] {
			im.Pix[ch*n+i] = float64(v) / 255
		}
	}
}

func (im *Image) picture() image.Image {
	n := im.Height * im.Width
	level := func(ch, i int) uint8 { return uint8(255*clip(im.Pix[ch*n+i]) + .5) }
	bounds := image.Rect(0, 0, im.Width, im.Height)
	if im.Channels == 1 {
		out := image.NewGray(bounds)
		for i := range n {
			out.Pix[i] = level(0, i)
		}
		return out
	}
	out := image.NewRGBA(bounds)
	for i := range n {
		out.Pix[4*i], out.Pix[4*i+1], out.Pix[4*i+2], out.Pix[4*i+3] = level(0, i), level(1, i), level(2, i), 255
	}
	return out
}
