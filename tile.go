package dqa

import (
	"fmt"

	"github.com/dqa-go/dqa/internal/bitplane"
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
)

// tileBuffers is the scratch memory of coding one tile (spec/frame.md, section "tile payload").
type tileBuffers struct {
	codes    []int16 // n-bit codes of all channels, or shift errors as numbers
	shift    []byte  // shift errors of important channels, or bytes with them in their low bits
	planes   []byte  // their bit planes
	channels []rans.Plane
	rans     rans.Coder
	coded    []byte
	one      rans.Tile
	fast     prefix.Coder
	huffman  huffman.Coder
	together [abreast][]byte       // codes of tiles that are coded together
	streams  [abreast][]byte       // what becomes of them
	rows     [abreast][]rans.Plane // their planes
	several  []rans.Tile
	sources  [][]byte
	own      Codes   // scales of the edge at hand, where several are decoded
	bytes    []byte  // codes of a channel
	low      []int16 // bits that are stored apart
	classes  [profile.RefineClasses][]int16
}

// append appends the payload of the tile b of edge i.
func (t *tileBuffers) append(dst []byte, c *Codec, i int, b profile.Bounds, wide []int16) []byte {
	e := c.codedEdge(i)
	if e.Coder.Whole() {
		return t.appendWhole(dst, c, i, b, wide)
	}
	t.split(e, b, wide)
	dst = bitplane.Append(dst, t.codes, e.Bits)
	switch {
	case len(t.shift) == 0:
	case e.Coder == profile.Paper:
		dst = t.huffman.Append(dst, t.shift, c.tables[i])
	default:
		dst = bitplane.AppendBytes(dst, t.shift, e.ExtraBits)
	}
	return dst
}

// split fills codes with the n-bit codes of the tile and shift with the shift errors of its important channels.
func (t *tileBuffers) split(e *profile.Edge, b profile.Bounds, wide []int16) {
	t.codes, t.shift = t.codes[:0], t.shift[:0]
	mask := int16(1)<<e.ExtraBits - 1
	for ch := b.C0; ch < b.C1; ch++ {
		part := band(e, b, ch, wide)
		if !e.IsImportant(ch) {
			t.codes = append(t.codes, part...)
			continue
		}
		for _, w := range part {
			t.codes = append(t.codes, w>>e.ExtraBits)
			t.shift = append(t.shift, byte(w&mask))
		}
	}
}

// band is the part of channel ch's plane that the tile covers.
func band(e *profile.Edge, b profile.Bounds, ch int, wide []int16) []int16 {
	plane := ch * e.Rows * e.Cols
	return wide[plane+b.R0*e.Cols : plane+b.R1*e.Cols]
}

// decode restores the wide codes of the tile from src into wide, which holds the whole edge.
func (t *tileBuffers) decode(c *Codec, i int, b profile.Bounds, src []byte, wide []int16) error {
	e := c.codedEdge(i)
	if e.Coder.Whole() {
		return t.decodeWhole(c, i, b, src, wide)
	}
	planes, err := t.splitPayload(e, b, src)
	if err != nil {
		return err
	}
	t.codes = resize(t.codes, e.TileSize(b))
	if err := bitplane.Unpack(t.codes, src[:planes], e.Bits, !e.Unsigned); err != nil {
		return fmt.Errorf("%w: code planes: %w", wire.ErrValue, err)
	}
	if err := t.decodeErrors(c, i, e.NumExtra(b), src[planes:]); err != nil {
		return errorsDamaged(err)
	}
	t.merge(e, b, wide)
	return nil
}

// splitPayload is the number of bytes of code planes that a payload begins with.
func (t *tileBuffers) splitPayload(e *profile.Edge, b profile.Bounds, src []byte) (int, error) {
	planes := bitplane.Size(e.TileSize(b), e.Bits)
	if len(src) < planes {
		return 0, fmt.Errorf("%w: %d bytes of code planes, %d wanted", wire.ErrTruncated, len(src), planes)
	}
	return planes, nil
}

func errorsDamaged(err error) error { return fmt.Errorf("%w: shift errors: %w", wire.ErrValue, err) }

// decodeErrors fills shift with n shift errors.
func (t *tileBuffers) decodeErrors(c *Codec, i, n int, src []byte) error {
	t.shift = resize(t.shift, n)
	if n == 0 {
		if len(src) != 0 {
			return fmt.Errorf("%d bytes where none belong", len(src))
		}
		return nil
	}
	if c.codedEdge(i).Coder == profile.Paper {
		return t.huffman.Decode(t.shift, src, c.tables[i])
	}
	return bitplane.UnpackBytes(t.shift, src, c.codedEdge(i).ExtraBits, false)
}

// merge is the inverse of split.
func (t *tileBuffers) merge(e *profile.Edge, b profile.Bounds, wide []int16) {
	codes, shift := t.codes, t.shift
	for ch := b.C0; ch < b.C1; ch++ {
		part := band(e, b, ch, wide)
		if e.IsImportant(ch) {
			for j := range part {
				part[j] = codes[j]<<e.ExtraBits | int16(shift[j])
			}
			shift = shift[len(part):]
		} else {
			copy(part, codes)
		}
		codes = codes[len(part):]
	}
}
