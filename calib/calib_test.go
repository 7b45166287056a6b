package calib_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/huffman"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
	"github.com/google/go-cmp/cmp"
)

// labelled is what calib.NewSource gives.
type labelled struct{ *dataset.Inputs }

func (l labelled) Judged(i int) (*tensor.Tensor, calib.Judge, error) {
	ex, err := l.Example(i)
	return ex.Input, func(out []*tensor.Tensor) (accuracy, crossEntropy float64, err error) {
		return metric.Judge(out[0], ex.Label, nil, metric.Options{})
	}, err
}

// classifier is the demo's network and n of its images.
func classifier(t *testing.T, n int) (engine.Program, labelled) {
	t.Helper()
	net, _ := demo.Network("demo:classify")
	g, err := onnx.Parse(net.Model, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := native.Compile(g, edges)
	if err != nil {
		t.Fatal(err)
	}
	src, err := dataset.Open(net.Name)
	if err != nil {
		t.Fatal(err)
	}
	part, err := dataset.Slice(src, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	in, err := dataset.NewInputs(part, net.Preprocess, g.Input.Shape)
	if err != nil {
		t.Fatal(err)
	}
	return prog, labelled{in}
}

func dqaSetting(ranking string) profile.Setting {
	return profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: ranking}
}

// measured is the search as it is without derivatives.
var measured = calib.How{Curves: calib.Measured, Choices: method.Choices{ChannelSteps: method.Never, Means: method.Never}}

func calibrate(t *testing.T, prog engine.Program, src calib.Source, setting profile.Setting, seed uint64, opt calib.Options) *calib.Plan {
	t.Helper()
	opt.Observe = observe
	p, err := calib.Calibrate(t.Context(), prog, src, setting, seed, measured, opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProfileDoesNotDependOnWorkers(t *testing.T) {
	prog, src := classifier(t, 3)
	for _, ranking := range calib.Rankings() {
		want := calibrate(t, prog, src, dqaSetting(ranking), 5, calib.Options{Workers: 1}).Profile(profile.Small).Append(nil)
		for _, workers := range []int{2, 5} {
			got := calibrate(t, prog, src, dqaSetting(ranking), 5, calib.Options{Workers: workers}).Profile(profile.Small).Append(nil)
			if string(got) != string(want) {
				t.Errorf("%s: profile differs with %d workers", ranking, workers)
			}
		}
	}
}

func TestRandomRankingFollowsTheSeed(t *testing.T) {
	prog, src := classifier(t, 1)
	important := func(seed uint64) (all [][]bool) {
		for _, e := range calibrate(t, prog, src, dqaSetting("random"), seed, calib.Options{}).Edges {
			all = append(all, e.Important)
		}
		return all
	}
	if diff := cmp.Diff(important(1), important(1)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(important(1), important(2)) {
		t.Error("two seeds give one ranking")
	}
}

// The rankings, computed again from what a plain hook sees.
func TestRankingsAgainstBruteForce(t *testing.T) {
	prog, src := classifier(t, 4)
	energy, mse := map[[2]int]float64{}, map[[2]int]float64{}
	var edge profile.Edge // two-sided
	for i := range src.Len() {
		x, err := src.Input(i)
		if err != nil {
			t.Fatal(err)
		}
		_, err = prog.Run(x, func(e int, data []float32) error {
			g := prog.Edges()[e]
			plane := g.Rows * g.Cols
			for k, v := range data {
				energy[[2]int{e, k / plane}] += float64(v) * float64(v)
			}
			for c := range g.Channels {
				part := data[c*plane : (c+1)*plane]
				scale := edge.Maximum(part) / 4
				for _, v := range part {
					if scale > 0 {
						q := math.RoundToEven(math.Min(float64(v)/float64(scale), 3))
						mse[[2]int{e, c}] += math.Pow(float64(v)-q*float64(scale), 2)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for ranking, score := range map[string]map[[2]int]float64{"energy": energy, "mse": mse} {
		plan := calibrate(t, prog, src, dqaSetting(ranking), 0, calib.Options{})
		for i, e := range plan.Edges {
			least, most := math.Inf(1), math.Inf(-1)
			for c := range e.Channels {
				if e.Important[c] {
					least = min(least, score[[2]int{i, c}])
				} else {
					most = max(most, score[[2]int{i, c}])
				}
			}
			if least < most*(1-1e-4) {
				t.Errorf("%s, edge %d: an important channel scores %v, an unimportant one %v", ranking, i, least, most)
			}
		}
	}
}

// Tables are those of the codes that the quantized network makes, not of the float network's.
func TestTablesComeFromTheQuantizedNetwork(t *testing.T) {
	prog, src := classifier(t, 5)
	plan := calibrate(t, prog, src, dqaSetting("energy"), 0, calib.Options{})
	count := func(quantized bool) [][]uint64 {
		counts := make([][]uint64, len(plan.Edges))
		for i := range src.Len() {
			x, err := src.Input(i)
			if err != nil {
				t.Fatal(err)
			}
			_, err = prog.Run(x, func(e int, data []float32) error {
				var codes dqa.Codes
				codes.Quantize(&plan.Edges[e], data)
				if counts[e] == nil {
					counts[e] = make([]uint64, huffman.NumSymbols(plan.Edges[e].ExtraBits))
				}
				var shift []byte // the network's tensors are single tiles
				for k, w := range codes.Wide {
					if plan.Edges[e].IsImportant(k / (plan.Edges[e].Rows * plan.Edges[e].Cols)) {
						shift = append(shift, byte(w))
					}
				}
				huffman.Count(counts[e], shift, plan.Edges[e].ExtraBits)
				if quantized {
					codes.Dequantize(&plan.Edges[e], data)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return counts
	}
	lengths := func(counts [][]uint64) (all [][]uint8) {
		for _, c := range counts {
			all = append(all, huffman.BuildLengths(c))
		}
		return all
	}
	var got [][]uint8
	for _, e := range plan.Profile(profile.Paper).Edges {
		got = append(got, e.Table)
	}
	if diff := cmp.Diff(lengths(count(true)), got); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(count(true), count(false)) {
		t.Error("quantization changes no code: this test shows nothing")
	}
}

func TestProfileIsValidForEveryCoder(t *testing.T) {
	prog, src := classifier(t, 2)
	for _, unsigned := range []bool{false, true} {
		s := dqaSetting("energy")
		s.Unsigned = unsigned
		plan := calibrate(t, prog, src, s, 0, calib.Options{})
		for _, coder := range []profile.Coder{profile.Raw, profile.Paper, profile.Small, profile.Smallest} {
			if _, err := dqa.NewCodec(plan.Profile(coder)); err != nil {
				t.Errorf("%v: %v", coder, err)
			}
		}
	}
}

type badInput struct{ value float32 }

func (badInput) Len() int { return 2 }

func (b badInput) Input(int) (*tensor.Tensor, error) {
	x := tensor.New(1, 1, 64, 64)
	for i := range x.Data {
		x.Data[i] = b.value
	}
	return x, nil
}

func TestNonFiniteActivationsStopCalibration(t *testing.T) {
	prog, _ := classifier(t, 1)
	src := badInput{float32(math.Inf(1))}
	_, err := calib.Calibrate(t.Context(), prog, src, dqaSetting("energy"), 0, calib.How{}, calib.Options{})
	if !errors.Is(err, calib.ErrNonFinite) {
		t.Errorf("got %v", err)
	}
	if _, err := calib.Calibrate(t.Context(), prog, src, dqaSetting("energy"), 0, calib.How{}, calib.Options{AllowNonFinite: true}); err != nil {
		t.Errorf("allowed, yet %v", err)
	}
}

func TestRefusals(t *testing.T) {
	prog, src := classifier(t, 1)
	if _, err := calib.Calibrate(t.Context(), prog, src, dqaSetting("other"), 0, calib.How{}, calib.Options{}); !errors.Is(err, method.ErrSetting) {
		t.Errorf("unknown ranking: %v", err)
	}
	if _, err := calib.Calibrate(t.Context(), prog, src, profile.Setting{Name: "other"}, 0, calib.How{}, calib.Options{}); !errors.Is(err,
		method.ErrSetting) {
		t.Errorf("unknown method: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := calib.Calibrate(ctx, prog, src, dqaSetting("energy"), 0, calib.How{}, calib.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestProgressReachesTheEndOfEveryPhase(t *testing.T) {
	prog, src := classifier(t, 3)
	ended := map[string]int{}
	calibrate(t, prog, src, dqaSetting("mse"), 0, calib.Options{Workers: 2, Progress: func(phase, unit string, done, total int) {
		if done == total {
			ended[phase]++
		}
	}})
	if diff := cmp.Diff(map[string]int{"statistics": 1, "ranking (mse)": 1, "tables": 1}, ended); diff != "" {
		t.Error(diff)
	}
}
