package doctor_test

import (
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/doctor"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// Without labels, what training has left in a network tells how its inputs were made.
func TestStatisticsOfTraining(t *testing.T) {
	espnet, cifar := testdata.Shared(t, "datasets", "camvid", "test"), testdata.Shared(t, "datasets", "cifar10", "test.bin")
	for _, c := range []struct {
		model, data string
		change      func(*profile.Preprocess)
		status      doctor.Status
		mend        []string // words
	}{
		{"resnet8_mlperftiny_cifar10", cifar, func(p *profile.Preprocess) { p.Divisor = 0 }, doctor.Problem, []string{"--divisor 1"}},
		{"resnet8_mlperftiny_cifar10", cifar, nil, doctor.OK, nil},
		{"resnet32_cifar10", cifar, nil, doctor.OK, nil},
		// Not found: the statistics of BGR and RGB hardly differ here, and a few images do not make the network surer.
		{"resnet32_cifar10", cifar, func(p *profile.Preprocess) { p.Channels = "bgr" }, doctor.OK, nil},
		{"resnet32_cifar10", cifar, func(p *profile.Preprocess) { p.Mean, p.Std = nil, nil }, doctor.Problem,
			[]string{"--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"}},
		{"lmfrnet_cifar10", cifar, func(p *profile.Preprocess) { p.Mean, p.Std, p.Divisor = nil, nil, 1 }, doctor.Problem,
			[]string{"--divisor 255", "--mean 0.49"}},
		{"vit_tiny_cifar10", cifar, nil, doctor.OK, nil}, // nothing is normalized by batches
		{"espnet_p2q8_camvid", espnet, nil, doctor.OK, nil},
		{"espnet_p2q8_camvid", espnet, func(p *profile.Preprocess) { p.Mean, p.Std, p.Divisor, p.Channels = nil, nil, 0, "" }, doctor.Problem,
			[]string{"--divisor 1", "--channels bgr", "--std 18"}},
	} {
		if !testdata.CI() && !strings.HasPrefix(c.model, "resnet8") {
			continue // they take long
		}
		g, err := onnx.Load(testdata.Shared(t, "models", c.model+".onnx"), onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		pre, err := dataset.LoadPreprocess("../testdata/preprocess/" + c.model + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			c.change(&pre)
		}
		spec := "dir:" + c.data
		if strings.HasSuffix(c.data, ".bin") {
			spec = "cifar10:" + c.data
		}
		s := subject(t, g, pre, spec)
		s.Data, s.Images = withoutLabels{s.Data}, 4
		all := examine(t, s)
		if values := all["input values"]; c.change == nil && values.Status != doctor.OK {
			t.Errorf("%s: what is right is doubted: %+v", c.model, values)
		}
		got := all["preprocessing, without labels"]
		if got.Status != c.status {
			t.Errorf("%s: %+v, want %s", c.model, got, c.status)
		}
		for _, m := range c.mend {
			if !strings.Contains(got.Mend, m) {
				t.Errorf("%s: %q lacks %q", c.model, got.Mend, m)
			}
		}
	}
}

type withoutLabels struct{ dataset.Source }

func (withoutLabels) Labels() dataset.LabelKind { return dataset.Unlabelled }
