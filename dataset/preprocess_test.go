package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

func TestLoadPreprocess(t *testing.T) {
	for text, want := range map[string]profile.Preprocess{
		"":                              {},
		"# nothing\n":                   {},
		"size: 256\ncrop: 224":          {Resize: profile.Size{Width: 256}, Crop: profile.Size{Height: 224, Width: 224}},
		"size: 360x480\ncrop: 10x20":    {Resize: profile.Size{Height: 360, Width: 480}, Crop: profile.Size{Height: 10, Width: 20}},
		"mean: [1, -.5, 2e1]\nstd: 2":   {Mean: []float32{1, -.5, 20}, Std: []float32{2}},
		"mean: .485, .456":              {Mean: []float32{.485, .456}},
		"divisor: 127.5\nchannels: bgr": {Divisor: 127.5, Channels: "bgr"},
		"layout: nhwc\nshape: 1x3x4x5":  {Layout: "nhwc", Shape: []int{1, 3, 4, 5}},
		"shape: [1, 3, 4, 5]":           {Shape: []int{1, 3, 4, 5}},
		"ignore: 11":                    {Ignore: []int{11}},
		"ignore: [255, 254]":            {Ignore: []int{255, 254}},
		"ignore: []\nmean:":             {},
	} {
		path := filepath.Join(t.TempDir(), "net.yaml")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := LoadPreprocess(path)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%q: %v %s", text, err, d)
		}
	}
	_, err := LoadPreprocess(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, ErrMissing) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// What Settings writes Apply reads.
func TestSettingsApply(t *testing.T) {
	for _, want := range []profile.Preprocess{
		{
			Resize: profile.Size{Height: 36, Width: 48}, Crop: profile.Size{Height: 32, Width: 32}, Resample: profile.Bicubic,
			Divisor: 127.5, Mean: []float32{.5, 1, .25}, Std: []float32{1, 2, 3}, Channels: "bgr", Layout: "nhwc",
			Shape: []int{1, 32, 32, 3}, Ignore: []int{255, -1}, LabelShift: -1, AsStored: true,
		},
		{Resize: profile.Size{Width: 256}, Divisor: 1, Channels: "gray", Layout: "nchw"},
	} {
		var got profile.Preprocess
		for _, s := range Changes(profile.Preprocess{}, want) {
			if err := s.Apply(&got); err != nil || !IsSetting(s.Name) {
				t.Errorf("%+v: %v", s, err)
			}
		}
		if d := cmp.Diff(Settings(want), Settings(got)); d != "" {
			t.Error(d)
		}
	}
	if err := (Setting{"palette", "red"}).Apply(new(profile.Preprocess)); !errors.Is(err, ErrPreprocess) || IsSetting("palette") {
		t.Errorf("palette: %v", err)
	}
}

func TestPreprocessRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"sizes: 224":                   "sizes",
		"size: 224\nsize: 225":         "size",
		"size: 0":                      "size",
		"size: big":                    "size",
		"size: 3x":                     "size",
		"size: 1x2x3":                  "size",
		"size: -5":                     "size",
		"size: 99999":                  "size",
		"size: true":                   "size",
		"crop: {a: 1}":                 "crop",
		"mean: [[1], 2]":               "mean",
		"mean: [a]":                    "mean",
		"mean: .nan":                   "mean",
		"std: 0":                       "std",
		"std: 1e99":                    "std",
		"divisor: 0":                   "divisor",
		"divisor: [1, 2]":              "divisor",
		"channels: cmyk":               "channels",
		"layout: chw":                  "layout",
		"shape: 1x-3":                  "shape",
		"ignore: [x]":                  "ignore",
		"ignore: 1.5":                  "ignore",
		"mean: &a [1]\nstd: *a":        "anchors",
		"size: 1\n---\nsize: 2":        "document",
		"[1, 2":                        "",
		"- size":                       "",
		"size":                         "",
		strings.Repeat("#", maxYAML+1): "bytes",
	} {
		_, err := parsePreprocess([]byte(text))
		if !errors.Is(err, ErrPreprocess) || !strings.Contains(err.Error(), why) {
			t.Errorf("%.40q: got %v, want ErrPreprocess about %q", text, err, why)
		}
	}
}

func FuzzPreprocess(f *testing.F) {
	for _, s := range []string{"size: 256\ncrop: 224x3\nmean: [1, 2]\nstd: 2", "shape: 1x3x4x5\nignore: [1]", "mean: &a [1]\nstd: *a", "<<: {size: 1}", "? [", "%YAML 1.2\n---\n{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePreprocess(text)
		if err != nil {
			if !errors.Is(err, ErrPreprocess) {
				t.Errorf("%q: %v wraps no ErrPreprocess", text, err)
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
