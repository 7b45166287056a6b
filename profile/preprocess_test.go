package profile

import (
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/wire"
	"github.com/google/go-cmp/cmp"
)

// What version 1 has no field for follows the word for the layout.
func TestLayoutWords(t *testing.T) {
	for text, want := range map[string]Preprocess{
		"":                                    {},
		"nhwc":                                {Layout: "nhwc"},
		"nchw resize=bicubic":                 {Layout: "nchw", Resample: Bicubic},
		" resize=letterbox":                   {Resample: Letterbox},
		" as-stored":                          {AsStored: true},
		"nhwc ignore=-1,-100":                 {Layout: "nhwc", Ignore: []int{-1, -100, 7}},
		" resize=bicubic as-stored ignore=-1": {Resample: Bicubic, AsStored: true, Ignore: []int{-1, 7}},
	} {
		p := want
		if p.Ignore == nil {
			p.Ignore = []int{7}
		}
		if words, ignore := p.layoutWords(); words != text || !slices.Equal(ignore, []int{7}) {
			t.Errorf("%q: %q, %v", text, words, ignore)
		}
		got := Preprocess{Ignore: []int{7}}
		if got.setLayoutWords(text); cmp.Diff(p, got) != "" {
			t.Errorf("%q: %s", text, cmp.Diff(p, got))
		}
	}
	// Anything else is a layout as a whole: such profiles have always been read, and are written as they were.
	for _, text := range []string{" ", "nchw ", "a b", "nchw resize=", "nchw resize=bilinear", "nchw resize=x",
		"nchw as-stored resize=bicubic",
		"nchw ignore=1", "nchw ignore=-01", "nchw ignore=", "nchw resize=bicubic more"} {
		p := Preprocess{Ignore: []int{7}}
		if p.setLayoutWords(text); cmp.Diff(Preprocess{Layout: text, Ignore: []int{7}}, p) != "" {
			t.Errorf("%q became %+v", text, p)
		}
	}
}

func TestPreprocessRoundTrip(t *testing.T) {
	p := Preprocess{
		Resize: Size{Height: 8, Width: 9}, Resample: Letterbox, Mean: []float32{1}, Layout: "nhwc", Ignore: []int{-1,
			255}, LabelShift: -1, AsStored: true,
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for version, b := range map[byte][]byte{version1: p.append(nil), version2: p.append2(nil)} {
		var got Preprocess
		got.read(wire.NewReader(b), version)
		if d := cmp.Diff(p, got); d != "" {
			t.Errorf("version %d: %s", version, d)
		}
	}
	if bad := (Preprocess{Resample: "nearest"}); bad.Validate() == nil {
		t.Error("resize nearest is valid")
	}
}

func TestIgnoredClasses(t *testing.T) {
	for _, c := range []struct {
		p    Preprocess
		want []int
	}{
		{Preprocess{Ignore: []int{11}}, []int{11}},
		{Preprocess{Ignore: []int{0}, LabelShift: -1}, nil}, // void is no class of the network
		{Preprocess{Ignore: []int{3, -1, 255}, LabelShift: 1}, []int{4, 256}},
		{Preprocess{Ignore: []int{-1}, LabelShift: 1}, nil},
	} {
		if got := c.p.IgnoredClasses(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}
