package main

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/spec/reader"
)

// The fuzz targets here mend what a mutation breaks first, lengths and checksums, so that it reaches what lies behind them;
// and two readers that share nothing must agree on what is left.

// bundleOf are the committed vectors.
func bundleOf(f *testing.F) *document {
	f.Helper()
	d, err := build()
	if err != nil {
		f.Fatal(err)
	}
	return d
}

// FuzzMendedFrame: the product refuses what the specification's reader refuses, and restores the same values, whole and by
// tiles. Which of the vectors' profiles a frame is read with is an argument, too.
func FuzzMendedFrame(f *testing.F) {
	d := bundleOf(f)
	var names []string
	codecs := map[string]*dqa.Codec{}
	readers := map[string]*reader.Profile{}
	for name, b := range d.Profiles {
		p, err := profile.Parse(b)
		if err != nil {
			f.Fatal(err)
		}
		if codecs[name], err = dqa.NewCodec(p); err != nil {
			f.Fatal(err)
		}
		if readers[name], err = reader.ParseProfile(b); err != nil {
			f.Fatal(err)
		}
	}
	index := map[string]uint16{}
	for _, v := range d.Vectors {
		if v.File != fileFrame || len(v.Bytes) < frame.HeaderSize {
			continue
		}
		if _, ok := index[v.Profile]; !ok {
			index[v.Profile] = uint16(len(names))
			names = append(names, v.Profile)
		}
		f.Add(index[v.Profile], v.Bytes[frame.HeaderSize:], v.BaseOnly)
	}
	f.Fuzz(func(t *testing.T, which uint16, body []byte, baseOnly bool) {
		name := names[int(which)%len(names)]
		b := mendFrame(codecs[name].Profile(), body)
		cause, values, err := product(vector{File: fileFrame, Profile: name, Bytes: b, BaseOnly: baseOnly}, d.Profiles)
		want, slow := reader.Decode(readers[name], b, baseOnly)
		if (cause == causeOK) != (slow == nil) {
			t.Fatalf("profile %s: the product says %s (%v), the specification's reader %v", name, cause, err, slow)
		}
		if err != nil {
			return
		}
		for i := range want {
			if !same(values[i], want[i].Values) {
				t.Fatalf("profile %s: edge %d: other values", name, i)
			}
		}
		together, err := codecs[name].NewDecoder(dqa.WithBaseOnly(baseOnly), dqa.WithWorkers(2)).Decode(b)
		if err != nil {
			t.Fatalf("profile %s: edge by edge it decodes, all together not: %v", name, err)
		}
		for i := range values {
			if !same(values[i], together[i]) {
				t.Fatalf("profile %s: edge %d: all together, other values", name, i)
			}
		}
	})
}

// mendFrame puts the header that the profile wants before body, and the right checksums where records and tiles end.
func mendFrame(p *profile.Profile, body []byte) []byte {
	refinements := 0
	for i := range p.Edges {
		if p.Edges[i].Refine > 0 {
			refinements++
		}
	}
	b := append(make([]byte, frame.HeaderSize), body...)
	at := frame.HeaderSize
	for range p.Edges {
		at = mendBlock(b, at, true)
	}
	base := at
	for range refinements {
		at = mendBlock(b, at, false)
	}
	digest := p.Digest()
	h := frame.Header{Edges: len(p.Edges), Refinements: refinements, BaseSize: base}
	copy(h.Profile[:], digest[:])
	frame.AppendHeader(b[:0], h)
	return b
}

// mendBlock mends the checksums of a record that begins at byte `at` and of its tiles, as far as there are bytes, and
// returns where they end.
func mendBlock(b []byte, at int, scales bool) int {
	start := at
	number := func() int {
		v, n := binary.Uvarint(b[at:])
		at += max(n, 0)
		return int(min(v, uint64(len(b))))
	}
	seal := func(from int) {
		if at+4 <= len(b) {
			binary.LittleEndian.PutUint32(b[at:], wire.CRC(b[from:at]))
		}
		at = min(at+4, len(b))
	}
	if scales {
		at = min(at+4*number(), len(b))
	}
	lengths := make([]int, number())
	for i := range lengths {
		lengths[i] = number()
	}
	seal(start)
	for _, n := range lengths {
		from := at
		at = min(at+n, len(b))
		seal(from)
	}
	return at
}

// FuzzMendedProfile: the product refuses what the specification's reader refuses; what is accepted encodes to the same
// bytes, makes a codec, and an image of it passes through frames if it is small.
func FuzzMendedProfile(f *testing.F) {
	d := bundleOf(f)
	for _, b := range d.Profiles {
		if s := sectionsOf(b); s != nil {
			f.Add(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7])
		}
	}
	for _, v := range d.Vectors {
		if s := sectionsOf(v.Bytes); v.File == fileProfile && s != nil {
			f.Add(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7])
		}
	}
	f.Fuzz(func(t *testing.T, origin, preprocess, method, edges, models, bias, evidence, gain []byte) {
		b := mendProfile(origin, preprocess, method, edges, models, bias, evidence, gain)
		p, err := profile.Parse(b)
		if _, slow := reader.ParseProfile(b); (err == nil) != (slow == nil) {
			t.Fatalf("the product says %v, the specification's reader %v", err, slow)
		}
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || string(again) != string(b) {
			t.Fatalf("accepted, but encoded otherwise (%v)", err)
		}
		codec, err := dqa.NewCodec(p)
		if errors.Is(err, dqa.ErrMemory) || errors.Is(err, dqa.ErrLimit) { // more tiles than a frame may have (spec/frame.md)
			return
		}
		if err != nil {
			t.Fatalf("accepted, but it makes no codec: %v", err)
		}
		if p.Elements() < 1<<12 {
			passThrough(t, codec)
		}
	})
}

// mendProfile frames the sections' payloads; without the last one, gains, it is of version 1.
func mendProfile(sections ...[]byte) []byte {
	version := byte(2)
	if last := len(sections) - 1; len(sections[last]) == 0 {
		version, sections = 1, sections[:last]
	}
	b := append([]byte("DQAP"), version)
	for i, s := range sections {
		b = binary.AppendUvarint(append(b, byte(i+1)), uint64(len(s)))
		b = append(b, s...)
	}
	return wire.AppendCRC(b, 0)
}

// sectionsOf are the payloads of a profile's sections, nil where they cannot be told apart.
func sectionsOf(b []byte) (sections [][]byte) {
	r := wire.NewReader(b)
	r.Bytes(4)
	version := r.U8()
	for range 6 + version {
		r.U8()
		sections = append(sections, r.Bytes(r.Count(1<<20, 1, "section")))
	}
	if version == 1 {
		sections = append(sections, nil) // gains
	}
	if r.Err() != nil || len(sections) != 8 {
		return nil
	}
	return sections
}

// passThrough encodes an image and decodes it: both restore the same values.
func passThrough(t *testing.T, codec *dqa.Codec) {
	t.Helper()
	p := codec.Profile()
	enc := codec.NewEncoder()
	var restored [][]float32
	for i := range p.Edges {
		x := make([]float32, p.Edges[i].Elements())
		for k := range x {
			x[k] = float32(k%23-11) / 8
		}
		if err := enc.Edge(i, x); err != nil {
			t.Fatal(err)
		}
		restored = append(restored, x)
	}
	b, err := enc.AppendFrame(nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := codec.NewDecoder().Decode(b)
	if err != nil {
		t.Fatalf("own frame refused: %v", err)
	}
	for i := range values {
		if !same(values[i], restored[i]) {
			t.Fatalf("edge %d: other values than the encoder's", i)
		}
	}
}
