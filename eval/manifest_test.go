package eval_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/report"
)

// manifest has every network with labelled test images, and what ONNX Runtime reaches on them (MANIFEST.md).
var manifest = []struct {
	model, spec string // @ stands for the data folder
	want        float64
	tolerance   float64 // points
}{
	{"resnet32_cifar10", "cifar10:@/cifar10/test.bin", 92.34, .1},
	{"resnet32_cifar10_folded", "cifar10:@/cifar10/test.bin", 92.34, .1},
	{"resnet8_mlperftiny_cifar10", "cifar10:@/cifar10/test.bin", 87.02, .1},
	{"lmfrnet_cifar10", "cifar10:@/cifar10/test.bin", 94.28, .1},
	{"vit_tiny_cifar10", "cifar10:@/cifar10/test.bin", 73.56, .1},
	{"vit_tiny_cifar10_opset17", "cifar10:@/cifar10/test.bin", 73.56, .1},
	{"squeezenet_cifar10_emclab", "cifar10:@/cifar10/test.bin[0:2000]", 77.8, .1},
	{"simplecnn_deeppcb", "npy:@/deeppcb_patches/test_x.npy,@/deeppcb_patches/test_y.npy", 92.38, .1},
	{"mobilenetv2_deeppcb", "npy:@/deeppcb_patches/test_x.npy,@/deeppcb_patches/test_y.npy", 95.83, .1},
	{"mobilenetv2_imagenet", "images:@/imagenet/test.tsv", 81.00, .1},
	{"unet_deeppcb", "npy:@/deeppcb_seg/test_x.npy,@/deeppcb_seg/test_y.npy", 78.19, .3},
	{"unet_deeppcb_folded", "npy:@/deeppcb_seg/test_x.npy,@/deeppcb_seg/test_y.npy", 78.19, .3},
	{"espnet_p2q8_camvid", "masks:@/camvid/test,@/camvid/test_labels", 57.49, .3},
	{"espnet_p2q8_camvid_folded", "masks:@/camvid/test,@/camvid/test_labels", 57.49, .3},
}

// fewImages are what the quick classifiers are tried on where not everything is tested.
const fewImages = 100

// TestManifest reproduces the accuracy of every network, which takes some minutes. Without CI=true it runs quick ones on a
// few images, which shows what is quite wrong.
func TestManifest(t *testing.T) {
	data := testdata.Shared(t, "datasets")
	for _, m := range manifest {
		t.Run(m.model, func(t *testing.T) {
			if !testdata.CI() {
				if !strings.HasSuffix(m.spec, "test.bin") && !strings.HasSuffix(m.spec, "test_y.npy") || strings.Contains(m.spec, "_seg") {
					testdata.Long(t)
				}
				m.spec = fmt.Sprintf("%s[0:%d]", m.spec, fewImages)
				m.tolerance = 400 * math.Sqrt(m.want/100*(1-m.want/100)/fewImages) // four standard errors
			}
			path := filepath.Join(testdata.Shared(t, "models"), m.model+".onnx")
			if _, err := os.Stat(path); err != nil {
				path = filepath.Join(testdata.Shared(t, "models_import"), m.model+".onnx")
			}
			g, err := onnx.Load(path, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			prog, err := native.Compile(g, nil)
			if err != nil {
				t.Fatal(err)
			}
			pre, err := dataset.LoadPreprocess(filepath.Join("..", "testdata", "preprocess", m.model+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			src, err := dataset.Open(strings.ReplaceAll(m.spec, "@", data))
			if err != nil {
				t.Fatal(err)
			}
			in, err := dataset.NewInputs(src, pre, g.Input.Shape)
			if err != nil {
				t.Fatal(err)
			}
			res, err := eval.Run(t.Context(), prog, in, nil, eval.Options{Metric: metric.Options{Ignore: pre.IgnoredClasses(),
				Rounds: 2}, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			got := *report.Of(res, m.model, m.spec).FP32
			t.Logf("%.2f, want %.2f", got, m.want)
			if math.Abs(got-m.want) > m.tolerance {
				t.Errorf("%.2f, want %.2f ± %g", got, m.want, m.tolerance)
			}
		})
	}
}
