//go:build ort && !device

package session

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// exported are the networks of shared data with images for them: calibration and test.
var exported = []struct{ model, calib, test string }{
	{"resnet32_cifar10", "cifar10:@/cifar10/calib.bin", "cifar10:@/cifar10/test.bin"},
	{"resnet32_cifar10_folded", "cifar10:@/cifar10/calib.bin", "cifar10:@/cifar10/test.bin"},
	{"resnet8_mlperftiny_cifar10", "cifar10:@/cifar10/calib.bin", "cifar10:@/cifar10/test.bin"},
	{"lmfrnet_cifar10", "cifar10:@/cifar10/calib.bin", "cifar10:@/cifar10/test.bin"},
	{"vit_tiny_cifar10", "cifar10:@/cifar10/calib.bin", "cifar10:@/cifar10/test.bin"},
	{"vit_tiny_cifar10_opset17", "cifar10:@/cifar10/calib.bin", "cifar10:@/cifar10/test.bin"},
	{"simplecnn_deeppcb", "npy:@/deeppcb_patches/calib_x.npy", "npy:@/deeppcb_patches/test_x.npy"},
	{"mobilenetv2_deeppcb", "npy:@/deeppcb_patches/calib_x.npy", "npy:@/deeppcb_patches/test_x.npy"},
	{"mobilenetv2_imagenet", "images:@/imagenet/calib.tsv", "images:@/imagenet/test.tsv"},
	{"unet_deeppcb", "npy:@/deeppcb_seg/calib_x.npy", "npy:@/deeppcb_seg/test_x.npy"},
	{"unet_deeppcb_folded", "npy:@/deeppcb_seg/calib_x.npy", "npy:@/deeppcb_seg/test_x.npy"},
	{"espnet_p2q8_camvid", "masks:@/camvid/test,@/camvid/test_labels", "masks:@/camvid/test,@/camvid/test_labels"},
	{"espnet_p2q8_camvid_folded", "masks:@/camvid/test,@/camvid/test_labels", "masks:@/camvid/test,@/camvid/test_labels"},
}

// exportedSettings are 8 bits and steps of channels; integers of 4 and 2 bits; the paper's, whose steps are each image's and whose important
// channels have shift errors; and graded, with biases, gains and codes of 16 bits.
var exportedSettings = []Variant{
	{Setting: profile.Setting{Name: "direct", Bits: 8, Scale: profile.StaticChannel, Unsigned: true}},
	{Setting: profile.Setting{Name: "direct", Bits: 4, Unsigned: true}}, // UINT4
	{Setting: profile.Setting{Name: "direct", Bits: 2}},                 // INT2
	{Setting: profile.Setting{Name: "dqa", Bits: 4, ExtraBits: 3, Ratio: .5, Ranking: "energy"}},
	{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 4}},
}

