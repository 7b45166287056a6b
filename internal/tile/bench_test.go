package tile_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// BenchmarkTile reports the least time per value of encoding and decoding a tile in the cache: other work on the machine
// does not count.
func BenchmarkTile(b *testing.B) {
	for _, g := range []profile.Geometry{
		{Channels: 16, Rows: 32, Cols: 32, Tile: profile.Tile{Channels: 16, Rows: 32}},
		{Channels: 64, Rows: 8, Cols: 8, Tile: profile.Tile{Channels: 64, Rows: 8}},
		{Channels: 192, Rows: 65, Cols: 1, Tile: profile.Tile{Channels: 192, Rows: 65}, ChannelsLast: true},
	} {
		for c := range profile.Coder(tile.NumCoders()) {
			for _, isa := range cpu.Sets()[1:] {
				name := fmt.Sprintf("%dx%dx%d/%s/%s", g.Channels, g.Rows, g.Cols, c, isa)
				b.Run(name, func(b *testing.B) { benchmarkTile(b, c, g, isa) })
			}
		}
	}
}

func benchmarkTile(b *testing.B, c profile.Coder, g profile.Geometry, isa string) {
	defer cpu.Lower(isa)()
	e := profile.Edge{Name: "edge", Geometry: g}
	e.Quantizer = profile.Quantizer{OneSided: true, Unsigned: true, Bits: 4, Scale: profile.StaticTensor, Steps: []float32{.25, .25}}
	if c < profile.Fast { // 3+3 bits, scales of every image
		important := make([]bool, g.Channels)
		e.Quantizer = profile.Quantizer{OneSided: true, Bits: 3, ExtraBits: 3, Scale: profile.DynamicChannel, Important: important}
		for i := range e.Important {
			e.Important[i] = i%2 == 0
		}
	}
	x := randomValues(&e, 3)
	counts, err := tables.Count([]profile.Edge{e}, [][][]float32{{x}})
	if err != nil {
		b.Fatal(err)
	}
	p := &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 4}, Edges: []profile.Edge{e}}
	counts.Teach(p, c)
	factories, err := tile.Factories(p)
	if err != nil {
		b.Fatal(err)
	}
	var s tile.Scratch
	var tiles []tile.Tile
	back := make([]float32, len(x))
	for range tile.MaxBatch {
		v := &tile.Values{Source: x}
		tiles = append(tiles, tile.Tile{Coder: factories[0](&s), Values: v, Bounds: e.TileBounds(0)})
	}
	together := len(tiles)
	if !tile.Alike(&tiles[0], &tiles[1]) {
		together = 1
	}
	least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for i := range tiles {
			tiles[i].Values.Restored = nil
		}
		start := time.Now()
		for i := range tiles {
			s.FindScales(&p.Edges[0], tiles[i].Values)
		}
		for part := range slices.Chunk(tiles, together) {
			tile.Encode(part)
		}
		least[0] = min(least[0], time.Since(start))
		for i := range tiles {
			tiles[i].Values.Restored = back
		}
		start = time.Now()
		for part := range slices.Chunk(tiles, together) {
			tile.Decode(part)
		}
		least[1] = min(least[1], time.Since(start))
		if tiles[0].Err != nil {
			b.Fatal(tiles[0].Err)
		}
	}
	n := float64(len(tiles) * len(x))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(least[0])/n, "enc_ns/value")
	b.ReportMetric(float64(least[1])/n, "dec_ns/value")
	b.ReportMetric(8*float64(len(tiles[0].Payload.Base))/float64(len(x)), "bits/value")
}
