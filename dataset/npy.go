package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// array is a NumPy .npy file whose items (along the first axis) are read one at a time. The format:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
type array struct {
	path   string
	header npyHeader
	items  int // first axis
	bytes  int // per item
}

// npyHeader is what the file says of itself.
type npyHeader struct {
	dtype   string // as written: "|u1", "<f4"
	fortran bool
	shape   []int
	offset  int64 // of the data
}

const maxNPYHeader = 1 << 16

// openArray reads and checks the header: the file must be as long as it says.
func openArray(path string) (*array, error) {
	info, err := needFile(path)
	if err != nil {
		return nil, err
	}
	f, err := file.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	h, err := readNPYHeader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a, err := newArray(path, h, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

func newArray(path string, h npyHeader, size int64) (*array, error) {
	if h.fortran {
		return nil, errors.New("array in Fortran order; save numpy.ascontiguousarray(x)")
	}
	if len(h.shape) == 0 {
		return nil, errors.New("a scalar, not an array of images")
	}
	item, err := itemValues(h.shape[1:])
	if err != nil {
		return nil, err
	}
	a := &array{path: path, header: h, items: h.shape[0], bytes: item * dtypeSize(h.dtype)}
	if have := (size - h.offset) / int64(a.bytes); int64(a.items) > have {
		return nil, fmt.Errorf("file ends early: header says %d items, there are %d", a.items, have)
	}
	return a, nil
}

// itemValues is the product of shape, at least 1 and within maxValues.
func itemValues(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 1 || d > maxValues/n {
			return 0, fmt.Errorf("items of shape %v are empty or have more than %d values", shape, maxValues)
		}
		n *= d
	}
	return n, nil
}

// dtypeSize is the number of bytes of one value; dtypes end in it.
func dtypeSize(dtype string) int { return int(dtype[len(dtype)-1] - '0') }

// item reads the bytes of item i.
func (a *array) item(i int) ([]byte, error) {
	return readAt(a.path, a.header.offset+int64(i)*int64(a.bytes), a.bytes)
}

var (
	npyMagic   = []byte("\x93NUMPY")
	npyDescr   = regexp.MustCompile(`'descr': *'([<>|][a-z][1248])'`)
	npyFortran = regexp.MustCompile(`'fortran_order': *(True|False)`)
	npyShape   = regexp.MustCompile(`'shape': *\(([0-9, ]*)\)`)
)

// readNPYHeader reads versions 1 to 3. The header is the text of a Python dictionary with three keys.
func readNPYHeader(r io.Reader) (npyHeader, error) {
	var pre [12]byte
	if _, err := io.ReadFull(r, pre[:8]); err != nil || !bytes.Equal(pre[:6], npyMagic) {
		return npyHeader{}, errors.New("not a NumPy .npy file")
	}
	lengthBytes := 4
	switch pre[6] {
	case 1:
		lengthBytes = 2
	case 2, 3:
	default:
		return npyHeader{}, fmt.Errorf(".npy version %d is not read", pre[6])
	}
	if _, err := io.ReadFull(r, pre[8:8+lengthBytes]); err != nil {
		return npyHeader{}, errors.New("file ends in the .npy header")
	}
	n := binary.LittleEndian.Uint32(pre[8:])
	if n > maxNPYHeader {
		return npyHeader{}, fmt.Errorf(".npy header of %d bytes, at most %d are read", n, maxNPYHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, errors.New("file ends in the .npy header")
	}
	h, err := parseNPYHeader(text)
	h.offset = int64(8 + lengthBytes + len(text))
	return h, err
}

func parseNPYHeader(text []byte) (npyHeader, error) {
	var h npyHeader
	descr, fortran, shape := npyDescr.FindSubmatch(text), npyFortran.FindSubmatch(text), npyShape.FindSubmatch(text)
	if descr == nil || fortran == nil || shape == nil {
		return h, fmt.Errorf(".npy header not understood: %.100q", text)
	}
	h.dtype, h.fortran = string(descr[1]), string(fortran[1]) == "True"
	for field := range strings.SplitSeq(string(shape[1]), ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		d, err := strconv.ParseUint(field, 10, 31)
		if err != nil {
			return h, fmt.Errorf(".npy shape (%s) not understood", shape[1])
		}
		h.shape = append(h.shape, int(d))
	}
	return h, nil
}

// byteOrder of values of more than one byte.
func byteOrder(dtype string) binary.ByteOrder {
	if dtype[0] == '>' {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// floats decodes uint8 or float32 values.
func floats(dtype string, b []byte) []float32 {
	if dtypeSize(dtype) == 1 {
		out := make([]float32, len(b))
		for i, v := range b {
			out[i] = float32(v)
		}
		return out
	}
	order, out := byteOrder(dtype), make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(order.Uint32(b[4*i:]))
	}
	return out
}

// integer decodes the k-th value of b; unsigned values beyond int64 come out negative, which no label may be.
func integer(dtype string, b []byte, k int) int64 {
	order, signed := byteOrder(dtype), dtype[1] == 'i'
	switch size := dtypeSize(dtype); {
	case size == 1 && signed:
		return int64(int8(b[k]))
	case size == 1:
		return int64(b[k])
	case size == 2 && signed:
		return int64(int16(order.Uint16(b[2*k:])))
	case size == 2:
		return int64(order.Uint16(b[2*k:]))
	case size == 4 && signed:
		return int64(int32(order.Uint32(b[4*k:])))
	case size == 4:
		return int64(order.Uint32(b[4*k:]))
	}
	return int64(order.Uint64(b[8*k:]))
}
