// Package wire reads and writes the fields that the formats of spec/ are made of: little-endian integers, canonical
// uvarints, float32 bit patterns, length-prefixed strings, CRC-32C. A Reader keeps the first error, with the section
// and the byte offset where it happened, and never reads or allocates beyond its input.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// Causes of an Error.
var (
	ErrTruncated = errors.New("data ends too early")
	ErrMagic     = errors.New("wrong magic number")
	ErrVersion   = errors.New("format version not supported")
	ErrChecksum  = errors.New("checksum does not match")
	ErrValue     = errors.New("value not allowed")
	ErrLimit     = errors.New("limit exceeded")
	ErrTrailing  = errors.New("data goes on after the end")
	ErrProfile   = errors.New("made with another profile")
)

// Error says where in the bytes something is wrong.
type Error struct {
	Section string // as named in the format's page under spec/
	Offset  int    // bytes from the start of the file
	Err     error  // wraps one of the causes above
}

func (e *Error) Error() string { return fmt.Sprintf("%s, byte %d: %v", e.Section, e.Offset, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC returns the CRC-32C of b.
func CRC(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// AppendCRC appends the CRC-32C of dst[from:].
func AppendCRC(dst []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(dst, CRC(dst[from:]))
}

// AppendString appends a uvarint length and the bytes of s.
func AppendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// AppendFloat32 appends the bit pattern of v.
func AppendFloat32(dst []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
}

// AppendBools appends ceil(len(v)/8) bytes, lowest bit first.
func AppendBools(dst []byte, v []bool) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, (len(v)+7)/8)...)
	for i, b := range v {
		if b {
			dst[start+i/8] |= 1 << (i % 8)
		}
	}
	return dst
}

// Reader consumes a byte slice from the front. After the first error every read returns zero and Err tells.
type Reader struct {
	src     []byte
	pos     int
	section string
	numbers [2]int // that its name has verbs for
	count   int
	err     error
}

// NewReader reads src.
func NewReader(src []byte) *Reader { return &Reader{src: src} }

// Section names what is read next, for errors.
func (r *Reader) Section(name string) { r.section, r.count = name, 0 }

// Numbered is Section for a name with at most two verbs for numbers, which is only made when it is wanted.
func (r *Reader) Numbered(format string, numbers ...int) {
	r.section, r.count = format, copy(r.numbers[:], numbers)
}

// name is that of the section.
func (r *Reader) name() string {
	switch r.count {
	case 0:
		return r.section
	case 1:
		return fmt.Sprintf(r.section, r.numbers[0])
	}
	return fmt.Sprintf(r.section, r.numbers[0], r.numbers[1])
}

// Err returns the first error, an *Error.
func (r *Reader) Err() error { return r.err }

// Offset is the number of bytes consumed.
func (r *Reader) Offset() int { return r.pos }

// Len is the number of bytes left.
func (r *Reader) Len() int { return len(r.src) - r.pos }

// Fail records an error at the current offset, unless there is one already.
func (r *Reader) Fail(cause error, format string, args ...any) {
	r.failAt(r.pos, cause, format, args...)
}

func (r *Reader) failAt(pos int, cause error, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Section: r.name(), Offset: pos, Err: fmt.Errorf("%w: %s", cause, fmt.Sprintf(format, args...))}
	}
}

// Bytes returns the next n bytes, not copied.
func (r *Reader) Bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > r.Len() {
		r.Fail(ErrTruncated, "%d bytes wanted, %d left", n, r.Len())
		return nil
	}
	b := r.src[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	if b := r.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// U32 reads a little-endian uint32.
func (r *Reader) U32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads a little-endian uint64.
func (r *Reader) U64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Float32 reads a bit pattern.
func (r *Reader) Float32() float32 { return math.Float32frombits(r.U32()) }

// Float64 reads a bit pattern.
func (r *Reader) Float64() float64 { return math.Float64frombits(r.U64()) }

// Uvarint reads a canonical uvarint of at most limit.
func (r *Reader) Uvarint(limit uint64, what string) int {
	if r.err != nil {
		return 0
	}
	start := r.pos
	v, n := binary.Uvarint(r.src[r.pos:])
	switch {
	case n == 0:
		r.Fail(ErrTruncated, "%s is cut off", what)
	case n < 0 || n > 1 && r.src[r.pos+n-1] == 0:
		r.Fail(ErrValue, "%s is not a canonical uvarint", what)
	case v > limit:
		r.failAt(start, ErrLimit, "%s is %d, at most %d allowed", what, v, limit)
	default:
		r.pos += n
		return int(v)
	}
	return 0
}

// Count reads the number of items that follow, each of at least size bytes: what cannot fit into the rest is an
// error, so that the caller may allocate.
func (r *Reader) Count(limit uint64, size int, what string) int {
	start := r.pos
	n := r.Uvarint(limit, what)
	if r.err == nil && n > r.Len()/max(size, 1) {
		r.failAt(start, ErrTruncated, "%d %s announced, %d bytes left", n, what, r.Len())
		return 0
	}
	return n
}

// String reads a length-prefixed string of at most limit bytes.
func (r *Reader) String(limit int, what string) string {
	return string(r.Bytes(r.Count(uint64(limit), 1, what)))
}

// Bool reads a byte that is 0 or 1.
func (r *Reader) Bool(what string) bool {
	v := r.U8()
	if v > 1 {
		r.failAt(r.pos-1, ErrValue, "%s is %d, 0 or 1 allowed", what, v)
	}
	return v == 1
}

// Bools reads n bits; the unused ones of the last byte must be zero.
func (r *Reader) Bools(n int, what string) []bool {
	b := r.Bytes((n + 7) / 8)
	if b == nil && n > 0 {
		return nil
	}
	if n%8 != 0 && b[len(b)-1]>>(n%8) != 0 {
		r.failAt(r.pos-1, ErrValue, "unused bits of %s are set", what)
		return nil
	}
	v := make([]bool, n)
	for i := range v {
		v[i] = b[i/8]>>(i%8)&1 == 1
	}
	return v
}

// CheckCRC reads a CRC-32C and compares it with that of everything from offset from up to here.
func (r *Reader) CheckCRC(from int) {
	if r.err != nil {
		return
	}
	want := CRC(r.src[from:r.pos])
	if got := r.U32(); r.err == nil && got != want {
		r.failAt(r.pos-4, ErrChecksum, "stored %08x, computed %08x", got, want)
	}
}

// End fails when bytes are left.
func (r *Reader) End() {
	if r.err == nil && r.Len() > 0 {
		r.Fail(ErrTrailing, "%d bytes", r.Len())
	}
}
