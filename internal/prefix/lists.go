//go:build (amd64 || arm64) && !noasm

package prefix

// Tables for lists that grow and shrink, by 8 bits: where each of 8 bytes comes from, in the lower half of a vector and in
// the upper one.
var shrink, grow [2][256][8]uint8

// ones8 is the number of bits set.
var ones8 [256]uint8

func init() {
	for set := range 256 {
		k := uint8(0)
		for i := range uint8(8) {
			for half := range uint8(2) {
				grow[half][set][i] = 0x80 // nothing
				if set>>i&1 == 1 {
					shrink[half][set][k] = 8*half + i
					grow[half][set][i] = 8*half + k
				}
			}
			k += uint8(set >> i & 1)
		}
		ones8[set] = k
	}
}

// need panics if a list is too short: a fault of this package.
func need(n int, list []byte, size int) {
	if n < 0 || len(list) < size {
		panic("prefix: no room for a kernel")
	}
}
