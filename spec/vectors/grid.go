package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/dqa-go/dqa/profile"
)

// sign is what codes of an edge are.
type sign struct {
	name               string
	oneSided, unsigned bool
}

var signs = []sign{{"unsigned", true, true}, {"one-sided", true, false}, {"two-sided", false, false}}

// grid is one way to store an edge.
type grid struct {
	coder  profile.Coder
	sign   sign
	scale  profile.ScaleMode
	levels profile.LevelMap
	n, m   int
}

// gridVectors are small frames of every coder with all signs and scale modes, and with level maps.
func gridVectors(s *set) {
	k := uint64(0)
	for coder := profile.Raw; coder <= profile.Smallest; coder++ {
		for i, sign := range signs {
			for scale := profile.DynamicChannel; scale <= profile.StaticTensor; scale++ {
				for levels := profile.Uniform; levels <= profile.Noisy; levels++ {
					if !common(coder, i, scale, levels) {
						continue
					}
					g := grid{coder: coder, sign: sign, scale: scale, levels: levels, n: int(2 + k%7), m: int(k % 5)}
					g.add(s, k)
					k++
				}
			}
		}
	}
}

// common tells whether a way is part of the grid: what level maps have in common with all coders is tried with some.
func common(coder profile.Coder, sign int, scale profile.ScaleMode, levels profile.LevelMap) bool {
	turn := (int(coder)+sign)%2 == int(scale)%2
	switch levels {
	case profile.Clipped:
		return turn && !scale.Static()
	case profile.Noisy:
		return turn
	}
	return true
}

func (g grid) add(s *set, k uint64) {
	if g.levels == profile.Noisy {
		g.m = 0
	}
	if g.coder == profile.Fast {
		g.m = min(g.m, profile.MaxBits-g.n)
	}
	e := profile.Edge{
		Name: "edge",
		Geometry: profile.Geometry{
			Channels: 4, Rows: 3, Cols: 5, Tile: profile.Tile{Channels: 3, Rows: 2}, ChannelsLast: k%2 == 1,
		},
		Quantizer: profile.Quantizer{
			OneSided: g.sign.oneSided, Unsigned: g.sign.unsigned, Bits: g.n, ExtraBits: g.m, Scale: g.scale,
			Map: g.levels,
		},
		Coding: profile.Coding{Coder: g.coder},
	}
	if g.m > 0 {
		e.Important = []bool{false, true, true, false}
	}
	x := heavyTailed(&e, k)
	addLevels(&e, k)
	what := fmt.Sprintf("coder %v, %s codes of %d+%d bits, scales %v, level map %v, four tiles",
		g.coder, g.sign.name, g.n, g.m, g.scale, g.levels)
	if e.ChannelsLast {
		what += ", channels last"
	}
	p := newProfile([]profile.Edge{e}, [][]float32{x})
	s.encoded(fmt.Sprintf("grid-%v-%s-%v-%v", g.coder, g.sign.name, g.scale, g.levels), what, p, [][]float32{x})
}

// addLevels gives an edge steps, clipping ratios and noise.
func addLevels(e *profile.Edge, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	if e.Scale.Static() {
		for range e.NumScales() {
			e.Steps = append(e.Steps, thousandths(20+rng.IntN(100)))
		}
	}
	if e.Map == profile.Clipped {
		for range e.NumScales() {
			e.Clip = append(e.Clip, thousandths(300+rng.IntN(701)))
		}
	}
	if e.Map == profile.Noisy {
		e.Noise = profile.Noise{Amplitude: thousandths(250 + rng.IntN(500)), Seed: rng.Uint64()}
	}
}

// thousandths is n/1000, the same on every machine.
func thousandths(n int) float32 { return float32(n) / 1000 }

// heavyTailed are values most of which are near zero, so that coding them pays.
func heavyTailed(e *profile.Edge, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 2))
	x := make([]float32, e.Elements())
	for i := range x {
		u := 2*rng.Float64() - 1 // exact
		v := float32(u * u * u * u * u * 4)
		if e.OneSided {
			v = max(v, 0)
		}
		x[i] = v
	}
	return x
}
