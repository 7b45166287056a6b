package main

import (
	"encoding/binary"

	"github.com/dqa-go/dqa/profile"
)

// How a tile, or a class of low bits, is stored; numbers from 0 on are plain codes of so many bits.
const (
	shorter = -1 // as our encoder does: coded if that is shorter
	coded   = 255
)

// writer encodes images by the pages of spec/, one frame each.
type writer struct {
	p *profile.Profile
	// mode of the tiles of the coders of whole codes, and of classes of low bits.
	mode, classMode int
	alone           bool // tiles are coded without an earlier edge
}

func newWriter(p *profile.Profile) writer { return writer{p, shorter, shorter, false} }

// frame lays out the frame of an image.
func (w writer) frame(images []image) container {
	var edges, refinements []block
	for i := range w.p.Edges {
		e := &w.p.Edges[i]
		b, low := block{scales: images[i].scales}, block{}
		for k, t := range tilesOf(e) {
			payload := coders[e.Coder].payload(w, e, w.beside(e, t, t.cut(e, images[i].bases(e)), images))
			if e.DC {
				payload = append(payload, planes(images[i].means[k], 5)...)
			}
			b.tiles = append(b.tiles, payload)
			if e.Refine > 0 {
				low.tiles = append(low.tiles, coders[e.Coder].refinement(w, e, t.cut(e, images[i].wide)))
			}
		}
		edges = append(edges, b)
		if e.Refine > 0 {
			refinements = append(refinements, low)
		}
	}
	return frameFile(profileFile(w.p).bytes(), edges, refinements)
}

// bases are codes without their low bits.
func (img image) bases(e *profile.Edge) []int {
	out := make([]int, len(img.wide))
	for i, c := range img.wide {
		out[i] = c >> e.Refine
	}
	return out
}

// channels are all bases, channel by channel.
func (img image) channels(e *profile.Edge) []channelCodes {
	return tile{0, e.Channels, 0, e.Rows}.cut(e, img.bases(e))
}

// tile is a block of channels of a band of rows.
type tile struct{ c0, c1, r0, r1 int }

// tilesOf lists the tiles of an edge in order (spec/frame.md, "Tiles").
func tilesOf(e *profile.Edge) (all []tile) {
	for r := 0; r < e.Rows; r += e.Tile.Rows {
		for c := 0; c < e.Channels; c += e.Tile.Channels {
			all = append(all, tile{c, min(c+e.Tile.Channels, e.Channels), r, min(r+e.Tile.Rows, e.Rows)})
		}
	}
	return all
}

// channelCodes are a channel's codes in a tile.
type channelCodes struct {
	channel int
	codes   []int
	earlier []int // those of the earlier edge; nil: the tile is coded without
}

// beside gives channels of a tile the codes of the edge's earlier one, if it has one and the writer is to use it.
func (w writer) beside(e *profile.Edge, t tile, channels []channelCodes, images []image) []channelCodes {
	if e.Earlier == nil || w.alone {
		return channels
	}
	for k, c := range t.cut(e, images[e.Earlier.Edge].wide) {
		for _, v := range c.codes {
			channels[k].earlier = append(channels[k].earlier, min(127, max(-127, v)))
		}
	}
	return channels
}

func (t tile) cut(e *profile.Edge, codes []int) (out []channelCodes) {
	for c := t.c0; c < t.c1; c++ {
		out = append(out, channelCodes{channel: c, codes: codes[(c*e.Rows+t.r0)*e.Cols : (c*e.Rows+t.r1)*e.Cols]})
	}
	return out
}

func joined(channels []channelCodes) (all []int) {
	for _, c := range channels {
		all = append(all, c.codes...)
	}
	return all
}

// cutAt is what a frame's header says.
func cutAt(frame []byte) int { return int(binary.LittleEndian.Uint32(frame[29:])) }
