//go:build !amd64 || noasm

package packed

// extract sets of each word, at most eight, the bits that mask marks, side by side.
func extract(dst *[8]uint64, words []uint64, mask uint64) { extractGeneric(dst, words, mask) }

// deposit is the inverse.
func deposit(words []uint64, src *[8]uint64, mask uint64) { depositGeneric(words, src, mask) }
