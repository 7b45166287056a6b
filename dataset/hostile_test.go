package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
)

// spent is the memory that f allocates in all.
func spent(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// 130 KB that claim 67 million rows are refused before they are decoded, whatever they are to become.
func TestTallPicture(t *testing.T) {
	src := mustOpen(t, "dir:testdata/hostile")
	for name, c := range map[string]struct {
		p     profile.Preprocess
		shape []int
		err   error
	}{
		"as it is":     {profile.Preprocess{}, []int{1, 1, 32, 32}, ErrFit},
		"resized":      {profile.Preprocess{Resize: profile.Size{Height: 32, Width: 32}}, []int{1, 1, 32, 32}, ErrMemory},
		"shorter side": {profile.Preprocess{Resize: profile.Size{Width: 32}}, []int{1, 1, 32, 32}, ErrFit},
		"letterbox":    {profile.Preprocess{Resample: profile.Letterbox}, []int{1, 1, 32, 32}, ErrMemory},
		"cropped":      {profile.Preprocess{Crop: profile.Size{Height: 1, Width: 1}}, []int{1, 1, 1, 1}, ErrMemory},
	} {
		in, err := NewInputs(src, c.p, c.shape)
		if err != nil {
			t.Fatal(err)
		}
		if bytes := spent(func() { _, err = in.Input(0) }); !errors.Is(err, c.err) || errors.Is(err, ErrImage) || bytes > 8<<20 {
			t.Errorf("%s: %v, %d MiB spent", name, err, bytes>>20)
		}
	}
	var err error
	if bytes := spent(func() { _, err = src.Sample(0) }); !errors.Is(err, ErrMemory) || bytes > 8<<20 {
		t.Errorf("sample: %v, %d MiB spent", err, bytes>>20)
	}
	patient, err := Options{MaxMemory: 4 << 30}.Open("dir:testdata/hostile")
	if err != nil {
		t.Fatal(err)
	}
	if err := patient.(*source).opt.afford(pictureInfo{height: 1 << 26, width: 1, bytes: 1 << 26}, 4<<26); err != nil {
		t.Errorf("with 4 GiB: %v", err)
	}
}

// An empty scan of a progressive JPEG takes a few bytes and the decoder as long as a picture.
func TestManyScans(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	start := bytes.Index(whole, []byte{0xff, 0xda})
	bomb := slices.Concat(whole[:len(whole)-2], bytes.Repeat(whole[start:len(whole)-2], 300), []byte{0xff, 0xd9})
	dir := t.TempDir()
	write(t, dir, "a.jpg", bomb)
	if _, err := mustOpen(t, "dir:"+quote(filepath.ToSlash(dir))).Sample(0); !errors.Is(err, ErrImage) ||
		!strings.Contains(err.Error(), "scans") {
		t.Errorf("300 scans: %v", err)
	}
	j, err := scanJPEG(bytes.NewReader(whole))
	if err != nil || j.scans != 1 || j.progressive || j.orientation != 1 {
		t.Errorf("one scan: %+v, %v", j, err)
	}
}

func TestDeepYAML(t *testing.T) {
	text := "mean:\n" + strings.Repeat("- ", 31996) + "."
	var err error
	if bytes := spent(func() { _, err = parsePreprocess([]byte(text)) }); !errors.Is(err, ErrPreprocess) || bytes > 1<<20 {
		t.Errorf("%v, %d bytes spent", err, bytes)
	}
}

// What has no end is refused: pictures, lists, arrays, settings, names of classes.
func TestDevices(t *testing.T) {
	const endless = "/dev/zero"
	if info, err := os.Stat(endless); err != nil || info.Mode().IsRegular() {
		t.Skip("no devices here")
	}
	dir := t.TempDir()
	if err := os.Symlink(endless, filepath.Join(dir, "a.png")); err != nil {
		t.Skip(err)
	}
	_, picture := mustOpen(t, "dir:"+quote(filepath.ToSlash(dir))).Sample(0)
	_, list := Open("images:" + endless)
	_, array := Open("npy:" + endless)
	_, cifar := Open("cifar10:" + endless)
	_, settings := LoadPreprocess(endless)
	_, classes := LoadClasses(endless)
	_, palette := ParsePalette(endless)
	for name, err := range map[string]error{"picture": picture, "list": list, "array": array, "CIFAR": cifar,
		"settings": settings, "classes": classes, "palette": palette} {
		if err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Arbitrary bytes as pictures: an error or a picture, within the memory allowed.
func FuzzPicture(f *testing.F) {
	for _, pattern := range []string{"testdata/orientation/*", "testdata/cases/B1_mixed_folder/*/*.*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, n := range names {
			if b, err := os.ReadFile(n); err == nil {
				f.Add(b)
			}
		}
	}
	opt := Options{MaxMemory: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		img, orientation, err := opt.decode(bytes.NewReader(b), func(p pictureInfo) error {
			return opt.afford(p, 4*int64(p.channels)*int64(p.height)*int64(p.width))
		})
		if err != nil {
			return
		}
		whole := rasterOfPicture(img, orientation).whole()
		if err := whole.check(); err != nil {
			t.Error(err)
		}
	})
}

// What Pillow and OpenCV make of pictures; internal/crosscheck/resize.py wrote the cases and compares many more.
func TestResizeIsTheirs(t *testing.T) {
	b, err := os.ReadFile("testdata/resize.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		How          string
		Size, To     [2]int
		Pixels, Want []float32
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		how, err := parseResample(c.How)
		if err != nil {
			t.Fatal(err)
		}
		img := Image{Channels: 1, Height: c.Size[0], Width: c.Size[1], Pix: c.Pixels}
		p := profile.Preprocess{Divisor: 1, Resample: how, Resize: profile.Size{Height: c.To[0], Width: c.To[1]}}
		if got, err := Prepare(img, p, []int{1, 1, c.To[0], c.To[1]}); err != nil || !slices.Equal(got.Data, c.Want) {
			t.Errorf("%s %v to %v: %v", c.How, c.Size, c.To, err)
		}
	}
	if len(cases) < 10 {
		t.Errorf("%d cases", len(cases))
	}
}

// The border of a letterbox is no class; half of it and the picture come from their places.
func TestLetterbox(t *testing.T) {
	dir := t.TempDir()
	in := mustInputs(t, "npy:"+write(t, dir, "x.npy", npy("|u1", []int{1, 2, 4}, []byte{1, 2, 3, 4, 5, 6, 7, 8}))+","+
		write(t, dir, "y.npy", npy("|u1", []int{1, 2, 4}, []byte{0, 1, 2, 3, 4, 5, 6, 7})), Options{},
		profile.Preprocess{Divisor: 1, Resample: profile.Letterbox}, 1, 1, 4, 4)
	ex, err := in.Example(0)
	if err != nil {
		t.Fatal(err)
	}
	const g, n = 114, Ignored
	if want := []float32{g, g, g, g, 1, 2, 3, 4, 5, 6, 7, 8, g, g, g, g}; !slices.Equal(ex.Input.Data, want) {
		t.Errorf("%v", ex.Input.Data)
	}
	if want := []int32{n, n, n, n, 0, 1, 2, 3, 4, 5, 6, 7, n, n, n, n}; !slices.Equal(ex.Mask, want) {
		t.Errorf("%v", ex.Mask)
	}
	b := letterboxOf(1080, 1920, 640, 640)
	if b != (box{140, 0, 360, 640}) {
		t.Errorf("%+v", b)
	}
}
