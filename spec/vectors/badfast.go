package main

import (
	"slices"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/profile"
)

// Parameters of prefix codes: the example of fast.md; groups of 4 and 3 low bits; and no words for high parts.
var (
	pairs = prefix.Params{
		Low: -128, High: 127, Center: 1, Group: 2, LowBits: 1, Words: [7]uint8{1, 2},
		Lengths: [16]uint8{1, 3, 7, 6, 6, 3, 7, 3, 6, 6, 7, 7, 7, 7, 7, 7},
	}
	fours = prefix.Params{
		Low: -128, High: 127, Center: -2, Group: 4, LowBits: 3, Words: [7]uint8{0, 3, 2},
		Lengths: [16]uint8{2, 2, 3, 5, 3, 5, 5, 6, 4, 7, 7, 7, 6, 7, 6, 6},
	}
	wordless = prefix.Params{
		Low: -128, High: 127, Group: 2, LowBits: 2,
		Lengths: [16]uint8{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4},
	}
)

// fastSubject is a tile of a channel whose codes are bytes.
func fastSubject(name string, p prefix.Params, codes []int) subject {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: len(codes)},
		Quantizer: profile.Quantizer{Bits: 8},
		Coding:    profile.Coding{Coder: profile.Fast, Prefix: &p},
	}
	return newSubject(name, e, codes)
}

// prefixTile is a coded payload of the coder fast.
func prefixTile(s prefixStream) []byte { return append([]byte{coded}, s.join()...) }

func badFastVectors(s *set) {
	example := []int{1, 1, 0, 2, 1, 1, 3, -5, 1}
	some := append(drawn(6, 17, -4, -3, -2, -2, -2, -2, 1, 2, 40, -90), 127, -2, -2, -30, -2, -2)
	for _, c := range []struct {
		name string
		p    prefix.Params
		n    []int
	}{{"fast-pairs", pairs, example}, {"fast-fours", fours, some}, {"fast-wordless", wordless, some}} {
		t := fastSubject(c.name, c.p, c.n)
		t.accepted(s, payload{"coded", "coded though plain codes may be shorter",
			prefixTile(prefixCodes(t.edge().Prefix, c.n))})
		badPrefix(s, t, c.n)
	}
	fastRanges(s)
}

// badPrefix adds streams that are wrong in one place.
func badPrefix(s *set, t subject, codes []int) {
	p := t.edge().Prefix
	good := prefixCodes(p, codes)
	values := make([]int, len(codes))
	full := -1 // the place of a value that has a rest
	for i, c := range codes {
		if values[i] = foldCode(p, c); values[i] >= headLimit(p) {
			full = i
		}
	}
	changed := func(change func(*prefixStream)) []byte {
		r := prefixStream{slices.Clone(good.symbols), slices.Clone(good.low), slices.Clone(good.high),
			slices.Clone(good.escapes)}
		change(&r)
		return prefixTile(r)
	}
	t.refused(s,
		payload{"nothing", "there is nothing behind the mode", []byte{coded}},
		payload{"left", "a byte follows the stream", appended(prefixTile(good), 0)},
		payload{"padding-first", "an unused bit of the first plane of symbols is set",
			changed(func(r *prefixStream) { r.symbols[0] = r.symbols[0].padded() })},
		payload{"padding-later", "an unused bit of a later plane of symbols is set",
			changed(func(r *prefixStream) { r.symbols[3] = r.symbols[3].padded() })},
		payload{"padding-low", "an unused bit of a plane of low bits is set",
			changed(func(r *prefixStream) { r.low[len(r.low)-1] = r.low[len(r.low)-1].padded() })},
		payload{"without-low", "the planes of low bits are missing", changed(func(r *prefixStream) { r.low = nil })},
		payload{"without-symbols", "the stream ends behind the first plane of symbols",
			changed(func(r *prefixStream) { *r = prefixStream{symbols: r.symbols[:1]} })},
		payload{"escape-missing", "the last escaped high part is missing",
			changed(func(r *prefixStream) { r.escapes = r.escapes[:len(r.escapes)-1] })},
		payload{"filling", "a head that fills the last symbol is 1", prefixTile(fillWith1(p, values))})
	if len(p.Words) > 0 && p.Words != [7]uint8{} {
		t.refused(s, payload{"padding-high", "an unused bit of a plane of high parts is set",
			changed(func(r *prefixStream) { r.high[0] = r.high[0].padded() })})
		last := escapePart(p) - 1
		low := slices.Clone(values)
		low[full] = headLimit(p) + last<<p.LowBits
		t.refused(s, payload{"escape-low", numbered("a high part is escaped that has a word: ", last),
			prefixTile(prefixValues(p, low, func(high int) bool { return high == last }))})
	}
	high := slices.Clone(values)
	high[full] = headLimit(p) + ((255-headLimit(p))>>p.LowBits+1)<<p.LowBits
	t.refused(s, payload{"escape-high", "an escaped high part is one above the greatest",
		prefixTile(prefixValues(p, high, nil))})
	if p.LowBits > 1 || p.Group == 4 {
		high[full] = 256
		t.refused(s, payload{"rest-high", "a rest is one above the greatest, its high part is not",
			prefixTile(prefixValues(p, high, nil))})
	}
}

