// Package bitplane stores small integers as bit planes (spec/coders.md).
//
// Values are cut into groups of 64. A group is one plane per bit, the lowest bit first; a plane is 8 bytes, value i of
// the group being bit i%8 of byte i/8. The planes of a last group of k < 64 values are ceil(k/8) bytes each, unused
// bits zero:
//
//	group 0                          group 1       last group, k values
//	+--------+--------+-- --+--------+--------+--  +-----------+-----------+--
//	| bit 0  | bit 1  | ... | bit b-1| bit 0  |    | bit 0     | bit 1     |
//	| 8 bytes| 8      |     | 8      |        |    | ceil(k/8) | ceil(k/8) |
//	+--------+--------+-- --+--------+--------+--  +-----------+-----------+--
//
// Groups of 64 keep a plane in one machine word, and any group can be found without reading the others.
package bitplane

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/internal/simd"
)

// MaxBits is the largest number of planes.
const MaxBits = 8

const group = 64

// Errors of Unpack.
var (
	ErrLength  = errors.New("planes have the wrong length")
	ErrPadding = errors.New("unused bits of a plane are set")
)

// Size is the number of bytes of n values of the given bits.
func Size(n, bits int) int { return bits * (n/group*8 + (n%group+7)/8) }

// AppendBytes is Append of codes that are bytes.
func AppendBytes(dst, codes []byte, bits int) []byte {
	start, whole := len(dst), len(codes)/group*group
	dst = slices.Grow(dst, Size(len(codes), bits))[:start+Size(whole, bits)]
	simd.Pack(dst[start:], codes[:whole], 0, bits)
	if rest := codes[whole:]; len(rest) > 0 {
		var last [group]byte
		var planes [MaxBits * 8]byte
		copy(last[:], rest)
		simd.Pack(planes[:8*bits], last[:], 0, bits)
		for p := range bits {
			dst = append(dst, planes[8*p:8*p+(len(rest)+7)/8]...)
		}
	}
	return dst
}

// UnpackBytes is Unpack to bytes; where signed says so the higher bits are those of the sign.
func UnpackBytes(dst, src []byte, bits int, signed bool) error {
	if want := Size(len(dst), bits); len(src) != want {
		return fmt.Errorf("%w: %d bytes, %d wanted", ErrLength, len(src), want)
	}
	whole := len(dst) / group * group
	simd.Unpack(dst[:whole], src, bits, signed)
	if rest := dst[whole:]; len(rest) > 0 {
		src = src[Size(whole, bits):]
		width := (len(rest) + 7) / 8
		if err := checkPadding(src, len(rest), bits, width); err != nil {
			return err
		}
		var last [group]byte
		var planes [MaxBits * 8]byte
		for p := range bits {
			copy(planes[8*p:], src[p*width:(p+1)*width])
		}
		simd.Unpack(last[:], planes[:8*bits], bits, signed)
		copy(rest, last[:])
	}
	return nil
}

// Append appends the low bits of codes, 1 to MaxBits of each: unsigned numbers or two's complement.
func Append(dst []byte, codes []int16, bits int) []byte {
	for len(codes) > 0 {
		n := min(group, len(codes))
		width := (n + 7) / 8
		start := len(dst)
		var zero [MaxBits * 8]byte
		dst = append(dst, zero[:bits*width]...)
		packGroup(dst[start:], codes[:n], bits, width)
		codes = codes[n:]
	}
	return dst
}

func packGroup(out []byte, codes []int16, bits, width int) {
	for j := range width {
		var rows uint64 // byte i: the low byte of value 8j+i
		part := codes[8*j:]
		if len(part) >= 8 {
			part = part[:8]
			rows = uint64(uint8(part[0])) | uint64(uint8(part[1]))<<8 | uint64(uint8(part[2]))<<16 | uint64(uint8(part[3]))<<24 |
				uint64(uint8(part[4]))<<32 | uint64(uint8(part[5]))<<40 | uint64(uint8(part[6]))<<48 | uint64(uint8(part[7]))<<56
		} else {
			for i, c := range part {
				rows |= uint64(uint8(c)) << (8 * i)
			}
		}
		planes := transpose(rows)
		for p := range bits {
			out[p*width+j] = byte(planes >> (8 * p))
		}
	}
}

// transpose turns an 8x8 bit matrix over: bit j of byte i becomes bit i of byte j.
func transpose(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

// Unpack is the inverse of Append for len(dst) values; signed says whether the highest bit is a sign. src must have
// exactly Size(len(dst), bits) bytes.
func Unpack(dst []int16, src []byte, bits int, signed bool) error {
	if want := Size(len(dst), bits); len(src) != want {
		return fmt.Errorf("%w: %d bytes, %d wanted", ErrLength, len(src), want)
	}
	var sign uint64 // the sign bit of every byte
	if signed {
		sign = 0x0101010101010101 << (bits - 1)
	}
	for len(dst) > 0 {
		n := min(group, len(dst))
		width := (n + 7) / 8
		if err := checkPadding(src, n, bits, width); err != nil {
			return err
		}
		unpackGroup(dst[:n], src, bits, width, sign)
		dst, src = dst[n:], src[bits*width:]
	}
	return nil
}

func checkPadding(src []byte, n, bits, width int) error {
	if n%8 == 0 {
		return nil
	}
	for p := range bits {
		if src[p*width+width-1]>>(n%8) != 0 {
			return ErrPadding
		}
	}
	return nil
}

func unpackGroup(dst []int16, src []byte, bits, width int, sign uint64) {
	for j := range width {
		var planes uint64
		for p := range bits {
			planes |= uint64(src[p*width+j]) << (8 * p)
		}
		rows := transpose(planes)
		// (v ^ s) - s extends the sign bit s of v; without one s is 0.
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], rows^sign)
		s := int16(uint8(sign))
		for i := range min(8, len(dst)-8*j) {
			dst[8*j+i] = int16(b[i]) - s
		}
	}
}
