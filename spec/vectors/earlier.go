package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// besideEdges are three edges of one shape, each of which but the first is coded beside the one before it.
func besideEdges(g profile.Geometry, sign sign, bits, grid int) []profile.Edge {
	var edges []profile.Edge
	for i := range 3 {
		e := profile.Edge{
			Name: fmt.Sprintf("edge%d", i), Geometry: g, Coding: profile.Coding{Coder: profile.Smallest2},
			Quantizer: profile.Quantizer{
				Bits: bits, OneSided: sign.oneSided, Unsigned: sign.unsigned, Escape: true, DC: i == 1,
				Scale: profile.StaticTensor, Steps: []float32{.5, .5},
			},
		}
		e.Tile.Rows = max(1, g.Tile.Rows-i) // tiles of an edge need not be those of its earlier one
		e.Taps = someTaps(&e)
		if e.Taps.Grid = grid; i == 0 {
			edges = append(edges, e)
			continue
		}
		taps := *someTaps(&e)
		taps.Grid, taps.Flat, taps.Parts, taps.Unit = grid, !taps.Flat, nil, 0
		taps.Magnitude = [12]int8{20, 10, -5, 6, 4, 3, -1, 2, 1, -1, 2, 1}
		taps.Cross[0] = int8(5 - i)
		e.Earlier = &profile.Earlier{Edge: i - 1, Taps: taps}
		for c := range g.Channels {
			e.Earlier.Weights[0] = append(e.Earlier.Weights[0], int8(90-40*(c%4)))
		}
		if !e.OneSided {
			e.Earlier.Taps.Signed = [12]int8{20, -10, 5, 6, 0, 1, 0, 0, 1, 0, -1, 1}
			e.Earlier.Taps.Cross[1] = -7
			for c := range g.Channels {
				e.Earlier.Weights[1] = append(e.Earlier.Weights[1], int8(100-50*(c%3)))
			}
		}
		edges = append(edges, e)
	}
	return edges
}

// besideProfile is a profile of such edges, with values that are like each other.
func besideProfile(rng *rand.Rand, edges []profile.Edge) (*profile.Profile, [][]float32) {
	var x [][]float32
	for i := range edges {
		v := tapValues(rng, &edges[i])
		for k := range v {
			if i > 0 {
				v[k] = x[i-1][k] + float32(int(v[k]*2))/4
			}
			if edges[i].OneSided {
				v[k] = max(0, v[k])
			}
		}
		x = append(x, v)
	}
	p := newProfile(edges, x)
	for i := range p.Edges {
		if e := &p.Edges[i]; e.Earlier != nil {
			e.Earlier.Models = slices.Clone(e.Models)
			slices.Reverse(e.Earlier.Models[:128])
		}
	}
	return p, x
}

// earlierVectors are edges of the coder smallest2 beside earlier ones, and what is none.
func earlierVectors(s *set) {
	rng := rand.New(rand.NewPCG(5, 6))
	for k, g := range []profile.Geometry{
		{Channels: 3, Rows: 9, Cols: 11, Tile: profile.Tile{Channels: 2, Rows: 5}},
		{Channels: 17, Rows: 9, Cols: 9, Tile: profile.Tile{Channels: 17, Rows: 9}},
		{Channels: 9, Rows: 30, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 9, Rows: 30}},
		{Channels: 2, Rows: 1, Cols: 1, Tile: profile.Tile{Channels: 2, Rows: 1}},
	} {
		for i, sign := range signs {
			grid := 0
			if k == 2 {
				grid = 4 + i
			}
			p, x := besideProfile(rng, besideEdges(g, sign, 3+(k+i)%4, grid))
			name := fmt.Sprintf("earlier-%d-%s", k, sign.name)
			s.encoded(name, "three edges, each beside the one before it", p, x)
			s.parsed("profile2-"+name, "edges beside earlier ones", p)
			w := newWriter(p)
			w.alone = true
			s.frame(name+"-alone", "the same, coded without earlier edges", p, w.frame(quantizeAll(p, x)).bytes(), quantizeAll(p, x), false)
			if w.alone, w.mode = false, 16; k == 0 {
				s.frame(name+"-plain", "the same, plain codes", p, w.frame(quantizeAll(p, x)).bytes(), quantizeAll(p, x), false)
			}
		}
	}
	badEarlier(s)
}

func badEarlier(s *set) {
	g := profile.Geometry{Channels: 3, Rows: 8, Cols: 6, Tile: profile.Tile{Channels: 3, Rows: 8}}
	p, x := besideProfile(rand.New(rand.NewPCG(1, 3)), besideEdges(g, sign{}, 4, 0))
	good := profileFile(p)
	const edge = "edges edge1 "
	for _, c := range []struct {
		name, cause, what string
		field             string
		bytes             []byte
	}{
		{"itself", causeHeader, "an edge beside itself", "earlier", []byte{1}},
		{"later", causeHeader, "an edge beside a later one", "earlier", []byte{2}},
		{"none", causeHeader, "an edge beside one that is not there", "earlier", []byte{3}},
		{"limit", causeLimit, "an edge beside edge 65,536", "earlier", uvarint(1 << 16)},
		{"weights", causeHeader, "weights that sum to 256 with a channel's", "earlier w", append([]byte{127, 40}, make([]byte, 10)...)},
		{"around", causeHeader, "weights that sum to more than 255 with those around", "earlier magnitudes around", []byte{60}},
		{"signed", causeHeader, "weights of codes that sum to more than 255", "earlier codes around", []byte{0xc0}},
		{"own", causeHeader, "weights of neighbours that sum to 256", "earlier w", append([]byte{0x80, 0x7f, 1}, make([]byte, 9)...)},
		{"models", causeHeader, "a model that is not there", "earlier models", slices.Repeat([]byte{99}, 256)},
		{"shape", causeHeader, "an edge beside one of another shape", "columns", []byte{7}},
	} {
		s.refusedProfile("bad-earlier-"+c.name, c.cause, c.what, good.with(edge+c.field, c.bytes...).bytes())
	}
	s.refusedProfile("bad-earlier-coder", causeHeader, "an edge of the coder small beside an earlier one",
		good.with(edge+"coder", byte(profile.Small)).bytes())
	images := quantizeAll(p, x)
	w := newWriter(p)
	w.mode = coded
	frame := w.frame(images)
	payload := frame.payload("edge1", 0)
	if payload[0] != 250 {
		panic("not one lane beside an earlier edge")
	}
	for _, c := range []badPayload{
		{"lanes", "more lanes than planes", append([]byte{248}, payload[1:]...)},
		{"alone", "a stream beside an earlier edge as one without", append([]byte{255}, payload[1:]...)},
		{"mode", "a mode that is none", append([]byte{245}, payload[1:]...)},
	} {
		s.refused("bad-earlier-"+c.name, causePayload, c.what, p, frame.withPayload("edge1", 0, c.payload).bytes())
	}
	s.refused("bad-earlier-first", causePayload, "an edge without an earlier one, coded beside one", p,
		frame.withPayload("edge0", 0, append([]byte{250}, frame.payload("edge0", 0)[1:]...)).bytes())
	s.refused("bad-earlier-damage", causePayload, "an earlier edge is refused", p,
		frame.withPayload("edge0", 0, frame.payload("edge0", 0)[:9]).bytes())
}
