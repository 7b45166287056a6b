package dqa

import (
	"sync"
	"sync/atomic"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// Tiles of an image are independent: batches of them are coded by several goroutines, and in a batch of the coder small
// four advance in step, because the states of one must wait for their last step and those of others need not.

// abreast is the number of tiles in such a batch, at most.
const abreast = 4

// unit is a tile of an edge.
type unit struct{ edge, tile int }

// batch is units[first:end], coded together.
type batch struct{ first, end int }

// plan lists the tiles of fusable edges and what is coded together. It waits for the first image: a profile alone may
// announce more tiles than there is memory.
func (c *Codec) plan() {
	alike := func(a, b unit) bool {
		e, f := &c.profile.Edges[a.edge], &c.profile.Edges[b.edge]
		s, t := e.TileBounds(a.tile), f.TileBounds(b.tile)
		return e.Coder == profile.Small && f.Coder == profile.Small && s.C1-s.C0 == t.C1-t.C0 && e.TileSize(s) == f.TileSize(t)
	}
	for i := range c.profile.Edges {
		for t := range c.profile.Edges[i].NumTiles() {
			if !c.fused[i] {
				break
			}
			u, n := unit{i, t}, len(c.batches)
			if n > 0 && c.batches[n-1].end-c.batches[n-1].first < abreast && alike(c.units[c.batches[n-1].first], u) {
				c.batches[n-1].end++
			} else {
				c.batches = append(c.batches, batch{len(c.units), len(c.units) + 1})
			}
			c.units = append(c.units, u)
		}
	}
}

// task is work on numbered parts that are independent of each other; parts on one buffer follow each other.
type task interface {
	do(buf *tileBuffers, part int)
}

// run does all n parts with as many goroutines as there are buffers.
func run(t task, bufs []tileBuffers, n int) {
	if len(bufs) == 1 || n == 1 {
		for k := range n {
			t.do(&bufs[0], k)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range min(len(bufs), n) {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				t.do(&bufs[w], k)
			}
		})
	}
	wg.Wait()
}

// crew makes bufs those of so many workers, at least one.
func crew(bufs []tileBuffers, workers int) []tileBuffers {
	return append(bufs, make([]tileBuffers, max(0, max(1, workers)-len(bufs)))...)
}

// scaling finds the scales of every edge of an image; the part is the edge.
type scaling Encoder

func (s *scaling) do(_ *tileBuffers, i int) {
	s.scaled[i] = s.codec.fused[i] && s.images[i].fusedScales(s.codec.edge(i), s.tensors[i])
}

// encoding fills payloads; the part is the batch.
type encoding Encoder

func (e *encoding) do(t *tileBuffers, part int) {
	b := e.codec.batches[part]
	units := e.codec.units[b.first:b.end]
	if len(units) > 1 {
		e.abreast(t, b.first, units)
		return
	}
	e.one(t, b.first, units[0])
}

// one codes a unit, if scales of its edge were found. A payload of no bytes is none.
func (e *encoding) one(t *tileBuffers, k int, u unit) {
	e.payloads[k] = e.payloads[k][:0]
	if edge := e.codec.edge(u.edge); e.scaled[u.edge] {
		out, ok := wayOf(edge).encode(t, e.payloads[k], e.codec, u.edge, edge.TileBounds(u.tile), &e.images[u.edge], e.tensors[u.edge], false)
		if e.payloads[k] = out; !ok {
			e.payloads[k] = out[:0]
		}
	}
}

// abreast codes units of one shape whose coder is small.
func (e *encoding) abreast(t *tileBuffers, first int, units []unit) {
	n := 0
	var which [abreast]int
	t.several = t.several[:0]
	for k, u := range units {
		e.payloads[first+k] = e.payloads[first+k][:0]
		edge := e.codec.edge(u.edge)
		b := edge.TileBounds(u.tile)
		if !e.scaled[u.edge] || !t.quantizeBytes(edge, b, &e.images[u.edge], e.tensors[u.edge]) {
			continue
		}
		if rawSize(len(t.bytes), byteWidth(t.bytes, edge.Unsigned)) == 0 { // all are 0
			e.payloads[first+k] = t.appendByteCodes(e.payloads[first+k], e.codec, u.edge, b)
			continue
		}
		t.bytes, t.together[n] = t.together[n], t.bytes
		t.rows[n] = appendPlanes(t.rows[n][:0], e.codec, u.edge, b, t.together[n])
		t.several = append(t.several, rans.Tile{Rows: b.R1 - b.R0, Cols: edge.Cols, Planes: t.rows[n]})
		t.streams[n] = append(e.payloads[first+k], coded)
		which[n] = k
		n++
	}
	t.rans.AppendAll(t.streams[:n], t.several)
	for j, k := range which[:n] {
		u, out := units[k], t.streams[j]
		unsigned := e.codec.edge(u.edge).Unsigned
		if width := byteWidth(t.together[j], unsigned); len(out)-1 >= rawSize(len(t.together[j]), width) {
			out = appendPlainBytes(out[:0], t.together[j], width)
		}
		e.payloads[first+k] = out
	}
}

// decoding fills tensors from the open frame; the part is the batch.
type decoding Decoder

func (d *decoding) do(t *tileBuffers, part int) {
	b := d.codec.batches[part]
	clear(d.failed[b.first:b.end])
	units := d.codec.units[b.first:b.end]
	if len(units) > 1 && d.together(t, units) == nil {
		return
	}
	for k, u := range units {
		e, block := d.codec.edge(u.edge), &d.frame.EdgeBlocks[u.edge]
		t.own.Scales = block.Scales
		d.failed[b.first+k] = wayOf(e).decode(t, d.codec, u.edge, e.TileBounds(u.tile), block.Tiles[u.tile], &t.own, d.tensors[u.edge]) != nil
	}
}

// together decodes units of one shape whose coder is small. Where it fails, tiles must be looked at one by one.
func (d *decoding) together(t *tileBuffers, units []unit) error {
	t.several, t.sources = t.several[:0], t.sources[:0]
	var which [abreast]int
	n := 0
	for k, u := range units {
		e, src := d.codec.edge(u.edge), d.frame.EdgeBlocks[u.edge].Tiles[u.tile]
		b := e.TileBounds(u.tile)
		if len(src) == 0 || src[0] != coded {
			t.own.Scales = d.frame.EdgeBlocks[u.edge].Scales
			if err := t.decodeBytes(d.codec, u.edge, b, src, &t.own, d.tensors[u.edge]); err != nil {
				return err
			}
			continue
		}
		t.together[n] = resize(t.together[n], e.TileSize(b))
		t.rows[n] = appendPlanes(t.rows[n][:0], d.codec, u.edge, b, t.together[n])
		t.several = append(t.several, rans.Tile{Rows: b.R1 - b.R0, Cols: e.Cols, Planes: t.rows[n]})
		t.sources = append(t.sources, src[1:])
		which[n] = k
		n++
	}
	if err := t.rans.DecodeAll(t.several, t.sources); err != nil {
		return err
	}
	for j, k := range which[:n] {
		u := units[k]
		e := d.codec.edge(u.edge)
		t.own.Scales = d.frame.EdgeBlocks[u.edge].Scales
		t.bytes, t.together[j] = t.together[j], t.bytes
		t.restoreBytes(e, e.TileBounds(u.tile), &t.own, d.tensors[u.edge], true)
		t.bytes, t.together[j] = t.together[j], t.bytes
	}
	return nil
}
