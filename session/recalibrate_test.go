//go:build !device

package session

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/corrupt"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
)

// What a repair ships is never worse on images that it has not seen: a few of the trials that internal/driftlab makes by the hundred
// (docs/results/drift.md).
func TestRepairsShipNothingWorse(t *testing.T) {
	net, err := Open("demo:classify", Options{})
	if err != nil {
		t.Fatal(err)
	}
	small := profile.Small
	v := Variant{Setting: profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticChannel, Unsigned: true}}
	made, err := net.Calibrate(context.Background(), demoImages(t, net, "demo:classify[0:32]"), v, CalibrateOptions{Coder: &small})
	if err != nil {
		t.Fatal(err)
	}
	if err := net.LearnReference(context.Background(), made.Profile, demoImages(t, net, "demo:classify[0:32]"), 2, nil); err != nil {
		t.Fatal(err)
	}
	rng, shipped := rand.New(rand.NewPCG(1, 7)), 0
	for n := range 2 {
		kinds := corrupt.Kinds()
		c := corrupt.Corruption{Kind: kinds[rng.IntN(len(kinds))], Severity: 1 + rng.IntN(5), Seed: uint64(n)}
		level := RepairLevels()[n%2]
		src, err := corrupt.Source(demoImages(t, net, "demo:classify[600:700]").Source(), c)
		if err != nil {
			t.Fatal(err)
		}
		r, err := net.Recalibrate(context.Background(), made.Profile, slice(t, net, src, 0, 64), RecalibrateOptions{Level: level, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Accepted {
			continue
		}
		shipped++
		before, after := worthOn(t, net, made.Profile, slice(t, net, src, 64, 100)), worthOn(t, net, r.Profile, slice(t, net, src, 64, 100))
		t.Logf("%s %s %d: %+v, then %+v", level, c.Kind, c.Severity, before, after)
		if level == RepairTables && (after.StoredBits >= before.StoredBits || after.KL != before.KL) ||
			after.Agreement < before.Agreement-2*100./36 || after.KL > 1.1*before.KL {
			t.Errorf("%s %s %d, seed %d, was shipped: %+v, then %+v", level, c.Kind, c.Severity, n, before, after)
		}
	}
	if shipped == 0 {
		t.Error("nothing was shipped")
	}
}

func demoImages(t *testing.T, net *Network, spec string) *dataset.Inputs {
	data, err := net.Data(spec)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func slice(t *testing.T, net *Network, src dataset.Source, from, to int) *dataset.Inputs {
	part, err := dataset.Slice(src, from, to)
	if err != nil {
		t.Fatal(err)
	}
	in, err := net.Inputs(part)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// worthOn is what a profile does to images.
func worthOn(t *testing.T, net *Network, p *profile.Profile, images *dataset.Inputs) Shadow {
	q, err := net.Bind(p)
	if err != nil {
		t.Fatal(err)
	}
	res, err := net.Evaluate(context.Background(), images, []Candidate{q.Candidate()}, EvaluateOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	sum, frames := res.Measured[0].Score.Summary(), res.Measured[0].Frames[0]
	return Shadow{sum.Agreement, sum.KL, 8 * float64(frames) / float64(res.Images) / float64(p.Elements())}
}
