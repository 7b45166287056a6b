package dqa_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// alikeEdges is a setting whose edges are many tiles of one shape, and some of others.
func alikeEdges(s setting) *profile.Profile {
	p := s.build()
	for i := range 3 {
		e := p.Edges[0] // several tiles, of which the last ones are smaller
		e.Name = fmt.Sprint("copy ", i)
		p.Edges = append(p.Edges, e)
	}
	for i := range 6 {
		e := p.Edges[3]
		e.Name, e.Rows, e.Tile.Rows = fmt.Sprint("whole ", i), 8, 8
		p.Edges = append(p.Edges, e)
	}
	return p
}

// What Append and All code together, with any number of workers, is what Edge codes tile by tile.
func TestTogetherIsOneByOne(t *testing.T) {
	for _, s := range someSettings() {
		checkTogether(t, s.String(), alikeEdges(s))
	}
}

// The same of smallest2: planes in groups that are and are not whole, tokens, codes beyond a byte, few lanes and many.
func TestTogetherByTaps(t *testing.T) {
	p := &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticTensor}}
	for k, g := range []profile.Geometry{
		{Channels: 24, Rows: 12, Cols: 11}, {Channels: 12, Rows: 20, Cols: 16}, {Channels: 18, Rows: 65, Cols: 1, ChannelsLast: true},
		{Channels: 3, Rows: 5, Cols: 4},
	} {
		g.Tile = profile.Tile{Channels: g.Channels, Rows: g.Rows}
		for i := range 5 {
			e := profile.Edge{Name: fmt.Sprint(k, " ", i), Geometry: g}
			e.Quantizer = profile.Quantizer{Bits: 4, Scale: profile.StaticTensor, Steps: []float32{.3, .3}, OneSided: k == 1, Unsigned: k == 1}
			e.Escape = true
			p.Edges = append(p.Edges, e)
		}
	}
	counts, err := tables.Count(p.Edges, [][][]float32{tensors(p, 8), tensors(p, 9)})
	if err != nil {
		t.Fatal(err)
	}
	counts.Teach(p, profile.Smallest2)
	checkTogether(t, "smallest2", p)
}

func checkTogether(t *testing.T, name string, p *profile.Profile) {
	t.Helper()
	codec := mustCodec(t, p)
	for seed := range uint64(2) {
		x := tensors(p, seed)
		clear(x[len(x)-1]) // a tile of zeros
		if p.Edges[2].Escape {
			x[2][5] = 1e3 // times its step, a code beyond a byte
		}
		one := codec.NewEncoder()
		var want [][]float32
		for i := range x {
			values := slices.Clone(x[i])
			if err := one.Edge(i, values); err != nil {
				t.Fatal(err)
			}
			want = append(want, values)
		}
		expected, err := one.AppendFrame(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 3, 1} {
			enc, dec := codec.NewEncoder(dqa.WithWorkers(workers)), codec.NewDecoder(dqa.WithWorkers(workers))
			frame, err := enc.Append(nil, x)
			if err != nil || !bytes.Equal(frame, expected) {
				t.Fatalf("%s, %d workers: %v, or another frame", name, workers, err)
			}
			got, err := dec.Decode(frame)
			if err != nil {
				t.Fatalf("%s, %d workers: %v", name, workers, err)
			}
			for i := range want {
				if !sameBits(got[i], want[i]) {
					t.Fatalf("%s, %d workers: edge %d differs", name, workers, i)
				}
			}
		}
	}
}

// A code that is wider than a byte, among tiles that are coded together.
func TestTogetherWithWideCodes(t *testing.T) {
	s := setting{coder: profile.Small, scale: profile.StaticTensor, n: 4}
	p := alikeEdges(s)
	for i := range p.Edges {
		p.Edges[i].Escape = true
	}
	codec := mustCodec(t, p)
	x := tensors(p, 1)
	x[5][3] = 1e4 // its step makes that a code of thousands
	x[9][7] = 1e4
	enc, dec := codec.NewEncoder(), codec.NewDecoder()
	frame, err := enc.Append(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if err := enc.Edge(i, x[i]); err != nil {
			t.Fatal(err)
		}
	}
	if one, err := enc.AppendFrame(nil); err != nil || !bytes.Equal(frame, one) {
		t.Fatalf("%v, or another frame", err)
	}
	got, err := dec.Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if !sameBits(got[i], x[i]) {
			t.Errorf("edge %d differs", i)
		}
	}
}

// All names the tile that is damaged, as Edge does.
func TestTogetherFindsDamage(t *testing.T) {
	for _, coder := range []profile.Coder{profile.Raw, profile.Paper, profile.Small} {
		s := setting{coder: coder, scale: profile.StaticTensor, n: 4}
		if coder != profile.Small {
			s.m, s.ratio = 3, .5
		}
		p := alikeEdges(s)
		codec := mustCodec(t, p)
		enc := codec.NewEncoder()
		frame, err := enc.Append(nil, tensors(p, 1))
		if err != nil {
			t.Fatal(err)
		}
		broken := withBrokenTile(t, frame, 8, 0)
		dec := codec.NewDecoder()
		_, all := dec.Decode(broken)
		if err := dec.Open(broken); err != nil {
			t.Fatal(err)
		}
		one := dec.Edge(make([]float32, p.Edges[8].Elements()), 8)
		if all == nil || one == nil || all.Error() != one.Error() {
			t.Errorf("%s: together %v, alone %v", coder, all, one)
		}
	}
}

// withBrokenTile takes the last two bytes off a tile and makes the checksums right.
func withBrokenTile(t *testing.T, src []byte, edge, tile int) []byte {
	t.Helper()
	f, err := frame.Parse(bytes.Clone(src))
	if err != nil {
		t.Fatal(err)
	}
	part := f.EdgeBlocks[edge].Tiles[tile]
	f.EdgeBlocks[edge].Tiles[tile] = part[:len(part)-2]
	var body []byte
	for _, e := range f.EdgeBlocks {
		body = frame.AppendEdge(body, e)
	}
	f.BaseSize = frame.HeaderSize + len(body)
	return append(frame.AppendHeader(nil, f.Header), body...)
}

// A frame that is already open keeps its buffers from image to image.
func TestTogetherAllocatesNothing(t *testing.T) {
	p := alikeEdges(setting{coder: profile.Small, scale: profile.StaticTensor, n: 4})
	for i := range p.Edges[:3] {
		p.Edges[i] = p.Edges[4]
	}
	codec := mustCodec(t, p)
	x := tensors(p, 3)
	enc, dec := codec.NewEncoder(), codec.NewDecoder()
	var frame []byte
	if n := testing.AllocsPerRun(10, func() { frame, _ = enc.Append(frame[:0], x) }); n > 0 {
		t.Errorf("%v allocations an image when encoding", n)
	}
	if err := dec.Open(frame); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() {
		if err := dec.All(x); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations an image when decoding", n)
	}
}
