package dqa

import (
	"encoding/binary"
	"fmt"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// cut fills c with what codes are without the low bits that are stored apart.
func (c *Codes) cut(e *profile.Edge, codes *Codes) {
	c.Scales, c.base = codes.Scales, true
	c.Wide = resize(c.Wide, len(codes.Wide))
	for i, w := range codes.Wide {
		c.Wide[i] = w >> e.Refine
	}
}

// appendRefinement appends the low bits of the tile's codes (spec/frame.md, section "refinements"): in the coder raw as
// bit planes; else by classes of the codes' base, those that have any, each with its length before it.
func (t *tileBuffers) appendRefinement(dst []byte, c *Codec, i int, b profile.Bounds, wide []int16) []byte {
	e := c.edge(i)
	t.classify(e, b, wide, e.Refine)
	if e.RefineModels() == nil {
		return bitplane.Append(dst, t.low, e.Refine)
	}
	for class, codes := range t.classes {
		if len(codes) == 0 {
			continue
		}
		t.coded = t.appendClass(t.coded[:0], c.refineTile(i, class, codes), e.Refine)
		dst = binary.AppendUvarint(dst, uint64(len(t.coded)))
		dst = append(dst, t.coded...)
	}
	return dst
}

// classify fills low with the tile's low bits, in order, and classes with the same by class. shift is how far the base
// of a code lies above: 0 if wide holds bases.
func (t *tileBuffers) classify(e *profile.Edge, b profile.Bounds, wide []int16, shift int) {
	t.low = t.low[:0]
	for k := range t.classes {
		t.classes[k] = t.classes[k][:0]
	}
	mask := int16(1)<<e.Refine - 1
	for ch := b.C0; ch < b.C1; ch++ {
		for _, w := range band(e, b, ch, wide) {
			k := profile.RefineClass(w >> shift)
			t.low = append(t.low, w&mask)
			t.classes[k] = append(t.classes[k], w&mask)
		}
	}
}

// refineTile is the refinements of one class as entropy sees them: one row.
func (c *Codec) refineTile(i, class int, codes []int16) *rans.Tile {
	n := len(c.models[i]) - profile.RefineClasses + class
	return &rans.Tile{Rows: 1, Cols: len(codes), Planes: []rans.Plane{{
		Codes: codes, Models: c.models[i][n : n+1], Low: 0, Min: 0, Max: int16(1)<<c.edge(i).Refine - 1,
	}}}
}

// appendClass codes one class by its model, or plainly where that is no longer.
func (t *tileBuffers) appendClass(dst []byte, tile *rans.Tile, bits int) []byte {
	start := len(dst)
	dst = t.rans.Append(append(dst, coded), tile)
	codes := tile.Planes[0].Codes
	if len(dst)-start <= bitplane.Size(len(codes), bits) {
		return dst
	}
	return bitplane.Append(append(dst[:start], byte(bits)), codes, bits)
}

// decodeRefinement is the inverse of appendRefinement: it turns the tile's bases into codes.
func (t *tileBuffers) decodeRefinement(c *Codec, i int, b profile.Bounds, src []byte, wide []int16) error {
	e := c.edge(i)
	t.classify(e, b, wide, 0)
	if e.RefineModels() == nil {
		if err := bitplane.Unpack(t.low, src, e.Refine, false); err != nil {
			return fmt.Errorf("%w: refinement: %w", wire.ErrValue, err)
		}
		next := 0
		t.refine(e, b, wide, func(int16) int16 { next++; return t.low[next-1] })
		return nil
	}
	r := wire.NewReader(src)
	for class, codes := range t.classes {
		if len(codes) == 0 {
			continue
		}
		part := r.Bytes(r.Count(uint64(len(src)), 1, "refinement of a class"))
		if r.Err() != nil {
			return r.Err()
		}
		if err := t.decodeClass(c.refineTile(i, class, codes), part, e.Refine); err != nil {
			return fmt.Errorf("%w: refinement of class %d: %w", wire.ErrValue, class, err)
		}
	}
	if r.End(); r.Err() != nil {
		return r.Err()
	}
	var next [profile.RefineClasses]int
	t.refine(e, b, wide, func(base int16) int16 {
		k := profile.RefineClass(base)
		next[k]++
		return t.classes[k][next[k]-1]
	})
	return nil
}

// refine puts the low bits below every base of the tile.
func (t *tileBuffers) refine(e *profile.Edge, b profile.Bounds, wide []int16, low func(base int16) int16) {
	for ch := b.C0; ch < b.C1; ch++ {
		part := band(e, b, ch, wide)
		for j, base := range part {
			part[j] = base<<e.Refine | low(base)
		}
	}
}

func (t *tileBuffers) decodeClass(tile *rans.Tile, src []byte, bits int) error {
	switch {
	case len(src) == 0:
		return fmt.Errorf("%w: it is empty", wire.ErrTruncated)
	case src[0] == coded:
		return t.rans.Decode(tile, src[1:])
	case int(src[0]) == bits:
		return bitplane.Unpack(tile.Planes[0].Codes, src[1:], bits, false)
	}
	return fmt.Errorf("mode %d unknown", src[0])
}
