package session

import (
	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// DecodeOptions steer decoding. The zero value works.
type DecodeOptions struct {
	BaseOnly bool // do without the refinements of a scalable frame
	Workers  int  // goroutines; 0 or less: one
	// MaxMemory bounds what the frame may take, in bytes (dqa.Limits); 0: dqa.DefaultMaxMemory.
	MaxMemory int64
}

// Decoded are the activations of one frame.
type Decoded struct {
	Edges []Array // by edge: channels x rows x columns, or rows x columns x channels where channels come last
	// Complete tells whether the refinements of a scalable frame were there and used.
	Complete bool
}

// Decode restores what a frame stores; it needs no network. Errors are *dqa.FormatError; a frame of another profile wraps
// dqa.ErrProfile, one that is too large dqa.ErrMemory. Who decodes many frames uses a dqa.Decoder.
func Decode(p *profile.Profile, frame []byte, opt DecodeOptions) (*Decoded, error) {
	codec, err := dqa.Limits{MaxMemory: opt.MaxMemory}.NewCodec(p)
	if err != nil {
		return nil, err
	}
	dec := codec.NewDecoder(dqa.WithBaseOnly(opt.BaseOnly), dqa.WithWorkers(opt.Workers))
	values, err := dec.Decode(frame)
	if err != nil {
		return nil, err
	}
	d := &Decoded{Complete: dec.Complete()}
	for i := range p.Edges {
		e := &p.Edges[i]
		shape := []int{e.Channels, e.Rows, e.Cols}
		if e.ChannelsLast {
			shape = []int{e.Rows, e.Cols, e.Channels}
		}
		d.Edges = append(d.Edges, Array{Name: e.Name, Shape: shape, Data: values[i]})
	}
	return d, nil
}
