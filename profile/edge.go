package profile

import (
	"math"

	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/simd"
)

// Edge is how one stored tensor is quantized, cut and coded.
type Edge struct {
	Name string
	Geometry
	Quantizer
	Coding
}

// Geometry is how the values of one image lie in memory and are cut.
type Geometry struct {
	Channels, Rows, Cols int  // planes of one image; ChannelsLast as in graph.Edge
	ChannelsLast         bool // element (c, r, x) lies at (r*Cols+x)*Channels+c, else at (c*Rows+r)*Cols+x
	Tile                 Tile
}

// Quantizer is how values become codes.
type Quantizer struct {
	OneSided        bool   // values cannot be negative
	RowSums         bool   // rows along the last axis sum to 1: the engine spreads what they lack
	Unsigned        bool   // codes are 0..2^N-1, else two's complement
	Bits, ExtraBits int    // n and m
	Important       []bool // per channel: has n+m bits; nil when ExtraBits is 0
	Escape          bool   // codes may leave the n bits, for 16 (coders of whole codes only)
	Scale           ScaleMode
	Steps           []float32 // static scale modes: one per scale slot (NumScales)
	Map             LevelMap
	Clip            []float32  // map Clipped: share of the maximum that is kept, 0..1, one per scale slot
	Noise           Noise      // map Noisy: amplitude 0..1
	DC              bool       // tiles hold what the means of their channels lack, in sixteenths of a step
	Transform       *Transform // of channels, before they are quantized; nil: none
}

// Coding is how codes become bytes.
type Coding struct {
	Coder  Coder
	Refine int           // low bits of a code that are stored apart: a receiver may do without them; 0: none
	Table  []uint8       // coder Paper: lengths of the words of shift errors, see NumSymbols
	Prefix *PrefixParams // coder Fast, see CodeRange
	Models []uint8       // modelled coders: indices in Profile.Frequencies, see NumModels and ModelSlots
	Taps   *Taps         // coder Smallest2
	// Earlier is how the coder Smallest2 codes an edge beside an earlier one of the same geometry; nil: it does without.
	Earlier *Earlier
}

// Taps choose the models of the coder Smallest2: weights of neighbours, which all channels share, and what is expected of every
// channel besides.
type Taps struct {
	rans.Taps
	Base  int16   // in 1/128 of a code
	Unit  uint8   // the same
	Parts []uint8 // one per channel; nil where Unit is 0
}

// Offset is what is expected of the codes of channel c beyond what their neighbours say, in 1/128.
func (t *Taps) Offset(c int) int16 {
	v := int(t.Base)
	if t.Unit > 0 {
		v += int(t.Unit) * int(t.Parts[c])
	}
	return int16(min(v, math.MaxInt16))
}

// MaxTapCols is the greatest number of columns of an edge of the coder Smallest2.
const MaxTapCols = rans.MaxTapRow

// Noise is a fixed bias of every position, in steps.
type Noise = quant.Noise

// PrefixParams choose the prefix code of the coder Fast.
type PrefixParams = prefix.Params

// Range is the lowest and the highest code.
type Range = quant.Range

// Elements is the number of values of one image.
func (e *Edge) Elements() int { return e.Channels * e.Rows * e.Cols }

// IsImportant tells whether channel c has ExtraBits more.
func (e *Edge) IsImportant(c int) bool { return e.Important != nil && e.Important[c] }

// WideBits is the number of bits of channel c's codes before the shift: n or n+m.
func (e *Edge) WideBits(c int) int {
	if e.IsImportant(c) {
		return e.Bits + e.ExtraBits
	}
	return e.Bits
}

// NumImportant counts the important channels.
func (e *Edge) NumImportant() int {
	n := 0
	for _, b := range e.Important {
		if b {
			n++
		}
	}
	return n
}

// NumScales is the number of scale slots: one per channel, or per tensor one for the unimportant channels and one
// for the important ones.
func (e *Edge) NumScales() int {
	if e.Scale.PerChannel() {
		return e.Channels
	}
	return 2
}

// ScaleSlot is the index of channel c's scale.
func (e *Edge) ScaleSlot(c int) int {
	switch {
	case e.Scale.PerChannel():
		return c
	case e.IsImportant(c):
		return 1
	}
	return 0
}

// CodeRange are the least and the greatest whole code that the coder Fast has words for: those of the widest channel, or
// all bytes if codes may be escaped.
func (e *Edge) CodeRange() (low, high int16) {
	bits := e.Bits + e.ExtraBits
	if e.Escape {
		bits = MaxBits
	}
	r := e.levels(bits)
	return r.Low, r.High
}

// NumSymbols is the alphabet of Table, 0 where no channel has shift errors or the coder is another.
func (e *Edge) NumSymbols() int {
	if e.Coder != Paper || e.NumImportant() == 0 {
		return 0
	}
	return huffman.NumSymbols(e.ExtraBits)
}

