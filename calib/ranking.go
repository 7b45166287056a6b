package calib

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
)

// A ranking scores the channels of every edge, the more important the higher.
type ranking func(r *run, edges []profile.Edge) ([][]float64, error)

// rankings by name. "energy" is the sum of squares of a channel's values, "mse" that of its errors when quantized to n
// bits, both over the calibration images; "random" is the seeded control that a ranking must beat.
var rankings = map[string]ranking{
	"energy": func(r *run, edges []profile.Edge) ([][]float64, error) {
		return r.sum("ranking (energy)", edges, energy)
	},
	"mse": func(r *run, edges []profile.Edge) ([][]float64, error) {
		return r.sum("ranking (mse)", edges, squaredError)
	},
	"random": random,
}

// Rankings lists the names that Options.Method.Ranking may have.
func Rankings() []string {
	var names []string
	for n := range rankings {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Rank implements method.Env.
func (r *run) Rank(name string, edges []profile.Edge) ([][]float64, error) {
	f, ok := rankings[name]
	if !ok {
		return nil, fmt.Errorf("%w: ranking %q unknown, one of %q", method.ErrSetting, name, Rankings())
	}
	return f(r, edges)
}

// score adds to out, by channel, what one image's tensor says.
type score func(e *profile.Edge, data []float32, codes *dqa.Codes, out []float64)

// sum adds a score over all images of the float network.
func (r *run) sum(phase string, edges []profile.Edge, f score) ([][]float64, error) {
	total := newScores(edges)
	err := r.pass(phase, func(int) (engine.Hook, func()) {
		image := newScores(edges)
		var codes dqa.Codes
		hook := func(i int, data []float32) error {
			f(&edges[i], data, &codes, image[i])
			return nil
		}
		return hook, func() {
			for i := range total {
				for c, v := range image[i] {
					total[i][c] += v
				}
			}
		}
	})
	return total, err
}

func newScores(edges []profile.Edge) [][]float64 {
	s := make([][]float64, len(edges))
	for i := range s {
		s[i] = make([]float64, edges[i].Channels)
	}
	return s
}

func energy(e *profile.Edge, data []float32, _ *dqa.Codes, out []float64) {
	eachValue(e, data, func(c int, v float32) { out[c] += float64(float64(v) * float64(v)) })
}

func squaredError(e *profile.Edge, data []float32, codes *dqa.Codes, out []float64) {
	plain := *e // without importance: every channel at n bits, scaled by its image
	if plain.Scale.Static() {
		plain.Scale -= profile.StaticChannel - profile.DynamicChannel
	}
	restored := make([]float32, len(data))
	codes.Quantize(&plain, data)
	codes.Dequantize(&plain, restored)
	i := 0
	eachValue(e, data, func(c int, v float32) {
		d := float64(v) - float64(restored[i])
		out[c] += float64(d * d)
		i++
	})
}

// eachValue visits the values in memory order. Values that are not finite say nothing about importance.
func eachValue(e *profile.Edge, data []float32, visit func(c int, v float32)) {
	plane := e.Rows * e.Cols
	for i, v := range data {
		if v-v != 0 {
			v = 0
		}
		if e.ChannelsLast {
			visit(i%e.Channels, v)
		} else {
			visit(i/plane, v)
		}
	}
}

// random draws scores from the seed, edge by edge.
func random(r *run, edges []profile.Edge) ([][]float64, error) {
	rng := rand.New(rand.NewPCG(r.opt.Seed, 0x72616e6b696e67))
	scores := newScores(edges)
	for _, s := range scores {
		for c := range s {
			s[c] = rng.Float64()
		}
	}
	return scores, nil
}
