package dqa

import (
	"fmt"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// Most tensors go from float32 to bit planes and back channel by channel, in the processor's first-level cache, without
// codes in between; over bytes where a channel's part of a tile is no whole number of groups. What does not fit (codes
// beyond a byte, channels last, noise, values that are not finite) takes the way over Codes; frames are the same.

// fusable tells whether an edge is coded so.
func fusable(e *profile.Edge) bool {
	if e.Refine > 0 || e.Map == profile.Noisy || e.ChannelsLast || !e.FitsBytes() {
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
	band := e.BandSize(b)
	t.shift = t.shift[:0]
	for ch := b.C0; ch < b.C1; ch++ {
		if !e.IsImportant(ch) {
			continue
		}
		part := t.bytes[(ch-b.C0)*band:][:band]
		t.shift = append(t.shift, part...)
		for j, w := range part {
			part[j] = w >> e.ExtraBits
		}
	}
	dst = bitplane.AppendBytes(dst, t.bytes, e.Bits)
	switch {
	case len(t.shift) == 0:
	case e.Coder == profile.Paper:
		dst = t.huffman.Append(dst, t.shift, c.tables[i])
	default:
		dst = bitplane.AppendBytes(dst, t.shift, e.ExtraBits)
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
	if err := t.decodeErrors(c, i, e.NumExtra(b), src[planes:]); err != nil {
		return errorsDamaged(err)
	}
	band := e.BandSize(b)
	low := t.shift
	for ch := b.C0; ch < b.C1; ch++ {
		if e.IsImportant(ch) {
			mergeErrors(t.bytes[(ch-b.C0)*band:][:band], low, e.ExtraBits)
			low = low[band:]
		}
	}
	t.restoreBytes(e, b, codes, data, true)
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
		c.fused[ch] = e.ScaleFor(ch, top)
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
	r := e.Levels(ch)
	return simd.Levels{Inv: s.Inv, Low: float32(r.Low), High: float32(r.High)}
}

// appendFused appends the payload of a tile, and writes the restored values to data if restore says so. ok is false
// where a value is not finite; data is then unchanged.
func (t *tileBuffers) appendFused(dst []byte, c *Codec, i int, b profile.Bounds, codes *Codes, data []float32, restore bool) (out []byte, ok bool) {
	e := c.codedEdge(i)
	band := e.BandSize(b)
	step := band / simd.Group * 8 // bytes of a plane of a channel
	many := e.NumExtra(b)
	start := len(dst)
	planes := start + bitplane.Size(e.TileSize(b), e.Bits)
	size := bitplane.Size(many, e.ExtraBits)
	var shift []byte // bit planes of shift errors
	if e.Coder == profile.Raw {
		dst = resizeBytes(dst, planes+size)
		shift = dst[planes:]
	} else {
		dst = resizeBytes(dst, planes)
		t.planes = resizeBytes(t.planes, size)
		shift = t.planes
	}
	at, low := dst[start:planes], shift
	for ch := b.C0; ch < b.C1; ch++ {
		from, m := e.BandStart(b, ch), e.ExtraBitsOf(ch)
		if !simd.QuantizePack(at[:step*e.Bits], low[:step*m], data[from:from+band], simdLevels(e, ch, codes.fused[ch]), e.Bits, m) {
			return dst[:start], false
		}
		at, low = at[step*e.Bits:], low[step*m:]
	}
	if many > 0 && e.Coder == profile.Paper {
		t.shift = resize(t.shift, many)
		simd.Unpack(t.shift, shift, e.ExtraBits, false)
		dst = t.huffman.Append(dst, t.shift, c.tables[i])
	}
	if restore {
		restoreFused(e, b, dst[start:planes], shift, codes, data)
	}
	return dst, true
}

// restoreFused writes the values of a tile from the bit planes of its codes and shift errors.
func restoreFused(e *profile.Edge, b profile.Bounds, planes, shift []byte, codes *Codes, data []float32) {
	band := e.BandSize(b)
	step := band / simd.Group * 8
	for ch := b.C0; ch < b.C1; ch++ {
		from, m := e.BandStart(b, ch), e.ExtraBitsOf(ch)
		simd.UnpackDequantize(data[from:from+band], planes[:step*e.Bits], shift[:step*m], codes.step(e, ch), e.Bits, m, !e.Unsigned)
		planes, shift = planes[step*e.Bits:], shift[step*m:]
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
	many, shift := e.NumExtra(b), src[planes:]
	size := bitplane.Size(many, e.ExtraBits)
	if e.Coder == profile.Paper {
		if err := t.decodeErrors(c, i, many, shift); err != nil {
			return errorsDamaged(err)
		}
		t.planes = resizeBytes(t.planes, size)
		shift = t.planes
		simd.Pack(shift, t.shift, 0, e.ExtraBits)
	} else if len(shift) != size {
		return errorsDamaged(bitplane.ErrLength)
	}
	restoreFused(e, b, src[:planes], shift, codes, data)
	return nil
}

// resizeBytes makes dst n bytes long; those beyond its length are undefined.
func resizeBytes(dst []byte, n int) []byte {
	if n <= cap(dst) {
		return dst[:n]
	}
	return append(dst[:cap(dst)], make([]byte, n-cap(dst))...)
}
