package main

import (
	"github.com/dqa-go/dqa/profile"
)

// combination is a profile in which parts do not go together.
type combination struct {
	name, what string
	edge       int // of richProfile
	change     func(e *profile.Edge)
}

func badCombinationVectors(s *set) {
	for _, c := range combinations() {
		p := leanProfile()
		c.change(&p.Edges[c.edge])
		s.refusedProfile("profile-edge-"+c.name, causeHeader, c.what, profileFile(p).bytes())
	}
	for _, b := range tooMany() {
		s.refusedProfile("profile-"+b.name, b.cause, b.what, b.bytes)
	}
}

func combinations() []combination {
	static := func(e *profile.Edge) { e.Scale, e.Steps = profile.StaticTensor, []float32{.5, .5} }
	return []combination{
		{"escape-raw", "escapes with coder raw", 0, func(e *profile.Edge) {
			e.ExtraBits, e.Important, e.Escape = 0, nil, true
			static(e)
		}},
		{"escape-paper", "escapes with coder paper", 1, func(e *profile.Edge) {
			e.ExtraBits, e.Important, e.Escape = 0, nil, true
			static(e)
		}},
		{"escape-m", "escapes with m of 1", 3, func(e *profile.Edge) {
			e.Map, e.Clip, e.Escape = profile.Uniform, nil, true
			static(e)
		}},
		{"escape-dynamic", "escapes with dynamic scales",
			2, func(e *profile.Edge) { e.Scale, e.Steps = profile.DynamicTensor, nil }},
		{"escape-noisy", "escapes with noise", 2, func(e *profile.Edge) { e.Map, e.Noise.Amplitude = profile.Noisy, .5 }},
		{"clipped-static-channel", "clipping ratios with static scales by channel", 3, func(e *profile.Edge) {
			e.Scale, e.Steps = profile.StaticChannel, []float32{1, 1, 1}
		}},
		{"clipped-static-tensor", "clipping ratios with static scales by tensor", 3, func(e *profile.Edge) {
			static(e)
			e.Clip = []float32{1, 1}
		}},
		{"noisy-m", "noise with m of 2", 0, func(e *profile.Edge) { e.Map, e.Noise.Amplitude = profile.Noisy, .25 }},
		{"fast-9-bits", "coder fast with codes of 6+3 bits", 6, func(e *profile.Edge) {
			e.Bits, e.ExtraBits, e.Important = 6, 3, []bool{true, false, false}
		}},
		{"apart-5", "5 of 8 bits apart", 5, func(e *profile.Edge) { e.Map, e.Bits, e.Refine = profile.Uniform, 8, 5 }},
		{"apart-n", "4 of 4 bits apart", 5, func(e *profile.Edge) { e.Map, e.Refine = profile.Uniform, 4 }},
		{"apart-above-n", "3 of 2 bits apart", 5, func(e *profile.Edge) { e.Map, e.Bits, e.Refine = profile.Uniform, 2, 3 }},
		{"apart-m", "low bits apart with m of 2", 0, func(e *profile.Edge) { e.Refine = 1 }},
		{"apart-clipped", "low bits apart with clipping ratios", 5, func(e *profile.Edge) {
			e.Map, e.Clip, e.Refine = profile.Clipped, []float32{1, 1, 1}, 1
		}},
		{"apart-noisy", "low bits apart with noise", 5, func(e *profile.Edge) { e.Refine = 1 }},
		{"apart-paper", "low bits apart with coder paper",
			1, func(e *profile.Edge) { e.ExtraBits, e.Important, e.Refine = 0, nil, 1 }},
		{"apart-fast", "low bits apart with coder fast", 6, func(e *profile.Edge) { e.Refine = 1 }},
		{"table-8", "a table of 16 symbols has words of 8 bits", 1, func(e *profile.Edge) {
			e.ExtraBits, e.Table = 2, []uint8{1, 2, 3, 4, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8}
		}},
	}
}

// tooMany are profiles with more of something than there may be, all of which is there.
func tooMany() []broken {
	models := leanProfile()
	for len(models.Frequencies) < 257 {
		models.Frequencies = append(models.Frequencies, make([]uint16, 3))
	}
	points := leanProfile()
	points.Edges, points.Frequencies, points.Evidence = points.Edges[:1], nil, evidence(1, 65)
	live := leanProfile()
	live.Frequencies = append(live.Frequencies, distinct(256, 256))
	symbols := leanProfile()
	symbols.Frequencies = append(symbols.Frequencies, distinct(1, 4097))
	few := leanProfile()
	few.Frequencies = append(few.Frequencies, distinct(1, 1))
	return []broken{
		{"models-257", causeLimit, "257 models", profileFile(models).bytes()},
		{"curve-65", causeLimit, "a curve of 65 points", profileFile(points).bytes()},
		{"model-257-frequencies", causeLimit, "a model in which 257 frequencies are not 0, the escape's among them",
			profileFile(live).bytes()},
		{"model-4097-symbols", causeLimit, "a model of 4,097 symbols", profileFile(symbols).bytes()},
		{"model-1-symbol", causeHeader, "a model of one symbol", profileFile(few).bytes()},
	}
}

// distinct are the frequencies of a model of so many symbols: the first ones have 1 each, the escape has the rest.
func distinct(live, symbols int) []uint16 {
	freq := make([]uint16, symbols+1)
	for s := range live {
		freq[s] = 1
	}
	freq[symbols] = uint16(4096 - live)
	return freq
}
