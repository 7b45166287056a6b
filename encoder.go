package dqa

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/profile"
)

// Encoder makes frames, one image after the other. It belongs to one goroutine. Only Codec.NewEncoder makes one.
type Encoder struct {
	coding
	next      int // edge that is to come
	nonFinite int
	body      []byte // room for the header, and the encoded edges of the image at hand
	refined   []byte // their refinements
	size      int    // of the frame that Append has made, 0 if it has not
	parts     [][]byte
}

// NewEncoder returns an encoder that shares the codec's tables. It panics if the codec is not one of NewCodec's.
func (c *Codec) NewEncoder(opts ...Option) *Encoder { return &Encoder{coding: c.coding(opts)} }

// Hook is Edge, followed by Correct: as an engine hook it makes the network compute with stored activations.
func (e *Encoder) Hook(i int, data []float32) error {
	err := e.Edge(i, data)
	if err == nil {
		Correct(e.codec.edge(i), data)
	}
	return err
}

// Edge quantizes edge i of the image at hand, stores its codes in the frame and overwrites data with the values that a
// decoder will restore. Edges come in the profile's order; edge 0 begins a new image. data is row-major; another length
// than the profile's is a panic.
func (e *Encoder) Edge(i int, data []float32) error { return e.edge(i, data, data) }

// Store is Edge that leaves data as it is.
func (e *Encoder) Store(i int, data []float32) error { return e.edge(i, data, nil) }

func (e *Encoder) edge(i int, source, restored []float32) error {
	if e.codec == nil {
		return errNotMade
	}
	mustFit(e.codec.edge(i), source)
	if i == 0 {
		e.begin(e.body[:0])
	}
	if i != e.next {
		return fmt.Errorf("edge %d encoded where %d is next", i, e.next)
	}
	e.values[i].Source, e.values[i].Restored = source, restored
	e.encode(i, i+1)
	return nil
}

// begin begins a frame behind dst.
func (e *Encoder) begin(dst []byte) {
	e.next, e.nonFinite, e.size, e.refined = 0, 0, 0, e.refined[:0]
	e.body = frame.AppendHeader(dst, frame.Header{})
}

// encode appends edges [first, end), whose values are known, to the body.
func (e *Encoder) encode(first, end int) {
	e.plan(first, end)
	e.keep(first, end)
	for i := first; i < end; i++ {
		if o := e.codec.edge(i).Earlier; o != nil {
			e.values[i].Earlier = e.codes[o.Edge] // edges come in order
		}
	}
	run((*scaling)(&e.coding), e.workers, 0, end-first)
	e.countValues(first, end)
	e.run((*encoding)(&e.coding), look, look)
	e.forget(first, end)
	for ; e.next < end; e.next++ {
		e.append(e.codec.edge(e.next))
	}
}

// look is for runs that need not know what is done.
func look([]tile.Tile) {}

// append appends the next edge to the body.
func (e *Encoder) append(edge *profile.Edge) {
	tiles := e.tilesOf(e.next)
	e.parts = e.parts[:0]
	for k := range tiles {
		e.parts = append(e.parts, tiles[k].Payload.Base)
		e.nonFinite += tiles[k].NonFinite
	}
	e.countBits(e.next, tiles)
	block := frame.Edge{Tiles: e.parts}
	if !edge.Scale.Static() {
		block.Scales = e.values[e.next].Steps
	}
	e.body = frame.AppendEdge(e.body, block)
	if edge.Refine == 0 || e.baseOnly {
		return
	}
	for k := range tiles {
		e.parts[k] = tiles[k].Payload.Low
	}
	e.refined = frame.AppendRefinement(e.refined, e.parts)
}

// NonFinite counts the NaN and infinite values in the edges given so far of the image at hand.
func (e *Encoder) NonFinite() int { return e.nonFinite }

// AppendFrame appends the frame of the image at hand to dst. All edges must have been given, by Edge or Store.
func (e *Encoder) AppendFrame(dst []byte) ([]byte, error) {
	if e.codec == nil {
		return dst, errNotMade
	}
	n := len(e.codec.profile.Edges)
	if n == 0 {
		e.begin(e.body[:0])
	}
	if e.next != n {
		return dst, fmt.Errorf("frame is not complete: %d of %d edges encoded", e.next, n)
	}
	if err := fits(e.body); err != nil {
		return dst, err
	}
	e.putHeader(e.body)
	return append(append(dst, e.body...), e.refined...), nil
}

// fits refuses a base part that its header cannot tell the size of.
func fits(base []byte) error {
	if int64(len(base)) > math.MaxUint32 {
		return fmt.Errorf("%w: a frame's base part of %d bytes", ErrLimit, len(base))
	}
	return nil
}

// putHeader writes the header in the room before a frame's edges.
func (e *Encoder) putHeader(f []byte) {
	frame.AppendHeader(f[:0], frame.Header{Profile: e.codec.digest, Edges: e.next, Refinements: e.codec.refined, BaseSize: len(f)})
}

// FrameSize is the size in bytes of the frame of the image at hand.
func (e *Encoder) FrameSize() int {
	if e.size > 0 {
		return e.size
	}
	return max(frame.HeaderSize, len(e.body)) + len(e.refined)
}

// Append encodes one image, edges[i] being the row-major tensor of edge i, and leaves the tensors as they are. It is
// faster than Edge by Edge. On error it returns dst as it was.
func (e *Encoder) Append(dst []byte, edges [][]float32) ([]byte, error) {
	if e.codec == nil {
		return dst, errNotMade
	}
	if n := len(e.codec.profile.Edges); len(edges) != n {
		return dst, fmt.Errorf("%d tensors, the profile has %d edges", len(edges), n)
	}
	for i, data := range edges {
		if len(data) != e.codec.edge(i).Elements() {
			return dst, fmt.Errorf("tensor %d of %d values is not an edge of the profile", i, len(data))
		}
		e.values[i].Source = data
	}
	own := e.body[:0]
	e.begin(dst) // edges go where they stay
	e.encode(0, len(edges))
	start := len(dst)
	dst, e.body = e.body, own
	if err := fits(dst[start:]); err != nil {
		return dst[:start], err
	}
	e.putHeader(dst[start:])
	dst = append(dst, e.refined...)
	e.next, e.size = 0, len(dst)-start
	return dst, nil
}
