package profile

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/internal/wire"
)

// Limits that are checked before memory is allocated.
const (
	MaxEdges    = 1 << 16
	MaxChannels = 1 << 20
	MaxElements = 1 << 28 // values of one edge
	MinBits     = 2       // n
	MaxBits     = 8
	MaxExtra    = 4 // m
	MaxModels   = 1 << 8
	maxString   = 1 << 12
	maxDim      = 1 << 28
	maxList     = 1 << 10
)

const magic = "DQAP"

// Section tags, in file order.
const (
	tagOrigin = iota + 1
	tagPreprocess
	tagMethod
	tagEdges
	tagModels
	tagBias
	tagEvidence
	tagGain
)

var sectionNames = map[int]string{
	tagOrigin: "origin", tagPreprocess: "preprocess", tagMethod: "method", tagEdges: "edges", tagModels: "models",
	tagBias: "bias", tagEvidence: "evidence", tagGain: "gain", tagReference: "reference", tagLineage: "lineage",
}

// Section is a part of an encoded profile, for inspection. The sizes of all sections sum to the size of the file.
type Section struct {
	Name string
	Size int
}

// Encode validates the profile and returns its bytes. Equal profiles give equal bytes.
func (p *Profile) Encode() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p.append(nil), nil
}

// Append appends the encoded profile to dst. It panics if Validate fails.
func (p *Profile) Append(dst []byte) []byte {
	if err := p.Validate(); err != nil {
		panic("profile: Append of an invalid profile: " + err.Error())
	}
	return p.append(dst)
}

func (p *Profile) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	version := p.version()
	dst = append(dst, version)
	dst = appendSection(dst, tagOrigin, p.appendOrigin(nil))
	if version == version1 {
		dst = appendSection(dst, tagPreprocess, p.Preprocess.append(nil))
	} else {
		dst = appendSection(dst, tagPreprocess, p.Preprocess.append2(nil))
	}
	dst = appendSection(dst, tagMethod, p.appendSetting(nil))
	dst = appendSection(dst, tagEdges, p.appendEdges(nil))
	dst = appendSection(dst, tagModels, p.appendFrequencies(nil))
	dst = appendSection(dst, tagBias, p.appendBias(nil))
	dst = appendSection(dst, tagEvidence, p.appendEvidence(nil))
	if version > version1 {
		dst = appendSection(dst, tagGain, p.appendGain(nil))
	}
	for _, x := range p.Extra {
		dst = appendSection(dst, x.Tag, x.Data)
	}
	return wire.AppendCRC(dst, start)
}

func appendSection(dst []byte, tag byte, payload []byte) []byte {
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	return append(dst, payload...)
}

// Parse decodes a profile. Errors are *wire.Error with section and offset; src is not kept.
func Parse(src []byte) (*Profile, error) {
	p, _, err := ParseSections(src)
	return p, err
}

// ParseSections is Parse, and tells how large each section is.
func ParseSections(src []byte) (*Profile, []Section, error) {
	r := wire.NewReader(src)
	r.Section("profile header")
	switch string(r.Bytes(len(magic))) {
	case magic:
	case "DQAF":
		r.Fail(wire.ErrMagic, "this is a frame, not a profile")
	default:
		r.Fail(wire.ErrMagic, "not a DQA profile")
	}
	version := r.U8()
	if r.Err() == nil && (version < version1 || version > Version) {
		r.Fail(wire.ErrVersion, "profile has schema version %d, this program reads %d to %d", version, version1, Version)
	}
	checkTrailer(r, src)
	p := &Profile{}
	sections := append([]Section{{"header", r.Offset()}}, p.readSections(r, version)...)
	r.Section("profile checksum")
	start := r.Offset()
	r.U32() // compared by checkTrailer
	r.End()
	sections = append(sections, Section{"checksum", r.Offset() - start})
	if r.Err() == nil {
		r.Section("profile")
		if err := p.Validate(); err != nil {
			r.Fail(causeOf(err), "%v", err)
		} else if version != p.version() {
			r.Fail(wire.ErrValue, "version %d, version %d has a place for all that it holds", version, p.version())
		}
	}
	if r.Err() != nil {
		return nil, nil, r.Err()
	}
	return p, sections, nil
}

