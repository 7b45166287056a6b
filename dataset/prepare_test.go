package dataset

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

// picture has value 10*channel + index of the pixel.
func picture(c, h, w int) Image {
	img := Image{Channels: c, Height: h, Width: w}
	for k := range c {
		for i := range h * w {
			img.Pix = append(img.Pix, float32(10*k+i))
		}
	}
	return img
}

func TestPrepare(t *testing.T) {
	for name, c := range map[string]struct {
		img  Image
		p    profile.Preprocess
		want []int
		data []float32
	}{
		"defaults":             {Image{Channels: 1, Height: 1, Width: 2, Pix: []float32{0, 255}}, profile.Preprocess{}, []int{1, 1, 1, 2}, []float32{0, 1}},
		"rgb":                  {picture(3, 1, 2), profile.Preprocess{Divisor: 1}, []int{1, 3, 1, 2}, []float32{0, 1, 10, 11, 20, 21}},
		"bgr":                  {picture(3, 1, 2), profile.Preprocess{Divisor: 1, Channels: "bgr"}, []int{1, 3, 1, 2}, []float32{20, 21, 10, 11, 0, 1}},
		"nhwc":                 {picture(3, 1, 2), profile.Preprocess{Divisor: 1, Layout: "nhwc"}, []int{1, 1, 2, 3}, []float32{0, 10, 20, 1, 11, 21}},
		"alpha dropped":        {picture(4, 1, 1), profile.Preprocess{Divisor: 1}, []int{1, 3, 1, 1}, []float32{0, 10, 20}},
		"four channels wanted": {picture(4, 1, 1), profile.Preprocess{Divisor: 1}, []int{1, 4, 1, 1}, []float32{0, 10, 20, 30}},
		"two channels":         {picture(2, 1, 1), profile.Preprocess{Divisor: 1, Channels: "bgr"}, []int{1, 2, 1, 1}, []float32{0, 10}},
		"gray copied":          {picture(1, 1, 2), profile.Preprocess{Divisor: 1, Channels: "bgr"}, []int{1, 3, 1, 2}, []float32{0, 1, 0, 1, 0, 1}},
		"colour to gray":       {Image{Channels: 3, Height: 1, Width: 1, Pix: []float32{200, 100, 50}}, profile.Preprocess{Divisor: 1, Channels: "gray"}, []int{1, 1, 1, 1}, []float32{124}}, // .299*200 + .587*100 + .114*50 = 124.2
		"colour to gray to 3":  {Image{Channels: 3, Height: 1, Width: 1, Pix: []float32{200, 100, 50}}, profile.Preprocess{Divisor: 1, Channels: "gray"}, []int{1, 3, 1, 1}, []float32{124, 124, 124}},
		"rows of signals":      {picture(1, 2, 3), profile.Preprocess{Divisor: 1}, []int{1, 2, 3}, []float32{0, 1, 2, 3, 4, 5}},
		"normalised":           {picture(3, 1, 1), profile.Preprocess{Divisor: 2, Mean: []float32{1, 2, 3}, Std: []float32{1, 2, 4}}, []int{1, 3, 1, 1}, []float32{-1, 1.5, 1.75}},
		"mean in bgr order":    {picture(3, 1, 1), profile.Preprocess{Divisor: 1, Mean: []float32{20, 9, 0}, Channels: "bgr"}, []int{1, 3, 1, 1}, []float32{0, 1, 0}},
		"one mean for all":     {picture(2, 1, 1), profile.Preprocess{Divisor: 1, Mean: []float32{1}, Std: []float32{2}}, []int{1, 2, 1, 1}, []float32{-.5, 4.5}},
		"crop":                 {picture(1, 3, 4), profile.Preprocess{Divisor: 1, Crop: profile.Size{Height: 1, Width: 2}}, []int{1, 1, 1, 2}, []float32{5, 6}},
		"resize and crop":      {picture(1, 2, 4), profile.Preprocess{Divisor: 1, Resize: profile.Size{Width: 1}, Crop: profile.Size{Height: 1, Width: 1}}, []int{1, 1, 1, 1}, []float32{3}},
	} {
		before := slices.Clone(c.img.Pix)
		got, err := Prepare(c.img, c.p, c.want)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.data, got.Data); d != "" || !slices.Equal(got.Shape, c.want) {
			t.Errorf("%s: shape %v, %s", name, got.Shape, d)
		}
		if !slices.Equal(before, c.img.Pix) {
			t.Errorf("%s: the image was changed", name)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	ones := []float32{1, 1}
	for name, c := range map[string]struct {
		img  Image
		p    profile.Preprocess
		want []int
		is   error
		text string
	}{
		"size":             {picture(3, 5, 6), profile.Preprocess{}, []int{1, 3, 4, 4}, ErrFit, "the image is 3x5x6, the network wants 1x3x4x4: give --size 4x4"},
		"size after crop":  {picture(3, 5, 6), profile.Preprocess{Crop: profile.Size{Height: 2, Width: 2}}, []int{1, 3, 4, 4}, ErrFit, "3x2x2 (3x5x6 before"},
		"colour":           {picture(3, 4, 4), profile.Preprocess{}, []int{1, 1, 4, 4}, ErrFit, "--channels gray"},
		"gray asked for":   {picture(3, 4, 4), profile.Preprocess{Channels: "gray"}, []int{1, 2, 4, 4}, ErrFit, "do not give --channels gray"},
		"other channels":   {picture(2, 4, 4), profile.Preprocess{}, []int{1, 3, 4, 4}, ErrFit, "no setting"},
		"nhwc network":     {picture(3, 32, 32), profile.Preprocess{}, []int{1, 32, 32, 3}, ErrFit, "--layout nhwc"},
		"nchw network":     {picture(3, 32, 32), profile.Preprocess{Layout: "nhwc"}, []int{1, 3, 32, 32}, ErrFit, "--layout nchw"},
		"crop too large":   {picture(3, 4, 4), profile.Preprocess{Crop: profile.Size{Height: 5, Width: 5}}, []int{1, 3, 5, 5}, ErrFit, "--size"},
		"resize too large": {picture(3, 1, 4), profile.Preprocess{Resize: profile.Size{Width: 1 << 20}}, []int{1, 3, 5, 5}, ErrFit, "resized to"},
		"dynamic shape":    {picture(3, 4, 4), profile.Preprocess{}, []int{1, 3, -1, 4}, ErrFit, "--shape"},
		"batch":            {picture(3, 4, 4), profile.Preprocess{}, []int{2, 3, 4, 4}, ErrFit, "one image"},
		"two values":       {picture(3, 4, 4), profile.Preprocess{Mean: ones}, []int{1, 3, 4, 4}, ErrPreprocess, "mean has 2 values"},
		"std":              {picture(3, 4, 4), profile.Preprocess{Std: ones}, []int{1, 3, 4, 4}, ErrPreprocess, "std has 2 values"},
		"zero std":         {picture(3, 4, 4), profile.Preprocess{Std: []float32{0}}, []int{1, 3, 4, 4}, ErrPreprocess, "std"},
		"channels":         {picture(3, 4, 4), profile.Preprocess{Channels: "RGB"}, []int{1, 3, 4, 4}, ErrPreprocess, `"RGB"`},
		"layout":           {picture(3, 4, 4), profile.Preprocess{Layout: "chw"}, []int{1, 3, 4, 4}, ErrPreprocess, `"chw"`},
		"half a crop":      {picture(3, 4, 4), profile.Preprocess{Crop: profile.Size{Width: 4}}, []int{1, 3, 4, 4}, ErrPreprocess, "side"},
		"lying image":      {Image{Channels: 3, Height: 4, Width: 4}, profile.Preprocess{}, []int{1, 3, 4, 4}, ErrImage, "0 values"},
	} {
		_, err := Prepare(c.img, c.p, c.want)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v with %q", name, err, c.is, c.text)
		}
	}
}

