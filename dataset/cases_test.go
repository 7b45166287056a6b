package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

// What people bring, as it came (testdata/cases), and its kind.

// raw takes pixels as they are.
var raw = profile.Preprocess{Divisor: 1}

func mustInputs(t *testing.T, spec string, opt Options, p profile.Preprocess, shape ...int) *Inputs {
	t.Helper()
	opt.Shape, opt.Layout, opt.AsStored = shape, p.Layout, p.AsStored
	src, err := opt.Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewInputs(src, p, shape)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func mustInput(t *testing.T, in *Inputs, i int) []float32 {
	t.Helper()
	x, err := in.Input(i)
	if err != nil {
		t.Fatal(err)
	}
	return x.Data
}

// Every format, upper case, .jfif and folders in class folders; the order is torchvision's.
func TestMixedFolder(t *testing.T) {
	in := mustInputs(t, "imagefolder:testdata/cases/B1_mixed_folder", Options{}, raw, 1, 3, 16, 16)
	var got []string
	for i := range in.Len() {
		ex, err := in.Example(i)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %d", ex.Name, ex.Label))
	}
	want := []string{"a/1.jpg 0", "a/2.webp 0", "a/3.JPG 0", "a/4.jfif 0", "b/1.bmp 1", "b/2.png 1", "b/3.webp 1",
		"b/part2/4.jpg 1", "c/1.tif 2", "c/2.jpeg 2"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	notes := strings.Join(in.Notes(), "\n")
	if !strings.Contains(notes, "0 a, 1 b, 2 c") || !strings.Contains(notes, "2 files were left out") {
		t.Errorf("notes %q", notes)
	}
}

// One picture with every orientation in every format that can say it, against Pillow's ImageOps.exif_transpose.
func TestOrientation(t *testing.T) {
	upright := [][]float32{1: {0, 40, 80, 120, 160, 200}, 2: {80, 40, 0, 200, 160, 120}, 3: {200, 160, 120, 80, 40, 0},
		4: {120, 160, 200, 0, 40, 80},
		5: {0, 120, 40, 160, 80, 200}, 6: {120, 0, 160, 40, 200, 80}, 7: {200, 80, 160, 40, 120, 0}, 8: {80, 200, 40, 160, 0, 120}}
	for o := 1; o <= 8; o++ {
		for _, ext := range []string{"png", "webp", "tif", "jpg"} {
			scale := 1
			if ext == "jpg" {
				scale = 16
			}
			h, w := 2, 3
			if o > 4 {
				h, w = 3, 2
			}
			dir := t.TempDir()
			name := fmt.Sprintf("%d.%s", o, ext)
			b, err := os.ReadFile(filepath.Join("testdata/orientation", name))
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, name, b)
			spec := "dir:" + quote(filepath.ToSlash(dir))
			x := mustInput(t, mustInputs(t, spec, Options{}, raw, 1, 3, h*scale, w*scale), 0)
			stored := mustInput(t, mustInputs(t, spec, Options{}, profile.Preprocess{Divisor: 1, AsStored: true}, 1, 3, 2*scale, 3*scale), 0)
			for k := range 6 {
				at := func(w int) int { return (k/w*scale+scale/2)*w*scale + k%w*scale + scale/2 }
				if got := x[at(w)]; math.Abs(float64(got-upright[o][k])) > 2 {
					t.Errorf("%s: pixel %d is %v, want %v", name, k, got, upright[o][k])
				}
				if got := stored[at(3)]; math.Abs(float64(got-upright[1][k])) > 2 {
					t.Errorf("%s as stored: pixel %d is %v, want %v", name, k, got, upright[1][k])
				}
			}
		}
	}
	// A photograph, upright as Pillow has it; decoders of JPEG differ by a few levels.
	photo := mustInput(t, mustInputs(t, "dir:testdata/cases/B2_exif", Options{}, raw, 1, 3, 16, 24), 0)
	want := mustInput(t, mustInputs(t, "images:"+write(t, t.TempDir(), "l.txt", []byte(mustAbs(t, "testdata/cases/B2_exif.upright.png"))), Options{}, raw, 1, 3, 16, 24), 0)
	for k, v := range want {
		if math.Abs(float64(photo[k]-v)) > 6 {
			t.Fatalf("value %d is %v, want %v", k, photo[k], v)
		}
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(abs)
}

func TestListSeparators(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		line, file string
		label      int
	}{
		"tab":                {"a b,c.png\t3\tmore", "a b,c.png", 3},
		"comma":              {"a.png,3", "a.png", 3},
		"comma, space":       {"a.png, 3, cat", "a.png", 3},
		"comma in the name":  {"a,b.png,3", "a,b.png", 3},
		"space":              {"a.png 3", "a.png", 3},
		"spaces":             {"a.png   3", "a.png", 3},
		"space in the name":  {"a b.png 3", "a b.png", 3},
		"space, more":        {"a.png 3 cat", "a.png", 3},
		"quoted":             {`"a b.png",3`, "a b.png", 3},
		"quoted, space":      {`"a,b.png" 3 "cat"`, "a,b.png", 3},
		"quoted, tab":        {"\"a.png\"\t3", "a.png", 3},
		"quoted both":        {`"a.png","3"`, "a.png", 3},
		"unlabelled":         {"a.png", "a.png", -1},
		"unlabelled, space":  {"a b.png", "a b.png", -1},
		"unlabelled, comma":  {"a,b.png", "a,b.png", -1},
		"unlabelled, quoted": {`"a b.png"`, "a b.png", -1},
		"negative":           {"a.png,-1", "a.png", -1},
	} {
		write(t, dir, c.file, pngOf(t, gray(1)))
		s := mustSample(t, mustOpen(t, "images:"+write(t, dir, "l.txt", []byte(c.line+"\r\n"))), 0)
		if s.Name != c.file || s.Label != c.label {
			t.Errorf("%s: %q, label %d", name, s.Name, s.Label)
		}
	}
	for _, l := range []string{"val.csv", "val_space_separated.txt"} {
		src := mustOpen(t, "images:testdata/cases/B1_mixed_folder/"+l)
		if s := mustSample(t, src, 1); src.Len() != 2 || s.Name != "b/2.png" || s.Label != 1 {
			t.Errorf("%s: %+v", l, s)
		}
	}
	src := mustOpen(t, "images:"+write(t, dir, "h.csv", []byte("filename,label\na.png,7\n")))
	if src.Len() != 1 || len(Notes(src)) != 1 {
		t.Errorf("heading: %d images, notes %q", src.Len(), Notes(src))
	}
	for text, want := range map[string]string{`"a.png`: "not closed", "a.png,cat": `"cat"`, "a.png cat": `"cat"`, "a.png\t3.5": `"3.5"`} {
		if _, err := Open("images:" + write(t, dir, "bad.txt", []byte(text))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestClassFolders(t *testing.T) {
	picture := pngOf(t, gray(1))
	for name, c := range map[string]struct {
		files []string
		opt   Options
		want  string // class indices by name
		note  string
		err   error
	}{
		"sorted":          {files: []string{"b/1.png", "a/1.png"}, want: "a/1.png 0, b/1.png 1", note: "0 a, 1 b"},
		"numbers":         {files: []string{"10/1.png", "2/1.png", "0/1.png"}, want: "0/1.png 0, 2/1.png 2, 10/1.png 10", note: "1 (no folder)"},
		"numbers from 1":  {files: []string{"1_cat/1.png", "2_dog/1.png"}, want: "1_cat/1.png 0, 2_dog/1.png 1", note: "0 1_cat, 1 2_dog"},
		"numbers are ids": {files: []string{"n01440764/1.png", "n02102040/1.png"}, want: "n01440764/1.png 0, n02102040/1.png 1"},
		"classes.txt":     {files: []string{"classes.txt=b\nx\na\n", "a/1.png", "b/1.png"}, want: "b/1.png 0, a/1.png 2"},
		"given":           {files: []string{"a/1.png", "c/1.png"}, opt: Options{Classes: []string{"a", "b", "c"}}, want: "a/1.png 0, c/1.png 2"},
		"given, too few":  {files: []string{"a/1.png", "c/1.png"}, opt: Options{Classes: []string{"a"}}, err: ErrLabel},
		"twice":           {files: []string{"classes.txt=a\na\n", "a/1.png"}, err: ErrLabel},
		"empty":           {files: []string{"a/1.png", "b/none.txt"}, want: "a/1.png 0", note: "no pictures in the class folders b"},
	} {
		dir := t.TempDir()
		for _, f := range c.files {
			if path, text, ok := strings.Cut(f, "="); ok {
				write(t, dir, path, []byte(text))
			} else {
				write(t, dir, f, picture)
			}
		}
		src, err := c.opt.Open("imagefolder:" + quote(filepath.ToSlash(dir)))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		var got []string
		for i := range src.Len() {
			s := mustSample(t, src, i)
			got = append(got, fmt.Sprintf("%s %d", s.Name, s.Label))
		}
		if strings.Join(got, ", ") != c.want || !strings.Contains(strings.Join(Notes(src), "\n"), c.note) {
			t.Errorf("%s: %v, notes %q", name, got, Notes(src))
		}
	}
}

// The same numbers in every type and order that NumPy writes, and in archives.
func TestArrayTypes(t *testing.T) {
	dir := t.TempDir()
	values := []float64{0, 1, 2, 3, 100, 120, 7, 9}
	for _, dtype := range []string{"|u1", "|i1", "<u2", ">u2", "<i2", "<u4", "<i4", ">i4", "<u8", "<i8", "<f2", ">f2", "<f4", "<f8", ">f8"} {
		in := mustInputs(t, "npy:"+write(t, dir, "x.npy", npy(dtype, []int{2, 1, 2, 2}, encodeNumbers(dtype, values))), Options{},
			raw, 1, 1, 2, 2)
		if got := mustInput(t, in, 1); !slices.Equal(got, []float32{100, 120, 7, 9}) {
			t.Errorf("%s: %v", dtype, got)
		}
	}
	fortran := bytes.Replace(npy("<f4", []int{2, 1, 2, 2}, encodeNumbers("<f4", []float64{0, 100, 2, 7, 1, 120, 3, 9})),
		[]byte("False"), []byte("True "), 1)
	if got := mustInput(t, mustInputs(t, "npy:"+write(t, dir, "f.npy", fortran), Options{}, raw, 1, 1, 2, 2),
		1); !slices.Equal(got, []float32{100, 120, 7, 9}) {
		t.Errorf("Fortran order: %v", got)
	}
	x, y := npy("<f4", []int{2, 1, 2, 2}, encodeNumbers("<f4", values)), npy("<i8", []int{2}, encodeNumbers("<i8", []float64{5, 6}))
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		both := write(t, dir, "xy.npz", archive(t, method, map[string][]byte{"x": x, "y": y}))
		one := write(t, dir, "x.npz", archive(t, method, map[string][]byte{"x": fortran}))
		in := mustInputs(t, "npy:"+both+":x,"+both+":y", Options{}, raw, 1, 1, 2, 2)
		ex, err := in.Example(1)
		if err != nil || ex.Label != 6 || ex.Input.Data[0] != 100 {
			t.Errorf("archive: %+v, %v", ex, err)
		}
		if got := mustInput(t, mustInputs(t, "npy:"+one, Options{}, raw, 1, 1, 2, 2), 1); got[3] != 9 {
			t.Errorf("archive of one: %v", got)
		}
		if _, err := Open("npy:" + both); !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), "x, y") {
			t.Errorf("archive of two: %v", err)
		}
		if _, err := (Options{MaxMemory: 40}).Open("npy:" + one); !errors.Is(err, ErrMemory) {
			t.Errorf("too large: %v", err)
		}
	}
	for name, shape := range map[string][]int{"D4_archive.npz": {1, 3, 16, 24}, "D4_float16.npy": {1, 3, 16, 24}} {
		if in := mustInputs(t, "npy:testdata/cases/"+name, Options{}, raw, shape...); in.Len() != 4 || len(mustInput(t, in, 3)) != 3*16*24 {
			t.Errorf("%s: %d images", name, in.Len())
		}
	}
}

func archive(t *testing.T, method uint16, arrays map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range arrays {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeNumbers(dtype string, values []float64) (b []byte) {
	var order binary.AppendByteOrder = binary.LittleEndian
	if dtype[0] == '>' {
		order = binary.BigEndian
	}
	for _, v := range values {
		switch dtype[1:] {
		case "u1", "i1":
			b = append(b, byte(int(v)))
		case "u2", "i2":
			b = order.AppendUint16(b, uint16(int(v)))
		case "u4", "i4":
			b = order.AppendUint32(b, uint32(int(v)))
		case "u8", "i8":
			b = order.AppendUint64(b, uint64(int(v)))
		case "f4":
			b = order.AppendUint32(b, math.Float32bits(float32(v)))
		case "f8":
			b = order.AppendUint64(b, math.Float64bits(v))
		case "f2": // of whole numbers below 2048
			half := uint16(0)
			if v > 0 {
				fraction, exponent := math.Frexp(v)
				half = uint16(exponent+14)<<10 | uint16(fraction*2048)&0x3ff
			}
			b = order.AppendUint16(b, half)
		}
	}
	return b
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 1: 0x1p-24, 0x03ff: 1023 * 0x1p-24,
		0x0400: 0x1p-14, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1), 0x3555: 0.333251953125} {
		if got := half(bits); got != want {
			t.Errorf("%04x: %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7e00)) {
		t.Error("7e00 is a number")
	}
}

// The network's input tells the axes of arrays apart.
func TestArrayAxes(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		shape, network []int
		layout         string
		images         int
		want           []float32 // of the last image; pixel k of the array is k
	}{
		"C x H x W":                {[]int{3, 1, 2}, []int{1, 3, 1, 2}, "", 1, []float32{0, 1, 2, 3, 4, 5}},
		"N x H x W":                {[]int{3, 1, 2}, []int{1, 1, 1, 2}, "", 3, []float32{4, 5}},
		"two gray for three":       {[]int{2, 1, 2}, []int{1, 3, 1, 2}, "", 2, []float32{2, 3, 2, 3, 2, 3}},
		"H x W x 1":                {[]int{2, 2, 1}, []int{1, 1, 2, 2}, "", 1, []float32{0, 1, 2, 3}},
		"6 channels last":          {[]int{1, 1, 2, 6}, []int{1, 6, 1, 2}, "", 1, []float32{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}},
		"4 last are columns":       {[]int{1, 8, 1, 4}, []int{1, 8, 1, 4}, "", 1, nil},
		"channels last, nhwc":      {[]int{1, 1, 2, 3}, []int{1, 1, 2, 3}, "nhwc", 1, []float32{0, 1, 2, 3, 4, 5}},
		"channels first, for nhwc": {[]int{1, 3, 1, 2}, []int{1, 1, 2, 3}, "nhwc", 1, []float32{0, 2, 4, 1, 3, 5}},
	} {
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i)
		}
		p := raw
		p.Layout = c.layout
		in := mustInputs(t, "npy:"+write(t, dir, "x.npy", npy("|u1", c.shape, data)), Options{}, p, c.network...)
		if got := mustInput(t, in, in.Len()-1); in.Len() != c.images || c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %d images, %v", name, in.Len(), got)
		}
	}
	in := mustInputs(t, "npy:testdata/cases/A9_one_chw_image.x.npy", Options{}, raw, 1, 3, 16, 16)
	if mustInput(t, in, 0); in.Len() != 1 || len(in.Notes()) != 1 {
		t.Errorf("%d images, notes %q", in.Len(), in.Notes())
	}
	mustInput(t, mustInputs(t, "npy:testdata/cases/D4_nchw_8x8x4.npy", Options{}, raw, 1, 8, 8, 4), 1)
	if notes := mustInputs(t, "npy:testdata/cases/A9_one_chw_image.x.npy", Options{}, profile.Preprocess{}, 1, 3, 16, 16).Notes(); !strings.Contains(notes[1], "--divisor 1") {
		t.Errorf("floats divided by 255: %q", notes)
	}
}

