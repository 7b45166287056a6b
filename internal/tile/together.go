package tile

import (
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// ransMemory is what coders of package rans code with, tiles one by one or together: a state must wait for its last step, those
// of other tiles need not.
type ransMemory struct {
	rans   rans.Coder
	planes []rans.Plane
	tile   rans.Tile // of planes

	// Of tiles that are coded together.
	tiles   []rans.Tile
	numbers []int
	codes   [MaxBatch][]byte
	parts   [MaxBatch][]rans.Plane
	streams [MaxBatch][]byte
}

// ransCoder is one of them.
type ransCoder interface {
	stream
	common() *whole
	// ransTile are a tile's codes as package rans sees them, of a stream with a mode or, where it is 0, of one that is to be written;
	// its planes are appended to planes.
	ransTile(planes []rans.Plane, v *Values, b profile.Bounds, c codes, mode int) (rans.Tile, error)
	// keep keeps codes for later edges.
	keep(v *Values, b profile.Bounds, c codes)
	// modeOf is the mode of a stream that was written.
	modeOf(t *rans.Tile) byte
}

// encodeAll encodes tiles that are alike.
func (m *ransMemory) encodeAll(tiles []Tile) {
	m.tiles, m.numbers = m.tiles[:0], m.numbers[:0]
	for i := range tiles {
		t := &tiles[i]
		n, one := len(m.tiles), t.Coder.(ransCoder)
		w := one.common()
		if !w.quantizeBytes(t.Values, t.Bounds) || byteWidth(w.bytes, w.edge.Unsigned) == 0 {
			t.encode()
			continue
		}
		t.NonFinite = 0
		c := codes{bytes: w.bytes}
		w.restore(t.Values, t.Bounds, c)
		one.keep(t.Values, t.Bounds, c)
		_ = m.add(n, i, t, c, 0) // what is to be written has no mode that could be wrong
		m.codes[n], w.bytes = w.bytes, m.codes[n]
		m.streams[n] = append(t.Payload.Base, modeStream)
	}
	m.rans.AppendAll(m.streams[:len(m.tiles)], m.tiles)
	for n, i := range m.numbers {
		one := tiles[i].Coder.(ransCoder)
		out, c, unsigned := m.streams[n], codes{bytes: m.codes[n]}, one.common().edge.Unsigned
		width := c.width(unsigned)
		if len(out)-1 >= plainSize(c.len(), width) {
			out = appendPlain(out[:0], c, width)
		} else {
			out[0] = one.modeOf(&m.tiles[n])
		}
		tiles[i].Payload.Base, m.streams[n] = out, nil
	}
}

// add appends tile i to those that are coded together.
func (m *ransMemory) add(n, i int, t *Tile, c codes, mode int) error {
	tile, err := t.Coder.(ransCoder).ransTile(m.parts[n][:0], t.Values, t.Bounds, c, mode)
	if err != nil {
		return err
	}
	m.parts[n] = tile.Planes
	m.tiles = append(m.tiles, tile)
	m.numbers = append(m.numbers, i)
	return nil
}

// decodeAll decodes tiles that are alike.
func (m *ransMemory) decodeAll(tiles []Tile) {
	m.tiles, m.numbers = m.tiles[:0], m.numbers[:0]
	for i := range tiles {
		t := &tiles[i]
		n, one, src := len(m.tiles), t.Coder.(ransCoder), t.Payload.Base
		least, most := one.modes()
		if len(src) == 0 || int(src[0]) < least || int(src[0]) > most {
			t.decode()
			continue
		}
		m.codes[n] = resize(m.codes[n], one.common().edge.TileSize(t.Bounds))
		if m.add(n, i, t, codes{bytes: m.codes[n]}, int(src[0])) != nil {
			t.decode() // which tells the error
			continue
		}
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
		one := t.Coder.(ransCoder)
		one.common().restore(t.Values, t.Bounds, codes{bytes: m.codes[n]})
		one.keep(t.Values, t.Bounds, codes{bytes: m.codes[n]})
	}
}