// fillWith1 is a stream of values the last symbol of which is filled up with a head of 1 at last.
func fillWith1(p *prefix.Params, values []int) prefixStream {
	filled := slices.Clone(values)
	for len(filled)%int(p.Group) != 0 {
		filled = append(filled, 0)
	}
	filled[len(filled)-1] = 1
	real := prefixValues(p, values, nil)
	all := prefixValues(p, filled, nil)
	all.low, all.high, all.escapes = real.low, real.high, real.escapes // rests are those of codes only
	return all
}

// fastRanges are codes beyond what an edge, or a channel of it, has.
func fastRanges(s *set) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 2, Cols: 5},
		Quantizer: profile.Quantizer{Bits: 4},
		Coding:    profile.Coding{Coder: profile.Fast},
	}
	narrow := pairs
	narrow.Low, narrow.High = -8, 7
	e.Prefix = &narrow
	codes := drawn(7, 20, -8, -1, 0, 1, 1, 1, 2, 7)
	t := newSubject("fast-signed", e, codes)
	t.good(s, "codes of 4 bits by the coder fast")
	at := func(i, c int) []byte {
		wrong := slices.Clone(codes)
		wrong[i] = c
		return prefixTile(prefixCodes(t.edge().Prefix, wrong))
	}
	t.refused(s,
		payload{"above", "a code is 8, the highest is 7", at(3, 8)},
		payload{"below", "a code is -9, the lowest is -8", at(19, -9)},
		payload{"far-above", "a code is 127, the highest is 7", at(0, 127)})

	unsigned := pairs
	unsigned.Low, unsigned.High, unsigned.Center = 0, 15, 0
	e.Prefix, e.OneSided, e.Unsigned = &unsigned, true, true
	codes = drawn(8, 20, 0, 0, 0, 1, 2, 15)
	t = newSubject("fast-unsigned", e, codes)
	t.good(s, "unsigned codes of 4 bits by the coder fast")
	t.refused(s,
		payload{"above", "a code is 16, the highest is 15", at(3, 16)},
		payload{"far-above", "a code is 255, the highest is 15", at(3, 255)})

	mixed := pairs
	mixed.Low, mixed.High = -16, 15
	e = profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 2, Cols: 5},
		Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 2, Important: []bool{true, false}},
		Coding:    profile.Coding{Coder: profile.Fast, Prefix: &mixed},
	}
	codes = append(drawn(9, 10, -16, 1, 15), drawn(9, 10, -4, 1, 3)...)
	t = newSubject("fast-mixed", e, codes)
	t.good(s, "an important channel of 5 bits and an unimportant one of 3 by the coder fast")
	t.refused(s, payload{"above-n", "a code of an unimportant channel is 4, its highest is 3", at(15, 4)})
}
