package tile

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/profile"
)

// taps is the coder smallest2: whole codes by asymmetric numeral systems, with models that weighted neighbours choose, and codes of
// an earlier edge where they are at hand.
type taps struct {
	whole
	*ransMemory
	models, beside *rans.TapModels // beside: with an earlier edge; nil: the edge has none
	values         *Values         // of the tile at hand
}

// A stream of so many lanes has the mode modeStream less the logarithm of their number, and tapModes less beside an earlier edge.
const (
	tapModes      = 5
	leastTapMode  = modeStream - tapModes + 1
	leastTapAside = leastTapMode - tapModes
)

func newTaps(e *profile.Edge, shared *shared) (Factory, error) {
	if shared.taps == nil {
		shared.taps = rans.NewTapSet(shared.models)
	}
	var beside *rans.TapModels
	models := shared.taps.Models(&e.Taps.Taps, e.Models)
	if e.Earlier != nil {
		beside = shared.taps.Models(&e.Earlier.Taps.Taps, e.Earlier.Models)
	}
	return func(s *Scratch) Coder {
		t := &taps{whole: whole{quantizer: quantizer{e, s}}, ransMemory: memoryOf[ransMemory](s), models: models, beside: beside}
		t.stream = t
		return t
	}, nil
}

// Encode implements Coder.
func (t *taps) Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	t.values = v
	c, nonFinite := t.quantize(v, b)
	t.restore(v, b, c)
	t.keep(v, b, c)
	p.Base = t.appendCodes(p.Base, b, c)
	return nonFinite
}

// Decode implements Coder.
func (t *taps) Decode(v *Values, b profile.Bounds, p Payload) error {
	t.values = v
	c, err := t.decodeCodes(b, p.Base)
	if err == nil {
		t.restore(v, b, c)
		t.keep(v, b, c)
	}
	return err
}

// keep implements ransCoder.
func (t *taps) keep(v *Values, b profile.Bounds, c codes) {
	if v.Codes == nil {
		return
	}
	narrow := c.bytes != nil && byteWidth(c.bytes, t.edge.Unsigned) < 8 // and thus bounded
	for ch := b.C0; ch < b.C1; ch++ {
		dst := v.Codes[t.edge.BandStart(b, ch):][:t.edge.BandSize(b)]
		switch {
		case narrow:
			simd.CopySigned(dst, band(c.bytes, t.edge, b, ch))
		case c.bytes == nil:
			for i, code := range band(c.wide, t.edge, b, ch) {
				dst[i] = rans.Bounded(code)
			}
		case t.edge.Unsigned:
			for i, code := range band(c.bytes, t.edge, b, ch) {
				dst[i] = int8(min(code, math.MaxInt8))
			}
		default:
			for i, code := range band(c.bytes, t.edge, b, ch) {
				dst[i] = max(int8(code), -math.MaxInt8)
			}
		}
	}
}

func (t *taps) modes() (least, most int) {
	if t.beside != nil {
		return leastTapAside, modeStream
	}
	return leastTapMode, modeStream
}

// Beside tells whether a tile's payload needs codes of an earlier edge.
func Beside(e *profile.Edge, p Payload) bool {
	return e.Earlier != nil && len(p.Base) > 0 && p.Base[0] >= leastTapAside && p.Base[0] < leastTapMode
}

func (t *taps) mode() byte { return t.modeOf(&t.tile) }

func (t *taps) modeOf(tile *rans.Tile) byte {
	mode := modeStream - (bits.Len(uint(tile.Lanes())) - 1)
	if tile.Planes[0].Earlier.Codes != nil {
		mode -= tapModes
	}
	return byte(mode)
}

func (t *taps) common() *whole { return &t.whole }

