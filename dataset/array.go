package dataset

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/tensor"
)

// Array is a NumPy array of numbers, a .npy file or a part of an .npz archive ("X.npz:NAME"), whose rows (what lies along the
// first axis) are read as float32. It belongs to one goroutine; a file may be opened several times.
type Array struct {
	a    *array
	f    *file.Reader // nil: all values are in memory
	buf  []byte
	half []float32 // what numbers of 16 bits are; nil where there are none
}

// OpenArray opens a file. Errors wrap ErrMissing, ErrMemory or say what is wrong with the file.
func OpenArray(path string, opt Options) (*Array, error) {
	a, err := openArray(path, &opt)
	if err != nil {
		return nil, err
	}
	if !numeric(a.header.dtype) {
		return nil, fmt.Errorf("%w: %s: values of type %s are no numbers that are read", ErrFit, path, a.header.dtype)
	}
	r := &Array{a: a}
	if a.data == nil {
		if r.f, err = file.Open(a.path); err != nil {
			return nil, missing(err)
		}
	}
	r.prepare()
	return r, nil
}

// prepare makes what convert needs.
func (r *Array) prepare() {
	if r.a.header.dtype[1:] != "f2" {
		return
	}
	r.half = make([]float32, 1<<16)
	for i := range r.half {
		r.half[i] = float32(half(uint16(i)))
	}
}

// Close closes the file.
func (r *Array) Close() error {
	if r.f == nil {
		return nil
	}
	return r.f.Close()
}

// Shape has the rows first.
func (r *Array) Shape() []int { return append([]int{r.a.items}, r.a.header.shape[1:]...) }

// Type is NumPy's word for the type in the file: "<f4".
func (r *Array) Type() string { return r.a.header.dtype }

// RowSize is the number of values of a row.
func (r *Array) RowSize() int { return r.a.bytes / dtypeSize(r.a.header.dtype) }

// View gives n rows from row i on where they lie, to be read only; nil where they lie in no memory or are other numbers.
func (r *Array) View(i, n int) []float32 {
	if r.a.data == nil || r.a.header.dtype != "<f4" || i < 0 || n > r.a.items-i {
		return nil
	}
	values, _ := tensor.Floats(r.a.data[i*r.a.bytes:][:n*r.a.bytes])
	return values
}

// ReadRows reads len(dst)/RowSize rows from row i on. Numbers that float32 does not have are rounded.
func (r *Array) ReadRows(dst []float32, i int) error {
	n := len(dst) / r.RowSize()
	if i < 0 || n > r.a.items-i {
		return fmt.Errorf("%s: rows %d to %d of %d", r.a.path, i, i+n, r.a.items)
	}
	if values := r.View(i, n); values != nil {
		copy(dst, values)
		return nil
	}
	from, at := r.a.data, r.a.header.offset+int64(i)*int64(r.a.bytes)
	if from == nil && r.a.header.dtype == "<f4" {
		return tensor.Read(dst[:n*r.RowSize()], func(b []byte) error { return r.read(b, at) })
	}
	if from != nil {
		from = from[i*r.a.bytes:][:n*r.a.bytes]
	} else {
		if cap(r.buf) < n*r.a.bytes {
			r.buf = make([]byte, n*r.a.bytes)
		}
		from = r.buf[:n*r.a.bytes]
		if err := r.read(from, at); err != nil {
			return err
		}
	}
	r.convert(dst[:n*r.RowSize()], from)
	return nil
}

func (r *Array) read(b []byte, at int64) error {
	if _, err := r.f.ReadAt(b, at); err != nil {
		return fmt.Errorf("%s: %w", r.a.path, err)
	}
	return nil
}

func (r *Array) convert(dst []float32, from []byte) {
	dtype := r.a.header.dtype
	order := byteOrder(dtype)
	switch dtype[1:] {
	case "f4":
		for k := range dst {
			dst[k] = math.Float32frombits(order.Uint32(from[4*k:]))
		}
	case "f2":
		for k := range dst {
			dst[k] = r.half[order.Uint16(from[2*k:])]
		}
	default:
		for k := range dst {
			dst[k] = float32(number(dtype, from, k))
		}
	}
}

// NPYHeader is what a .npy file of format 1.0 begins with: magic, version, header length, a Python dictionary padded to 64
// bytes. The values follow in C order. It is written here because npyio writes no float32 array of more than two dimensions.
func NPYHeader(shape []int, descr string) []byte {
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	if len(shape) > 0 {
		dims += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims)
	const prefix = 10
	header += strings.Repeat(" ", 63-(prefix+len(header))%64) + "\n"
	return append(append(bytes.Clone(npyMagic), 1, 0, byte(len(header)), byte(len(header)>>8)), header...)
}
