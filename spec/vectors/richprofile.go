package main

import (
	"math/rand/v2"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/profile"
)

// Edges of richProfile.
const (
	rawEdge      = "edges edge0 " // 4+2 bits, dynamic scales by channel
	paperEdge    = "edges edge1 " // 3+3 bits
	fastEdge     = "edges edge2 " // unsigned, escapes, static scale
	smallEdge    = "edges edge3 " // 3+1 bits, clipped
	smallestEdge = "edges edge4 " // 5 bits, of which 2 apart, static scales by channel
	noisyEdge    = "edges edge5 " // raw, 4 bits
	signedEdge   = "edges edge6 " // fast, 4 bits, two-sided
)

// richEdges has one of each.
func richEdges() []profile.Edge {
	shape := profile.Edge{Geometry: profile.Geometry{Channels: 3, Rows: 2, Cols: 5, Tile: profile.Tile{Channels: 3, Rows: 2}}}
	edges := make([]profile.Edge, 7)
	for i := range edges {
		edges[i] = shape
		edges[i].Name = string(rune('a' + i))
	}
	set := func(i int, coder profile.Coder, scale profile.ScaleMode, n, m int) *profile.Edge {
		e := &edges[i]
		e.Coder, e.Scale, e.Bits, e.ExtraBits = coder, scale, n, m
		if m > 0 {
			e.Important = []bool{false, true, false}
		}
		if scale.Static() {
			for k := range e.NumScales() {
				e.Steps = append(e.Steps, .125*float32(k+1))
			}
		}
		return e
	}
	set(0, profile.Raw, profile.DynamicChannel, 4, 2)
	set(1, profile.Paper, profile.DynamicTensor, 3, 3)
	e := set(2, profile.Fast, profile.StaticTensor, 4, 0)
	e.OneSided, e.Unsigned, e.Escape = true, true, true
	e.Prefix = &prefix.Params{
		High: 255, Group: 2, LowBits: 1, Words: [7]uint8{1, 2},
		Lengths: [16]uint8{1, 3, 3, 3, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7},
	}
	e = set(3, profile.Small, profile.DynamicChannel, 3, 1)
	e.Map, e.Clip = profile.Clipped, []float32{.5, 1, .75}
	set(4, profile.Smallest, profile.StaticChannel, 5, 0).Refine = 2
	e = set(5, profile.Raw, profile.DynamicChannel, 4, 0)
	e.Map, e.Noise.Amplitude, e.Noise.Seed = profile.Noisy, .5, 99
	set(6, profile.Fast, profile.DynamicTensor, 4, 0)
	return edges
}

// leanProfile has edges and models.
func leanProfile() *profile.Profile {
	edges := richEdges()
	return newProfile(edges, samplesOf(edges))
}

// richProfile has all optional parts.
func richProfile() *profile.Profile {
	p := leanProfile()
	p.Skip = []string{"scores", "tokens"}
	p.Preprocess = profile.Preprocess{
		Resize: profile.Size{Height: 0, Width: 256}, Crop: profile.Size{Height: 224, Width: 224}, Divisor: 255,
		Mean: []float32{.485, .456, .406}, Std: []float32{.25, .5, .125}, Channels: "bgr", Layout: "nhwc",
		Shape: []int{1, 3, 224, 224}, Ignore: []int{255, 0}, LabelShift: -1,
	}
	p.Bias = []profile.Bias{
		{Node: "conv1", Scale: .001953125, Codes: []int8{-128, 0, 127}},
		{Node: "gemm", Scale: 0x1p-126, Codes: []int8{1}},
	}
	p.Evidence = evidence(len(p.Edges), 1)
	return p
}

// evidence has a curve of so many points for every edge.
func evidence(edges, points int) *profile.Evidence {
	rng := rand.New(rand.NewPCG(5, 5))
	e := &profile.Evidence{
		Images: 64, Distortion: "KL, temperature 4", MeasuredDistortion: .5, MeasuredKL: .25, MeasuredAgreement: 99.5,
		MeasuredBits: 2.25, PredictedBits: 2.5,
	}
	random := func() profile.CurvePoint {
		return profile.CurvePoint{Step: rng.Float32(), Distortion: rng.Float32(), Bits: rng.Float32()}
	}
	for range edges {
		curve := make([]profile.CurvePoint, points)
		for k := range curve {
			curve[k] = random()
		}
		e.Curves, e.Chosen = append(e.Curves, curve), append(e.Chosen, random())
	}
	return e
}
