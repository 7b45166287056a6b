package session_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Head, then tail, is the whole: in float and on stored activations, whatever passes.
func TestCut(t *testing.T) {
	for _, name := range []string{"demo:classify", "demo:segment"} {
		t.Run(name, func(t *testing.T) { checkCuts(t, name) })
	}
}

func checkCuts(t *testing.T, name string) {
	net, err := session.Open(name, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	images := data(t, net, name+"[7:8]")
	input, err := images.Input(0)
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(t.Context(), data(t, net, name+"[0:2]"), direct(3), session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bound, err := net.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
	several := 0
	for i := range net.Edges() {
		cut, err := net.Cut(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if len(cut.Passes()) > 1 {
			several++
		}
		for _, quantized := range []bool{false, true} {
			hook := func() engine.Hook {
				if !quantized {
					return nil
				}
				return bound.Codec().NewEncoder().Hook
			}
			want, err := net.Program().Run(input, hook())
			if err != nil {
				t.Fatal(err)
			}
			both := hook() // one encoder sees all edges, in their order
			passed, err := cut.RunHead(input, both)
			if err != nil {
				t.Fatal(err)
			}
			got, err := cut.RunTail(passed, both)
			if err != nil {
				t.Fatal(err)
			}
			for k := range want {
				if !slices.Equal(got[k].Data, want[k].Data) {
					t.Errorf("cut at edge %d, quantized %v: output %d differs", i, quantized, k)
				}
			}
			if _, err := cut.RunTail(passed[1:], nil); !errors.Is(err, engine.ErrInput) {
				t.Error(err)
			}
			passed[0].Shape = passed[0].Shape[1:]
			if _, err := cut.RunTail(passed, nil); !errors.Is(err, engine.ErrInput) {
				t.Error(err)
			}
		}
	}
	if name == "demo:segment" && several == 0 {
		t.Error("nothing but the edge ever passes")
	}
	if _, err := net.Cut("99"); !errors.Is(err, session.ErrNoEdge) {
		t.Error(err)
	}
}

// With Options.Cut the edges are what passes there, all of it and nothing else, and frames hold no more.
func TestOptionsCut(t *testing.T) {
	whole, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range whole.Edges() {
		cut, err := whole.Cut(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		net, err := session.Open("demo:classify", session.Options{Cut: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range net.Edges() {
			names = append(names, e.Name)
		}
		for _, v := range cut.Passes() {
			if !slices.Contains(names, v.Name) {
				t.Errorf("cut behind %s: %s passes and is no edge of %q", e.Name, v.Name, names)
			}
		}
		if len(names) != len(cut.Passes()) {
			t.Errorf("cut behind %s: edges %q", e.Name, names)
		}
	}
	net, err := session.Open("demo:classify", session.Options{Cut: "3"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := net.Calibrate(t.Context(), data(t, net, "demo:classify[0:2]"), direct(3), session.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p := made.Profile; len(p.Edges) != 2 || len(p.Skip) != len(whole.Edges())-2 {
		t.Errorf("%d edges in the profile, %q skipped", len(p.Edges), p.Skip)
	}
	if _, err := session.Open("demo:classify", session.Options{Cut: "99"}); !errors.Is(err, session.ErrNoEdge) {
		t.Error(err)
	}
}

// A tensor that passes and cannot be quantized would have to be sent as it is.
func TestOptionsCutBesideAFloatTensor(t *testing.T) {
	model := testdata.Shared(t, "models", "vit_tiny_cifar10.onnx")
	_, err := session.Open(model, session.Options{Cut: "0", Edges: graph.Activations, Preprocess: &profile.Preprocess{}})
	if !errors.Is(err, session.ErrNoEdge) {
		t.Errorf("a shortcut passes beside the activation: %v", err)
	}
}
