package tile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/internal/wire"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
)

// allCoders are those that a profile can name.
func allCoders() (all []profile.Coder) {
	for c := profile.Raw; ; c++ {
		if _, err := profile.ParseCoder(c.String()); err != nil {
			return all
		}
		all = append(all, c)
	}
}

func TestTableHasEveryCoder(t *testing.T) {
	if n := len(allCoders()); n != tile.NumCoders() || n < 5 {
		t.Errorf("%d coders, %d in the table", n, tile.NumCoders())
	}
}

// edgesFor are an edge of planes of whole groups, one of ragged ones, and one with channels last.
func edgesFor(unsigned bool, n, m int, scale profile.ScaleMode) []profile.Edge {
	var edges []profile.Edge
	for i, g := range []profile.Geometry{
		{Channels: 4, Rows: 16, Cols: 16, Tile: profile.Tile{Channels: 3, Rows: 8}},
		{Channels: 5, Rows: 7, Cols: 9, Tile: profile.Tile{Channels: 2, Rows: 4}},
		{Channels: 4, Rows: 8, Cols: 8, ChannelsLast: true, Tile: profile.Tile{Channels: 4, Rows: 8}},
	} {
		e := profile.Edge{Name: fmt.Sprint(i), Geometry: g}
		e.Quantizer = profile.Quantizer{OneSided: unsigned, Unsigned: unsigned, Bits: n, ExtraBits: m, Scale: scale}
		if m > 0 {
			e.Important = make([]bool, g.Channels)
			e.Important[1], e.Important[3] = true, true
		}
		if scale.Static() {
			e.Steps = slices.Repeat([]float32{.21}, e.NumScales())
		}
		e.Escape = m == 0 && scale.Static()
		edges = append(edges, e)
	}
	return edges
}

func randomValues(e *profile.Edge, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, e.Elements())
	for i := range x {
		if x[i] = float32(rng.NormFloat64()); e.OneSided {
			x[i] = max(0, x[i])
		}
	}
	return x
}

// taught are profiles of these edges, one per coder that can store them.
func taught(t *testing.T, edges []profile.Edge) (all []*profile.Profile) {
	t.Helper()
	var image [][]float32
	for i := range edges {
		image = append(image, randomValues(&edges[i], 7))
	}
	counts, err := tables.Count(edges, [][][]float32{image})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range allCoders() {
		e := &edges[0]
		if c < profile.Fast && e.Escape || c == profile.Fast && e.Bits+e.ExtraBits > profile.MaxBits {
			continue
		}
		p := &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 3}, Edges: slices.Clone(edges)}
		counts.Teach(p, c)
		if err := p.Validate(); err != nil {
			t.Fatal(c, err)
		}
		all = append(all, p)
	}
	return all
}

func everyProfile(t *testing.T) (all []*profile.Profile) {
	for _, unsigned := range []bool{false, true} {
		for _, scale := range []profile.ScaleMode{profile.DynamicChannel, profile.StaticTensor} {
			for _, nm := range [][2]int{{3, 0}, {3, 2}, {8, 0}, {7, 4}} {
				all = append(all, taught(t, edgesFor(unsigned, nm[0], nm[1], scale))...)
			}
		}
	}
	return all
}

// However a tile becomes a payload, it is the same one, and the same values come back.
func TestWaysMakeTheSamePayload(t *testing.T) {
	for _, p := range everyProfile(t) {
		factories, err := tile.Factories(p)
		if err != nil {
			t.Fatal(err)
		}
		var s tile.Scratch
		for i := range p.Edges {
			e, c := &p.Edges[i], factories[i](&s)
			for k, odd := range []float32{0, float32(math.NaN()), float32(math.Inf(1)), 900} {
				x := randomValues(e, uint64(k))
				x[len(x)/2] += odd
				checkWays(t, fmt.Sprintf("%s edge %d %d+%d, %v", e.Coder, i, e.Bits, e.ExtraBits, odd), e, c, &s, x)
			}
		}
	}
}

