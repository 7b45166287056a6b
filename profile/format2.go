package profile

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
)

// Versions of the schema. A profile is written in the first one that has a place for all that it holds, and in no other:
// equal profiles have equal bytes, and what an older program can use it can read.
const (
	// version1 has seven sections.
	version1 = 1
	// version2 has fields for how pictures are resized and for negative labels, the coder Smallest2 with earlier edges, gains beside
	// biases, means per channel of every image (Edge.DC), transforms of channels, and sections that a reader may skip.
	version2 = 2
)

// Extra is a section that readers who do not know it skip. It is kept as it is.
type Extra struct {
	Tag  uint8 // FirstExtra or above
	Data []byte
}

// FirstExtra is the first tag of sections that may be skipped.
const FirstExtra = 128

// maxExtra bounds what is kept of sections that nobody understands.
const maxExtra = 1 << 24

// Gain is what the output of one node is multiplied by, per channel, before a Bias is added: 1 + Codes[c] / 512. It is applied
// by the engine, never by a decoder.
type Gain struct {
	Node  string
	Codes []int8
}

// Values are the factors.
func (g *Gain) Values() []float32 {
	v := make([]float32, len(g.Codes))
	for c, q := range g.Codes {
		v[c] = 1 + float32(q)/gainUnit
	}
	return v
}

const gainUnit = 512

// GainCode is the code of the factor nearest to v.
func GainCode(v float64) int8 {
	return int8(max(math.MinInt8, min(math.MaxInt8, math.RoundToEven((v-1)*gainUnit))))
}

// SchemaVersion is the version of the schema that the profile is written in: readers of it and of later ones can read it.
func (p *Profile) SchemaVersion() int { return int(p.version()) }

// version is that of the schema which the profile is written in.
func (p *Profile) version() byte {
	if len(p.Gain) > 0 || len(p.Extra) > 0 {
		return version2
	}
	for i := range p.Edges {
		if e := &p.Edges[i]; e.DC || e.Transform != nil || e.Coder == Smallest2 {
			return version2
		}
	}
	if p.Coder == Smallest2 {
		return version2
	}
	return version1
}

func (t *Taps) append(b []byte) []byte {
	return t.appendWeights(binary.AppendUvarint(b, uint64(t.Grid)))
}

// appendWeights is append without the grid.
func (t *Taps) appendWeights(b []byte) []byte {
	b = appendWeights(b, t.Magnitude)
	if t.TwoSided {
		b = appendWeights(b, t.Signed)
	}
	b = wire.AppendBools(b, []bool{t.Flat})
	b = append(binary.LittleEndian.AppendUint16(b, uint16(t.Base)), t.Unit)
	b = append(b, t.Parts...)
	return wire.AppendBools(b, t.Relative[:])
}

func appendWeights(b []byte, weights [rans.NumTaps]int8) []byte {
	for _, w := range weights {
		b = append(b, byte(w))
	}
	return b
}

func (t *Taps) read(r *wire.Reader, e *Edge) {
	t.Grid = r.Uvarint(rans.MaxGrid, "width of a grid")
	t.readWeights(r, e)
}

// readWeights is read without the grid.
func (t *Taps) readWeights(r *wire.Reader, e *Edge) {
	readWeights(r, &t.Magnitude)
	if t.TwoSided = !e.OneSided; t.TwoSided {
		readWeights(r, &t.Signed)
	}
	if set := r.Bools(1, "flat"); set != nil {
		t.Flat = set[0]
	}
	t.Base = int16(uint16(r.U8()) | uint16(r.U8())<<8)
	if t.Unit = r.U8(); t.Unit > 0 {
		t.Parts = append(t.Parts, r.Bytes(e.Channels)...)
	}
	copy(t.Relative[:], r.Bools(rans.NumTapContexts, "relative contexts"))
}

func readWeights(r *wire.Reader, weights *[rans.NumTaps]int8) {
	for i, w := range r.Bytes(rans.NumTaps) {
		weights[i] = int8(w)
	}
}

func (p *Profile) appendGain(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.Gain)))
	for _, g := range p.Gain {
		b = wire.AppendString(b, g.Node)
		b = binary.AppendUvarint(b, uint64(len(g.Codes)))
		for _, q := range g.Codes {
			b = append(b, byte(q))
		}
	}
	return b
}

func (p *Profile) readGain(r *wire.Reader) {
	n := r.Count(maxNodes, 2, "nodes with gains")
	for i := 0; i < n && r.Err() == nil; i++ {
		g := Gain{Node: r.String(maxString, "node name")}
		for _, q := range r.Bytes(r.Count(MaxChannels, 1, "gains")) {
			g.Codes = append(g.Codes, int8(q))
		}
		p.Gain = append(p.Gain, g)
	}
}

// readExtras reads the sections up to the checksum.
func (p *Profile) readExtras(r *wire.Reader) (sections []Section) {
	for r.Err() == nil && r.Len() > 4 {
		start := r.Offset()
		r.Section("profile section")
		x := Extra{Tag: r.U8()}
		x.Data = append(x.Data, r.Bytes(r.Count(maxExtra, 1, "section bytes"))...)
		p.Extra = append(p.Extra, x)
		name := sectionNames[int(x.Tag)]
		if name == "" {
			name = fmt.Sprintf("tag %d", x.Tag)
		}
		sections = append(sections, Section{name, r.Offset() - start})
	}
	return sections
}

func (p *Profile) validateExtras() error {
	last := FirstExtra - 1
	for _, x := range p.Extra {
		if int(x.Tag) <= last || len(x.Data) > maxExtra {
			return fmt.Errorf("section with tag %d of %d bytes behind tag %d", x.Tag, len(x.Data), last)
		}
		last = int(x.Tag)
	}
	for _, g := range p.Gain {
		if len(g.Node) > maxString || len(g.Codes) > MaxChannels {
			return fmt.Errorf("gain of node %.40q: %d channels", g.Node, len(g.Codes))
		}
	}
	return nil
}

// append2 is append in version 2: whatever a picture's preparation needs has a field.
func (p *Preprocess) append2(b []byte) []byte {
	b = p.appendFront(b)
	b = wire.AppendString(b, p.Layout)
	b = append(b, resampleNumbers[p.Resample])
	b = wire.AppendBools(b, []bool{p.AsStored})
	b = appendInts(b, p.Shape)
	b = binary.AppendUvarint(b, uint64(len(p.Ignore)))
	for _, label := range p.Ignore {
		b = binary.AppendVarint(b, int64(label))
	}
	return append(b, byte(int8(p.LabelShift)))
}

// read2 reads what follows the fields that all versions begin with.
func (p *Preprocess) read2(r *wire.Reader) {
	p.Layout = r.String(maxString, "layout")
	number := int(r.U8())
	p.Resample = Resample(fmt.Sprint(number))
	for name, k := range resampleNumbers {
		if int(k) == number {
			p.Resample = name
		}
	}
	if set := r.Bools(1, "as stored"); set != nil {
		p.AsStored = set[0]
	}
	p.Shape = readInts(r, "shape")
	for range r.Count(maxList, 1, "ignored labels") {
		zigzag := r.Uvarint(2*maxDim, "ignored label")
		p.Ignore = append(p.Ignore, zigzag>>1^-(zigzag&1))
	}
	p.LabelShift = int(int8(r.U8()))
}

var resampleNumbers = map[Resample]byte{Bilinear: 0, Bicubic: 1, Letterbox: 2}
