package main

import (
	"fmt"

	"github.com/dqa-go/dqa/internal/prefix"
	"github.com/dqa-go/dqa/profile"
)

// fastVectors are coded tiles of the coder fast with all kinds of parameters.
func fastVectors(s *set) {
	words := [8][7]uint8{ // by the number of low bits
		{0, 0, 0, 0, 0, 64, 0}, // S = 63
		{1, 1, 1, 1, 1, 1, 2},  // S = 7
		{0, 0, 0, 0, 31, 2},    // S = 32
		{0, 0, 0, 14, 4},       // S = 17
		{0, 0, 5, 6},           // S = 10
		{0, 1, 6},              // S = 6
		{1, 1, 2},              // S = 3
		{2},                    // S = 1
	}
	for _, group := range []uint8{2, 4} {
		for k := range uint8(8) {
			for _, unsigned := range []bool{(k+group/2)%2 == 1} {
				p := prefix.Params{Low: -128, High: 127, Center: int8(k) - 3, Group: group, LowBits: k, Words: words[k],
					Lengths: fours.Lengths}
				if unsigned {
					p.Low, p.High, p.Center = 0, 255, 0
				}
				fastVector(s, fmt.Sprintf("fast-g%d-k%d", group, k), fmt.Sprintf("groups of %d, %d low bits, words by length %v",
					group, k, words[k]), p)
			}
		}
		none := prefix.Params{Low: -128, High: 127, Group: group, LowBits: group - 1, Lengths: pairs.Lengths}
		fastVector(s, fmt.Sprintf("fast-g%d-wordless",
			group), fmt.Sprintf("groups of %d, no words for high parts: all are escaped", group), none)
		none.LowBits = 0
		fastVector(s, fmt.Sprintf("fast-g%d-bare",
			group), fmt.Sprintf("groups of %d, no words for high parts and no low bits", group), none)
		for _, center := range []int8{-128, 127} {
			p := pairs
			p.Group, p.Center = group, center
			fastVector(s, fmt.Sprintf("fast-g%d-center%d", group, center), fmt.Sprintf("groups of %d, the center is %d",
				group, center), p)
		}
	}
	fastContents(s)
}

// fastVector is a tile of bytes of all kinds, most of them near the center, of 131 codes: no whole group.
func fastVector(s *set, name, what string, p prefix.Params) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: 131},
		Quantizer: profile.Quantizer{Bits: 8, OneSided: p.Low == 0, Unsigned: p.Low == 0},
		Coding:    profile.Coding{Coder: profile.Fast, Prefix: &p},
	}
	if p.Low == 0 {
		name += "-unsigned"
	}
	near := drawn(uint64(p.LowBits)+1, 90, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 7, 12, 30)
	far := drawn(uint64(p.LowBits)+2, 41, 0, 1, 2, 3, 100, 127, 128, 200, 252, 253, 254, 255)
	var codes []int
	for _, v := range append(near, far...) {
		codes = append(codes, unfold(&p, v))
	}
	t := newSubject(name, e, codes)
	w := newWriter(t.p)
	w.mode = coded
	s.frame(name, what, t.p, w.frame(t.images).bytes(), t.images, false)
}

// unfold is the code of a value.
func unfold(p *prefix.Params, v int) int {
	for c := int(p.Low); c <= int(p.High); c++ {
		if foldCode(p, c) == v {
			return c
		}
	}
	panic("no code has this value")
}

// fastContents are tiles in which something does not occur.
func fastContents(s *set) {
	wide := fours
	wide.Words, wide.LowBits = [7]uint8{0, 0, 8}, 4
	for _, c := range []struct {
		name, what string
		p          prefix.Params
		codes      []int
	}{
		{"one", "a single code", pairs, []int{77}},
		{"one-center", "a single code, the center", pairs, []int{1}},
		{"no-rests", "no code has a rest", pairs, drawn(1, 37, 0, 1, 2)},
		{"all-rests", "every code has a rest", pairs, drawn(2, 37, 10, -20, 99)},
		{"no-escapes", "rests, none of which is escaped", wide, drawn(3, 50, 0, -2, -3, 5, 9)},
		{"all-escapes", "every code is escaped", pairs, drawn(4, 50, 127, -128, -60)},
		{"center-only", "65 codes, all of them the center", fours, drawn(5, 65, -2)},
		{"64", "64 codes: planes of whole bytes", pairs, drawn(6, 64, 1, 1, 1, 2, -1, 4)},
		{"1000", "1,000 codes", fours, drawn(7, 1000, -2, -2, -2, -2, -2, -2, -3, -1, 4, 20, -100)},
	} {
		t := fastSubject("fast-"+c.name, c.p, c.codes)
		w := newWriter(t.p)
		w.mode = coded
		s.frame(t.name, c.what+", coded", t.p, w.frame(t.images).bytes(), t.images, false)
	}
}
