package tables_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// activations stands for what a program of your own computes: 16 channels of 32x32, cut off at 0, smooth along rows.
func activations(seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, 16*32*32)
	level := 0.0
	for i := range x {
		level = .9*level + rng.Float64() - .55
		x[i] = float32(max(0, level))
	}
	return x
}

// A program that has tensors, but no network: a profile made by hand, coders taught by a few samples, frames of others.
func Example() {
	p := &profile.Profile{
		Setting: profile.Setting{Name: "direct", Bits: 4, Unsigned: true, Scale: profile.StaticTensor},
		Edges: []profile.Edge{{
			Name:     "features",
			Geometry: profile.Geometry{Channels: 16, Rows: 32, Cols: 32, Tile: profile.TileFor(16, 32, 32)},
			Quantizer: profile.Quantizer{
				OneSided: true, Unsigned: true, Bits: 4, Scale: profile.StaticTensor, Steps: []float32{.125, .125},
			},
		}},
	}
	samples := [][][]float32{{activations(1)}, {activations(2)}, {activations(3)}}
	counts, err := tables.Count(p.Edges, samples)
	if err != nil {
		log.Fatal(err)
	}
	for _, coder := range []profile.Coder{profile.Raw, profile.Fast, profile.Small, profile.Smallest} {
		counts.Teach(p, coder)
		codec, err := dqa.NewCodec(p)
		if err != nil {
			log.Fatal(err)
		}
		x := activations(4) // not one of the samples
		frame, err := codec.NewEncoder().Append(nil, [][]float32{x})
		if err != nil {
			log.Fatal(err)
		}
		y, err := codec.NewDecoder().Decode(frame)
		if err != nil {
			log.Fatal(err)
		}
		worst := float32(0)
		for i := range x {
			worst = max(worst, x[i]-y[0][i], y[0][i]-x[i])
		}
		fmt.Printf("%-8v %.2f bits per value, at most %.4f off\n", coder, 8*float64(len(frame))/float64(len(x)), worst)
	}
	// Output:
	// raw      4.02 bits per value, at most 0.0625 off
	// fast     1.26 bits per value, at most 0.0625 off
	// small    1.42 bits per value, at most 0.0625 off
	// smallest 1.21 bits per value, at most 0.0625 off
}
