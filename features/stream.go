package features

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// A stream is an array on its way through a pipe: a preface with its shape, then its chunks as frames, one behind the other
// (spec/stream.md). It carries no certificate: who packs it does not know yet what comes.

const (
	streamMagic   = "DQAS"
	streamVersion = 1
	maxStreamRank = 8
	maxStreamRows = 1 << 40
)

// StreamSummary is what went through.
type StreamSummary struct {
	Shape      []int   `json:"shape"`
	Frames     int     `json:"frames"`
	Bytes      int64   `json:"bytes"` // of the stream
	StoredBits float64 `json:"stored_bits"`
	NonFinite  int     `json:"non_finite,omitempty"` // values, while packing
}

// WriteText writes it for people.
func (s *StreamSummary) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "float32 %v in %d frames, %d bytes, %.3f bits per value\n", s.Shape, s.Frames, s.Bytes, s.StoredBits)
	if s.NonFinite > 0 {
		_, err = fmt.Fprintf(w, "%d values are not finite\n", s.NonFinite)
	}
	return err
}

func (s *StreamSummary) count(c *piece) {
	s.Frames, s.Bytes, s.NonFinite = s.Frames+1, s.Bytes+int64(len(c.frame)), s.NonFinite+c.nonFinite
	values := 1.0
	for _, d := range s.Shape {
		values *= float64(d)
	}
	s.StoredBits = 8 * float64(s.Bytes) / values
}

func prefaceSize(rank int) int { return len(streamMagic) + 2 + 8*rank + frame.DigestSize + 4 }

// appendPreface begins a stream of an array.
func appendPreface(b []byte, shape []int, digest [32]byte) []byte {
	start := len(b)
	b = append(append(b, streamMagic...), streamVersion, byte(len(shape)))
	for _, d := range shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	b = append(b, digest[:frame.DigestSize]...)
	return binary.LittleEndian.AppendUint32(b, wire.CRC(b[start:]))
}

// readPreface reads it, and how many rows of the array a frame of the profile holds.
func readPreface(r io.Reader, p *profile.Profile) (shape []int, rows, size int, err error) {
	b := make([]byte, len(streamMagic)+2)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, 0, 0, fmt.Errorf("%w: no preface: %w", ErrStore, wire.ErrTruncated)
	}
	rank := int(b[len(b)-1])
	switch {
	case string(b[:4]) != streamMagic:
		return nil, 0, 0, fmt.Errorf("%w: it begins with %q: no stream of dqa pack -o -", ErrStore, b[:4])
	case b[4] != streamVersion || rank < 1 || rank > maxStreamRank:
		return nil, 0, 0, fmt.Errorf("%w: a stream of version %d with %d axes", ErrStore, b[4], rank)
	}
	n := len(b)
	b = append(b, make([]byte, prefaceSize(rank)-n)...)
	if _, err := io.ReadFull(r, b[n:]); err != nil {
		return nil, 0, 0, fmt.Errorf("%w: its preface: %w", ErrStore, wire.ErrTruncated)
	}
	end := len(b) - 4
	if binary.LittleEndian.Uint32(b[end:]) != wire.CRC(b[:end]) {
		return nil, 0, 0, fmt.Errorf("%w: its preface: %w", ErrStore, wire.ErrChecksum)
	}
	if digest := p.Digest(); string(b[end-frame.DigestSize:end]) != string(digest[:frame.DigestSize]) {
		return nil, 0, 0, fmt.Errorf("%w: the stream was packed with the profile %x, and this one is %x", ErrProfile,
			b[end-frame.DigestSize:end], digest[:frame.DigestSize])
	}
	return parseShape(b[n:end-frame.DigestSize], p)
}

func parseShape(b []byte, p *profile.Profile) (shape []int, rows, size int, err error) {
	if len(p.Edges) != 1 {
		return nil, 0, 0, fmt.Errorf("%w: it has %d edges: it is a network's, not an array's", ErrProfile, len(p.Edges))
	}
	elements, row := p.Edges[0].Elements(), 1
	for i := 0; len(b) > 0; i, b = i+1, b[8:] {
		d := binary.LittleEndian.Uint64(b)
		if i == 0 && d > maxStreamRows || i > 0 && (d < 1 || d > uint64(elements/row)) {
			return nil, 0, 0, fmt.Errorf("%w: a shape that does not fit chunks of %d values", ErrStore, elements)
		}
		if shape = append(shape, int(d)); i > 0 {
			row *= int(d)
		}
	}
	if elements%row != 0 {
		return nil, 0, 0, fmt.Errorf("%w: rows of %d values in chunks of %d", ErrStore, row, elements)
	}
	return shape, elements / row, row, nil
}

// perWorker is how many chunks a worker has at hand.
const perWorker = 4

// piece is a chunk on its way through a stream.
type piece struct {
	first, rows int // of the array
	values      []float32
	frame       []byte
	nonFinite   int
}

// flow takes the chunks of an array through a stream: read in order, worked on by several goroutines, written in order.
type flow struct {
	total, rows, workers int // rows of the array, and of a chunk
	read                 func(p *piece) error
	work                 func(worker int, p *piece) error
	write                func(p *piece) error
	progress             func(done int)
}

