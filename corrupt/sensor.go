package corrupt

import (
	"math"
	"math/rand/v2"
)

// sensorGain: a lamp that fades; a severity is 5 % of the light.
func sensorGain(im *Image, _ *rand.Rand, strength float64) {
	for i := range im.Pix {
		im.Pix[i] *= 1 - .05*strength
	}
}

// sensorOffset: stray light or dark current; a severity is 2 % of full scale.
func sensorOffset(im *Image, _ *rand.Rand, strength float64) {
	for i := range im.Pix {
		im.Pix[i] += .02 * strength
	}
}

// sensorDust: specks on the sensor, each at its place for good; a severity is two more of them, a 24th of the side wide, that
// take half of the light.
func sensorDust(im *Image, r *rand.Rand, strength float64) {
	n, radius := im.Height*im.Width, math.Max(1, float64(min(im.Height, im.Width))/24)
	for left := 2 * strength; left > 0; left-- {
		y, x := r.Float64()*float64(im.Height), r.Float64()*float64(im.Width)
		for i := range n {
			d := math.Hypot(float64(i/im.Width)-y, float64(i%im.Width)-x) / radius
			shade := 1 - .5*min(1, left)*math.Exp(-d*d)
			for ch := range im.Channels {
				im.Pix[ch*n+i] *= shade
			}
		}
	}
}
