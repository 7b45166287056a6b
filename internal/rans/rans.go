// Package rans codes whole codes with static probability models (spec/coders.md, "Asymmetric numeral systems").
package rans

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrStream is what decoding says of bytes that are no coded stream.
var ErrStream = errors.New("coded stream is damaged")

// StateBytes is the size of a lane's state in the stream.
const StateBytes = 4

// TailBytes is the size of what a stream of several lanes has besides, with taps.
const TailBytes = 2

// The state is kept in [ransLow, ransLow << 16): 16 bits are moved out or in at a time. One bit less than 32 makes the
// reciprocals of coding exact.
const ransLow = 1 << 15

// Coder codes tiles (spec/coders.md). The zero value is ready; its memory is reused.
type Coder struct {
	streams [abreast]stream
	group   group   // of a tile with contexts
	context []uint8 // of its codes
	taps    [abreast]tapGroup
	turn    [abreast]*tapGroup // those of tiles that are not yet done
}

// abreast is the number of tiles that are coded together where they are alike: a lane's next step must wait for its
// last one, those of other tiles need not.
const abreast = 8

// alike is the number of tiles, from the first on, that can be coded together.
func alike(tiles []Tile) int {
	t, n := &tiles[0], 1
	for n < min(len(tiles), abreast) && t.alike(&tiles[n]) {
		n++
	}
	return n
}

func (t *Tile) alike(u *Tile) bool {
	if t.Taps != nil {
		return u.Taps != nil
	}
	return !t.inStep() && !u.inStep() && u.Taps == nil && len(t.Planes) == len(u.Planes) && t.Rows*t.Cols == u.Rows*u.Cols
}

// Append appends the tile as one stream: the lanes' states, words, and what was escaped.
func (r *Coder) Append(dst []byte, t *Tile) []byte {
	streams, tiles := [1][]byte{dst}, [1]Tile{*t}
	r.AppendAll(streams[:], tiles[:])
	t.TapLanes = tiles[0].TapLanes
	return streams[0]
}

// AppendAll appends every tile's stream to its part of dst, and sets the number of lanes of those with taps. It is faster than
// Append tile by tile if tiles of one shape follow each other.
func (r *Coder) AppendAll(dst [][]byte, tiles []Tile) {
	for len(tiles) > 0 {
		n := alike(tiles)
		streams := r.streams[:n]
		for i := range streams {
			streams[i].begin(&tiles[i])
		}
		switch {
		case tiles[0].Taps != nil:
			r.encodeTaps(streams, tiles[:n])
		case tiles[0].inStep():
			r.encodeInStep(&tiles[0], &streams[0])
		default:
			encodeTiles(streams, tiles[:n])
		}
		for i := range streams {
			dst[i], tiles[i].TapLanes = streams[i].append(dst[i]), streams[i].lanes
		}
		dst, tiles = dst[n:], tiles[n:]
	}
}

// begin makes the stream ready to encode a tile.
func (s *stream) begin(t *Tile) {
	n := len(t.Planes) * t.Rows * t.Cols
	s.lanes = t.Lanes()
	s.words = resize(s.words, 2*n+slack)
	s.at = len(s.words)
	for lane := range s.states {
		s.states[lane] = ransLow
	}
	s.all = resize(s.all, n+slack)[:n]
	s.escapes, s.tail = s.escapes[:0], 0
}

// append appends what was encoded.
func (s *stream) append(dst []byte) []byte {
	for _, x := range s.states[:s.lanes] {
		dst = binary.LittleEndian.AppendUint32(dst, x)
	}
	if s.tail > 0 {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(s.tail))
	}
	dst = append(dst, s.words[s.at:]...)
	for _, e := range slices.Backward(s.escapes) {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(e))
	}
	return dst
}

// encodeTiles codes the planes of tiles of one shape one after the other, the last one first.
func encodeTiles(streams []stream, tiles []Tile) {
	n := tiles[0].Rows * tiles[0].Cols
	for i := range streams {
		for k := range tiles[i].Planes {
			streams[i].rank(&tiles[i].Planes[k], streams[i].all[k*n:(k+1)*n])
		}
	}
	for k := len(tiles[0].Planes) - 1; k >= 0; k-- {
		for i := range streams {
			streams[i].plane(tiles[i].Planes[k].Models[0], streams[i].all[k*n:(k+1)*n])
		}
		encodePlanes(streams)
	}
}

// rank finds the ranks of a plane's codes and notes what is escaped.
func (s *stream) rank(p *Plane, ranks []uint8) {
	m := p.Models[0]
	if table := m.bytesTable(&m.ranks, p); table != nil {
		translate(ranks, p.Bytes, table)
	} else {
		for i := range ranks {
			ranks[i] = m.rankOf(p.code(i), p.Low)
		}
	}
	for i := nextEscape(ranks, 0); i < len(ranks); i = nextEscape(ranks, i+1) {
		s.escapes = append(s.escapes, p.code(i))
	}
}

// nextEscape is the place of the next escape from i on, or len(ranks).
func nextEscape(ranks []uint8, i int) int {
	if n := bytes.IndexByte(ranks[i:], 0); n >= 0 {
		return i + n
	}
	return len(ranks)
}

// bytesTable picks the table for a plane of bytes; nil if there is none.
func (m *Model) bytesTable(tables *[2][256]uint8, p *Plane) *[256]uint8 {
	switch {
	case p.Bytes == nil || len(m.rank) > 256:
		return nil
	case p.Low == 0:
		return &tables[0]
	case int(p.Low) == -len(m.rank)/2:
		return &tables[1]
	}
	return nil
}