func checkWays(t *testing.T, name string, e *profile.Edge, c tile.Coder, s *tile.Scratch, x []float32) {
	t.Helper()
	v := tile.Values{Source: x, Restored: make([]float32, len(x))}
	wide := tile.Values{Source: x, Restored: make([]float32, len(x))}
	got := tile.Values{Restored: make([]float32, len(x))}
	for _, v := range []*tile.Values{&v, &wide} {
		s.FindScales(e, v)
	}
	got.Steps = v.Steps
	for k := range e.NumTiles() {
		b := e.TileBounds(k)
		var p tile.Payload
		c.Encode(&p, &v, b)
		if other := tile.EncodeWide(c, &wide, b); !bytes.Equal(other, p.Base) {
			t.Fatalf("%s: tile %d is another payload over 16-bit codes", name, k)
		}
		if err := c.Decode(&got, b, p); err != nil {
			t.Fatalf("%s: tile %d: %v", name, k, err)
		}
	}
	for i := range x {
		if a, b, c := v.Restored[i], wide.Restored[i], got.Restored[i]; a != b || a != c {
			t.Fatalf("%s: value %d: %v, over 16-bit codes %v, decoded %v", name, i, a, b, c)
		}
	}
}

// Tiles that are coded together are what they are alone, damaged ones among them.
func TestBatchIsOneByOne(t *testing.T) {
	edges := edgesFor(true, 8, 0, profile.StaticTensor)[:1]
	edges = append(edges, edges[0], edges[0], edges[0])
	shifted := edgesFor(false, 3, 3, profile.DynamicChannel)[:1]
	shifted = append(shifted, shifted[0], shifted[0], shifted[0])
	for _, p := range append(taught(t, edges), taught(t, shifted)...) {
		factories, err := tile.Factories(p)
		if err != nil {
			t.Fatal(err)
		}
		var s tile.Scratch
		var batch, alone []tile.Tile
		for i := range p.Edges {
			e := &p.Edges[i]
			v := &tile.Values{Source: randomValues(e, uint64(i)), Restored: make([]float32, e.Elements())}
			if i == 1 {
				v.Source[5] = 1e3 // a code beyond a byte
			}
			if i == 2 {
				clear(v.Source)
			}
			s.FindScales(e, v)
			one := tile.Tile{Coder: factories[i](&s), Values: v, Bounds: e.TileBounds(0), Edge: i}
			batch, alone = append(batch, one), append(alone, one)
		}
		want := p.Edges[0].Coder == profile.Small || p.Edges[0].Coder == profile.Smallest2 || p.Edges[0].Coder == profile.Paper && p.Edges[0].ExtraBits > 0
		if together := tile.Alike(&batch[0], &batch[1]); together != want {
			t.Fatalf("%s: alike %v", p.Edges[0].Coder, together)
		} else if !together {
			continue
		}
		tile.Encode(batch)
		for i := range alone {
			tile.Encode(alone[i : i+1])
			if !bytes.Equal(alone[i].Payload.Base, batch[i].Payload.Base) {
				t.Errorf("tile %d is another payload in a batch", i)
			}
			want := slices.Clone(alone[i].Values.Restored)
			clear(alone[i].Values.Restored)
			alone[i].Values.Restored, batch[i].Values.Restored = want, make([]float32, len(want))
		}
		batch[3].Payload.Base = batch[3].Payload.Base[:len(batch[3].Payload.Base)-1]
		tile.Decode(batch)
		for i := range batch[:3] {
			if batch[i].Err != nil || !slices.Equal(batch[i].Values.Restored[:64], alone[i].Values.Restored[:64]) {
				t.Errorf("tile %d: %v, or other values", i, batch[i].Err)
			}
		}
		if !errors.Is(batch[3].Err, wire.ErrValue) {
			t.Errorf("a damaged tile: %v", batch[3].Err)
		}
	}
}

