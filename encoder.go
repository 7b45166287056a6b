package dqa

import (
	"fmt"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/profile"
)

// Encoder makes frames, one image after the other. It belongs to one goroutine.
type Encoder struct {
	// BaseOnly leaves out the refinements of scalable profiles: values and frames are those of a receiver that does
	// without them. It must not change within an image.
	BaseOnly bool
	// KeepCodes makes Codes valid after every call of Edge; it takes a longer way.
	KeepCodes bool
	// Workers is the number of goroutines that Append uses; 0 means 1. Frames do not depend on it.
	Workers int

	codec     *Codec
	next      int // edge that is to come
	nonFinite int
	codes     Codes
	body      []byte   // encoded edges of the image at hand
	size      int      // of the frame that Append has made of it, 0 if it has not
	refined   []byte   // their refinements
	tiles     [][]byte // of the edge at hand
	ends      []int
	before    []float32
	payload   []byte
	base      Codes         // of the edge at hand, without the low bits
	bufs      []tileBuffers // of the workers

	// Of all edges of an image, by edge, and by unit.
	tensors  [][]float32
	images   []Codes
	scaled   []bool
	payloads [][]byte
}

// NewEncoder returns an encoder that shares the codec's tables.
func (c *Codec) NewEncoder() *Encoder { return &Encoder{codec: c, bufs: crew(nil, 1)} }

// Hook is Edge, followed by Correct: as an engine hook it makes the network compute with stored activations.
func (e *Encoder) Hook(i int, data []float32) error {
	err := e.Edge(i, data)
	if err == nil {
		Correct(e.codec.edge(i), data)
	}
	return err
}

// Edge quantizes edge i of the image at hand, stores its codes in the frame and overwrites data with the values that a
// decoder will restore. Edges come in the profile's order; edge 0 begins a new image. data is row-major; another length than the profile's is a panic.
func (e *Encoder) Edge(i int, data []float32) error {
	edge := e.codec.edge(i)
	if i != 0 && i != e.next {
		return fmt.Errorf("edge %d encoded where %d is next", i, e.next)
	}
	if !e.KeepCodes && e.codec.fused[i] && len(data) == edge.Elements() {
		if done, err := e.fusedEdge(i, data); done || err != nil {
			return err
		}
	}
	e.codes.Quantize(edge, data)
	if e.BaseOnly && edge.Refine > 0 {
		e.base.cut(edge, &e.codes)
		e.base.Dequantize(edge, data)
	} else {
		e.codes.Dequantize(edge, data)
	}
	return e.EdgeCodes(i, &e.codes)
}

// Codes are those of the last edge given to Edge, valid until the next, if KeepCodes is set.
func (e *Encoder) Codes() *Codes { return &e.codes }

// EdgeCodes is Edge for codes that have been quantized elsewhere with the same edge: a second encoder stores the codes
// of a first one with another coder.
func (e *Encoder) EdgeCodes(i int, codes *Codes) error {
	if i == 0 {
		e.reset()
	}
	if i != e.next {
		return fmt.Errorf("edge %d encoded where %d is next", i, e.next)
	}
	e.storeCodes(i, codes)
	return nil
}

// storeCodes appends the codes of the next edge to the body.
func (e *Encoder) storeCodes(i int, codes *Codes) {
	edge, wide := e.codec.edge(i), codes.Wide
	if edge.Refine > 0 {
		e.base.cut(edge, codes)
		wide = e.base.Wide
	}
	e.cutTiles(edge, func(dst []byte, b profile.Bounds) []byte { return e.bufs[0].append(dst, e.codec, i, b, wide) })
	e.body = frame.AppendEdge(e.body, frame.Edge{Scales: codes.Scales, Tiles: e.tiles})
	if edge.Refine > 0 && !e.BaseOnly {
		e.cutTiles(edge, func(dst []byte, b profile.Bounds) []byte {
			return e.bufs[0].appendRefinement(dst, e.codec, i, b, codes.Wide)
		})
		e.refined = frame.AppendRefinement(e.refined, e.tiles)
	}
	e.nonFinite += codes.NonFinite
	e.next++
}

// fusedEdge is Edge without codes in between; done is false where that cannot be, and data is then as it was.
func (e *Encoder) fusedEdge(i int, data []float32) (done bool, err error) {
	edge := e.codec.edge(i)
	if i == 0 {
		e.reset()
	}
	if i != e.next {
		return false, fmt.Errorf("edge %d encoded where %d is next", i, e.next)
	}
	// Dynamic scales have seen all values. Before data is overwritten, it must be known that others are finite.
	if !e.codes.fusedScales(edge, data) || edge.Scale.Static() && !quant.Finite(data) {
		return false, nil
	}
	encode, fits := wayOf(edge).encode, true
	if edge.Escape {
		copy(e.saved(data), data)
	}
	e.cutTiles(edge, func(dst []byte, b profile.Bounds) []byte {
		if !fits {
			return dst
		}
		dst, fits = encode(&e.bufs[0], dst, e.codec, i, b, &e.codes, data, true)
		return dst
	})
	if !fits {
		if edge.Escape {
			copy(data, e.before)
		}
		return false, nil
	}
	e.body = frame.AppendEdge(e.body, frame.Edge{Scales: e.codes.Scales, Tiles: e.tiles})
	e.next++
	return true, nil
}

