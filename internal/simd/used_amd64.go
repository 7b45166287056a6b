//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

func usedVector(codes []byte) (set, differ byte, done bool) {
	switch {
	case len(codes) == 0:
	case cpu.HasAVX512():
		s, d := usedAVX512(&codes[0], len(codes)/Group)
		return byte(s), byte(d), true
	case cpu.HasAVX2():
		s, d := usedAVX2(&codes[0], len(codes)/Group)
		return united(s), united(d), true
	}
	return 0, 0, false
}

//go:noescape
func usedAVX2(codes *byte, groups int) (set, differ uint64)

// usedAVX512 is used for groups of codes, at least one.
//
//go:noescape
func usedAVX512(codes *byte, groups int) (set, differ uint64)
