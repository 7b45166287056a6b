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
	*ransMemory
	models []*rans.Model // as profile.Edge.Models
}

func newRANS(e *profile.Edge, shared *shared) (Factory, error) {
	models := shared.modelsOf(e.Models)
	return func(s *Scratch) Coder {
		m := &modelled{whole{quantizer: quantizer{e, s}}, oneMode{}, memoryOf[ransMemory](s), models}
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

func (m *modelled) common() *whole { return &m.whole }

func (m *modelled) keep(*Values, profile.Bounds, codes) {}

func (m *modelled) modeOf(*rans.Tile) byte { return modeStream }

func (m *modelled) ransTile(planes []rans.Plane, _ *Values, b profile.Bounds, c codes, _ int) (rans.Tile, error) {
	return rans.Tile{Rows: b.R1 - b.R0, Cols: m.edge.Cols, Planes: m.appendPlanes(planes, b, c)}, nil
}

func (m *modelled) tileOf(b profile.Bounds, c codes) *rans.Tile {
	m.tile, _ = m.ransTile(m.planes[:0], nil, b, c, modeStream)
	m.planes = m.tile.Planes
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
func (m *modelled) EncodeAll(tiles []Tile) { m.encodeAll(tiles) }

// DecodeAll implements Batcher.
func (m *modelled) DecodeAll(tiles []Tile) { m.decodeAll(tiles) }

// Account implements Accounter.
func (m *modelled) Account(a *Account, _ *Values, b profile.Bounds, p Payload) error {
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
