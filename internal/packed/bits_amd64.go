//go:build !noasm

package packed

import (
	"unsafe"

	"github.com/dqa-go/dqa/internal/cpu"
	syscpu "golang.org/x/sys/cpu"
)

//go:noescape
func extractBMI2(dst, words *uint64, n int, mask uint64)

//go:noescape
func depositBMI2(words, src *uint64, n int, mask uint64)

// hasBMI2 tells whether bits may be taken together by instructions: not where instruction sets are lowered for tests.
func hasBMI2() bool { return syscpu.X86.HasBMI2 && cpu.Has(cpu.AVX2) }

// extract sets of each word, at most eight, the bits that mask marks, side by side.
func extract(dst *[8]uint64, words []uint64, mask uint64) {
	if !hasBMI2() {
		extractGeneric(dst, words, mask)
		return
	}
	extractBMI2(&dst[0], unsafe.SliceData(words), len(words)&15, mask)
}

// deposit is the inverse.
func deposit(words []uint64, src *[8]uint64, mask uint64) {
	if !hasBMI2() {
		depositGeneric(words, src, mask)
		return
	}
	depositBMI2(unsafe.SliceData(words), &src[0], len(words)&15, mask)
}
