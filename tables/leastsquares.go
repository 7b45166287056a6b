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

// normal are the normal equations of a weighted least squares fit.
type normal struct {
	a [tapFeatures]features
	b features
}

func (n *normal) add(x *features, y, weight float64) {
	for i, v := range x {
		if v == 0 {
			continue
		}
		v *= weight
		n.b[i] += float64(v * y)
		for j := 0; j <= i; j++ {
			n.a[i][j] += float64(v * x[j])
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

// visit calls f with the features of about so many codes as weights are fitted to, of magnitudes and of codes, and with how much
// an error weighs there: as much as the magnitude that is expected lets it appear.
func (t *tapSamples) visit(taps *profile.Taps, means []float64, f func(channel int, code int16, x, s *features, weight float64)) {
	every, at := 1+t.kept/tapFitted, 0
	var near rans.TapNeighbours
	t.bands(func(p tapSample) {
		mean := means[p.channel]
		near.Begin(&taps.Taps, t.edge.Cols)
		for i, code := range p.codes {
			if at++; at%every != 0 && every > 1 {
				continue
			}
			var x, s features
			for k, c := range near.Of(p.codes, i) {
				x[k], s[k] = math.Abs(float64(c)), float64(c)
			}
			x[meanFeature], x[oneFeature] = mean, 1
			if p.earlier != nil {
				center := float64(p.earlier[i])
				magnitudes, sum := near.Around(p.earlier, i)
				x[centerFeature], s[centerFeature] = math.Abs(center), center
				x[crossFeature], s[crossFeature] = float64(magnitudes), float64(sum)
			}
			g := float64(.1*(x[0]+x[0]+x[1]+x[1]+x[2]+x[3])) + float64(.4*mean) + .25
			f(p.channel, code, &x, &s, 1/(g*g))
		}
	})
}

// fit finds weights and offsets.
func (t *tapSamples) fit(c *tapCoding, means []float64) {
	var magnitude, signed normal
	taps := c.taps
	t.visit(taps, means, func(_ int, code int16, x, s *features, weight float64) {
		magnitude.add(x, math.Abs(float64(code)), weight)
		if taps.TwoSided {
			signed.add(s, float64(code), weight)
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
