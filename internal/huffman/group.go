package huffman

import "encoding/binary"

// appendSymbols appends the symbols of shift errors, m bits each in the low bits of bytes. Bits above the symbol are not
// cleared if errors are not grouped.
func appendSymbols(dst, errors []byte, m int) []byte {
	switch Group(m) {
	case 4:
		for ; len(errors) >= 4; errors = errors[4:] {
			e := binary.LittleEndian.Uint32(errors) & 0x01010101
			dst = append(dst, byte(e*0x01020408>>24)) // the four bits meet in the highest byte
		}
	case 2:
		for ; len(errors) >= 2; errors = errors[2:] {
			dst = append(dst, errors[0]&3|errors[1]&3<<2)
		}
	default:
		return append(dst, errors...)
	}
	if len(errors) > 0 {
		var last byte
		for i, e := range errors {
			last |= e & (1<<m - 1) << (i * m)
		}
		dst = append(dst, last)
	}
	return dst
}

// ungroup is the inverse of appendSymbols where errors are grouped; false where there is an error beyond the last one.
func ungroup(errors, symbols []byte, m int) bool {
	group := Group(m)
	full := len(errors) / group
	if group == 4 {
		for k, s := range symbols[:full] {
			binary.LittleEndian.PutUint32(errors[4*k:], spread[s&15])
		}
	} else {
		for k, s := range symbols[:full] {
			errors[2*k], errors[2*k+1] = s&3, s>>2&3
		}
	}
	if full == len(symbols) {
		return true
	}
	s := symbols[full]
	for i := full * group; i < len(errors); i++ {
		errors[i] = s & (1<<m - 1)
		s >>= m
	}
	return s == 0
}

// spread has the four bits of a symbol in four bytes.
var spread = func() (t [16]uint32) {
	for s := range t {
		for i := range 4 {
			t[s] |= uint32(s) >> i & 1 << (8 * i)
		}
	}
	return t
}()
