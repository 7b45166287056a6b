package tables

import (
	"math"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// Codes of the coder Smallest2 beside those of an earlier edge of the same geometry.

// residual is what a channel's magnitudes, or codes, are more than expected, against the earlier edge's.
type residual struct{ product, square float64 }

// add counts what solved leaves unexplained of a sample without the earlier edge's code at its place.
func (r *residual) add(v *sample, signed bool, solved []float64) {
	f, y := v.of(signed)
	for _, i := range v.some {
		y -= float64(f[i] * solved[i])
	}
	r.product += float64(v.weight * f[centerFeature] * y)
	r.square += float64(v.weight * f[centerFeature] * f[centerFeature])
}

// fitBeside sets the weights of all channels to those that were solved for, and each channel's own of the earlier edge.
func (t *tapSamples) fitBeside(c *tapCoding, means, magnitude, signed []float64) {
	own := [2][]residual{make([]residual, len(means)), make([]residual, len(means))}
	solved := [2][]float64{magnitude, signed}
	t.visit(c.taps, means, func(some []sample) {
		for i := range some {
			v := &some[i]
			own[0][v.channel].add(v, false, magnitude)
			if c.taps.TwoSided {
				own[1][v.channel].add(v, true, signed)
			}
		}
	})
	for k := range own {
		mean := 0.0
		for _, r := range own[k] {
			mean += r.square / float64(len(own[k]))
		}
		weights := append([]float64(nil), solved[k][:rans.NumTaps]...)
		weights = append(weights, solved[k][crossFeature])
		for _, r := range own[k] {
			weights = append(weights, solved[k][centerFeature]+r.product/(r.square+float64(shrink*mean)+1e-9))
		}
		c.setBeside(k, weights)
	}
	setOffsets(c.taps, means, magnitude[meanFeature], magnitude[oneFeature])
}

// shrink draws a channel's weight to that of all channels.
const shrink = .03

// setBeside rounds weights of magnitudes (0) or of codes: of neighbours, of what lies around in the earlier edge, and of
// what lies at the same place there, by channel.
func (c *tapCoding) setBeside(k int, w []float64) {
	out := make([]int8, len(w))
	channels := out[rans.NumTaps+1:]
	for scale := 128.0; k == 0 || c.taps.TwoSided; scale *= .98 {
		sum := roundWeights(out[:rans.NumTaps], w[:rans.NumTaps], scale) + 4*roundWeights(out[rans.NumTaps:][:1], w[rans.NumTaps:][:1], scale)
		roundWeights(channels, w[rans.NumTaps+1:], scale)
		most := 0.0
		for _, v := range channels {
			most = max(most, math.Abs(float64(v)))
		}
		if sum+most <= 255 {
			break
		}
	}
	c.taps.Cross[k] = out[rans.NumTaps]
	c.weights[k] = channels
	to := &c.taps.Magnitude
	if k == 1 {
		to = &c.taps.Signed
	}
	copy(to[:], out)
}

// withEarlier is t with the codes of an earlier edge beside its own; nil where they are not at the same places.
func (t *tapSamples) withEarlier(other *tapSamples) *tapSamples {
	out := *t
	out.beside, out.images = true, nil
	if len(t.images) != len(other.images) {
		return nil
	}
	for i, parts := range t.images {
		if len(parts) > len(other.images[i]) {
			return nil
		}
		var beside []tapSample
		for k, p := range parts {
			q := other.images[i][k]
			if p.channel != q.channel || len(p.codes) != len(q.codes) {
				return nil
			}
			p.earlier = make([]int8, len(p.codes))
			for at, code := range q.codes {
				p.earlier[at] = rans.Bounded(code)
			}
			beside = append(beside, p)
		}
		out.images = append(out.images, beside)
	}
	return &out
}

// correlation is the mean square of the correlations of channels' codes in two edges, by the first image.
func (t *tapSamples) correlation(other *tapSamples) float64 {
	if len(t.images) == 0 || len(other.images) == 0 {
		return 0
	}
	sum, n := 0.0, 0
	for k, p := range t.images[0] {
		if k >= len(other.images[0]) {
			break
		}
		q := other.images[0][k]
		if p.channel != q.channel || len(p.codes) != len(q.codes) {
			return 0
		}
		sum += squareCorrelation(p.codes, q.codes)
		n++
	}
	return sum / float64(max(n, 1))
}

func squareCorrelation(a, b []int16) float64 {
	var x, y, xx, yy, xy float64
	for i, v := range a {
		v, w := float64(v), float64(b[i])
		x += v
		y += w
		xx += float64(v * v)
		yy += float64(w * w)
		xy += float64(v * w)
	}
	n := float64(len(a))
	vx, vy, c := xx-float64(x*x)/n, yy-float64(y*y)/n, xy-float64(x*y)/n
	if vx <= 0 || vy <= 0 {
		return 0
	}
	return c / vx * (c / vy)
}

// besideEarlier gives edge i of a profile the earlier edge beside which it takes fewer bits, and returns what it is taught then; nil where
// there is none, or where images that it was not made of say that it saves too little.
func (c *Counts) besideEarlier(p *profile.Profile, i int) *tapCoding {
	k := c.earlierOf(p, i)
	if k < 0 {
		return nil
	}
	e, t, means := &p.Edges[i], c.edges[i].taps, c.edges[i].channels.means()
	few := t.some() // which suffices for the choice
	trial := few.withEarlier(c.edges[k].taps)
	if trial == nil || len(t.images) < 2 || trial.heldOut(means, e.Tile.Rows) > earlierGain*few.heldOut(means, e.Tile.Rows) {
		return nil
	}
	beside := t.withEarlier(c.edges[k].taps)
	if beside == nil {
		return nil
	}
	coding := beside.teach(means, e.Tile.Rows)
	e.Earlier = &profile.Earlier{Edge: k, Taps: *coding.taps, Weights: coding.weights}
	if e.OneSided {
		e.Earlier.Weights[1] = nil
	}
	return coding
}

// earlierGain is what an earlier edge must leave of an edge's bits: half a kilobyte of profile, and waiting for it, are to be paid.
const earlierGain = .98

// earlierOf is the earlier edge whose codes are most like those of edge i; -1 where there is none.
func (c *Counts) earlierOf(p *profile.Profile, i int) (best int) {
	best, most, tried := -1, leastCorrelation, 0
	e, t := &p.Edges[i], c.edges[i].taps
	for k := i - 1; k >= 0 && tried < earlierTried; k-- {
		if f := &p.Edges[k]; f.Coder != profile.Smallest2 || f.Channels != e.Channels || f.Rows != e.Rows || f.Cols != e.Cols {
			continue
		}
		tried++
		if r := t.correlation(c.edges[k].taps); r > most {
			best, most = k, r
		}
	}
	return best
}

const (
	leastCorrelation = .05
	earlierTried     = 24
)

// half has every second image, from the first or the second on.
func (t *tapSamples) half(first int) *tapSamples {
	out := *t
	out.images, out.kept = nil, (t.kept+1)/2
	for i := first; i < len(t.images); i += 2 {
		out.images = append(out.images, t.images[i])
	}
	return &out
}

// heldOut is what every second image takes in models made of the others.
func (t *tapSamples) heldOut(means []float64, rows int) (bits float64) {
	c := t.half(0).teach(means, rows)
	test := t.half(1)
	test.rows = rows
	counts := c.tally(test)
	all := make([]float64, len(c.slots[0]))
	sum := 0.0
	for _, slot := range c.slots {
		for s, n := range slot {
			all[s] += float64(n)
			sum += float64(n)
		}
	}
	for i, slot := range c.slots {
		of := counts[0][i]
		if c.taps.Relative[i] {
			of = counts[1][i]
		}
		total := measure(slot).total
		for s, n := range of {
			if n > 0 {
				p := (float64(slot[s]) + float64(unseen*(all[s]+1)/(sum+float64(len(all))))) / (total + unseen)
				bits -= float64(float64(n) * math.Log2(p))
			}
		}
		bits += rans.EscapeBits * float64(of[len(of)-1])
	}
	return bits
}

// unseen is how many codes of all contexts a context begins with.
const unseen = 6