// An exported network gives, under ONNX Runtime with all its optimizations, the classes that the network computes here with its
// edges quantized: of images all but one in forty, of pixels one in a thousand. The models compute the same (TestExportEqualsSimulation:
// on this engine bit for bit); what differs is the order of float sums, whose last bits can take a code to the other side, and the coarser
// the steps, the further that goes. More may differ only where this engine's own portable Go differs from its vector kernels, too.
// docs/results/export.md has the figures, which are these tests' log.
func TestExportedNetworks(t *testing.T) {
	if _, err := ort.FindLibrary(""); err != nil {
		if testdata.CI() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for _, c := range exported {
		for _, v := range exportedSettings {
			t.Run(fmt.Sprint(c.model, "/", v.Setting.Name, v.Setting.Bits), func(t *testing.T) {
				coarse := coarseFor(c.model, v)
				if v.Setting.Name == "graded" && strings.HasSuffix(c.model, "imagenet") {
					t.Skip("its calibration takes minutes")
				}
				if v.Setting.Name == "graded" && !strings.HasPrefix(c.model, "res") || strings.HasPrefix(c.model, "espnet") {
					testdata.Long(t)
				}
				if coarse && v.Setting.Bits != 8 && os.Getenv("DQA_EXPORTS") != "all" {
					t.Skip("differs on other instruction sets of this engine, too: measured for docs/results/export.md with DQA_EXPORTS=all")
				}
				checkExport(t, c.model, c.calib, c.test, v, coarse)
			})
		}
	}
}

// coarseFor tells settings that are too coarse for a network: one turned tie moves its classes. ESPNet (113 edges, values up to 30 times
// their root mean square) magnifies last bits at any setting.
func coarseFor(model string, v Variant) bool {
	robust := strings.HasPrefix(model, "resnet") || strings.HasPrefix(model, "unet")
	few := v.Setting.Bits == 4 && v.Setting.Name == "direct"
	return v.Setting.Bits == 2 && !robust || few && (strings.HasPrefix(model, "vit") || strings.HasSuffix(model, "imagenet")) ||
		strings.HasPrefix(model, "espnet")
}

func checkExport(t *testing.T, model, calib, test string, v Variant, coarse bool) {
	at := func(spec string) string { return strings.ReplaceAll(spec, "@", testdata.Shared(t, "datasets")) }
	pre, err := dataset.LoadPreprocess(filepath.Join("..", "testdata", "preprocess", model+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Network {
		net, err := Open(filepath.Join(testdata.Shared(t, "models"), model+".onnx"), Options{Engine: Native, Preprocess: &pre})
		if err != nil {
			t.Fatal(err)
		}
		return net
	}
	net := open()
	data := func(spec string) *dataset.Inputs {
		d, err := net.Data(at(spec))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	made, err := net.Calibrate(context.Background(), data(calib+"[0:8]"), v, CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bind := func(net *Network) *Quantized {
		q, err := net.Bind(made.Profile)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := bind(net)
	few := Integers(8)
	if v.Setting.Bits == 2 {
		few = 2
	} else if v.Setting.Bits == 4 && v.Setting.Name == "direct" {
		few = 4
	}
	b, err := q.Export(few)
	if err != nil {
		t.Fatal(err)
	}
	restore := cpu.Lower(cpu.Generic)
	portable := bind(open())
	restore()
	compareRuns(t, q, portable, b.Model, data(test+"["+exportImages(model)+"]"), coarse)
}

// exportImages are so many that a run in portable Go takes a second or two.
func exportImages(model string) string {
	switch {
	case os.Getenv("DQA_EXPORTS") != "all":
		return "0:6"
	case strings.Contains(model, "cifar10"), strings.HasPrefix(model, "simplecnn"):
		return "0:40"
	case strings.HasPrefix(model, "espnet"), strings.HasSuffix(model, "imagenet"):
		return "0:6"
	}
	return "0:16"
}

// difference is how far outputs are from those of the quantized network here.
type difference struct {
	classes, places int
	sum, squares    float64
}

func (d *difference) add(g *graph.Graph, want, got []*tensor.Tensor) {
	for k := range want {
		c, n := otherClasses(want[k], got[k], len(g.Outputs[k].Shape) == 2)
		d.classes, d.places = d.classes+c, d.places+n
		for i, v := range want[k].Data {
			e := float64(v) - float64(got[k].Data[i])
			d.sum, d.squares = d.sum+e*e, d.squares+float64(v)*float64(v)
		}
	}
}

func (d *difference) String() string {
	return fmt.Sprintf("%d of %d | %.3f %% | %.1g", d.classes, d.places, 100-100*float64(d.classes)/float64(max(d.places, 1)),
		math.Sqrt(d.sum/max(d.squares, math.SmallestNonzeroFloat64)))
}

func compareRuns(t *testing.T, q, portable *Quantized, b []byte, data *dataset.Inputs, coarse bool) {
	t.Helper()
	m, err := ort.Load(b, q.Network().Graph(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	other := differenceOf(t, q, m.Run, data)
	few := other.places/1000 + data.Len()/40
	if !coarse && other.classes <= few && os.Getenv("DQA_EXPORTS") != "all" {
		return // portable Go, which takes seconds an image, has nothing to explain
	}
	own := differenceOf(t, q, func(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
		defer cpu.Lower(cpu.Generic)()
		return portable.Simulate(inputs)
	}, data)
	switch {
	case coarse && other.classes > 4*own.classes+max(1, other.places/50):
		t.Errorf("ONNX Runtime differs by more than this engine's own instruction sets do")
	case !coarse && other.classes > few+2*own.classes:
		t.Errorf("too many classes differ")
	}
	t.Logf("export: | %d | %s | %s |", data.Len(), &other, &own)
}

// differenceOf is that of the outputs of a quantized network and of another way to run it.
func differenceOf(t *testing.T, q *Quantized, other func([]*tensor.Tensor) ([]*tensor.Tensor, error), data *dataset.Inputs) (d difference) {
	t.Helper()
	for i := range data.Len() {
		x, err := data.Input(i)
		if err != nil {
			t.Fatal(err)
		}
		run := func(run func([]*tensor.Tensor) ([]*tensor.Tensor, error)) []*tensor.Tensor {
			y, err := run([]*tensor.Tensor{x})
			if err != nil {
				t.Fatal(err)
			}
			for k := range y {
				y[k] = &tensor.Tensor{Shape: y[k].Shape, Data: slices.Clone(y[k].Data)}
			}
			return y
		}
		d.add(q.Network().Graph(), run(q.Simulate), run(other))
	}
	return d
}

// otherClasses counts the places whose largest value is another's: classes are axis 1.
func otherClasses(a, b *tensor.Tensor, vector bool) (differ, places int) {
	classes := a.Shape[1]
	places = len(a.Data) / classes
	if vector && places > 1 {
		return 0, 0
	}
	for p := range places {
		ka, kb := 0, 0
		for c := range classes {
			if a.Data[c*places+p] > a.Data[ka*places+p] {
				ka = c
			}
			if b.Data[c*places+p] > b.Data[kb*places+p] {
				kb = c
			}
		}
		if ka != kb {
			differ++
		}
	}
	return differ, places
}
