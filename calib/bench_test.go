package calib_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// BenchmarkCalibrate calibrates graded on ResNet-32, curves on 64 and tables on 128 images, with two workers, and reports
// how much longer the paper's greedy search takes on 256 images, whose time is estimated from a part of it.
func BenchmarkCalibrate(b *testing.B) {
	pre, err := dataset.LoadPreprocess(filepath.Join("..", "testdata", "preprocess", "resnet32_cifar10.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	g, err := onnx.Load(testdata.Shared(b, "models", "resnet32_cifar10.onnx"), onnx.Options{})
	if err != nil {
		b.Fatal(err)
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		b.Fatal(err)
	}
	prog, err := native.Compile(g, edges)
	if err != nil {
		b.Fatal(err)
	}
	images := func(n string) calib.Source {
		src, err := dataset.Open("cifar10:" + testdata.Shared(b, "datasets", "cifar10") + "/calib.bin[0:" + n + "]")
		if err != nil {
			b.Fatal(err)
		}
		in, err := dataset.NewInputs(src, pre, g.Input.Shape)
		if err != nil {
			b.Fatal(err)
		}
		return calib.NewSource(in, metric.Options{})
	}
	compile := func(g *graph.Graph, edges []graph.Edge) (engine.Program, error) { return native.Compile(g, edges) }
	opt := calib.Options{Workers: 2, Corrector: calib.NewCorrector(prog, compile, compile)}
	var took time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := calib.Calibrate(b.Context(), prog, images("128"), profile.Setting{Name: "graded"}, 1, calib.How{Curves: calib.Measured}, opt); err != nil {
			b.Fatal(err)
		}
		took += time.Since(start)
	}
	greedy, err := calib.New(prog, images("256"), opt)
	if err != nil {
		b.Fatal(err)
	}
	e := estimateOf(b, greedy, profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "greedy"}, 1)
	b.ReportMetric(e.Time().Seconds()/(took.Seconds()/float64(b.N)), "greedy/graded")
}