// readSections reads what lies between header and checksum.
func (p *Profile) readSections(r *wire.Reader, version byte) (sections []Section) {
	last := tagEvidence
	if version > version1 {
		last = tagGain
	}
	for tag := tagOrigin; tag <= last; tag++ {
		start := r.Offset()
		p.readSection(r, tag, version)
		sections = append(sections, Section{sectionNames[tag], r.Offset() - start})
	}
	if version > version1 {
		sections = append(sections, p.readExtras(r)...)
	}
	return sections
}

// causeOf is what kind of error a validation's is.
func causeOf(err error) error {
	if errors.Is(err, errLimit) || errors.Is(err, rans.ErrLive) {
		return wire.ErrLimit
	}
	return wire.ErrValue
}

// checkTrailer compares the checksum before anything is believed.
func checkTrailer(r *wire.Reader, src []byte) {
	if r.Err() != nil {
		return
	}
	n := len(src) - 4
	if n < r.Offset() {
		r.Fail(wire.ErrTruncated, "no room for a checksum")
		return
	}
	if got, want := binary.LittleEndian.Uint32(src[n:]), wire.CRC(src[:n]); got != want {
		r.Section("profile checksum")
		r.Fail(wire.ErrChecksum, "stored %08x, computed %08x: the profile is damaged or cut off", got, want)
	}
}

func (p *Profile) readSection(r *wire.Reader, tag int, version byte) {
	r.Section("profile " + sectionNames[tag])
	if got := r.U8(); r.Err() == nil && int(got) != tag {
		r.Fail(wire.ErrValue, "section tag %d, %d expected", got, tag)
	}
	size := r.Count(math.MaxInt32, 1, "section bytes")
	end := r.Offset() + size
	switch tag {
	case tagOrigin:
		p.readOrigin(r)
	case tagPreprocess:
		p.Preprocess.read(r, version)
	case tagMethod:
		p.readSetting(r)
	case tagEdges:
		p.readEdges(r, version)
	case tagModels:
		p.readFrequencies(r)
	case tagBias:
		p.readBias(r)
	case tagEvidence:
		p.readEvidence(r, size)
	case tagGain:
		p.readGain(r)
	}
	if r.Err() == nil && r.Offset() != end {
		r.Fail(wire.ErrValue, "section is %d bytes longer than its length says", r.Offset()-end)
	}
}

func (p *Profile) appendOrigin(b []byte) []byte {
	b = wire.AppendString(b, p.Tool)
	b = wire.AppendString(b, p.ISA)
	b = binary.LittleEndian.AppendUint64(b, p.Seed)
	b = wire.AppendString(b, p.Network.Name)
	b = append(b, p.Network.Digest[:]...)
	b = wire.AppendString(b, p.Data.Spec)
	b = append(b, p.Data.Digest[:]...)
	b = binary.AppendUvarint(b, uint64(p.Data.Images))
	b = wire.AppendString(b, p.EdgeSet)
	b = binary.AppendUvarint(b, uint64(len(p.Skip)))
	for _, name := range p.Skip {
		b = wire.AppendString(b, name)
	}
	return b
}

func (p *Profile) readOrigin(r *wire.Reader) {
	p.Tool = r.String(maxString, "tool version")
	p.ISA = r.String(maxString, "instruction set")
	p.Seed = r.U64()
	p.Network.Name = r.String(maxString, "model name")
	copy(p.Network.Digest[:], r.Bytes(32))
	p.Data.Spec = r.String(maxString, "data spec")
	copy(p.Data.Digest[:], r.Bytes(32))
	p.Data.Images = r.Uvarint(math.MaxInt32, "number of images")
	p.EdgeSet = r.String(maxString, "edge set")
	n := r.Count(MaxEdges, 1, "skipped edges")
	for i := 0; i < n && r.Err() == nil; i++ {
		p.Skip = append(p.Skip, r.String(maxString, "skipped edge"))
	}
}

