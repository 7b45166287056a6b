package main

import "github.com/dqa-go/dqa/profile"

// paperCoder stores codes as bit planes, shift errors by a Huffman code.
type paperCoder struct{ unrefined }

func (paperCoder) fit(_ *profile.Profile, e *profile.Edge, img image) {
	if e.NumImportant() > 0 && e.Table == nil {
		_, errors := split(e, img.channels(e))
		e.Table = tableOf(errors, e.ExtraBits)
	}
}

func (paperCoder) fields(e *profile.Edge, add func(field string, b ...byte)) {
	if e.NumImportant() > 0 {
		add("table", nibbles(e.Table)...)
	}
}

func (paperCoder) payload(_ writer, e *profile.Edge, channels []channelCodes) []byte {
	codes, errors := split(e, channels)
	out := planes(codes, e.Bits)
	if len(errors) == 0 {
		return out
	}
	return append(out, codeErrors(errors, e.ExtraBits, e.Table, 256).join()...)
}

// tableOf are lengths of words for shift errors like these.
func tableOf(errors []int, m int) []uint8 {
	g := errorsPerSymbol(m)
	counts := make([]int, 1<<(g*m))
	symbols := make([]int, (len(errors)+g-1)/g)
	for i, e := range errors {
		symbols[i/g] |= e << (i % g * m)
	}
	for _, s := range symbols {
		counts[s]++
	}
	if len(counts) == 8 {
		return byRank(counts, 1, 3, 3, 4, 4, 4, 5, 5)
	}
	return byRank(counts, 2, 2, 3, 3, 4, 4, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7)
}
