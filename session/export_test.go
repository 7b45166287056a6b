package session

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// An exported network, read back and run on this engine, computes what the simulation computes, bit for bit.
func TestExportEqualsSimulation(t *testing.T) {
	for _, model := range demoNetworks() {
		net, err := Open(model, Options{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := net.Data(model + "[0:4]")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []profile.Setting{
			{Name: "graded", Dial: profile.Budget, Goal: 3},
			{Name: "direct", Bits: 8, Scale: profile.StaticChannel, Unsigned: true},
			{Name: "direct", Bits: 4, Unsigned: true},
			{Name: "clip", Bits: 3, Scale: profile.DynamicTensor},
			{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "energy"},
			{Name: "dqa", Bits: 8, ExtraBits: 4, Ratio: .5, Ranking: "energy"},
		} {
			made, err := net.Calibrate(context.Background(), data, Variant{Setting: s}, CalibrateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			q, err := net.Bind(made.Profile)
			if err != nil {
				t.Fatal(err)
			}
			b, err := q.Export(8)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse("q.onnx", b.Model, Options{})
			if err != nil {
				t.Fatal(s, err)
			}
			x, err := data.Input(2)
			if err != nil {
				t.Fatal(err)
			}
			want, err := q.Simulate([]*tensor.Tensor{x})
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.prog.Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			same := slices.Equal(got[0].Data, want[0].Data)
			if s.Name == "graded" { // the file's reader folds gains and biases into weights
				same = sameClasses(got[0], want[0])
			}
			if !same {
				t.Errorf("%s, %+v: outputs differ", model, s)
			}
		}
	}
}

func sameClasses(a, b *tensor.Tensor) bool {
	classes := a.Shape[1]
	n := len(a.Data) / classes
	for p := range n {
		best := func(t *tensor.Tensor) (k int) {
			for c := range classes {
				if t.Data[c*n+p] > t.Data[k*n+p] {
					k = c
				}
			}
			return k
		}
		if best(a) != best(b) {
			return false
		}
	}
	return true
}

// What a profile asks for that no standard operator does is refused; narrow integers are of an opset that has them.
func TestExportRefuses(t *testing.T) {
	net, err := Open("demo:classify", Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := net.Data("demo:classify[0:4]")
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(context.Background(), data, Variant{Setting: profile.Setting{Name: "direct", Bits: 2}}, CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, change := range []func(e *profile.Edge){
		func(e *profile.Edge) { e.Map = profile.Noisy }, func(e *profile.Edge) { e.DC = true }, func(*profile.Edge) {},
	} {
		p := *made.Profile
		p.Edges = slices.Clone(p.Edges)
		change(&p.Edges[1])
		q := Quantized{net: net, profile: &p, prog: net.prog}
		if _, err := q.Export(2); errors.Is(err, ErrExport) != (i < 2) {
			t.Error(i, err)
		}
	}
	if _, err := ParseInteger("int3"); !errors.Is(err, ErrSetting) {
		t.Error(err)
	}
	if n, err := ParseInteger("int4"); n != 4 || err != nil {
		t.Error(n, err)
	}
}
