package dqa

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/internal/wire"
)

// Decoder restores the tensors of frames, whole, by edge or by tile. It belongs to one goroutine. Only Codec.NewDecoder
// makes one.
type Decoder struct {
	coding
	frame  *frame.Frame // the open one
	parsed frame.Frame
	// refinement is the number of an edge's refinement in the open frame, -1 where there is none.
	refinement []int
	single     tile.Values // of a tile that is wanted alone
	part       []float32   // its values
	known      []bool      // by edge: its codes, which later edges need, are those of the open frame
}

// NewDecoder returns a decoder that shares the codec's tables. It panics if the codec is not one of NewCodec's.
func (c *Codec) NewDecoder(opts ...Option) *Decoder { return &Decoder{coding: c.coding(opts)} }

// Open checks a frame: its structure, its checksums and that it was made with this profile. src must stay as it is
// until the next Open. Errors are *FormatError.
func (d *Decoder) Open(src []byte) error {
	if d.codec == nil {
		return errNotMade
	}
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
	d.known = resize(d.known, f.Edges)
	clear(d.known)
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
	return d.frame != nil && !d.baseOnly && len(d.frame.RefineBlocks) == d.codec.refined
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
	if d.frame == nil {
		return errNotOpen
	}
	mustFit(d.codec.edge(i), dst)
	d.values[i].Restored = dst
	return d.decode(i, i+1)
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
		d.values[i].Restored = dst[i]
	}
	return d.decode(0, len(dst))
}

// decode decodes edges [first, end), for whose values there is room. The error is that of the first damaged tile.
func (d *Decoder) decode(first, end int) error {
	for i := first; i < end; i++ {
		if err := d.learn(i, first); err != nil {
			d.forget(first, end)
			return err
		}
	}
	err := d.decodeTiles(first, end)
	d.countValues(first, end)
	d.countTiles(first, end)
	d.forget(first, end)
	d.release()
	return err
}

// release lets go of the frame's memory.
func (d *Decoder) release() {
	for k := range d.tiles {
		d.tiles[k].Payload = tile.Payload{}
	}
}

// decodeTiles decodes edges [first, end) beside what is known.
func (d *Decoder) decodeTiles(first, end int) (err error) {
	d.plan(first, end)
	d.keep(first, end)
	for i := first; i < end; i++ {
		d.values[i].Steps = d.steps(i)
		d.known[i] = d.codec.needed[i]
	}
	for k := range d.tiles {
		d.tiles[k].Payload = d.payload(d.tiles[k].Edge, d.tiles[k].Number)
	}
	d.run((*decoding)(&d.coding), d.offer, d.doubt)
	for i := first; i < end; i++ {
		tiles := d.tilesOf(i)
		for k := range tiles {
			if t := &tiles[k]; t.Err != nil && err == nil {
				err = d.tileError(t.Edge, t.Number, t.Err)
			}
		}
	}
	return err
}

// offer gives the edges of tiles the codes of their earlier ones, if they are known.
func (d *Decoder) offer(tiles []tile.Tile) {
	for k := range tiles {
		e, v := d.codec.edge(tiles[k].Edge).Earlier, tiles[k].Values
		if v.Earlier = nil; e != nil && d.known[e.Edge] {
			v.Earlier = d.codes[e.Edge]
		}
	}
}

// doubt is of tiles that were decoded: what is damaged is not known.
func (d *Decoder) doubt(tiles []tile.Tile) {
	for k := range tiles {
		if tiles[k].Err != nil {
			d.known[tiles[k].Edge] = false
		}
	}
}

// learn decodes what edge i needs the codes of, and those need, if they are not known and lie before the edges at hand.
func (d *Decoder) learn(i, first int) error {
	e := d.codec.edge(i)
	if e.Earlier == nil || e.Earlier.Edge >= first || d.known[e.Earlier.Edge] || !d.needs(i) {
		return nil
	}
	k := e.Earlier.Edge
	if err := d.learn(k, k); err != nil {
		return err
	}
	err := d.decodeTiles(k, k+1)
	d.release()
	return err
}

// needs tells whether a tile of edge i in the open frame is coded beside an earlier edge.
func (d *Decoder) needs(i int) bool {
	return slices.ContainsFunc(d.frame.EdgeBlocks[i].Tiles, func(b []byte) bool { return tile.Beside(d.codec.edge(i), tile.Payload{Base: b}) })
}

// steps are those of edge i in the open frame.
func (d *Decoder) steps(i int) []float32 {
	if e := d.codec.edge(i); e.Scale.Static() {
		return e.Steps
	}
	return d.frame.EdgeBlocks[i].Scales
}

// payload is that of tile t of edge i in the open frame.
func (d *Decoder) payload(i, t int) tile.Payload {
	p := tile.Payload{Base: d.frame.EdgeBlocks[i].Tiles[t]}
	if k := d.refinement[i]; k >= 0 {
		p.Low = d.frame.RefineBlocks[k].Tiles[t]
	}
	return p
}

// tileError says where in the frame tile t of edge i is.
func (d *Decoder) tileError(i, t int, err error) error {
	section, block := fmt.Sprintf("frame edge %d tile %d", i, t), &d.frame.EdgeBlocks[i]
	var low *tile.RefinementError
	if errors.As(err, &low) {
		k := d.refinement[i]
		section, block, err = fmt.Sprintf("frame refinement %d tile %d", k, t), &d.frame.RefineBlocks[k], low.Unwrap()
	}
	return &FormatError{Section: section, Offset: block.Offsets[t], Err: err}
}

// Tile writes tile t of edge i of the open frame to dst: channel by channel, row by row, of the part that
// profile.Edge.TileBounds names, TileSize values. Nothing else is decoded.
func (d *Decoder) Tile(dst []float32, i, t int) error {
	if d.frame == nil {
		return errNotOpen
	}
	e := d.codec.edge(i)
	b := e.TileBounds(t)
	if len(dst) != e.TileSize(b) {
		panic("dqa: destination has another size than the tile")
	}
	if err := d.learn(i, i); err != nil {
		return err
	}
	d.single = tile.Values{Restored: dst, OneTile: true, Steps: d.steps(i)}
	if e.Earlier != nil && d.known[e.Earlier.Edge] {
		d.single.Earlier = d.codes[e.Earlier.Edge]
	}
	if err := d.workers[0].coders[i].Decode(&d.single, b, d.payload(i, t)); err != nil {
		return d.tileError(i, t, err)
	}
	return nil
}

// Channel writes channel ch of edge i of the open frame to dst, row by row, Rows*Cols values. Only the tiles that it lies in
// are decoded.
func (d *Decoder) Channel(dst []float32, i, ch int) error {
	if d.frame == nil {
		return errNotOpen
	}
	e := d.codec.edge(i)
	if ch < 0 || ch >= e.Channels || len(dst) != e.PlaneSize() {
		panic("dqa: no such channel, or destination of another size")
	}
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		if ch < b.C0 || ch >= b.C1 {
			continue
		}
		d.part = resize(d.part, e.TileSize(b))
		if err := d.Tile(d.part, i, t); err != nil {
			return err
		}
		n := e.BandSize(b)
		copy(dst[b.R0*e.Cols:], d.part[(ch-b.C0)*n:][:n])
	}
	return nil
}

var errNotOpen = errors.New("no frame is open")

// Decode opens src and returns all its tensors; result[i] belongs to the caller. Tensors beyond the codec's Limits are
// ErrMemory.
func (d *Decoder) Decode(src []byte) ([][]float32, error) {
	if err := d.Open(src); err != nil {
		return nil, err
	}
	if err := d.codec.affordTensors(); err != nil {
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
