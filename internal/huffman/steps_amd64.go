//go:build !noasm

package huffman

import (
	"math/bits"

	"github.com/dqa-go/dqa/internal/cpu"
)

// encodeSteps encodes whole steps of l symbols, from the last to the first; behind the symbols lies slack. It returns where
// the stream begins.
func encodeSteps(c *Code, state *[MaxLanes]uint16, l int, symbols, out []byte, at int) int {
	steps := (len(symbols) - slack) / l
	switch {
	case steps == 0:
		return at
	case cpu.HasAVX512():
		return at - encodeAVX512(c, state, l, &symbols[0], steps, &out[:at][at-1])
	case cpu.HasAVX2() && l == MaxLanes:
		return at - encode32AVX2(c, state, l, &symbols[0], steps, &out[:at][at-1])
	case cpu.HasAVX2():
		return at - encode16AVX2(c, state, l, &symbols[0], steps, &out[:at][at-1])
	}
	return encodeStepsGeneric(c, state, l, symbols, out, at)
}

// decodeSteps decodes whole steps of l symbols, as many as it can, and returns how many symbols and bytes those are.
// Behind src lies slack.
func decodeSteps(c *Code, state *[MaxLanes]uint16, l int, symbols, src []byte) (done, at int) {
	steps := 0 // each writes slack symbols
	if len(symbols) >= slack {
		steps = (len(symbols)-slack)/l + 1
	}
	switch {
	case steps == 0:
	case cpu.HasAVX512():
		return decodeAVX512(c, state, l, &symbols[0], steps, &src[:1][0], len(src))
	case cpu.HasAVX2() && l == MaxLanes:
		return decode32AVX2(c, state, l, &symbols[0], steps, &src[:1][0], len(src))
	case cpu.HasAVX2():
		return decode16AVX2(c, state, l, &symbols[0], steps, &src[:1][0], len(src))
	}
	return 0, 0
}

// decodeTogether decodes whole steps of streams of one number of symbols and lanes, as many as it can.
func decodeTogether(streams []stream) {
	s := &streams[0]
	steps := 0
	if len(s.symbols) >= slack {
		steps = (len(s.symbols)-slack)/s.lanes + 1
	}
	if steps > 0 && s.lanes < MaxLanes && cpu.HasAVX2() {
		decodeTogetherAVX2(s, len(streams), steps)
		return
	}
	for i := range streams {
		s := &streams[i]
		s.done, s.at = decodeSteps(s.code, &s.state, s.lanes, s.symbols, s.src)
	}
}

// give and take are, by eight lanes that give a byte away or take one: which of the bytes of all lanes end the eight bytes
// before those given, and which of the next bytes go where; for the lower and the upper eight of 16 lanes.
var give, take [2][256][8]uint8

func init() {
	for set := range 256 {
		k := uint8(0)
		for lane := range uint8(8) {
			for half := range uint8(2) {
				take[half][set][lane] = 0x80 // nothing
				if set>>lane&1 == 1 {
					give[half][set][8-bits.OnesCount8(uint8(set))+int(k)] = 8*half + lane
					take[half][set][lane] = 8*half + k
				}
			}
			k += uint8(set >> lane & 1)
		}
	}
}

// encode32AVX2 is encodeAVX512 for 32 lanes, encode16AVX2 for fewer, and so on.
//
//go:noescape
func encode32AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, last *byte) int

//go:noescape
func encode16AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, last *byte) int

//go:noescape
func decode32AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, src *byte, end int) (done, at int)

// decodeTogetherAVX2 is decode16AVX2 of n streams, until one of them ends.
//
//go:noescape
func decodeTogetherAVX2(streams *stream, n, steps int)

//go:noescape
func decode16AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, src *byte, end int) (done, at int)

// encodeAVX512 encodes steps of l symbols and returns the number of bytes that it wrote, up to the one that last points
// to. It reads MaxLanes symbols at every step, and writes as many bytes before.
//
//go:noescape
func encodeAVX512(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, last *byte) int

// decodeAVX512 decodes at most steps of l symbols, and none that would begin to read beyond byte end of src. It writes
// MaxLanes symbols and reads as many bytes at every step.
//
//go:noescape
func decodeAVX512(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, src *byte, end int) (done, at int)
