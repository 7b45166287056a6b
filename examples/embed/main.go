// Command embed shows the codec inside another Go program: tensors of any origin are quantized, stored and restored.
// Run it with `go run ./examples/embed`.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

func main() {
	// A profile usually comes from `dqa calibrate` and profile.Parse; this one is written by hand: one edge of 16
	// channels of 32x32, 3-bit codes, every fourth channel with 3 bits more.
	edge := profile.Edge{
		Name:      "relu",
		Geometry:  profile.Geometry{Channels: 16, Rows: 32, Cols: 32, Tile: profile.TileFor(16, 32, 32)},
		Quantizer: profile.Quantizer{OneSided: true, Bits: 3, ExtraBits: 3, Important: make([]bool, 16)},
	}
	for c := 0; c < 16; c += 4 {
		edge.Important[c] = true
	}
	p := &profile.Profile{
		Setting: profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: 0.25, Ranking: "by hand"},
		Coder:   profile.Raw,
		Edges:   []profile.Edge{edge},
	}
	codec, err := dqa.NewCodec(p)
	if err != nil {
		log.Fatal(err)
	}

	x := make([]float32, edge.Elements())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range x {
		x[i] = max(0, float32(rng.NormFloat64()))
	}
	frame, err := codec.NewEncoder().Append(nil, [][]float32{x})
	if err != nil {
		log.Fatal(err)
	}
	values, err := codec.NewDecoder().Decode(frame)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Printf("%d values in %d bytes: %.2f bits per value\n", len(x), len(frame), 8*float64(len(frame))/float64(len(x)))
	fmt.Printf("mean squared error: important channel 0 %.6f, channel 1 %.6f\n", mse(x[:1024], values[0][:1024]), mse(x[1024:2048], values[0][1024:2048]))
}

func mse(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return sum / float64(len(a))
}
