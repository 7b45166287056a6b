//go:build ort && !device

package session

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine/ort"
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
// edges quantized. Where a float operator's last bits differ a code may go to the other side, so that a pixel at the border of two
// classes may, too: of pixels all but one in a thousand must agree; classes of images always. ESPNet (113 edges, values up to 30 times
// their root mean square) magnifies last bits: at 8 bits 0.7 % of its pixels differ between this engine's own portable Go and AVX2,
// 0.9 % under ONNX Runtime.
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
				unsteady := strings.HasPrefix(c.model, "espnet")
				if robust := strings.HasPrefix(c.model, "resnet") || strings.HasPrefix(c.model, "unet"); v.Setting.Bits == 2 && !robust ||
					v.Setting.Bits == 4 && v.Setting.Name == "direct" && (strings.HasPrefix(c.model, "vit") || strings.HasSuffix(c.model, "imagenet")) ||
					unsteady && v.Setting.Bits != 8 {
					t.Skip("too coarse for this network: one turned tie moves its classes, on another instruction set, too")
				}
				if v.Setting.Name == "graded" && strings.HasSuffix(c.model, "imagenet") {
					t.Skip("its calibration takes minutes")
				}
				if v.Setting.Name == "graded" && !strings.HasPrefix(c.model, "res") || unsteady {
					testdata.Long(t)
				}
				checkExport(t, c.model, c.calib, c.test, v)
			})
		}
	}
}

func checkExport(t *testing.T, model, calib, test string, v Variant) {
	at := func(spec string) string { return strings.ReplaceAll(spec, "@", testdata.Shared(t, "datasets")) }
	pre, err := dataset.LoadPreprocess(filepath.Join("..", "testdata", "preprocess", model+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	net, err := Open(filepath.Join(testdata.Shared(t, "models"), model+".onnx"), Options{Engine: Native, Preprocess: &pre})
	if err != nil {
		t.Fatal(err)
	}
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
	q, err := net.Bind(made.Profile)
	if err != nil {
		t.Fatal(err)
	}
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
	compareRuns(t, q, b.Model, data(test+"[0:6]"))
}

func compareRuns(t *testing.T, q *Quantized, b []byte, data *dataset.Inputs) {
	t.Helper()
	g := q.Network().Graph()
	m, err := ort.Load(b, g, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	differ, all := 0, 0
	for i := range data.Len() {
		x, err := data.Input(i)
		if err != nil {
			t.Fatal(err)
		}
		want, err := q.Simulate([]*tensor.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Run([]*tensor.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		for k := range want {
			d, n := otherClasses(want[k], got[k], len(g.Outputs[k].Shape) == 2)
			differ, all = differ+d, all+n
		}
	}
	allowed := all / 1000
	if strings.HasPrefix(q.Network().Name(), "espnet") {
		allowed = all / 50
	}
	if differ > allowed {
		t.Fail()
	}
	t.Logf("%d of %d classes differ", differ, all)
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