// RefineClasses is the number of models of refinements: by what is known of the code (RefineClass).
const RefineClasses = 5

// RefineClass of a code without its low bits: -2 and below, -1, 0, 1, 2 and above.
func RefineClass(base int16) int { return int(max(-2, min(2, base))) + 2 }

// Base is the edge as its base part is coded: codes without their low Refine bits. Tables, models and steps are shared.
func (e *Edge) Base() Edge {
	b := *e
	b.Bits, b.Refine = e.Bits-e.Refine, 0
	if e.Refine > 0 && e.Models != nil {
		b.Models = e.Models[:len(e.Models)-RefineClasses]
	}
	return b
}

// RefineModels are the models of refinements, by class; nil where there are none.
func (e *Edge) RefineModels() []uint8 {
	if e.Refine == 0 || e.Models == nil {
		return nil
	}
	return e.Models[len(e.Models)-RefineClasses:]
}

// NumModels is the length of Models: one per channel, or rans.NumContexts for the unimportant channels and, if any
// channel has ExtraBits, as many for the important ones; then RefineClasses if the edge has refinements.
func (e *Edge) NumModels() int {
	n := rans.NumContexts
	switch {
	case e.Coder == Small:
		n = e.Channels
	case e.Coder == Smallest2:
		return rans.NumTapContexts
	case e.ExtraBits > 0:
		n = 2 * rans.NumContexts
	}
	if e.Refine > 0 {
		n += RefineClasses
	}
	return n
}

// ModelSlots is the part of Models that channel c uses: one, or one per context.
func (e *Edge) ModelSlots(c int) (from, to int) {
	switch {
	case e.Coder == Small:
		return c, c + 1
	case e.Coder == Smallest2:
		return 0, rans.NumTapContexts
	case e.IsImportant(c):
		return rans.NumContexts, 2 * rans.NumContexts
	}
	return 0, rans.NumContexts
}

// PlaneSize is the number of values of a channel.
func (e *Edge) PlaneSize() int { return e.Rows * e.Cols }

// RowLength is the length of the last axis in memory.
func (e *Edge) RowLength() int {
	if e.ChannelsLast {
		return e.Channels
	}
	return e.Cols
}

// ExtraBitsOf are those that channel c has beyond Bits: ExtraBits or none.
func (e *Edge) ExtraBitsOf(c int) int {
	if e.IsImportant(c) {
		return e.ExtraBits
	}
	return 0
}

// Lowest is the code of channel c's symbol 0: the lowest one that its bits hold.
func (e *Edge) Lowest(c int) int16 { return e.levels(e.WideBits(c)).Low }

// Levels are the codes that channel c may have: those of its bits, or of 16 where they may be escaped.
func (e *Edge) Levels(c int) Range {
	switch {
	case !e.Escape:
		return e.levels(e.WideBits(c))
	case e.Unsigned:
		return Range{Low: 0, High: math.MaxInt16}
	}
	return Range{Low: math.MinInt16, High: math.MaxInt16}
}

// ByteLevels are those of Levels that a byte has room for.
func (e *Edge) ByteLevels(c int) Range {
	if e.Escape {
		return e.levels(8)
	}
	return e.levels(min(8, e.WideBits(c)))
}

// levels are the codes of so many bits.
func (e *Edge) levels(bits int) Range {
	if e.Unsigned {
		return quant.Unsigned(bits)
	}
	return quant.Signed(bits)
}

// FitsBytes tells whether all codes but escaped ones fit a byte.
func (e *Edge) FitsBytes() bool { return e.Bits+e.ExtraBits <= 8 }

// Maximum is what a scale is made of: the largest finite magnitude of x, or for unsigned codes the largest finite value.
func (e *Edge) Maximum(x []float32) float32 {
	if e.Unsigned {
		return quant.Max(x)
	}
	top, _ := quant.AbsMax(x)
	return top
}

// ScaleFor gives the scale of channel c for a maximum of what the scale belongs to: scale_n, or scale_{n+m} where the
// channel is important. Of clipped maxima a share is covered.
func (e *Edge) ScaleFor(c int, maximum float32) quant.Scale {
	if e.Map == Clipped {
		maximum = float32(maximum * e.Clip[e.ScaleSlot(c)])
	}
	if e.Unsigned {
		return quant.UnsignedScale(maximum, e.WideBits(c))
	}
	return quant.SignedScale(maximum, e.WideBits(c))
}

// Correct gives rows that summed to 1 before quantizing what they lack, in equal parts, if the edge's do (METHOD section 4.3).
// data are whole rows.
func (e *Edge) Correct(data []float32) {
	if !e.RowSums {
		return
	}
	simd.Complete(data, e.RowLength())
}
