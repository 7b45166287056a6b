package dqa

import (
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/profile"
)

// DefaultMaxMemory is what Limits allow that say nothing else.
const DefaultMaxMemory = 256 << 20

// ErrMemory says that a profile or a frame would take more memory than allowed.
var ErrMemory = errors.New("more memory than allowed")

// Limits bound what the bytes of strangers may cost: a profile of 200 bytes and a frame of 100 can announce tensors of
// terabytes. The zero value means the defaults.
type Limits struct {
	// MaxMemory bounds, in bytes, what a Codec's tables and the tensors that Decoder.Decode makes take together; 0 means
	// DefaultMaxMemory. Who makes the tensors himself (All, Edge, Tile, Channel) bounds them himself.
	MaxMemory int64
}

// NewCodec is the function NewCodec within these limits. Errors wrap ErrMemory, too.
func (l Limits) NewCodec(p *profile.Profile) (*Codec, error) {
	if p == nil {
		return nil, errors.New("profile: there is none")
	}
	limit := l.MaxMemory
	if limit == 0 {
		limit = DefaultMaxMemory
	}
	tables := tile.TableBytes(p)
	if tables > limit {
		return nil, fmt.Errorf("profile: %w: the coders' tables take %s, %s are allowed", ErrMemory, mebibytes(tables), mebibytes(limit))
	}
	c, err := newCodec(p)
	if err != nil {
		return nil, err
	}
	c.left = limit - tables
	return c, nil
}

// affordTensors refuses a profile whose tensors are not to be made.
func (c *Codec) affordTensors() error {
	need := 4 * c.profile.Elements()
	for i, needed := range c.needed { // codes that later edges need
		if needed {
			need += int64(c.edge(i).Elements())
		}
	}
	if need > c.left {
		return fmt.Errorf("%w: the frame's tensors take %s, %s are left", ErrMemory, mebibytes(need), mebibytes(c.left))
	}
	return nil
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
