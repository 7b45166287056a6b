package prefix

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// kernels work on lists of n bytes, which have room for whole vectors and the slack behind them. A plane is one bit per
// byte of a list, the first one lowest. Planes of the same n lie one behind the other; where they are read, lasts holds
// their bits behind the last multiple of 64.
type kernels struct {
	// splitHeads cuts codes: it writes the coded symbols to symbols, and to rests what values have beyond a full head.
	// It returns how many have.
	splitHeads func(symbols, rests, codes []byte, code *Code) int
	// shiftOut writes the bits of a step of n coded words to planes, and leaves in list, shifted, the words that go on.
	// It returns how many do.
	shiftOut func(planes, list []byte, n int, s *step) int
	// takeBit writes one bit of n bytes to plane.
	takeBit func(plane, list []byte, n, bit int)
	// lookUp replaces n rests by the coded words of their high parts, and writes those that have none to escapes. It
	// returns how many have none.
	lookUp func(list, escapes []byte, n int, code *Code) int

	// shiftIn adds the lower bits of a step to each of n bytes, which are taken to be 0 in the first step. If it is not
	// the last step, those that are then at least leaves go on to next, less leaves, and are marked in active. To the
	// others base is added. It returns how many go on.
	shiftIn func(list, next []byte, active []uint64, planes []byte, n int, lasts *[MaxLen]uint64, s *step) int
	// ascend puts the bytes of next where they came from.
	ascend func(list, next []byte, active []uint64, n int)
	// countEqual counts value.
	countEqual func(list []byte, n int, value uint8) int
	// bounds tells whether n bytes are from lowest to highest, and whether one is highest or more.
	bounds func(list []byte, n int, lowest, highest uint8) (inside, reached bool)
	// putEscapes replaces value by the bytes of escapes.
	putEscapes func(list, escapes []byte, n int, value uint8)
	// spreadHeads writes the heads of n codes, and those that fill the last symbol, and returns how many of the n are
	// full.
	spreadHeads func(heads, ranks []byte, n int, code *Code) int
	// joinHeads is the inverse of splitHeads. If check is set it tells whether all codes are in range, else true.
	joinHeads func(dst, heads, rests []byte, code *Code, check bool) bool
}

var generic = kernels{
	splitHeads:  splitHeads,
	shiftOut:    shiftOut,
	takeBit:     takeBit,
	lookUp:      lookUp,
	shiftIn:     shiftIn,
	ascend:      ascend,
	countEqual:  countEqual,
	bounds:      bounds,
	putEscapes:  putEscapes,
	spreadHeads: spreadHeads,
	joinHeads:   joinHeads,
}

// fold is the value of a two's complement code.
func fold(code, center uint8) uint8 {
	c := code - center
	return c<<1 ^ uint8(int8(c)>>7)
}

// unfold is the inverse.
func unfold(value, center uint8) uint8 { return (value>>1 ^ -(value & 1)) + center }

func splitHeads(symbols, rests, codes []byte, code *Code) int {
	whole := len(codes) - len(codes)%code.group
	var last [4]byte // filled up with the center, whose value is 0
	for i := range last {
		last[i] = code.codes[0]
	}
	copy(last[:], codes[whole:])
	if code.group == 2 {
		k := splitPairs(symbols, rests, codes[:whole], code)
		return k + splitPairs(symbols[whole/2:], rests[k:], last[:2], code)
	}
	k := splitFours(symbols, rests, codes[:whole], code)
	return k + splitFours(symbols[whole/4:], rests[k:], last[:], code)
}

// splitPairs is splitHeads for whole groups of 2.
func splitPairs(symbols, rests, codes []byte, code *Code) int {
	k := 0
	symbols = symbols[:len(codes)/2]
	for i := range symbols {
		a, b := code.parts[codes[2*i]], code.parts[codes[2*i+1]]
		symbols[i] = code.symbols.coded[(a.head+b.head<<2)%16]
		rests[k] = a.rest
		k += int(a.full)
		rests[k] = b.rest
		k += int(b.full)
	}
	return k
}

// splitFours is splitHeads for whole groups of 4.
func splitFours(symbols, rests, codes []byte, code *Code) int {
	k := 0
	symbols = symbols[:len(codes)/4]
	for i := range symbols {
		var symbol uint8
		for j, c := range codes[4*i : 4*i+4] {
			p := code.parts[c]
			symbol |= p.head << (j & 3)
			rests[k] = p.rest
			k += int(p.full)
		}
		symbols[i] = code.symbols.coded[symbol%16]
	}
	return k
}

// atLeast is 1 if v is at least limit, else 0, without a branch: which it is cannot be foreseen.
func atLeast(v, limit uint8) int { return 1 - int((uint32(v)-uint32(limit))>>31) }

