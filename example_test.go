package dqa_test

import (
	"fmt"
	"log"
	"math"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// edgeOf is one tensor of 8 channels of 16x16 that cannot be negative: 4-bit codes, and 2 bits more in every other channel.
// A profile usually comes from `dqa calibrate` and profile.Parse; package tables teaches the better coders.
func edgeOf(name string) profile.Edge {
	e := profile.Edge{
		Name:      name,
		Geometry:  profile.Geometry{Channels: 8, Rows: 16, Cols: 16, Tile: profile.TileFor(8, 16, 16)},
		Quantizer: profile.Quantizer{OneSided: true, Unsigned: true, Bits: 4, ExtraBits: 2, Important: make([]bool, 8)},
		Coding:    profile.Coding{Coder: profile.Raw},
	}
	for c := 0; c < e.Channels; c += 2 {
		e.Important[c] = true
	}
	return e
}

func wave(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(max(0, math.Sin(float64(i))))
	}
	return x
}

// All tensors of an image become one frame, and tensors again.
func Example() {
	p := &profile.Profile{
		Setting: profile.Setting{Name: "dqa", Bits: 4, ExtraBits: 2, Ratio: .5, Unsigned: true},
		Edges:   []profile.Edge{edgeOf("conv1"), edgeOf("conv2")},
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		log.Fatal(err)
	}
	image := [][]float32{wave(2048), wave(2048)}
	frame, err := codec.NewEncoder(dqa.WithWorkers(2)).Append(nil, image)
	if err != nil {
		log.Fatal(err)
	}
	values, err := codec.NewDecoder().Decode(frame)
	if err != nil {
		log.Fatal(err)
	}
	worst := 0.
	for i, x := range image {
		for k, v := range x {
			worst = max(worst, math.Abs(float64(v-values[i][k])))
		}
	}
	fmt.Printf("%d values in %d bytes, off by at most %.3f\n", p.Elements(), len(frame), worst)
	// Output: 4096 values in 2685 bytes, off by at most 0.033
}

// A network's hook gives one edge after the other, and goes on with what a decoder will restore; a receiver decodes the edge
// that it wants, or one channel of it.
func Example_singleEdge() {
	p := &profile.Profile{
		Setting: profile.Setting{Name: "dqa", Bits: 4, ExtraBits: 2, Ratio: .5, Unsigned: true},
		Edges:   []profile.Edge{edgeOf("conv1"), edgeOf("conv2")},
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		log.Fatal(err)
	}
	enc := codec.NewEncoder()
	tensor := wave(2048)
	for i := range p.Edges { // as an engine does
		if err := enc.Hook(i, tensor); err != nil {
			log.Fatal(err)
		}
	}
	frame, err := enc.AppendFrame(nil)
	if err != nil {
		log.Fatal(err)
	}

	dec := codec.NewDecoder()
	if err := dec.Open(frame); err != nil {
		log.Fatal(err)
	}
	edge, channel := make([]float32, 2048), make([]float32, 256)
	if err := dec.Edge(edge, 1); err != nil {
		log.Fatal(err)
	}
	if err := dec.Channel(channel, 1, 3); err != nil {
		log.Fatal(err)
	}
	fmt.Println(edge[771] == tensor[771], channel[3] == tensor[771])
	// Output: true true
}

// One tensor alone, without frames: what a network would compute with.
func ExampleCodes_Simulate() {
	e := edgeOf("conv1")
	x := wave(e.Elements())
	fmt.Printf("%.3f %.3f\n", x[1], x[259])
	var codes dqa.Codes
	codes.Simulate(&e, x)
	fmt.Printf("%.3f %.3f\n", x[1], x[259])
	// Output:
	// 0.841 0.984
	// 0.841 1.000
}
