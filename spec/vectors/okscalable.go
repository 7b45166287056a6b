package main

import (
	"fmt"

	"github.com/dqa-go/dqa/profile"
)

// scalableVectors are frames with low bits apart: whole, cut at the base size, and whole but decoded without
// refinements.
func scalableVectors(s *set) {
	k := 0
	for r := 1; r <= 4; r++ {
		for _, coder := range []profile.Coder{profile.Raw, profile.Small, profile.Smallest} {
			sign := signs[k%3]
			e := profile.Edge{
				Name: "edge",
				Geometry: profile.Geometry{
					Channels: 3, Rows: 5, Cols: 7, Tile: profile.Tile{Channels: 3, Rows: 3}, ChannelsLast: k%2 == 1,
				},
				Quantizer: profile.Quantizer{
					Bits: min(8, r+1+k%4), OneSided: sign.oneSided, Unsigned: sign.unsigned,
					Scale: profile.ScaleMode(k % 4),
				},
				Coding: profile.Coding{Coder: coder, Refine: r},
			}
			addLevels(&e, uint64(k))
			edges := []profile.Edge{e}
			x := samplesOf(edges)
			p := newProfile(edges, x)
			name := fmt.Sprintf("apart-%d-of-%d-%v-%s", r, e.Bits, coder, sign.name)
			what := fmt.Sprintf("%d of %d bits apart, %s codes, coder %v", r, e.Bits, sign.name, coder)
			threeWays(s, name, what, p, x)
			k++
		}
	}
	mixed := []profile.Edge{
		{
			Name:      "a",
			Geometry:  profile.Geometry{Channels: 2, Rows: 3, Cols: 4, Tile: profile.Tile{Channels: 2, Rows: 3}},
			Quantizer: profile.Quantizer{Bits: 3, OneSided: true},
			Coding:    profile.Coding{Refine: 1},
		},
		{
			Name:      "b",
			Geometry:  profile.Geometry{Channels: 2, Rows: 3, Cols: 4, Tile: profile.Tile{Channels: 2, Rows: 3}},
			Quantizer: profile.Quantizer{Bits: 3},
			Coding:    profile.Coding{Coder: profile.Fast},
		},
		{
			Name:      "c",
			Geometry:  profile.Geometry{Channels: 2, Rows: 8, Cols: 8, Tile: profile.Tile{Channels: 1, Rows: 8}},
			Quantizer: profile.Quantizer{Bits: 6},
			Coding:    profile.Coding{Coder: profile.Smallest, Refine: 3},
		},
	}
	x := samplesOf(mixed)
	threeWays(s, "apart-some-edges", "the first and the third edge have bits apart, the second has none",
		newProfile(mixed, x), x)
	forcedClasses(s)
}

func threeWays(s *set, name, what string, p *profile.Profile, x [][]float32) {
	s.encoded(name, what, p, x)
	images := quantizeAll(p, x)
	b := newWriter(p).frame(images).bytes()
	s.frame(name+"-cut", what+"; the frame ends after its base part", p, b[:cutAt(b)], images, false)
	s.frame(name+"-base-only", what+"; decoded without refinements", p, b, images, true)
}

// forcedClasses are classes coded, or plain, whichever is longer.
func forcedClasses(s *set) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 5, Cols: 6},
		Quantizer: profile.Quantizer{Bits: 7},
		Coding:    profile.Coding{Coder: profile.Small, Refine: 3},
	}
	t := newSubject("apart-classes", e, drawn(1, 60, -64, -17, -9, -8, -1, 0, 0, 0, 1, 5, 8, 10, 16, 63))
	for _, mode := range []int{coded, 3} {
		w := newWriter(t.p)
		w.classMode = mode
		name, what := "coded", "all five classes of low bits are coded"
		if mode == 3 {
			name, what = "plain", "all five classes of low bits are plain"
		}
		s.frame("apart-classes-"+name, what, t.p, w.frame(t.images).bytes(), t.images, false)
	}
	escaped := newSubject("apart-classes-escaped", e, drawn(1, 60, -64, -17, -9, -8, -1, 0, 0, 0, 1, 5, 8, 10, 16, 63))
	for _, k := range escaped.edge().Models[2:] { // low bits of 6 and 7 have no frequency
		escaped.p.Frequencies[k] = []uint16{500, 100, 7, 300, 32, 64, 0, 0, 3093}
	}
	w := newWriter(escaped.p)
	w.classMode = coded
	s.frame(escaped.name, "low bits are escaped", escaped.p, w.frame(escaped.images).bytes(), escaped.images, false)
}
