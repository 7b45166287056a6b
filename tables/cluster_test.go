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
