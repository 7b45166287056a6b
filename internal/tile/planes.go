package tile

import (
	"encoding/binary"
	"fmt"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// planes are the coders raw and paper: bit planes of n-bit codes, then the shift errors of important channels, as bit
// planes or Huffman-coded.
type planes struct {
	quantizer
	*planesMemory
	words *huffman.Code // of shift errors; nil: they are bit planes
}

type planesMemory struct {
	shift   []byte // shift errors, in the low bits of bytes
	low     []byte // their bit planes
	huffman huffman.Coder

	// Of tiles that are decoded together: shift errors, their streams and words.
	shifts, streams [MaxBatch][]byte
	codes           [MaxBatch]*huffman.Code
}

var _ [huffman.Abreast - MaxBatch]struct{} // as many go together

func newPlanes(e *profile.Edge, _ *shared) (Factory, error) {
	var words *huffman.Code
	if len(e.Table) > 0 {
		var err error
		if words, err = huffman.NewCode(e.ExtraBits, e.Table); err != nil {
			return nil, err
		}
	}
	return func(s *Scratch) Coder {
		return &planes{quantizer{e, s}, memoryOf[planesMemory](s), words}
	}, nil
}

// fused tells whether values of a tile can become bit planes with no codes in between: every channel is whole groups.
func (p *planes) fused(b profile.Bounds) bool {
	return p.bytewise() && p.edge.BandSize(b)%simd.Group == 0
}

func (p *planes) Encode(out *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	if p.fused(b) {
		var ok bool
		if out.Base, ok = p.encodeFused(out.Base, v, b); ok {
			return 0
		}
	}
	c, nonFinite := p.quantize(v, b)
	p.restore(v, b, c)
	out.Base = p.appendCodes(out.Base, b, c)
	return nonFinite
}

func (p *planes) Decode(v *Values, b profile.Bounds, in Payload) error {
	if p.fused(b) {
		return p.decodeFused(v, b, in.Base)
	}
	c, err := p.decodeCodes(b, in.Base)
	if err == nil {
		p.restore(v, b, c)
	}
	return err
}

// encodeFused appends a payload; ok is false where a value is not finite: then nothing has happened.
func (p *planes) encodeFused(dst []byte, v *Values, b profile.Bounds) (out []byte, ok bool) {
	e := p.edge
	n := e.BandSize(b)
	extra := e.NumExtra(b)
	size := bitplane.Size(extra, e.ExtraBits)
	start := len(dst)
	end := start + bitplane.Size(e.TileSize(b), e.Bits)
	var shift []byte // bit planes of shift errors
	if p.words == nil {
		dst = extend(dst, end+size)
		shift = dst[end:]
	} else {
		dst, p.low = extend(dst, end), extend(p.low, size)
		shift = p.low
	}
	high, low := dst[start:end], shift
	for c := b.C0; c < b.C1; {
		m, r, s, src := e.ExtraBitsOf(c), e.Levels(c), v.Scales[e.ScaleSlot(c)], p.load(e, v, b, c)
		levels := simd.Levels{Inv: s.Inv, Low: float32(r.Low), High: float32(r.High)}
		step := len(src) / simd.Group * 8 // bytes of a plane of these channels
		if !simd.QuantizePack(high[:step*e.Bits], low[:step*m], src, levels, e.Bits, m) {
			return dst[:start], false
		}
		high, low, c = high[step*e.Bits:], low[step*m:], c+len(src)/n
	}
	if extra > 0 && p.words != nil {
		p.shift = resize(p.shift, extra)
		simd.Unpack(p.shift, shift, e.ExtraBits, false)
		dst = p.huffman.Append(dst, p.shift, p.words)
	}
	p.restoreFused(v, b, dst[start:end], shift)
	return dst, true
}

// restoreFused writes the values of a tile, if they are wanted, from the bit planes of its codes and shift errors.
func (p *planes) restoreFused(v *Values, b profile.Bounds, high, low []byte) {
	e := p.edge
	n := e.BandSize(b)
	for c := b.C0; c < b.C1 && v.Restored != nil; {
		m, dst := e.ExtraBitsOf(c), p.room(e, v, b, c)
		step := len(dst) / simd.Group * 8
		simd.UnpackDequantize(dst, high[:step*e.Bits], low[:step*m], v.Steps[e.ScaleSlot(c)], e.Bits, m, !e.Unsigned)
		p.store(e, v, b, c, dst)
		high, low, c = high[step*e.Bits:], low[step*m:], c+len(dst)/n
	}
}

func (p *planes) decodeFused(v *Values, b profile.Bounds, src []byte) error {
	high, low, err := p.cut(b, src)
	if err != nil {
		return err
	}
	extra := p.edge.NumExtra(b)
	if p.words != nil {
		if err := p.decodeShift(extra, low); err != nil {
			return err
		}
		p.restoreShifted(v, b, high, p.shift)
		return nil
	}
	if len(low) != bitplane.Size(extra, p.edge.ExtraBits) {
		return errShift(bitplane.ErrLength)
	}
	p.restoreFused(v, b, high, low)
	return nil
}

// restoreShifted is restoreFused of shift errors that are bytes.
func (p *planes) restoreShifted(v *Values, b profile.Bounds, high, shift []byte) {
	p.low = extend(p.low, bitplane.Size(len(shift), p.edge.ExtraBits))
	simd.Pack(p.low, shift, 0, p.edge.ExtraBits)
	p.restoreFused(v, b, high, p.low)
}

// Alike implements Batcher: shift errors in few lanes are decoded faster together.
func (p *planes) Alike(b profile.Bounds, other Coder, c profile.Bounds) bool {
	o, ok := other.(*planes)
	if !ok || p.words == nil || o.words == nil || p.edge.ExtraBits != o.edge.ExtraBits || !p.fused(b) || !o.fused(c) {
		return false
	}
	n := p.edge.NumExtra(b)
	return n == o.edge.NumExtra(c) && huffman.Together(n, p.edge.ExtraBits)
}

// EncodeAll implements Batcher.
func (p *planes) EncodeAll(tiles []Tile) {
	for i := range tiles {
		tiles[i].encode()
	}
}

// DecodeAll implements Batcher.
func (p *planes) DecodeAll(tiles []Tile) {
	m, whole := p.planesMemory, true
	for i := range tiles {
		t, one := &tiles[i], tiles[i].Coder.(*planes)
		_, low, err := one.cut(t.Bounds, t.Payload.Base)
		whole = whole && err == nil
		m.shifts[i] = resize(m.shifts[i], one.edge.NumExtra(t.Bounds))
		m.streams[i], m.codes[i] = low, one.words
	}
	n := len(tiles)
	whole = whole && m.huffman.DecodeAll(m.shifts[:n], m.streams[:n], m.codes[:n]) == nil
	clear(m.streams[:n])
	for i := range tiles {
		t, one := &tiles[i], tiles[i].Coder.(*planes)
		if !whole { // one of them is damaged
			t.decode()
			continue
		}
		t.Err = nil
		high, _, _ := one.cut(t.Bounds, t.Payload.Base)
		one.restoreShifted(t.Values, t.Bounds, high, m.shifts[i])
	}
}

func (p *planes) appendCodes(dst []byte, b profile.Bounds, c codes) []byte {
	dst = bitplane.AppendBytes(dst, p.split(b, c), p.edge.Bits)
	switch {
	case len(p.shift) == 0:
		return dst
	case p.words != nil:
		return p.huffman.Append(dst, p.shift, p.words)
	}
	return bitplane.AppendBytes(dst, p.shift, p.edge.ExtraBits)
}

// split gives the n-bit codes of a tile in the low bits of bytes, and fills shift with the errors of important channels,
// likewise. It may destroy c.
func (p *planes) split(b profile.Bounds, c codes) []byte {
	e, high := p.edge, c.bytes
	if high == nil {
		p.bytes = resize(p.bytes, len(c.wide))
		high = p.bytes
		for i, w := range c.wide {
			high[i] = byte(w)
		}
	}
	p.shift = p.shift[:0]
	for ch := b.C0; ch < b.C1; ch++ {
		if !e.IsImportant(ch) {
			continue
		}
		part := band(high, e, b, ch)
		p.shift = append(p.shift, part...)
		if c.bytes == nil {
			for i, w := range band(c.wide, e, b, ch) {
				part[i] = byte(w >> e.ExtraBits)
			}
			continue
		}
		shiftRight(part, e.ExtraBits)
	}
	return high
}

func (p *planes) decodeCodes(b profile.Bounds, src []byte) (codes, error) {
	e := p.edge
	high, low, err := p.cut(b, src)
	if err != nil {
		return codes{}, err
	}
	p.bytes = resize(p.bytes, e.TileSize(b))
	if err := bitplane.UnpackBytes(p.bytes, high, e.Bits, !e.Unsigned); err != nil {
		return codes{}, fmt.Errorf("%w: code planes: %w", wire.ErrValue, err)
	}
	if err := p.decodeShift(e.NumExtra(b), low); err != nil {
		return codes{}, err
	}
	c := codes{bytes: p.bytes}
	if !e.FitsBytes() {
		c = codes{wide: p.widen(c)}
	}
	shift := p.shift
	for ch := b.C0; ch < b.C1; ch++ {
		switch {
		case !e.IsImportant(ch):
			continue
		case c.bytes == nil:
			joinWide(band(c.wide, e, b, ch), shift, e.ExtraBits)
		default:
			joinBytes(band(c.bytes, e, b, ch), shift, e.ExtraBits)
		}
		shift = shift[e.BandSize(b):]
	}
	return c, nil
}

// shiftRight shifts every byte.
func shiftRight(b []byte, bits int) {
	keep := ones * (uint64(0xff) >> bits)
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)>>bits&keep)
	}
	for i, v := range b {
		b[i] = v >> bits
	}
}