func (f *flow) run(ctx context.Context) error {
	pieces := make([]piece, perWorker*f.workers)
	for at := 0; at < f.total; {
		n := 0
		for ; n < len(pieces) && at < f.total; n++ {
			p := &pieces[n]
			p.first, p.rows = at, min(f.rows, f.total-at)
			if err := f.read(p); err != nil {
				return err
			}
			at += p.rows
		}
		err := parallel.Ordered(ctx, n, f.workers, func(k, i int) (*piece, error) {
			return &pieces[i], f.work(k, &pieces[i])
		}, func(_ int, p *piece) error { return f.write(p) })
		if err != nil {
			return err
		}
		f.progress(at)
	}
	return nil
}

// PackStream writes the array as a stream: only some chunks for each worker are in memory. Errors are those of Pack and of writing.
func PackStream(ctx context.Context, w io.Writer, x Rows, p *profile.Profile, opt PackOptions) (*StreamSummary, error) {
	shape := x.Shape()
	if opt.Axes == "" {
		opt.Axes = DefaultAxes(len(shape))
	}
	rows, err := checkProfile(p, opt.Axes, shape)
	if err != nil {
		return nil, err
	}
	codec, err := opt.Limits.NewCodec(p)
	if err != nil {
		return nil, err
	}
	out, row, encoders := &StreamSummary{Shape: shape}, p.Edges[0].Elements()/rows, make([]*dqa.Encoder, max(1, opt.Workers))
	for k := range encoders {
		encoders[k] = codec.NewEncoder()
	}
	preface := appendPreface(nil, shape, p.Digest())
	if _, err := w.Write(preface); err != nil {
		return nil, err
	}
	out.Bytes = int64(len(preface))
	f := flow{total: shape[0], rows: rows, workers: len(encoders)}
	f.read = func(c *piece) error {
		c.values = append(c.values[:0], make([]float32, rows*row)...)
		return x.ReadRows(c.values[:c.rows*row], c.first)
	}
	f.work = func(k int, c *piece) (err error) {
		c.frame, err = encoders[k].Append(c.frame[:0], [][]float32{c.values})
		c.nonFinite = encoders[k].NonFinite()
		return err
	}
	f.write = func(c *piece) error {
		out.count(c)
		_, err := w.Write(c.frame)
		return err
	}
	f.progress = func(done int) { opt.Progress.report("packing", "rows", done, shape[0]) }
	return out, f.run(ctx)
}

// UnpackStream reads a stream that PackStream has written with this profile, and writes its array as a .npy file. Errors wrap ErrStore,
// ErrProfile, or are those of frames.
func UnpackStream(ctx context.Context, w io.Writer, r io.Reader, p *profile.Profile, opt PackOptions) (*StreamSummary, error) {
	shape, rows, row, err := readPreface(r, p)
	if err != nil {
		return nil, err
	}
	codec, err := opt.Limits.NewCodec(p)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(dataset.NPYHeader(shape, "<f4")); err != nil {
		return nil, err
	}
	decoders := make([]*dqa.Decoder, max(1, opt.Workers))
	for k := range decoders {
		decoders[k] = codec.NewDecoder()
	}
	out := &StreamSummary{Shape: shape, Bytes: int64(prefaceSize(len(shape)))}
	var b []byte
	f := flow{total: shape[0], rows: rows, workers: len(decoders)}
	f.read = func(c *piece) (err error) {
		c.frame, err = nextFrame(c.frame, r, c.first/rows, p)
		return err
	}
	f.work = func(k int, c *piece) error {
		c.values = append(c.values[:0], make([]float32, rows*row)...)
		err := decoders[k].Open(c.frame)
		if err == nil {
			err = decoders[k].Edge(c.values, 0)
		}
		return inFrame(c.first/rows, err)
	}
	f.write = func(c *piece) error {
		out.count(c)
		b = tensor.Bytes(c.values[:c.rows*row], b)
		_, err := w.Write(b)
		return err
	}
	f.progress = func(done int) { opt.Progress.report("unpacking", "rows", done, shape[0]) }
	if err := f.run(ctx); err != nil {
		return nil, err
	}
	if _, err := frame.ReadNext(nil, r, 0); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more follows the last frame of the stream", ErrStore)
	}
	return out, nil
}

func inFrame(number int, err error) error {
	if err != nil {
		err = fmt.Errorf("frame %d of the stream: %w", number, err)
	}
	return err
}

// nextFrame reads a frame, which is no longer than codes of 32 bits and their tiles' lengths.
func nextFrame(dst []byte, r io.Reader, number int, p *profile.Profile) ([]byte, error) {
	e := &p.Edges[0]
	limit := 4*int64(e.Elements()) + 64*int64(e.NumTiles()) + 1<<12
	b, err := frame.ReadNext(dst[:0], r, limit)
	if errors.Is(err, io.EOF) {
		err = wire.ErrTruncated
	}
	return b, inFrame(number, err)
}
