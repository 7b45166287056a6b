package metric

import (
	"errors"
	"math"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// net has the outputs a node each; nodes are OP:IN>OUT.
func net(outputs []graph.Value, nodes ...[3]string) *graph.Graph {
	g := &graph.Graph{Outputs: outputs}
	for _, n := range nodes {
		g.Nodes = append(g.Nodes, &graph.Node{Op: n[0], Inputs: []string{n[1]}, Outputs: []string{n[2]}})
	}
	return g
}

func TestOutputsOf(t *testing.T) {
	type v = graph.Value
	value := func(name string, shape ...int) v { return v{Name: name, Shape: shape} }
	classes, masks := Labels{Classes: true}, Labels{Masks: true}
	for name, c := range map[string]struct {
		g      *graph.Graph
		l      Labels
		kinds  []Kind
		scored int
		err    error
	}{
		"classifier": {net([]v{value("y", 1, 10)}, [3]string{"Gemm", "x", "y"}), classes, []Kind{Classes}, 0, nil},
		"segmenter":  {net([]v{value("y", 1, 4, 8, 8)}, [3]string{"Conv", "x", "y"}), masks, []Kind{Maps}, 0, nil},
		"sigmoid": {net([]v{value("y", 1, 1, 8, 8)}, [3]string{"Sigmoid", "x", "a"}, [3]string{"Reshape", "a", "y"}),
			Labels{}, []Kind{Presence}, 0, nil},
		"logit, labelled": {net([]v{value("y", 1, 1)}, [3]string{"Gemm", "x", "y"}), classes, []Kind{Presence}, 0, nil},
		"depth":           {net([]v{value("y", 1, 1, 8, 8)}, [3]string{"Conv", "x", "y"}), Labels{}, []Kind{Values}, -1, nil},
		"features first": {net([]v{value("f", 1, 8), value("y", 1, 3)}, [3]string{"Conv", "x", "f"},
			[3]string{"Gemm", "f", "y"}), classes, []Kind{Values, Classes}, 1, nil},
		"by name": {net([]v{value("f", 1, 8), value("y", 1, 3)}, [3]string{"Conv", "x", "f"},
			[3]string{"Conv", "x", "y"}), Labels{Classes: true, Output: "y"}, []Kind{Classes, Classes}, 1, nil},
		"first of two": {net([]v{value("a", 1, 3), value("b", 1, 3)}, [3]string{"Gemm", "x", "a"},
			[3]string{"Gemm", "x", "b"}), classes, []Kind{Classes, Classes}, 0, nil},
		"boxes": {net([]v{value("boxes", 1, 4, 8, 8), value("scores", 1, 3, 8, 8)}, [3]string{"Conv", "x", "boxes"},
			[3]string{"Conv", "x", "scores"}), masks, []Kind{Values, Maps}, 1, nil},
		"copied": {net([]v{value("y", 1, 3), value("z", 1, 3)}, [3]string{"Gemm", "x", "y"},
			[3]string{"Identity", "y", "z"}), classes, []Kind{Classes, Classes}, 0, nil},
		"detector":         {net([]v{value("y", 1, 7, 256)}, [3]string{"Conv", "x", "y"}), Labels{}, []Kind{Values}, -1, nil},
		"detector, labels": {net([]v{value("y", 1, 7, 256)}, [3]string{"Conv", "x", "y"}), classes, nil, 0, ErrOutput},
		"masks for logits": {net([]v{value("y", 1, 7)}, [3]string{"Conv", "x", "y"}), masks, nil, 0, ErrOutput},
		"no such name":     {net([]v{value("y", 1, 7)}, [3]string{"Conv", "x", "y"}), Labels{Output: "z"}, nil, 0, ErrOutput},
		"name of values":   {net([]v{value("y", 1, 7, 2)}, [3]string{"Conv", "x", "y"}), Labels{Output: "y", Classes: true}, nil, 0, ErrOutput},
	} {
		o, err := OutputsOf(c.g, c.l)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		for i, k := range c.kinds {
			if o.All[i].Kind != k {
				t.Errorf("%s: output %d holds %s, want %s", name, i, o.All[i].Kind, k)
			}
		}
		if o.Scored != c.scored || (o.Doubt != "") != (name == "first of two" || name == "copied") {
			t.Errorf("%s: scored %d, doubt %q", name, o.Scored, o.Doubt)
		}
	}
}

func TestCompareOutputs(t *testing.T) {
	o := Outputs{All: []Output{{Name: "boxes", Shape: []int{1, 2, 2}}, {Name: "y", Shape: []int{1, 2}, Kind: Classes}}, Scored: 1}
	boxes := func(v ...float32) *tensor.Tensor { return &tensor.Tensor{Shape: []int{1, 2, 2}, Data: v} }
	ref, got := []*tensor.Tensor{boxes(1, 2, 3, 4), logits(1, 2)}, []*tensor.Tensor{boxes(1, 2, 3, 7), logits(1, 2)}
	r, err := CompareOutputs(o, ref, got, 1, nil, Options{})
	if err != nil || r.RefRank != 0 || r.KL != 0 || math.Abs(r.Distances[0].Measure-.3) > 1e-12 || r.Distances[1].Agreement != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	c := NewComparison(Options{})
	c.Add(r)
	s := c.Summary()
	if kl, agreement := s.Worst(); math.Abs(kl-.3) > 1e-12 || agreement != 100 {
		t.Errorf("worst %v, %v", kl, agreement)
	}
	o.Scored = -1
	if r, err = CompareOutputs(o, ref, got, -1, nil, Options{}); err != nil || !math.IsNaN(r.KL) || len(r.Distances) != 2 {
		t.Errorf("nothing scored: %+v, %v", r, err)
	}
	for _, c := range []struct {
		ref, got *tensor.Tensor
		want     float64
	}{{boxes(0, 0, 0, 0), boxes(0, 0, 0, 0), 0}, {boxes(1, 0, 0, nan), boxes(1, 0, 0, nan), 0}, {boxes(1, 0, 0, 0),
		boxes(nan, 0, 0, 0), inf64}} {
		if e, err := RelativeError(c.ref, c.got); err != nil || e != c.want {
			t.Errorf("%v, %v: %v, %v", c.ref.Data, c.got.Data, e, err)
		}
	}
}

var inf64 = math.Inf(1)
