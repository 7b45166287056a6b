// Package frame is the container of all quantized edges of one image: header, then per edge a record (scales of this
// image, length of every tile) and the tiles, then the refinements of edges that have one. It is pure data, bytes <-> structs; what is inside a tile is the codec's
// business. spec/frame.md describes it field by field.
package frame

import (
	"encoding/binary"
	"math"

	"github.com/dqa-go/dqa/internal/wire"
)

// Version is the format version that this package reads and writes (spec/README.md: frozen).
const Version = 1

// Limits that are checked before memory is allocated.
const (
	MaxEdges  = 1 << 16
	MaxScales = 1 << 20
	MaxTiles  = 1 << 20
)

const magic = "DQAF"

// DigestSize is the number of leading bytes of the profile's SHA-256 that a frame carries.
const DigestSize = 16

// HeaderSize is the encoded size of a Header in bytes.
const HeaderSize = len(magic) + 1 + DigestSize + 3*4 + 4

// Header opens a frame.
type Header struct {
	Profile     [DigestSize]byte // leading bytes of the digest of the profile that it was made with
	Edges       int              // number of edges that follow
	Refinements int              // number of refinements that follow them, unless the frame was cut
	BaseSize    int              // bytes of header and edges: where a frame may be cut
}

// Edge is one edge of a frame. Scales belong to this image; none where they are static.
type Edge struct {
	Scales  []float32
	Tiles   [][]byte // payloads, checksums taken off
	Offsets []int    // where in the frame each payload begins, for error messages; set by Parse only
	lengths []int
}

// Frame is a parsed frame; payloads point into the parsed bytes.
type Frame struct {
	Header
	EdgeBlocks []Edge
	// RefineBlocks has Refinements entries without scales, or none if the frame ends after its base part.
	RefineBlocks []Edge
	Sections     Sections
}

// Sections says what the bytes of a frame are spent on; they sum to its size.
type Sections struct {
	Header     int
	Scales     int
	Index      int // counts and tile lengths
	Payload    int // of the base part
	Refinement int // payload
	Checksums  int
}

// Total is the size of the frame.
func (s Sections) Total() int {
	return s.Header + s.Scales + s.Index + s.Payload + s.Refinement + s.Checksums
}

// AppendHeader appends the header to dst.
func AppendHeader(dst []byte, h Header) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, Version)
	dst = append(dst, h.Profile[:]...)
	for _, v := range []int{h.Edges, h.Refinements, h.BaseSize} {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return wire.AppendCRC(dst, start)
}

// AppendEdge appends one edge to dst.
func AppendEdge(dst []byte, e Edge) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(dst, uint64(len(e.Scales)))
	for _, s := range e.Scales {
		dst = wire.AppendFloat32(dst, s)
	}
	return appendTiles(dst, start, e.Tiles)
}

// AppendRefinement appends the refinement of one edge to dst: its tiles.
func AppendRefinement(dst []byte, tiles [][]byte) []byte { return appendTiles(dst, len(dst), tiles) }

// appendTiles ends the record that begins at start, and appends the tiles.
func appendTiles(dst []byte, start int, tiles [][]byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(tiles)))
	for _, t := range tiles {
		dst = binary.AppendUvarint(dst, uint64(len(t)))
	}
	dst = wire.AppendCRC(dst, start)
	for _, t := range tiles {
		start := len(dst)
		dst = append(dst, t...)
		dst = wire.AppendCRC(dst, start)
	}
	return dst
}

// Parse checks src, all checksums included, and cuts it into payloads. Errors are *wire.Error.
func Parse(src []byte) (*Frame, error) {
	f := &Frame{}
	if err := f.Parse(src); err != nil {
		return nil, err
	}
	return f, nil
}

