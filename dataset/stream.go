package dataset

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// ErrStream wraps what is wrong with an array that comes through a pipe.
var ErrStream = errors.New("array from a pipe")

// Stream is a NumPy array that comes through a pipe: its rows are read once, in their order.
type Stream struct {
	array Array // that of its values, but for a file
	r     io.Reader
	next  int // row
}

// OpenStream reads the header of a .npy file; name is what errors call it.
func OpenStream(name string, r io.Reader) (*Stream, error) {
	h, err := readNPYHeader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStream, name, err)
	}
	switch {
	case !numeric(h.dtype):
		return nil, fmt.Errorf("%w: %s: values of type %s are no numbers that are read", ErrStream, name, h.dtype)
	case h.fortran && len(h.shape) > 1:
		return nil, fmt.Errorf("%w: %s: an array in Fortran order cannot be read row by row; give a file", ErrStream, name)
	}
	a, err := newArray(name, h, math.MaxInt64)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStream, name, err)
	}
	s := &Stream{r: r, array: Array{a: a}}
	s.array.prepare()
	return s, nil
}

// Shape has the rows first.
func (s *Stream) Shape() []int { return s.array.Shape() }

// ReadRows reads len(dst) / values of a row, which must be those behind what was read last.
func (s *Stream) ReadRows(dst []float32, i int) error {
	a := s.array.a
	n := len(dst) / s.array.RowSize()
	if i != s.next || n > a.items-i {
		return fmt.Errorf("%w: %s: rows %d to %d of %d after row %d: a stream is read once, in order", ErrStream, a.path, i, i+n, a.items, s.next)
	}
	s.next += n
	read := func(b []byte) error {
		if _, err := io.ReadFull(s.r, b); err != nil {
			return fmt.Errorf("%w: %s ends before row %d of %d: %w", ErrStream, a.path, s.next, a.items, err)
		}
		return nil
	}
	dst = dst[:n*s.array.RowSize()]
	if a.header.dtype == "<f4" {
		return tensor.Read(dst, read)
	}
	s.array.buf = slices.Grow(s.array.buf[:0], n*a.bytes)[:n*a.bytes]
	if err := read(s.array.buf); err != nil {
		return err
	}
	s.array.convert(dst, s.array.buf)
	return nil
}