func shiftOut(planes, list []byte, n int, s *step) int {
	size := (n + 7) / 8
	for p := range s.bits {
		takeBit(planes[p*size:], list, n, p)
	}
	if s.last {
		return 0
	}
	k, limit := 0, uint8(2)<<s.bits
	for _, v := range list[:n] {
		list[k] = v >> (s.bits & 7)
		k += atLeast(v, limit)
	}
	return k
}

func takeBit(plane, list []byte, n, bit int) {
	for i := 0; i < n; i += 8 {
		plane[i/8] = lowest(binary.LittleEndian.Uint64(list[i:]) >> (bit & 7))
	}
	if n%8 > 0 {
		plane[n/8] &= 1<<(n%8) - 1
	}
}

const ones = 0x0101010101010101 // in each of 8 bytes

// lowest is the lowest bits of 8 bytes.
func lowest(x uint64) uint8 { return uint8(x & ones * 0x0102040810204080 >> 56) }

// spread is the inverse: each bit of a byte as a byte.
var spread = func() (t [256]uint64) {
	for b := range t {
		for i := range 8 {
			t[b] |= uint64(b>>i&1) << (8 * i)
		}
	}
	return t
}()

func lookUp(list, escapes []byte, n int, code *Code) int {
	k, low := 0, code.params.LowBits&7
	for i, v := range list[:n] {
		v >>= low
		list[i] = code.rests.coded[min(v, code.escape)%maxWords]
		escapes[k] = v
		k += atLeast(v, code.escape)
	}
	return k
}

func shiftIn(list, next []byte, active []uint64, planes []byte, n int, lasts *[MaxLen]uint64, s *step) int {
	size := (n + 7) / 8
	for i := 0; i < n; i += 8 {
		var x uint64
		if !s.first {
			x = binary.LittleEndian.Uint64(list[i:])
		}
		for p := range s.bits {
			x = x<<1 + spread[planes[p*size+i/8]]
		}
		binary.LittleEndian.PutUint64(list[i:], x)
	}
	k := 0
	for i := 0; i < n && !s.last; i += 64 {
		on := reach(list[i:i+64], s.leaves)
		if n-i < 64 {
			on &= 1<<(n-i) - 1
		}
		active[i/64] = on
		for ; on != 0; on &= on - 1 {
			next[k] = list[i+bits.TrailingZeros64(on)] - s.leaves
			k++
		}
	}
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(list[i:], binary.LittleEndian.Uint64(list[i:])+ones*uint64(s.base))
	}
	return k
}

// reach marks those of 64 bytes below 128 that are at least limit, which is at most 128.
func reach(list []byte, limit uint8) (on uint64) {
	for i := range 8 {
		x := binary.LittleEndian.Uint64(list[8*i:]) | ones<<7
		on |= uint64(lowest((x-ones*uint64(limit))>>7)) << (8 * i)
	}
	return on
}

func ascend(list, next []byte, active []uint64, n int) {
	k := 0
	for i := 0; i < n; i += 64 {
		part := list[i : i+64]
		for on := active[i/64]; on != 0; on &= on - 1 {
			part[bits.TrailingZeros64(on)] = next[k]
			k++
		}
	}
}

func countEqual(list []byte, n int, value uint8) int { return bytes.Count(list[:n], []byte{value}) }

func bounds(list []byte, n int, lowest, highest uint8) (inside, reached bool) {
	inside = true
	for _, v := range list[:n] {
		inside = inside && lowest <= v && v <= highest
		reached = reached || v >= highest
	}
	return inside, reached
}

func putEscapes(list, escapes []byte, n int, value uint8) {
	k := 0
	for i, v := range list[:n] {
		if v == value {
			list[i] = escapes[k]
			k++
		}
	}
}

func spreadHeads(heads, ranks []byte, n int, code *Code) int {
	full := 0
	for i, group := 0, code.group; i < n; i += group {
		h := code.spread[ranks[i/group]%16]
		binary.LittleEndian.PutUint32(heads[i:], h&0x03030303)
		full += int(h >> 28)
	}
	return full
}

func joinHeads(dst, heads, rests []byte, code *Code, check bool) bool {
	k := 0
	for i := range dst {
		v := heads[i]
		isFull := atLeast(v, code.full)
		dst[i] = code.codes[v+rests[k]&-uint8(isFull)]
		k += isFull
	}
	return !check || inRange(dst, rests[:k], code)
}

// inRange tells whether rests and codes are such as a writer may write.
func inRange(codes, rests []byte, code *Code) bool {
	ok := true
	for _, r := range rests {
		ok = ok && r <= 255-code.full
	}
	for _, c := range codes {
		ok = ok && c-code.low <= code.span
	}
	return ok
}
