package main

import (
	"encoding/binary"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// plainTile is a payload of plain codes, mode and all.
func plainTile(codes []int, w int) []byte { return append([]byte{byte(w)}, plainCodes(codes, w)...) }

// badPlainVectors are tiles of the coders of whole codes that are not coded, by each of these coders.
func badPlainVectors(s *set) {
	for _, coder := range []profile.Coder{profile.Fast, profile.Small, profile.Smallest} {
		e := profile.Edge{
			Geometry:  profile.Geometry{Channels: 2, Rows: 3, Cols: 5},
			Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 2, Important: []bool{false, true}, Scale: profile.StaticChannel},
			Coding:    profile.Coding{Coder: coder},
		}
		codes := append(drawn(1, 15, -4, -1, 0, 1, 3), drawn(2, 15, -16, -3, 0, 5, 15)...)
		t := newSubject("plain-"+coder.String(), e, codes)
		t.good(s, "a small tile of coder "+coder.String())
		wide := slices.Clone(codes)
		wide[3] = 4
		wider := slices.Clone(codes)
		wider[20] = 16
		far := slices.Clone(codes)
		far[29] = -300
		b := plainTile(codes, 5)
		last := len(plainTile(codes, 9)) - 1
		t.refused(s,
			payload{"empty", "a tile is empty", nil},
			payload{"mode-17", "the mode is 17", append([]byte{17}, plainCodes(codes, 17)...)},
			payload{"mode-128", "the mode is 128", append([]byte{128}, b[1:]...)},
			payload{"mode-254", "the mode is 254", append([]byte{254}, b[1:]...)},
			payload{"short", "plain codes lack a byte", b[:len(b)-1]},
			payload{"long", "plain codes have a byte too many", appended(b, 0)},
			payload{"none", "plain codes of 5 bits end behind the mode", b[:1]},
			payload{"zero-and-more", "all codes are 0, and a byte follows", []byte{0, 0}},
			payload{"padding", "an unused bit of plain codes is set", or(b, -1, 0x80)},
			payload{"padding-of-high-bits", "an unused bit of the planes above the eighth is set",
				or(plainTile(codes, 9), last, 0x40)},
			payload{"beyond-n", "a plain code of an unimportant channel, whose highest is 3, is 4", plainTile(wide, 5)},
			payload{"beyond-n-m", "a plain code of an important channel, whose highest is 15, is 16", plainTile(wider, 6)},
			payload{"beyond-byte", "a plain code is -300", plainTile(far, 10)})
	}
	plainUnsigned(s)
}

// plainUnsigned are plain tiles of unsigned codes that may be escaped.
func plainUnsigned(s *set) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 2, Cols: 9},
		Quantizer: profile.Quantizer{Bits: 4, OneSided: true, Unsigned: true},
		Coding:    profile.Coding{Coder: profile.Small},
	}
	codes := drawn(3, 18, 0, 1, 2, 15)
	t := newSubject("plain-unsigned", e, codes)
	codes = slices.Clone(codes)
	codes[17] = 16
	t.refused(s, payload{"beyond-n", "a plain code of unsigned 4 bits is 16", plainTile(codes, 5)})
	e.Escape = true
	t = newSubject("plain-unsigned-escape", e, codes)
	codes = slices.Clone(codes)
	codes[2] = 32768
	t.refused(s, payload{"beyond-limit", "a plain code is 32,768, unsigned codes with escapes go up to 32,767",
		plainTile(codes, 16)})
	for _, coder := range []profile.Coder{profile.Small, profile.Smallest} {
		e.Coder, codes[2] = coder, -1
		t = newSubject("rans-unsigned-escape-"+coder.String(), e, drawn(3, 18, 0, 1, 2, 15, 16))
		t.good(s, "unsigned codes with escapes")
		stream := newRANS().stream(ransTile(t.p, t.edge(), []channelCodes{{0, codes, nil}}), 9).join()
		t.refused(s, payload{"negative", "an unsigned code is escaped as -1", append([]byte{coded}, stream...)})
	}
}

// badRANSVectors are streams of rANS that are wrong in one place, with models by channel and by context.
func badRANSVectors(s *set) {
	for _, coder := range []profile.Coder{profile.Small, profile.Smallest} {
		e := profile.Edge{
			Geometry:  profile.Geometry{Channels: 2, Rows: 8, Cols: 9},
			Quantizer: profile.Quantizer{Bits: 4},
			Coding:    profile.Coding{Coder: coder},
		}
		codes := drawn(4, 144, -3, -1, 0, 0, 0, 0, 0, 1, 2)
		t := newSubject("rans-"+coder.String(), e, codes)
		t.good(s, "144 codes in one lane, coder "+coder.String())
		badStreams(s, t, 0)
		badStates(s, "rans-"+coder.String(), coder)

		e.Escape = true
		codes = slices.Clone(codes)
		codes[5], codes[77], codes[143] = 1000, -129, 7
		t = newSubject("rans-escape-"+coder.String(), e, codes)
		t.good(s, "two codes are escaped, neither fits a byte")
		badStreams(s, t, 0)

		e.Channels, e.Rows, e.Cols = 2, 32, 32 // 2,048 codes: two lanes
		e.Escape = false
		t = newSubject("rans-two-lanes-"+coder.String(), e, drawn(5, 2048, -2, -1, 0, 0, 0, 0, 1))
		badStreams(s, t, 0)
	}
}

