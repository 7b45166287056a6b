package simd

import "encoding/binary"

// Used tells which bits are set in any of the codes, and which differ from the code's own highest bit.
func Used(codes []byte) (set, differ byte) {
	n := len(codes) / Group * Group
	set, differ, done := usedVector(codes[:n])
	if done {
		codes = codes[n:]
	}
	s, d := used(codes)
	return set | s, differ | d
}

func used(codes []byte) (set, differ byte) {
	const signs = 0x8080808080808080
	var s, d uint64
	for ; len(codes) >= 8; codes = codes[8:] {
		w := binary.LittleEndian.Uint64(codes)
		s |= w
		high := w & signs
		d |= w ^ (high - high>>7 | high)
	}
	for _, c := range codes {
		s |= uint64(c)
		d |= uint64(c ^ byte(int8(c)>>7))
	}
	return united(s), united(d)
}

// united is the disjunction of the bytes of w.
func united(w uint64) byte {
	for shift := 32; shift >= 8; shift /= 2 {
		w |= w >> shift
	}
	return byte(w)
}