// Parse is the function Parse into f, whose memory is reused. After an error f is not valid.
func (f *Frame) Parse(src []byte) error {
	r := wire.NewReader(src)
	f.Sections = Sections{}
	f.EdgeBlocks, f.RefineBlocks = f.EdgeBlocks[:0], f.RefineBlocks[:0]
	f.readHeader(r)
	for i := 0; i < f.Edges && r.Err() == nil; i++ {
		r.Numbered("frame edge %d record", i)
		f.EdgeBlocks = next(f.EdgeBlocks)
		f.readBlock(r, &f.EdgeBlocks[i], true, &f.Sections.Payload, "frame edge %d tile %d", i)
	}
	r.Section("frame end")
	if r.Err() == nil && r.Offset() != f.BaseSize {
		r.Fail(wire.ErrValue, "the base part ends at byte %d, the header says %d", r.Offset(), f.BaseSize)
	}
	if r.Err() == nil && r.Len() > 0 { // it was not cut
		for i := 0; i < f.Refinements && r.Err() == nil; i++ {
			r.Numbered("frame refinement %d record", i)
			f.RefineBlocks = next(f.RefineBlocks)
			f.readBlock(r, &f.RefineBlocks[i], false, &f.Sections.Refinement, "frame refinement %d tile %d", i)
		}
		r.Section("frame end")
	}
	r.End()
	return r.Err()
}

// next makes blocks one longer; the new one keeps the memory of an earlier frame's.
func next(blocks []Edge) []Edge {
	if len(blocks) < cap(blocks) {
		return blocks[:len(blocks)+1]
	}
	return append(blocks, Edge{})
}

// ParseHeader reads what a frame begins with, of the first HeaderSize bytes at least. Errors are *wire.Error.
func ParseHeader(src []byte) (Header, error) {
	var f Frame
	r := wire.NewReader(src[:min(len(src), HeaderSize)])
	f.readHeader(r)
	return f.Header, r.Err()
}

func (f *Frame) readHeader(r *wire.Reader) {
	r.Section("frame header")
	switch string(r.Bytes(len(magic))) {
	case magic:
	case "DQAP":
		r.Fail(wire.ErrMagic, "this is a profile, not a frame")
	default:
		r.Fail(wire.ErrMagic, "not a DQA frame")
	}
	if v := r.U8(); r.Err() == nil && v != Version {
		r.Fail(wire.ErrVersion, "frame has version %d, this program reads %d", v, Version)
	}
	copy(f.Profile[:], r.Bytes(DigestSize))
	edges, refinements, base := r.U32(), r.U32(), r.U32()
	r.CheckCRC(0)
	if edges > MaxEdges || refinements > edges {
		r.Fail(wire.ErrLimit, "%d edges and %d refinements, at most %d edges and as many refinements allowed", edges, refinements, MaxEdges)
		return
	}
	f.Edges, f.Refinements, f.BaseSize = int(edges), int(refinements), int(base)
	f.Sections.Header = r.Offset() - 4
	f.Sections.Checksums = 4
}

// readBlock reads the record and the tiles of an edge or of a refinement, number i; tile is the name of its tiles.
func (f *Frame) readBlock(r *wire.Reader, e *Edge, scales bool, payload *int, tile string, i int) {
	start := r.Offset()
	e.Scales = e.Scales[:0]
	if scales {
		e.Scales = readScales(e.Scales, r)
	}
	e.lengths = readLengths(e.lengths[:0], r)
	f.Sections.Index += r.Offset() - start - 4*len(e.Scales)
	f.Sections.Scales += 4 * len(e.Scales)
	r.CheckCRC(start)
	f.Sections.Checksums += 4 * (1 + len(e.lengths))
	e.Tiles, e.Offsets = e.Tiles[:0], e.Offsets[:0]
	for t, n := range e.lengths {
		if r.Err() != nil {
			return
		}
		r.Numbered(tile, i, t)
		start := r.Offset()
		e.Tiles = append(e.Tiles, r.Bytes(n))
		e.Offsets = append(e.Offsets, start)
		r.CheckCRC(start)
		*payload += n
	}
}

func readScales(scales []float32, r *wire.Reader) []float32 {
	for i := range r.Count(MaxScales, 4, "scales") {
		pos := r.Offset()
		s := r.Float32()
		if s != 0 && !(s >= 0x1p-126 && s <= math.MaxFloat32) || math.Signbit(float64(s)) {
			r.Fail(wire.ErrValue, "scale %d at byte %d is %v: zero or a positive normal number allowed", i, pos, s)
			return nil
		}
		scales = append(scales, s)
	}
	return scales
}

func readLengths(lengths []int, r *wire.Reader) []int {
	for range r.Count(MaxTiles, 5, "tiles") {
		lengths = append(lengths, r.Uvarint(math.MaxInt32, "tile length"))
	}
	return lengths
}
