package dqa

import (
	"fmt"
	"sync"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// Codec is a profile made ready for use: tables built, digest computed. It is immutable and may be shared.
type Codec struct {
	profile *profile.Profile
	coded   []profile.Edge // as their base parts are coded
	refined int            // number of edges with refinements
	fused   []bool         // by edge: fusable
	digest  [frame.DigestSize]byte
	size    int             // of the encoded profile
	tables  []*huffman.Code // of shift errors, by edge; nil where there are none
	models  [][]*rans.Model // by edge, as profile.Edge.Models
	fast    []*prefix.Code  // by edge; nil for other coders
	planned sync.Once
	units   []unit  // tiles of edges that are fused
	batches []batch // which of them are coded together
}

// NewCodec checks p and builds its tables. p must not be changed afterwards.
func NewCodec(p *profile.Profile) (*Codec, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	encoded := p.Append(nil)
	c := &Codec{profile: p, size: len(encoded), tables: make([]*huffman.Code, len(p.Edges)), fast: make([]*prefix.Code, len(p.Edges))}
	if err := c.newModels(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	digest := p.Digest()
	copy(c.digest[:], digest[:])
	for i := range p.Edges {
		c.coded = append(c.coded, p.Edges[i].Base())
		c.fused = append(c.fused, fusable(&p.Edges[i]))
		if p.Edges[i].Refine > 0 {
			c.refined++
		}
		var err error
		if p.Edges[i].Prefix != nil {
			if c.fast[i], err = prefix.NewCode(*p.Edges[i].Prefix); err != nil {
				return nil, fmt.Errorf("profile: edge %d %q: %w", i, p.Edges[i].Name, err)
			}
		}
		if lengths := p.Edges[i].Table; len(lengths) > 0 {
			if c.tables[i], err = huffman.NewCode(p.Edges[i].ExtraBits, lengths); err != nil {
				return nil, fmt.Errorf("profile: edge %d %q: %w", i, p.Edges[i].Name, err)
			}
		}
	}
	return c, nil
}

func (c *Codec) newModels() error {
	var all []*rans.Model
	for i, freq := range c.profile.Frequencies {
		m, err := rans.NewModel(freq)
		if err != nil {
			return fmt.Errorf("model %d: %w", i, err)
		}
		all = append(all, m)
	}
	c.models = make([][]*rans.Model, len(c.profile.Edges))
	for i := range c.profile.Edges {
		for _, k := range c.profile.Edges[i].Models {
			c.models[i] = append(c.models[i], all[k])
		}
	}
	return nil
}

// Profile is what the codec was made of.
func (c *Codec) Profile() *profile.Profile { return c.profile }

// ProfileBytes is the size of the encoded profile: what a device must have once, besides the frames.
func (c *Codec) ProfileBytes() int { return c.size }

// edge is as the profile has it. It panics on an index that no profile can mean: a caller's bug.
func (c *Codec) edge(i int) *profile.Edge {
	if i < 0 || i >= len(c.profile.Edges) {
		panic(fmt.Sprintf("dqa: edge %d of %d", i, len(c.profile.Edges)))
	}
	return &c.profile.Edges[i]
}

// codedEdge is the edge as its base part is coded.
func (c *Codec) codedEdge(i int) *profile.Edge { return &c.coded[i] }