// torchvision's CenterCrop rounds half pixels to even, its Resize cuts the longer side.
func TestGeometry(t *testing.T) {
	for _, c := range []struct{ h, w, crop, top, left int }{{5, 7, 4, 0, 2}, {7, 9, 4, 2, 2}, {4, 4, 4, 0, 0}, {13, 9, 4, 4, 2}} {
		top, left, err := cropAt(c.h, c.w, profile.Size{Height: c.crop, Width: c.crop})
		if err != nil || top != c.top || left != c.left {
			t.Errorf("%+v: %d, %d, %v", c, top, left, err)
		}
	}
	for _, c := range [][4]int{{375, 500, 256, 341}, {500, 375, 341, 256}, {300, 300, 256, 256}, {2, 1000, 256, 128000}} {
		h, w, err := (&fit{p: profile.Preprocess{Resize: profile.Size{Width: 256}}}).resizedTo(c[0], c[1])
		if err != nil || h != c[2] || w != c[3] {
			t.Errorf("%v: %dx%d, %v", c, h, w, err)
		}
	}
}

func TestPrepareMask(t *testing.T) {
	mask := []int32{0, 1, 2, 3, 4, 5, 6, 7}
	for name, c := range map[string]struct {
		p    profile.Preprocess
		want []int32
	}{
		"as it is": {profile.Preprocess{}, mask},
		"crop":     {profile.Preprocess{Crop: profile.Size{Height: 2, Width: 2}}, []int32{1, 2, 5, 6}},
		"smaller":  {profile.Preprocess{Resize: profile.Size{Height: 1, Width: 2}}, []int32{5, 7}},
		"larger": {profile.Preprocess{Resize: profile.Size{Width: 4}, Crop: profile.Size{Height: 4, Width: 2}},
			[]int32{1, 2, 1, 2, 5, 6, 5, 6}},
	} {
		got, err := (&fit{p: c.p}).prepareMask(mask, 2, 4)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (%v)", name, got, c.want, err)
		}
	}
	if _, err := (&fit{}).mask(label{mask: mask, height: 2, width: 4}, 4, 2); !errors.Is(err, ErrLabel) {
		t.Errorf("wrong size: %v", err)
	}
	for _, p := range []profile.Preprocess{{Crop: profile.Size{Height: 3, Width: 3}}, {Resize: profile.Size{Height: 1 << 20, Width: 1 << 20}}} {
		if _, err := (&fit{p: p}).prepareMask(mask, 2, 4); !errors.Is(err, ErrFit) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	src := mustOpen(t, "npy:"+write(t, dir, "x.npy", npy("|u1", []int{2, 2, 2}, []byte{1, 2, 3, 4, 5, 6, 7, 8}))+","+
		write(t, dir, "y.npy", npy("|u1", []int{2, 2, 2}, []byte{1, 0, 0, 0, 0, 0, 0, 2})))
	in, err := NewInputs(src, profile.Preprocess{Divisor: 1}, []int{1, 1, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	ex, err := in.Example(1)
	if err != nil || in.Len() != 2 || in.Source() != src {
		t.Fatal(err)
	}
	if ex.Name != "1" || ex.Label != -1 || !slices.Equal(ex.Mask, []int32{0, 0, 0, 2}) || !slices.Equal(ex.Input.Data, []float32{5, 6, 7, 8}) {
		t.Errorf("%+v", ex)
	}
	x, err := in.Input(0)
	if err != nil || x.Data[3] != 4 {
		t.Errorf("%v, %v", x, err)
	}
	if _, err := NewInputs(src, profile.Preprocess{Channels: "x"}, []int{1, 1, 2, 2}); !errors.Is(err, ErrPreprocess) {
		t.Errorf("bad settings: %v", err)
	}
	small, err := NewInputs(src, profile.Preprocess{}, []int{1, 1, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.Example(1); !errors.Is(err, ErrFit) || !strings.Contains(err.Error(), "image 1") {
		t.Errorf("misfit: %v", err)
	}
}

func BenchmarkPrepare(b *testing.B) {
	img, p := pattern(224, 224), profile.Preprocess{Mean: []float32{.5}, Std: []float32{.25}}
	b.SetBytes(int64(4 * len(img.Pix)))
	for b.Loop() {
		if _, err := Prepare(img, p, []int{1, 3, 224, 224}); err != nil {
			b.Fatal(err)
		}
	}
}
