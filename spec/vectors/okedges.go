package main

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

var allCoders = []profile.Coder{profile.Raw, profile.Paper, profile.Fast, profile.Small, profile.Smallest}

// edgeVectors are frames of edges of all shapes, by our encoder.
func edgeVectors(s *set) {
	for _, coder := range allCoders {
		importance(s, coder)
		shapes(s, coder)
	}
	edges := richEdges()
	x := samplesOf(edges)
	s.encoded("edges-all-coders", "seven edges, every coder and level map in one frame", newProfile(edges, x), x)
	s.encoded("edges-none", "a frame and a profile without edges", bareProfile(nil), nil)
	rowSums(s)
	manyParts(s)
}

// manyParts have more tiles and scales than a uvarint of one byte counts.
func manyParts(s *set) {
	for _, coder := range []profile.Coder{profile.Raw, profile.Small, profile.Smallest} {
		edges := []profile.Edge{
			{
				Name:      "rows",
				Geometry:  profile.Geometry{Channels: 1, Rows: 131, Cols: 2, Tile: profile.Tile{Channels: 1, Rows: 1}},
				Quantizer: profile.Quantizer{Bits: 3},
				Coding:    profile.Coding{Coder: coder},
			},
			{
				Name:      "channels",
				Geometry:  profile.Geometry{Channels: 129, Rows: 1, Cols: 2, Tile: profile.Tile{Channels: 128, Rows: 1}},
				Quantizer: profile.Quantizer{Bits: 3},
				Coding:    profile.Coding{Coder: coder},
			},
		}
		x := samplesOf(edges)
		what := "an edge of 131 tiles, and one of 129 channels with a scale each, coder " + coder.String()
		s.encoded("many-parts-"+coder.String(), what, newProfile(edges, x), x)
	}
}

// importance has all channels important, or none, or only those of one tile.
func importance(s *set, coder profile.Coder) {
	for _, c := range []struct {
		name, what string
		important  []bool
	}{
		{"none", "no channel is important", []bool{false, false, false, false}},
		{"all", "all channels are important", []bool{true, true, true, true}},
		{"last-block", "the channels of the second block of tiles are important, those of the first are not",
			[]bool{false, false, true, true}},
	} {
		for _, unsigned := range []bool{false, true} {
			e := profile.Edge{
				Name:     "edge",
				Geometry: profile.Geometry{Channels: 4, Rows: 3, Cols: 5, Tile: profile.Tile{Channels: 2, Rows: 3}},
				Quantizer: profile.Quantizer{
					Bits: 3, ExtraBits: 2, Important: c.important, OneSided: unsigned, Unsigned: unsigned,
					Scale: profile.DynamicTensor,
				},
				Coding: profile.Coding{Coder: coder},
			}
			name, sign := "", "signed"
			if unsigned {
				name, sign = "-unsigned", "unsigned"
			}
			edges := []profile.Edge{e}
			x := samplesOf(edges)
			s.encoded(fmt.Sprintf("important-%s-%v%s", c.name, coder, name),
				fmt.Sprintf("%s: coder %v, %s codes of 3+2 bits", c.what, coder, sign), newProfile(edges, x), x)
		}
	}
}

// shapes are a single value; planes of all sizes around whole groups; and many ragged tiles.
func shapes(s *set, coder profile.Coder) {
	one := profile.Edge{Geometry: profile.Geometry{Channels: 1, Rows: 1, Cols: 1}}
	shapeVector(s, "single-value", "an edge of a single value", coder, one)
	var sizes []profile.Edge
	for _, n := range []int{2, 7, 8, 9, 63, 64, 65, 72} {
		sizes = append(sizes, profile.Edge{Geometry: profile.Geometry{Channels: 1, Rows: 1, Cols: n}})
	}
	shapeVector(s, "sizes", "edges of 2, 7, 8, 9, 63, 64, 65 and 72 values", coder, sizes...)
	ragged := profile.Edge{Geometry: profile.Geometry{Channels: 5, Rows: 7, Cols: 5, Tile: profile.Tile{Channels: 2, Rows: 3}}}
	shapeVector(s, "ragged-tiles", "nine tiles, three bands of three blocks, the last ones smaller", coder, ragged)
	last := ragged
	last.ChannelsLast = true
	shapeVector(s, "ragged-tiles-channels-last", "nine tiles of an edge with channels last", coder, last)
	rows := profile.Edge{Geometry: profile.Geometry{Channels: 2, Rows: 3, Cols: 64, Tile: profile.Tile{Channels: 1, Rows: 2}}}
	shapeVector(s, "tiles-of-groups", "tiles of whole groups of 64, two rows of a channel each", coder, rows)
}

func shapeVector(s *set, name, what string, coder profile.Coder, shapes ...profile.Edge) {
	edges := slices.Clone(shapes)
	for i := range edges {
		e := &edges[i]
		e.Name, e.Coder, e.Bits, e.ExtraBits = numbered("edge", i), coder, 4, 2
		e.Important = make([]bool, e.Channels)
		e.Important[0] = true
		if e.Tile.Rows == 0 {
			e.Tile = profile.Tile{Channels: e.Channels, Rows: e.Rows}
		}
	}
	x := samplesOf(edges)
	for i := range x {
		x[i][0] += .25 // an edge of zeros is another matter
	}
	s.encoded(fmt.Sprintf("%s-%v", name, coder), fmt.Sprintf("%s, coder %v", what, coder), newProfile(edges, x), x)
}

// rowSums is what decoders do nothing about.
func rowSums(s *set) {
	e := profile.Edge{
		Name:     "softmax",
		Geometry: profile.Geometry{Channels: 2, Rows: 3, Cols: 8, Tile: profile.Tile{Channels: 2, Rows: 3}},
		Quantizer: profile.Quantizer{
			Bits: 2, OneSided: true, Unsigned: true, RowSums: true, Scale: profile.StaticTensor,
			Steps: []float32{.25, .25},
		},
	}
	edges := []profile.Edge{e}
	x := samplesOf(edges)
	s.encoded("row-sums", "an edge with the flag row sums: values are step times code, nothing is spread",
		newProfile(edges, x), x)
}
