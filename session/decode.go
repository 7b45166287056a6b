package session

import (
	"fmt"
	"io"
	"path/filepath"

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
	Bytes    int // of all frames
}

// Decode restores what a frame stores, as the network computes with it (dqa.Correct); it needs no network. Errors are
// *dqa.FormatError; a frame of another profile wraps dqa.ErrProfile, one that is too large dqa.ErrMemory. Who decodes many
// frames uses a dqa.Decoder.
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
	d := &Decoded{Complete: dec.Complete(), Bytes: len(frame)}
	for i := range p.Edges {
		e := &p.Edges[i]
		dqa.Correct(e, values[i])
		d.Edges = append(d.Edges, Array{Name: e.Name, Shape: shapeOf(e), Data: values[i]})
	}
	return d, nil
}

// DecodeAll decodes n frames, of which frame gives the bytes: one array per edge, with the images along its first axis, as
// RunAll has them. Complete tells whether all frames were. What they would take together is bounded by MaxMemory, too.
func DecodeAll(p *profile.Profile, n int, frame func(i int) ([]byte, error), opt DecodeOptions) (*Decoded, error) {
	codec, err := dqa.Limits{MaxMemory: opt.MaxMemory}.NewCodec(p)
	if err != nil {
		return nil, err
	}
	limit := opt.MaxMemory
	if limit <= 0 {
		limit = dqa.DefaultMaxMemory
	}
	if need := 4 * p.Elements(); need > 0 && int64(n) > limit/need {
		return nil, fmt.Errorf("%w: %d frames of %d values take more than the %d MiB that are allowed",
			dqa.ErrMemory, n, p.Elements(), limit>>20)
	}
	dec := codec.NewDecoder(dqa.WithBaseOnly(opt.BaseOnly), dqa.WithWorkers(opt.Workers))
	all := &Decoded{Complete: true}
	for i := range p.Edges {
		e := &p.Edges[i]
		all.Edges = append(all.Edges, Array{Name: e.Name, Shape: append([]int{n}, shapeOf(e)...), Data: make([]float32, 0, n*e.Elements())})
	}
	for k := range n {
		b, err := frame(k)
		if err != nil {
			return nil, err
		}
		values, err := dec.Decode(b)
		if err != nil {
			return nil, err
		}
		all.Bytes += len(b)
		all.Complete = all.Complete && dec.Complete()
		for i := range p.Edges {
			dqa.Correct(&p.Edges[i], values[i])
			all.Edges[i].Data = append(all.Edges[i].Data, values[i]...)
		}
	}
	return all, nil
}

// DecodeFolder is DecodeAll of the frames of a folder (FramesOf), which read gets by their paths.
func DecodeFolder(p *profile.Profile, dir string, read func(path string) ([]byte, error), opt DecodeOptions) (*Decoded, error) {
	frames, err := FramesOf(dir)
	if err != nil {
		return nil, err
	}
	return DecodeAll(p, len(frames), func(i int) ([]byte, error) { return read(filepath.Join(dir, frames[i].Frame)) }, opt)
}

// DecodeSummary is what frames became.
type DecodeSummary struct {
	Output     string `json:"output"`
	Arrays     int    `json:"arrays"`
	Values     int64  `json:"values"`
	FrameBytes int    `json:"frame_bytes"`
	BaseOnly   bool   `json:"base_only"` // without the refinements of a scalable frame
	// NonFinite values are infinite: scales near the largest float32 make them.
	NonFinite int64 `json:"nonfinite,omitempty"`
}

// Summary sums up arrays that were written to output.
func (d *Decoded) Summary(output string) *DecodeSummary {
	s := &DecodeSummary{Output: output, Arrays: len(d.Edges), FrameBytes: d.Bytes, BaseOnly: !d.Complete}
	for _, a := range d.Edges {
		s.Values += int64(len(a.Data))
		for _, v := range a.Data {
			if v-v != 0 {
				s.NonFinite++
			}
		}
	}
	return s
}

// WriteText writes a summary as people read it.
func (s *DecodeSummary) WriteText(w io.Writer) error {
	note := ""
	if s.BaseOnly {
		note = ", base only"
	}
	_, err := fmt.Fprintf(w, "%s: %d arrays, %d values from %d bytes%s\n", s.Output, s.Arrays, s.Values, s.FrameBytes, note)
	return err
}

func shapeOf(e *profile.Edge) []int {
	if e.ChannelsLast {
		return []int{e.Rows, e.Cols, e.Channels}
	}
	return []int{e.Channels, e.Rows, e.Cols}
}
