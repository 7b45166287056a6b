package tile

import (
	"encoding/binary"
	"fmt"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// refine stores the low bits of codes apart (spec/frame.md, section "Refinements"), behind a coder of the other bits: in
// the coder raw as bit planes; else by classes of the codes' base, those that have any, each with its length before it.
type refine struct {
	quantizer // of whole codes
	*refineMemory
	base   Coder
	models []*rans.Model // by class; none: bit planes
}

type refineMemory struct {
	bases   []int16
	low     []int16                        // low bits of all codes
	classes [profile.RefineClasses][]int16 // the same by class
	part    []byte
	planes  [1]rans.Plane
	tile    rans.Tile
	rans    rans.Coder
}

// RefinementError says that it is the low bits that are damaged.
type RefinementError struct{ error }

// Unwrap gives the cause.
func (e *RefinementError) Unwrap() error { return e.error }

func newRefine(e *profile.Edge, shared *shared) (Factory, error) {
	base := e.Base()
	makeBase, err := newFactory(&base, shared)
	if err != nil {
		return nil, err
	}
	models := shared.modelsOf(e.RefineModels())
	return func(s *Scratch) Coder {
		return &refine{quantizer{e, s}, memoryOf[refineMemory](s), makeBase(s), models}
	}, nil
}

// BaseOnly gives the coder that leaves low bits out: values are those of a receiver that does without them.
func BaseOnly(c Coder) Coder {
	if r, ok := c.(*refine); ok {
		return &baseOnly{r}
	}
	return c
}

type baseOnly struct{ *refine }

func (o *baseOnly) Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	_, bases, nonFinite := o.cut(v, b)
	o.restoreBase(v, b, bases)
	p.Base = o.base.(codesCoder).appendCodes(p.Base, b, codes{wide: bases})
	p.Low = nil
	return nonFinite
}

func (o *baseOnly) Decode(v *Values, b profile.Bounds, p Payload) error {
	return o.refine.Decode(v, b, Payload{Base: p.Base})
}

func (r *refine) Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	c, bases, nonFinite := r.cut(v, b)
	r.restore(v, b, c)
	p.Low = r.appendLow(p.Low, c.wide)
	p.Base = r.base.(codesCoder).appendCodes(p.Base, b, codes{wide: bases})
	return nonFinite
}

// cut gives codes, and what they are without their low bits.
func (r *refine) cut(v *Values, b profile.Bounds) (c codes, bases []int16, nonFinite int) {
	c, nonFinite = r.quantizeWide(v, b)
	r.bases = resize(r.bases, len(c.wide))
	for i, w := range c.wide {
		r.bases[i] = w >> r.edge.Refine
	}
	return c, r.bases, nonFinite
}

func (r *refine) Decode(v *Values, b profile.Bounds, p Payload) error {
	c, err := r.base.(codesCoder).decodeCodes(b, p.Base)
	if err != nil {
		return err
	}
	wide := r.widen(c)
	if err := r.checkBases(b, wide); err != nil {
		return err
	}
	if p.Low == nil {
		r.restoreBase(v, b, wide)
		return nil
	}
	if err := r.decodeLow(wide, p.Low); err != nil {
		return &RefinementError{err}
	}
	r.restore(v, b, codes{wide: wide})
	return nil
}

// checkBases refuses bases of codes that the edge may not have.
func (r *refine) checkBases(b profile.Bounds, bases []int16) error {
	e := r.edge
	for c := b.C0; c < b.C1 && e.Escape; c++ {
		levels := e.Levels(c)
		for _, w := range band(bases, e, b, c) {
			if w < levels.Low>>e.Refine || w > levels.High>>e.Refine {
				return fmt.Errorf("%w: base %d of a code that is stored without %d bits", wire.ErrValue, w, e.Refine)
			}
		}
	}
	return nil
}

// appendLow appends the low bits of codes.
func (r *refine) appendLow(dst []byte, wide []int16) []byte {
	bits := r.edge.Refine
	r.classify(wide, bits)
	if len(r.models) == 0 {
		return bitplane.Append(dst, r.low, bits)
	}
	for class, low := range r.classes {
		if len(low) == 0 {
			continue
		}
		r.part = r.appendClass(r.part[:0], class, low)
		dst = binary.AppendUvarint(dst, uint64(len(r.part)))
		dst = append(dst, r.part...)
	}
	return dst
}

// classify fills low with the low bits of codes, in order, and classes with the same by class. shift is how far the base
// of a code lies above: 0 if they are bases.
func (r *refine) classify(wide []int16, shift int) {
	r.low = r.low[:0]
	for k := range r.classes {
		r.classes[k] = r.classes[k][:0]
	}
	mask := int16(1)<<r.edge.Refine - 1
	for _, w := range wide {
		k := profile.RefineClass(w >> shift)
		r.low = append(r.low, w&mask)
		r.classes[k] = append(r.classes[k], w&mask)
	}
}

// appendClass codes one class by its model, or plainly where that is no longer.
func (r *refine) appendClass(dst []byte, class int, low []int16) []byte {
	start, bits := len(dst), r.edge.Refine
	dst = r.rans.Append(append(dst, modeStream), r.tileOf(class, low))
	if len(dst)-start <= bitplane.Size(len(low), bits) {
		return dst
	}
	return bitplane.Append(append(dst[:start], byte(bits)), low, bits)
}

// tileOf is one class as package rans sees it: one row.
func (r *refine) tileOf(class int, low []int16) *rans.Tile {
	r.planes[0] = rans.Plane{Codes: low, Models: r.models[class : class+1], Max: int16(1)<<r.edge.Refine - 1}
	r.tile = rans.Tile{Rows: 1, Cols: len(low), Planes: r.planes[:]}
	return &r.tile
}

// decodeLow turns bases into codes.
func (r *refine) decodeLow(wide []int16, src []byte) error {
	bits := r.edge.Refine
	r.classify(wide, 0)
	if len(r.models) == 0 {
		if err := bitplane.Unpack(r.low, src, bits, false); err != nil {
			return fmt.Errorf("%w: refinement: %w", wire.ErrValue, err)
		}
		for i, base := range wide {
			wide[i] = base<<bits | r.low[i]
		}
		return nil
	}
	if err := r.decodeClasses(src); err != nil {
		return err
	}
	var next [profile.RefineClasses]int
	for i, base := range wide {
		k := profile.RefineClass(base)
		wide[i] = base<<bits | r.classes[k][next[k]]
		next[k]++
	}
	return nil
}

// decodeClasses fills classes, whose lengths the bases have told.
func (r *refine) decodeClasses(src []byte) error {
	in := wire.NewReader(src)
	for class, low := range r.classes {
		if len(low) == 0 {
			continue
		}
		part := in.Bytes(in.Count(uint64(len(src)), 1, "refinement of a class"))
		if in.Err() != nil {
			return in.Err()
		}
		if err := r.decodeClass(class, low, part); err != nil {
			return fmt.Errorf("%w: refinement of class %d: %w", wire.ErrValue, class, err)
		}
	}
	in.End()
	return in.Err()
}

func (r *refine) decodeClass(class int, low []int16, src []byte) error {
	switch bits := r.edge.Refine; {
	case len(src) == 0:
		return fmt.Errorf("%w: it is empty", wire.ErrTruncated)
	case src[0] == modeStream:
		return r.rans.Decode(r.tileOf(class, low), src[1:])
	case int(src[0]) == bits:
		return bitplane.Unpack(low, src[1:], bits, false)
	}
	return fmt.Errorf("mode %d unknown", src[0])
}
