//go:build !noasm

package packed

import (
	"github.com/dqa-go/dqa/internal/cpu"
	syscpu "golang.org/x/sys/cpu"
)

// hasBMI2 tells whether bits may be taken together by instructions: not where instruction sets are lowered for tests.
func hasBMI2() bool { return syscpu.X86.HasBMI2 && syscpu.X86.HasPOPCNT && cpu.HasAVX2() }

//go:noescape
func packGroupsAVX2(dst, controls, codes *byte, groups int, mask, fold byte) int

//go:noescape
func unpackGroupsAVX2(codes, src, controls *byte, groups int, sign, fold byte) int

func packGroupsVector(dst, controls, codes []byte, s *style) (size int, done bool) {
	n := len(codes) / group
	if n == 0 || !hasBMI2() {
		return 0, n == 0
	}
	_, _ = dst[n*groupBytes+63], controls[n-1]
	return packGroupsAVX2(&dst[0], &controls[0], &codes[0], n, s.mask, s.fold), true
}

func unpackGroupsVector(codes, src, controls []byte, s *style) (size int, done bool) {
	n := len(controls)
	if n == 0 || !hasBMI2() {
		return 0, n == 0
	}
	_ = codes[n*group-1]
	return unpackGroupsAVX2(&codes[0], &src[0], &controls[0], n, s.sign, s.fold), true
}
