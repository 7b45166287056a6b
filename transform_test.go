package dqa_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// turned is an edge with a random orthogonal transform: a product of rotations.
func turned(rng *rand.Rand, g profile.Geometry) profile.Edge {
	n := g.Channels
	m := make([]float64, n*n)
	for c := range n {
		m[c*n+c] = 1
	}
	for range 4 * n {
		a, b, angle := rng.IntN(n), rng.IntN(n), rng.Float64()
		for c := range n {
			if x, y := m[a*n+c], m[b*n+c]; a != b {
				m[a*n+c], m[b*n+c] = x*math.Cos(angle)-y*math.Sin(angle), x*math.Sin(angle)+y*math.Cos(angle)
			}
		}
	}
	t := &profile.Transform{}
	for c := range n {
		t.Centre = append(t.Centre, float32(c%7)-2)
	}
	for _, v := range m {
		t.Matrix = append(t.Matrix, float32(max(-1, min(1, v))))
	}
	return profile.Edge{Name: "e", Geometry: g, Quantizer: profile.Quantizer{
		Bits: 8, Escape: true, Scale: profile.StaticTensor, Steps: []float32{.25, .25}, Transform: t,
	}}
}

// Frames of transformed edges are the same on every instruction set, with any number of workers, and what they restore is what
// Codes simulate, whole, by tile and by channel; errors are those of the components.
func TestTransformedEdges(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, g := range []profile.Geometry{
		{Channels: 32, Rows: 28, Cols: 28, Tile: profile.Tile{Channels: 32, Rows: 9}},
		{Channels: 50, Rows: 40, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 50, Rows: 40}},
		{Channels: 7, Rows: 3, Cols: 3, ChannelsLast: true, Tile: profile.Tile{Channels: 7, Rows: 2}},
	} {
		e := turned(rng, g)
		x := make([]float32, e.Elements())
		for i := range x {
			x[i] = float32(rng.NormFloat64() * math.Exp(float64(i%5)))
		}
		for _, coder := range profile.Escaping() {
			p := &profile.Profile{Setting: profile.Setting{Bits: 8, Scale: e.Scale}, Edges: []profile.Edge{e}}
			counts, codes := tables.New(p.Edges), dqa.Codes{}
			codes.Quantize(&p.Edges[0], x)
			counts.Add(0, codes.Wide)
			counts.Teach(p, coder)
			checkTransformed(t, p, x)
		}
	}
}

func checkTransformed(t *testing.T, p *profile.Profile, x []float32) {
	e := &p.Edges[0]
	codec, err := dqa.NewCodec(p)
	if err != nil {
		t.Fatal(err)
	}
	f, err := codec.NewEncoder().Append(nil, [][]float32{x})
	if err != nil {
		t.Fatal(err)
	}
	want, codes := slices.Clone(x), dqa.Codes{}
	codes.Simulate(e, want)
	var sum, squares float64
	for i, v := range x {
		d := float64(v) - float64(want[i])
		sum, squares = sum+d*d, squares+1
	}
	if rms, most := math.Sqrt(sum/squares), float64(e.Steps[0])/math.Sqrt(12)*1.1; rms > most {
		t.Errorf("coder %s: an error of %.4f, at most %.4f expected", e.Coder, rms, most)
	}
	for _, isa := range []string{cpu.Generic, cpu.AVX2, cpu.AVX512} {
		if !cpu.Has(isa) && isa != cpu.Generic {
			continue
		}
		restore := cpu.Lower(isa)
		for _, workers := range []int{1, 3} {
			hooked := slices.Clone(x)
			enc := codec.NewEncoder(dqa.WithWorkers(workers))
			if err := enc.Edge(0, hooked); err != nil || !slices.Equal(hooked, want) {
				t.Errorf("coder %s, %s: Edge restores other values (%v)", e.Coder, isa, err)
			}
			again, err := enc.AppendFrame(nil)
			if err != nil || !bytes.Equal(f, again) {
				t.Errorf("coder %s, %s, %d workers: another frame (%v)", e.Coder, isa, workers, err)
			}
			got, err := codec.NewDecoder(dqa.WithWorkers(workers)).Decode(f)
			if err != nil || !slices.Equal(got[0], want) {
				t.Errorf("coder %s, %s, %d workers: other values (%v)", e.Coder, isa, workers, err)
			}
		}
		restore()
	}
	dec, plane := codec.NewDecoder(), make([]float32, e.PlaneSize())
	if err := dec.Open(f); err != nil {
		t.Fatal(err)
	}
	for c := range e.Channels {
		if err := dec.Channel(plane, 0, c); err != nil {
			t.Fatal(err)
		}
		for i, v := range plane {
			at := c*e.PlaneSize() + i
			if e.ChannelsLast {
				at = i*e.Channels + c
			}
			if v != want[at] {
				t.Fatalf("coder %s: channel %d alone has another value", e.Coder, c)
			}
		}
	}
}
