//go:build (amd64 || arm64) && !noasm

package prefix

// What kernels of every instruction set rely on, said once: lists of n values have room for whole vectors, and where a kernel
// writes more than it keeps, for the slack.

func needSplit(n int, symbols, rests []byte, code *Code) {
	need(n, symbols, padded(n)/code.group+slack)
	need(n, rests, padded(n)+slack)
}

func needShiftOut(n int, planes, list []byte, s *step) {
	need(n, planes, (n+7)/8*s.bits+8)
	need(n, list, padded(n)+slack)
}

func needTakeBit(n int, plane, list []byte) {
	need(n, plane, padded(n)/8)
	need(n, list, padded(n))
}

func needLookUp(n int, list, escapes []byte) {
	need(n, list, padded(n))
	need(n, escapes, padded(n)+slack)
}

func needNext(n int, next []byte, active []uint64) {
	need(n, next, padded(n)+slack)
	_ = active[padded(n)/64-1]
}

func needSpread(n int, heads, ranks []byte, code *Code) {
	need(n, heads, padded(n))
	need(n, ranks, padded(n)/code.group)
}

func needJoin(n int, heads, rests []byte) {
	need(n, heads, padded(n))
	need(n, rests, padded(n)+slack)
}

// filledUp is a last vector of codes, filled up with the center, whose value is 0.
func filledUp(codes []byte, code *Code) (last [64]byte) {
	for i := copy(last[:], codes); i < len(last); i++ {
		last[i] = code.codes[0]
	}
	return last
}