// Labels in every shape and type.
func TestArrayLabels(t *testing.T) {
	dir := t.TempDir()
	x := write(t, dir, "x.npy", npy("|u1", []int{2, 1, 3}, make([]byte, 6)))
	mask := []int32{2, 0, 1}
	for name, c := range map[string]struct {
		dtype  string
		shape  []int
		values []float64
		class  int
		mask   []int32
	}{
		"N":             {"<i8", []int{2}, []float64{1, 2}, 2, nil},
		"N x 1":         {"<f4", []int{2, 1}, []float64{1, 2}, 2, nil},
		"one-hot":       {"<f8", []int{2, 3}, []float64{1, 0, 0, 0, 0, 1}, 2, nil},
		"N x H x W":     {"<u2", []int{2, 1, 3}, []float64{0, 0, 0, 2, 0, 1}, -1, mask},
		"N x 1 x H x W": {"<f4", []int{2, 1, 1, 3}, []float64{0, 0, 0, 2, 0, 1}, -1, mask},
		"N x H x W x 1": {"|u1", []int{2, 1, 3, 1}, []float64{0, 0, 0, 2, 0, 1}, -1, mask},
		"one-hot masks": {"|u1", []int{2, 3, 1, 3}, []float64{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}, -1, mask},
		"one-hot, last": {"|u1", []int{2, 1, 3, 4}, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0,
			1, 0, 0}, -1, mask},
		"beyond 255":        {"<i4", []int{2, 1, 3}, []float64{0, 0, 0, 1000, 0, 1}, -1, []int32{1000, 0, 1}},
		"negative, ignored": {"<i8", []int{2, 1, 3}, []float64{0, 0, 0, -1, 0, 1}, -1, []int32{Ignored, 0, 1}},
	} {
		y := write(t, dir, "y.npy", npy(c.dtype, c.shape, encodeNumbers(c.dtype, c.values)))
		ex, err := mustInputs(t, "npy:"+x+","+y, Options{}, profile.Preprocess{Ignore: []int{-1}}, 1, 1, 1, 3).Example(1)
		if err != nil || ex.Label != c.class || !slices.Equal(ex.Mask, c.mask) {
			t.Errorf("%s: %d, %v, %v", name, ex.Label, ex.Mask, err)
		}
	}
	for name, c := range map[string]struct {
		shape  []int
		values []float64
		want   string
	}{
		"fraction":    {[]int{2}, []float64{.5, .5}, "0.5 is no class"},
		"two hot":     {[]int{2, 3}, []float64{1, 1, 0, 1, 1, 0}, "one-hot"},
		"none hot":    {[]int{2, 3}, []float64{0, 0, 0, 0, 0, 0}, "without a 1"},
		"probability": {[]int{2, 2}, []float64{.5, .5, .5, .5}, "one-hot"},
		"negative":    {[]int{2}, []float64{-1, -1}, "--ignore"},
	} {
		y := write(t, dir, "y.npy", npy("<f4", c.shape, encodeNumbers("<f4", c.values)))
		if _, err := mustInputs(t, "npy:"+x+","+y, Options{}, raw, 1, 1, 1, 3).Example(1); !errors.Is(err, ErrLabel) ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ADE20K and its like: 0 is void and classes count from 1; the masks are those with 255 for void.
func TestVoidIsZero(t *testing.T) {
	x := write(t, t.TempDir(), "x.npy", npy("|u1", []int{4, 16, 24}, make([]byte, 4*16*24)))
	open := func(labels string, p profile.Preprocess) *Inputs {
		return mustInputs(t, "npy:"+x+",testdata/cases/"+labels, Options{}, p, 1, 1, 16, 24)
	}
	void0 := open("A4_void_zero_labels.y.npy", profile.Preprocess{LabelShift: -1, Ignore: []int{0}})
	void255 := open("A4_void_zero_labels.same_as_255.npy", profile.Preprocess{Ignore: []int{255}})
	minusOne := open("E_masks_minus_one.npy", profile.Preprocess{Ignore: []int{-1}})
	for i := range 4 {
		a, err1 := void0.Example(i)
		b, err2 := void255.Example(i)
		c, err3 := minusOne.Example(i)
		if err := errors.Join(err1, err2, err3); err != nil || !slices.Equal(a.Mask, b.Mask) || slices.Max(a.Mask) > 3 || slices.Max(c.Mask) > 3 {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestColouredMasks(t *testing.T) {
	dir := t.TempDir()
	colours := []color.NRGBA{{0, 0, 0, 255}, {200, 0, 0, 255}, {0, 200, 0, 255}}
	rgb, wide, equal := image.NewNRGBA(image.Rect(0, 0, 3, 1)), image.NewGray16(image.Rect(0, 0, 3, 1)), image.NewNRGBA(image.Rect(0, 0, 3, 1))
	indexed := image.NewPaletted(rgb.Rect, color.Palette{colours[0], colours[1], colours[2]})
	for x := range 3 {
		rgb.SetNRGBA(x, 0, colours[x])
		wide.SetGray16(x, 0, color.Gray16{Y: uint16(1000 * x)})
		equal.SetNRGBA(x, 0, color.NRGBA{uint8(x), uint8(x), uint8(x), 255})
		indexed.SetColorIndex(x, 0, uint8(2-x))
	}
	palette, err := ParsePalette("#000000,#c80000,#00c800")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "in/a.png", pngOf(t, gray(1, 2, 3)))
	for name, c := range map[string]struct {
		mask    image.Image
		palette Palette
		want    []int32
	}{
		"colours":             {rgb, palette, []int32{0, 1, 2}},
		"16 bits":             {wide, nil, []int32{0, 1000, 2000}},
		"gray as colours":     {equal, nil, []int32{0, 1, 2}},
		"indices":             {indexed, nil, []int32{2, 1, 0}},
		"indices and palette": {indexed, Palette{0x00c800: 7, 0xc80000: 8, 0: 9}, []int32{7, 8, 9}},
	} {
		write(t, dir, "out/a.png", pngOf(t, c.mask))
		root := quote(filepath.ToSlash(dir))
		ex, err := mustInputs(t, "masks:"+root+"/in,"+root+"/out", Options{Palette: c.palette}, raw, 1, 1, 1, 3).Example(0)
		if err != nil || !slices.Equal(ex.Mask, c.want) {
			t.Errorf("%s: %v, %v", name, ex.Mask, err)
		}
	}
	write(t, dir, "out/a.png", pngOf(t, rgb))
	root := quote(filepath.ToSlash(dir))
	for want, opt := range map[string]Options{"#c80000 is no class: give --palette": {},
		"#00c800 is not in the palette": {Palette: Palette{0: 0, 0xc80000: 1}}} {
		if _, err := mustInputs(t, "masks:"+root+"/in,"+root+"/out", opt, raw, 1, 1, 1, 3).Example(0); !errors.Is(err,
			ErrLabel) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	// The image itself is not to blame, and is read without its mask.
	mustInput(t, mustInputs(t, "masks:"+root+"/in,"+root+"/out", Options{}, raw, 1, 1, 1, 3), 0)
	write(t, dir, "masks/e.png", must(os.ReadFile("testdata/cases/E_mask_rgb_equal_channels.png")))
	write(t, dir, "images/e.png", must(os.ReadFile("testdata/cases/B2_exif.upright.png")))
	ex, err := mustInputs(t, "masks:"+root+"/images,"+root+"/masks", Options{}, raw, 1, 3, 16, 24).Example(0)
	if err != nil || slices.Max(ex.Mask) != 3 || slices.Min(ex.Mask) != 0 {
		t.Errorf("gray as colours: %v, %v", ex.Mask, err)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestParsePalette(t *testing.T) {
	dir := t.TempDir()
	n := 0
	file := func(text string) string {
		n++
		return write(t, dir, fmt.Sprintf("%d.txt", n), []byte(text))
	}
	for name, c := range map[string]struct {
		text string
		want Palette
	}{
		"list":         {"#000000, #0a0B0c", Palette{0: 0, 0x0a0b0c: 1}},
		"lines":        {file("0 0 0\n10,11,12 # road\n"), Palette{0: 0, 0x0a0b0c: 1}},
		"names":        {file("name,r,g,b\nvoid,0,0,0\nroad2,10,11,12\n"), Palette{0: 0, 0x0a0b0c: 1}},
		"indices":      {file("5 0 0 0\n7 10 11 12\n"), Palette{0: 5, 0x0a0b0c: 7}},
		"hex in lines": {file("#000000 void\n\n#0a0b0c\n"), Palette{0: 0, 0x0a0b0c: 1}},
	} {
		if got, err := ParsePalette(c.text); err != nil || cmp.Diff(c.want, got) != "" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"twice": "#000000,#000000", "no colour": "#000000,red", "beyond": file("0 0 0\n0 0 256\n"), "empty": file("\n"), "missing": "nowhere.txt",
	} {
		if _, err := ParsePalette(text); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func TestPick(t *testing.T) {
	dir := t.TempDir()
	data := make([]byte, 100)
	for i := range data {
		data[i] = byte(i)
	}
	src := mustOpen(t, "npy:"+write(t, dir, "x.npy", npy("|u1", []int{100, 1, 1}, data))+","+write(t, dir, "y.npy",
		npy("|u1", []int{100}, data)))
	some := Pick(src, 10, 1)
	var labels []int
	for i := range some.Len() {
		s := mustSample(t, some, i)
		if int(s.Image.Pix[0]) != s.Label || s.Name != fmt.Sprint(s.Label) {
			t.Errorf("%+v", s)
		}
		labels = append(labels, s.Label)
	}
	if len(labels) != 10 || !slices.IsSorted(labels) || labels[9] < 50 || labels[0] > 50 ||
		!strings.HasSuffix(some.Spec(), "(10 images, seed 1)") {
		t.Errorf("%v, %s", labels, some.Spec())
	}
	if mustDigest(t, some) == mustDigest(t, Pick(src, 10, 2)) || mustDigest(t, some) != mustDigest(t, Pick(src, 10, 1)) {
		t.Error("the seed does not decide")
	}
	if Pick(src, 100, 1) != src || Pick(src, 0, 1) != src {
		t.Error("all are not all")
	}
}

func TestOneClass(t *testing.T) {
	dir := t.TempDir()
	x := write(t, dir, "x.npy", npy("|u1", []int{12, 1, 1}, make([]byte, 12)))
	spec := "npy:" + x + "," + write(t, dir, "y.npy", npy("|u1", []int{12}, []byte{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}))
	for s, want := range map[string]bool{spec: false, spec + "[0:6]": true, spec + "[1:7]": false, spec + "[6:]": true,
		spec + "[0:4]": false, "npy:" + x: false} {
		if got := OneClass(mustOpen(t, s)); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}
