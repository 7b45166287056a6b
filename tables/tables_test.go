package tables_test

import (
	"strings"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tables"
	"github.com/google/go-cmp/cmp"
)

// edges have every kind of alphabet: extra bits, refinements, escapes.
func edges() []profile.Edge {
	plain := profile.Edge{
		Name:      "plain",
		Geometry:  profile.Geometry{Channels: 16, Rows: 32, Cols: 32, Tile: profile.Tile{Channels: 8, Rows: 5}},
		Quantizer: profile.Quantizer{Bits: 3},
	}
	extra, apart, escaped := plain, plain, plain
	extra.Name, extra.ExtraBits, extra.Important = "extra", 3, make([]bool, 16)
	extra.Important[3], extra.Important[7] = true, true
	apart.Name, apart.Bits, apart.Refine = "apart", 5, 2
	escaped.Name, escaped.Scale, escaped.Steps, escaped.Escape = "escaped", profile.StaticTensor, []float32{.5, .5}, true
	both := escaped
	both.Name, both.Bits, both.Refine = "escaped and apart", 5, 2
	return []profile.Edge{plain, extra, apart, escaped, both}
}

func image(seed uint64) (tensors [][]float32) {
	for i := range edges() {
		x := activations(seed + uint64(i))
		for k := range x {
			x[k] -= .3
		}
		tensors = append(tensors, x)
	}
	return tensors
}

// Whatever is asked for, every edge gets a coder that can store it, with tables that NewCodec takes, and a profile that was
// taught before is taught anew.
func TestTeachMakesUsableProfiles(t *testing.T) {
	counts, err := tables.Count(edges(), [][][]float32{image(1), image(11)})
	if err != nil {
		t.Fatal(err)
	}
	again := &profile.Profile{Setting: profile.Setting{Name: "direct", Bits: 3}, Edges: edges()}
	teachings := map[string]func(p *profile.Profile){
		"slow link": func(p *profile.Profile) { counts.TeachFor(p, 1e3) }, "fast link": func(p *profile.Profile) { counts.TeachFor(p, 1e15) },
	}
	for _, coder := range []profile.Coder{profile.Small, profile.Fast, profile.Smallest, profile.Smallest2} {
		teachings[coder.String()] = func(p *profile.Profile) { counts.Teach(p, coder) }
	}
	for name, teach := range teachings {
		p := &profile.Profile{Setting: again.Setting, Edges: edges()}
		teach(p)
		teach(again)
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("%s: what was taught before shows: %s", name, diff)
		}
		if _, err := dqa.NewCodec(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Counting images apart and adding up is counting them together.
func TestMerge(t *testing.T) {
	one, err := tables.Count(edges(), [][][]float32{image(1)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := tables.Count(edges(), [][][]float32{image(11)})
	if err != nil {
		t.Fatal(err)
	}
	both, err := tables.Count(edges(), [][][]float32{image(1), image(11)})
	if err != nil {
		t.Fatal(err)
	}
	one.Merge(other)
	if one.Entropy() != both.Entropy() || one.Entropy() <= 0 {
		t.Errorf("entropy %v, together %v", one.Entropy(), both.Entropy())
	}
	merged, together := profile.Profile{Edges: edges()}, profile.Profile{Edges: edges()}
	for _, coder := range []profile.Coder{profile.Smallest, profile.Smallest2} {
		one.Teach(&merged, coder)
		both.Teach(&together, coder)
		if diff := cmp.Diff(merged, together); diff != "" {
			t.Error(coder, diff)
		}
	}
}

func TestCountRefuses(t *testing.T) {
	good := edges()
	one := profile.Geometry{Channels: 1, Rows: 1, Cols: 1}
	tiled := one
	tiled.Tile = profile.Tile{Channels: 1, Rows: 1}
	for want, c := range map[string]struct {
		edges   []profile.Edge
		samples [][][]float32
	}{
		"3 tensors, there are 5":  {good, [][][]float32{image(1)[:3]}},
		"7 values, want 16384":    {good, [][][]float32{{make([]float32, 7), nil, nil, nil, nil}}},
		"tile of 0 channels":      {[]profile.Edge{{Geometry: one, Quantizer: profile.Quantizer{Bits: 3}}}, nil},
		"importance of 0 channel": {[]profile.Edge{{Geometry: tiled, Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 1}}}, nil},
	} {
		if _, err := tables.Count(c.edges, c.samples); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
