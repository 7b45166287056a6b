package main

import (
	"math/rand/v2"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// payload is one of a tile, and what is wrong or special in it.
type payload struct {
	name, what string
	bytes      []byte
}

// subject is a frame of one edge whose first tile is to be something else.
type subject struct {
	name   string // of vectors, at their beginning
	p      *profile.Profile
	images []image
}

// newSubject makes one of an edge and its codes before the shift; all scales are static.
func newSubject(name string, e profile.Edge, wide []int) subject {
	if !e.Scale.Static() {
		e.Scale = profile.StaticTensor
	}
	if len(e.Steps) == 0 {
		for i := range e.NumScales() {
			e.Steps = append(e.Steps, .5/float32(i+1))
		}
	}
	if e.Tile == (profile.Tile{}) {
		e.Tile = profile.Tile{Channels: e.Channels, Rows: e.Rows}
	}
	if e.Name == "" {
		e.Name = "edge"
	}
	if e.ExtraBits > 0 && e.Important == nil {
		e.Important = make([]bool, e.Channels)
	}
	p := bareProfile([]profile.Edge{e})
	img := image{wide: wide}
	fit(p, &p.Edges[0], img)
	return subject{name, p, []image{img}}
}

func (t subject) edge() *profile.Edge { return &t.p.Edges[0] }

// codes of the first tile, before the shift and without low bits.
func (t subject) codes() []channelCodes {
	e := t.edge()
	return tilesOf(e)[0].cut(e, t.images[0].bases(e))
}

// frame is the subject's, as our writer has it.
func (t subject) frame() container { return newWriter(t.p).frame(t.images) }

// good adds the frame as it is.
func (t subject) good(s *set, what string) {
	s.frame(t.name, what, t.p, t.frame().bytes(), t.images, false)
}

// accepted adds frames with other payloads of the first tile that stand for the same codes.
func (t subject) accepted(s *set, list ...payload) {
	for _, b := range list {
		s.frame(t.name+"-"+b.name, b.what, t.p, t.frame().withPayload("edge0", 0, b.bytes).bytes(), t.images, false)
	}
}

// refused adds frames with payloads of the first tile that no writer writes.
func (t subject) refused(s *set, list ...payload) { t.refusedIn(s, "edge0", list...) }

// refusedIn does so in an edge or a refinement.
func (t subject) refusedIn(s *set, group string, list ...payload) {
	for _, b := range list {
		s.refused(t.name+"-"+b.name, causePayload, b.what, t.p, t.frame().withPayload(group, 0, b.bytes).bytes())
	}
}

// drawn are n numbers at random, out of a few.
func drawn(seed uint64, n int, from ...int) []int {
	rng := rand.New(rand.NewPCG(seed, 3))
	out := make([]int, n)
	for i := range out {
		out[i] = from[rng.IntN(len(from))]
	}
	return out
}

// or is b with bits set in a byte, counted from the end if at is negative.
func or(b []byte, at int, mask byte) []byte {
	b = slices.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] |= mask
	return b
}

func appended(b []byte, more ...byte) []byte { return append(slices.Clone(b), more...) }

func badRawVectors(s *set) {
	important := []bool{true, false, true}
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 3, Rows: 5, Cols: 5},
		Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 2, Important: important},
	}
	t := newSubject("raw", e, drawn(1, 75, -2, -1, 0, 0, 0, 1, 3))
	t.good(s, "75 codes of 3 bits in two groups, 50 shift errors of 2 bits in one")
	b := t.frame().payload("edge0", 0)
	codes := 3*8 + 3*2
	t.refused(s,
		payload{"empty", "a tile is empty", nil},
		payload{"short", "a tile lacks its last byte", b[:len(b)-1]},
		payload{"long", "a tile has a byte more than its planes", appended(b, 0)},
		payload{"no-errors", "a tile ends behind its codes, there are important channels", b[:codes]},
		payload{"half-codes", "a tile ends within its codes", b[:codes/2]},
		payload{"padding-of-codes", "an unused bit of the first plane of codes is set", or(b, 25, 8)},
		payload{"padding-of-last-plane", "an unused bit of the last plane of codes is set", or(b, codes-1, 0x80)},
		payload{"padding-of-errors", "an unused bit of the first plane of shift errors is set", or(b, codes+6, 4)},
		payload{"padding-at-end", "the last bit of the last plane of shift errors, an unused one, is set", or(b, -1, 0x80)})

	e = profile.Edge{
		Geometry:  profile.Geometry{Channels: 2, Rows: 8, Cols: 16},
		Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 2, Important: []bool{false, true}},
	}
	e.Tile = profile.Tile{Channels: 1, Rows: 8}
	t = newSubject("raw-groups", e, drawn(2, 256, -2, -1, 0, 0, 0, 1, 3))
	t.good(s, "tiles of whole groups of 64; the first one has no important channel")
	b = t.frame().payload("edge0", 0)
	t.refused(s,
		payload{"short", "a tile of whole groups lacks its last byte", b[:len(b)-1]},
		payload{"errors-unwanted", "a tile without important channels has shift errors", appended(b, make([]byte, 32)...)})
}

