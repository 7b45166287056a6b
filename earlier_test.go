package dqa_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// stream is a residual stream: four edges of one shape, each the one before it and something else, and one that is nothing like them,
// last. The second one has means of channels, the third one signs.
func stream(seed uint64) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 7))
	const n = 20 * 9 * 7
	edges := make([][]float32, 5)
	for i := range edges {
		edges[i] = make([]float32, n)
		for k := range edges[i] {
			v := float32(rng.NormFloat64())
			if i > 0 && i < 4 {
				v = edges[i-1][k] + v/8
			}
			edges[i][k] = v
		}
	}
	last := make([]float32, n) // channels of the third one lie last
	for k, v := range edges[2] {
		last[k%(9*7)*20+k/(9*7)] = v
	}
	edges[2] = last
	return edges
}

func streamProfile(t *testing.T, sides bool) *profile.Profile {
	t.Helper()
	p := &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 5, Scale: profile.StaticTensor}}
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		p.Edges = append(p.Edges, profile.Edge{
			Name:     name,
			Geometry: profile.Geometry{Channels: 20, Rows: 9, Cols: 7, Tile: profile.Tile{Channels: 20, Rows: 9}, ChannelsLast: i == 2},
			Quantizer: profile.Quantizer{Bits: 5, Scale: profile.StaticTensor, Steps: []float32{.25, .25}, Escape: true, DC: i == 1,
				OneSided: !sides, Unsigned: !sides},
		})
	}
	var samples [][][]float32
	for seed := range uint64(8) {
		samples = append(samples, streamOf(seed, sides))
	}
	counts, err := tables.Count(p.Edges, samples)
	if err != nil {
		t.Fatal(err)
	}
	counts.Teach(p, profile.Smallest2)
	for i := range p.Edges {
		p.Edges[i].Tile.Channels = 8 // several tiles
	}
	return p
}

func streamOf(seed uint64, sides bool) [][]float32 {
	edges := stream(seed)
	for i := 0; !sides && i < len(edges); i++ {
		for k, v := range edges[i] {
			edges[i][k] = max(0, v)
		}
	}
	return edges
}

// An edge beside an earlier one takes fewer bits, decodes whichever way it is asked for, and without the other edges' values.
func TestEarlierEdges(t *testing.T) {
	for _, sides := range []bool{true, false} {
		p := streamProfile(t, sides)
		for i, want := range []int{-1, 0, 1, 2, -1} {
			got := -1
			if e := p.Edges[i].Earlier; e != nil {
				got = e.Edge
			}
			if got != want {
				t.Errorf("sides %v: edge %d has the earlier edge %d, want %d", sides, i, got, want)
			}
		}
		b, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if p, err = profile.Parse(b); err != nil {
			t.Fatal(err)
		}
		codec, err := dqa.NewCodec(p)
		if err != nil {
			t.Fatal(err)
		}
		checkStream(t, codec, streamOf(99, sides))
	}
}

func checkStream(t *testing.T, codec *dqa.Codec, x [][]float32) {
	t.Helper()
	frame, err := codec.NewEncoder(dqa.WithWorkers(3)).Append(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	enc := codec.NewEncoder()
	for i := range x {
		if err := enc.Store(i, x[i]); err != nil {
			t.Fatal(err)
		}
	}
	if one, err := enc.AppendFrame(nil); err != nil || !bytes.Equal(one, frame) {
		t.Fatalf("edge by edge the frame is another one: %v", err)
	}
	dec := codec.NewDecoder(dqa.WithWorkers(2))
	all, err := dec.Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	var codes dqa.Codes
	for i := range x {
		want := make([]float32, len(x[i]))
		codes.Quantize(&codec.Profile().Edges[i], x[i])
		codes.Dequantize(&codec.Profile().Edges[i], want)
		if !slices.Equal(all[i], want) {
			t.Errorf("edge %d has other values", i)
		}
	}
	for i := len(x) - 1; i >= 0; i-- {
		if err := dec.Open(frame); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(x[i]))
		if err := dec.Edge(got, i); err != nil || !slices.Equal(got, all[i]) {
			t.Errorf("edge %d alone has other values: %v", i, err)
		}
	}
	checkStreamTiles(t, codec, frame, all)
}

func checkStreamTiles(t *testing.T, codec *dqa.Codec, frame []byte, all [][]float32) {
	t.Helper()
	dec, e := codec.NewDecoder(), &codec.Profile().Edges[3]
	if err := dec.Open(frame); err != nil {
		t.Fatal(err)
	}
	plane := make([]float32, e.PlaneSize())
	if err := dec.Channel(plane, 3, 17); err != nil || !slices.Equal(plane, all[3][17*len(plane):][:len(plane)]) {
		t.Errorf("a channel has other values: %v", err)
	}
	a, ok, err := dec.AccountEdge(3)
	if err != nil || !ok || a.Beside == 0 || a.Beside > .8*a.Without {
		t.Errorf("%.0f bits beside an earlier edge, %.0f without: %v", a.Beside, a.Without, err)
	}
	alone := *codec.Profile()
	alone.Edges = profile.Select(alone.Edges, []int{3})
	short, err := dqa.NewCodec(&alone)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := short.NewEncoder().Append(nil, all[3:4])
	if err != nil {
		t.Fatal(err)
	}
	back, err := short.NewDecoder().Decode(cut)
	if err != nil || !slices.Equal(back[0], all[3]) {
		t.Errorf("without its earlier edge it has other values: %v", err)
	}
}
