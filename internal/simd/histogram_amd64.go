//go:build !noasm

package simd

import "github.com/dqa-go/dqa/internal/cpu"

// fewCodes is the alphabet that comparing counts faster than a table.
const fewCodes = 16

func histogramVector(counts *[256]uint32, codes []byte) bool {
	if !cpu.HasAVX512() {
		return false
	}
	if set, _ := Used(codes); set >= fewCodes {
		return false
	}
	var few [fewCodes]uint64
	histogramAVX512(&few, &codes[0], len(codes)/Group)
	for c, n := range few {
		counts[c] += uint32(n)
	}
	return true
}

// histogramAVX512 counts the codes of groups, at least one, all of them below fewCodes.
//
//go:noescape
func histogramAVX512(counts *[fewCodes]uint64, codes *byte, groups int)
