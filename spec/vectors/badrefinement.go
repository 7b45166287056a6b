package main

import (
	"slices"

	"github.com/dqa-go/dqa/profile"
)

func badRefinementVectors(s *set) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 3, Cols: 7},
		Quantizer: profile.Quantizer{Bits: 4},
		Coding:    profile.Coding{Refine: 3},
	}
	t := newSubject("apart-raw", e, drawn(1, 42, -8, -5, -1, 0, 0, 0, 1, 2, 7))
	t.good(s, "three of four bits apart, coder raw")
	b := t.frame().payload("refinement0", 0)
	t.refusedIn(s, "refinement0",
		payload{"short", "low bits lack a byte", b[:len(b)-1]},
		payload{"long", "low bits have a byte too many", appended(b, 0)},
		payload{"empty", "there are no low bits", nil},
		payload{"padding", "an unused bit of the last plane of low bits is set", or(b, -1, 0x40)})
	for _, coder := range []profile.Coder{profile.Small, profile.Smallest} {
		badClasses(s, coder)
		beyondBase(s, coder)
	}
}

// badClasses are refinements of classes that are wrong in one place.
func badClasses(s *set, coder profile.Coder) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 6, Cols: 9},
		Quantizer: profile.Quantizer{Bits: 5},
		Coding:    profile.Coding{Coder: coder, Refine: 2},
	}
	wide := drawn(2, 108, -16, -3, -2, -1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 7)
	t := newSubject("apart-"+coder.String(), e, wide)
	t.good(s, "two of five bits apart in four classes, coder "+coder.String())
	members := classes(t.edge(), wide)
	w := newWriter(t.p)
	part := func(k int) []byte { return w.class(t.edge(), k, members[k]) }
	sized := func(b []byte) []byte { return append(uvarint(len(b)), b...) }
	with := func(k int, b []byte) []byte {
		var out []byte
		for i := range members {
			switch {
			case i == k:
				out = append(out, b...)
			case len(members[i]) > 0:
				out = append(out, sized(part(i))...)
			}
		}
		return out
	}
	plainPart := append([]byte{2}, planes(members[1], 2)...)
	zero := part(2) // of class 0, the most frequent
	stream := newRANS().stream(classTile(t.p, t.edge(), 2, members[2]), len(members[2]))
	late := newRANS()
	late.start++
	codedPart := func(r ransStream) []byte { return sized(append([]byte{coded}, r.join()...)) }
	t.refusedIn(s, "refinement0",
		payload{"empty", "the refinement of a tile is empty", nil},
		payload{"class-missing", "the last class that has codes is missing", with(3, nil)},
		payload{"class-too-many", "class 2 and above has no codes, yet a part", with(4, []byte{1, 2})},
		payload{"class-empty", "the part of a class has no bytes", with(1, []byte{0})},
		payload{"class-longer", "the length of the last class goes beyond the tile",
			with(3, append(uvarint(len(part(3))+1), part(3)...))},
		payload{"class-padded-uvarint", "the length of a class takes two bytes where one suffices",
			with(2, append([]byte{byte(len(zero)) | 0x80, 0}, zero...))},
		payload{"class-mode-1", "a class is stored in mode 1, two bits are apart",
			with(1, sized(append([]byte{1}, planes(members[1], 1)...)))},
		payload{"class-mode-3", "a class is stored in mode 3, two bits are apart",
			with(1, sized(append([]byte{3}, planes(members[1], 3)...)))},
		payload{"class-mode-0", "a class is stored in mode 0", with(2, sized([]byte{0}))},
		payload{"class-mode-254", "a class is stored in mode 254", with(1, sized(append([]byte{254}, plainPart[1:]...)))},
		payload{"class-short", "plain low bits of a class lack a byte", with(1, sized(plainPart[:len(plainPart)-1]))},
		payload{"class-long", "plain low bits of a class have a byte too many", with(1, sized(appended(plainPart, 0)))},
		payload{"class-padding", "an unused bit of plain low bits of a class is set",
			with(1, sized(or(plainPart, -1, 0x80)))},
		payload{"class-final-state", "the state of a class's stream ends at 2^15 + 1",
			with(2, codedPart(late.stream(classTile(t.p, t.edge(), 2, members[2]), len(members[2]))))},
		payload{"class-word-left", "a word of a class's stream is left",
			with(2, codedPart(ransStream{states: stream.states, words: append(slices.Clone(stream.words), 7), escapes: stream.escapes}))},
		payload{"class-no-state", "a class's stream ends behind the mode", with(2, sized([]byte{coded}))},
		payload{"left", "a byte follows the last class", appended(with(-1, nil), 0)})
	other := slices.Clone(members[2])
	other[0] = 4
	t.refusedIn(s, "refinement0", payload{"class-escape", "the low bits of a code, two, are escaped as 4",
		with(2, codedPart(newRANS().stream(classTile(t.p, t.edge(), 2, other), len(other))))})
}

// beyondBase are codes without their low bits that no code has.
func beyondBase(s *set, coder profile.Coder) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 4, Cols: 6},
		Quantizer: profile.Quantizer{Bits: 4, Escape: true, OneSided: true, Unsigned: true},
		Coding:    profile.Coding{Coder: coder, Refine: 2},
	}
	wide := drawn(3, 24, 0, 0, 0, 1, 2, 5, 9, 15, 100)
	wide[7] = 32767
	t := newSubject("apart-escape-"+coder.String(), e, wide)
	t.good(s, "two of four bits apart and escapes, the greatest among them")
	bases := t.codes()
	bases[0].codes = slices.Clone(bases[0].codes)
	bases[0].codes[7] = 8192
	stream := newRANS().stream(ransTile(t.p, t.edge(), bases), e.Cols).join()
	t.refused(s,
		payload{"beyond-coded", "a code without its two low bits is escaped as 8,192, which would be 32,768",
			append([]byte{coded}, stream...)},
		payload{"beyond-plain", "a plain code without its two low bits is 8,192, which would be 32,768",
			plainTile(joined(bases), 14)})
}