func badPaperVectors(s *set) {
	e := profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: 1},
		Quantizer: profile.Quantizer{Bits: 4, ExtraBits: 3, Important: []bool{true}},
		Coding:    profile.Coding{Coder: profile.Paper},
	}
	t := newSubject("paper-one", e, []int{13})
	t.good(s, "a single code with a shift error of 3 bits")
	codes := planes([]int{13 >> 3}, 4)
	w := canonical(t.edge().Table)[13&7]
	low := 1<<w.length | w.reversed() // reading the word from it leaves 1, and 256 with a byte of 0
	t.refused(s,
		payload{"state-low", "a state is below 256, all else is right", append(appended(codes, byte(low), 0), 0)},
		payload{"state-0", "a state is 0", appended(codes, 0, 0)},
		payload{"empty-stream", "there is no stream of shift errors", codes},
		payload{"half-state", "a state is cut off", appended(codes, t.frame().payload("edge0", 0)[4])})

	important := []bool{false, false, true}
	for m := 1; m <= 4; m++ {
		e = profile.Edge{
			Geometry:  profile.Geometry{Channels: 3, Rows: 3, Cols: 7},
			Quantizer: profile.Quantizer{Bits: 3, ExtraBits: m, Important: important},
			Coding:    profile.Coding{Coder: profile.Paper},
		}
		t = newSubject(numbered("paper-m", m), e, drawn(uint64(m), 63, -3, -2, -1, 0, 0, 0, 1, 2, 3))
		t.good(s, numbered("21 shift errors in one lane, m = ", m))
		codes, errors := split(t.edge(), t.codes())
		badHuffman(s, t, planes(codes, 3), errors)
	}
	e = profile.Edge{
		Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: 512},
		Quantizer: profile.Quantizer{Bits: 2, ExtraBits: 3, Important: []bool{true}},
		Coding:    profile.Coding{Coder: profile.Paper},
	}
	t = newSubject("paper-two-lanes", e, drawn(9, 512, -9, -2, -1, 0, 0, 0, 1, 1, 6))
	t.good(s, "512 shift errors in two lanes")
	flat, errors := split(t.edge(), t.codes())
	badHuffman(s, t, planes(flat, 2), errors)
}

// badHuffman adds streams that are wrong in one place.
func badHuffman(s *set, t subject, codes []byte, errors []int) {
	m, table := t.edge().ExtraBits, t.edge().Table
	good := codeErrors(errors, m, table, 256).join()
	t.refused(s,
		payload{"final-state", "the state of the last lane ends at 257",
			slices.Concat(codes, codeErrors(errors, m, table, 257).join())},
		payload{"left-over", "a byte is left", slices.Concat(codes, good, []byte{0})},
		payload{"missing", "the last byte is missing", slices.Concat(codes, good[:len(good)-1])})
	if g := errorsPerSymbol(m); g > 1 && len(errors)%g != 0 {
		filled := append(slices.Clone(errors), make([]int, g-len(errors)%g)...)
		filled[len(filled)-1] = 1
		t.refused(s, payload{"filling", "the last of the errors that fill the last symbol is 1",
			slices.Concat(codes, codeErrors(filled, m, table, 256).join())})
	}
}