// Decode fills the planes' codes from a stream that Append made of a tile of the same shape and models. A stream that is
// too short or too long, does not end in the initial states, escapes a code that has a frequency, or holds one beyond its
// plane's bounds or memory gives ErrStream.
func (r *Coder) Decode(t *Tile, src []byte) error {
	return r.DecodeAll([]Tile{*t}, [][]byte{src})
}

// DecodeAll is Decode of every tile from its part of src. It is faster than Decode tile by tile if tiles of one shape
// follow each other.
func (r *Coder) DecodeAll(tiles []Tile, src [][]byte) error {
	for len(tiles) > 0 {
		n := alike(tiles)
		if err := r.decodeAlike(tiles[:n], src[:n]); err != nil {
			return err
		}
		tiles, src = tiles[n:], src[n:]
	}
	return nil
}

func (r *Coder) decodeAlike(tiles []Tile, src [][]byte) error {
	streams := r.streams[:len(tiles)]
	for i := range streams {
		if err := streams[i].open(&tiles[i], src[i]); err != nil {
			return err
		}
	}
	var err error
	switch {
	case tiles[0].Taps != nil:
		err = r.decodeTaps(streams, tiles)
	case tiles[0].inStep():
		err = r.decodeInStep(&tiles[0], &streams[0])
	default:
		err = decodeTiles(streams, tiles)
	}
	for i := range streams {
		if err == nil {
			err = streams[i].close()
		}
	}
	return err
}

// open reads the states and copies the rest, so that kernels may read beyond it.
func (s *stream) open(t *Tile, src []byte) error {
	s.lanes, s.tail = t.Lanes(), 0
	if len(src) < StateBytes*s.lanes || len(src)%2 != 0 {
		return fmt.Errorf("%w: %d bytes", ErrStream, len(src))
	}
	for lane := range s.lanes {
		x := binary.LittleEndian.Uint32(src[StateBytes*lane:])
		if x < ransLow || x >= ransLow<<16 {
			return fmt.Errorf("%w: state %#x", ErrStream, x)
		}
		s.states[lane] = x
	}
	src = src[StateBytes*s.lanes:]
	if t.Taps != nil && s.lanes > 1 {
		if len(src) < TailBytes {
			return fmt.Errorf("%w: no tail", ErrStream)
		}
		s.tail = int(binary.LittleEndian.Uint16(src))
		if s.tail < 1 || s.tail > t.Rows*t.Cols {
			return fmt.Errorf("%w: a tail of %d", ErrStream, s.tail)
		}
		src = src[TailBytes:]
	}
	const room = 2 * MaxLanes // for the words of a tail
	s.words = resize(s.words, room+len(src)+slack)
	clear(s.words[room+copy(s.words[room:], src):])
	s.at, s.end = room, room+len(src)
	s.all = resize(s.all, t.Rows*t.Cols+slack)
	return nil
}

// close checks that the stream ends as it must.
func (s *stream) close() error {
	if s.at != s.end {
		return fmt.Errorf("%w: %d bytes left", ErrStream, s.end-s.at)
	}
	for _, x := range s.states[:s.lanes] {
		if x != ransLow {
			return fmt.Errorf("%w: it ends in state %#x", ErrStream, x)
		}
	}
	return nil
}

// decodeTiles decodes the planes of tiles of one shape one after the other.
func decodeTiles(streams []stream, tiles []Tile) error {
	n := tiles[0].Rows * tiles[0].Cols
	for k := range tiles[0].Planes {
		for i := range streams {
			streams[i].plane(tiles[i].Planes[k].Models[0], streams[i].all[:n])
		}
		decodePlanes(streams)
		for i := range streams {
			if err := streams[i].place(&tiles[i].Planes[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// place turns ranks into codes and takes escaped ones from the stream's end.
func (s *stream) place(p *Plane) error {
	if s.at > s.end {
		return fmt.Errorf("%w: it ends too early", ErrStream)
	}
	m := s.model
	if table := m.bytesTable(&m.codes, p); table != nil {
		translate(p.Bytes, s.ranks, table)
	} else {
		for i, r := range s.ranks {
			if !p.set(i, int16(m.symbol[r])+p.Low) && r > 0 {
				return fmt.Errorf("%w: code %d in a byte", ErrStream, int16(m.symbol[r])+p.Low)
			}
		}
	}
	for i := nextEscape(s.ranks, 0); i < len(s.ranks); i = nextEscape(s.ranks, i+1) {
		c, err := s.escaped(p, m)
		if err != nil {
			return err
		}
		if !p.set(i, c) {
			return fmt.Errorf("%w: code %d in a byte", ErrStream, c)
		}
	}
	return nil
}

// escaped takes a code of plane p from the stream's end.
func (s *stream) escaped(p *Plane, m *Model) (int16, error) { return s.escapedFrom(p, m, int32(p.Low)) }

// escapedFrom is escaped where another code than p.Low is that of symbol 0.
func (s *stream) escapedFrom(p *Plane, m *Model, low int32) (int16, error) {
	if s.end-s.at < 2 {
		return 0, fmt.Errorf("%w: an escaped code is missing", ErrStream)
	}
	s.end -= 2
	c := int16(binary.LittleEndian.Uint16(s.words[s.end:]))
	if c < p.Min || c > p.Max || m.rankFrom(c, low) != 0 {
		return 0, fmt.Errorf("%w: code %d is escaped", ErrStream, c)
	}
	return c, nil
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
