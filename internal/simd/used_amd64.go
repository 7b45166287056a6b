//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

func usedVector(codes []byte) (set, differ byte, done bool) {
	if len(codes) == 0 || !cpu.Has(cpu.AVX512) {
		return 0, 0, false
	}
	s, d := usedAVX512(&codes[0], len(codes)/Group)
	return byte(s), byte(d), true
}

// usedAVX512 is used for groups of codes, at least one.
//
//go:noescape
func usedAVX512(codes *byte, groups int) (set, differ uint64)
