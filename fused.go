package dqa

import (
	"fmt"

	"github.com/dqa-go/dqa/bitplane"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/quant"
)

// Most tensors go from float32 to bit planes and back channel by channel, in the processor's first-level cache, without
// codes in between; over bytes where a channel's part of a tile is no whole number of groups. What does not fit (codes
// beyond a byte, channels last, noise, values that are not finite) takes the way over Codes; frames are the same.

// fusable tells whether an edge is coded so.
func fusable(e *profile.Edge) bool {
	if e.Refine > 0 || e.Map == profile.Noisy || e.ChannelsLast || e.Bits+e.ExtraBits > 8 {
		return false
	}
	return true
}

// aligned tells whether every channel of every tile is a whole number of groups.
func aligned(e *profile.Edge) bool {
	return e.Rows*e.Cols%simd.Group == 0 && e.Tile.Rows*e.Cols%simd.Group == 0
}

// way is how the codec turns a tile's values into its payload and back.
type way struct {
	encode func(t *tileBuffers, dst []byte, c *Codec, i int, b profile.Bounds, codes *Codes, data []float32, restore bool) ([]byte, bool)
	decode func(t *tileBuffers, c *Codec, i int, b profile.Bounds, src []byte, codes *Codes, data []float32) error
}

func wayOf(e *profile.Edge) way {
	if e.Coder.Whole() {
		return way{(*tileBuffers).appendBytes, (*tileBuffers).decodeBytes}
	}
	if aligned(e) {
		return way{(*tileBuffers).appendFused, (*tileBuffers).decodeFused}
	}
	return way{(*tileBuffers).appendLoose, (*tileBuffers).decodeLoose}
}

// appendLoose is appendFused over bytes.
func (t *tileBuffers) appendLoose(dst []byte, c *Codec, i int, b profile.Bounds, codes *Codes, data []float32, restore bool) (out []byte, ok bool) {
	e := c.codedEdge(i)
	if !t.quantizeBytes(e, b, codes, data) {
		return dst, false
	}
	t.restoreBytes(e, b, codes, data, restore)
	band := (b.R1 - b.R0) * e.Cols
	t.errors = t.errors[:0]
	for ch := b.C0; ch < b.C1; ch++ {
		if !e.IsImportant(ch) {
			continue
		}
		part := t.bytes[(ch-b.C0)*band:][:band]
		t.errors = append(t.errors, part...)
		for j, w := range part {
			part[j] = w >> e.ExtraBits
		}
	}
	dst = bitplane.AppendBytes(dst, t.bytes, e.Bits)
	switch {
	case len(t.errors) == 0:
	case e.Coder == profile.Paper:
		dst = c.appendErrors(dst, i, t)
	default:
		dst = bitplane.AppendBytes(dst, t.errors, e.ExtraBits)
	}
	return dst, true
}

// decodeLoose is the inverse of appendLoose: data is the whole edge.
func (t *tileBuffers) decodeLoose(c *Codec, i int, b profile.Bounds, src []byte, codes *Codes, data []float32) error {
	e := c.codedEdge(i)
	planes, err := t.splitPayload(e, b, src)
	if err != nil {
		return err
	}
	t.bytes = resize(t.bytes, e.TileSize(b))
	if err := bitplane.UnpackBytes(t.bytes, src[:planes], e.Bits, !e.Unsigned); err != nil {
		return fmt.Errorf("%w: code planes: %w", wire.ErrValue, err)
	}
	if err := t.readErrors(c, i, important(e, b), src[planes:]); err != nil {
		return errorsDamaged(err)
	}
	band := (b.R1 - b.R0) * e.Cols
	low := t.errors
	for ch := b.C0; ch < b.C1; ch++ {
		if e.IsImportant(ch) {
			mergeErrors(t.bytes[(ch-b.C0)*band:][:band], low, e.ExtraBits)
			low = low[band:]
		}
	}
	t.restoreBytes(e, b, codes, data, true)
	return nil
}

// readErrors fills t.errors with n shift errors.
func (t *tileBuffers) readErrors(c *Codec, i, n int, src []byte) error {
	e := c.codedEdge(i)
	t.errors = resize(t.errors, n)
	if n == 0 || e.Coder == profile.Raw {
		return bitplane.UnpackBytes(t.errors, src, e.ExtraBits, false)
	}
	if err := t.decodeErrors(c, i, n, src); err != nil {
		return err
	}
	for j, s := range t.extra {
		t.errors[j] = byte(s)
	}
	return nil
}

// fusedScales fills scales by slot; ok is false where a value is not finite.
func (c *Codes) fusedScales(e *profile.Edge, data []float32) (ok bool) {
	c.fused = resize(c.fused, e.Channels)
	c.Scales = c.Scales[:0]
	plane := e.Rows * e.Cols
	if e.Scale.Static() {
		for ch := range c.fused {
			c.fused[ch] = quant.StepScale(e.Steps[e.ScaleSlot(ch)])
		}
		return true
	}
	c.Scales = resize(c.Scales, e.NumScales())
	clear(c.Scales)
	var whole float32
	if !e.Scale.PerChannel() {
		if whole, ok = finiteMaximum(data, e.Unsigned); !ok {
			return false
		}
	}
	for ch := range c.fused {
		top := whole
		if e.Scale.PerChannel() {
			if top, ok = finiteMaximum(data[ch*plane:(ch+1)*plane], e.Unsigned); !ok {
				return false
			}
		}
		slot := e.ScaleSlot(ch)
		c.fused[ch] = scaleFor(e, ch, clipped(e, slot, top))
		c.Scales[slot] = c.fused[ch].Step
	}
	return true
}

