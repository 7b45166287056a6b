package main

import (
	"slices"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/profile"
)

// fastCoder is that of spec/fast.md.
type fastCoder struct{ unrefined }

func (fastCoder) fit(_ *profile.Profile, e *profile.Edge, img image) {
	if e.Prefix == nil {
		e.Prefix = prefixOf(e, joined(img.channels(e)))
	}
}

func (fastCoder) fields(e *profile.Edge, add func(field string, b ...byte)) {
	add("center", byte(e.Prefix.Center))
	add("group", e.Prefix.Group)
	add("low bits", e.Prefix.LowBits)
	add("lengths", nibbles(e.Prefix.Lengths[:])...)
	add("words", e.Prefix.Words[:]...)
}

func (fastCoder) payload(w writer, e *profile.Edge, channels []channelCodes) []byte {
	codes := joined(channels)
	return w.whole(e, codes, func() []byte {
		if low, high := codeRange(e); slices.Min(codes) < low || slices.Max(codes) > high {
			return nil
		}
		return prefixCodes(e.Prefix, codes).join()
	})
}

// prefixOf are parameters for codes, of which those beyond a byte do not count: one of a few, by their number.
func prefixOf(e *profile.Edge, codes []int) *prefix.Params {
	low, high := codeRange(e)
	p := &prefix.Params{Low: int16(low), High: int16(high)}
	variant := (len(codes) + e.Bits) % 4
	p.Group = uint8(2 + variant%2*2)
	if low < 0 {
		p.Center = int8([]int{0, 1, -1, 0}[variant])
	}
	p.LowBits = []uint8{0, 1, 2, 0}[variant]
	p.Words = [][7]uint8{{1, 1, 1, 1, 1, 1, 2}, {1, 2}, {0, 2, 4}, {1, 1, 1, 2}}[variant]
	counts, h := make([]int, 16), headLimit(p)
	for i := 0; i+int(p.Group) <= len(codes); i += int(p.Group) {
		symbol := 0
		for k, c := range codes[i : i+int(p.Group)] {
			symbol |= min(foldCode(p, c), h) << (k * 4 / int(p.Group))
		}
		counts[symbol&15]++
	}
	copy(p.Lengths[:], byRank(counts, 1, 3, 3, 3, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7))
	return p
}

// codeRange are the codes that the coder fast has room for.
func codeRange(e *profile.Edge) (low, high int) {
	bits := e.Bits + e.ExtraBits
	if e.Escape {
		bits = 8
	}
	if e.Unsigned {
		return 0, 1<<bits - 1
	}
	return -1 << (bits - 1), 1<<(bits-1) - 1
}
