package main

import (
	"encoding/binary"
	"slices"

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
}

func newWriter(p *profile.Profile) writer { return writer{p, shorter, shorter} }

// frame lays out the frame of an image.
func (w writer) frame(images []image) container {
	var edges, refinements []block
	for i := range w.p.Edges {
		e := &w.p.Edges[i]
		b, low := block{scales: images[i].scales}, block{}
		for _, t := range tilesOf(e) {
			b.tiles = append(b.tiles, w.payload(e, t.cut(e, images[i].bases(e))))
			if e.Refine > 0 {
				low.tiles = append(low.tiles, w.refinement(e, t.cut(e, images[i].wide)))
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
}

func (t tile) cut(e *profile.Edge, codes []int) (out []channelCodes) {
	for c := t.c0; c < t.c1; c++ {
		out = append(out, channelCodes{c, codes[(c*e.Rows+t.r0)*e.Cols : (c*e.Rows+t.r1)*e.Cols]})
	}
	return out
}

func joined(channels []channelCodes) (all []int) {
	for _, c := range channels {
		all = append(all, c.codes...)
	}
	return all
}

// payload of a tile (spec/frame.md, "Tile payload").
func (w writer) payload(e *profile.Edge, channels []channelCodes) []byte {
	switch e.Coder {
	case profile.Raw, profile.Paper:
		codes, errors := split(e, channels)
		out := planes(codes, e.Bits-e.Refine)
		switch {
		case len(errors) == 0:
			return out
		case e.Coder == profile.Raw:
			return append(out, planes(errors, e.ExtraBits)...)
		}
		return append(out, codeErrors(errors, e.ExtraBits, e.Table, 256).join()...)
	}
	return w.whole(e, channels)
}

// split gives n-bit codes and the shift errors of important channels.
func split(e *profile.Edge, channels []channelCodes) (codes, errors []int) {
	for _, c := range channels {
		for _, wide := range c.codes {
			if !e.IsImportant(c.channel) {
				codes = append(codes, wide)
				continue
			}
			codes = append(codes, wide>>e.ExtraBits)
			errors = append(errors, wide&(1<<e.ExtraBits-1))
		}
	}
	return codes, errors
}

// whole is the payload of the coders of whole codes.
func (w writer) whole(e *profile.Edge, channels []channelCodes) []byte {
	codes := joined(channels)
	width := plainWidth(codes, e.Unsigned)
	plain := plainCodes(codes, width)
	if w.mode >= 0 && w.mode != coded {
		return append([]byte{byte(w.mode)}, plainCodes(codes, w.mode)...)
	}
	var stream []byte
	if e.Coder == profile.Fast {
		if low, high := codeRange(e); slices.Min(codes) >= low && slices.Max(codes) <= high {
			stream = prefixCodes(e.Prefix, codes).join()
		}
	} else {
		stream = newRANS().stream(ransTile(w.p, e, channels), e.Cols).join()
	}
	if stream != nil && (w.mode == coded || len(stream) < len(plain)) {
		return append([]byte{coded}, stream...)
	}
	return append([]byte{byte(width)}, plain...)
}

// codeRange are the codes that the coder fast has room for.
func codeRange(e *profile.Edge) (low, high int) {
	bits := e.Bits + e.ExtraBits
	if e.Escape {
		bits = 8
	}
	if e.Unsigned {
		return 0, 1<<bits - 1
	}
	return -1 << (bits - 1), 1<<(bits-1) - 1
}

// ransTile are the planes of a tile with their models.
func ransTile(p *profile.Profile, e *profile.Edge, channels []channelCodes) (planes []ransPlane) {
	for _, c := range channels {
		from, n := c.channel, 1
		if e.Coder == profile.Smallest {
			from, n = 0, 16
			if e.IsImportant(c.channel) {
				from = 16
			}
		}
		low := 0
		if !e.Unsigned {
			low = -1 << (e.WideBits(c.channel) - e.Refine - 1)
		}
		planes = append(planes, ransPlane{c.codes, modelsOf(p, e.Models[from:from+n]), low})
	}
	return planes
}

func modelsOf(p *profile.Profile, numbers []uint8) (models [][]uint16) {
	for _, k := range numbers {
		models = append(models, p.Frequencies[k])
	}
	return models
}

// refinement is the payload of a refinement's tile (spec/frame.md, "Refinements").
func (w writer) refinement(e *profile.Edge, channels []channelCodes) (out []byte) {
	codes := joined(channels)
	if e.Coder == profile.Raw {
		return planes(codes, e.Refine)
	}
	for k, members := range classes(e, codes) {
		if len(members) == 0 {
			continue
		}
		part := w.class(e, k, members)
		out = append(append(out, uvarint(len(part))...), part...)
	}
	return out
}

// classes are the low bits of codes by what their base is.
func classes(e *profile.Edge, codes []int) (out [5][]int) {
	for _, c := range codes {
		k := min(max(c>>e.Refine, -2), 2) + 2
		out[k] = append(out[k], c&(1<<e.Refine-1))
	}
	return out
}

// class stores the low bits of a class.
func (w writer) class(e *profile.Edge, k int, members []int) []byte {
	plain := append([]byte{byte(e.Refine)}, planes(members, e.Refine)...)
	stream := append([]byte{coded}, newRANS().stream(classTile(w.p, e, k, members), len(members)).join()...)
	if w.classMode == coded || w.classMode == shorter && len(stream) < len(plain) {
		return stream
	}
	return plain
}

func classTile(p *profile.Profile, e *profile.Edge, k int, members []int) []ransPlane {
	models := e.Models[len(e.Models)-5:]
	return []ransPlane{{members, modelsOf(p, models[k:k+1]), 0}}
}

// cutAt is what a frame's header says.
func cutAt(frame []byte) int { return int(binary.LittleEndian.Uint32(frame[29:])) }
