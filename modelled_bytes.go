package dqa

import (
	"fmt"
	"math/bits"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// Whole codes that fit a byte, nearly all, are coded as bytes. Payloads are those of modelled.go.

// appendBytes appends the payload of a tile of a modelled edge, and writes the restored values to data if restore says
// so. ok is false where a value is not finite or a code does not fit a byte; data is then unchanged.
func (t *tileBuffers) appendBytes(dst []byte, c *Codec, i int, b profile.Bounds, codes *Codes, data []float32, restore bool) (out []byte, ok bool) {
	e := c.codedEdge(i)
	if !t.quantizeBytes(e, b, codes, data) {
		return dst, false
	}
	return t.appendByteCodes(dst, c, i, b), t.restoreBytes(e, b, codes, data, restore)
}

// appendByteCodes appends the payload of the codes in t.bytes.
func (t *tileBuffers) appendByteCodes(dst []byte, c *Codec, i int, b profile.Bounds) []byte {
	e := c.codedEdge(i)
	width := byteWidth(t.bytes, e.Unsigned)
	if raw := rawSize(len(t.bytes), width); raw > 0 {
		start := len(dst)
		if dst = append(dst, coded); e.Coder == profile.Fast {
			dst = t.fast.Append(dst, t.bytes, c.fast[i])
		} else {
			dst = t.rans.Append(dst, t.byteTile(c, i, b, t.bytes))
		}
		if len(dst)-start-1 < raw {
			return dst
		}
		dst = dst[:start]
	}
	return appendPlainBytes(dst, t.bytes, width)
}

// appendPlainBytes appends the payload of codes that are stored plainly.
func appendPlainBytes(dst, codes []byte, width int) []byte {
	dst = append(dst, byte(width))
	if width > 0 {
		dst = bitplane.AppendBytes(dst, codes, width)
	}
	return dst
}

// narrow fills t.bytes with the tile's codes; false where one does not fit a byte.
func (t *tileBuffers) narrow(e *profile.Edge, b profile.Bounds, wide []int16) bool {
	t.bytes = t.bytes[:0]
	low, high := int16(-128), int16(127)
	if e.Unsigned {
		low, high = 0, 255
	}
	for ch := b.C0; ch < b.C1; ch++ {
		for _, c := range band(e, b, ch, wide) {
			if c < low || c > high {
				return false
			}
			t.bytes = append(t.bytes, byte(c))
		}
	}
	return true
}

// widen is the inverse of narrow.
func (t *tileBuffers) widen(e *profile.Edge, b profile.Bounds, wide []int16) {
	codes := t.bytes
	for ch := b.C0; ch < b.C1; ch++ {
		part := band(e, b, ch, wide)
		for j, c := range codes[:len(part)] {
			if part[j] = int16(c); !e.Unsigned {
				part[j] = int16(int8(c))
			}
		}
		codes = codes[len(part):]
	}
}

// decodeFast fills t.bytes.
func (t *tileBuffers) decodeFast(c *Codec, i int, b profile.Bounds, src []byte) error {
	e := c.codedEdge(i)
	t.bytes = resize(t.bytes, e.TileSize(b))
	rest, err := t.fast.Decode(t.bytes, src, c.fast[i])
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes left", len(rest))
	}
	if err != nil {
		return err
	}
	return t.checkBits(e, b)
}

// quantizeBytes fills t.bytes with the codes of a tile; false where a value is not finite or a code does not fit a byte.
func (t *tileBuffers) quantizeBytes(e *profile.Edge, b profile.Bounds, codes *Codes, data []float32) bool {
	band := e.BandSize(b)
	t.bytes = resize(t.bytes, e.TileSize(b))
	for ch := b.C0; ch < b.C1; ch++ {
		from := e.BandStart(b, ch)
		finite, within := quant.QuantizeBytes(t.bytes[(ch-b.C0)*band:][:band], data[from:from+band], codes.fused[ch], e.ByteLevels(ch))
		if !finite || e.Escape && !within {
			return false
		}
	}
	return true
}