// finiteMaximum is Maximum where all values that it looks at are finite.
func finiteMaximum(x []float32, unsigned bool) (float32, bool) {
	if unsigned {
		return quant.FiniteMax(x)
	}
	return quant.FiniteAbsMax(x)
}

func simdLevels(e *profile.Edge, ch int, s quant.Scale) simd.Levels {
	r := levels(e, ch)
	return simd.Levels{Inv: s.Inv, Low: float32(r.Low), High: float32(r.High)}
}

// appendFused appends the payload of a tile, and writes the restored values to data if restore says so. ok is false
// where a value is not finite; data is then unchanged.
func (t *tileBuffers) appendFused(dst []byte, c *Codec, i int, b profile.Bounds, codes *Codes, data []float32, restore bool) (out []byte, ok bool) {
	e := c.codedEdge(i)
	band := (b.R1 - b.R0) * e.Cols
	step := band / simd.Group * 8 // bytes of a plane of a channel
	many := important(e, b)
	start := len(dst)
	planes := start + bitplane.Size(e.TileSize(b), e.Bits)
	end := planes
	if e.Coder == profile.Raw {
		end += bitplane.Size(many, e.ExtraBits)
	}
	dst = resizeBytes(dst, end)
	at, errors := start, planes
	t.errors = t.errors[:0]
	for ch := b.C0; ch < b.C1; ch++ {
		from := (ch*e.Rows + b.R0) * e.Cols
		x, l := data[from:from+band], simdLevels(e, ch, codes.fused[ch])
		into := dst[at : at+step*e.Bits]
		switch {
		case !e.IsImportant(ch):
			ok = simd.QuantizePack(into, nil, x, l, e.Bits, 0)
		case e.Coder == profile.Raw:
			ok = simd.QuantizePack(into, dst[errors:errors+step*e.ExtraBits], x, l, e.Bits, e.ExtraBits)
			errors += step * e.ExtraBits
		default:
			t.bytes = resize(t.bytes, band)
			ok, _ = simd.Quantize(t.bytes, x, l)
			simd.Pack(into, t.bytes, e.ExtraBits, e.Bits)
			t.errors = append(t.errors, t.bytes...)
		}
		if !ok {
			return dst[:start], false
		}
		at += len(into)
	}
	if many > 0 && e.Coder == profile.Paper {
		dst = c.appendErrors(dst, i, t)
	}
	if restore {
		t.restoreFused(e, b, dst[start:], codes, data)
	}
	return dst, true
}

// appendErrors appends the coded shift errors, which are the low bits of t.errors.
func (c *Codec) appendErrors(dst []byte, i int, t *tileBuffers) []byte {
	mask := byte(1<<c.codedEdge(i).ExtraBits - 1)
	t.extra = resize(t.extra, len(t.errors))
	for j, w := range t.errors {
		t.extra[j] = uint16(w & mask)
	}
	return c.tables[i].Append(dst, t.extra)
}

// restoreFused writes the values of a tile; shift errors are in the planes, or in the low bits of t.errors.
func (t *tileBuffers) restoreFused(e *profile.Edge, b profile.Bounds, src []byte, codes *Codes, data []float32) {
	band := (b.R1 - b.R0) * e.Cols
	step := band / simd.Group * 8
	errors := bitplane.Size(e.TileSize(b), e.Bits)
	at, low := 0, t.errors
	for ch := b.C0; ch < b.C1; ch++ {
		from := (ch*e.Rows + b.R0) * e.Cols
		x, scale, part := data[from:from+band], codes.step(e, ch), src[at:at+step*e.Bits]
		switch {
		case !e.IsImportant(ch):
			simd.UnpackDequantize(x, part, nil, scale, e.Bits, 0, !e.Unsigned)
		case e.Coder == profile.Raw:
			simd.UnpackDequantize(x, part, src[errors:errors+step*e.ExtraBits], scale, e.Bits, e.ExtraBits, !e.Unsigned)
			errors += step * e.ExtraBits
		default:
			t.bytes = resize(t.bytes, band)
			simd.Unpack(t.bytes, part, e.Bits, !e.Unsigned)
			mergeErrors(t.bytes, low, e.ExtraBits)
			simd.Dequantize(x, t.bytes, scale, !e.Unsigned)
			low = low[band:]
		}
		at += len(part)
	}
}

// mergeErrors turns n-bit codes into wide ones.
func mergeErrors(codes, errors []byte, bits int) {
	mask := byte(1<<bits - 1)
	errors = errors[:len(codes)]
	for j, c := range codes {
		codes[j] = c<<bits | errors[j]&mask
	}
}

// decodeFused is the inverse of appendFused: data is the whole edge.
func (t *tileBuffers) decodeFused(c *Codec, i int, b profile.Bounds, src []byte, codes *Codes, data []float32) error {
	e := c.codedEdge(i)
	planes, err := t.splitPayload(e, b, src)
	if err != nil {
		return err
	}
	if many := important(e, b); e.Coder == profile.Paper {
		if err := t.readErrors(c, i, many, src[planes:]); err != nil {
			return errorsDamaged(err)
		}
	} else if want := bitplane.Size(many, e.ExtraBits); len(src)-planes != want {
		return errorsDamaged(bitplane.ErrLength)
	}
	t.restoreFused(e, b, src, codes, data)
	return nil
}

// resizeBytes makes dst n bytes long; those beyond its length are undefined.
func resizeBytes(dst []byte, n int) []byte {
	if n <= cap(dst) {
		return dst[:n]
	}
	return append(dst[:cap(dst)], make([]byte, n-cap(dst))...)
}
