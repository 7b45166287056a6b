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
	*tapsMemory
	models *rans.TapModels
}

type tapsMemory struct {
	rans   rans.Coder
	planes []rans.Plane
	tile   rans.Tile // of planes
}

// A stream of so many lanes has the mode modeStream less the logarithm of their number.
var leastTapMode = modeStream - (bits.Len(rans.MaxLanes) - 1)

func newTaps(e *profile.Edge, shared *shared) (Factory, error) {
	if shared.taps == nil {
		shared.taps = rans.NewTapSet(shared.models)
	}
	models := shared.taps.Models(&e.Taps.Taps, e.Models)
	return func(s *Scratch) Coder {
		t := &taps{whole{quantizer: quantizer{e, s}}, memoryOf[tapsMemory](s), models}
		t.stream = t
		return t
	}, nil
}

func (t *taps) modes() (least, most int) { return leastTapMode, modeStream }

func (t *taps) mode() byte { return byte(modeStream - (bits.Len(uint(t.tile.Lanes())) - 1)) }

// tileOf are a tile's codes as package rans sees them; lanes is 0 where the writer may choose.
func (t *taps) tileOf(b profile.Bounds, c codes, lanes int) *rans.Tile {
	e := t.edge
	t.planes = t.planes[:0]
	r, low := e.Levels(b.C0), e.Lowest(b.C0)
	for ch := b.C0; ch < b.C1; ch++ {
		p := rans.Plane{Low: low, Min: r.Low, Max: r.High, Offset: e.Taps.Offset(ch)}
		if c.bytes != nil {
			p.Bytes = band(c.bytes, e, b, ch)
		} else {
			p.Codes = band(c.wide, e, b, ch)
		}
		t.planes = append(t.planes, p)
	}
	t.tile = rans.Tile{Rows: b.R1 - b.R0, Cols: e.Cols, Planes: t.planes, Taps: &e.Taps.Taps, TapModels: t.models, TapLanes: lanes}
	return &t.tile
}

func (t *taps) appendStream(dst []byte, b profile.Bounds, c codes) (out []byte, ok bool) {
	return t.rans.Append(dst, t.tileOf(b, c, 0)), true
}

func (t *taps) decodeStream(b profile.Bounds, mode int, src []byte) (codes, error) {
	n, lanes := t.edge.TileSize(b), 1<<(modeStream-mode)
	if lanes > b.C1-b.C0 {
		return codes{}, fmt.Errorf("%d lanes of %d planes", lanes, b.C1-b.C0)
	}
	if t.edge.FitsBytes() {
		t.bytes = resize(t.bytes, n)
		c := codes{bytes: t.bytes}
		if t.rans.Decode(t.tileOf(b, c, lanes), src) == nil {
			return c, nil
		}
	} // else a code is, or may be, beyond a byte
	t.wide = resize(t.wide, n)
	c := codes{wide: t.wide}
	return c, t.rans.Decode(t.tileOf(b, c, lanes), src)
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
	tile := t.tileOf(b, c, 1<<(modeStream-int(p.Base[0])))
	states := rans.StateBytes * tile.Lanes()
	if states > rans.StateBytes {
		states += rans.TailBytes
	}
	a.States += states
	a.Coded += len(p.Base) - 1 - states
	a.IdealBits += tile.Cost()
	return nil
}
