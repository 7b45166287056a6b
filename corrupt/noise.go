package corrupt

import (
	"math"
	"math/rand/v2"
)

func gaussianNoise(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity, [5]float64{.04, .06, .08, .09, .10}, [5]float64{.08, .12, .18, .26, .38})
	for i := range im.Pix {
		im.Pix[i] += c * r.NormFloat64()
	}
}

func shotNoise(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity, [5]float64{500, 250, 100, 75, 50}, [5]float64{60, 25, 12, 5, 3})
	for i, v := range im.Pix {
		im.Pix[i] = poisson(r, v*c) / c
	}
}

// impulseNoise is salt and pepper, as likely.
func impulseNoise(im *Image, r *rand.Rand, severity int) {
	c := pick(im, severity, [5]float64{.01, .02, .03, .05, .07}, [5]float64{.03, .06, .09, .17, .27})
	for i := range im.Pix {
		if r.Float64() < c {
			im.Pix[i] = float64(r.IntN(2))
		}
	}
}

// poisson draws from a Poisson distribution: small means by multiplying uniform numbers (Knuth), large ones by transformed
// rejection (Hörmann, "The transformed rejection method for generating Poisson random variables", 1993, algorithm PTRS).
func poisson(r *rand.Rand, mean float64) float64 {
	if mean < 10 {
		k, p, limit := 0, r.Float64(), math.Exp(-mean)
		for ; p > limit; k++ {
			p *= r.Float64()
		}
		return float64(k)
	}
	b := .931 + 2.53*math.Sqrt(mean)
	a := -.059 + .02483*b
	inverse := 1.1239 + 1.1328/(b-3.4)
	accept := .9277 - 3.6224/(b-2)
	for {
		u, v := r.Float64()-.5, r.Float64()
		s := .5 - math.Abs(u)
		k := math.Floor((2*a/s+b)*u + mean + .43)
		if s >= .07 && v <= accept {
			return k
		}
		if k < 0 || s < .013 && v > s {
			continue
		}
		g, _ := math.Lgamma(k + 1)
		if math.Log(v*inverse/(a/(s*s)+b)) <= k*math.Log(mean)-mean-g {
			return k
		}
	}
}
