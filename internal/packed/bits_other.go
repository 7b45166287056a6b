//go:build !amd64 || noasm

package packed

func extract(dst []byte, words []uint64, mask uint64, width int) {
	extractGeneric(dst, words, mask, width)
}

func deposit(words []uint64, src []byte, mask uint64, width int) {
	depositGeneric(words, src, mask, width)
}
