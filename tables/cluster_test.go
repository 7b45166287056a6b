package tables

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// Channels of a few distributions find each other: shared models cost hardly more than models of their own.
func TestClusterFindsTheDistributions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	edges := []profile.Edge{
		{Geometry: profile.Geometry{Channels: 40, Rows: 1, Cols: 1}, Quantizer: profile.Quantizer{Bits: 3}},
		{
			Geometry:  profile.Geometry{Channels: 30, Rows: 1, Cols: 1},
			Quantizer: profile.Quantizer{Bits: 3, ExtraBits: 2, Important: make([]bool, 30)},
		},
	}
	for c := range 15 {
		edges[1].Important[c] = true
	}
	var counts []slots
	ideal := 0.0
	for i := range edges {
		h := NewHistogram(&edges[i], profile.Small).slots
		for c := range h {
			q := []float64{.1, .5, .9}[rng.IntN(3)]
			for range 3000 {
				s := 0
				for rng.Float64() < q && s < len(h[c])-2 {
					s++
				}
				h[c][s]++
			}
			k := measure(h[c])
			ideal += k.mean * k.total
		}
		counts = append(counts, h)
	}
	models, chosen := cluster(counts, channelModels)
	cost := 0.0
	for i, h := range counts {
		for c, n := range h {
			freq := models[chosen[i][c]]
			if len(freq) != len(n) {
				t.Fatalf("channel with %d symbols has a model of %d", len(n), len(freq)-1)
			}
			m, err := rans.NewModel(freq)
			if err != nil {
				t.Fatal(err)
			}
			for s, k := range n {
				cost += float64(k) * m.Cost(s)
			}
		}
	}
	if math.IsNaN(cost) || cost > 1.01*ideal {
		t.Errorf("%.0f bits with %d models, %.0f with models of their own", cost, len(models), ideal)
	}
	if len(models) > 2*channelModels || len(models) < 2 {
		t.Errorf("%d models", len(models))
	}
}

func TestClusterOfDeadChannels(t *testing.T) {
	edges := []profile.Edge{{Geometry: profile.Geometry{Channels: 3, Rows: 1, Cols: 1}, Quantizer: profile.Quantizer{Bits: 2}}}
	models, chosen := cluster([]slots{NewHistogram(&edges[0], profile.Small).slots}, channelModels)
	if len(models) != 1 || chosen[0][2] != 0 {
		t.Errorf("%v, %v", models, chosen)
	}
}

// A slot that outweighs all others has most groups of equal weight: the models that these do not need go to slots that are unlike.
func TestModelsToSpareAreUsed(t *testing.T) {
	const symbols, unlike = 40, 12
	h := make(slots, unlike+1)
	ideal := 0.0
	for c := range h {
		h[c] = make([]uint32, symbols+1)
		h[c][3*c], h[c][3*c+1] = 4000, 1000
		if c == unlike {
			h[c][3*c], h[c][3*c+1] = 1<<24, 1<<23
			continue
		}
		ideal += newPlace(h[c], 0, c).bits()
	}
	models, chosen := cluster([]slots{h}, 2*unlike)
	cost := 0.0
	for c, n := range h[:unlike] {
		m, err := rans.NewModel(models[chosen[0][c]])
		if err != nil {
			t.Fatal(err)
		}
		for s, k := range n {
			cost += float64(k) * m.Cost(s)
		}
	}
	if len(models) != unlike+1 || cost > 1.01*ideal {
		t.Errorf("%d models, %.0f bits, %.0f with models of their own", len(models), cost, ideal)
	}
}

// What lies near codes that were seen is expected in other images, at a price that those seen hardly notice; what lies far is escaped.
func TestSymbolsNearThoseSeen(t *testing.T) {
	const symbols = 128
	counts := make([]uint64, symbols+1)
	counts[20], counts[22] = 3000, 1000
	m := newGroupModel(counts)
	for _, s := range []int{19, 21, 23} {
		if m.costs[s] > rans.EscapeBits {
			t.Errorf("symbol %d takes %.1f bits, an escape %v and more", s, m.costs[s], rans.EscapeBits)
		}
	}
	if m.freq[20] == 0 || m.freq[100] != 0 {
		t.Errorf("frequencies %d near and %d far", m.freq[20], m.freq[100])
	}
	plain, err := rans.NewModel(rans.BuildFreq(counts))
	if err != nil {
		t.Fatal(err)
	}
	if own := 3*plain.Cost(20) + plain.Cost(22); 3*m.costs[20]+m.costs[22] > 1.01*own {
		t.Errorf("codes that were seen take %.3f bits instead of %.3f", 3*m.costs[20]+m.costs[22], own)
	}
	if sum := smooth(counts); sum[symbols] != 0 || sum[21] != 600 {
		t.Errorf("%d escapes, %d of what both neighbours lend to", sum[symbols], sum[21])
	}
}
