package dqa

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/wire"
)

// Decoder restores the tensors of frames, whole, by edge or by tile. It belongs to one goroutine.
type Decoder struct {
	// BaseOnly does without the refinements of scalable frames, as is done where a frame ends before them.
	BaseOnly bool
	// Workers is the number of goroutines that All and Decode use; 0 means 1.
	Workers int

	codec  *Codec
	frame  *frame.Frame // the open one
	parsed frame.Frame
	codes  Codes
	bufs   []tileBuffers // of the workers
	// refinement is the number of an edge's refinement in the open frame, -1 where there is none.
	refinement []int

	tensors [][]float32 // of all edges, while they are decoded
	failed  []bool      // by unit
}

// NewDecoder returns a decoder that shares the codec's tables.
func (c *Codec) NewDecoder() *Decoder { return &Decoder{codec: c, bufs: crew(nil, 1)} }

// Open checks a frame: its structure, its checksums and that it was made with this profile. src must stay as it is
// until the next Open. Errors are *FormatError.
func (d *Decoder) Open(src []byte) error {
	d.frame = nil
	f := &d.parsed
	if err := f.Parse(src); err != nil {
		return err
	}
	if f.Profile != d.codec.digest {
		return formatError("frame header", wire.ErrProfile, "frame %x, profile %x", f.Profile, d.codec.digest)
	}
	if f.Edges != len(d.codec.profile.Edges) {
		return formatError("frame header", wire.ErrValue, "%d edges, the profile has %d", f.Edges, len(d.codec.profile.Edges))
	}
	if f.Refinements != d.codec.refined {
		return formatError("frame header", wire.ErrValue, "%d refinements, the profile has %d", f.Refinements, d.codec.refined)
	}
	for i, block := range f.EdgeBlocks {
		if err := d.match(i, block); err != nil {
			return err
		}
	}
	if err := d.matchRefinements(f); err != nil {
		return err
	}
	d.frame = f
	return nil
}

// matchRefinements notes which refinement an edge has.
func (d *Decoder) matchRefinements(f *frame.Frame) error {
	d.refinement = resize(d.refinement, f.Edges)
	next := 0
	for i := range d.codec.profile.Edges {
		d.refinement[i] = -1
		if e := d.codec.edge(i); e.Refine > 0 && len(f.RefineBlocks) > 0 {
			if n := len(f.RefineBlocks[next].Tiles); n != e.NumTiles() {
				return formatError(fmt.Sprintf("frame refinement %d record", next), wire.ErrValue, "%d tiles, %d expected", n, e.NumTiles())
			}
			d.refinement[i] = next
			next++
		}
	}
	return nil
}

// Complete tells whether the open frame has all its refinements, so that values are those of the encoder.
func (d *Decoder) Complete() bool {
	return d.frame != nil && !d.BaseOnly && len(d.frame.RefineBlocks) == d.codec.refined
}

// match compares the counts of a record with what the profile demands.
func (d *Decoder) match(i int, block frame.Edge) error {
	e := d.codec.edge(i)
	section := func() string { return fmt.Sprintf("frame edge %d record", i) }
	scales := e.NumScales()
	if e.Scale.Static() {
		scales = 0
	}
	if len(block.Scales) != scales {
		return formatError(section(), wire.ErrValue, "%d scales, %d expected", len(block.Scales), scales)
	}
	if len(block.Tiles) != e.NumTiles() {
		return formatError(section(), wire.ErrValue, "%d tiles, %d expected", len(block.Tiles), e.NumTiles())
	}
	return nil
}

func formatError(section string, cause error, format string, args ...any) error {
	return &FormatError{Section: section, Err: fmt.Errorf("%w: %s", cause, fmt.Sprintf(format, args...))}
}

// Edge writes the tensor of edge i of the open frame to dst, row-major, profile.Edge.Elements() values.
func (d *Decoder) Edge(dst []float32, i int) error {
	e := d.codec.edge(i)
	mustFit(e, dst)
	if d.frame != nil && d.codec.fused[i] {
		err := d.fusedEdge(i, dst)
		if err == nil || !e.Coder.Whole() {
			return err
		}
		// Codes may be stored, or be, wider than a byte.
	}
	d.codes.Wide = resize(d.codes.Wide, e.Elements())
	for t := range e.NumTiles() {
		if err := d.tile(i, t); err != nil {
			return err
		}
	}
	d.codes.Scales = d.frame.EdgeBlocks[i].Scales
	d.codes.Dequantize(e, dst)
	return nil
}

// fusedEdge is Edge without codes in between.
func (d *Decoder) fusedEdge(i int, dst []float32) error {
	e, block := d.codec.edge(i), &d.frame.EdgeBlocks[i]
	d.codes.Scales = block.Scales
	for t := range e.NumTiles() {
		if err := wayOf(e).decode(&d.bufs[0], d.codec, i, e.TileBounds(t), block.Tiles[t], &d.codes, dst); err != nil {
			return &FormatError{Section: fmt.Sprintf("frame edge %d tile %d", i, t), Offset: block.Offsets[t], Err: err}
		}
	}
	return nil
}

