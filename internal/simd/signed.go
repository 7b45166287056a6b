package simd

import "unsafe"

// CopySigned copies bytes as two's complement to dst, which is as long.
func CopySigned(dst []int8, src []byte) {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), len(dst)), src)
}