func (t *taps) ransTile(planes []rans.Plane, v *Values, b profile.Bounds, c codes, mode int) (rans.Tile, error) {
	e, lanes, taps, models := t.edge, 0, &t.edge.Taps.Taps, t.models
	beside := t.beside != nil && v.Earlier != nil
	if mode > 0 {
		if beside = mode < leastTapMode; beside {
			mode += tapModes
		}
		if lanes = 1 << (modeStream - mode); lanes > b.C1-b.C0 {
			return rans.Tile{}, fmt.Errorf("%d lanes of %d planes", lanes, b.C1-b.C0)
		}
	}
	if beside {
		if v.Earlier == nil {
			return rans.Tile{}, errors.New("an earlier edge's codes are not at hand")
		}
		taps, models = &e.Earlier.Taps.Taps, t.beside
	}
	r, low := e.Levels(b.C0), e.Lowest(b.C0)
	for ch := b.C0; ch < b.C1; ch++ {
		p := rans.Plane{Low: low, Min: r.Low, Max: r.High, Offset: e.Taps.Offset(ch)}
		if beside {
			p.Offset = e.Earlier.Taps.Offset(ch)
			p.Earlier = rans.Earlier{Codes: v.Earlier[e.BandStart(b, ch):][:e.BandSize(b)], Weights: e.Earlier.Of(ch)}
		}
		if c.bytes != nil {
			p.Bytes = band(c.bytes, e, b, ch)
		} else {
			p.Codes = band(c.wide, e, b, ch)
		}
		planes = append(planes, p)
	}
	return rans.Tile{Rows: b.R1 - b.R0, Cols: e.Cols, Planes: planes, Taps: taps, TapModels: models, TapLanes: lanes}, nil
}

// tileOf is ransTile of the tile at hand.
func (t *taps) tileOf(b profile.Bounds, c codes, mode int) (*rans.Tile, error) {
	tile, err := t.ransTile(t.planes[:0], t.values, b, c, mode)
	if err == nil {
		t.tile, t.planes = tile, tile.Planes
	}
	return &t.tile, err
}

// Alike implements Batcher: shapes may differ.
func (t *taps) Alike(_ profile.Bounds, other Coder, _ profile.Bounds) bool {
	o, ok := other.(*taps)
	return ok && t.bytewise() && o.bytewise()
}

// EncodeAll implements Batcher.
func (t *taps) EncodeAll(tiles []Tile) { t.encodeAll(tiles) }

// DecodeAll implements Batcher.
func (t *taps) DecodeAll(tiles []Tile) { t.decodeAll(tiles) }

func (t *taps) appendStream(dst []byte, b profile.Bounds, c codes) (out []byte, ok bool) {
	tile, err := t.tileOf(b, c, 0)
	return t.rans.Append(dst, tile), err == nil
}

func (t *taps) decodeStream(b profile.Bounds, mode int, src []byte) (codes, error) {
	n := t.edge.TileSize(b)
	if t.edge.FitsBytes() {
		t.bytes = resize(t.bytes, n)
		c := codes{bytes: t.bytes}
		tile, err := t.tileOf(b, c, mode)
		if err != nil {
			return codes{}, err
		}
		if t.rans.Decode(tile, src) == nil {
			return c, nil
		}
	} // else a code is, or may be, beyond a byte
	t.wide = resize(t.wide, n)
	c := codes{wide: t.wide}
	tile, err := t.tileOf(b, c, mode)
	if err != nil {
		return codes{}, err
	}
	return c, t.rans.Decode(tile, src)
}

// Account implements Accounter.
func (t *taps) Account(a *Account, v *Values, b profile.Bounds, p Payload) error {
	t.values = v
	c, err := t.decodeCodes(b, p.Base)
	if err != nil {
		return err
	}
	t.keep(v, b, c)
	a.Modes++
	if int(p.Base[0]) < leastTapAside {
		a.Plain += len(p.Base) - 1
		return nil
	}
	tile, err := t.tileOf(b, c, int(p.Base[0]))
	if err != nil {
		return err
	}
	states := rans.StateBytes * tile.Lanes()
	if states > rans.StateBytes {
		states += rans.TailBytes
	}
	a.States += states
	a.Coded += len(p.Base) - 1 - states
	cost := tile.Cost()
	a.IdealBits += cost
	if !Beside(t.edge, p) {
		return nil
	}
	a.Beside += cost
	alone := *v
	alone.Earlier = nil
	if *tile, err = t.ransTile(t.planes[:0], &alone, b, c, 0); err == nil {
		a.Without += tile.Cost()
	}
	return err
}
