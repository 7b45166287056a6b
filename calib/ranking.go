package calib

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/profile"
)

// A ranking scores the channels of every edge, the more important the higher.
type ranking func(r *run, edges []profile.Edge) ([][]method.Score, error)

// rankings by name.
var rankings = map[string]ranking{
	// The sum of squares of a channel's values.
	"energy": (*run).energy,
	// The sum of squares of its errors when quantized as an unimportant channel.
	"mse": (*run).squaredError,
	// What an error of a channel's values does to the outputs, by derivatives.
	"sensitivity": (*run).sensitive,
	// The seeded control that a ranking must beat.
	"random": (*run).random,
	// The paper's, in both readings (METHOD section 2).
	"greedy":     search{name: "greedy", effect: accuracyOfSkipping, skip: true, labels: true}.rank,
	"greedy-all": search{name: "greedy-all", effect: accuracyOfSkipping, skip: true, labels: true, others: true}.rank,
	// What a channel does to the outputs when it alone is quantized.
	"quantize-one": search{name: "quantize-one", effect: changeOfOutputs}.rank,
}

// Rankings lists the names that a method's Ranking may have.
func Rankings() []string { return slices.Sorted(maps.Keys(rankings)) }

// Rank implements method.Env. Equal questions are answered once per calibration.
func (r *run) Rank(name string, edges []profile.Edge) ([][]method.Score, error) {
	f, ok := rankings[name]
	if !ok {
		return nil, fmt.Errorf("%w: ranking %q unknown, one of %q", method.ErrSetting, name, Rankings())
	}
	key := questionKey(nil, name, r.seed, edges)
	if scores, ok := r.rankings[key]; ok {
		return scores, nil
	}
	scores, err := f(r, edges)
	if err == nil {
		r.rankings[key] = scores
	}
	return scores, err
}

// questionKey identifies what is asked of a ranking; context names network and data where that matters.
func questionKey(context []byte, name string, seed uint64, edges []profile.Edge) (key [32]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %d %+v", context, name, seed, edges)
	h.Sum(key[:0])
	return key
}

// energy sums over the images of the float network.
func (r *run) energy(edges []profile.Edge) ([][]method.Score, error) {
	total := newSums(edges)
	err := r.pass("ranking (energy)", func() (engine.Hook, func()) {
		image := newSums(edges)
		hook := func(i int, data []float32) error {
			eachValue(&edges[i], data, func(c int, v float32) { image[i][c] += float64(float64(v) * float64(v)) })
			return nil
		}
		return hook, func() { addSums(total, image) }
	})
	return firstScores(total), err
}

func (r *run) squaredError(edges []profile.Edge) ([][]method.Score, error) {
	variants := make([][]profile.Edge, len(edges))
	for i := range edges {
		variants[i] = edges[i : i+1]
	}
	errors, err := r.SquaredErrors("ranking (mse)", variants)
	if err != nil {
		return nil, err
	}
	sums := make([][]float64, len(edges))
	for i := range sums {
		sums[i] = errors[i][0]
	}
	return firstScores(sums), nil
}

// SquaredErrors implements method.Env.
func (r *run) SquaredErrors(what string, variants [][]profile.Edge) ([][][]float64, error) {
	total := make([][][]float64, len(variants))
	for i := range variants {
		total[i] = newSums(variants[i])
	}
	err := r.pass(what, func() (engine.Hook, func()) {
		image := make([][][]float64, len(variants))
		var codes dqa.Codes
		var restored []float32
		hook := func(i int, data []float32) error {
			image[i] = newSums(variants[i])
			restored = append(restored[:0], data...)
			for v := range variants[i] {
				e := &variants[i][v]
				codes.Quantize(e, data)
				codes.Dequantize(e, restored)
				addSquaredErrors(e, data, restored, image[i][v])
			}
			return nil
		}
		return hook, func() {
			for i := range total {
				addSums(total[i], image[i])
			}
		}
	})
	return total, err
}

func addSquaredErrors(e *profile.Edge, data, restored []float32, out []float64) {
	i := 0
	eachValue(e, data, func(c int, v float32) {
		d := float64(v) - float64(restored[i])
		out[c] += float64(d * d)
		i++
	})
}

func newSums(edges []profile.Edge) [][]float64 {
	s := make([][]float64, len(edges))
	for i := range s {
		s[i] = make([]float64, edges[i].Channels)
	}
	return s
}

func addSums(total, part [][]float64) {
	for i := range total {
		for c, v := range part[i] {
			total[i][c] += v
		}
	}
}

func firstScores(sums [][]float64) [][]method.Score {
	scores := make([][]method.Score, len(sums))
	for i := range sums {
		for _, v := range sums[i] {
			scores[i] = append(scores[i], method.Score{First: v})
		}
	}
	return scores
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
func (r *run) random(edges []profile.Edge) ([][]method.Score, error) {
	rng := rand.New(rand.NewPCG(r.seed, 0x72616e6b696e67))
	sums := newSums(edges)
	for _, s := range sums {
		for c := range s {
			s[c] = rng.Float64()
		}
	}
	return firstScores(sums), nil
}
