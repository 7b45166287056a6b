package calib

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	plan, err := c.Plan(t.Context(), profile.Setting{Name: "direct", Bits: 2, Unsigned: true, Scale: profile.StaticTensor}, 1, How{})
	if err != nil {
		t.Fatal(err)
	}
	return &run{Calibration: c, ctx: t.Context(), seed: 1}, plan.Edges
}

// The oracle: on the images that corrections were measured on, the corrected quantized network has the float network's channel
// means at every point, but for the rounding of biases to 8 bits, and with gains its variances.
func TestCorrectionsRestoreMoments(t *testing.T) {
	for _, gains := range []bool{false, true} {
		r, edges := biasRun(t, 11)
		by, err := r.Correct(edges, gains)
		if err != nil {
			t.Fatal(err)
		}
		if len(by.Bias) < 5 || (len(by.Gain) > 4) != gains {
			t.Fatalf("%d biases, %d gains", len(by.Bias), len(by.Gain))
		}
		checkMoments(t, r, edges, by, gains)
	}
}

func checkMoments(t *testing.T, r *run, edges []profile.Edge, by profile.Corrections, gains bool) {
	t.Helper()
	scale := map[string]float64{}
	for _, b := range by.Bias {
		scale[b.Node] = float64(b.Scale)
	}
	observed := r.observed
	prog, err := Corrected(observed.prog, by, compileNative)
	if err != nil {
		t.Fatal(err)
	}
	sums := newMoments(observed.points)
	n := r.biasImages()
	for k := range n {
		if r.heldOut(r.biasImage(k)) {
			t.Errorf("image %d is held out", r.biasImage(k))
		}
		x, err := r.src.Input(r.biasImage(k))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := prog.Run(x, momentsAndCodes(&observed, edges, sums)); err != nil {
			t.Fatal(err)
		}
	}
	clamped := map[string][]int8{}
	for _, g := range by.Gain {
		clamped[g.Node] = g.Codes
	}
	restored, channels := 0, 0
	for k, p := range observed.points {
		codes := clamped[p.Node]
		for c, want := range observed.float[0][k] {
			got := sums[k][c]
			if math.Abs(got.mean-want.mean) > float64(n)*(.6*scale[p.Node]+1e-4) {
				t.Errorf("gains %v, node %q, channel %d: mean %v, want %v (bias in steps of %v)", gains, p.Node, c, got.mean/float64(n), want.mean/float64(n), scale[p.Node])
			}
			if want.square > 1e-6 && (codes == nil || codes[c] > profile.GainCode(leastGain) && codes[c] < profile.GainCode(mostGain)) {
				channels++
				if gain := gainOf(want, got, float64(n)); math.Abs(gain-1) < .002 {
					restored++
				}
			}
		}
	}
	if share := float64(restored) / float64(channels); share < .8 && gains || share > .5 && !gains {
		t.Errorf("gains %v: the variance is restored in %.2f of the channels", gains, share)
	}
}

// TestBiasesOfBatches: images that go through the network in three batches find nearly what all find in step, and
// memory is that of a batch.
func TestBiasesOfBatches(t *testing.T) {
	r, edges := biasRun(t, 12)
	all, err := r.Correct(edges, false)
	if err != nil {
		t.Fatal(err)
	}
	whole, o := all.Bias, &r.observed
	if o.float, err = r.floatMoments(6, 3); err != nil {
		t.Fatal(err)
	}
	found := newShifts(o.points, false)
	for batch := range 3 {
		if err := r.biasBatch(found, edges, batch, 3); err != nil {
			t.Fatal(err)
		}
	}
	batches := found.result().Bias
	if found.images != 6 || len(batches) < len(whole)-1 {
		t.Fatalf("%d images, %d biases, want 6 and %d", found.images, len(batches), len(whole))
	}
	var difference, size float64
	for i := range whole {
		at := slices.IndexFunc(batches, func(b profile.Bias) bool { return b.Node == whole[i].Node })
		if at < 0 {
			t.Fatalf("node %q has no bias", whole[i].Node)
		}
		a, b := whole[i].Values(), batches[at].Values()
		for c := range a {
			d := float64(a[c]) - float64(b[c])
			difference, size = difference+d*d, size+float64(a[c])*float64(a[c])
		}
	}
	if difference > .1*size {
		t.Errorf("squared difference %.3g of %.3g", difference, size)
	}
}

// momentsAndCodes is a hook that adds moments of points and quantizes edges.
func momentsAndCodes(o *observed, edges []profile.Edge, sums [][]moments) engine.Hook {
	point, edge := o.roles(edges)
	var codes dqa.Codes
	return func(i int, data []float32) error {
		if k := point[i]; k >= 0 {
			for c, m := range channelMoments(&o.points[k], data) {
				sums[k][c].add(m)
			}
		}
		if k := edge[i]; k >= 0 {
			codes.Quantize(&edges[k], data)
			codes.Dequantize(&edges[k], data)
		}
		return nil
	}
}

func TestCorrectionsDoNotDependOnTiming(t *testing.T) {
	r, edges := biasRun(t, 8)
	want, err := r.Correct(edges, true)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got, err := r.Correct(edges, true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// An image that cannot be read ends all: nobody waits for it.
func TestBiasEndsOnErrors(t *testing.T) {
	r, edges := biasRun(t, 8)
	if _, err := r.Correct(edges, false); err != nil {
		t.Fatal(err)
	}
	lost := errors.New("image lost")
	r.src = lossy{r.src, lost}
	if _, err := r.Correct(edges, false); !errors.Is(err, lost) {
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