// Tile writes tile t of edge i of the open frame to dst: channel by channel, row by row, of the part that
// profile.Edge.TileBounds names, TileSize values. Nothing else is decoded.
func (d *Decoder) Tile(dst []float32, i, t int) error {
	e := d.codec.edge(i)
	b := e.TileBounds(t)
	if len(dst) != e.TileSize(b) {
		panic("dqa: destination has another size than the tile")
	}
	d.codes.Wide = resize(d.codes.Wide, e.Elements())
	if err := d.tile(i, t); err != nil {
		return err
	}
	d.codes.Scales = d.frame.EdgeBlocks[i].Scales
	for ch := b.C0; ch < b.C1; ch++ {
		part := band(e, b, ch, d.codes.Wide)
		d.codes.values(e, ch, dst[:len(part)], part, (ch*e.Rows+b.R0)*e.Cols)
		dst = dst[len(part):]
	}
	return nil
}

// Channel writes channel ch of edge i of the open frame to dst, row by row, Rows*Cols values. Only the tiles that it lies in
// are decoded.
func (d *Decoder) Channel(dst []float32, i, ch int) error {
	e := d.codec.edge(i)
	if ch < 0 || ch >= e.Channels || len(dst) != e.Rows*e.Cols {
		panic("dqa: no such channel, or destination of another size")
	}
	d.codes.Wide = resize(d.codes.Wide, e.Elements())
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		if ch < b.C0 || ch >= b.C1 {
			continue
		}
		if err := d.tile(i, t); err != nil {
			return err
		}
		d.codes.Scales = d.frame.EdgeBlocks[i].Scales
		part := band(e, b, ch, d.codes.Wide)
		d.codes.values(e, ch, dst[b.R0*e.Cols:b.R1*e.Cols], part, (ch*e.Rows+b.R0)*e.Cols)
	}
	return nil
}

// tile decodes the codes of a tile, and its refinement if that is there and wanted.
func (d *Decoder) tile(i, t int) error {
	if d.frame == nil {
		return errNotOpen
	}
	e := d.codec.edge(i)
	block := d.frame.EdgeBlocks[i]
	if err := d.bufs[0].decode(d.codec, i, e.TileBounds(t), block.Tiles[t], d.codes.Wide); err != nil {
		return &FormatError{Section: fmt.Sprintf("frame edge %d tile %d", i, t), Offset: block.Offsets[t], Err: err}
	}
	if e.Escape && e.Refine > 0 {
		if err := d.checkBases(i, t); err != nil {
			return &FormatError{Section: fmt.Sprintf("frame edge %d tile %d", i, t), Offset: block.Offsets[t], Err: err}
		}
	}
	k := d.refinement[i]
	d.codes.base = e.Refine > 0 && (k < 0 || d.BaseOnly)
	if e.Refine == 0 || d.codes.base {
		return nil
	}
	block = d.frame.RefineBlocks[k]
	if err := d.bufs[0].decodeRefinement(d.codec, i, e.TileBounds(t), block.Tiles[t], d.codes.Wide); err != nil {
		return &FormatError{Section: fmt.Sprintf("frame refinement %d tile %d", k, t), Offset: block.Offsets[t], Err: err}
	}
	return nil
}

// All writes the tensors of all edges of the open frame to dst, as Edge does; it is faster.
func (d *Decoder) All(dst [][]float32) error {
	if d.frame == nil {
		return errNotOpen
	}
	if len(dst) != len(d.codec.profile.Edges) {
		panic("dqa: destinations of another number of edges than the profile's")
	}
	for i := range dst {
		mustFit(d.codec.edge(i), dst[i])
	}
	d.codec.planned.Do(d.codec.plan)
	d.bufs, d.tensors, d.failed = crew(d.bufs, d.Workers)[:max(1, d.Workers)], dst, resize(d.failed, len(d.codec.units))
	run((*decoding)(d), d.bufs, len(d.codec.batches))
	d.tensors = nil
	next := 0
	for i := range dst {
		again := !d.codec.fused[i]
		if !again {
			n := d.codec.edge(i).NumTiles()
			again = slices.Contains(d.failed[next:next+n], true) // by a code that is wider than a byte, or damaged
			next += n
		}
		if again {
			if err := d.Edge(dst[i], i); err != nil {
				return err
			}
		}
	}
	return nil
}

var errNotOpen = errors.New("no frame is open")

// checkBases refuses bases of codes that the edge may not have.
func (d *Decoder) checkBases(i, t int) error {
	e := d.codec.edge(i)
	b := e.TileBounds(t)
	for ch := b.C0; ch < b.C1; ch++ {
		r := e.Levels(ch)
		for _, w := range band(e, b, ch, d.codes.Wide) {
			if w < r.Low>>e.Refine || w > r.High>>e.Refine {
				return fmt.Errorf("%w: base %d of a code that is stored without %d bits", wire.ErrValue, w, e.Refine)
			}
		}
	}
	return nil
}

// Decode opens src and returns all its tensors; result[i] belongs to the caller.
func (d *Decoder) Decode(src []byte) ([][]float32, error) {
	if err := d.Open(src); err != nil {
		return nil, err
	}
	out := make([][]float32, len(d.codec.profile.Edges))
	for i := range out {
		out[i] = make([]float32, d.codec.edge(i).Elements())
	}
	if err := d.All(out); err != nil {
		return nil, err
	}
	return out, nil
}
