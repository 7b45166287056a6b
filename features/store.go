package features

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
	"github.com/dqa-go/dqa/zarr"
)

// Store is a packed array opened for reading. It belongs to one goroutine.
type Store struct {
	Certificate *Certificate // nil: the array was written by another program
	array       *zarr.Array
	profile     *profile.Profile
	dec         *dqa.Decoder
	row         int
	chunk       int // at hand in values, -1: none
	values      []float32
	bytes       []byte
}

// OpenStore opens a packed array. want is the profile that it must have been packed with; nil: whichever it holds. Errors wrap
// ErrStore, ErrProfile, or are those of zarr.
func OpenStore(name string, want *profile.Profile, limits dqa.Limits) (*Store, error) {
	a, err := zarr.Open(name)
	if errors.Is(err, zarr.ErrInvalid) || errors.Is(err, zarr.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", ErrStore, err)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{array: a, chunk: -1, row: a.RowSize()}
	if err := s.bind(want, limits); err != nil {
		a.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func (s *Store) bind(want *profile.Profile, limits dqa.Limits) error {
	p, digest, err := parseCodec(s.array.Codec)
	if err != nil {
		return err
	}
	if want != nil {
		if w := want.Digest(); hex.EncodeToString(w[:]) != digest {
			return fmt.Errorf("%w: the store was packed with the profile %s, this one is %x", ErrProfile, digest, w)
		}
	}
	if len(p.Edges) != 1 || p.Edges[0].Elements() != s.array.Rows*s.row {
		return fmt.Errorf("%w: its profile is not one of chunks of %d rows of %d values", ErrStore, s.array.Rows, s.row)
	}
	codec, err := limits.NewCodec(p)
	if err != nil {
		return err
	}
	s.profile, s.dec, s.values = p, codec.NewDecoder(), make([]float32, p.Edges[0].Elements())
	if text, ok := s.array.Attributes[certificateKey]; ok {
		s.Certificate = new(Certificate)
		if err := json.Unmarshal(text, s.Certificate); err != nil {
			return fmt.Errorf("%w: %w", ErrCertificate, err)
		}
		if s.Certificate.Profile != digest {
			return fmt.Errorf("%w: it is of the profile %.64s, the store's is %s", ErrCertificate, s.Certificate.Profile, digest)
		}
	}
	return nil
}

// Close closes the files.
func (s *Store) Close() error { return s.array.Close() }

// Shape has the rows first.
func (s *Store) Shape() []int { return s.array.Shape }

// Profile is what the store was packed with.
func (s *Store) Profile() *profile.Profile { return s.profile }

// ReadRows decodes len(dst) / values of a row, from row i on; no more than the chunks that they lie in is read.
func (s *Store) ReadRows(dst []float32, i int) error {
	n := len(dst) / s.row
	if i < 0 || n > s.array.Shape[0]-i {
		return fmt.Errorf("%w: rows %d to %d of %d", ErrStore, i, i+n, s.array.Shape[0])
	}
	for n > 0 {
		values, err := s.some(i, n)
		if err != nil {
			return err
		}
		k := copy(dst, values)
		dst, i, n = dst[k:], i+k/s.row, n-k/s.row
	}
	return nil
}

// some are the values of rows from i on: of as many, up to n, as lie in one chunk. They are valid until the next call.
func (s *Store) some(i, n int) ([]float32, error) {
	if err := s.open(i / s.array.Rows); err != nil {
		return nil, err
	}
	i %= s.array.Rows
	return s.values[i*s.row : min(i+n, s.array.Rows)*s.row], nil
}

// open decodes a chunk, if it is not the one at hand.
func (s *Store) open(chunk int) error {
	if s.chunk == chunk {
		return nil
	}
	s.chunk = -1
	b, ok, err := s.array.AppendChunk(s.bytes[:0], chunk)
	if err != nil {
		return err
	}
	s.bytes = b
	if !ok {
		clear(s.values)
	} else {
		if err := s.dec.Open(b); err != nil {
			return fmt.Errorf("chunk %d: %w", chunk, err)
		}
		if err := s.dec.Edge(s.values, 0); err != nil {
			return fmt.Errorf("chunk %d: %w", chunk, err)
		}
	}
	s.chunk = chunk
	return nil
}

// Verdict is what Verify found.
type Verdict struct {
	Rows     int     `json:"rows"`
	Chunks   int     `json:"chunks"` // all of them decode
	Against  bool    `json:"against"`
	SameData bool    `json:"same_array"` // the array is, bit for bit, the one that the certificate is of
	Quality  Quality `json:"quality"`    // measured anew, with Against
}

// Verify decodes everything that a store holds. Given the array, it checks that the certificate is of it and measures the loss
// anew, on the rows that the certificate names: what does not hold is ErrCertificate.
func (s *Store) Verify(ctx context.Context, against Rows, progress Progress) (*Verdict, error) {
	v := &Verdict{Rows: s.array.Shape[0], Against: against != nil}
	for i := range s.array.Chunks() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.open(i); err != nil {
			return nil, err
		}
		v.Chunks++
		progress.report("decoding", "rows", min((i+1)*s.array.Rows, v.Rows), v.Rows)
	}
	switch {
	case against == nil:
		return v, nil
	case s.Certificate == nil:
		return nil, fmt.Errorf("%w: there is none", ErrCertificate)
	}
	return v, s.verifyAgainst(ctx, against, v, progress)
}

func (s *Store) verifyAgainst(ctx context.Context, x Rows, v *Verdict, progress Progress) error {
	if fmt.Sprint(x.Shape()) != fmt.Sprint(s.Shape()) {
		return fmt.Errorf("%w: the array has the shape %v, the store %v", ErrCertificate, x.Shape(), s.Shape())
	}
	digest, perObject := newArrayDigest(s.Shape()), s.array.Rows*max(s.array.ChunksPerShard, 1)
	var values []float32
	for i := 0; i < s.Shape()[0]; i += perObject {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(perObject, s.Shape()[0]-i)
		values = append(values[:0], make([]float32, n*s.row)...)
		if err := x.ReadRows(values, i); err != nil {
			return err
		}
		digest.add(digestOf(values))
		progress.report("comparing", "rows", i+n, s.Shape()[0])
	}
	if v.SameData = digest.text() == s.Certificate.Array; !v.SameData {
		return fmt.Errorf("%w: it is of another array: its BLAKE3 begins with %.12s, this one's with %.12s",
			ErrCertificate, s.Certificate.Array, digest.text())
	}
	rows := provedRows(s.Shape()[0], s.row)
	before, after := make([]float32, len(rows)*s.row), make([]float32, len(rows)*s.row)
	for k, i := range rows {
		if err := x.ReadRows(before[k*s.row:][:s.row], i); err != nil {
			return err
		}
		if err := s.ReadRows(after[k*s.row:][:s.row], i); err != nil {
			return err
		}
	}
	silence(before, after)
	v.Quality = measure(before, after, s.row)
	return s.Certificate.compare(v.Quality)
}

// compare allows for sums that other processors round otherwise.
func (c *Certificate) compare(q Quality) error {
	for _, p := range []struct {
		what    string
		said, v float64
	}{
		{"relative squared error", c.Error, q.Error}, {"cosine", c.Cosine, q.Cosine}, {"neighbours", c.Neighbours, q.Neighbours},
	} {
		if math.Abs(p.said-p.v) > 1e-3*math.Max(math.Abs(p.said), 1e-9)+1e-9 {
			return fmt.Errorf("%w: it says %s %.6g, measured anew it is %.6g", ErrCertificate, p.what, p.said, p.v)
		}
	}
	return nil
}

// ParseRows reads "a:b", either of which may be missing: rows a to b-1 of n. "" is all.
func ParseRows(text string, n int) (from, to int, err error) {
	if text == "" {
		return 0, n, nil
	}
	a, b, ok := strings.Cut(text, ":")
	from, to = 0, n
	if a != "" {
		from, err = strconv.Atoi(a)
	}
	if b != "" && err == nil {
		to, err = strconv.Atoi(b)
	}
	if !ok || err != nil || from < 0 || from > to || to > n {
		return 0, 0, fmt.Errorf("%w: rows %q of %d: a:b takes rows a to b-1", ErrAxes, text, n)
	}
	return from, to, nil
}

// Unpack writes the array, or rows from to to of it, as a .npy file.
func (s *Store) Unpack(ctx context.Context, w io.Writer, from, to int, progress Progress) error {
	if from < 0 || to > s.Shape()[0] || from > to {
		return fmt.Errorf("%w: rows %d to %d of %d", ErrStore, from, to, s.Shape()[0])
	}
	shape := append([]int{to - from}, s.Shape()[1:]...)
	if _, err := w.Write(dataset.NPYHeader(shape, "<f4")); err != nil {
		return err
	}
	var b []byte
	for i := from; i < to; {
		if err := ctx.Err(); err != nil {
			return err
		}
		values, err := s.some(i, to-i)
		if err != nil {
			return err
		}
		b = tensor.Bytes(values, b)
		if _, err := w.Write(b); err != nil {
			return err
		}
		i += len(values) / s.row
		progress.report("unpacking", "rows", i-from, to-from)
	}
	return nil
}
