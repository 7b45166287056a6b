package dataset

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/internal/testdata"
)

func sharedData(t *testing.T, parts ...string) string {
	t.Helper()
	return quote(filepath.ToSlash(testdata.Shared(t, append([]string{"datasets"}, parts...)...)))
}

// The expected numbers and digests were computed from the files by a Python script that follows the doc comment of
// Digest, with NumPy and Pillow for pixels and masks.
func TestRealSources(t *testing.T) {
	dir := sharedData(t)
	for spec, want := range map[string]struct {
		n      int
		kind   LabelKind
		first  []float32 // pixel 0 of every channel of image 0
		label  int       // of image 0
		digest string
	}{
		"cifar10:DIR/cifar10/test.bin":                                      {5000, ClassLabels, []float32{158, 112, 49}, 3, "46585aa413497e08ed037cb6aa0ef94b0d62b2de364ea9df085fed73e9de63cf"},
		"cifar10:DIR/cifar10/test.bin[10:20]":                               {10, ClassLabels, nil, 0, "3a01ee7c90a51de9ff79192133074a9b339118aa1687984afa10a90e52cf485c"},
		"cifar10:DIR/cifar10/calib.bin":                                     {5000, ClassLabels, []float32{59}, 6, ""},
		"npy:DIR/deeppcb_seg/test_x.npy,DIR/deeppcb_seg/test_y.npy":         {400, MaskLabels, []float32{255, 255}, -1, "c89f1dba5247b510f5f347eb94b0c48fab84c0cf54f238d72bd4ba991d5c89de"},
		"masks:DIR/deeppcb_seg/calib_x.npy,DIR/deeppcb_seg/calib_y.npy":     {64, MaskLabels, nil, -1, ""},
		"npy:DIR/deeppcb_patches/test_x.npy,DIR/deeppcb_patches/test_y.npy": {3070, ClassLabels, []float32{255}, 0, ""},
		"npy:DIR/deeppcb_patches/calib_x.npy":                               {1024, Unlabelled, nil, -1, ""},
		"images:DIR/imagenet/test.tsv":                                      {400, ClassLabels, nil, 2, "fbcef0070863f1050cdf3933187302468688da0aa3085b965da2d37d77d42695"},
		"images:DIR/imagenet/calib.tsv":                                     {100, ClassLabels, nil, 0, ""},
		"masks:DIR/camvid/test,DIR/camvid/test_labels":                      {141, MaskLabels, []float32{35, 34, 30}, -1, "3621b07de4239136dd73e9534003476bee10dcb5164a9db263fb69e60680b81e"},
		"dir:DIR/camvid/calib":                                              {41, Unlabelled, nil, -1, ""},
	} {
		src := mustOpen(t, strings.ReplaceAll(spec, "DIR", dir))
		s := mustSample(t, src, 0)
		if src.Len() != want.n || src.Labels() != want.kind || want.first != nil && s.Label != want.label {
			t.Errorf("%s: %d images, labels %d, first %d", spec, src.Len(), src.Labels(), s.Label)
		}
		for c, v := range want.first {
			if got := s.Image.Pix[c*s.Image.Height*s.Image.Width]; got != v {
				t.Errorf("%s: channel %d starts with %v, want %v", spec, c, got, v)
			}
		}
		if got := mustDigest(t, src); want.digest != "" && hex.EncodeToString(got[:]) != want.digest {
			t.Errorf("%s: digest %x, want %s", spec, got, want.digest)
		}
	}
}

func TestRealLabels(t *testing.T) {
	dir := sharedData(t)
	classes := map[int]int{}
	src := mustOpen(t, "cifar10:"+dir+"/cifar10/test.bin").(*source)
	for i := range src.Len() {
		l, err := src.label(i)
		if err != nil {
			t.Fatal(err)
		}
		classes[l.class]++
	}
	if want := map[int]int{0: 488, 1: 505, 2: 512, 3: 497, 4: 507, 5: 488, 6: 491, 7: 495, 8: 504, 9: 513}; !maps.Equal(classes, want) {
		t.Errorf("CIFAR-10 classes: %v", classes)
	}
	for spec, want := range map[string][]int{
		"masks:DIR/camvid/test,DIR/camvid/test_labels":              {4224699, 5985228, 281160, 6242189, 2260581, 2668585, 246980, 303471, 978896, 158508, 47531, 966972},
		"npy:DIR/deeppcb_seg/test_x.npy,DIR/deeppcb_seg/test_y.npy": {6472259, 21732, 17043, 9837, 8947, 15268, 8514},
	} {
		src := mustOpen(t, strings.ReplaceAll(spec, "DIR", dir)).(*source)
		pixels := make([]int, 256)
		for i := range src.Len() {
			l, err := src.label(i)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range l.mask {
				pixels[c]++
			}
		}
		if !slices.Equal(pixels[:len(want)], want) || slices.Max(pixels[len(want):]) != 0 {
			t.Errorf("%s: pixels by class %v", spec, pixels)
		}
	}
}

// dataOf names data for the networks that have some.
func dataOf(model string) string {
	for part, spec := range map[string]string{
		"cifar10": "cifar10:DIR/cifar10/calib.bin", "simplecnn": "npy:DIR/deeppcb_patches/calib_x.npy", "mobilenetv2_deeppcb": "npy:DIR/deeppcb_patches/calib_x.npy",
		"unet_deeppcb": "npy:DIR/deeppcb_seg/calib_x.npy", "camvid": "dir:DIR/camvid/calib",
	} {
		if strings.Contains(model, part) {
			return spec
		}
	}
	return "images:DIR/imagenet/calib.tsv" // any pictures will do
}

// Every network has a preprocessing file, and with it images come out in the network's shape.
func TestPreprocessFilesFitTheirNetworks(t *testing.T) {
	b, err := os.ReadFile(testdata.Shared(t, "reference_io.json"))
	if err != nil {
		t.Fatal(err)
	}
	var networks map[string]struct {
		Shape []int `json:"input_shape"`
	}
	if err := json.Unmarshal(b, &networks); err != nil {
		t.Fatal(err)
	}
	dir := sharedData(t)
	if len(networks) != 23 {
		t.Errorf("%d networks", len(networks))
	}
	for name, network := range networks {
		p, err := LoadPreprocess(filepath.Join("..", "testdata", "preprocess", strings.TrimSuffix(name, ".onnx")+".yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Shape != nil && !slices.Equal(p.Shape, network.Shape) {
			t.Errorf("%s: shape %v, want %v", name, p.Shape, network.Shape)
		}
		if name == "har_cnn.onnx" { // signals, of which there is no data
			if _, err := Prepare(picture(1, 9, 128), p, network.Shape); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		in, err := NewInputs(mustOpen(t, strings.ReplaceAll(dataOf(name), "DIR", dir)), p, network.Shape)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if x, err := in.Input(1); err != nil || !slices.Equal(x.Shape, network.Shape) {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
}
