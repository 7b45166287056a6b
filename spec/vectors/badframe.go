package main

import (
	"bytes"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// broken is a file of which one thing is wrong.
type broken struct {
	name, cause, what string
	bytes             []byte
}

// samplesOf gives every edge values.
func samplesOf(edges []profile.Edge) (x [][]float32) {
	for i := range edges {
		x = append(x, heavyTailed(&edges[i], uint64(i)))
	}
	return x
}

// plainFrame is a frame of two edges: six tiles, a scale per channel; and one tile, static scales.
func plainFrame() (*profile.Profile, container) {
	edges := []profile.Edge{
		{
			Name:      "a",
			Geometry:  profile.Geometry{Channels: 3, Rows: 5, Cols: 4, Tile: profile.Tile{Channels: 2, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 3},
		},
		{
			Name:      "b",
			Geometry:  profile.Geometry{Channels: 2, Rows: 2, Cols: 3, Tile: profile.Tile{Channels: 2, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 4, Scale: profile.StaticTensor, Steps: []float32{.25, .5}},
		},
	}
	x := samplesOf(edges)
	p := newProfile(edges, x)
	return p, newWriter(p).frame(quantizeAll(p, x))
}

// scalableFrame is one with two refinements, of the first and the third edge.
func scalableFrame() (*profile.Profile, container) {
	edges := []profile.Edge{
		{
			Name:      "a",
			Geometry:  profile.Geometry{Channels: 3, Rows: 4, Cols: 4, Tile: profile.Tile{Channels: 3, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 4},
			Coding:    profile.Coding{Refine: 2},
		},
		{
			Name:      "b",
			Geometry:  profile.Geometry{Channels: 1, Rows: 2, Cols: 3, Tile: profile.Tile{Channels: 1, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 4},
		},
		{
			Name:      "c",
			Geometry:  profile.Geometry{Channels: 2, Rows: 6, Cols: 8, Tile: profile.Tile{Channels: 2, Rows: 6}},
			Quantizer: profile.Quantizer{Bits: 5},
			Coding:    profile.Coding{Refine: 1, Coder: profile.Small},
		},
	}
	x := samplesOf(edges)
	p := newProfile(edges, x)
	return p, newWriter(p).frame(quantizeAll(p, x))
}

func badFrameVectors(s *set) {
	p, f := plainFrame()
	s.profile("two-edges", p)
	s.frame("frame-of-two-edges", "the frame that most damaged ones are made of", p, f.bytes(), sampleImages(p), false)
	for _, list := range [][]broken{badHeaders(f), badRecords(f), cutFrames(f)} {
		for _, b := range list {
			s.refused(b.name, b.cause, b.what, p, b.bytes)
		}
	}
	p, f = scalableFrame()
	s.profile("scalable", p)
	s.frame("frame-scalable", "two of three edges have refinements", p, f.bytes(), sampleImages(p), false)
	for _, b := range badScalable(f) {
		s.refused(b.name, b.cause, b.what, p, b.bytes)
	}
	otherProfiles(s)
}

func sampleImages(p *profile.Profile) []image { return quantizeAll(p, samplesOf(p.Edges)) }

func badHeaders(f container) []broken {
	long := func(n int) []byte { return append(bytes.Repeat([]byte{0x80}, n), 0) }
	header := f[:f.index("header crc")+1]
	return []broken{
		{"frame-magic", causeHeader, "the magic number ends with another letter",
			f.with("header magic", []byte("DQAG")...).bytes()},
		{"frame-magic-of-profile", causeHeader, "the magic number is that of a profile",
			f.with("header magic", []byte("DQAP")...).bytes()},
		{"frame-version-0", causeHeader, "version 0", f.with("header version", 0).bytes()},
		{"frame-version-2", causeHeader, "version 2", f.with("header version", 2).bytes()},
		{"frame-version-255", causeHeader, "version 255", f.with("header version", 255).bytes()},
		{"frame-base-size-less", causeHeader, "the base size is one byte less than header and edges have",
			f.with("header base", add(f.get("header base"), -1)...).bytes()},
		{"frame-base-size-more", causeHeader, "the base size is one byte more than header and edges have",
			f.with("header base", add(f.get("header base"), 1)...).bytes()},
		{"frame-base-size-0", causeHeader, "the base size is 0", f.with("header base", u32(0)...).bytes()},
		{"frame-base-size-huge", causeHeader, "the base size is 2^32-1",
			f.with("header base", u32(math.MaxUint32)...).bytes()},
		{"frame-edges-above-limit", causeLimit, "the header announces 65,537 edges",
			header.with("header edges", u32(65537)...).bytes()},
		{"frame-edges-2-32", causeLimit, "the header announces 2^32-1 edges",
			header.with("header edges", u32(math.MaxUint32)...).bytes()},
		{"frame-refinements-above-edges", causeLimit, "the header announces 3 refinements of 2 edges",
			f.with("header refinements", u32(3)...).bytes()},
		{"frame-refinements-unwanted", causeHeader, "the header announces a refinement, the profile has no edge with one",
			f.with("header refinements", u32(1)...).bytes()},
		{"frame-edge-missing", causeHeader, "the frame has one edge, the profile two",
			f[:f.index("edge1 scales")].with("header edges", u32(1)...).bytes()},
		{"frame-edge-too-many", causeHeader, "the frame has three edges, the profile two",
			slices.Concat(f, renamed(f[f.index("edge1 scales"):], "edge1", "edge2")).with("header edges", u32(3)...).bytes()},
		{"frame-edges-0", causeHeader, "the header announces no edge and none follows, the profile has two",
			header.with("header edges", u32(0)...).bytes()},
		{"frame-scales-padded-uvarint", causeHeader, "the number of scales takes two bytes where one suffices",
			f.with("edge0 scales", 0x83, 0).bytes()},
		{"frame-scales-long-uvarint", causeHeader, "the number of scales is a uvarint of eleven bytes",
			f.with("edge0 scales", long(10)...).bytes()},
		{"frame-tiles-padded-uvarint", causeHeader, "the number of tiles takes two bytes where one suffices",
			f.with("edge1 tiles", 0x81, 0).bytes()},
		{"frame-length-padded-uvarint", causeHeader, "the length of a tile takes three bytes where one suffices",
			f.with("edge0 length1", f.get("edge0 length1")[0]|0x80, 0x80, 0).bytes()},
		{"frame-length-65-bits", causeHeader, "the length of a tile does not fit 64 bits",
			f.with("edge0 length5", append(bytes.Repeat([]byte{0xff}, 9), 2)...).bytes()},
		{"frame-header-crc", causeChecksum, "a bit of the header's checksum is turned over",
			f.flipped("header crc", 0, 1).bytes()},
	}
}

// add adds to a u32.
func add(b []byte, n int) []byte {
	v := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	return u32(v + uint32(n))
}

// renamed gives fields another group.
func renamed(fields container, from, to string) container {
	out := slices.Clone(fields)
	for i := range out {
		out[i].group = to + out[i].group[len(from):]
		out[i].name = to + out[i].name[len(from):]
	}
	return out
}

func badRecords(f container) []broken {
	scale := func(bits uint32) []byte { return f.with("edge0 scale1", u32(bits)...).bytes() }
	none := slices.Concat(f[:f.index("edge0 scale0")], f[f.index("edge0 tiles"):]).with("edge0 scales", 0)
	return []broken{
		{"scale-negative", causeHeader, "a scale is -1", scale(math.Float32bits(-1))},
		{"scale-minus-0", causeHeader, "a scale is 0 with a minus sign", scale(1 << 31)},
		{"scale-subnormal", causeHeader, "a scale is the greatest subnormal number", scale(0x007fffff)},
		{"scale-least-subnormal", causeHeader, "a scale is the least subnormal number", scale(1)},
		{"scale-infinite", causeHeader, "a scale is infinite", scale(0x7f800000)},
		{"scale-nan", causeHeader, "a scale is not a number", scale(0x7fc00000)},
		{"scale-signalling-nan", causeHeader, "a scale is not a number, and signals it", scale(0x7f800001)},
		{"scales-one-more", causeHeader, "a scale per channel, and one more",
			f.with("edge0 scales", 4).behind("edge0 scale2", f32(1)...).bytes()},
		{"scales-one-less", causeHeader, "a channel has no scale", f.with("edge0 scales", 2).with("edge0 scale2").bytes()},
		{"scales-none", causeHeader, "no scales where they are dynamic", none.bytes()},
		{"scales-where-static", causeHeader, "scales of an edge whose scales are static",
			f.with("edge1 scales", append([]byte{2}, append(f32(.25), f32(.5)...)...)...).bytes()},
		{"tiles-one-more", causeHeader, "an edge has a tile, an empty one, that its geometry does not give",
			f.with("edge1 tiles", 2).behind("edge1 length0", 0).behind("edge1 tile0 crc", u32(crc(nil))...).bytes()},
		{"tiles-one-less", causeHeader, "the last edge has no tile",
			f[:f.index("edge1 tile0 payload")].with("edge1 tiles", 0).with("edge1 length0").bytes()},
		{"record-crc", causeChecksum, "a bit of a record's checksum is turned over", f.flipped("edge1 crc", 3, 0x80).bytes()},
		{"record-scale-flipped", causeChecksum, "a bit of a scale is turned over", f.flipped("edge0 scale0", 0, 1).bytes()},
		{"tile-crc", causeChecksum, "a bit of a tile's checksum is turned over", f.flipped("edge0 tile3 crc", 1, 4).bytes()},
		{"tile-flipped", causeChecksum, "a bit of a tile is turned over", f.flipped("edge0 tile2 payload", 1, 2).bytes()},
		{"last-tile-flipped", causeChecksum, "a bit of the last tile is turned over",
			f.flipped("edge1 tile0 payload", 2, 1).bytes()},
		{"tiles-of-an-edge-swapped", causeChecksum,
			"two tiles of an edge, of one size, have changed places, their checksums have not",
			f.with("edge0 tile0 payload", f.payload("edge0", 2)...).with("edge0 tile2 payload", f.payload("edge0", 0)...).
				with("edge0 tile0 crc", f.get("edge0 tile0 crc")...).with("edge0 tile2 crc", f.get("edge0 tile2 crc")...).bytes()},
		{"frame-trailing-byte", causeHeader, "a byte follows the last edge", append(f.bytes(), 0)},
		{"frame-trailing-frame", causeHeader, "the same frame follows the frame", append(f.bytes(), f.bytes()...)},
	}
}

// cutFrames end too early.
func cutFrames(f container) []broken {
	cut := func(field string, more int) []byte {
		n := len(f.before(field))
		return f.bytes()[:n+more]
	}
	var list []broken
	for _, c := range []struct {
		name, what string
		bytes      []byte
	}{
		{"empty", "at once", []byte{}},
		{"in-magic", "within the magic number", cut("header magic", 3)},
		{"before-version", "before the version", cut("header version", 0)},
		{"in-digest", "within the digest", cut("header digest", 15)},
		{"in-counts", "within the number of edges", cut("header edges", 2)},
		{"before-header-crc", "before the header's checksum", cut("header crc", 0)},
		{"in-header-crc", "within the header's checksum", cut("header crc", 3)},
		{"behind-header", "behind the header", cut("edge0 scales", 0)},
		{"in-scale", "within a scale", cut("edge0 scale1", 2)},
		{"before-tiles", "before the number of tiles", cut("edge0 tiles", 0)},
		{"in-lengths", "between the lengths of tiles", cut("edge0 length3", 0)},
		{"before-record-crc", "before a record's checksum", cut("edge0 crc", 0)},
		{"before-tile", "before a tile", cut("edge0 tile1 payload", 0)},
		{"in-tile", "within a tile", cut("edge0 tile1 payload", 1)},
		{"before-tile-crc", "before a tile's checksum", cut("edge0 tile1 crc", 0)},
		{"in-tile-crc", "within a tile's checksum", cut("edge0 tile5 crc", 2)},
		{"between-edges", "between edges", cut("edge1 scales", 0)},
		{"last-byte", "before its last byte", cut("edge1 tile0 crc", 3)},
	} {
		list = append(list, broken{"frame-cut-" + c.name, causeHeader, "the frame ends " + c.what, c.bytes})
	}
	return list
}
