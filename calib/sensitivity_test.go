package calib_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

func observe(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	return native.Compile(g, edges)
}

// byGradients plans with curves by gradients.
func byGradients(t *testing.T, prog engine.Program, src calib.Source, opt calib.Options) *calib.Plan {
	t.Helper()
	opt.Observe = observe
	c, err := calib.New(prog, src, opt)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan(t.Context(), graded(2), 1, calib.How{Choices: method.Choices{ChannelSteps: method.Never}})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestGradientCurvesDoNotDependOnWorkers(t *testing.T) {
	prog, src := classifier(t, 5)
	want := byGradients(t, prog, src, calib.Options{}).Profile(profile.Small).Append(nil)
	for _, workers := range []int{2, 5} {
		if got := byGradients(t, prog, src, calib.Options{Workers: workers}).Profile(profile.Small).Append(nil); !bytes.Equal(got, want) {
			t.Errorf("profile differs with %d workers", workers)
		}
	}
}

// Both kinds of curves say nearly the same where errors are small, and take the same bits; the profile says which it has.
func TestGradientCurvesAgreeWithMeasuredOnes(t *testing.T) {
	prog, src := classifier(t, 32)
	known := calibrate(t, prog, src, graded(2), 1, calib.Options{Workers: 2}).Evidence
	predicted := byGradients(t, prog, src, calib.Options{Workers: 2}).Evidence
	if !strings.HasSuffix(predicted.Distortion, "by gradients") || strings.HasSuffix(known.Distortion, "by gradients") {
		t.Errorf("distortions are %q and %q", known.Distortion, predicted.Distortion)
	}
	logs := 0.0
	for i, curve := range predicted.Curves {
		for k, p := range curve[:4] {
			m := known.Curves[i][k]
			if p.Step != m.Step || math.Abs(float64(p.Bits/m.Bits)-1) > 1e-6 {
				t.Errorf("edge %d: step %v takes %v bits, measured %v takes %v", i, p.Step, p.Bits, m.Step, m.Bits)
			}
			logs += math.Log2(float64(p.Distortion/m.Distortion)) / 4 / float64(len(predicted.Curves))
		}
	}
	t.Logf("predicted distortions are 2^%.2f times the measured ones", logs)
	if math.Abs(logs) > .3 {
		t.Errorf("predicted distortions are 2^%.2f times the measured ones", logs)
	}
}

// An edge that reaches the output through an operator without a derivative gets a measured curve.
func TestEdgesWithoutDerivativeAreMeasured(t *testing.T) {
	prog, src := classifier(t, 4)
	g := *prog.Graph()
	blocked := prog.Edges()[1]
	g.Nodes = nil
	for _, n := range prog.Graph().Nodes {
		m := *n
		m.Inputs = nil
		for _, in := range n.Inputs {
			if in == blocked.Name {
				in = "rounded"
			}
			m.Inputs = append(m.Inputs, in)
		}
		g.Nodes = append(g.Nodes, &m)
		if n.Outputs[0] == blocked.Name { // to sixteenths
			add := func(op, out string, in ...string) {
				g.Nodes = append(g.Nodes, &graph.Node{Name: out, Op: op, Inputs: in, Outputs: []string{out}, Attrs: graph.Attributes{}})
				g.Values[out] = graph.Value{Name: out, Type: graph.Float32, Shape: blocked.Shape}
			}
			add("Round", "rounded", blocked.Name)
		}
	}
	rounding, err := native.Compile(&g, prog.Edges())
	if err != nil {
		t.Fatal(err)
	}
	known := calibrate(t, rounding, src, graded(2), 1, calib.Options{}).Evidence
	predicted := byGradients(t, rounding, src, calib.Options{}).Evidence
	for i := range predicted.Curves {
		same := cmp.Equal(predicted.Curves[i], known.Curves[i])
		if want := i <= 1; same != want {
			t.Errorf("edge %d: the curve is the measured one: %v", i, same)
		}
	}
}

func TestEstimateOfGradients(t *testing.T) {
	prog, src := classifier(t, 40)
	c, err := calib.New(prog, src, calib.Options{Workers: 2, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	f, err := calib.NewForecast(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := f.Plan(t.Context(), graded(2), 1, calib.How{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range e.Phases {
		names = append(names, p.Name)
		if p.Name == "curves (gradients)" && (p.Passes != 40 || p.Time <= 0) {
			t.Errorf("%+v", p)
		}
	}
	if diff := cmp.Diff([]string{"statistics", "sensitivity", "curves (gradients)", "trials", "frames", "tables"}, names); diff != "" {
		t.Error(diff)
	}
}

// Half the mean square of what is drawn, along a small change of the outputs, is the distortion of that change.
func TestDrawsAreTheObjectivesCurvature(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 1))
	output := func(kind metric.Kind, probabilities bool, shape ...int) metric.Output {
		return metric.Output{Kind: kind, Shape: shape, Probabilities: probabilities}
	}
	for name, all := range map[string][]metric.Output{
		"classes":       {output(metric.Classes, false, 1, 5)},
		"maps":          {output(metric.Maps, false, 1, 3, 2, 2)},
		"presence":      {output(metric.Presence, false, 1, 1, 2, 3)},
		"probabilities": {output(metric.Presence, true, 1, 1, 2, 3)},
		"values":        {output(metric.Values, false, 1, 6)},
		"heads": {output(metric.Classes, false, 1, 4), output(metric.Values, false, 1, 6), output(metric.Classes, true, 1, 3),
			output(metric.Maps, false, 1, 3, 2, 1)},
	} {
		var want, got []*tensor.Tensor
		for _, o := range all {
			z, moved := tensor.New(o.Shape...), tensor.New(o.Shape...)
			for i := range z.Data {
				z.Data[i] = float32(r.NormFloat64())
				by := .02 * r.NormFloat64()
				if o.Probabilities {
					z.Data[i], by = .2+.5*r.Float32(), by/8
				}
				moved.Data[i] = z.Data[i] + float32(by)
			}
			if o.Kind == metric.Classes && o.Probabilities { // changes of a distribution sum to zero
				copy(z.Data, []float32{.2, .3, .5})
				copy(moved.Data, []float32{.205, .303, .492})
			}
			want, got = append(want, z), append(got, moved)
		}
		measured, drawn, err := calib.CompareDraws(metric.Outputs{All: all}, want, got, 20000)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(drawn/measured-1) > .06 {
			t.Errorf("%s: %v drawn, %v measured", name, drawn, measured)
		}
	}
}