// saved makes room for what data was before a tile turned out not to fit.
func (e *Encoder) saved(data []float32) []float32 {
	e.before = resize(e.before, len(data))
	return e.before
}

// cutTiles fills e.tiles with payloads.
func (e *Encoder) cutTiles(edge *profile.Edge, appendTile func([]byte, profile.Bounds) []byte) {
	e.payload, e.tiles, e.ends = e.payload[:0], e.tiles[:0], e.ends[:0]
	for t := range edge.NumTiles() {
		e.payload = appendTile(e.payload, edge.TileBounds(t))
		e.ends = append(e.ends, len(e.payload))
	}
	start := 0
	for _, end := range e.ends { // cut only now: append may have moved the payload
		e.tiles = append(e.tiles, e.payload[start:end])
		start = end
	}
}

func (e *Encoder) reset() {
	e.next, e.nonFinite, e.size, e.body, e.refined = 0, 0, 0, e.body[:0], e.refined[:0]
}

// NonFinite counts the NaN and infinite values in the edges given so far of the image at hand.
func (e *Encoder) NonFinite() int { return e.nonFinite }

// AppendFrame appends the frame of the image at hand to dst. All edges must have been given, by Edge or EdgeCodes.
func (e *Encoder) AppendFrame(dst []byte) ([]byte, error) {
	if n := len(e.codec.profile.Edges); e.next != n {
		return dst, fmt.Errorf("frame is not complete: %d of %d edges encoded", e.next, n)
	}
	dst = frame.AppendHeader(dst, e.header(len(e.body)))
	return append(append(dst, e.body...), e.refined...), nil
}

// header is that of a frame whose edges take so many bytes.
func (e *Encoder) header(body int) frame.Header {
	return frame.Header{Profile: e.codec.digest, Edges: e.next, Refinements: e.codec.refined, BaseSize: frame.HeaderSize + body}
}

// FrameSize is the size in bytes of the frame of the image at hand.
func (e *Encoder) FrameSize() int {
	if e.size > 0 {
		return e.size
	}
	return frame.HeaderSize + len(e.body) + len(e.refined)
}

// Append encodes one image, edges[i] being the row-major tensor of edge i, and leaves the tensors as they are. On error it
// returns dst as it was.
func (e *Encoder) Append(dst []byte, edges [][]float32) ([]byte, error) {
	if n := len(e.codec.profile.Edges); len(edges) != n {
		return dst, fmt.Errorf("%d tensors, the profile has %d edges", len(edges), n)
	}
	for i, data := range edges {
		if len(data) != e.codec.edge(i).Elements() {
			return dst, fmt.Errorf("tensor %d of %d values is not an edge of the profile", i, len(data))
		}
	}
	e.reset()
	e.codec.planned.Do(e.codec.plan)
	e.bufs, e.tensors = crew(e.bufs, e.Workers)[:max(1, e.Workers)], edges
	e.images, e.scaled, e.payloads = resize(e.images, len(edges)), resize(e.scaled, len(edges)), resize(e.payloads, len(e.codec.units))
	run((*scaling)(e), e.bufs, len(edges))
	run((*encoding)(e), e.bufs, len(e.codec.batches))
	e.tensors = nil

	// Edges go behind the place of the header, where they stay.
	start, own := len(dst), e.body
	e.body = frame.AppendHeader(dst, frame.Header{})
	next := 0
	for i, data := range edges {
		if !e.codec.fused[i] || !e.appendUnits(i, &next) {
			e.codes.Quantize(e.codec.edge(i), data)
			e.storeCodes(i, &e.codes)
		}
	}
	dst, e.body = e.body, own
	frame.AppendHeader(dst[:start], e.header(len(dst)-start-frame.HeaderSize))
	dst = append(dst, e.refined...)
	e.next, e.size = 0, len(dst)-start
	return dst, nil
}

// appendUnits appends edge i, whose units are those from next on, to the body; false if one of them could not be coded.
func (e *Encoder) appendUnits(i int, next *int) bool {
	payloads := e.payloads[*next : *next+e.codec.edge(i).NumTiles()]
	*next += len(payloads)
	for _, p := range payloads {
		if len(p) == 0 {
			return false
		}
	}
	e.body = frame.AppendEdge(e.body, frame.Edge{Scales: e.images[i].Scales, Tiles: payloads})
	e.next++
	return true
}
