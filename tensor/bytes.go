package tensor

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// littleEndian tells whether memory holds numbers as files do, least byte first.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// Bytes are values as little-endian float32, for reading until values change: where they lie, if the processor has them so in
// memory, else in buf, which grows as needed.
func Bytes(values []float32, buf []byte) []byte {
	if littleEndian {
		return bytesOf(values)
	}
	buf = buf[:0]
	for _, v := range values {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
	}
	return buf
}

// Read fills values with float32 that read gives little-endian.
func Read(values []float32, read func([]byte) error) error {
	b := bytesOf(values)
	if err := read(b); err != nil || littleEndian {
		return err
	}
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return nil
}

// Floats are little-endian float32 as values, where they lie; ok is false where the processor has them otherwise in memory, or b does
// not begin where a float32 may.
func Floats(b []byte) (values []float32, ok bool) {
	p := unsafe.Pointer(unsafe.SliceData(b))
	if !littleEndian || uintptr(p)%unsafe.Alignof(float32(0)) != 0 {
		return nil, false
	}
	return unsafe.Slice((*float32)(p), len(b)/4), true
}
