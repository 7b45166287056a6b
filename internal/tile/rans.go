package tile

import (
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// modelled are the coders small and smallest: whole codes by asymmetric numeral systems, with models that channels or
// neighbourhoods share.
type modelled struct {
	whole
	oneMode
	*modelledMemory
	models []*rans.Model // as profile.Edge.Models
}

type modelledMemory struct {
	rans   rans.Coder
	planes []rans.Plane
	tile   rans.Tile // of planes

	// Of tiles that are coded together: a state must wait for its last step, those of other tiles need not.
	tiles   []rans.Tile
	numbers []int
	codes   [MaxBatch][]byte
	parts   [MaxBatch][]rans.Plane
	streams [MaxBatch][]byte
}

func newRANS(e *profile.Edge, shared *shared) (Factory, error) {
	models := shared.modelsOf(e.Models)
	return func(s *Scratch) Coder {
		m := &modelled{whole{quantizer: quantizer{e, s}}, oneMode{}, memoryOf[modelledMemory](s), models}
		m.stream = m
		return m
	}, nil
}

// appendPlanes are a tile's codes as package rans sees them.
func (m *modelled) appendPlanes(planes []rans.Plane, b profile.Bounds, c codes) []rans.Plane {
	e := m.edge
	for ch := b.C0; ch < b.C1; ch++ {
		from, to := e.ModelSlots(ch)
		r := e.Levels(ch)
		p := rans.Plane{Models: m.models[from:to], Low: e.Lowest(ch), Min: r.Low, Max: r.High}
		if c.bytes != nil {
			p.Bytes = band(c.bytes, e, b, ch)
		} else {
			p.Codes = band(c.wide, e, b, ch)
		}
		planes = append(planes, p)
	}
	return planes
}

func (m *modelled) tileOf(b profile.Bounds, c codes) *rans.Tile {
	m.planes = m.appendPlanes(m.planes[:0], b, c)
	m.tile = rans.Tile{Rows: b.R1 - b.R0, Cols: m.edge.Cols, Planes: m.planes}
	return &m.tile
}

func (m *modelled) appendStream(dst []byte, b profile.Bounds, c codes) (out []byte, ok bool) {
	return m.rans.Append(dst, m.tileOf(b, c)), true
}

func (m *modelled) decodeStream(b profile.Bounds, _ int, src []byte) (codes, error) {
	n := m.edge.TileSize(b)
	if m.edge.FitsBytes() {
		m.bytes = resize(m.bytes, n)
		c := codes{bytes: m.bytes}
		if m.rans.Decode(m.tileOf(b, c), src) == nil {
			return c, nil
		}
	} // else a code is, or may be, beyond a byte
	m.wide = resize(m.wide, n)
	c := codes{wide: m.wide}
	return c, m.rans.Decode(m.tileOf(b, c), src)
}

// Alike implements Batcher: models that neighbourhoods share leave nothing to gain.
func (m *modelled) Alike(b profile.Bounds, other Coder, c profile.Bounds) bool {
	o, ok := other.(*modelled)
	return ok && m.batched() && o.batched() && b.C1-b.C0 == c.C1-c.C0 && m.edge.TileSize(b) == o.edge.TileSize(c)
}

func (m *modelled) batched() bool { return m.edge.Coder == profile.Small && m.bytewise() }

// EncodeAll implements Batcher.
func (m *modelled) EncodeAll(tiles []Tile) {
	m.tiles, m.numbers = m.tiles[:0], m.numbers[:0]
	for i := range tiles {
		t := &tiles[i]
		n, one := len(m.tiles), t.Coder.(*modelled)
		if !one.quantizeBytes(t.Values, t.Bounds) || byteWidth(m.bytes, one.edge.Unsigned) == 0 {
			t.encode()
			continue
		}
		t.NonFinite = 0
		c := codes{bytes: m.bytes}
		one.restore(t.Values, t.Bounds, c)
		m.add(n, i, t, c)
		m.codes[n], m.bytes = m.bytes, m.codes[n]
		m.streams[n] = append(t.Payload.Base, modeStream)
	}
	m.rans.AppendAll(m.streams[:len(m.tiles)], m.tiles)
	for n, i := range m.numbers {
		out, c := m.streams[n], codes{bytes: m.codes[n]}
		width := c.width(tiles[i].Coder.(*modelled).edge.Unsigned)
		if len(out)-1 >= plainSize(c.len(), width) {
			out = appendPlain(out[:0], c, width)
		}
		tiles[i].Payload.Base, m.streams[n] = out, nil
	}
}

// add appends tile i, whose coder need not be m, to those that are coded together.
func (m *modelled) add(n, i int, t *Tile, c codes) {
	one := t.Coder.(*modelled)
	m.parts[n] = one.appendPlanes(m.parts[n][:0], t.Bounds, c)
	m.tiles = append(m.tiles, rans.Tile{Rows: t.Bounds.R1 - t.Bounds.R0, Cols: one.edge.Cols, Planes: m.parts[n]})
	m.numbers = append(m.numbers, i)
}

// DecodeAll implements Batcher.
func (m *modelled) DecodeAll(tiles []Tile) {
	m.tiles, m.numbers = m.tiles[:0], m.numbers[:0]
	for i := range tiles {
		t := &tiles[i]
		n, e, src := len(m.tiles), t.Coder.(*modelled).edge, t.Payload.Base
		if len(src) == 0 || src[0] != modeStream {
			t.decode()
			continue
		}
		m.codes[n] = resize(m.codes[n], e.TileSize(t.Bounds))
		m.add(n, i, t, codes{bytes: m.codes[n]})
		m.streams[n] = src[1:]
	}
	err := m.rans.DecodeAll(m.tiles, m.streams[:len(m.tiles)])
	for n, i := range m.numbers {
		t := &tiles[i]
		m.streams[n], t.Err = nil, nil
		if err != nil { // one of them is damaged, or has codes beyond a byte
			t.decode()
			continue
		}
		t.Coder.(*modelled).restore(t.Values, t.Bounds, codes{bytes: m.codes[n]})
	}
}

// Account implements Accounter.
func (m *modelled) Account(a *Account, b profile.Bounds, p Payload) error {
	c, err := m.decodeCodes(b, p.Base)
	if err != nil {
		return err
	}
	a.Modes++
	if p.Base[0] != modeStream {
		a.Plain += len(p.Base) - 1
		return nil
	}
	t := m.tileOf(b, c)
	states := rans.StateBytes * t.Lanes()
	a.States += states
	a.Coded += len(p.Base) - 1 - states
	a.IdealBits += t.Cost()
	return nil
}
