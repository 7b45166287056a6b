// Package zarr reads and writes float32 arrays in the Zarr format, version 3, as its specification says: a folder or a zip
// file with zarr.json and one object per chunk. The codec of chunks is the caller's: this package knows where bytes lie, not
// what they mean.
//
// Arrays are cut along their first axis only: a chunk is some rows with all that belongs to them. Chunks lie one by one, or
// several in a shard (codec sharding_indexed), from which one chunk can be read alone.
//
// Sources: zarr-specs, "Zarr core specification version 3.0" and "Sharding codec 1.0".
package zarr

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"strconv"
)

// Errors of arrays. What goes wrong while reading files is package os's.
var (
	ErrInvalid     = errors.New("invalid Zarr array")
	ErrUnsupported = errors.New("unsupported Zarr array")
	ErrDamaged     = errors.New("damaged Zarr shard")
)

// Meta says what an array is.
type Meta struct {
	Shape          []int    // rows first
	Rows           int      // of a chunk: what the codec codes at a time; the last chunk may stand over
	ChunksPerShard int      // 0: no shards, every chunk is an object of its own
	Dimensions     []string // names of the axes; nil: none
	Codec          Codec
	Attributes     map[string]json.RawMessage // read; Writer.Finish takes those to write
}

// Codec is what turns a chunk's values into bytes.
type Codec struct {
	Name          string          `json:"name"`
	Configuration json.RawMessage `json:"configuration,omitempty"`
}

// Limits on what files may announce.
const (
	maxMeta  = 64 << 20 // bytes of zarr.json
	maxRank  = 8
	maxRows  = 1 << 40
	maxRow   = 1 << 28 // values of a row
	maxIndex = 1 << 20 // chunks of a shard
	maxChunk = 1 << 30 // bytes of a chunk
	metaKey  = "zarr.json"
)

// Chunks is the number of chunks.
func (m *Meta) Chunks() int { return (m.Shape[0] + m.Rows - 1) / m.Rows }

// Objects is the number of shards, or of chunks where there are no shards.
func (m *Meta) Objects() int { return (m.Chunks() + m.perObject() - 1) / m.perObject() }

func (m *Meta) perObject() int { return max(m.ChunksPerShard, 1) }

// ChunksOf is how many chunks object i holds.
func (m *Meta) ChunksOf(i int) int {
	return min(m.perObject(), m.Chunks()-i*m.perObject())
}

// RowSize is the number of values of a row.
func (m *Meta) RowSize() int {
	n := 1
	for _, d := range m.Shape[1:] {
		n *= d
	}
	return n
}

// key is where object i lies: chunk_key_encoding "default".
func (m *Meta) key(i int, separator string) string {
	key := "c" + separator + strconv.Itoa(i)
	for range m.Shape[1:] {
		key += separator + "0"
	}
	return path.Clean(key)
}

// Validate tells what makes no sense.
func (m *Meta) Validate() error {
	switch {
	case len(m.Shape) < 1 || len(m.Shape) > maxRank:
		return fmt.Errorf("%w: %d axes, 1 to %d can be", ErrInvalid, len(m.Shape), maxRank)
	case m.Shape[0] < 0 || int64(m.Shape[0]) > maxRows:
		return fmt.Errorf("%w: %d rows", ErrInvalid, m.Shape[0])
	case m.Rows < 1 || m.Rows > maxRow:
		return fmt.Errorf("%w: chunks of %d rows", ErrInvalid, m.Rows)
	case m.ChunksPerShard < 0 || m.ChunksPerShard > maxIndex || int64(m.ChunksPerShard)*int64(m.Rows) > maxRow:
		return fmt.Errorf("%w: %d chunks in a shard", ErrInvalid, m.ChunksPerShard)
	case m.Dimensions != nil && len(m.Dimensions) != len(m.Shape):
		return fmt.Errorf("%w: %d names for %d axes", ErrInvalid, len(m.Dimensions), len(m.Shape))
	case m.Codec.Name == "":
		return fmt.Errorf("%w: no codec", ErrInvalid)
	}
	values := int64(m.Rows)
	for _, d := range m.Shape[1:] {
		if d < 1 || d > maxRow || values*int64(d) > maxRow {
			return fmt.Errorf("%w: shape %v in chunks of %d rows", ErrInvalid, m.Shape, m.Rows)
		}
		values *= int64(d)
	}
	return nil
}