func (p *Profile) appendSetting(b []byte) []byte {
	s := p.Setting
	b = wire.AppendString(b, s.Name)
	b = append(b, byte(s.Bits), byte(s.ExtraBits))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.Ratio))
	b = wire.AppendString(b, s.Ranking)
	b = wire.AppendBools(b, []bool{s.Unsigned, s.Global, s.Pow2, s.Channels})
	b = append(b, byte(s.Scale), byte(p.Coder))
	b = append(b, byte(s.Refine), byte(s.Dial))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(s.Goal))
}

func (p *Profile) readSetting(r *wire.Reader) {
	s := &p.Setting
	s.Name = r.String(maxString, "method name")
	s.Bits, s.ExtraBits = int(r.U8()), int(r.U8())
	s.Ratio = r.Float64()
	s.Ranking = r.String(maxString, "ranking")
	if asked := r.Bools(4, "unsigned, global, pow2, channels"); asked != nil {
		s.Unsigned, s.Global, s.Pow2, s.Channels = asked[0], asked[1], asked[2], asked[3]
	}
	s.Scale, p.Coder = ScaleMode(r.U8()), Coder(r.U8())
	s.Refine, s.Dial = int(r.U8()), Dial(r.U8())
	s.Goal = r.Float64()
}

func appendSize(b []byte, s Size) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Height)), uint64(s.Width))
}

func readSize(r *wire.Reader, what string) Size {
	return Size{Height: r.Uvarint(maxDim, what), Width: r.Uvarint(maxDim, what)}
}

func appendFloats(b []byte, v []float32) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	for _, x := range v {
		b = wire.AppendFloat32(b, x)
	}
	return b
}

func readFloats(r *wire.Reader, limit uint64, what string) []float32 {
	n := r.Count(limit, 4, what)
	if n == 0 {
		return nil
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = r.Float32()
	}
	return v
}

func appendInts(b []byte, v []int) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	for _, x := range v {
		b = binary.AppendUvarint(b, uint64(x))
	}
	return b
}

func readInts(r *wire.Reader, what string) []int {
	n := r.Count(maxList, 1, what)
	if n == 0 {
		return nil
	}
	v := make([]int, n)
	for i := range v {
		v[i] = r.Uvarint(maxDim, what)
	}
	return v
}

func (p *Preprocess) append(b []byte) []byte {
	b = p.appendFront(b)
	layout, ignore := p.layoutWords()
	b = wire.AppendString(b, layout)
	b = appendInts(b, p.Shape)
	b = appendInts(b, ignore)
	return append(b, byte(int8(p.LabelShift)))
}

// appendFront appends the fields that all versions begin with.
func (p *Preprocess) appendFront(b []byte) []byte {
	b = appendSize(b, p.Resize)
	b = appendSize(b, p.Crop)
	b = wire.AppendFloat32(b, p.Divisor)
	b = appendFloats(b, p.Mean)
	b = appendFloats(b, p.Std)
	return wire.AppendString(b, p.Channels)
}

func (p *Preprocess) read(r *wire.Reader, version byte) {
	p.Resize = readSize(r, "resize")
	p.Crop = readSize(r, "crop")
	p.Divisor = r.Float32()
	p.Mean = readFloats(r, maxList, "mean")
	p.Std = readFloats(r, maxList, "std")
	p.Channels = r.String(maxString, "channels")
	if version > version1 {
		p.read2(r)
		return
	}
	layout := r.String(maxString, "layout")
	p.Shape = readInts(r, "shape")
	p.Ignore = readInts(r, "ignored labels")
	p.setLayoutWords(layout)
	p.LabelShift = int(int8(r.U8()))
}

// Flags of an edge.
const (
	flagChannelsLast = 1 << iota
	flagOneSided
	flagUnsigned
	flagEscape
	flagRowSums
	flagMax       // of version 1
	flagDC        = flagMax
	flagTransform = flagDC << 1
	flagEarlier   = flagTransform << 1 // the last bit
)

func (p *Profile) appendEdges(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.Edges)))
	for i := range p.Edges {
		b = p.Edges[i].append(b)
	}
	return b
}

func (p *Profile) readEdges(r *wire.Reader, version byte) {
	n := r.Count(MaxEdges, 8, "edges")
	for i := 0; i < n && r.Err() == nil; i++ {
		var e Edge
		e.read(r, version)
		p.Edges = append(p.Edges, e)
	}
}

