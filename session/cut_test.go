package session_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/engine"
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
