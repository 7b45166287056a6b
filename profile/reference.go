package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/internal/wire"
)

// Sections that a reader may skip, and this package understands if it is asked. A profile with bytes in them that are none of these
// sections is a profile all the same: nothing is decoded by them.
const (
	tagReference = 160
	tagLineage   = 161
)

// Limits of a reference.
const (
	MaxWatched    = 128 // edges
	MaxReferences = 512 // images whose rows are kept
	MaxStreams    = 64  // numbers of a row
	CodeClasses   = 16
	CodeGroups    = 16 // of channels
)

// Statistic is one that is taken of an edge in every image (package drift).
type Statistic int

// The statistics, in the order of the section.
const (
	CodedBits Statistic = iota // stored bits per value
	OwnBits                    // entropy of its own codes
	ModelBits                  // the same codes by the reference's classes
	Zeros                      // share of codes that are 0
	Escapes                    // share of codes that leave the edge's bits
	Level                      // log2 of 1/16 and the mean magnitude of codes
	Statistics
)

var statisticNames = [Statistics]string{"coded bits", "own bits", "model bits", "zeros", "escapes", "level"}

func (s Statistic) String() string { return name(statisticNames[:], int(s)) }

// Moments are a mean over images and the standard deviation of images around it.
type Moments struct{ Mean, Spread float32 }

// Reference is what the counters of clean images look like, learned on calibration images.
type Reference struct {
	Edges []ReferenceEdge // in the profile's order
	// Rows are what a test for changes looks at, image by image, in 1/16 of the spread that streams have; of the images in their
	// order, in runs of Run images that followed each other.
	Rows [][]int8
	Run  int
	// Coded are the first of a row's numbers: coded bits. The others are of codes.
	Coded int
}

// ReferenceEdge is one edge's.
type ReferenceEdge struct {
	Edge       int
	Statistics [Statistics]Moments
	Classes    [CodeClasses]uint16 // shares of classes of codes, in 1/65,535
	Groups     []Moments           // mean codes of groups of channels
}

// Lineage says what a profile was made of when its network's images had changed.
type Lineage struct {
	Parent [32]byte // digest of the profile before
	Reason string
	Level  string // tables, steps or full
	Data   Data   // what it was repaired by
}

// ErrNoSection is that of a section which a profile lacks.
var ErrNoSection = errors.New("the profile has no such section")

func (p *Profile) extra(tag uint8) int {
	return slices.IndexFunc(p.Extra, func(x Extra) bool { return x.Tag == tag })
}

// setExtra replaces a section; without data it is left out.
func (p *Profile) setExtra(tag uint8, data []byte) {
	kept := slices.DeleteFunc(slices.Clone(p.Extra), func(x Extra) bool { return x.Tag == tag })
	if data != nil {
		kept = append(kept, Extra{tag, data})
		slices.SortFunc(kept, func(a, b Extra) int { return int(a.Tag) - int(b.Tag) })
	}
	p.Extra = kept
}

// SetReference keeps a reference in the profile, or none if r is nil. Errors are what Reference would refuse.
func (p *Profile) SetReference(r *Reference) error {
	if r == nil {
		p.setExtra(tagReference, nil)
		return nil
	}
	if err := r.validate(p); err != nil {
		return err
	}
	p.setExtra(tagReference, r.append(nil))
	return nil
}

// Reference is the profile's; ErrNoSection if it has none. Other errors are *wire.Error: bytes that are no reference.
func (p *Profile) Reference() (*Reference, error) {
	k := p.extra(tagReference)
	if k < 0 {
		return nil, fmt.Errorf("%w: reference", ErrNoSection)
	}
	rd := wire.NewReader(p.Extra[k].Data)
	rd.Section("profile reference")
	r := &Reference{}
	r.read(rd)
	rd.End()
	if rd.Err() == nil {
		if err := r.validate(p); err != nil {
			rd.Fail(causeOf(err), "%v", err)
		}
	}
	if rd.Err() != nil {
		return nil, rd.Err()
	}
	return r, nil
}

func (r *Reference) validate(p *Profile) error {
	if len(r.Edges) == 0 || len(r.Edges) > MaxWatched {
		return fmt.Errorf("%w: a reference of %d edges", errLimit, len(r.Edges))
	}
	last := -1
	for _, e := range r.Edges {
		if e.Edge <= last || e.Edge >= len(p.Edges) {
			return fmt.Errorf("a reference of edge %d behind %d, the profile has %d", e.Edge, last, len(p.Edges))
		}
		last = e.Edge
		if n := min(p.Edges[last].Channels, CodeGroups); len(e.Groups) != n {
			return fmt.Errorf("a reference of %d groups of channels, edge %d has %d", len(e.Groups), last, n)
		}
		for _, m := range append(e.Statistics[:], e.Groups...) {
			if !finite(m.Mean) || !finite(m.Spread) || m.Spread < 0 {
				return fmt.Errorf("a reference of mean %v, spread %v", m.Mean, m.Spread)
			}
		}
	}
	return r.validateRows()
}

