package calib

import (
	"math"

	"github.com/dqa-go/dqa/entropy/huffman"
	"github.com/dqa-go/dqa/profile"
)

// effort is the time that a coder takes to write and read a value, in nanoseconds: measured on one core of a Zen 4
// server (docs/results/codec.md), rounded. What is chosen by it must not depend on the machine that calibrates.
var effort = map[profile.Coder]float64{profile.Raw: .4, profile.Paper: .6, profile.Fast: .5, profile.Small: 1.3, profile.Smallest: 12}

// ProfileFor builds the profile whose edges each have the coder that is through soonest: the time for coding plus that on
// a link of so many bits per second.
func (p *Plan) ProfileFor(link float64) *profile.Profile {
	coders, most := make([]profile.Coder, len(p.Edges)), profile.Raw
	for i := range coders {
		least := math.Inf(1)
		for c := profile.Raw; c <= profile.Smallest; c++ {
			bits, ok := p.bitsPerValue(i, c)
			if time := bits*1e9/link + effort[c]; ok && time < least {
				coders[i], least = c, time
			}
		}
		most = max(most, coders[i])
	}
	return p.profile(func(i int) profile.Coder { return coders[i] }, most)
}

// bitsPerValue is the mean size of a value of edge i in coder c; false where that cannot store it. What is the same in
// all coders (headers, scales, the low bits of scalable frames) does not count.
func (p *Plan) bitsPerValue(i int, c profile.Coder) (float64, bool) {
	e, counts := &p.Edges[i], p.counts[i]
	values := max(1, counts.channels.total())
	important := float64(e.NumImportant()) / float64(e.Channels)
	base := e.Base()
	switch c {
	case profile.Raw:
		return float64(base.Bits) + important*float64(e.ExtraBits), !e.Escape
	case profile.Paper:
		if counts.shift == nil {
			return 0, false
		}
		code, err := huffman.NewCode(e.ExtraBits, huffman.BuildLengths(counts.shift))
		if err != nil {
			panic(err) // BuildLengths makes valid ones
		}
		return float64(base.Bits) + float64(code.Bits(counts.shift))/values, !e.Escape
	case profile.Fast:
		if counts.prefix == nil {
			return 0, false
		}
		params := counts.prefix.Build()
		return float64(counts.prefix.Bits(&params)) / values, true
	case profile.Small:
		return counts.channels.size() / values, true
	}
	return counts.contexts.size() / values, true
}

// total is the number of codes.
func (h histogram) total() (n float64) {
	for _, counts := range h {
		for _, k := range counts {
			n += float64(k)
		}
	}
	return n
}
