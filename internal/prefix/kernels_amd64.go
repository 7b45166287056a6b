//go:build !noasm

package prefix

import "github.com/dqa-go/dqa/internal/cpu"

func best() *kernels {
	switch {
	case cpu.HasAVX512():
		return &avx512
	case cpu.HasAVX2():
		return &avx2
	}
	return &generic
}

// avx512 checks what its kernels rely on: lists with room for whole vectors and the slack.
var avx512 = kernels{
	splitHeads: func(symbols, rests, codes []byte, code *Code) int {
		n := len(codes)
		needSplit(n, symbols, rests, code)
		return splitHeadsAVX512(&symbols[0], &rests[0], &codes[0], n, code)
	},
	shiftOut: func(planes, list []byte, n int, s *step) int {
		if n == 0 {
			return 0
		}
		needShiftOut(n, planes, list, s)
		return shiftOutAVX512(&planes[0], &list[0], n, s)
	},
	takeBit: func(plane, list []byte, n, bit int) {
		needTakeBit(n, plane, list)
		takeBitAVX512(&plane[0], &list[0], n, bit)
	},
	lookUp: func(list, escapes []byte, n int, code *Code) int {
		needLookUp(n, list, escapes)
		return lookUpAVX512(&list[0], &escapes[0], n, code)
	},
	shiftIn: func(list, next []byte, active []uint64, planes []byte, n int, lasts *[MaxLen]uint64, s *step) int {
		if n == 0 || s.bits == 0 {
			return 0
		}
		need(n, list, padded(n))
		need(n, planes, (n+7)/8*s.bits)
		if s.last {
			return shiftInAVX512(&list[0], nil, nil, &planes[0], n, lasts, s)
		}
		needNext(n, next, active)
		return shiftInAVX512(&list[0], &next[0], &active[0], &planes[0], n, lasts, s)
	},
	ascend: func(list, next []byte, active []uint64, n int) {
		if n == 0 {
			return
		}
		need(n, list, padded(n))
		needNext(n, next, active)
		ascendAVX512(&list[0], &next[0], &active[0], n)
	},
	countEqual: func(list []byte, n int, value uint8) int {
		need(n, list, padded(n))
		return countEqualAVX512(&list[0], n, value)
	},
	bounds: func(list []byte, n int, lowest, highest uint8) (inside, reached bool) {
		need(n, list, padded(n))
		return boundsAVX512(&list[0], n, lowest, highest)
	},
	putEscapes: func(list, escapes []byte, n int, value uint8) {
		need(n, list, padded(n))
		need(n, escapes, slack)
		putEscapesAVX512(&list[0], &escapes[0], n, value)
	},
	spreadHeads: func(heads, ranks []byte, n int, code *Code) int {
		needSpread(n, heads, ranks, code)
		return spreadHeadsAVX512(&heads[0], &ranks[0], n, code)
	},
	joinHeads: func(dst, heads, rests []byte, code *Code, check bool) bool {
		n := len(dst)
		needJoin(n, heads, rests)
		return joinHeadsAVX512(&dst[0], &heads[0], &rests[0], n, code, check)
	},
}

//go:noescape
func splitHeadsAVX512(symbols, rests, codes *byte, n int, code *Code) int

//go:noescape
func shiftOutAVX512(planes, list *byte, n int, s *step) int

//go:noescape
func takeBitAVX512(plane, list *byte, n, bit int)

//go:noescape
func lookUpAVX512(list, escapes *byte, n int, code *Code) int

//go:noescape
func shiftInAVX512(list, next *byte, active *uint64, planes *byte, n int, lasts *[MaxLen]uint64, s *step) int

//go:noescape
func ascendAVX512(list, next *byte, active *uint64, n int)

//go:noescape
func countEqualAVX512(list *byte, n int, value uint8) int

//go:noescape
func boundsAVX512(list *byte, n int, lowest, highest uint8) (inside, reached bool)

//go:noescape
func putEscapesAVX512(list, escapes *byte, n int, value uint8)

//go:noescape
func spreadHeadsAVX512(heads, ranks *byte, n int, code *Code) int

//go:noescape
func joinHeadsAVX512(dst, heads, rests *byte, n int, code *Code, check bool) bool
