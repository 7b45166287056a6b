package calib

import (
	"math"
	"math/rand/v2"

	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/tensor"
)

// draw returns random derivatives by the outputs whose mean square, along any change of them, is the second derivative of what
// measure says of that change: half of it is the distortion of a small one. For a KL those are derivatives of the cross-entropy with
// labels that the network itself draws (Fisher's information), for a squared error signs. Outputs are drawn independently of
// each other, and so are positions: what two of them share vanishes in the mean.
func (r *run) draw(outputs []*tensor.Tensor, rng *rand.Rand) [][]float32 {
	all, drawn := r.opt.Outputs.All, make([][]float32, len(outputs))
	if o := r.opt.Objective; o != (Objective{}) {
		drawn[0] = o.draw(outputs[0], metric.Output{}, 1, rng)
		return drawn
	}
	if len(all) == 1 {
		drawn[0] = objectiveOf(all[0]).draw(outputs[0], all[0], 1, rng)
		return drawn
	}
	for i, out := range all {
		share := 1 / float64(len(all))
		switch {
		case out.Kind == metric.Values:
			squares := 0.0
			for _, v := range outputs[i].Data {
				squares += float64(v) * float64(v)
			}
			drawn[i] = signs(len(outputs[i].Data), share/max(squares, 0x1p-126), rng)
		case out.Probabilities:
			drawn[i] = label(outputs[i], 1, share, true, rng)
		default:
			drawn[i] = objectiveOf(out).draw(outputs[i], out, share, rng)
		}
	}
	return drawn
}

func (o Objective) draw(z *tensor.Tensor, out metric.Output, share float64, rng *rand.Rand) []float32 {
	if o.Squares {
		return signs(len(z.Data), share/float64(len(z.Data)), rng)
	}
	return label(z, o.Temperature, share, o.Temperature == 1 && out.Kind == metric.Presence && out.Probabilities, rng)
}

// signs are those of weight times the sum of squared errors.
func signs(n int, weight float64, rng *rand.Rand) []float32 {
	d, size := make([]float32, n), float32(math.Sqrt(2*weight))
	for i := range d {
		d[i] = size
		if rng.Uint64()&1 != 0 {
			d[i] = -size
		}
	}
	return d
}

// leastProbability bounds derivatives by outputs that are probabilities.
const leastProbability = 1e-6

// label draws a class at every position of logits, or probabilities, and returns the derivatives of its negative logarithm,
// so scaled that their squares are those of share times the mean over the positions.
func label(z *tensor.Tensor, temperature, share float64, probabilities bool, rng *rand.Rand) []float32 {
	classes := z.Shape[1]
	positions := len(z.Data) / classes
	d, scale := make([]float32, len(z.Data)), math.Sqrt(share/float64(positions))
	p := make([]float64, classes)
	for i := range positions {
		for c := range p {
			p[c] = float64(z.Data[c*positions+i])
		}
		if classes == 1 {
			d[i] = float32(scale * presence(p[0], temperature, probabilities, rng))
			continue
		}
		if !probabilities {
			softmax(p, temperature)
		}
		drawn := choose(p, rng)
		for c := range p {
			at := &d[c*positions+i]
			switch {
			case !probabilities && c == drawn:
				*at = float32(scale * (p[c] - 1) / temperature)
			case !probabilities:
				*at = float32(scale * p[c] / temperature)
			case c == drawn:
				*at = float32(-scale / max(p[c], leastProbability))
			}
		}
	}
	return d
}

// presence is the derivative of one channel: a class against its absence.
func presence(v, temperature float64, probability bool, rng *rand.Rand) float64 {
	p := v
	if !probability {
		p = 1 / (1 + math.Exp(-v/temperature))
	}
	there := 0.0
	if rng.Float64() < p {
		there = 1
	}
	if probability {
		p = min(max(p, leastProbability), 1-leastProbability)
		return (p - there) / (p * (1 - p))
	}
	return (p - there) / temperature
}

func softmax(v []float64, temperature float64) {
	top, sum := math.Inf(-1), 0.0
	for _, x := range v {
		top = max(top, x)
	}
	for i, x := range v {
		v[i] = math.Exp((x - top) / temperature)
		sum += v[i]
	}
	for i := range v {
		v[i] /= sum
	}
}

// choose draws an index by its probability.
func choose(p []float64, rng *rand.Rand) int {
	at := rng.Float64()
	for i, v := range p {
		if at -= v; at < 0 {
			return i
		}
	}
	return len(p) - 1
}
