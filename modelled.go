package dqa

import (
	"fmt"
	"math/bits"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// coded is the first byte of a tile that models code; a smaller one is the number of bits of plain codes.
const coded = 255

// maxRaw is the number of bits that any code fits in.
const maxRaw = 16

// appendWhole appends the tile's whole codes: by the edge's coder, or plain where that is no longer (spec/frame.md).
func (t *tileBuffers) appendWhole(dst []byte, c *Codec, i int, b profile.Bounds, wide []int16) []byte {
	e := c.codedEdge(i)
	if e.Coder == profile.Fast && t.narrow(e, b, wide) {
		return t.appendByteCodes(dst, c, i, b)
	}
	tile := t.tile(c, i, b, wide)
	width := rawBits(tile.Planes, e.Unsigned)
	raw := rawSize(e.TileSize(b), width)
	if raw > 0 && e.Coder.Modelled() {
		t.coded = t.rans.Append(t.coded[:0], tile)
		if len(t.coded) < raw {
			return append(append(dst, coded), t.coded...)
		}
	}
	return t.appendPlain(append(dst, byte(width)), tile, width)
}

func (t *tileBuffers) appendPlain(dst []byte, tile *rans.Tile, width int) []byte {
	codes := t.codes[:0]
	for _, p := range tile.Planes {
		codes = append(codes, p.Codes...)
	}
	t.codes = codes
	low := min(width, bitplane.MaxBits)
	if low > 0 {
		dst = bitplane.Append(dst, codes, low)
	}
	if high := width - low; high > 0 {
		for j := range codes {
			codes[j] >>= bitplane.MaxBits
		}
		dst = bitplane.Append(dst, codes, high)
	}
	return dst
}

// tile is the part of an edge's codes as entropy sees it.
func (t *tileBuffers) tile(c *Codec, i int, b profile.Bounds, wide []int16) *rans.Tile {
	e := c.codedEdge(i)
	t.channels = t.channels[:0]
	for ch := b.C0; ch < b.C1; ch++ {
		from, to := e.ModelSlots(ch)
		r := e.Levels(ch)
		t.channels = append(t.channels, rans.Plane{
			Codes: band(e, b, ch, wide), Models: c.modelsOf(i, from, to), Low: e.Lowest(ch), Min: r.Low, Max: r.High,
		})
	}
	return &rans.Tile{Rows: b.R1 - b.R0, Cols: e.Cols, Planes: t.channels}
}

// modelsOf are models of edge i; none where its coder has none.
func (c *Codec) modelsOf(i, from, to int) []*rans.Model {
	if c.models[i] == nil {
		return nil
	}
	return c.models[i][from:to]
}

// rawBits is the number of bits that hold every code, 0 if all are 0.
func rawBits(planes []rans.Plane, unsigned bool) int {
	var used uint16 // bits that differ from the sign
	signed := 0
	for _, p := range planes {
		for _, c := range p.Codes {
			used |= uint16(c ^ c>>15)
			if c != 0 && !unsigned {
				signed = 1
			}
		}
	}
	return bits.Len16(used) + signed
}

// rawSize is the size of n plain codes.
func rawSize(n, width int) int {
	low := min(width, bitplane.MaxBits)
	return bitplane.Size(n, low) + bitplane.Size(n, width-low)
}

// decodeWhole is the inverse of appendWhole.
func (t *tileBuffers) decodeWhole(c *Codec, i int, b profile.Bounds, src []byte, wide []int16) error {
	if len(src) == 0 {
		return fmt.Errorf("%w: an empty tile", wire.ErrTruncated)
	}
	tile, mode := t.tile(c, i, b, wide), int(src[0])
	var err error
	switch {
	case mode == coded && c.codedEdge(i).Coder == profile.Fast:
		if err = t.decodeFast(c, i, b, src[1:]); err == nil {
			t.widen(c.codedEdge(i), b, wide)
		}
	case mode == coded:
		err = t.rans.Decode(tile, src[1:])
	case mode <= maxRaw:
		err = t.decodeRaw(tile, src[1:], mode, !c.codedEdge(i).Unsigned)
	default:
		err = fmt.Errorf("mode %d unknown", mode)
	}
	if err != nil {
		return fmt.Errorf("%w: codes: %w", wire.ErrValue, err)
	}
	return nil
}

func (t *tileBuffers) decodeRaw(tile *rans.Tile, src []byte, width int, signed bool) error {
	n := len(tile.Planes) * tile.Rows * tile.Cols
	if want := rawSize(n, width); len(src) != want {
		return fmt.Errorf("%d bytes of plain codes, %d wanted", len(src), want)
	}
	t.codes = resize(t.codes, n)
	clear(t.codes)
	low := min(width, bitplane.MaxBits)
	if low > 0 {
		split := bitplane.Size(n, low)
		if err := bitplane.Unpack(t.codes, src[:split], low, signed && width == low); err != nil {
			return err
		}
		src = src[split:]
	}
	if high := width - low; high > 0 {
		top := make([]int16, n)
		if err := bitplane.Unpack(top, src, high, signed); err != nil {
			return err
		}
		for j, v := range top {
			t.codes[j] |= v << bitplane.MaxBits
		}
	}
	codes := t.codes
	for _, p := range tile.Planes {
		for j, v := range codes[:len(p.Codes)] {
			if v < p.Min || v > p.Max {
				return fmt.Errorf("code %d, %d to %d allowed", v, p.Min, p.Max)
			}
			p.Codes[j] = v
		}
		codes = codes[len(p.Codes):]
	}
	return nil
}
