package tile

import (
	"math/bits"

	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/profile"
)

// codes are those of a tile, channel by channel, row by row: bytes, two's complement where codes are signed, or if that is
// nil 16-bit numbers. They lie in scratch memory.
type codes struct {
	bytes []byte
	wide  []int16
}

// quantizer turns the values of an edge into codes and back.
type quantizer struct {
	edge *profile.Edge
	*Scratch
}

// quantize gives the codes of a tile: bytes if all of them, and all values, allow it.
func (q *quantizer) quantize(v *Values, b profile.Bounds) (c codes, nonFinite int) {
	if q.bytewise() && q.quantizeBytes(v, b) {
		return codes{bytes: q.bytes}, 0
	}
	return q.quantizeWide(v, b)
}

// bytewise tells whether kernels can quantize the edge: its codes fit bytes, but for escaped ones, and are without noise.
func (q *quantizer) bytewise() bool { return q.edge.FitsBytes() && q.edge.Map != profile.Noisy }

// quantizeBytes fills q.bytes; false where a value is not finite or a code does not fit a byte.
func (q *quantizer) quantizeBytes(v *Values, b profile.Bounds) bool {
	e, n := q.edge, q.edge.BandSize(b)
	q.bytes = resize(q.bytes, e.TileSize(b))
	for c, dst := b.C0, q.bytes; c < b.C1; {
		src := q.load(e, v, b, c)
		finite, within := quant.QuantizeBytes(dst, src, v.Scales[e.ScaleSlot(c)], e.ByteLevels(c))
		if !finite || e.Escape && !within {
			return false
		}
		dst, c = dst[len(src):], c+len(src)/n
	}
	return true
}

func (q *quantizer) quantizeWide(v *Values, b profile.Bounds) (c codes, nonFinite int) {
	q.wide = resize(q.wide, q.edge.TileSize(b))
	nonFinite = q.Quantize(q.wide, q.edge, v, b)
	return codes{wide: q.wide}, nonFinite
}

// Quantize fills dst with the codes of the part b of v.Source, channel by channel, row by row (METHOD section 2), and
// returns the number of values that are not finite: NaN became 0, infinities the outermost code.
func (s *Scratch) Quantize(dst []int16, e *profile.Edge, v *Values, b profile.Bounds) (nonFinite int) {
	n := e.BandSize(b)
	for c := b.C0; c < b.C1; {
		src, scale := s.load(e, v, b, c), v.Scales[e.ScaleSlot(c)]
		if e.Map != profile.Noisy {
			nonFinite += s.quantizeChannels(dst, src, scale, e, c)
			dst, c = dst[len(src):], c+len(src)/n
			continue
		}
		for ; len(src) > 0; c++ {
			nonFinite += quant.QuantizeNoisy(dst, src[:n], scale, e.Levels(c), e.Noise, e.BandStart(b, c))
			dst, src = dst[n:], src[n:]
		}
	}
	return nonFinite
}

// narrowPart is how many values are quantized at once.
const narrowPart = 1 << 12

// quantizeChannels gives the codes of values of channel c and those like it. Kernels make bytes of them, which suffice for most.
func (s *Scratch) quantizeChannels(dst []int16, src []float32, scale quant.Scale, e *profile.Edge, c int) (nonFinite int) {
	s.bytes = resize(s.bytes, max(len(s.bytes), narrowPart))
	for len(src) > 0 {
		part := src[:min(narrowPart, len(src))]
		finite, within := false, false
		if e.FitsBytes() {
			finite, within = quant.QuantizeBytes(s.bytes, part, scale, e.ByteLevels(c))
		}
		if finite && (within || !e.Escape) {
			widen(dst, s.bytes[:len(part)], e.Unsigned)
		} else {
			nonFinite += quant.Quantize(dst, part, scale, e.Levels(c))
		}
		dst, src = dst[len(part):], src[len(part):]
	}
	return nonFinite
}

