package eval_test

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/report"
	"github.com/google/go-cmp/cmp"
)

// bench is a network with calibration and test images.
type bench struct {
	prog        engine.Program
	calib, test *dataset.Inputs
}

func newBench(t *testing.T, g *graph.Graph, set graph.EdgeSet, pre profile.Preprocess, calibSpec, testSpec string) bench {
	t.Helper()
	edges, err := g.FindEdges(set)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := native.Compile(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	open := func(spec string) *dataset.Inputs {
		src, err := dataset.Open(spec)
		if err != nil {
			t.Fatal(err)
		}
		in, err := dataset.NewInputs(src, pre, g.Input.Shape)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	return bench{prog, open(calibSpec), open(testSpec)}
}

func demoBench(t *testing.T, name string) bench {
	t.Helper()
	net, _ := demo.Network(name)
	g, err := onnx.Parse(net.Model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return newBench(t, g, graph.Stored, net.Preprocess, name+"[0:4]", name+"[4:16]")
}

func realBench(t *testing.T, model, calibSpec, testSpec string) bench {
	t.Helper()
	pre, err := dataset.LoadPreprocess(filepath.Join("..", "testdata", "preprocess", model+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Load(testdata.Shared(t, "models", model+".onnx"), onnx.Options{Shape: pre.Shape})
	if err != nil {
		t.Fatal(err)
	}
	return newBench(t, g, graph.Activations, pre, calibSpec, testSpec)
}

// candidate calibrates a setting and stores it in the given ways.
func (b bench) candidate(t *testing.T, s profile.Setting, coders ...profile.Coder) eval.Candidate {
	t.Helper()
	plan, err := calib.Calibrate(t.Context(), b.prog, b.calib, s, 1, calib.How{}, calib.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	var c eval.Candidate
	for _, coder := range coders {
		codec, err := dqa.NewCodec(plan.Profile(coder))
		if err != nil {
			t.Fatal(err)
		}
		c.Codecs = append(c.Codecs, codec)
	}
	return c
}

func (b bench) run(t *testing.T, opt eval.Options, candidates ...eval.Candidate) report.Result {
	t.Helper()
	res, err := eval.Run(t.Context(), b.prog, b.test, candidates, opt)
	if err != nil {
		t.Fatal(err)
	}
	return report.Of(res, "model", "data")
}

func dqaSetting(n int) profile.Setting {
	return profile.Setting{Name: "dqa", Bits: n, ExtraBits: 3, Ratio: .5, Ranking: "energy"}
}

func direct(n int) profile.Setting { return profile.Setting{Name: "direct", Bits: n} }

// Stored bits are the bytes of the frames that an encoder writes and a decoder reads back into what the network saw.
func TestStoredBitsAreThoseOfRealFrames(t *testing.T) {
	b := demoBench(t, "demo:classify")
	c := b.candidate(t, dqaSetting(3), profile.Paper, profile.Small)
	res := b.run(t, eval.Options{Workers: 2}, c)
	for k, codec := range c.Codecs {
		bytes := 0
		for i := range b.test.Len() {
			x, err := b.test.Input(i)
			if err != nil {
				t.Fatal(err)
			}
			enc := codec.NewEncoder()
			var seen [][]float32
			if _, err := b.prog.Run(x, func(e int, data []float32) error {
				err := enc.Edge(e, data)
				seen = append(seen, append([]float32(nil), data...))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			frame, err := enc.AppendFrame(nil)
			if err != nil {
				t.Fatal(err)
			}
			bytes += len(frame)
			decoded, err := codec.NewDecoder().Decode(frame)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(seen, decoded, slices.Equal) {
				t.Fatalf("image %d: decoded values differ from what the network saw", i)
			}
		}
		row := res.Rows[1+k]
		n := float64(b.test.Len())
		if want := float64(bytes) / n; *row.FrameBytes != want {
			t.Errorf("%v: %v bytes per frame, want %v", codec.Profile().Coder, *row.FrameBytes, want)
		}
		if want := 8 * float64(bytes) / n / float64(codec.Profile().Elements()); math.Abs(*row.StoredBits-want) > 1e-12 {
			t.Errorf("%v: %v stored bits, want %v", codec.Profile().Coder, *row.StoredBits, want)
		}
		if *row.ProfileBytes != len(codec.Profile().Append(nil)) {
			t.Errorf("%d profile bytes", *row.ProfileBytes)
		}
	}
}

func TestResultDoesNotDependOnWorkers(t *testing.T) {
	for _, name := range []string{"demo:classify", "demo:segment"} {
		b := demoBench(t, name)
		c := b.candidate(t, direct(3), profile.Raw, profile.Small)
		want := b.run(t, eval.Options{Workers: 1, Metric: metric.Options{Seed: 3}}, c)
		for _, workers := range []int{2, 5} {
			if diff := cmp.Diff(want, b.run(t, eval.Options{Workers: workers, Metric: metric.Options{Seed: 3}}, c)); diff != "" {
				t.Errorf("%s, %d workers: %s", name, workers, diff)
			}
		}
	}
}

func TestRows(t *testing.T) {
	b := demoBench(t, "demo:classify")
	res := b.run(t, eval.Options{}, b.candidate(t, direct(4), profile.Raw, profile.Small), b.candidate(t, dqaSetting(3), profile.Paper))
	if len(res.Rows) != 4 || res.Images != 12 || *res.Metric != "top1" {
		t.Fatalf("%+v", res)
	}
	fp32, raw, coded, paper := res.Rows[0], res.Rows[1], res.Rows[2], res.Rows[3]
	if fp32.Method != "fp32" || *fp32.Value != *res.FP32 || fp32.Bits != nil || fp32.Drop != nil {
		t.Errorf("fp32: %+v", fp32)
	}
	if raw.Coder != nil || *coded.Coder != "small" || *paper.Coder != "paper" {
		t.Errorf("coders: %v %v %v", raw.Coder, *coded.Coder, *paper.Coder)
	}
	if *raw.Value != *coded.Value || *raw.KL != *coded.KL || *coded.StoredBits >= *raw.StoredBits {
		t.Errorf("the same codes: %+v, %+v", raw, coded)
	}
	if raw.ExtraBits != nil || raw.Ratio != nil || raw.Ranking != nil || *paper.ExtraBits != 3 || *paper.Ratio != .5 || *paper.Ranking != "energy" {
		t.Errorf("settings: %+v, %+v", raw, paper)
	}
	if math.Abs(*raw.Drop-(*res.FP32-*raw.Value)) > 1e-9 {
		t.Errorf("drop %v of %v", *raw.Drop, *raw.Value)
	}
}

// unlabelled takes the labels off.
type unlabelled struct{ *dataset.Inputs }

func (u unlabelled) Example(i int) (dataset.Example, error) {
	ex, err := u.Inputs.Example(i)
	ex.Label, ex.Mask = -1, nil
	return ex, err
}

func TestWithoutLabelsThereIsNoAccuracy(t *testing.T) {
	b := demoBench(t, "demo:segment")
	res, err := eval.Run(t.Context(), b.prog, unlabelled{b.test}, []eval.Candidate{b.candidate(t, direct(3), profile.Raw)}, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := report.Of(res, "m", "d")
	if row := r.Rows[1]; r.Metric != nil || r.FP32 != nil || row.Value != nil || row.Drop != nil || row.DropSE != nil || *row.KL <= 0 || *row.Agreement > 100 {
		t.Errorf("%+v", r)
	}
}

func TestErrorsNameTheImage(t *testing.T) {
	b := demoBench(t, "demo:classify")
	c := b.candidate(t, direct(3), profile.Raw)
	_, err := eval.Run(t.Context(), b.prog, failing{b.test}, []eval.Candidate{c}, eval.Options{Workers: 2})
	if !errors.Is(err, dataset.ErrImage) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ *dataset.Inputs }

func (f failing) Example(i int) (dataset.Example, error) {
	if i == 5 {
		return dataset.Example{}, dataset.ErrImage
	}
	return f.Inputs.Example(i)
}

// Real figures on real data: 300 test images of CIFAR-10, 64 calibration images. docs/results has all 5,000.
func TestResNet32(t *testing.T) {
	testdata.Long(t)
	cifar := "cifar10:" + testdata.Shared(t, "datasets", "cifar10")
	b := realBench(t, "resnet32_cifar10", cifar+"/calib.bin[0:64]", cifar+"/test.bin[0:300]")
	res := b.run(t, eval.Options{Workers: 2}, b.candidate(t, direct(3), profile.Raw),
		b.candidate(t, dqaSetting(3), profile.Paper, profile.Small), b.candidate(t, dqaSetting(4), profile.Paper), b.candidate(t, dqaSetting(5), profile.Paper))
	if v := *res.FP32; math.Abs(v-93) > 0.35 {
		t.Errorf("fp32 %.2f %%", v)
	}
	direct3, dqa3, coded3, dqa4, dqa5 := res.Rows[1], res.Rows[2], res.Rows[3], res.Rows[4], res.Rows[5]
	if v := *direct3.Value; v > 27 {
		t.Errorf("direct 3 bits: %.2f %%", v)
	}
	if d, s := *dqa3.Drop, *dqa3.StoredBits; d < 1 || d > 9 || s < 4.1 || s > 4.5 {
		t.Errorf("dqa 3+3: drop %.2f at %.3f bits", d, s)
	}
	if *dqa4.Drop > 2.5 || *dqa5.Drop > 1.5 {
		t.Errorf("dqa 4+3 and 5+3: drops %.2f, %.2f", *dqa4.Drop, *dqa5.Drop)
	}
	if !(*dqa5.KL < *dqa4.KL && *dqa4.KL < *dqa3.KL && *dqa3.KL < *direct3.KL) {
		t.Errorf("KL: %v %v %v %v", *direct3.KL, *dqa3.KL, *dqa4.KL, *dqa5.KL)
	}
	if *coded3.StoredBits > 3 {
		t.Errorf("dqa 3+3, whole codes coded: %.3f bits", *coded3.StoredBits)
	}
}

func TestUNet(t *testing.T) {
	seg := testdata.Shared(t, "datasets", "deeppcb_seg")
	b := realBench(t, "unet_deeppcb", "npy:"+seg+"/calib_x.npy[0:8]", "npy:"+seg+"/test_x.npy,"+seg+"/test_y.npy[0:40]")
	res := b.run(t, eval.Options{Workers: 2}, b.candidate(t, direct(3), profile.Raw), b.candidate(t, dqaSetting(4), profile.Paper))
	if v := *res.FP32; math.Abs(v-75.17) > 0.5 {
		t.Errorf("fp32 mIoU %.2f %%", v)
	}
	if d := *res.Rows[1].Drop; d < 8 {
		t.Errorf("direct 3 bits loses only %.2f points", d)
	}
	if r := res.Rows[2]; *r.Drop > 5 || *r.Agreement < 99.5 || *r.StoredBits < 5 || *r.StoredBits > 5.2 {
		t.Errorf("dqa 4+3: drop %.2f, agreement %.2f, %.3f bits", *r.Drop, *r.Agreement, *r.StoredBits)
	}
}

// The default method keeps its budget on images that it has not seen, and hardly loses.
func TestGradedResNet32(t *testing.T) {
	testdata.Long(t)
	cifar := "cifar10:" + testdata.Shared(t, "datasets", "cifar10")
	b := realBench(t, "resnet32_cifar10", cifar+"/calib.bin[0:48]", cifar+"/test.bin[0:500]")
	res := b.run(t, eval.Options{Workers: 2}, b.candidate(t, profile.Setting{Name: "graded"}, profile.Small, profile.Smallest))
	tables, contexts := res.Rows[1], res.Rows[2]
	if d, s := *contexts.Drop, *contexts.StoredBits; d > 2 || s > 2.03 || s < 1.85 {
		t.Errorf("drop %.2f at %.3f bits", d, s)
	}
	if *contexts.KL > .1 || *contexts.KL != *tables.KL {
		t.Errorf("KL %v, the same codes in tables %v", *contexts.KL, *tables.KL)
	}
	if gain := *contexts.StoredBits / *tables.StoredBits; gain > .92 {
		t.Errorf("contexts take %.3f of what tables take", gain)
	}
}
