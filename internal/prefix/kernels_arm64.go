//go:build !noasm

package prefix

import "github.com/dqa-go/dqa/internal/cpu"

func best() *kernels {
	if cpu.Has(cpu.NEON) {
		return &neon
	}
	return &generic
}

// neon checks what its kernels rely on: lists with room for whole vectors and the slack.
var neon = kernels{
	splitHeads: func(symbols, rests, codes []byte, code *Code) int {
		n := len(codes)
		needSplit(n, symbols, rests, code)
		k, whole := 0, n&^63
		if whole > 0 {
			k = splitHeadsNEON(&symbols[0], &rests[0], &codes[0], whole/64, code)
		}
		if whole < n {
			last := filledUp(codes[whole:], code)
			k += splitHeadsNEON(&symbols[whole/code.group], &rests[k], &last[0], 1, code)
		}
		return k
	},
	shiftOut: func(planes, list []byte, n int, s *step) int {
		if n == 0 {
			return 0
		}
		needShiftOut(n, planes, list, s)
		return shiftOutNEON(&planes[0], &list[0], n, s)
	},
	takeBit: func(plane, list []byte, n, bit int) {
		needTakeBit(n, plane, list)
		takeBitNEON(&plane[0], &list[0], n, bit)
	},
	lookUp: func(list, escapes []byte, n int, code *Code) int {
		needLookUp(n, list, escapes)
		return lookUpNEON(&list[0], &escapes[0], n, code)
	},
	shiftIn: func(list, next []byte, active []uint64, planes []byte, n int, lasts *[MaxLen]uint64, s *step) int {
		if n == 0 || s.bits == 0 {
			return 0
		}
		need(n, list, padded(n))
		need(n, planes, (n+7)/8*s.bits)
		if s.last {
			return shiftInNEON(&list[0], nil, nil, &planes[0], n, lasts, s)
		}
		needNext(n, next, active)
		return shiftInNEON(&list[0], &next[0], &active[0], &planes[0], n, lasts, s)
	},
	ascend: func(list, next []byte, active []uint64, n int) {
		if n == 0 {
			return
		}
		need(n, list, padded(n))
		needNext(n, next, active)
		ascendNEON(&list[0], &next[0], &active[0], n)
	},
	countEqual: countEqual,
	bounds:     bounds,
	putEscapes: putEscapes,
	spreadHeads: func(heads, ranks []byte, n int, code *Code) int {
		needSpread(n, heads, ranks, code)
		return spreadHeadsNEON(&heads[0], &ranks[0], n, code)
	},
	joinHeads: func(dst, heads, rests []byte, code *Code, check bool) bool {
		n := len(dst)
		needJoin(n, heads, rests)
		full, whole := 0, n&^63
		var wrong uint64
		if whole > 0 {
			full, wrong = joinHeadsNEON(&dst[0], &heads[0], &rests[0], whole, code)
		}
		if whole < n {
			var last [64]byte
			_, more := joinHeadsNEON(&last[0], &heads[whole], &rests[full], n-whole, code)
			copy(dst[whole:], last[:])
			wrong |= more
		}
		return !check || wrong == 0
	},
}

//go:noescape
func splitHeadsNEON(symbols, rests, codes *byte, blocks int, code *Code) int

//go:noescape
func shiftOutNEON(planes, list *byte, n int, s *step) int

//go:noescape
func takeBitNEON(plane, list *byte, n, bit int)

//go:noescape
func lookUpNEON(list, escapes *byte, n int, code *Code) int

//go:noescape
func shiftInNEON(list, next *byte, active *uint64, planes *byte, n int, lasts *[MaxLen]uint64, s *step) int

//go:noescape
func ascendNEON(list, next *byte, active *uint64, n int)

//go:noescape
func spreadHeadsNEON(heads, ranks *byte, n int, code *Code) int

//go:noescape
func joinHeadsNEON(dst, heads, rests *byte, n int, code *Code) (full int, wrong uint64)
