package native

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// reference is what ONNX Runtime computed for a model of the shared data on formulaInput.
type reference struct {
	InputShape []int                      `json:"input_shape"`
	Outputs    map[string]referenceOutput `json:"outputs"`
}

type referenceOutput struct {
	Shape   []int        `json:"shape"`
	Mean    float64      `json:"mean"`
	L2      float64      `json:"l2"`
	Max     float64      `json:"max"`
	ArgMax  int          `json:"argmax"`
	Samples [][2]float64 `json:"samples"` // index and value
}

// formulaInput is the input that MANIFEST.md describes.
func formulaInput(shape []int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(float64(i*7919%2003)/1001.5 - 1)
	}
	return t
}

func loadReferences(t testing.TB) map[string]reference {
	t.Helper()
	data, err := os.ReadFile(testdata.Shared(t, "reference_io.json"))
	if err != nil {
		t.Fatal(err)
	}
	var refs map[string]reference
	if err := json.Unmarshal(data, &refs); err != nil {
		t.Fatal(err)
	}
	return refs
}

// loadNetwork reads a model of the shared data.
func loadNetwork(t testing.TB, name string, shape []int) *onnx.Graph {
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

func compileNetwork(t testing.TB, g *onnx.Graph, set onnx.EdgeSet) *Program {
	t.Helper()
	edges, err := g.FindEdges(set)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(g, edges)
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
	"har_cnn.onnx", "light_densenet121.onnx", "light_inception_v2.onnx", "mnist_opt.onnx", "ppocr_v2_cls.onnx",
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
			p := compileNetwork(t, g, onnx.Stored)
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

// compareReference allows 1e-4 of the largest value at the samples, the maximum and the mean, and compares norm and
// arg max: that is all the reference holds.
func compareReference(t *testing.T, want referenceOutput, got *tensor.Tensor) {
	t.Helper()
	if tensor.Size(want.Shape) != len(got.Data) {
		t.Fatalf("shape %v, want %v", got.Shape, want.Shape)
	}
	var sum, squares, largest float64
	best := 0
	for i, v := range got.Data {
		sum += float64(v)
		squares += float64(v) * float64(v)
		largest = max(largest, math.Abs(float64(v)))
		if v > got.Data[best] {
			best = i
		}
	}
	worst := 0.0
	for _, s := range want.Samples {
		worst = max(worst, math.Abs(float64(got.Data[int(s[0])])-s[1]))
	}
	worst = max(worst, math.Abs(float64(got.Data[best])-want.Max), math.Abs(sum/float64(len(got.Data))-want.Mean))
	t.Logf("largest difference relative to the largest value: %.2g", worst/largest)
	if worst > 1e-4*largest {
		t.Errorf("differs by %g, largest value %g", worst, largest)
	}
	if best != want.ArgMax && float64(got.Data[best])-float64(got.Data[want.ArgMax]) > 1e-4*largest {
		t.Errorf("arg max %d, want %d", best, want.ArgMax)
	}
	l2 := math.Sqrt(squares)
	if math.Abs(l2-want.L2) > 2e-4*want.L2 {
		t.Errorf("l2 %g, want %g", l2, want.L2)
	}
}

func BenchmarkNetwork(b *testing.B) {
	refs := loadReferences(b)
	for _, name := range networks {
		b.Run(name, func(b *testing.B) {
			p := compileNetwork(b, loadNetwork(b, name, refs[name].InputShape), onnx.Stored)
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
	fast := compileNetwork(b, g, onnx.Activations)
	restore := cpu.Lower(cpu.Generic)
	slow := compileNetwork(b, g, onnx.Activations)
	restore()
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
