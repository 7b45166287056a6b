package tables

import (
	"math"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// tapFitted is about how many codes weights are fitted to.
const tapFitted = 1 << 17

// Features of the fit: neighbours, the channel's mean, 1, and what an earlier edge has at the place and around it.
const (
	meanFeature   = rans.NumTaps
	oneFeature    = meanFeature + 1
	centerFeature = oneFeature + 1
	crossFeature  = centerFeature + 1
	tapFeatures   = crossFeature + 1
)

type features [tapFeatures]float64

// sample is a code that weights are fitted to.
type sample struct {
	channel int
	code    float64
	x, s    features // of magnitudes and of codes
	some    []uint8  // features of magnitudes that are not 0; the others are 0 in both
	memory  [tapFeatures]uint8
	weight  float64 // of an error
}

// normal are the normal equations of a weighted least squares fit.
type normal struct {
	a [tapFeatures]features // its lower triangle
	b features
}

// add counts a sample with features x, of which some are not 0. Where steps are coarse most are.
func (n *normal) add(x *features, some []uint8, y, weight float64) {
	for k, i := range some {
		v, row := x[i]*weight, &n.a[i]
		n.b[i] += float64(v * y)
		for _, j := range some[:k+1] {
			row[j] += float64(v * x[j])
		}
	}
}

// solve gives the weights of the first k features, with a little of ridge regression.
func (n *normal) solve(k int) []float64 {
	a := make([][]float64, k)
	ridge := 1e-9
	for i := range k {
		ridge += float64(1e-4 * n.a[i][i] / float64(k))
	}
	for i := range a {
		a[i] = make([]float64, k+1)
		for j := range k {
			a[i][j] = n.a[max(i, j)][min(i, j)]
		}
		a[i][i] += ridge
		a[i][k] = n.b[i]
	}
	for i := range a { // the matrix is positive definite: no pivots
		for j := i + 1; j < k; j++ {
			f := a[j][i] / a[i][i]
			for l := i; l <= k; l++ {
				a[j][l] -= float64(f * a[i][l])
			}
		}
	}
	x := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		x[i] = a[i][k]
		for j := i + 1; j < k; j++ {
			x[i] -= float64(a[i][j] * x[j])
		}
		x[i] /= a[i][i]
	}
	return x
}

// visit calls f with about so many codes as weights are fitted to. An error weighs as much as the magnitude that is expected there
// lets it appear. What f gets is valid until it returns.
func (t *tapSamples) visit(taps *profile.Taps, means []float64, f func(v *sample)) {
	every, next := 1+t.kept/tapFitted, 0
	near, v := newNeighbours(taps.Grid, t.edge.Cols), &sample{}
	next = every - 1
	t.bands(func(p tapSample) {
		v.channel = p.channel
		for ; next < len(p.codes); next += every {
			near.fill(v, p, next)
			mean := means[p.channel]
			v.set(meanFeature, mean, 0)
			v.set(oneFeature, 1, 0)
			if p.earlier != nil {
				center := float64(p.earlier[next])
				magnitudes, sum := near.Around(p.earlier, next)
				v.set(centerFeature, math.Abs(center), center)
				v.set(crossFeature, float64(magnitudes), float64(sum))
			}
			x := &v.x
			g := float64(.1*(x[0]+x[0]+x[1]+x[1]+x[2]+x[3])) + float64(.4*mean) + .25
			v.weight = 1 / (g * g)
			f(v)
		}
		next -= len(p.codes)
	})
}

// set notes a feature; they are set in their order.
func (v *sample) set(k int, x, s float64) {
	v.x[k], v.s[k] = x, s
	if n := len(v.some); x != 0 {
		v.memory[n] = uint8(k)
		v.some = v.memory[:n+1]
	}
}

// fit finds weights and offsets.
func (t *tapSamples) fit(c *tapCoding, means []float64) {
	var magnitude, signed normal
	taps := c.taps
	t.visit(taps, means, func(v *sample) {
		magnitude.add(&v.x, v.some, math.Abs(v.code), v.weight)
		if taps.TwoSided {
			signed.add(&v.s, v.some, v.code, v.weight)
		}
	})
	if t.beside {
		t.fitBeside(c, means, magnitude.solve(tapFeatures), signed.solve(tapFeatures))
		return
	}
	w := magnitude.solve(centerFeature)
	taps.Magnitude = tapWeights(w[:rans.NumTaps])
	if taps.TwoSided {
		taps.Signed = tapWeights(signed.solve(rans.NumTaps))
	}
	setOffsets(taps, means, w[meanFeature], w[oneFeature])
}

// tapWeights rounds weights to what a profile holds.
func tapWeights(w []float64) (out [rans.NumTaps]int8) {
	for scale := 128.0; ; scale *= .98 {
		if sum := roundWeights(out[:], w, scale); sum <= 255 {
			return out
		}
	}
}

// roundWeights rounds scaled weights, and sums up their magnitudes.
func roundWeights(out []int8, w []float64, scale float64) (sum float64) {
	for i, v := range w {
		v = math.RoundToEven(max(-127, min(127, v*scale)))
		out[i] = int8(v)
		sum += math.Abs(v)
	}
	return sum
}

// setOffsets rounds what is expected of every channel.
func setOffsets(taps *profile.Taps, means []float64, slope, base float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, m := range means {
		v := 128 * (base + float64(slope*m))
		low, high = min(low, v), max(high, v)
	}
	low = max(-8192, min(8192, math.RoundToEven(low)))
	taps.Base, taps.Unit = int16(low), uint8(max(0, min(255, math.Ceil((high-low)/255))))
	if high-low < 1 {
		taps.Unit = 0
	}
	for _, m := range means {
		if taps.Unit > 0 {
			part := math.RoundToEven((128*(base+float64(slope*m)) - low) / float64(taps.Unit))
			taps.Parts = append(taps.Parts, uint8(max(0, min(255, part))))
		}
	}
}
