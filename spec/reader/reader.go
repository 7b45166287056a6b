// Package reader is a slow reader of frames and profiles, versions 1 and 2, written from the pages of spec/ and sharing nothing
// with the rest of the program: it is the proof that they suffice. Every loop is as plain as the sentence that it follows.
package reader

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Causes of an Error (spec/README.md, "Why a reader refuses").
const (
	Header   = "header"
	Limit    = "limit"
	Checksum = "checksum"
	Other    = "profile"
	Payload  = "payload"
)

// Error says why bytes were refused.
type Error struct{ Cause, Detail string }

func (e *Error) Error() string { return e.Cause + ": " + e.Detail }

// refuse ends reading; the exported functions recover it.
func refuse(cause, format string, args ...any) {
	panic(&Error{cause, fmt.Sprintf(format, args...)})
}

func need(ok bool, cause, what string) {
	if !ok {
		refuse(cause, "%s", what)
	}
}

// recovered turns refuse into an error; other panics go on.
func recovered(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}

// reader takes fields from the front; what is missing or too long is of its cause.
type reader struct {
	data  []byte
	pos   int
	cause string
}

func (r *reader) left() int { return len(r.data) - r.pos }

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(r.left()) {
		refuse(r.cause, "%d bytes wanted at %d, %d left", n, r.pos, r.left())
	}
	r.pos += int(n)
	return r.data[r.pos-int(n) : r.pos]
}

func (r *reader) u8() int        { return int(r.bytes(1)[0]) }
func (r *reader) u16() int       { return int(binary.LittleEndian.Uint16(r.bytes(2))) }
func (r *reader) u32() uint32    { return binary.LittleEndian.Uint32(r.bytes(4)) }
func (r *reader) u64() uint64    { return binary.LittleEndian.Uint64(r.bytes(8)) }
func (r *reader) f32() float32   { return math.Float32frombits(r.u32()) }
func (r *reader) f64() float64   { return math.Float64frombits(r.u64()) }
func (r *reader) string() string { return string(r.bytes(r.count(4096, "length of a string"))) }

func (r *reader) uvarint() uint64 {
	var v uint64
	for i := range 10 {
		b := r.u8()
		need(i < 9 || b <= 1, r.cause, "a uvarint beyond 64 bits")
		v |= uint64(b&127) << (7 * i)
		if b < 128 {
			need(b > 0 || i == 0, r.cause, "a uvarint longer than necessary")
			return v
		}
	}
	refuse(r.cause, "a uvarint beyond 64 bits")
	return 0
}

// count is a uvarint that pages give a limit for.
func (r *reader) count(limit uint64, what string) uint64 {
	v := r.uvarint()
	if v > limit {
		refuse(Limit, "%s: %d, %d allowed", what, v, limit)
	}
	return v
}

func (r *reader) bools(n int) []bool {
	data := r.bytes(uint64(n+7) / 8)
	out := make([]bool, 8*len(data))
	for i := range out {
		out[i] = data[i/8]>>(i%8)&1 == 1
		need(i < n || !out[i], r.cause, "unused bits are set")
	}
	return out[:n]
}

// crc compares the checksum of what was read from start on.
func (r *reader) crc(start int) {
	computed := crc32c(r.data[start:r.pos])
	need(r.u32() == computed, Checksum, fmt.Sprintf("of the bytes from %d on", start))
}

func (r *reader) end() {
	need(r.left() == 0, r.cause, "bytes after the end")
}

// crc32c is CRC-32C, a bit at a time.
func crc32c(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low == 1 {
				crc ^= 0x82f63b78
			}
		}
	}
	return ^crc
}

func finite(v float32) bool { return v-v == 0 }

func normal(v float32) bool { return finite(v) && v >= 0x1p-126 }

// step tells whether v is 0, without a sign, or a positive normal number.
func step(v float32) bool { return normal(v) || math.Float32bits(v) == 0 }
