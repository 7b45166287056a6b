package native

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

func formulaInput(shape []int) *tensor.Tensor { return reference.Input(shape) }

// loadReferences is what ONNX Runtime computed for the models of the shared data.
func loadReferences(t testing.TB) map[string]reference.Network {
	t.Helper()
	refs, err := reference.Load(testdata.Shared(t, "reference_io.json"))
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

// loadNetwork reads a model of the shared data.
func loadNetwork(t testing.TB, name string, shape []int) *graph.Graph {
	t.Helper()
	path := testdata.Shared(t, "models")
	if _, err := os.Stat(filepath.Join(path, name)); err != nil {
		path = testdata.Shared(t, "models_import")
	}
	g, err := onnx.Load(filepath.Join(path, name), onnx.Options{Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func compileNetwork(t testing.TB, g *graph.Graph, set graph.EdgeSet, options ...Option) *Program {
	t.Helper()
	edges, err := g.FindEdges(set)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(g, edges, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// networks are the models that must run and match ONNX Runtime.
var networks = []string{
	"resnet32_cifar10.onnx", "resnet32_cifar10_folded.onnx", "resnet8_mlperftiny_cifar10.onnx",
	"simplecnn_deeppcb.onnx", "unet_deeppcb.onnx", "unet_deeppcb_folded.onnx", "lmfrnet_cifar10.onnx",
	"mobilenetv2_deeppcb.onnx", "mobilenetv2_imagenet.onnx", "espnet_p2q8_camvid.onnx",
	"espnet_p2q8_camvid_folded.onnx", "vit_tiny_cifar10.onnx", "vit_tiny_cifar10_opset17.onnx",
}

// imported are graphs of other exporters that match, too.
var imported = []string{
	"har_cnn.onnx", "light_densenet121.onnx", "light_inception_v2.onnx", "light_resnet50.onnx", "mnist_opt.onnx", "ppocr_v2_cls.onnx",
	"squeezenet_cifar10_emclab.onnx", "ultraface_rfb320.onnx", "unet_sedgen.onnx",
}

// quickNetworks leaves the largest out where only the generic kernels run.
func quickNetworks() []string {
	if cpu.ISA() == cpu.Generic {
		return []string{"resnet8_mlperftiny_cifar10.onnx", "simplecnn_deeppcb.onnx", "vit_tiny_cifar10.onnx", "mobilenetv2_deeppcb.onnx"}
	}
	return networks
}

func TestNetworksMatchONNXRuntime(t *testing.T) {
	refs := loadReferences(t)
	for _, name := range slices.Concat(imported, networks) {
		t.Run(name, func(t *testing.T) {
			ref := refs[name]
			g := loadNetwork(t, name, ref.InputShape)
			p := compileNetwork(t, g, graph.Stored)
			outputs, err := p.Run(formulaInput(ref.InputShape), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(outputs) != len(ref.Outputs) {
				t.Fatalf("%d outputs, want %d", len(outputs), len(ref.Outputs))
			}
			for i, out := range g.Outputs {
				compareReference(t, ref.Outputs[out.Name], outputs[i])
			}
		})
	}
}

func compareReference(t *testing.T, want reference.Output, got *tensor.Tensor) {
	t.Helper()
	d, err := want.Compare(got)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("largest difference relative to the largest value: %.2g", d.Worst)
	if !d.Within() {
		t.Errorf("%+v", d)
	}
}

func BenchmarkNetwork(b *testing.B) {
	refs := loadReferences(b)
	for _, name := range networks {
		b.Run(name, func(b *testing.B) {
			p := compileNetwork(b, loadNetwork(b, name, refs[name].InputShape), graph.Stored)
			x := formulaInput(refs[name].InputShape)
			b.SetBytes(int64(4 * len(x.Data)))
			for b.Loop() {
				if _, err := p.Run(x, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// BenchmarkResNet32 runs assembly and its generic twin in turn, one image at a time on one core.
func BenchmarkResNet32(b *testing.B) {
	g := loadNetwork(b, "resnet32_cifar10.onnx", nil)
	fast := compileNetwork(b, g, graph.Activations)
	slow := compileNetwork(b, g, graph.Activations, WithISA(cpu.Generic))
	x := formulaInput(g.Input.Shape)
	b.SetBytes(int64(4 * len(x.Data)))
	var fastTime, slowTime time.Duration
	run := func(p *Program) time.Duration {
		start := time.Now()
		if _, err := p.Run(x, nil); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for b.Loop() {
		fastTime += run(fast)
		slowTime += run(slow)
	}
	b.ReportMetric(float64(b.N)/fastTime.Seconds(), "images/s")
	b.ReportMetric(float64(b.N)/slowTime.Seconds(), "generic-images/s")
	b.ReportMetric(slowTime.Seconds()/fastTime.Seconds(), "x-generic")
}
