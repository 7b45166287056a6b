package main

import (
	"fmt"

	"github.com/dqa-go/dqa/profile"
)

// plainVectors are tiles of whole codes that are not coded, and codes that are escaped.
func plainVectors(s *set) {
	for _, coder := range []profile.Coder{profile.Fast, profile.Small, profile.Smallest} {
		if coder != profile.Smallest {
			plainWidths(s, coder, false)
			plainWidths(s, coder, true)
		}
		wideWithoutEscapes(s, coder)
		escapes(s, coder)
	}
}

// plainWidths is a frame of an edge for every width of plain codes: codes that need it, the greatest among them.
func plainWidths(s *set, coder profile.Coder, unsigned bool) {
	var edges []profile.Edge
	var images []image
	for w := range 17 {
		e := profile.Edge{
			Name:     numbered("width", w),
			Geometry: profile.Geometry{Channels: 1, Rows: 5, Cols: 7, Tile: profile.Tile{Channels: 1, Rows: 5}},
			Quantizer: profile.Quantizer{
				Bits: 4, OneSided: unsigned, Unsigned: unsigned, Escape: true, Scale: profile.StaticTensor,
				Steps: []float32{.25, 1},
			},
			Coding: profile.Coding{Coder: coder},
		}
		low, high := 0, 1<<min(w, 15)-1
		if !unsigned && w > 0 {
			low, high = -1<<(w-1), 1<<(w-1)-1
		}
		edges = append(edges, e)
		images = append(images, image{wide: drawn(uint64(w), 35, low, high, low/2, high/3, 0)})
	}
	p := bareProfile(edges)
	for i := range edges {
		fit(p, &edges[i], images[i])
	}
	f := newWriter(p).frame(images)
	for w := range edges {
		f = f.withPayload(numbered("edge", w), 0, plainTile(images[w].wide, w))
	}
	sign := "signed"
	if unsigned {
		sign = "unsigned"
	}
	s.frame(fmt.Sprintf("plain-widths-%v-%s",
		coder, sign), fmt.Sprintf("plain %s codes of 0 to 16 bits, an edge of each width", sign),
		p, f.bytes(), images, false)
}

// wideWithoutEscapes are plain codes of more bits than they need.
func wideWithoutEscapes(s *set, coder profile.Coder) {
	for _, unsigned := range []bool{false, true} {
		e := profile.Edge{
			Geometry: profile.Geometry{Channels: 2, Rows: 3, Cols: 5},
			Quantizer: profile.Quantizer{
				Bits: 3, ExtraBits: 1, Important: []bool{true, false}, OneSided: unsigned, Unsigned: unsigned,
			},
			Coding: profile.Coding{Coder: coder},
		}
		name, codes := "signed", drawn(1, 30, -4, -1, 0, 2, 3)
		if unsigned {
			name, codes = "unsigned", drawn(1, 30, 0, 1, 6, 7)
		}
		t := newSubject(fmt.Sprintf("plain-wide-%v-%s", coder, name), e, codes)
		for _, w := range []int{5, 8, 9, 16} {
			t.accepted(s, payload{fmt.Sprint(w), fmt.Sprintf("plain %s codes of %d bits where 3 would do, no escapes",
				name, w), plainTile(codes, w)})
		}
	}
}

// escapes are codes beyond the n bits.
func escapes(s *set, coder profile.Coder) {
	for _, sign := range signs {
		low, beyond := -8, []int{-9, 8, -128, 127, 100, -100}
		if sign.unsigned {
			low, beyond = 0, []int{16, 17, 100, 128, 254, 255}
		} else if sign.oneSided {
			low, beyond = 0, []int{8, 9, 100, 127, 126, 64}
		}
		e := profile.Edge{
			Geometry:  profile.Geometry{Channels: 3, Rows: 3, Cols: 7, Tile: profile.Tile{Channels: 2, Rows: 3}},
			Quantizer: profile.Quantizer{Bits: 4, OneSided: sign.oneSided, Unsigned: sign.unsigned, Escape: true},
			Coding:    profile.Coding{Coder: coder},
		}
		add := func(name, what string, codes []int) {
			t := newSubject(fmt.Sprintf("escape-%s-%v-%s", name, coder, sign.name), e, codes)
			t.good(s, fmt.Sprintf("%s, %s codes of 4 bits, coder %v", what, sign.name, coder))
		}
		add("bytes", "a few codes beyond the bits, all of them fit a byte",
			append(drawn(1, 58, low, 0, 0, 0, 0, 0, 1, 1, 7), drawn(2, 5, beyond...)...))
		add("many", "nearly all codes are escaped", append(drawn(3, 53, beyond...), drawn(4, 10, 0, 1)...))
		extremes := append(drawn(5, 57, low, 0, 0, 0, 0, 0, 0, 0, 1), 0, 0, 32767, 256, 4000, 32767)
		if !sign.oneSided {
			extremes[1], extremes[50] = -32768, -129
		}
		add("extremes", "the outermost codes there are", extremes)
	}
	escapedModel(s, coder)
}

// escapedModel has codes of the n bits that have no frequency, without the flag escape.
func escapedModel(s *set, coder profile.Coder) {
	if coder == profile.Fast {
		return
	}
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 6, Cols: 11},
		Quantizer: profile.Quantizer{Bits: 3},
		Coding:    profile.Coding{Coder: coder, Models: make([]uint8, 2)},
	}
	if coder == profile.Smallest {
		e.Models = make([]uint8, 16)
	}
	t := newSubject("escape-within-"+coder.String(), e, drawn(6, 132, -4, -1, -1, 0, 0, 0, 0, 0, 0, 3))
	t.p.Frequencies = [][]uint16{{0, 0, 0, 1000, 3000, 32, 0, 0, 64}}
	w := newWriter(t.p)
	w.mode = coded
	s.frame(t.name, "codes within the bits that have no frequency are escaped: -4 and 3",
		t.p, w.frame(t.images).bytes(), t.images, false)
}
