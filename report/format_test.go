package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestWithoutFolders(t *testing.T) {
	for text, want := range map[string]string{
		"resnet32.onnx":                         "resnet32.onnx",
		"models/resnet32.onnx":                  "models/resnet32.onnx",
		"/home/me/resnet32.onnx":                "resnet32.onnx",
		"DQA: /home/me/resnet32.onnx":           "DQA: resnet32.onnx",
		"cifar10:/home/me/test.bin[0:100]":      "cifar10:test.bin[0:100]",
		"cifar10:data/test.bin[0:100]":          "cifar10:data/test.bin[0:100]",
		"masks:/home/me/images,/home/you/masks": "masks:images,masks",
		"npy:x.npy,/y.npy":                      "npy:x.npy,y.npy",
		`dir:/home/a\,b/c\[1/images[3:4]`:       "dir:images[3:4]",
		`C:\Users\me\net.onnx`:                  "net.onnx",
		"demo:classify[0:64]":                   "demo:classify[0:64]",
		"/":                                     "",
	} {
		if got := withoutFolders(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Pages are handed on.
func TestPagesHaveNoAbsolutePaths(t *testing.T) {
	r := sample()
	r.Model, r.Data = "/home/me/secret/net.onnx", "imagefolder:/home/me/secret/test"
	var b bytes.Buffer
	if err := WriteHTML(&b, "DQA: "+r.Model, []Result{r}, HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := PlotSVG(&b, r, PlotOptions{}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Contains(s, "secret") || strings.Count(s, "net.onnx") < 3 {
		t.Errorf("paths in\n%s", s)
	}
}