func (r *Reference) validateRows() error {
	if len(r.Rows) == 0 || len(r.Rows) > MaxReferences || len(r.Rows[0]) > MaxStreams {
		return fmt.Errorf("%w: a reference of %d images", errLimit, len(r.Rows))
	}
	if r.Run < 1 || r.Run > len(r.Rows) || len(r.Rows[0]) == 0 || r.Coded < 0 || r.Coded > len(r.Rows[0]) {
		return fmt.Errorf("runs of %d images, %d of %d streams", r.Run, r.Coded, len(r.Rows[0]))
	}
	for _, row := range r.Rows {
		if len(row) != len(r.Rows[0]) {
			return fmt.Errorf("rows of %d and %d numbers", len(r.Rows[0]), len(row))
		}
	}
	return nil
}

func (m Moments) append(b []byte) []byte {
	return wire.AppendFloat32(wire.AppendFloat32(b, m.Mean), m.Spread)
}

func (r *Reference) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.Edges)))
	for _, e := range r.Edges {
		b = binary.AppendUvarint(b, uint64(e.Edge))
		for _, m := range e.Statistics {
			b = m.append(b)
		}
		for _, c := range e.Classes {
			b = binary.LittleEndian.AppendUint16(b, c)
		}
		b = append(b, byte(len(e.Groups)))
		for _, m := range e.Groups {
			b = m.append(b)
		}
	}
	for _, n := range []int{len(r.Rows), r.Run, len(r.Rows[0]), r.Coded} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, row := range r.Rows {
		for _, v := range row {
			b = append(b, byte(v))
		}
	}
	return b
}

func readMoments(rd *wire.Reader) Moments { return Moments{rd.Float32(), rd.Float32()} }

func (r *Reference) read(rd *wire.Reader) {
	for range rd.Count(MaxWatched, 1, "edges of a reference") {
		e := ReferenceEdge{Edge: rd.Uvarint(MaxEdges, "edge of a reference")}
		for s := range e.Statistics {
			e.Statistics[s] = readMoments(rd)
		}
		for c := range e.Classes {
			e.Classes[c] = uint16(rd.U8()) | uint16(rd.U8())<<8
		}
		groups := int(rd.U8())
		if rd.Err() == nil && groups > CodeGroups {
			rd.Fail(wire.ErrValue, "%d groups of channels", groups)
		}
		for i := 0; i < groups && rd.Err() == nil; i++ {
			e.Groups = append(e.Groups, readMoments(rd))
		}
		if rd.Err() != nil {
			return
		}
		r.Edges = append(r.Edges, e)
	}
	images := rd.Uvarint(MaxReferences, "images of a reference")
	r.Run = rd.Uvarint(MaxReferences, "images in a row")
	streams := rd.Uvarint(MaxStreams, "numbers of an image")
	r.Coded = rd.Uvarint(MaxStreams, "numbers of coded bits")
	for range images {
		row := make([]int8, streams)
		for i, v := range rd.Bytes(streams) {
			row[i] = int8(v)
		}
		if rd.Err() != nil {
			return
		}
		r.Rows = append(r.Rows, row)
	}
}

// SetLineage keeps where the profile comes from, or nothing if l is nil.
func (p *Profile) SetLineage(l *Lineage) error {
	if l == nil {
		p.setExtra(tagLineage, nil)
		return nil
	}
	for _, s := range []string{l.Reason, l.Level, l.Data.Spec} {
		if len(s) > maxString {
			return fmt.Errorf("%w: a string of %d bytes", errLimit, len(s))
		}
	}
	if l.Data.Images < 0 || l.Data.Images > math.MaxInt32 {
		return fmt.Errorf("%d images", l.Data.Images)
	}
	b := append([]byte(nil), l.Parent[:]...)
	b = wire.AppendString(wire.AppendString(b, l.Reason), l.Level)
	b = append(wire.AppendString(b, l.Data.Spec), l.Data.Digest[:]...)
	p.setExtra(tagLineage, binary.AppendUvarint(b, uint64(l.Data.Images)))
	return nil
}

// Lineage is the profile's; ErrNoSection if it has none. Other errors are *wire.Error.
func (p *Profile) Lineage() (*Lineage, error) {
	k := p.extra(tagLineage)
	if k < 0 {
		return nil, fmt.Errorf("%w: lineage", ErrNoSection)
	}
	r := wire.NewReader(p.Extra[k].Data)
	r.Section("profile lineage")
	l := &Lineage{}
	copy(l.Parent[:], r.Bytes(32))
	l.Reason, l.Level = r.String(maxString, "reason"), r.String(maxString, "level")
	l.Data.Spec = r.String(maxString, "data spec")
	copy(l.Data.Digest[:], r.Bytes(32))
	l.Data.Images = r.Uvarint(math.MaxInt32, "number of images")
	r.End()
	if r.Err() != nil {
		return nil, r.Err()
	}
	return l, nil
}
