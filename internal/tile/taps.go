package tile

import (
	"fmt"
	"math/bits"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// taps is the coder smallest2: whole codes by asymmetric numeral systems, with models that weighted neighbours choose.
type taps struct {
	whole
	*ransMemory
	models *rans.TapModels
}

// A stream of so many lanes has the mode modeStream less the logarithm of their number.
var leastTapMode = modeStream - (bits.Len(rans.MaxLanes) - 1)

func newTaps(e *profile.Edge, shared *shared) (Factory, error) {
	if shared.taps == nil {
		shared.taps = rans.NewTapSet(shared.models)
	}
	models := shared.taps.Models(&e.Taps.Taps, e.Models)
	return func(s *Scratch) Coder {
		t := &taps{whole{quantizer: quantizer{e, s}}, memoryOf[ransMemory](s), models}
		t.stream = t
		return t
	}, nil
}

func (t *taps) modes() (least, most int) { return leastTapMode, modeStream }

func (t *taps) mode() byte { return t.modeOf(&t.tile) }

func (t *taps) modeOf(tile *rans.Tile) byte {
	return byte(modeStream - (bits.Len(uint(tile.Lanes())) - 1))
}

func (t *taps) common() *whole { return &t.whole }

func (t *taps) ransTile(planes []rans.Plane, b profile.Bounds, c codes, mode int) (rans.Tile, error) {
	e, lanes := t.edge, 0
	if mode > 0 {
		if lanes = 1 << (modeStream - mode); lanes > b.C1-b.C0 {
			return rans.Tile{}, fmt.Errorf("%d lanes of %d planes", lanes, b.C1-b.C0)
		}
	}
	r, low := e.Levels(b.C0), e.Lowest(b.C0)
	for ch := b.C0; ch < b.C1; ch++ {
		p := rans.Plane{Low: low, Min: r.Low, Max: r.High, Offset: e.Taps.Offset(ch)}
		if c.bytes != nil {
			p.Bytes = band(c.bytes, e, b, ch)
		} else {
			p.Codes = band(c.wide, e, b, ch)
		}
		planes = append(planes, p)
	}
	return rans.Tile{Rows: b.R1 - b.R0, Cols: e.Cols, Planes: planes, Taps: &e.Taps.Taps, TapModels: t.models, TapLanes: lanes}, nil
}

// tileOf is ransTile of the tile at hand.
func (t *taps) tileOf(b profile.Bounds, c codes, mode int) (*rans.Tile, error) {
	tile, err := t.ransTile(t.planes[:0], b, c, mode)
	if err == nil {
		t.tile, t.planes = tile, tile.Planes
	}
	return &t.tile, err
}

// Alike implements Batcher.
func (t *taps) Alike(b profile.Bounds, other Coder, c profile.Bounds) bool {
	o, ok := other.(*taps)
	return ok && t.bytewise() && o.bytewise() && b.C1-b.C0 == c.C1-c.C0 && b.R1-b.R0 == c.R1-c.R0 && t.edge.Cols == o.edge.Cols &&
		t.edge.Taps.Grid == o.edge.Taps.Grid
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
func (t *taps) Account(a *Account, b profile.Bounds, p Payload) error {
	c, err := t.decodeCodes(b, p.Base)
	if err != nil {
		return err
	}
	a.Modes++
	if int(p.Base[0]) < leastTapMode {
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
	a.IdealBits += tile.Cost()
	return nil
}
