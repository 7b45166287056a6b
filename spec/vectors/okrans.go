package main

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// ransVectors are models of all kinds, and what contexts see.
func ransVectors(s *set) {
	for _, coder := range []profile.Coder{profile.Small, profile.Smallest} {
		for _, c := range []struct {
			name, what string
			freq       []uint16
		}{
			{"single", "one symbol has all but 1", []uint16{0, 0, 0, 0, 4095, 0, 0, 0, 1}},
			{"escape-only", "no symbol has a frequency", []uint16{0, 0, 0, 0, 0, 0, 0, 0, 4096}},
			{"first-last", "the first and the last symbol have frequencies", []uint16{100, 0, 0, 0, 0, 0, 0, 3000, 996}},
			{"all-ones", "all symbols but one have 1", []uint16{1, 1, 1, 1, 4087, 1, 1, 1, 2}},
			{"equal", "all symbols have 512 and the escape is the last one's share",
				[]uint16{512, 512, 512, 512, 512, 512, 512, 256, 256}},
			{"two-largest", "two symbols have the largest frequency", []uint16{3, 33, 7, 1900, 100, 1900, 32, 64, 57}},
			{"largest-escape", "the escape has the largest frequency", []uint16{10, 20, 30, 40, 960, 64, 32, 12, 2928}},
			{"escape-as-large", "a symbol and the escape have the largest frequency", []uint16{0, 0, 0, 0, 2048, 0, 0, 0, 2048}},
			{"classes", "odd numbers, multiples of 4 and multiples of 32 in turn", []uint16{5, 32, 4, 64, 3000, 96, 3, 36, 856}},
			{"largest-odd", "the largest frequency is odd and a multiple of nothing",
				[]uint16{7, 64, 28, 320, 3333, 96, 4, 128, 116}},
			{"largest-32", "all frequencies are multiples of 32", []uint16{32, 64, 96, 320, 3104, 224, 64, 32, 160}},
		} {
			e := profile.Edge{
				Geometry:  profile.Geometry{Channels: 2, Rows: 6, Cols: 8},
				Quantizer: profile.Quantizer{Bits: 3},
				Coding:    profile.Coding{Coder: coder, Models: make([]uint8, 2)},
			}
			if coder == profile.Smallest {
				e.Models = make([]uint8, 16)
			}
			t := newSubject(fmt.Sprintf("model-%s-%v",
				c.name, coder), e, drawn(1, 96, -4, -3, -2, -1, 0, 0, 0, 0, 0, 0, 1, 2, 3))
			t.p.Frequencies = [][]uint16{c.freq}
			w := newWriter(t.p)
			w.mode = coded
			s.frame(t.name, c.what+", coder "+coder.String(), t.p, w.frame(t.images).bytes(), t.images, false)
		}
		largeAlphabets(s, coder)
	}
	contexts(s)
}

// largeAlphabets are those of 8 to 12 bits.
func largeAlphabets(s *set, coder profile.Coder) {
	for _, unsigned := range []bool{false, true} {
		e := profile.Edge{
			Geometry: profile.Geometry{Channels: 2, Rows: 8, Cols: 10},
			Quantizer: profile.Quantizer{
				Bits: 8, ExtraBits: 4, Important: []bool{true, false}, OneSided: unsigned, Unsigned: unsigned,
			},
			Coding: profile.Coding{Coder: coder},
		}
		near, far := []int{0, 0, 0, 0, 0, 1, -1, 2, -3}, []int{-2048, 2047, 127, -128, 128, -129, 255, -256, 1000}
		other := []int{0, 0, 0, 0, 1, -1, 5, -128, 127}
		name := "signed"
		if unsigned {
			near, far, other = []int{0, 0, 0, 0, 1, 2, 3}, []int{4095, 255, 256, 2048, 100}, []int{0, 0, 0, 0, 1, 2, 255, 128,
				127}
			name = "unsigned"
		}
		codes := slices.Concat(drawn(2, 70, near...), drawn(3, 10, far...), drawn(4, 80, other...))
		t := newSubject(fmt.Sprintf("model-12-bits-%v-%s", coder, name), e, codes)
		w := newWriter(t.p)
		w.mode = coded
		s.frame(t.name, fmt.Sprintf("%s codes of 8+4 bits: alphabets of 4,096 and 256 symbols, coder %v",
			name, coder), t.p, w.frame(t.images).bytes(), t.images, false)
	}
	// 255 symbols and the escape: all that may have a frequency
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 16, Cols: 20},
		Quantizer: profile.Quantizer{Bits: 8},
		Coding:    profile.Coding{Coder: coder, Models: make([]uint8, 1)},
	}
	if coder == profile.Smallest {
		e.Models = make([]uint8, 16)
	}
	var codes []int
	for i := range 320 {
		codes = append(codes, i*37%256-128)
	}
	t := newSubject("model-256-live-"+coder.String(), e, codes)
	freq := slices.Repeat([]uint16{16}, 257)
	freq[0] = 0 // -128 is escaped
	t.p.Frequencies = [][]uint16{freq}
	w := newWriter(t.p)
	w.mode = coded
	s.frame(t.name, "255 symbols and the escape have a frequency, coder "+coder.String(), t.p, w.frame(t.images).bytes(),
		t.images, false)
}

