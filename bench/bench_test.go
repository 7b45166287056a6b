package bench

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

// sample has a one-sided and a two-sided edge and two images.
func sample() Tensors {
	rng := rand.New(rand.NewPCG(1, 2))
	t := Tensors{Edges: []profile.Edge{
		{
			Name:      "relu",
			Geometry:  profile.Geometry{Channels: 8, Rows: 16, Cols: 16, Tile: profile.TileFor(8, 16, 16)},
			Quantizer: profile.Quantizer{OneSided: true},
		},
		{Name: "conv", Geometry: profile.Geometry{Channels: 4, Rows: 9, Cols: 7, Tile: profile.TileFor(4, 9, 7)}},
	}}
	for range 2 {
		a, b := make([]float32, 8*16*16), make([]float32, 4*9*7)
		for i := range a {
			a[i] = float32(max(0, rng.NormFloat64()))
		}
		for i := range b {
			b[i] = float32(rng.ExpFloat64() - rng.ExpFloat64())
		}
		t.Images = append(t.Images, [][]float32{a, b})
	}
	return t
}

func TestPeersAreMeasuredWhenAskedFor(t *testing.T) {
	opt := Options{Places: []Place{{"cache", 1 << 12}}, Rounds: 1, Peers: true}
	res, err := Codec(t.Context(), sample(), opt)
	if err != nil {
		t.Fatal(err)
	}
	bits := map[string]float64{}
	for _, r := range res.Rows {
		bits[r.Path] = r.Bits
	}
	for _, s := range specials() {
		codes, half := bits["graded/"+s.name], bits["float16/"+s.name]
		if !(codes > 1 && codes < 9 && half > codes && half < 18) {
			t.Errorf("%s: %v bits for codes, %v for float16", s.name, codes, half)
		}
	}
	if zvc := bits["float16/zvc"]; math.Abs(zvc-(1+16*(1-res.Sparsity))) > .1 { // a bit each, and the values that are not zero
		t.Errorf("zvc takes %v bits at a sparsity of %v", zvc, res.Sparsity)
	}
}

func TestCodecMeasuresEveryPath(t *testing.T) {
	small := Place{"cache", 1 << 14}
	res, err := Codec(t.Context(), sample(), Options{Places: []Place{small}, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	if res.Values != 8*16*16+4*9*7 || res.Images != 2 || math.Abs(res.Sparsity-.5*2048/2300) > .02 {
		t.Errorf("%d values, %d images, sparsity %v", res.Values, res.Images, res.Sparsity)
	}
	seen := map[string]Row{}
	for _, r := range res.Rows {
		seen[r.Path] = r
		if !(r.Encode > 0 && r.Decode > 0 && r.Bits > r.Entropy*.5 && r.Bits < 9) || r.Where != "cache" || r.ISA == "" {
			t.Errorf("%+v", r)
		}
		if strings.HasPrefix(r.Path, "graded/") && math.Abs(r.Entropy-2) > .05 {
			t.Errorf("%s: entropy %v, steps were chosen for 2", r.Path, r.Entropy)
		}
	}
	for _, name := range []string{"dqa/raw", "dqa/paper", "graded/fast", "graded/small", "graded/smallest", "graded/smallest2", "graded/huff0", "graded/fse", "graded/zstd", "graded/deflate", "graded/lz4"} {
		if seen[name].Path == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if a, b := seen["dqa/paper"].Bits, seen["dqa/raw"].Bits; a >= b {
		t.Errorf("paper takes %v bits, raw %v", a, b)
	}
}

// Every path restores what quantizing leaves, wherever the compressor gives up.
func TestPathsRestore(t *testing.T) {
	s := sample()
	s.Images = append(s.Images, [][]float32{make([]float32, 2048), make([]float32, 252)}) // all zero
	paths, err := allPaths(s, 2, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		for i, image := range s.Images {
			coded, err := p.coder.encode(nil, image)
			if err != nil {
				t.Fatal(p.name, err)
			}
			got := [][]float32{make([]float32, len(image[0])), make([]float32, len(image[1]))}
			if err := p.coder.decode(got, coded); err != nil {
				t.Fatalf("%s, image %d: %v", p.name, i, err)
			}
			for e := range got {
				for k, v := range got[e] {
					if d := math.Abs(float64(v - image[e][k])); d > 1 {
						t.Fatalf("%s, image %d, edge %d, value %d: %v for %v", p.name, i, e, k, v, image[e][k])
					}
				}
			}
		}
	}
}

func TestCodecWantsTensors(t *testing.T) {
	if _, err := Codec(t.Context(), Tensors{}, Options{}); err != ErrTensors {
		t.Errorf("got %v", err)
	}
}

// Stacking keeps every value in its channel, image by image.
func TestStacked(t *testing.T) {
	edges := []profile.Edge{
		{Geometry: profile.Geometry{Channels: 2, Rows: 1, Cols: 3, Tile: profile.Tile{Channels: 2, Rows: 1}}},
		{Geometry: profile.Geometry{Channels: 2, Rows: 3, Cols: 1, ChannelsLast: true, Tile: profile.Tile{Channels: 2, Rows: 3}}},
	}
	x := Tensors{edges, [][][]float32{{{0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}}, {{10, 11, 12, 13, 14, 15}, {10, 11, 12, 13, 14, 15}}}}
	s := x.Stacked()
	want := [][]float32{{0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15}, {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}}
	if diff := cmp.Diff([][][]float32{want}, s.Images); diff != "" {
		t.Error(diff)
	}
	if s.Edges[0].Rows != 2 || s.Edges[1].Rows != 6 || edges[0].Rows != 1 {
		t.Errorf("rows %d and %d, the original has %d", s.Edges[0].Rows, s.Edges[1].Rows, edges[0].Rows)
	}
	one := x.Only(1)
	if len(one.Edges) != 1 || !one.Edges[0].ChannelsLast || one.Images[1][0][0] != 10 {
		t.Errorf("%+v", one)
	}
}
