package main

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/profile"
)

// valueVectors are about what codes stand for.
func valueVectors(s *set) {
	zeroScales(s)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name, what string
		x          []float32
	}{
		{"limits", "values at and around the lowest and the highest code",
			[]float32{-2, -1.9, 2, 1.75, 1.74, 1.76, 0, 1.5, -2, -1.75, 1e-30, -1e-30}},
		{"not-finite", "values that are infinite become the outermost codes, what is not a number 0",
			[]float32{inf, -inf, nan, 1, -1, .5, 0, 0, .25, 1, 1, 1}},
		{"huge", "the greatest float32 is the maximum",
			[]float32{math.MaxFloat32, -math.MaxFloat32, 1e38, -1e38, 3e38, 0, 1, 2, 3, 4, 5, 6}},
		{"tiny", "the maximum is so small that the scale is 0", []float32{1e-38, -1e-38, 1e-45, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"least-scale", "the scale is the least normal number",
			[]float32{0x1p-123, -0x1p-123, 0x1p-124, -0x1p-125, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"minus-0", "values that become code 0 from below are 0 without a sign",
			[]float32{float32(math.Copysign(0, -1)), -1e-9, -.01, 1, -1, 0, 0, 0, 0, 0, 0, 0}},
	} {
		for k, coder := range allCoders {
			e := profile.Edge{
				Name: "edge",
				Geometry: profile.Geometry{Channels: 1, Rows: 2, Cols: 6, Tile: profile.Tile{Channels: 1,
					Rows: 2}},
				Quantizer: profile.Quantizer{Bits: 4},
				Coding:    profile.Coding{Coder: coder},
			}
			e.Scale = profile.ScaleMode(k % 2)
			edges, x := []profile.Edge{e}, [][]float32{c.x}
			if k > 0 && c.name != "not-finite" && c.name != "least-scale" {
				continue // other coders are the same way to the same values
			}
			s.encoded(fmt.Sprintf("values-%s-%v", c.name, coder), c.what, newProfile(edges, x), x)
		}
	}
	ties(s)
	steps(s)
}

// ties lie between two codes.
func ties(s *set) {
	for _, unsigned := range []bool{false, true} {
		e := profile.Edge{
			Name:     "edge",
			Geometry: profile.Geometry{Channels: 1, Rows: 1, Cols: 40, Tile: profile.Tile{Channels: 1, Rows: 1}},
			Quantizer: profile.Quantizer{
				Bits: 4, OneSided: unsigned, Unsigned: unsigned, Scale: profile.StaticChannel,
				Steps: []float32{.125},
			},
		}
		var x []float32
		for i := range 40 {
			x = append(x, float32(i-20)*.0625)
		}
		name := "values-ties"
		if unsigned {
			name += "-unsigned"
		}
		edges := []profile.Edge{e}
		s.encoded(name, "values halfway between codes are rounded to the even one",
			newProfile(edges, [][]float32{x}), [][]float32{x})
	}
}

// zeroScales are channels and edges of zeros.
func zeroScales(s *set) {
	for _, coder := range allCoders {
		for _, scale := range []profile.ScaleMode{profile.DynamicChannel, profile.DynamicTensor, profile.StaticChannel} {
			e := profile.Edge{
				Name:      "edge",
				Geometry:  profile.Geometry{Channels: 3, Rows: 3, Cols: 5, Tile: profile.Tile{Channels: 3, Rows: 3}},
				Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 1, Important: []bool{true, false, false}, Scale: scale},
				Coding:    profile.Coding{Coder: coder},
			}
			what := "the second channel is all zeros"
			if scale == profile.StaticChannel {
				e.Steps, what = []float32{.25, 0, .5}, "the second channel's step is 0"
			}
			x := heavyTailed(&e, 3)
			clear(x[15:30])
			if scale == profile.DynamicTensor {
				what = "all values are zeros"
				clear(x)
			}
			edges := []profile.Edge{e}
			s.encoded(fmt.Sprintf("zeros-%v-%v", coder, scale), what+", coder "+coder.String(), newProfile(edges,
				[][]float32{x}), [][]float32{x})
		}
	}
	e := profile.Edge{
		Name:      "edge",
		Geometry:  profile.Geometry{Channels: 2, Rows: 2, Cols: 5, Tile: profile.Tile{Channels: 2, Rows: 2}},
		Quantizer: profile.Quantizer{Bits: 4, Map: profile.Noisy},
	}
	e.Noise.Amplitude, e.Noise.Seed = 1, 1<<64-1
	x := heavyTailed(&e, 4)
	clear(x[:10])
	edges := []profile.Edge{e}
	s.encoded("zeros-noisy", "the first channel is all zeros: no noise is taken off",
		newProfile(edges, [][]float32{x}), [][]float32{x})
}

// steps are extreme ones, and codes that an encoder would not write with them.
func steps(s *set) {
	edge := func(steps ...float32) profile.Edge {
		return profile.Edge{
			Geometry:  profile.Geometry{Channels: 2, Rows: 1, Cols: 8},
			Quantizer: profile.Quantizer{Bits: 3, Scale: profile.StaticChannel, Steps: steps},
		}
	}
	codes := []int{-4, -3, -2, -1, 0, 1, 2, 3, 3, 2, 1, 0, -1, -2, -3, -4}
	newSubject("steps-0", edge(0, .5), codes).good(s,
		"codes that are not 0 with a step of 0: values are 0 with the sign of the code")
	newSubject("steps-least", edge(0x1p-126, 0x1.8p-126), codes).good(s, "the least normal numbers as steps")
	newSubject("steps-greatest", edge(math.MaxFloat32, 0x1p126), codes).good(s,
		"the greatest float32 as a step: values beyond it are infinite")
	for _, base := range []bool{false, true} {
		e := edge(0x1.fffffep-1, 0x1.000002p-20)
		e.Bits, e.Refine = 8, 3
		wide := []int{-128, -127, -121, -120, -1, 0, 1, 127, 100, 8, 7, 0, -8, -9, 64, 33}
		t := newSubject(fmt.Sprintf("steps-rounded-%v", base), e, wide)
		s.frame(t.name, "products of steps and codes that are rounded", t.p, t.frame().bytes(), t.images, base)
	}
}
