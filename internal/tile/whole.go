package tile

import (
	"fmt"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// whole is what coders of whole codes share: a payload's first byte says whether a stream of the coder follows it, or
// plain codes, where a stream would be no shorter.
type whole struct {
	quantizer
	stream stream
}

// stream is what such coders differ in.
type stream interface {
	// modes are the first bytes of payloads that a stream follows.
	modes() (least, most int)
	// mode is that of the stream that was appended last.
	mode() byte
	// appendStream appends the codes of a tile; ok is false where the coder has no words for them.
	appendStream(dst []byte, b profile.Bounds, c codes) (out []byte, ok bool)
	// decodeStream is the inverse; codes are valid until the next call.
	decodeStream(b profile.Bounds, mode int, src []byte) (codes, error)
}

// oneMode is of streams that there is one kind of.
type oneMode struct{}

func (oneMode) modes() (least, most int) { return modeStream, modeStream }

func (oneMode) mode() byte { return modeStream }

const (
	modeStream = 255 // a smaller first byte is the number of bits of plain codes
	maxPlain   = 16  // bits, which any code fits in
)

func (w *whole) Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	c, nonFinite := w.quantize(v, b)
	w.restore(v, b, c)
	p.Base = w.appendCodes(p.Base, b, c)
	return nonFinite
}

func (w *whole) Decode(v *Values, b profile.Bounds, p Payload) error {
	c, err := w.decodeCodes(b, p.Base)
	if err == nil {
		w.restore(v, b, c)
	}
	return err
}

func (w *whole) appendCodes(dst []byte, b profile.Bounds, c codes) []byte {
	width, start := c.width(w.edge.Unsigned), len(dst)
	if plain := plainSize(c.len(), width); plain > 0 {
		var ok bool
		dst, ok = w.stream.appendStream(append(dst, modeStream), b, c)
		if ok && len(dst)-start-1 < plain {
			dst[start] = w.stream.mode()
			return dst
		}
	}
	return appendPlain(dst[:start], c, width)
}

// plainSize is the size of n plain codes.
func plainSize(n, width int) int {
	low := min(width, bitplane.MaxBits)
	return bitplane.Size(n, low) + bitplane.Size(n, width-low)
}

// appendPlain appends the payload of plain codes: bit planes, of which the upper ones follow behind the lower eight.
func appendPlain(dst []byte, c codes, width int) []byte {
	dst = append(dst, byte(width))
	switch low := min(width, bitplane.MaxBits); {
	case width == 0:
	case c.bytes != nil:
		dst = bitplane.AppendBytes(dst, c.bytes, width)
	default:
		dst = bitplane.Append(dst, c.wide, low)
		if width > low {
			for i := range c.wide {
				c.wide[i] >>= bitplane.MaxBits
			}
			dst = bitplane.Append(dst, c.wide, width-low)
		}
	}
	return dst
}

func (w *whole) decodeCodes(b profile.Bounds, src []byte) (codes, error) {
	if len(src) == 0 {
		return codes{}, fmt.Errorf("%w: %w", wire.ErrTruncated, errEmpty)
	}
	var c codes
	var err error
	least, most := w.stream.modes()
	switch mode := int(src[0]); {
	case mode >= least && mode <= most:
		c, err = w.stream.decodeStream(b, mode, src[1:])
	case mode > maxPlain:
		err = fmt.Errorf("mode %d unknown", mode)
	default:
		c, err = w.decodePlain(b, src[1:], mode)
	}
	if err != nil {
		return codes{}, fmt.Errorf("%w: codes: %w", wire.ErrValue, err)
	}
	return c, nil
}

func (w *whole) decodePlain(b profile.Bounds, src []byte, width int) (codes, error) {
	n := w.edge.TileSize(b)
	if want := plainSize(n, width); len(src) != want {
		return codes{}, fmt.Errorf("%d bytes of plain codes, %d wanted", len(src), want)
	}
	if width > bitplane.MaxBits || !w.edge.FitsBytes() {
		return w.decodeWide(b, src, width)
	}
	w.bytes = resize(w.bytes, n)
	if width == 0 {
		clear(w.bytes)
		return codes{bytes: w.bytes}, nil
	}
	if err := bitplane.UnpackBytes(w.bytes, src, width, !w.edge.Unsigned); err != nil {
		return codes{}, err
	}
	if width > w.edge.Bits && w.checkBits(b, w.bytes) != nil {
		return w.decodeWide(b, src, width) // which tells the code
	}
	return codes{bytes: w.bytes}, nil
}

func (w *whole) decodeWide(b profile.Bounds, src []byte, width int) (codes, error) {
	n, signed, low := w.edge.TileSize(b), !w.edge.Unsigned, min(width, bitplane.MaxBits)
	w.wide = resize(w.wide, n)
	clear(w.wide)
	split := bitplane.Size(n, low)
	if low > 0 {
		if err := bitplane.Unpack(w.wide, src[:split], low, signed && width == low); err != nil {
			return codes{}, err
		}
	}
	if high := width - low; high > 0 {
		top := make([]int16, n)
		if err := bitplane.Unpack(top, src[split:], high, signed); err != nil {
			return codes{}, err
		}
		for i, v := range top {
			w.wide[i] |= v << bitplane.MaxBits
		}
	}
	for c := b.C0; c < b.C1; c++ {
		r := w.edge.Levels(c)
		for _, v := range band(w.wide, w.edge, b, c) {
			if v < r.Low || v > r.High {
				return codes{}, fmt.Errorf("code %d, %d to %d allowed", v, r.Low, r.High)
			}
		}
	}
	return codes{wide: w.wide}, nil
}

// checkBits refuses codes that their channel may not have.
func (w *whole) checkBits(b profile.Bounds, all []byte) error {
	e, n := w.edge, w.edge.BandSize(b)
	for c := b.C0; c < b.C1 && !e.Escape; {
		bits, end := e.WideBits(c), c+1
		for end < b.C1 && e.WideBits(end) == bits { // they are checked together
			end++
		}
		if bits < 8 && byteWidth(all[(c-b.C0)*n:(end-b.C0)*n], e.Unsigned) > bits {
			return fmt.Errorf("a code of more than %d bits", bits)
		}
		c = end
	}
	return nil
}