// byteTile is the part of an edge's codes as entropy sees it, channel by channel in codes.
func (t *tileBuffers) byteTile(c *Codec, i int, b profile.Bounds, codes []byte) *rans.Tile {
	t.channels = appendPlanes(t.channels[:0], c, i, b, codes)
	t.one = rans.Tile{Rows: b.R1 - b.R0, Cols: c.codedEdge(i).Cols, Planes: t.channels}
	return &t.one
}

func appendPlanes(planes []rans.Plane, c *Codec, i int, b profile.Bounds, codes []byte) []rans.Plane {
	e := c.codedEdge(i)
	band := e.BandSize(b)
	for ch := b.C0; ch < b.C1; ch++ {
		from, to := e.ModelSlots(ch)
		r := e.Levels(ch)
		planes = append(planes, rans.Plane{
			Bytes: codes[(ch-b.C0)*band:][:band], Models: c.modelsOf(i, from, to), Low: e.Lowest(ch), Min: r.Low, Max: r.High,
		})
	}
	return planes
}

// byteWidth is the number of bits that hold every code, 0 if all are 0.
func byteWidth(codes []byte, unsigned bool) int {
	set, differ := simd.Used(codes)
	if unsigned || set == 0 {
		return bits.Len8(set)
	}
	return bits.Len8(differ) + 1
}

// restoreBytes writes the values of the codes in t.bytes to data if they are wanted. It is always true.
func (t *tileBuffers) restoreBytes(e *profile.Edge, b profile.Bounds, codes *Codes, data []float32, restore bool) bool {
	band := e.BandSize(b)
	for ch := b.C0; restore && ch < b.C1; ch++ {
		from := e.BandStart(b, ch)
		quant.DequantizeBytes(data[from:from+band], t.bytes[(ch-b.C0)*band:][:band], codes.step(e, ch), !e.Unsigned)
	}
	return true
}

// decodeBytes is the inverse of appendBytes: data is the whole edge. It fails also where a code does not fit a byte.
func (t *tileBuffers) decodeBytes(c *Codec, i int, b profile.Bounds, src []byte, codes *Codes, data []float32) error {
	e := c.codedEdge(i)
	if len(src) == 0 {
		return fmt.Errorf("%w: an empty tile", wire.ErrTruncated)
	}
	t.bytes = resize(t.bytes, e.TileSize(b))
	if mode := int(src[0]); mode == coded && e.Coder == profile.Fast {
		if err := t.decodeFast(c, i, b, src[1:]); err != nil {
			return fmt.Errorf("%w: codes: %w", wire.ErrValue, err)
		}
	} else if mode == coded {
		if err := t.rans.Decode(t.byteTile(c, i, b, t.bytes), src[1:]); err != nil {
			return fmt.Errorf("%w: codes: %w", wire.ErrValue, err)
		}
	} else if err := t.unpackBytes(e, b, src[1:], mode); err != nil {
		return fmt.Errorf("%w: codes: %w", wire.ErrValue, err)
	}
	t.restoreBytes(e, b, codes, data, true)
	return nil
}

// unpackBytes reads plain codes of width bits.
func (t *tileBuffers) unpackBytes(e *profile.Edge, b profile.Bounds, src []byte, width int) error {
	if width > bitplane.MaxBits || len(src) != rawSize(len(t.bytes), width) {
		return fmt.Errorf("%d bytes of plain codes of %d bits", len(src), width)
	}
	if width == 0 {
		clear(t.bytes)
		return nil
	}
	if err := bitplane.UnpackBytes(t.bytes, src, width, !e.Unsigned); err != nil {
		return err
	}
	if width > e.Bits {
		return t.checkBits(e, b)
	}
	return nil
}

// checkBits refuses codes in t.bytes that their channel may not have.
func (t *tileBuffers) checkBits(e *profile.Edge, b profile.Bounds) error {
	band := e.BandSize(b)
	for ch := b.C0; ch < b.C1 && !e.Escape; ch++ {
		if e.WideBits(ch) < bitplane.MaxBits && byteWidth(t.bytes[(ch-b.C0)*band:][:band], e.Unsigned) > e.WideBits(ch) {
			return fmt.Errorf("a code of more than %d bits", e.WideBits(ch))
		}
	}
	return nil
}