// appendFrequencies writes every model's number of symbols, those from the first to the last that have a frequency, and their
// frequencies; the escape's is what is left.
func (p *Profile) appendFrequencies(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.Frequencies)))
	for _, m := range p.Frequencies {
		n := len(m) - 1
		first, end := 0, n
		for end > 0 && m[end-1] == 0 {
			end--
		}
		for first < end && m[first] == 0 {
			first++
		}
		for _, v := range []int{n, first, end - first} {
			b = binary.AppendUvarint(b, uint64(v))
		}
		for _, f := range m[first:end] {
			b = binary.AppendUvarint(b, uint64(f))
		}
	}
	return b
}

func (p *Profile) readFrequencies(r *wire.Reader) {
	n := r.Count(MaxModels, 4, "models")
	for i := 0; i < n && r.Err() == nil; i++ {
		p.Frequencies = append(p.Frequencies, readModel(r))
	}
}

func readModel(r *wire.Reader) []uint16 {
	symbols := r.Uvarint(rans.MaxSymbols, "symbols of a model")
	first := r.Uvarint(math.MaxInt32, "first symbol of a model")
	n := r.Uvarint(math.MaxInt32, "frequencies of a model")
	if r.Err() == nil && (first > symbols || n > symbols-first) { // their sum may be beyond 32 bits
		r.Fail(wire.ErrValue, "%d frequencies from symbol %d on, there are %d symbols", n, first, symbols)
	}
	if r.Err() != nil {
		return nil
	}
	m, left := make([]uint16, symbols+1), 1<<rans.ProbBits
	for s := range n {
		f := r.Uvarint(math.MaxInt32, "frequency")
		if f > left {
			r.Fail(wire.ErrValue, "frequency %d, %d are left", f, left)
			return nil
		}
		m[first+s] = uint16(f)
		left -= f
	}
	if n > 0 && (m[first] == 0 || m[first+n-1] == 0) || n == 0 && first > 0 {
		r.Fail(wire.ErrValue, "the first and the last frequency of a model must not be 0")
	}
	m[symbols] = uint16(left)
	return m
}

func (e *Edge) append(b []byte) []byte {
	b = wire.AppendString(b, e.Name)
	for _, v := range []int{e.Channels, e.Rows, e.Cols, e.Tile.Channels, e.Tile.Rows} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	var flags byte
	for i, set := range []bool{e.ChannelsLast, e.OneSided, e.Unsigned, e.Escape, e.RowSums, e.DC, e.Transform != nil, e.Earlier != nil} {
		if set {
			flags |= 1 << i
		}
	}
	b = append(b, flags, byte(e.Bits), byte(e.ExtraBits), byte(e.Scale), byte(e.Map), byte(e.Coder), byte(e.Refine))
	if e.ExtraBits > 0 {
		b = wire.AppendBools(b, e.Important)
	}
	for _, s := range e.Steps {
		b = wire.AppendFloat32(b, s)
	}
	for _, c := range e.Clip {
		b = wire.AppendFloat32(b, c)
	}
	if e.Map == Noisy {
		b = wire.AppendFloat32(b, e.Noise.Amplitude)
		b = binary.LittleEndian.AppendUint64(b, e.Noise.Seed)
	}
	if e.Transform != nil {
		b = e.Transform.append(b)
	}
	b = appendNibbles(b, e.Table)
	if e.Prefix != nil {
		b = append(b, byte(e.Prefix.Center), e.Prefix.Group, e.Prefix.LowBits)
		b = appendNibbles(b, e.Prefix.Lengths[:])
		b = append(b, e.Prefix.Words[:]...)
	}
	if e.Taps != nil {
		b = e.Taps.append(b)
	}
	b = append(b, e.Models...)
	if e.Earlier != nil {
		b = e.Earlier.append(b, e.sides())
	}
	return b
}