// Channels last are channels first, turned over: the same scales, payloads and values.
func TestChannelsLastAsFirst(t *testing.T) {
	for _, scale := range []profile.ScaleMode{profile.DynamicChannel, profile.DynamicTensor, profile.StaticTensor, profile.StaticChannel} {
		var edges []profile.Edge
		for k, g := range []profile.Geometry{
			{Channels: 37, Rows: 65, Cols: 1, Tile: profile.Tile{Channels: 37, Rows: 65}},
			{Channels: 37, Rows: 13, Cols: 3, Tile: profile.Tile{Channels: 20, Rows: 5}},
			{Channels: 40, Rows: 4, Cols: 64, Tile: profile.Tile{Channels: 40, Rows: 2}},
		} {
			e := profile.Edge{Name: fmt.Sprint(k), Geometry: g}
			e.Quantizer = profile.Quantizer{Bits: 3, ExtraBits: 2, Scale: scale, Important: make([]bool, g.Channels)}
			for c := range e.Important {
				e.Important[c] = c%5 < 2
			}
			if scale.Static() {
				e.Steps = slices.Repeat([]float32{.21}, e.NumScales())
				e.Steps[len(e.Steps)-1] = .3
			}
			edges = append(edges, e)
		}
		for _, p := range taught(t, edges) {
			last := *p
			last.Edges = slices.Clone(p.Edges)
			for i := range last.Edges {
				last.Edges[i].ChannelsLast = true
			}
			firstOf, err := tile.Factories(p)
			if err != nil {
				t.Fatal(err)
			}
			lastOf, err := tile.Factories(&last)
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Edges {
				x := randomValues(&p.Edges[i], uint64(i))
				name := fmt.Sprintf("%s, edge %d, scale %v", p.Edges[i].Coder, i, scale)
				checkTurned(t, name, [2]*profile.Edge{&p.Edges[i], &last.Edges[i]}, [2]tile.Factory{firstOf[i], lastOf[i]}, x)
			}
		}
	}
}

// checkTurned codes x on an edge with channels first, and turned over on one with channels last.
func checkTurned(t *testing.T, name string, edges [2]*profile.Edge, factories [2]tile.Factory, x []float32) {
	t.Helper()
	turned, n := make([]float32, len(x)), edges[0].PlaneSize()
	for i, v := range x {
		turned[i%n*edges[0].Channels+i/n] = v
	}
	var values, decoded [2]tile.Values
	for k, source := range [][]float32{x, turned} {
		var s tile.Scratch
		c := factories[k](&s)
		values[k] = tile.Values{Source: source, Restored: make([]float32, len(x))}
		s.FindScales(edges[k], &values[k])
		decoded[k] = tile.Values{Restored: make([]float32, len(x)), Steps: values[k].Steps}
		if !slices.Equal(values[k].Scales, values[0].Scales) {
			t.Fatalf("%s: other scales", name)
		}
		for i := range edges[k].NumTiles() {
			b := edges[k].TileBounds(i)
			var p tile.Payload
			c.Encode(&p, &values[k], b)
			if err := c.Decode(&decoded[k], b, p); err != nil {
				t.Fatal(name, err)
			}
			alone := tile.Values{Restored: make([]float32, edges[k].TileSize(b)), Steps: values[k].Steps, OneTile: true}
			if err := c.Decode(&alone, b, p); err != nil {
				t.Fatal(name, err)
			}
			if first := factories[0](new(tile.Scratch)); k == 1 {
				var want tile.Payload
				first.Encode(&want, &values[0], b)
				if !bytes.Equal(want.Base, p.Base) {
					t.Fatalf("%s: tile %d is another payload", name, i)
				}
			}
			at := (b.C0*edges[0].Rows + b.R0) * edges[0].Cols
			if m := edges[0].BandSize(b); !slices.Equal(alone.Restored[:m], decoded[0].Restored[at:at+m]) {
				t.Fatalf("%s: tile %d alone has other values", name, i)
			}
		}
	}
	for i := range x {
		k := i%n*edges[0].Channels + i/n
		a, b := values[0].Restored[i], decoded[0].Restored[i]
		if c, d := values[1].Restored[k], decoded[1].Restored[k]; a != b || a != c || a != d {
			t.Fatalf("%s: value %d: %v, decoded %v, channels last %v, decoded %v", name, i, a, b, c, d)
		}
	}
}