// document is zarr.json.
type document struct {
	Format     int                        `json:"zarr_format"`
	Node       string                     `json:"node_type"`
	Shape      []int                      `json:"shape"`
	Type       json.RawMessage            `json:"data_type"`
	Grid       named[grid]                `json:"chunk_grid"`
	Keys       named[keys]                `json:"chunk_key_encoding"`
	Fill       json.RawMessage            `json:"fill_value"`
	Codecs     []Codec                    `json:"codecs"`
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`
	Dimensions []*string                  `json:"dimension_names,omitempty"`
	Transforms []json.RawMessage          `json:"storage_transformers,omitempty"`
}

type named[T any] struct {
	Name          string `json:"name"`
	Configuration T      `json:"configuration"`
}

type grid struct {
	Shape []int `json:"chunk_shape"`
}

type keys struct {
	Separator string `json:"separator,omitempty"`
}

// sharding is the configuration of the codec sharding_indexed.
type sharding struct {
	Shape       []int   `json:"chunk_shape"`
	Codecs      []Codec `json:"codecs"`
	IndexCodecs []Codec `json:"index_codecs"`
	Location    string  `json:"index_location,omitempty"`
}

const shardingName = "sharding_indexed"

func (m *Meta) chunkShape(rows int) []int { return append([]int{rows}, m.Shape[1:]...) }

// marshal is the zarr.json of a valid array. Equal arrays give equal bytes.
func (m *Meta) marshal() ([]byte, error) {
	d := document{
		Format: 3, Node: "array", Shape: m.Shape, Type: json.RawMessage(`"float32"`), Fill: json.RawMessage("0.0"),
		Grid: named[grid]{"regular", grid{m.chunkShape(m.Rows * m.perObject())}}, Keys: named[keys]{"default", keys{"/"}},
		Codecs: []Codec{m.Codec}, Attributes: m.Attributes,
	}
	for i := range m.Dimensions {
		d.Dimensions = append(d.Dimensions, &m.Dimensions[i])
	}
	if m.ChunksPerShard > 0 {
		s, err := json.Marshal(sharding{
			Shape: m.chunkShape(m.Rows), Codecs: []Codec{m.Codec}, Location: "end",
			IndexCodecs: []Codec{{"bytes", json.RawMessage(`{"endian":"little"}`)}, {Name: "crc32c"}},
		})
		if err != nil {
			return nil, err
		}
		d.Codecs = []Codec{{shardingName, s}}
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(b) >= maxMeta {
		return nil, fmt.Errorf("%w: zarr.json of %d bytes, at most %d can be", ErrInvalid, len(b), maxMeta)
	}
	return append(b, '\n'), nil
}

// layout is what a reader must know besides Meta.
type layout struct {
	separator string
	atStart   bool // the index of a shard
}

// parse reads a zarr.json.
func parse(b []byte) (*Meta, layout, error) {
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, layout{}, fmt.Errorf("%w: zarr.json: %w", ErrInvalid, err)
	}
	m := &Meta{Shape: d.Shape, Attributes: d.Attributes}
	l := layout{separator: d.Keys.Configuration.Separator}
	if l.separator == "" {
		l.separator = "/"
	}
	if err := d.supported(l); err != nil {
		return nil, l, err
	}
	if err := m.setCodecs(&d, &l); err != nil {
		return nil, l, err
	}
	for _, name := range d.Dimensions {
		if name == nil {
			name = new(string)
		}
		m.Dimensions = append(m.Dimensions, *name)
	}
	return m, l, m.Validate()
}

// supported tells the first thing that this package does not read.
func (d *document) supported(l layout) error {
	var fill float64
	switch {
	case d.Format != 3:
		return fmt.Errorf("%w: format %d, version 3 is read", ErrUnsupported, d.Format)
	case d.Node != "array":
		return fmt.Errorf("%w: it is a %q, no array", ErrUnsupported, d.Node)
	case string(d.Type) != `"float32"`:
		return fmt.Errorf("%w: values of type %.40s, float32 is read", ErrUnsupported, d.Type)
	case d.Grid.Name != "regular":
		return fmt.Errorf("%w: chunk grid %q", ErrUnsupported, d.Grid.Name)
	case d.Keys.Name != "default" || l.separator != "/" && l.separator != ".":
		return fmt.Errorf("%w: chunk keys %q, separator %q", ErrUnsupported, d.Keys.Name, l.separator)
	case json.Unmarshal(d.Fill, &fill) != nil || fill != 0 || math.Signbit(fill):
		return fmt.Errorf("%w: fill value %.40s, 0 is read", ErrUnsupported, d.Fill)
	case len(d.Transforms) > 0:
		return fmt.Errorf("%w: storage transformers", ErrUnsupported)
	}
	return nil
}

// setCodecs finds out how rows are cut and by which codec.
func (m *Meta) setCodecs(d *document, l *layout) error {
	shape := d.Grid.Configuration.Shape
	if len(d.Codecs) != 1 {
		return fmt.Errorf("%w: %d codecs, one is read", ErrUnsupported, len(d.Codecs))
	}
	if m.Codec = d.Codecs[0]; m.Codec.Name == shardingName {
		var s sharding
		if err := json.Unmarshal(m.Codec.Configuration, &s); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInvalid, shardingName, err)
		}
		if err := s.supported(); err != nil {
			return err
		}
		if len(shape) < 1 || len(s.Shape) < 1 || s.Shape[0] < 1 || shape[0]%s.Shape[0] != 0 {
			return fmt.Errorf("%w: shards of %v in chunks of %v", ErrInvalid, shape, s.Shape)
		}
		m.ChunksPerShard, m.Codec, l.atStart = shape[0]/s.Shape[0], s.Codecs[0], s.Location == "start"
		if err := m.wholeRows(shape); err != nil {
			return err
		}
		shape = s.Shape
	}
	if err := m.wholeRows(shape); err != nil {
		return err
	}
	m.Rows = shape[0]
	return nil
}

// wholeRows tells whether chunks are cut along the first axis only.
func (m *Meta) wholeRows(shape []int) error {
	if len(shape) != len(m.Shape) || len(shape) == 0 {
		return fmt.Errorf("%w: chunks of %v in an array of %v", ErrInvalid, shape, m.Shape)
	}
	for i := 1; i < len(shape); i++ {
		if shape[i] != m.Shape[i] {
			return fmt.Errorf("%w: chunks of %v in an array of %v: only the first axis may be cut", ErrUnsupported, shape, m.Shape)
		}
	}
	return nil
}

func (s *sharding) supported() error {
	plain := len(s.IndexCodecs) == 2 && s.IndexCodecs[0].Name == "bytes" && s.IndexCodecs[1].Name == "crc32c"
	if plain && len(s.IndexCodecs[0].Configuration) > 0 {
		var c struct {
			Endian string `json:"endian"`
		}
		plain = json.Unmarshal(s.IndexCodecs[0].Configuration, &c) == nil && c.Endian == "little"
	}
	switch {
	case !plain:
		return fmt.Errorf("%w: a shard's index by other codecs than little-endian bytes and crc32c", ErrUnsupported)
	case len(s.Codecs) != 1:
		return fmt.Errorf("%w: %d codecs in a shard, one is read", ErrUnsupported, len(s.Codecs))
	case s.Location != "" && s.Location != "end" && s.Location != "start":
		return fmt.Errorf("%w: a shard's index at the %q", ErrUnsupported, s.Location)
	}
	return nil
}

// ReadMeta reads what an array is, without its chunks.
func ReadMeta(name string) (*Meta, error) {
	a, err := Open(name)
	if err != nil {
		return nil, err
	}
	return &a.Meta, a.Close()
}
