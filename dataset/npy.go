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

// array is a NumPy array, a .npy file or a part of an .npz archive, whose items (along the first axis) are read one at
// a time. The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
type array struct {
	path   string
	header npyHeader
	items  int    // first axis
	bytes  int    // per item
	data   []byte // all items in C order, where they had to be brought into it; nil: they are read from the file
}

// npyHeader is what the file says of itself.
type npyHeader struct {
	dtype   string // as written: "|u1", "<f4"
	fortran bool
	shape   []int
	offset  int64 // of the data in the file
}

const maxNPYHeader = 1 << 16

// openArray reads and checks the header: the file must be as long as it says.
func openArray(path string, opt *Options) (*array, error) {
	if archive, name, inside := cutArchive(path); inside {
		return openArchived(archive, name, opt)
	}
	info, err := needFile(path)
	if err != nil {
		return nil, err
	}
	f, err := file.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	return readArray(path, f, 0, info.Size(), opt)
}

// readArray opens the array that lies in size bytes of r from at on.
func readArray(path string, r io.ReaderAt, at, size int64, opt *Options) (*array, error) {
	h, err := readNPYHeader(io.NewSectionReader(r, at, size))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a, err := newArray(path, h, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a.header.offset += at
	if h.fortran && len(h.shape) > 1 {
		return a, a.transpose(r, opt)
	}
	return a, nil
}

func newArray(path string, h npyHeader, size int64) (*array, error) {
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

// transpose reads all of an array in Fortran order, where the first axis goes fastest, into C order.
func (a *array) transpose(r io.ReaderAt, opt *Options) error {
	total := int64(a.items) * int64(a.bytes)
	if 2*total > opt.maxMemory() {
		return fmt.Errorf("%w: %s: an array in Fortran order takes %d MiB, %d are allowed; numpy.ascontiguousarray(x) is read image by image",
			ErrMemory, a.path, 2*total>>20, opt.maxMemory()>>20)
	}
	from := make([]byte, total)
	if _, err := r.ReadAt(from, a.header.offset); err != nil {
		return fmt.Errorf("%s: %w", a.path, err)
	}
	a.data = make([]byte, total)
	size, shape := dtypeSize(a.header.dtype), a.header.shape
	index := make([]int, len(shape))
	for at := 0; at < len(from); at += size {
		to := 0
		for k, d := range shape {
			to = to*d + index[k]
		}
		copy(a.data[to*size:][:size], from[at:])
		for k := range index {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return nil
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
	if a.data != nil {
		return a.data[i*a.bytes:][:a.bytes], nil
	}
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

// number decodes the k-th value of b.
func number(dtype string, b []byte, k int) float64 {
	size, order := dtypeSize(dtype), byteOrder(dtype)
	if dtype[1] != 'f' {
		if v := integer(dtype, b, k); v >= 0 || dtype[1] == 'i' {
			return float64(v)
		}
		return float64(order.Uint64(b[8*k:]))
	}
	switch size {
	case 2:
		return half(order.Uint16(b[2*k:]))
	case 4:
		return float64(math.Float32frombits(order.Uint32(b[4*k:])))
	}
	return math.Float64frombits(order.Uint64(b[8*k:]))
}

// half decodes IEEE 754 binary16.
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&0x3ff)
	v := 0.0
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 31:
		if v = math.Inf(1); fraction != 0 {
			return math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 != 0 {
		return -v
	}
	return v
}

// floats decodes all values; those that float32 does not have are rounded.
func floats(dtype string, b []byte) []float32 {
	out := make([]float32, len(b)/dtypeSize(dtype))
	if dtype == "|u1" {
		for i, v := range b {
			out[i] = float32(v)
		}
		return out
	}
	for i := range out {
		out[i] = float32(number(dtype, b, i))
	}
	return out
}

// numeric tells whether values are numbers of a size that is read.
func numeric(dtype string) bool {
	switch dtype[1:] {
	case "b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8":
		return true
	}
	return false
}

// integer decodes the k-th value of b; unsigned values beyond int64 come out negative.
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
