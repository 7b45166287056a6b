package session

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// TestPackedEqualsSimulation: built-in networks, every method, any number of threads.
func TestPackedEqualsSimulation(t *testing.T) {
	for _, model := range []string{"demo:classify", "demo:segment"} {
		net, err := Open(model, Options{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := net.Data(model + "[0:4]")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []Variant{
			{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 2}},
			{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 3, Pow2: true}},
			{Setting: profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticTensor, Unsigned: true}},
			{Setting: profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5, Ranking: "energy", Scale: profile.StaticChannel}},
			{Setting: profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "energy"}},
		} {
			t.Run(fmt.Sprint(model, " ", v.Setting), func(t *testing.T) {
				made, err := net.Calibrate(context.Background(), data, v, CalibrateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				q, err := net.Bind(made.Profile)
				if err != nil {
					t.Fatal(err)
				}
				x, err := data.Input(3)
				if err != nil {
					t.Fatal(err)
				}
				checkPacked(t, q, x, 1, 2, 4)
			})
		}
	}
}

// checkPacked compares packed runs with the encoder's hook.
func checkPacked(t *testing.T, q *Quantized, x *tensor.Tensor, threads ...int) {
	t.Helper()
	_, want, err := q.NewEncoder(EncodeOptions{}).Encode(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range threads {
		p, err := q.Pack(PackOptions{Threads: n})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Run([]*tensor.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		for k := range want {
			if !slices.EqualFunc(got[k].Data, want[k].Data, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Errorf("%d threads: output %d differs", n, k)
			}
		}
		plan := p.NewPlan(0)
		t.Logf("%d threads: peak %d, planned %d (packed %d, float %d, work %d)", n, p.Peak(), plan.Peak, plan.Packed, plan.Float, plan.Work)
	}
}
