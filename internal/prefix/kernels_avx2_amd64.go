//go:build !noasm

package prefix

// avx2 checks what its kernels rely on, as avx512 does.
var avx2 = kernels{
	splitHeads: func(symbols, rests, codes []byte, code *Code) int {
		n := len(codes)
		needSplit(n, symbols, rests, code)
		k, whole := 0, n&^63
		if whole > 0 {
			k = splitAVX2(symbols, rests, codes[:whole], code)
		}
		if whole < n {
			last := filledUp(codes[whole:], code)
			k += splitAVX2(symbols[whole/code.group:], rests[k:], last[:], code)
		}
		return k
	},
	shiftOut: func(planes, list []byte, n int, s *step) int {
		if n == 0 {
			return 0
		}
		needShiftOut(n, planes, list, s)
		return shiftOutAVX2(&planes[0], &list[0], n, s)
	},
	takeBit: func(plane, list []byte, n, bit int) {
		needTakeBit(n, plane, list)
		takeBitAVX2(&plane[0], &list[0], n, bit)
	},
	lookUp: func(list, escapes []byte, n int, code *Code) int {
		needLookUp(n, list, escapes)
		return lookUpAVX2(&list[0], &escapes[0], n, code)
	},
	shiftIn: func(list, next []byte, active []uint64, planes []byte, n int, lasts *[MaxLen]uint64, s *step) int {
		if n == 0 || s.bits == 0 {
			return 0
		}
		need(n, list, padded(n))
		need(n, planes, (n+7)/8*s.bits)
		if s.last {
			return shiftInAVX2(&list[0], nil, nil, &planes[0], n, lasts, s)
		}
		needNext(n, next, active)
		return shiftInAVX2(&list[0], &next[0], &active[0], &planes[0], n, lasts, s)
	},
	ascend: func(list, next []byte, active []uint64, n int) {
		if n == 0 {
			return
		}
		need(n, list, padded(n))
		needNext(n, next, active)
		ascendAVX2(&list[0], &next[0], &active[0], n)
	},
	countEqual: func(list []byte, n int, value uint8) int {
		need(n, list, padded(n))
		return countEqualAVX2(&list[0], n, value)
	},
	bounds: func(list []byte, n int, lowest, highest uint8) (inside, reached bool) {
		need(n, list, padded(n))
		return boundsAVX2(&list[0], n, lowest, highest)
	},
	putEscapes: func(list, escapes []byte, n int, value uint8) {
		need(n, list, padded(n))
		need(n, escapes, slack)
		putEscapesAVX2(&list[0], &escapes[0], n, value)
	},
	spreadHeads: func(heads, ranks []byte, n int, code *Code) int {
		needSpread(n, heads, ranks, code)
		return spreadHeadsAVX2(&heads[0], &ranks[0], n, code)
	},
	joinHeads: func(dst, heads, rests []byte, code *Code, check bool) bool {
		n := len(dst)
		needJoin(n, heads, rests)
		full, whole := 0, n&^63
		var wrong uint64
		if whole > 0 {
			full, wrong = joinHeadsAVX2(&dst[0], &heads[0], &rests[0], whole, code, check)
		}
		if whole < n {
			var last [64]byte
			_, more := joinHeadsAVX2(&last[0], &heads[whole], &rests[full], n-whole, code, check)
			copy(dst[whole:], last[:])
			wrong |= more
		}
		return wrong == 0
	},
}

// splitAVX2 is splitHeads for whole vectors.
func splitAVX2(symbols, rests, codes []byte, code *Code) int {
	if code.group == 2 {
		return splitPairsAVX2(&symbols[0], &rests[0], &codes[0], len(codes)/64, code)
	}
	return splitFoursAVX2(&symbols[0], &rests[0], &codes[0], len(codes)/64, code)
}

//go:noescape
func splitPairsAVX2(symbols, rests, codes *byte, blocks int, code *Code) int

//go:noescape
func splitFoursAVX2(symbols, rests, codes *byte, blocks int, code *Code) int

//go:noescape
func shiftOutAVX2(planes, list *byte, n int, s *step) int

//go:noescape
func takeBitAVX2(plane, list *byte, n, bit int)

//go:noescape
func lookUpAVX2(list, escapes *byte, n int, code *Code) int

//go:noescape
func shiftInAVX2(list, next *byte, active *uint64, planes *byte, n int, lasts *[MaxLen]uint64, s *step) int

//go:noescape
func ascendAVX2(list, next *byte, active *uint64, n int)

//go:noescape
func countEqualAVX2(list *byte, n int, value uint8) int

//go:noescape
func boundsAVX2(list *byte, n int, lowest, highest uint8) (inside, reached bool)

//go:noescape
func putEscapesAVX2(list, escapes *byte, n int, value uint8)

//go:noescape
func spreadHeadsAVX2(heads, ranks *byte, n int, code *Code) int

//go:noescape
func joinHeadsAVX2(dst, heads, rests *byte, n int, code *Code, check bool) (full int, wrong uint64)