// badStreams adds streams of the subject's codes; frequent is one that has a frequency.
func badStreams(s *set, t subject, frequent int) {
	tile, cols := ransTile(t.p, t.edge(), t.codes()), t.edge().Cols
	good := newRANS().stream(tile, cols)
	of := func(r ransStream) []byte { return append([]byte{coded}, r.join()...) }
	changed := func(change func(*ransStream)) []byte {
		r := ransStream{states: slices.Clone(good.states), words: slices.Clone(good.words), escapes: slices.Clone(good.escapes)}
		change(&r)
		return of(r)
	}
	w := newRANS()
	w.start++
	t.refused(s,
		payload{"final-state", "the state of the last lane ends at 2^15 + 1", of(w.stream(tile, cols))},
		payload{"word-left", "a word is left", changed(func(r *ransStream) { r.words = append(r.words, 0) })},
		payload{"byte-left", "a byte is left", appended(of(good), 0)},
		payload{"word-missing", "the last word is missing",
			changed(func(r *ransStream) { r.words = r.words[:len(r.words)-1] })},
		payload{"no-states", "there is nothing behind the mode", []byte{coded}},
		payload{"half-state", "the stream ends within the last state", of(good)[:4*len(good.states)-1]})
	frequentOnes := newRANS()
	done := false
	frequentOnes.escape = func(c int) bool {
		hit := c == frequent && !done
		done = done || hit
		return hit
	}
	t.refused(s, payload{"escape-frequent", "a code that has a frequency is escaped", of(frequentOnes.stream(tile, cols))})
	if len(good.escapes) > 0 {
		t.refused(s,
			payload{"escape-missing", "the last escaped code is missing",
				changed(func(r *ransStream) { r.escapes = r.escapes[:len(r.escapes)-1] })},
			payload{"escapes-forward", "escaped codes stand in the order of codes, so that words lie behind them",
				slices.Concat(of(ransStream{states: good.states}),
					forward(good.escapes), of(ransStream{words: good.words})[1:])})
		return
	}
	e := t.edge()
	for _, c := range []int{-9, 8} {
		codes := t.codes()
		codes[0].codes = slices.Clone(codes[0].codes)
		codes[0].codes[1] = c
		name := "escape-low"
		if c > 0 {
			name = "escape-high"
		}
		t.refused(s, payload{name, numbered("a code is escaped that the channel, of 4 bits, may not have: ", c),
			of(newRANS().stream(ransTile(t.p, e, codes), cols))})
	}
}

func forward(escapes []int) (b []byte) {
	for _, c := range escapes {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return b
}

// badTileVectors are frames in which one of five tiles, neither the first nor the last, is wrong.
func badTileVectors(s *set) {
	for _, coder := range allCoders {
		e := profile.Edge{
			Geometry:  profile.Geometry{Channels: 2, Rows: 10, Cols: 14, Tile: profile.Tile{Channels: 2, Rows: 2}},
			Quantizer: profile.Quantizer{Bits: 4, ExtraBits: 1, Important: []bool{true, false}},
			Coding:    profile.Coding{Coder: coder},
		}
		t := newSubject("five-tiles-"+coder.String(), e, drawn(1, 280, -3, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2))
		t.good(s, "an edge of five tiles, coder "+coder.String())
		f := t.frame()
		for i, k := range []int{2, 4} {
			name, what, b := "empty", "the third of five tiles is empty", []byte(nil)
			if i == 1 {
				name, what, b = "long", "the fifth of five tiles has two bytes more than it needs", appended(f.payload("edge0",
					k), 0, 0)
			}
			s.refused(t.name+"-"+name, causePayload, what, t.p, f.withPayload("edge0", k, b).bytes())
		}
	}
}

// badStates are streams whose first states are out of range, all else being right: with what x a reader has after the
// last code, it ends in 2^15.
func badStates(s *set, name string, coder profile.Coder) {
	freq := []uint16{0, 0, 256, 1, 0, 0, 0, 0, 3839} // of codes -4 to 3: -2 has 256, -1 has 1
	one := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: 1},
		Quantizer: profile.Quantizer{Bits: 3},
		Coding:    profile.Coding{Coder: coder, Models: make([]uint8, 1)},
	}
	two := one
	two.Cols = 2
	if coder == profile.Smallest {
		one.Models, two.Models = make([]uint8, 16), make([]uint8, 16)
	}
	t := newSubject(name+"-one", one, []int{-2})
	t.p.Frequencies = [][]uint16{freq}
	x := uint32(slotStart(freq, 2)) // after the code 0 is left, and 2^15 with the word
	t.refused(s, payload{"state-low", "a state is below 2^15, all else is right",
		append([]byte{coded}, ransStream{states: []uint32{x}, words: []uint16{1 << 15}}.join()...)})
	t = newSubject(name+"-two", two, []int{-1, -2})
	t.p.Frequencies = [][]uint16{freq}
	w := newRANS()
	w.narrow = true
	t.good(s, "two codes, one of them with a frequency of 1")
	t.refused(s, payload{"state-high", "a state is 2^31 or more, all else is right",
		append([]byte{coded}, w.stream(ransTile(t.p, t.edge(), t.codes()), 2).join()...)})
}