// restore writes what the codes of a tile stand for, if that is wanted.
func (q *quantizer) restore(v *Values, b profile.Bounds, c codes) {
	switch e := q.edge; {
	case v.Restored == nil:
	case c.bytes == nil || e.Map == profile.Noisy:
		q.Dequantize(e, v, b, q.widen(c))
	default:
		n := e.BandSize(b)
		for ch, src := b.C0, c.bytes; ch < b.C1; {
			dst := q.room(e, v, b, ch)
			quant.DequantizeBytes(dst, src[:len(dst)], v.Steps[e.ScaleSlot(ch)], !e.Unsigned)
			q.store(e, v, b, ch, dst)
			src, ch = src[len(dst):], ch+len(dst)/n
		}
	}
}

// Dequantize is the inverse of Quantize: it writes the part b of v.Restored.
func (s *Scratch) Dequantize(e *profile.Edge, v *Values, b profile.Bounds, src []int16) {
	n := e.BandSize(b)
	for c := b.C0; c < b.C1; {
		dst, step := s.room(e, v, b, c), v.Steps[e.ScaleSlot(c)]
		if e.Map == profile.Noisy {
			for k := range len(dst) / n {
				quant.DequantizeNoisy(dst[k*n:][:n], src[k*n:][:n], step, e.Noise, e.BandStart(b, c+k))
			}
		} else {
			quant.Dequantize(dst, src[:len(dst)], step)
		}
		s.store(e, v, b, c, dst)
		src, c = src[len(dst):], c+len(dst)/n
	}
}

// restoreBase writes what codes stand for whose low bits are not known.
func (q *quantizer) restoreBase(v *Values, b profile.Bounds, base []int16) {
	e := q.edge
	n := e.BandSize(b)
	for c := b.C0; c < b.C1 && v.Restored != nil; {
		dst := q.room(e, v, b, c)
		quant.DequantizeBase(dst, base[:len(dst)], v.Steps[e.ScaleSlot(c)], e.Refine, e.OneSided)
		q.store(e, v, b, c, dst)
		base, c = base[len(dst):], c+len(dst)/n
	}
}

// widen gives codes as 16-bit numbers.
func (q *quantizer) widen(c codes) []int16 {
	if c.bytes == nil {
		return c.wide
	}
	q.wide = resize(q.wide, len(c.bytes))
	widen(q.wide, c.bytes, q.edge.Unsigned)
	return q.wide
}

func widen(dst []int16, src []byte, unsigned bool) {
	dst = dst[:len(src)]
	if unsigned {
		for i, v := range src {
			dst[i] = int16(v)
		}
		return
	}
	for i, v := range src {
		dst[i] = int16(int8(v))
	}
}

// narrow gives codes as bytes; ok is false where one does not fit.
func (q *quantizer) narrow(c codes) (b []byte, ok bool) {
	if c.bytes != nil {
		return c.bytes, true
	}
	low, high := int16(-128), int16(127)
	if q.edge.Unsigned {
		low, high = 0, 255
	}
	q.bytes = resize(q.bytes, len(c.wide))
	for i, v := range c.wide {
		if v < low || v > high {
			return nil, false
		}
		q.bytes[i] = byte(v)
	}
	return q.bytes, true
}

func (c codes) len() int { return max(len(c.bytes), len(c.wide)) }

// width is the number of bits that hold every code, 0 if all are 0.
func (c codes) width(unsigned bool) int {
	if c.bytes != nil {
		return byteWidth(c.bytes, unsigned)
	}
	var used uint16 // bits that differ from the sign
	signed := 0
	for _, v := range c.wide {
		used |= uint16(v ^ v>>15)
		if v != 0 && !unsigned {
			signed = 1
		}
	}
	return bits.Len16(used) + signed
}

func byteWidth(b []byte, unsigned bool) int {
	set, differ := simd.Used(b)
	if unsigned || set == 0 {
		return bits.Len8(set)
	}
	return bits.Len8(differ) + 1
}

// band is channel c of what lies channel by channel.
func band[T any](all []T, e *profile.Edge, b profile.Bounds, c int) []T {
	n := e.BandSize(b)
	return all[(c-b.C0)*n:][:n]
}

// codesCoder is what a coder does behind quantizing.
type codesCoder interface {
	// appendCodes appends a tile's payload. It may destroy c.
	appendCodes(dst []byte, b profile.Bounds, c codes) []byte
	// decodeCodes is the inverse; codes are valid until the next call.
	decodeCodes(b profile.Bounds, src []byte) (codes, error)
}
