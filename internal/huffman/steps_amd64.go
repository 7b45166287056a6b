//go:build !noasm

package huffman

import "github.com/dqa-go/dqa/internal/cpu"

// encodeSteps encodes whole steps of l symbols, from the last to the first; behind the symbols lies slack. It returns where
// the stream begins.
func encodeSteps(c *Code, state *[MaxLanes]uint16, l int, symbols, out []byte, at int) int {
	steps := (len(symbols) - slack) / l
	if steps == 0 || !cpu.HasAVX512() {
		return encodeStepsGeneric(c, state, l, symbols, out, at)
	}
	return at - encodeAVX512(c, state, l, &symbols[0], steps, &out[:at][at-1])
}

// decodeSteps decodes whole steps of l symbols, as many as it can, and returns how many symbols and bytes those are.
// Behind src lies slack.
func decodeSteps(c *Code, state *[MaxLanes]uint16, l int, symbols, src []byte) (done, at int) {
	steps := 0 // each writes slack symbols
	if len(symbols) >= slack {
		steps = (len(symbols)-slack)/l + 1
	}
	if steps == 0 || !cpu.HasAVX512() {
		return 0, 0
	}
	return decodeAVX512(c, state, l, &symbols[0], steps, &src[:1][0], len(src))
}

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
