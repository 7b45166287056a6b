//go:build !noasm

package packed

import (
	"unsafe"

	"github.com/dqa-go/dqa/internal/cpu"
	syscpu "golang.org/x/sys/cpu"
)

//go:noescape
func extractBMI2(dst *byte, words *uint64, n int, mask uint64, width int)

//go:noescape
func depositBMI2(words *uint64, src *byte, n int, mask uint64, width int)

func extract(dst []byte, words []uint64, mask uint64, width int) {
	if !syscpu.X86.HasBMI2 || !cpu.Has(cpu.AVX2) {
		extractGeneric(dst, words, mask, width)
		return
	}
	_ = dst[:len(words)*width+8]
	extractBMI2(&dst[0], unsafe.SliceData(words), len(words), mask, width)
}

func deposit(words []uint64, src []byte, mask uint64, width int) {
	if !syscpu.X86.HasBMI2 || !cpu.Has(cpu.AVX2) {
		depositGeneric(words, src, mask, width)
		return
	}
	_ = src[:len(words)*width+8]
	depositBMI2(unsafe.SliceData(words), &src[0], len(words), mask, width)
}
