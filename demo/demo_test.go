package demo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/onnx"
)

// The same images on every machine: the networks were trained on them, and figures are quoted on them.
func TestImagesArePinned(t *testing.T) {
	h := sha256.New()
	for _, seed := range []uint64{UserSeed, TrainSeed} {
		for i := range 20 {
			pix, class := ClassifyImage(seed, i)
			h.Write(append(pix, uint8(class)))
			pix, mask := SegmentImage(seed, i)
			h.Write(append(pix, mask...))
		}
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != "bd436539bb9a9ce2" {
		t.Errorf("images changed: %s", got)
	}
}

func TestUserImagesAreNotTrainingImages(t *testing.T) {
	train := map[string]bool{}
	for i := range 300 {
		pix, _ := ClassifyImage(TrainSeed, i)
		train[string(pix)] = true
	}
	for i := range 300 {
		if pix, _ := ClassifyImage(UserSeed, i); train[string(pix)] {
			t.Fatalf("user image %d is a training image", i)
		}
	}
}

func TestClassesAreBalancedAndVisible(t *testing.T) {
	counts := make([]int, len(Classes))
	for i := range 500 {
		_, class := ClassifyImage(UserSeed, i)
		counts[class]++
	}
	for c, n := range counts {
		if n < 60 {
			t.Errorf("%s: %d of 500 images", Classes[c], n)
		}
	}
	pixels := make([]int, len(Classes))
	for i := range 100 {
		_, mask := SegmentImage(UserSeed, i)
		for _, c := range mask {
			pixels[c]++
		}
	}
	for c, n := range pixels {
		if n < 1000 {
			t.Errorf("%s: %d pixels in 100 images", Classes[c], n)
		}
	}
}

// The label of a classified image is the only class that is painted in it.
func TestMaskAgreesWithTheDefect(t *testing.T) {
	for i := range 200 {
		c, class := drawClassified(UserSeed, i)
		seen := false
		for _, m := range c.mask {
			seen = seen || int(m) == class
			if m != none && int(m) != class {
				t.Fatalf("image %d of class %s has a pixel of %s", i, Classes[class], Classes[m])
			}
		}
		if !seen {
			t.Errorf("image %d: no pixel of %s", i, Classes[class])
		}
	}
}

func TestSources(t *testing.T) {
	for _, net := range Networks() {
		for _, spec := range []string{net.Calib, net.Test, net.QuickCalib, net.QuickTest} {
			src, err := dataset.Open(spec)
			if err != nil {
				t.Fatal(err)
			}
			s, err := src.Sample(src.Len() - 1)
			if err != nil || len(s.Image.Pix) != s.Image.Height*s.Image.Width {
				t.Errorf("%s: %v", spec, err)
			}
		}
		src, err := dataset.Open(net.Name)
		if err != nil || src.Len() != UserImages || src.Labels() == dataset.Unlabelled {
			t.Errorf("%s: %v", net.Name, err)
		}
		if _, err := src.Sample(UserImages); !errors.Is(err, dataset.ErrImage) {
			t.Errorf("%s: image beyond the end: %v", net.Name, err)
		}
	}
	if _, err := dataset.Open("demo:other"); !errors.Is(err, dataset.ErrSpec) {
		t.Errorf("demo:other: %v", err)
	}
}

func TestNetworks(t *testing.T) {
	size := 0
	for _, net := range Networks() {
		size += len(net.Model)
		g, err := onnx.Parse(net.Model, onnx.Options{})
		if err != nil {
			t.Fatalf("%s: %v", net.Name, err)
		}
		if out := g.Outputs[0].Shape; out[1] != len(Classes) {
			t.Errorf("%s: output %v", net.Name, out)
		}
		if found, ok := Network(net.Name); !ok || found.Name != net.Name {
			t.Errorf("%s is not found", net.Name)
		}
	}
	if size > 1_500_000 {
		t.Errorf("embedded networks take %d bytes", size)
	}
	if _, ok := Network("demo:other"); ok {
		t.Error("demo:other is found")
	}
}
