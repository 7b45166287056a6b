package tables

import (
	"math"

	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/profile"
)

// effort is the time that a coder takes to write and read a value, in nanoseconds: measured on one core of a Zen 4
// server (docs/results/codec.md), rounded. What is chosen by it must not depend on the machine that calibrates.
var effort = map[profile.Coder]float64{profile.Raw: .4, profile.Paper: .6, profile.Fast: .5, profile.Small: 1.3, profile.Smallest: 12}

// TeachFor is Teach with the coder, for every edge, that is through soonest: the time for coding plus that on a link of so
// many bits per second.
func (c *Counts) TeachFor(p *profile.Profile, link float64) {
	coders, most := make([]profile.Coder, len(c.edges)), profile.Raw
	for i := range coders {
		least := math.Inf(1)
		for coder := profile.Raw; coder <= profile.Smallest; coder++ {
			bits, ok := c.edges[i].bitsPerValue(coder)
			if time := bits*1e9/link + effort[coder]; ok && time < least {
				coders[i], least = coder, time
			}
		}
		most = max(most, coders[i])
	}
	c.teach(p, most, func(i int) profile.Coder { return coders[i] })
}

// bitsPerValue is the mean size of one of the edge's values in a coder; false where that cannot store it. What is the same
// in all coders (headers, scales, the low bits of scalable frames) does not count.
func (c *edgeCounts) bitsPerValue(coder profile.Coder) (float64, bool) {
	e := c.edge
	values := max(1, c.channels.slots.total())
	important := float64(e.NumImportant()) / float64(e.Channels)
	base := e.Base()
	switch coder {
	case profile.Raw:
		return float64(base.Bits) + important*float64(e.ExtraBits), !e.Escape
	case profile.Paper:
		if c.shift == nil {
			return 0, false
		}
		code, err := huffman.NewCode(e.ExtraBits, huffman.BuildLengths(c.shift))
		if err != nil {
			panic(err) // BuildLengths makes valid ones
		}
		return float64(base.Bits) + float64(code.Bits(c.shift))/values, !e.Escape
	case profile.Fast:
		if c.prefix == nil {
			return 0, false
		}
		params := c.prefix.Build()
		return float64(c.prefix.Bits(&params)) / values, true
	case profile.Small:
		return c.channels.slots.size() / values, true
	}
	return c.contexts.slots.size() / values, true
}