const ones = 0x0101010101010101 // a byte of 1, eight times

// joinBytes turns n-bit codes into those before the shift.
func joinBytes(codes, errors []byte, bits int) {
	keep := ones * (uint64(0xff) << bits & 0xff)
	for ; len(codes) >= 8; codes, errors = codes[8:], errors[8:] {
		high := binary.LittleEndian.Uint64(codes) << bits & keep
		binary.LittleEndian.PutUint64(codes, high|binary.LittleEndian.Uint64(errors))
	}
	for i, c := range codes {
		codes[i] = c<<bits | errors[i]
	}
}

// joinWide is joinBytes of codes that do not fit a byte before the shift.
func joinWide(codes []int16, errors []byte, bits int) {
	errors = errors[:len(codes)]
	for i, c := range codes {
		codes[i] = c<<bits | int16(errors[i])
	}
}

// cut parts a payload.
func (p *planes) cut(b profile.Bounds, src []byte) (high, shift []byte, err error) {
	n := bitplane.Size(p.edge.TileSize(b), p.edge.Bits)
	if len(src) < n {
		return nil, nil, fmt.Errorf("%w: %d bytes of code planes, %d wanted", wire.ErrTruncated, len(src), n)
	}
	return src[:n], src[n:], nil
}

// decodeShift fills shift with n errors.
func (p *planes) decodeShift(n int, src []byte) error {
	p.shift = resize(p.shift, n)
	var err error
	switch {
	case n == 0 && len(src) > 0:
		err = fmt.Errorf("%d bytes where none belong", len(src))
	case n == 0:
	case p.words != nil:
		err = p.huffman.Decode(p.shift, src, p.words)
	default:
		err = bitplane.UnpackBytes(p.shift, src, p.edge.ExtraBits, false)
	}
	if err != nil {
		return errShift(err)
	}
	return nil
}

func errShift(err error) error { return fmt.Errorf("%w: shift errors: %w", wire.ErrValue, err) }
