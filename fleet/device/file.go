package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/internal/file"
)

// Line is what a File has of one answer.
type Line struct {
	Seq      uint64  `json:"seq"`
	Box      string  `json:"box"`
	Image    string  `json:"image,omitempty"`
	Outcome  Outcome `json:"outcome"`
	By       string  `json:"by,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	Complete bool    `json:"complete"` // with the frame's refinements
	// Class is the index of the first output's largest value, where that is a list of scores.
	Class  *int   `json:"class,omitempty"`
	Digest string `json:"digest,omitempty"` // SHA-256 of the outputs: equal where all values are, bit for bit
	// LatencyMS begins when the frame was accepted, or when the device started again.
	LatencyMS float64 `json:"latency_ms"`
	Outputs   []Array `json:"outputs,omitempty"`
}

// Array is an output in a line.
type Array struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Data  Floats `json:"data"`
}

// Floats are numbers of which those that JSON has no words for are null.
type Floats []float32

// MarshalJSON implements json.Marshaler.
func (f Floats) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range f {
		if i > 0 {
			b = append(b, ',')
		}
		if v-v != 0 {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, float64(v), 'g', -1, 32)
		}
	}
	return append(b, ']'), nil
}

// LineOf is an answer as a line; full lines have all values of the outputs.
func LineOf(a Answer, full bool) Line {
	l := Line{
		Seq: a.Seq, Box: a.Box, Image: a.Image, Outcome: a.Outcome, By: a.By, Reason: a.Reason,
		LatencyMS: float64(a.Latency) / float64(time.Millisecond),
	}
	body, err := link.ParseAnswer(a.Body)
	if err != nil {
		return l
	}
	l.Complete, l.Digest = body.Complete, DigestOf(body)
	for i, o := range body.Outputs {
		shape, data := o.Tensor.Shape, o.Tensor.Data
		if i == 0 && len(data) > 1 && slices.Max(shape) == len(data) {
			class := slices.Index(data, slices.Max(data))
			l.Class = &class
		}
		if full {
			l.Outputs = append(l.Outputs, Array{o.Name, shape, data})
		}
	}
	return l
}

// DigestOf is the digest of an answer's outputs.
func DigestOf(a link.Answer) string {
	a.Complete = true
	sum := sha256.Sum256(link.AppendAnswer(nil, a))
	return hex.EncodeToString(sum[:])
}

// File is a Sink that writes a line of JSON per answer behind those that are there.
type File struct {
	log  *file.Log
	full bool
	buf  bytes.Buffer
	last map[outbox.ID]bool
}

// tailSize is how much of a file is looked through for answers that the outbox may not know of: those of the last batches.
const tailSize = 4 << 20

// OpenFile opens a file of answers, which is made if needed; a line that a crash has cut off is removed. Full lines have all values of the
// outputs. Errors wrap file.ErrWrite and file.ErrRead.
func OpenFile(path string, full bool) (*File, error) {
	log, err := file.OpenLog(path)
	if err != nil {
		return nil, err
	}
	f := &File{log: log, full: full, last: map[outbox.ID]bool{}}
	if err := f.load(); err != nil {
		_ = log.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) load() error {
	from := max(0, f.log.Size()-tailSize)
	tail := make([]byte, f.log.Size()-from)
	if _, err := f.log.ReadAt(tail, from); err != nil && err != io.EOF {
		return err
	}
	if end := bytes.LastIndexByte(tail, '\n') + 1; end < len(tail) {
		if err := f.log.Truncate(from + int64(end)); err != nil {
			return err
		}
		tail = tail[:end]
	}
	for line := range bytes.Lines(tail) {
		var l Line
		if json.Unmarshal(line, &l) == nil {
			f.last[outbox.ID{Box: l.Box, Seq: l.Seq}] = true
		}
	}
	return nil
}

// Has implements Sink.
func (f *File) Has(id outbox.ID) bool { return f.last[id] }

// Put implements Sink.
func (f *File) Put(a Answer) error { return json.NewEncoder(&f.buf).Encode(LineOf(a, f.full)) }

// Flush implements Sink.
func (f *File) Flush() error {
	if err := f.log.Append(f.buf.Bytes()); err != nil {
		return err
	}
	f.buf.Reset()
	return f.log.Sync()
}

// Close closes the file.
func (f *File) Close() error { return f.log.Close() }
