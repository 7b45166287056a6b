//go:build !amd64 || noasm

package huffman

func encodeSteps(c *Code, state *[MaxLanes]uint16, l int, symbols, out []byte, at int) int {
	return encodeStepsGeneric(c, state, l, symbols, out, at)
}

func decodeSteps(*Code, *[MaxLanes]uint16, int, []byte, []byte) (done, at int) { return 0, 0 }

func decodeTogether([]stream) {}
