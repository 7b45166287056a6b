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

// together is how many samples are added up at once where most of their features are not 0; sums are the same either way.
const together = 4

// add counts samples by their magnitudes, or by their codes if signed.
func (n *normal) add(samples []sample, signed bool) {
	some := 0
	for i := range samples {
		some += len(samples[i].some)
	}
	if len(samples) == together && some > together*tapFeatures/2 {
		n.addFour((*[together]sample)(samples), signed)
		return
	}
	for i := range samples {
		n.addOne(&samples[i], signed)
	}
}

// addOne looks at features that are not 0.
func (n *normal) addOne(s *sample, signed bool) {
	x, y := s.of(signed)
	for k, i := range s.some {
		i %= tapFeatures // as it is: bounds are known then
		v, row := x[i]*s.weight, &n.a[i]
		n.b[i] += float64(v * y)
		for _, j := range s.some[:k+1] {
			j %= tapFeatures
			row[j] += float64(v * x[j])
		}
	}
}

// addFour looks at all features.
func (n *normal) addFour(s *[together]sample, signed bool) {
	x0, y0 := s[0].of(signed)
	x1, y1 := s[1].of(signed)
	x2, y2 := s[2].of(signed)
	x3, y3 := s[3].of(signed)
	for i := range n.a {
		v0, v1, v2, v3 := x0[i]*s[0].weight, x1[i]*s[1].weight, x2[i]*s[2].weight, x3[i]*s[3].weight
		if v0 == 0 && v1 == 0 && v2 == 0 && v3 == 0 {
			continue
		}
		b := n.b[i] + float64(v0*y0)
		b += float64(v1 * y1)
		b += float64(v2 * y2)
		n.b[i] = b + float64(v3*y3)
		row := &n.a[i]
		for j := range i + 1 {
			a := row[j] + float64(v0*x0[j])
			a += float64(v1 * x1[j])
			a += float64(v2 * x2[j])
			row[j] = a + float64(v3*x3[j])
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

// visit calls f with about so many codes as weights are fitted to, some at a time. An error weighs as much as the magnitude that is
// expected there lets it appear. What f gets is valid until it returns.
func (t *tapSamples) visit(taps *profile.Taps, means []float64, f func(some []sample)) {
	every := 1 + t.kept/tapFitted
	next, near := every-1, newNeighbours(taps.Grid, t.edge.Cols)
	var memory [together]sample
	n := 0
	t.bands(func(p tapSample) {
		for ; next < len(p.codes); next += every {
			memory[n].take(near, p, next, means[p.channel])
			if n++; n == together {
				f(memory[:])
				n = 0
			}
		}
		next -= len(p.codes)
	})
	f(memory[:n])
}

// take makes v that of code i of a part.
func (v *sample) take(near *neighbours, p tapSample, i int, mean float64) {
	v.channel = p.channel
	near.fill(v, p, i)
	v.set(meanFeature, mean, 0)
	v.set(oneFeature, 1, 0)
	if p.earlier != nil {
		center := float64(p.earlier[i])
		magnitudes, sum := near.Around(p.earlier, i)
		v.set(centerFeature, math.Abs(center), center)
		v.set(crossFeature, float64(magnitudes), float64(sum))
	}
	x := &v.x
	g := float64(.1*(x[0]+x[0]+x[1]+x[1]+x[2]+x[3])) + float64(.4*mean) + .25
	v.weight = 1 / (g * g)
}

// of gives the features and what they explain: magnitudes, or codes.
func (v *sample) of(signed bool) (*features, float64) {
	if signed {
		return &v.s, v.code
	}
	return &v.x, math.Abs(v.code)
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
	t.visit(taps, means, func(some []sample) {
		magnitude.add(some, false)
		if taps.TwoSided {
			signed.add(some, true)
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