func (e *Edge) read(r *wire.Reader, version byte) {
	e.Name = r.String(maxString, "edge name")
	e.Channels = r.Uvarint(MaxChannels, "channels")
	e.Rows = r.Uvarint(maxDim, "rows")
	e.Cols = r.Uvarint(maxDim, "columns")
	e.Tile = Tile{Channels: r.Uvarint(MaxChannels, "tile channels"), Rows: r.Uvarint(maxDim, "tile rows")}
	flags := r.U8()
	if version == version1 && flags >= flagMax {
		r.Fail(wire.ErrValue, "edge flags %#x unknown", flags)
	}
	e.ChannelsLast = flags&flagChannelsLast != 0
	e.OneSided = flags&flagOneSided != 0
	e.Unsigned = flags&flagUnsigned != 0
	e.Escape = flags&flagEscape != 0
	e.RowSums = flags&flagRowSums != 0
	e.DC = flags&flagDC != 0
	if flags&flagTransform != 0 {
		e.Transform = &Transform{}
	}
	e.Bits, e.ExtraBits, e.Scale, e.Map, e.Coder = int(r.U8()), int(r.U8()), ScaleMode(r.U8()), LevelMap(r.U8()), Coder(r.U8())
	e.Refine = int(r.U8())
	if r.Err() != nil {
		return
	}
	if e.Coder == Smallest2 && version == version1 {
		r.Fail(wire.ErrValue, "coder %d unknown in version %d", e.Coder, version)
		return
	}
	if e.Coder != Smallest2 && flags&flagEarlier != 0 {
		r.Fail(wire.ErrValue, "an earlier edge, coder %s", e.Coder)
		return
	}
	if err := e.validateShape(); err != nil {
		r.Fail(causeOf(err), "%v", err)
		return
	}
	if e.ExtraBits > 0 {
		e.Important = r.Bools(e.Channels, "important channels")
	}
	if r.Err() == nil && e.Scale.Static() {
		e.Steps = readSlots(r, e.NumScales(), "steps")
	}
	if r.Err() == nil && e.Map == Clipped {
		e.Clip = readSlots(r, e.NumScales(), "clipping ratios")
	}
	if e.Map == Noisy {
		e.Noise = quant.Noise{Amplitude: r.Float32(), Seed: r.U64()}
	}
	if r.Err() == nil && e.Transform != nil {
		e.Transform.read(r, e.Channels)
	}
	if n := e.NumSymbols(); r.Err() == nil && n > 0 {
		e.Table = readNibbles(r, n)
	}
	if r.Err() == nil && e.Coder == Fast {
		e.readPrefix(r)
	}
	if r.Err() == nil && e.Coder == Smallest2 {
		e.Taps = &Taps{}
		e.Taps.read(r, e)
	}
	if r.Err() == nil && e.Coder.Modelled() {
		e.Models = slices.Clone(r.Bytes(e.NumModels()))
	}
	if r.Err() == nil && flags&flagEarlier != 0 {
		e.readEarlier(r)
	}
}

func (e *Edge) readPrefix(r *wire.Reader) {
	p := &prefix.Params{}
	p.Low, p.High = e.CodeRange()
	p.Center, p.Group, p.LowBits = int8(r.U8()), r.U8(), r.U8()
	copy(p.Lengths[:], readNibbles(r, len(p.Lengths)))
	copy(p.Words[:], r.Bytes(len(p.Words)))
	e.Prefix = p
}

// readSlots reads one number per scale slot.
func readSlots(r *wire.Reader, n int, what string) []float32 {
	if n > r.Len()/4 {
		r.Fail(wire.ErrTruncated, "%d %s wanted, %d bytes left", n, what, r.Len())
		return nil
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = r.Float32()
	}
	return v
}

// appendNibbles stores code lengths, two a byte, the first in the low half.
func appendNibbles(b []byte, lengths []uint8) []byte {
	for i, l := range lengths {
		if i%2 == 0 {
			b = append(b, l)
		} else {
			b[len(b)-1] |= l << 4
		}
	}
	return b
}

func readNibbles(r *wire.Reader, n int) []uint8 {
	b := r.Bytes((n + 1) / 2)
	if b == nil {
		return nil
	}
	if n%2 == 1 && b[len(b)-1]>>4 != 0 {
		r.Fail(wire.ErrValue, "unused half byte of a table is set")
		return nil
	}
	lengths := make([]uint8, n)
	for i := range lengths {
		lengths[i] = b[i/2] >> (i % 2 * 4) & 15
	}
	return lengths
}