// contexts are planes in which all contexts occur, each of which has a model of its own.
func contexts(s *set) {
	for _, c := range []struct {
		name, what           string
		channels, rows, cols int
		last                 bool
	}{
		{"planes", "three planes", 3, 9, 13, false}, {"one-row", "planes of one row", 4, 1, 40, false},
		{"one-column", "planes of one column", 4, 40, 1, false},
		{"tokens", "tokens times features: 12 tokens of 20 features, a feature is a plane of one column", 20, 12, 1, true},
		{"two-columns", "planes of two columns", 3, 25, 2, false},
	} {
		for _, unsigned := range []bool{false, true} {
			e := profile.Edge{
				Geometry: profile.Geometry{Channels: c.channels, Rows: c.rows, Cols: c.cols, ChannelsLast: c.last},
				Quantizer: profile.Quantizer{
					Bits: 7, ExtraBits: 1, Important: make([]bool, c.channels), OneSided: unsigned,
					Unsigned: unsigned,
				},
				Coding: profile.Coding{Coder: profile.Smallest},
			}
			e.Important[1] = true
			for k := range 32 {
				e.Models = append(e.Models, uint8(k))
			}
			n := c.channels * c.rows * c.cols
			from, name := []int{0, 0, 0, 1, -1, 2, -3, 6, -10, 20, -30, 63, -64}, c.name
			if unsigned {
				from, name = []int{0, 0, 0, 1, 1, 2, 3, 6, 10, 20, 30, 63, 127}, name+"-unsigned"
			}
			t := newSubject("contexts-"+name, e, drawn(uint64(n), n, from...))
			for k := range 32 {
				freq := make([]uint16, 1<<(7+k/16)+1)
				zero := 1 << (6 + k/16)
				if unsigned {
					zero = 0
				}
				freq[zero], freq[zero+1+k%16] = uint16(1000+10*k), uint16(7*k+1)
				freq[len(freq)-1] = 4096 - freq[zero] - freq[zero+1+k%16]
				t.p.Frequencies = append(t.p.Frequencies, freq)
			}
			w := newWriter(t.p)
			w.mode = coded
			s.frame(t.name, c.what+", a model of its own for every context", t.p, w.frame(t.images).bytes(), t.images, false)
		}
	}
	far := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 4, Cols: 12},
		Quantizer: profile.Quantizer{Bits: 4, Escape: true, OneSided: true, Unsigned: true},
		Coding:    profile.Coding{Coder: profile.Smallest},
	}
	newSubject("contexts-far", far, drawn(8, 48, 0, 0, 1, 2, 255, 256, 300, 32767)).good(s,
		"neighbours beyond a byte count as 255")
	tiled := profile.Edge{
		Geometry:  profile.Geometry{Channels: 3, Rows: 16, Cols: 16, Tile: profile.Tile{Channels: 2, Rows: 7}},
		Quantizer: profile.Quantizer{Bits: 4},
		Coding:    profile.Coding{Coder: profile.Smallest},
	}
	newSubject("contexts-tiles", tiled, drawn(9, 768, -8, -1, 0, 0, 0, 0, 0, 0, 1, 2, 4)).good(s,
		"contexts do not look beyond a tile")
}
