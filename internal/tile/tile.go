// Package tile turns the values of a tile into its payload and back (spec/frame.md, section "Tile payload").
//
// An edge has a Coder, of which there is one per goroutine: one file per coder, chosen once, by the table below. Most
// tiles go from float32 to bit planes or bytes and back channel by channel, in the processor's first-level cache. What
// does not fit there (codes beyond a byte, noise, values that are not finite) takes a slower way inside the coder;
// payloads do not depend on the way.
package tile

import (
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// Coder codes the tiles of one edge. It belongs to one goroutine.
type Coder interface {
	// Encode appends the payload of the part b of v.Source and, if v.Restored is not nil, writes there what a decoder
	// will restore. It returns the number of values that are not finite.
	Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int)
	// Decode writes the part b of v.Restored. Errors wrap a cause of wire.Error; what is written is then undefined.
	Decode(v *Values, b profile.Bounds, p Payload) error
}

// Payload is what a tile is stored as.
type Payload struct {
	Base []byte
	Low  []byte // low bits that a scalable profile stores apart; nil: there are none, or they are left out
}

// newCoder makes what an edge's coder needs, but for memory.
type newCoder func(e *profile.Edge, s *shared) (Factory, error)

// shared is what all edges of a profile share.
type shared struct {
	models []*rans.Model
	taps   *rans.TapSet // of models; nil: no edge has asked for it
}

// modelsOf are those that numbers name.
func (s *shared) modelsOf(numbers []uint8) []*rans.Model {
	models := make([]*rans.Model, len(numbers))
	for i, k := range numbers {
		models[i] = s.models[k]
	}
	return models
}

// coders has one line per coder.
var coders = map[profile.Coder]newCoder{
	profile.Raw:      newPlanes,
	profile.Paper:    newPlanes,
	profile.Fast:     newFast,
	profile.Small:    newRANS,
	profile.Smallest: newRANS,

	profile.Smallest2: newTaps,
}

// Factory makes the Coder of an edge for a goroutine, on its memory. It may be shared.
type Factory func(s *Scratch) Coder

// Factories are those of a valid profile, edge by edge.
func Factories(p *profile.Profile) ([]Factory, error) {
	var s shared
	for i, freq := range p.Frequencies {
		m, err := rans.NewModel(freq)
		if err != nil {
			return nil, fmt.Errorf("model %d: %w", i, err)
		}
		s.models = append(s.models, m)
	}
	all := make([]Factory, len(p.Edges))
	for i := range p.Edges {
		var err error
		if all[i], err = newFactory(&p.Edges[i], &s); err != nil {
			return nil, fmt.Errorf("edge %d %q: %w", i, p.Edges[i].Name, err)
		}
	}
	return all, nil
}

func newFactory(e *profile.Edge, s *shared) (Factory, error) {
	if e.Refine > 0 {
		return newRefine(e, s)
	}
	build, ok := coders[e.Coder]
	if !ok {
		return nil, fmt.Errorf("no coder %s", e.Coder)
	}
	f, err := build(e, s)
	switch {
	case err != nil:
	case e.DC:
		f = newDC(e, f)
	case e.Transform != nil:
		f = newTransform(e, f)
	}
	return f, err
}

// Tile is a tile on its way. Edge and Number are its caller's.
type Tile struct {
	Coder        Coder
	Values       *Values
	Bounds       profile.Bounds
	Edge, Number int
	Payload      Payload // what Encode makes, in memory that it uses again, and Decode reads
	NonFinite    int     // counted by Encode
	Err          error   // of Decode
}

// Batcher is a Coder that is faster on tiles of one shape together.
type Batcher interface {
	Coder
	// Alike tells whether the part b can be coded together with the part c of another edge or of the same.
	Alike(b profile.Bounds, other Coder, c profile.Bounds) bool
	EncodeAll(tiles []Tile)
	DecodeAll(tiles []Tile)
}

// MaxBatch is the number of tiles that are coded together, at most.
const MaxBatch = 8

// Alike tells whether two tiles can be coded together.
func Alike(t, u *Tile) bool {
	b, ok := t.Coder.(Batcher)
	return ok && b.Alike(t.Bounds, u.Coder, u.Bounds)
}

// Encode encodes up to MaxBatch tiles that are alike, or one.
func Encode(tiles []Tile) {
	for i := range tiles {
		tiles[i].Payload = Payload{Base: tiles[i].Payload.Base[:0], Low: tiles[i].Payload.Low[:0]}
	}
	if len(tiles) > 1 {
		tiles[0].Coder.(Batcher).EncodeAll(tiles)
		return
	}
	tiles[0].encode()
}

// Decode decodes up to MaxBatch tiles that are alike, or one.
func Decode(tiles []Tile) {
	if len(tiles) > 1 {
		tiles[0].Coder.(Batcher).DecodeAll(tiles)
		return
	}
	tiles[0].decode()
}

func (t *Tile) encode() { t.NonFinite = t.Coder.Encode(&t.Payload, t.Values, t.Bounds) }

func (t *Tile) decode() { t.Err = t.Coder.Decode(t.Values, t.Bounds, t.Payload) }

// Account is what payloads are spent on, in bytes; see dqa.Account.
type Account struct {
	Modes, States, Plain, Coded, Means int
	IdealBits                          float64
	// Of tiles that are coded beside an earlier edge: their share of IdealBits, and what they would take without.
	Beside, Without float64
}

// Accounter is a Coder that can tell.
type Accounter interface {
	// Account adds up what a payload is spent on. Errors are those of Decode; of v it needs and keeps codes, as that does.
	Account(a *Account, v *Values, b profile.Bounds, p Payload) error
}

// AccounterOf is the Accounter that makes the base payloads of a Coder, if it is one.
func AccounterOf(c Coder) (a Accounter, ok bool) {
	switch r := c.(type) {
	case *refine:
		c = r.base
	case *baseOnly:
		c = r.base
	case *transform:
		c = r.base
	}
	if d, is := c.(*dc); is {
		if _, ok := d.base.(Accounter); !ok {
			return nil, false
		}
	}
	a, ok = c.(Accounter)
	return a, ok
}

var errEmpty = errors.New("an empty tile")
