package dqa

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/profile"
)

// FrameVersion is the version of the format of frames that encoders write.
const FrameVersion = frame.Version

// Codec is a profile made ready for use: tables built, digest computed. It is immutable and may be shared. Only NewCodec
// makes one.
type Codec struct {
	profile   *profile.Profile
	factories []tile.Factory // of the edges' coders
	refined   int            // number of edges with refinements
	depths    []int          // of edges: how many others come first, each for the next
	needed    []bool         // of edges: another one needs their codes
	digest    [frame.DigestSize]byte
	size      int   // of the encoded profile
	left      int64 // memory that decoded tensors may take
}

// NewCodec checks p and builds its tables, within the default Limits. p must not be changed afterwards.
func NewCodec(p *profile.Profile) (*Codec, error) { return Limits{}.NewCodec(p) }

func newCodec(p *profile.Profile) (*Codec, error) {
	encoded, err := p.Encode() // validated once: a profile may be large
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	factories, err := tile.Factories(p)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	c := &Codec{profile: p, factories: factories, size: len(encoded)}
	c.depths, c.needed = profile.Depths(p.Edges)
	digest := sha256.Sum256(encoded)
	copy(c.digest[:], digest[:])
	for i := range p.Edges {
		if n := p.Edges[i].NumTiles(); n > frame.MaxTiles {
			return nil, fmt.Errorf("profile: edge %d %q: %w: %d tiles, a frame has at most %d", i, p.Edges[i].Name, ErrLimit, n, frame.MaxTiles)
		}
		if p.Edges[i].Refine > 0 {
			c.refined++
		}
	}
	return c, nil
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

// Option is one of an Encoder or a Decoder, which has it from the beginning on.
type Option func(*options)

type options struct {
	workers  int
	baseOnly bool
	counters *Counters
}

// WithWorkers is the number of goroutines that code the tiles of an image; without it, or below 1, it is 1. Frames and
// values do not depend on it.
func WithWorkers(n int) Option { return func(o *options) { o.workers = n } }

// WithBaseOnly says whether to do without the refinements of scalable profiles: an encoder leaves them out, and gives the
// values that a receiver restores without them; a decoder takes every frame as if it ended before them.
func WithBaseOnly(b bool) Option { return func(o *options) { o.baseOnly = b } }

// coding is an image's coding by this codec. It panics if NewCodec has not made the codec: a caller's bug.
func (c *Codec) coding(opts []Option) coding {
	if c == nil || c.profile == nil {
		panic("dqa: a Codec that NewCodec has not made")
	}
	var o options
	for _, set := range opts {
		set(&o)
	}
	return newCoding(c, o)
}

// errNotMade is what the zero value of an Encoder or a Decoder answers.
var errNotMade = errors.New("an Encoder or Decoder that no Codec has made")
