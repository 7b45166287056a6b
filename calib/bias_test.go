package calib

import (
	"errors"
	"math"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

func compileNative(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	return native.Compile(g, edges)
}

// biasRun is a run on n images of the demo's segmenter, and coarse edges.
func biasRun(t *testing.T, n int) (*run, []profile.Edge) {
	t.Helper()
	net, _ := demo.Network("demo:segment")
	g, err := onnx.Parse(net.Model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := compileNative(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	src, err := dataset.Open(net.Name)
	if err != nil {
		t.Fatal(err)
	}
	in, err := dataset.NewInputs(src, net.Preprocess, g.Input.Shape)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(prog, part{in, n}, Options{Workers: 2, Corrector: NewCorrector(prog, compileNative, compileNative)})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan(t.Context(), profile.Setting{Name: "direct", Bits: 2, Unsigned: true, Scale: profile.StaticTensor}, 1, Measured)
	if err != nil {
		t.Fatal(err)
	}
	return &run{Calibration: c, ctx: t.Context(), seed: 1}, plan.Edges
}

// The oracle: on the images that biases were measured on, the corrected quantized network has the float network's channel
// means at every point, but for the rounding of biases to 8 bits.
func TestBiasRestoresTheMeans(t *testing.T) {
	r, edges := biasRun(t, 6)
	bias, err := r.Bias(edges)
	if err != nil {
		t.Fatal(err)
	}
	if len(bias) < 5 {
		t.Fatalf("%d biases", len(bias))
	}
	scale, values := map[string]float64{}, map[string][]float32{}
	for i := range bias {
		scale[bias[i].Node], values[bias[i].Node] = float64(bias[i].Scale), bias[i].Values()
	}
	changed, err := r.prog.Graph().WithBias(values)
	if err != nil {
		t.Fatal(err)
	}
	observed := r.observed
	prog, err := compileNative(changed, observed.prog.Edges())
	if err != nil {
		t.Fatal(err)
	}
	means := make([][]float64, len(observed.points))
	for i := range 6 {
		x, err := r.src.Input(i)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := prog.Run(x, meansAndCodes(&observed, edges, means)); err != nil {
			t.Fatal(err)
		}
	}
	for k, p := range observed.points {
		for c, want := range observed.means[0][k] {
			if got := means[k][c] / 6; math.Abs(got-want) > .6*scale[p.Node]+1e-4 {
				t.Errorf("node %q, channel %d: mean %v, want %v (bias in steps of %v)", p.Node, c, got, want, scale[p.Node])
			}
		}
	}
}

// TestBiasesOfBatches: images that go through the network in three batches find nearly what all find in step, and
// memory is that of a batch.
func TestBiasesOfBatches(t *testing.T) {
	r, edges := biasRun(t, 6)
	whole, err := r.Bias(edges)
	if err != nil {
		t.Fatal(err)
	}
	o := &r.observed
	if o.means, err = r.floatMeans(6, 3); err != nil {
		t.Fatal(err)
	}
	found := newShifts(o.points)
	for batch := range 3 {
		if err := r.biasBatch(found, edges, batch, 3); err != nil {
			t.Fatal(err)
		}
	}
	batches := found.result()
	if found.images != 6 || len(batches) != len(whole) {
		t.Fatalf("%d images, %d biases, want 6 and %d", found.images, len(batches), len(whole))
	}
	var difference, size float64
	for i := range whole {
		a, b := whole[i].Values(), batches[i].Values()
		for c := range a {
			d := float64(a[c]) - float64(b[c])
			difference, size = difference+d*d, size+float64(a[c])*float64(a[c])
		}
	}
	if difference > .1*size {
		t.Errorf("squared difference %.3g of %.3g", difference, size)
	}
}

// meansAndCodes is a hook that adds means of points and quantizes edges.
func meansAndCodes(o *observed, edges []profile.Edge, means [][]float64) engine.Hook {
	point, edge := o.roles(edges)
	var codes dqa.Codes
	return func(i int, data []float32) error {
		if k := point[i]; k >= 0 {
			m := channelMeans(&o.points[k], data)
			if means[k] == nil {
				means[k] = make([]float64, len(m))
			}
			for c, v := range m {
				means[k][c] += v
			}
		}
		if k := edge[i]; k >= 0 {
			codes.Quantize(&edges[k], data)
			codes.Dequantize(&edges[k], data)
		}
		return nil
	}
}

func TestBiasDoesNotDependOnTiming(t *testing.T) {
	r, edges := biasRun(t, 4)
	want, err := r.Bias(edges)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got, err := r.Bias(edges)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i].Node != want[i].Node || got[i].Scale != want[i].Scale || string(int8s(got[i].Codes)) != string(int8s(want[i].Codes)) {
				t.Fatalf("node %q differs", want[i].Node)
			}
		}
	}
}

func int8s(v []int8) (b []byte) {
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}

// An image that cannot be read ends all: nobody waits for it.
func TestBiasEndsOnErrors(t *testing.T) {
	r, edges := biasRun(t, 4)
	if _, err := r.Bias(edges); err != nil {
		t.Fatal(err)
	}
	lost := errors.New("image lost")
	r.src = lossy{r.src, lost}
	if _, err := r.Bias(edges); !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
}

type lossy struct {
	Source
	err error
}

func (l lossy) Input(i int) (*tensor.Tensor, error) {
	if i == 2 {
		return nil, l.err
	}
	return l.Source.Input(i)
}
