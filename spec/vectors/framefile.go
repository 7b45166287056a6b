package main

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// block is an edge or a refinement of a frame (spec/frame.md).
type block struct {
	scales []float32
	tiles  [][]byte
}

// frameFile lays out a frame: groups "header", "edge0", "edge0 tile0", "refinement0" and so on.
func frameFile(profile []byte, edges, refinements []block) container {
	var c container
	digest := sha256.Sum256(profile)
	c.add("header", "magic", []byte("DQAF")...)
	c.add("header", "version", 1)
	c.add("header", "digest", digest[:16]...)
	c.add("header", "edges", u32(uint32(len(edges)))...)
	c.add("header", "refinements", u32(uint32(len(refinements)))...)
	c.addKind("header", "base", baseSize)
	c.addKind("header", "crc", checksum)
	for i, b := range edges {
		group := numbered("edge", i)
		c.add(group, "scales", uvarint(len(b.scales))...)
		for k, s := range b.scales {
			c.add(group, numbered("scale", k), f32(s)...)
		}
		c.addTiles(group, b.tiles)
	}
	for i, b := range refinements {
		c.addTiles(numbered("refinement", i), b.tiles)
	}
	return c
}

func (c *container) addTiles(group string, tiles [][]byte) {
	c.add(group, "tiles", uvarint(len(tiles))...)
	for k, t := range tiles {
		c.add(group, numbered("length", k), uvarint(len(t))...)
	}
	c.addKind(group, "crc", checksum)
	for k, t := range tiles {
		tile := group + numbered(" tile", k)
		c.add(tile, "payload", t...)
		c.addKind(tile, "crc", checksum)
	}
}

// withPayload is c with another payload, and the length that it has.
func (c container) withPayload(group string, tile int, payload []byte) container {
	c = c.with(group+numbered(" length", tile), uvarint(len(payload))...)
	return c.with(group+numbered(" tile", tile)+" payload", payload...)
}

// payload is that of a tile.
func (c container) payload(group string, tile int) []byte {
	return c.get(group + numbered(" tile", tile) + " payload")
}

func f32(v float32) []byte { return u32(math.Float32bits(v)) }

func f64(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }
