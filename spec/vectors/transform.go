package main

import (
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// components follows spec/numerics.md, "Transform". All lie in the order of memory, component k where channel k would.
func components(e *profile.Edge, x []float32) []float32 {
	out := make([]float32, len(x))
	for i := range e.Rows * e.Cols {
		for k := range e.Channels {
			sum := float32(0)
			for c := range e.Channels {
				d := float32(x[place(e, c, i)] - e.Transform.Centre[c])
				if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
					d = 0
				}
				sum += float32(e.Transform.Matrix[k*e.Channels+c] * d)
			}
			out[place(e, k, i)] = sum
		}
	}
	return out
}

// ledBack are the values that components stand for.
func ledBack(e *profile.Edge, y []float32) []float32 {
	out := make([]float32, len(y))
	for i := range e.Rows * e.Cols {
		for c := range e.Channels {
			sum := float32(0)
			for k := range e.Channels {
				sum += float32(e.Transform.Matrix[k*e.Channels+c] * y[place(e, k, i)])
			}
			out[place(e, c, i)] = sum + e.Transform.Centre[c]
		}
	}
	return out
}

// mirror is orthogonal, and no product of its numbers is exact: I - 2 v v' / v'v (Householder).
func mirror(channels int) *profile.Transform {
	t := &profile.Transform{}
	v, square := make([]float64, channels), 0.0
	for c := range v {
		v[c] = float64(c%5) - 1.7
		square += v[c] * v[c]
		t.Centre = append(t.Centre, float32(c%3)/3-.25)
	}
	for k := range v {
		for c := range v {
			m := -2 * v[k] * v[c] / square
			if k == c {
				m++
			}
			t.Matrix = append(t.Matrix, float32(m))
		}
	}
	return t
}

// transformed is an edge with a transform.
func transformed(g profile.Geometry) profile.Edge {
	e := profile.Edge{Name: "edge", Geometry: g, Quantizer: profile.Quantizer{Bits: 4, Scale: profile.StaticTensor}}
	e.Steps, e.Transform = []float32{.3, .3}, mirror(g.Channels)
	return e
}

// transformVectors are frames of edges with a transform.
func transformVectors(s *set) {
	maps := profile.Geometry{Channels: 5, Rows: 6, Cols: 7, Tile: profile.Tile{Channels: 5, Rows: 4}}
	rows := profile.Geometry{Channels: 19, Rows: 21, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 19, Rows: 21}}
	for _, coder := range allCoders {
		transformVector(s, coder, "", maps)
		transformVector(s, coder, "-last", rows)
	}
	transformVector(s, profile.Smallest2, "", maps)
	e := transformed(maps)
	e.Scale, e.Coder, e.Steps = profile.StaticChannel, profile.Small, []float32{.1, .5, 0, .25, 0x1p-126}
	x := make([]float32, e.Elements())
	s.encoded("transform-channels", "a step for every component, values of 0", newProfile([]profile.Edge{e}, [][]float32{x}), [][]float32{x})
	badTransforms(s)
}

func transformVector(s *set, coder profile.Coder, name string, g profile.Geometry) {
	e := transformed(g)
	e.Coder, e.Escape = coder, slices.Contains(profile.Escaping(), coder)
	x := make([]float32, e.Elements())
	for i := range x {
		x[i] = float32(i*i%23-11)/7 + float32(i%5)/9
	}
	x[3], x[17], x[30] = float32(math.Inf(1)), float32(math.NaN()), 1e6
	p := newProfile([]profile.Edge{e}, [][]float32{x})
	s.encoded("transform-"+coder.String()+name, "channels are transformed", p, [][]float32{x})
}

func badTransforms(s *set) {
	const edge = "edges edge0 "
	g := profile.Geometry{Channels: 3, Rows: 2, Cols: 4, Tile: profile.Tile{Channels: 3, Rows: 2}}
	whole := transformed(g)
	whole.Coder = profile.Smallest
	good := profileFile(newProfile([]profile.Edge{whole}, [][]float32{make([]float32, 24)}))
	nan := f32(float32(math.NaN()))
	for _, c := range []struct {
		name, cause, what string
		file              container
	}{
		{"centre", causeHeader, "a centre that is no number", good.with(edge+"centre1", nan...)},
		{"centre-infinite", causeHeader, "an infinite centre", good.with(edge+"centre0", f32(float32(math.Inf(-1)))...)},
		{"matrix", causeHeader, "a number of the matrix that is none", good.with(edge+"matrix4", nan...)},
		{"matrix-large", causeHeader, "a number of the matrix beyond -1", good.with(edge+"matrix0", f32(-1.0000001)...)},
		{"short", causeHeader, "a section that ends in the matrix", good.with(edge + "matrix8").with(edge + "apart")},
		{"tile", causeHeader, "tiles that do not hold all channels", good.with(edge+"tile channels", 2)},
		{"one-sided", causeHeader, "a one-sided edge", good.with(edge+"flags", 64|2)},
		{"row-sums", causeHeader, "an edge with row sums", good.with(edge+"flags", 64|16)},
		{"means", causeHeader, "an edge with means", good.with(edge+"flags", 64|32)},
		{"apart", causeHeader, "bits that are stored apart", good.with(edge+"apart", 1)},
		{"extra", causeHeader, "extra bits", good.with(edge+"m", 1)},
		{"dynamic", causeHeader, "a scale of every image", good.with(edge+"scale mode", 1).with(edge + "step0").with(edge + "step1")},
		{"clipped", causeHeader, "a clipped level map", good.with(edge+"level map", 1)},
		{"noisy", causeHeader, "a noisy level map", good.with(edge+"level map", 2)},
		{"many", causeLimit, "more than 2,048 channels",
			good.with(edge+"channels", uvarint(2049)...).with(edge+"tile channels", uvarint(2049)...)},
		{"in-1", causeHeader, "version 1", good.with("version", 1).with("gain tag").with("gain length").with("gain nodes")},
	} {
		s.refusedProfile("bad-transform-"+c.name, c.cause, c.what, c.file.bytes())
	}
}
