package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dqa-go/dqa/profile"
	"github.com/google/go-cmp/cmp"
)

// write puts a file, and the folders above it, below dir and returns its path with slashes, quoted for a spec.
func write(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return quote(filepath.ToSlash(path))
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gray is a picture of one row.
func gray(values ...uint8) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, len(values), 1))
	copy(g.Pix, values)
	return g
}

// npy is a .npy file of version 1.
func npy(dtype string, shape []int, data []byte) []byte {
	text := strings.NewReplacer("[", "(", "]", ",)", " ", ", ").Replace(fmt.Sprint(shape))
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", dtype, text)
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), data...)
}

func mustOpen(t *testing.T, spec string) Source {
	t.Helper()
	src, err := Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func mustSample(t *testing.T, src Source, i int) Sample {
	t.Helper()
	s, err := src.Sample(i)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustDigest(t *testing.T, src Source) [32]byte {
	t.Helper()
	d, err := src.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenDir(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.png", pngOf(t, gray(1, 2)))
	write(t, dir, "a.PNG", pngOf(t, gray(3)))
	write(t, dir, "c.txt", []byte("no image"))
	write(t, dir, ".hidden.png", []byte("no image"))
	write(t, dir, "sub/d.png", pngOf(t, gray(4)))
	write(t, dir, "a/e.png", pngOf(t, gray(5)))
	src := mustOpen(t, "dir:"+quote(filepath.ToSlash(dir)))
	if src.Len() != 4 || src.Labels() != Unlabelled {
		t.Fatalf("%d images, labels %d", src.Len(), src.Labels())
	}
	want := Sample{Name: "b.png", Image: Image{Channels: 1, Height: 1, Width: 2, Pix: []float32{1, 2}}, Label: -1}
	if d := cmp.Diff(want, mustSample(t, src, 1)); d != "" {
		t.Error(d)
	}
	for i, want := range []string{"a.PNG", "b.png", "a/e.png", "sub/d.png"} { // a folder's own pictures first
		if got := mustSample(t, src, i).Name; got != want {
			t.Errorf("%d is %s, want %s", i, got, want)
		}
	}
	if notes := Notes(src); len(notes) != 1 || !strings.Contains(notes[0], "2 files were left out: .txt (1), hidden (1)") {
		t.Errorf("notes %q", notes)
	}
	if mustOpen(t, src.Spec()).Len() != 4 {
		t.Error("Spec does not open the source")
	}
}

func TestOpenImageFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "zebra/1.png", pngOf(t, gray(9)))
	write(t, dir, "ant/2.png", pngOf(t, gray(7)))
	write(t, dir, "ant/10.png", pngOf(t, gray(8)))
	write(t, dir, ".git/3.png", pngOf(t, gray(0)))
	if err := os.Mkdir(filepath.Join(dir, "bee"), 0o755); err != nil { // an empty class keeps its index
		t.Fatal(err)
	}
	src := mustOpen(t, "imagefolder:"+quote(filepath.ToSlash(dir)))
	var got []string
	for i := range src.Len() {
		s := mustSample(t, src, i)
		got = append(got, fmt.Sprintf("%s %d %v", s.Name, s.Label, s.Image.Pix))
	}
	if d := cmp.Diff([]string{"ant/10.png 0 [8]", "ant/2.png 0 [7]", "zebra/1.png 2 [9]"}, got); d != "" || src.Labels() != ClassLabels {
		t.Error(d)
	}
}

func TestOpenList(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "img/x.png", pngOf(t, gray(5)))
	write(t, dir, "y.png", pngOf(t, gray(6)))
	labelled := mustOpen(t, "images:"+write(t, dir, "l.tsv", []byte("\ufeffimg/x.png\t3\tcat\tmore\r\n\r\ny.png\t0\n")))
	if s := mustSample(t, labelled, 0); labelled.Len() != 2 || labelled.Labels() != ClassLabels || s.Label != 3 || s.Image.Pix[0] != 5 {
		t.Errorf("%v", s)
	}
	plain := mustOpen(t, "images:"+write(t, dir, "p.tsv", []byte("y.png\nimg/x.png")))
	if s := mustSample(t, plain, 0); plain.Labels() != Unlabelled || s.Label != -1 || s.Name != "y.png" {
		t.Errorf("%v", s)
	}
}

func TestOpenMasks(t *testing.T) {
	dir := t.TempDir()
	palette := color.Palette{color.Black, color.White, color.Gray{100}, color.Gray{90}, color.Gray{80}}
	indexed := image.NewPaletted(image.Rect(0, 0, 3, 1), palette)
	copy(indexed.Pix, []uint8{4, 0, 1})
	write(t, dir, "in/a.png", pngOf(t, gray(1, 2, 3)))
	write(t, dir, "in/b.png", pngOf(t, gray(1, 2, 3)))
	write(t, dir, "out/a.png", pngOf(t, gray(11, 0, 255)))
	write(t, dir, "out/b.png", pngOf(t, indexed))
	write(t, dir, "out/unused.png", pngOf(t, gray(1)))
	root := quote(filepath.ToSlash(dir))
	src := mustOpen(t, "masks:"+root+"/in,"+root+"/out")
	if src.Labels() != MaskLabels {
		t.Error("no masks")
	}
	for i, want := range [][]int32{{11, 0, 255}, {4, 0, 1}} {
		if s := mustSample(t, src, i); !slices.Equal(s.Mask, want) || s.Label != -1 {
			t.Errorf("%d: mask %v, want %v", i, s.Mask, want)
		}
	}
}

// Gray of 2 bits: the decoder spreads 0..3 over 0..255, the classes are 0..3 all the same.
func TestMaskOfFewBits(t *testing.T) {
	dir := t.TempDir()
	narrow := chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", []byte{0, 0, 0, 4, 0, 0, 0, 1, 2, 0, 0, 0, 0})
	narrow = chunk(narrow, "IDAT", zlibStored([]byte{0, 0b00_01_10_11}))
	narrow = chunk(narrow, "IEND", nil)
	write(t, dir, "in/a.png", pngOf(t, gray(1, 2, 3, 4)))
	write(t, dir, "out/a.png", narrow)
	root := quote(filepath.ToSlash(dir))
	if s := mustSample(t, mustOpen(t, "masks:"+root+"/in,"+root+"/out"), 0); !slices.Equal(s.Mask, []int32{0, 1, 2, 3}) {
		t.Errorf("mask %v", s.Mask)
	}
	if s := mustSample(t, mustOpen(t, "dir:"+root+"/out"), 0); s.Image.Pix[3] != 255 || s.Image.Pix[1] != 85 {
		t.Errorf("image %v", s.Image.Pix)
	}
}

func TestOpenNPY(t *testing.T) {
	dir := t.TempDir()
	six := []byte{1, 2, 3, 4, 5, 6}
	x := write(t, dir, "x.npy", npy("|u1", []int{2, 1, 3}, six))
	y := write(t, dir, "y.npy", npy("<i2", []int{2}, []byte{7, 0, 0, 1}))
	m := write(t, dir, "m.npy", npy("<i8", []int{2, 1, 3}, []byte{5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0}))
	src := mustOpen(t, "npy:"+x+","+y)
	want := Sample{Name: "1", Image: Image{Channels: 1, Height: 1, Width: 3, Pix: []float32{4, 5, 6}}, Label: 256}
	if d := cmp.Diff(want, mustSample(t, src, 1)); d != "" {
		t.Error(d)
	}
	if s := mustSample(t, mustOpen(t, "npy:"+x), 0); s.Label != -1 {
		t.Errorf("label %d without Y", s.Label)
	}
	for _, scheme := range []string{"npy:", "masks:"} {
		src := mustOpen(t, scheme+x+","+m)
		if s := mustSample(t, src, 0); src.Labels() != MaskLabels || !slices.Equal(s.Mask, []int32{5, 6, 7}) {
			t.Errorf("%s: mask %v", scheme, s.Mask)
		}
		if !strings.HasPrefix(src.Spec(), scheme) {
			t.Errorf("spec %q", src.Spec())
		}
	}
}

func TestNPYLayouts(t *testing.T) {
	dir := t.TempDir()
	data := make([]byte, 2*3*8)
	for i := range data {
		data[i] = byte(i)
	}
	open := func(dtype string, shape []int, data []byte) Image {
		return mustSample(t, mustOpen(t, "npy:"+write(t, dir, "x.npy", npy(dtype, shape, data))), 0).Image
	}
	first := open("|u1", []int{1, 2, 3, 8}, data)
	if first.Channels != 2 || first.Height != 3 || first.Width != 8 || first.Pix[24] != 24 || first.Float {
		t.Errorf("channels first: %+v", first)
	}
	last := open("|u1", []int{1, 8, 2, 3}, data)
	if last.Channels != 3 || last.Height != 8 || last.Width != 2 || last.Pix[1] != 3 || last.Pix[16] != 1 {
		t.Errorf("channels last: %+v", last)
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		dtype := map[bool]string{true: "<f4", false: ">f4"}[order.String() == "LittleEndian"]
		var b []byte
		for _, v := range []float32{-1.5, 2, float32(math.Inf(1))} {
			b = order.AppendUint32(b, math.Float32bits(v))
		}
		if m := open(dtype, []int{1, 1, 3}, b); m.Pix[0] != -1.5 || m.Pix[1] != 2 || !m.Float {
			t.Errorf("%s: %+v", dtype, m)
		}
	}
}

func TestOpenCIFAR10(t *testing.T) {
	b := make([]byte, 2*cifarRecord)
	b[cifarRecord], b[cifarRecord+1], b[cifarRecord+1+1024] = 9, 17, 33
	dir := t.TempDir()
	src := mustOpen(t, "cifar10:"+write(t, dir, "two.bin", b))
	s := mustSample(t, src, 1)
	if src.Len() != 2 || s.Label != 9 || s.Image.Pix[0] != 17 || s.Image.Pix[1024] != 33 || s.Name != "1" {
		t.Errorf("label %d, name %q", s.Label, s.Name)
	}
	// The same pixels in an array are the same image.
	x := mustOpen(t, "npy:"+write(t, dir, "x.npy", npy("|u1", []int{1, 3, 32, 32}, b[cifarRecord+1:])))
	one, err1 := SampleDigest(src, 1)
	two, err2 := SampleDigest(x, 0)
	if err1 != nil || err2 != nil || one != two {
		t.Errorf("%x and %x (%v, %v)", one, two, err1, err2)
	}
	b[0] = 10
	if _, err := mustOpen(t, "cifar10:"+write(t, dir, "bad.bin", b)).Sample(0); !errors.Is(err, ErrLabel) {
		t.Errorf("class 10: %v", err)
	}
}

func TestPictures(t *testing.T) {
	rect := image.Rect(0, 0, 1, 1)
	wide := image.NewGray16(rect)
	wide.SetGray16(0, 0, color.Gray16{Y: 0x1234})
	nrgba, nrgba64, rgba64 := image.NewNRGBA(rect), image.NewNRGBA64(rect), image.NewRGBA64(rect)
	nrgba.SetNRGBA(0, 0, color.NRGBA{R: 200, G: 100, B: 50, A: 10})
	nrgba64.SetNRGBA64(0, 0, color.NRGBA64{R: 60000, G: 300, B: 2, A: 1000})
	rgba64.SetRGBA64(0, 0, color.RGBA64{R: 60000, G: 300, B: 2, A: 65535})
	opaque := image.NewPaletted(rect, color.Palette{color.RGBA{10, 20, 30, 255}})
	clear := image.NewPaletted(rect, color.Palette{color.NRGBA{10, 20, 30, 40}})
	var gray8, colour bytes.Buffer
	flat := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range flat.Pix {
		flat.Pix[i] = 255
	}
	errs := errors.Join(jpeg.Encode(&gray8, image.NewGray(image.Rect(0, 0, 8, 8)), nil), jpeg.Encode(&colour, flat, nil))
	if errs != nil {
		t.Fatal(errs)
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		file []byte
		want []float32 // first pixel of every channel
	}{
		"gray 8":              {pngOf(t, gray(77)), []float32{77}},
		"gray 16":             {pngOf(t, wide), []float32{0x1234}},
		"transparent":         {pngOf(t, nrgba), []float32{200, 100, 50, 10}},
		"transparent 16":      {pngOf(t, nrgba64), []float32{60000, 300, 2, 1000}},
		"colour 16":           {pngOf(t, rgba64), []float32{60000, 300, 2}},
		"palette":             {pngOf(t, opaque), []float32{10, 20, 30}},
		"transparent palette": {pngOf(t, clear), []float32{10, 20, 30, 40}},
		"gray JPEG":           {gray8.Bytes(), []float32{0}},
		"JPEG":                {colour.Bytes(), []float32{255, 255, 255}},
	} {
		write(t, dir, "x.png", c.file) // JPEG, too: contents decide
		s, err := mustOpen(t, "dir:"+quote(filepath.ToSlash(dir))).Sample(0)
		img := s.Image
		if err != nil || img.Channels != len(c.want) {
			t.Errorf("%s: %d channels, %v", name, img.Channels, err)
			continue
		}
		for k, v := range c.want {
			if got := img.Pix[k*img.Height*img.Width]; got != v {
				t.Errorf("%s: channel %d is %v, want %v", name, k, got, v)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	root := quote(filepath.ToSlash(dir))
	picture := pngOf(t, gray(1))
	write(t, dir, "flat/a.png", picture)
	write(t, dir, "classes/c/a.png", picture)
	write(t, dir, "other/b.png", picture)
	write(t, dir, "twins/a.png", picture)
	write(t, dir, "twins/a.jpg", picture)
	write(t, dir, "hollow/c/none.txt", nil)
	write(t, dir, "empty.bin", nil)
	write(t, dir, "short.bin", make([]byte, 3074))
	write(t, dir, "blank.tsv", []byte("\n\n"))
	write(t, dir, "mixed.tsv", []byte("a.png\t1\nb.png\n"))
	write(t, dir, "word.tsv", []byte("a.png\tcat\n"))
	write(t, dir, "twice.tsv", []byte("a.png\na.png\n"))
	write(t, dir, "long.tsv", bytes.Repeat([]byte("a"), 1<<17))
	write(t, dir, "x.npy", npy("|u1", []int{2, 2, 2}, make([]byte, 8)))
	write(t, dir, "y1.npy", npy("|u1", []int{1}, make([]byte, 1)))
	write(t, dir, "y2.npy", npy("|u1", []int{2}, make([]byte, 2)))
	write(t, dir, "yf.npy", npy("<f4", []int{2}, []byte{0, 0, 0, 63, 0, 0, 0, 63}))
	write(t, dir, "ym.npy", npy("|u1", []int{2, 2, 3}, make([]byte, 12)))
	write(t, dir, "cut.npy", npy("|u1", []int{2, 2, 2}, make([]byte, 7)))
	write(t, dir, "c8.npy", npy("<c8", []int{1, 1, 1}, make([]byte, 8)))
	write(t, dir, "flat.npy", npy("|u1", []int{2, 4}, make([]byte, 8)))
	write(t, dir, "zero.npy", npy("|u1", []int{0, 4, 4}, nil))
	write(t, dir, "huge.npy", npy("|u1", []int{1, 1 << 20, 1 << 20}, nil))
	for text, want := range map[string]struct {
		is   error
		text string
	}{
		"photos":                                       {ErrSpec, "write SCHEME:PATH"},
		filepath.Join(dir, "x.npy"):                    {ErrSpec, "did you mean npy:"},
		"foo:bar":                                      {ErrSpec, "known are cifar10, dir, imagefolder, images, masks, npy"},
		"dir:" + root + "/nowhere":                     {ErrMissing, "nowhere"},
		"dir:" + root + "/x.npy":                       {ErrSpec, "did you mean npy:"},
		"dir:" + root + "/short.bin":                   {ErrSpec, "did you mean cifar10:"},
		"dir:" + root + "/hollow/c":                    {ErrEmpty, "no PNG, JPEG, WebP, BMP or TIFF file"},
		"dir:a,b":                                      {ErrSpec, "one path"},
		"imagefolder:" + root + "/flat":                {ErrEmpty, "did you mean dir:"},
		"imagefolder:" + root + "/hollow":              {ErrEmpty, "no PNG, JPEG, WebP, BMP or TIFF file"},
		"imagefolder:" + root + "/x.npy":               {ErrSpec, "did you mean npy:"},
		"images:" + root + "/none.tsv":                 {ErrMissing, "none.tsv"},
		"images:" + root + "/flat":                     {ErrSpec, "did you mean dir:"},
		"images:" + root + "/blank.tsv":                {ErrEmpty, "no lines"},
		"images:" + root + "/mixed.tsv":                {ErrLabel, "line 2"},
		"images:" + root + "/word.tsv":                 {ErrLabel, `"cat"`},
		"images:" + root + "/twice.tsv":                {ErrSpec, "first on line 1"},
		"images:" + root + "/long.tsv":                 {ErrSpec, "too long"},
		"cifar10:" + root + "/empty.bin":               {ErrEmpty, "empty file"},
		"cifar10:" + root + "/short.bin":               {ErrImage, "3073"},
		"masks:" + root + "/flat":                      {ErrSpec, "masks:IMAGES,LABELS"},
		"masks:" + root + "/flat," + root + "/other":   {ErrMissing, "no label a.png"},
		"masks:" + root + "/flat," + root + "/twins":   {ErrLabel, "same base name"},
		"masks:" + root + "/flat," + root + "/none":    {ErrMissing, "none"},
		"masks:" + root + "/flat," + root + "/classes": {ErrMissing, "no label a.png"},
		"masks:" + root + "/x.npy," + root + "/y2.npy": {ErrLabel, "did you mean npy:"},
		"npy:a,b,c":                                    {ErrSpec, "X,Y"},
		"npy:" + root + "/none.npy":                    {ErrMissing, "none.npy"},
		"npy:" + root + "/flat":                        {ErrSpec, "did you mean dir:"},
		"npy:" + root + "/short.bin":                   {ErrImage, "not a NumPy"},
		"npy:" + root + "/cut.npy":                     {ErrImage, "there are 1"},
		"npy:" + root + "/c8.npy":                      {ErrImage, "type <c8"},
		"npy:" + root + "/flat.npy":                    {ErrImage, "N x C x H x W"},
		"npy:" + root + "/zero.npy":                    {ErrEmpty, "[0 4 4]"},
		"npy:" + root + "/huge.npy":                    {ErrImage, "more than"},
		"npy:" + root + "/x.npy," + root + "/y1.npy":   {ErrLabel, "1 labels for 2 images"},
		"npy:" + root + "/x.npy," + root + "/ym.npy":   {ErrLabel, "[2 2 2] (masks)"},
		"npy:" + root + "/x.npy," + root + "/cut.npy":  {ErrLabel, "there are 1"},
		"npy:" + root + "/x.npy[1:3]":                  {ErrSpec, "of 2 images"},
		"npy:" + root + "/x.npy[1:1]":                  {ErrEmpty, "[1:1]"},
		"npy:" + root + "/x.npy[2:]":                   {ErrEmpty, "[2:2]"},
	} {
		_, err := Open(text)
		if !errors.Is(err, want.is) || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: got %v, want %v with %q", text, err, want.is, want.text)
		}
	}
}

// One bad file among good ones must not stop Open, and is named when its turn comes.
func TestBadImageIsNamed(t *testing.T) {
	dir := t.TempDir()
	good := pngOf(t, gray(1, 2, 3))
	write(t, dir, "in/0.png", good)
	write(t, dir, "in/1.png", good[:len(good)-20])
	write(t, dir, "in/2.png", []byte("GIF89a"))
	write(t, dir, "in/3.png", nil)
	write(t, dir, "in/4.png", hugePNG())
	root := quote(filepath.ToSlash(dir))
	src := mustOpen(t, "dir:"+root+"/in")
	mustSample(t, src, 0)
	for i := 1; i < 5; i++ {
		_, err := src.Sample(i)
		if name := fmt.Sprintf("%d.png", i); !errors.Is(err, ErrImage) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "in", "1.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Sample(1); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "1.png") {
		t.Errorf("removed: %v", err)
	}
	for _, i := range []int{-1, 5} {
		if _, err := src.Sample(i); !errors.Is(err, ErrImage) {
			t.Errorf("index %d: %v", i, err)
		}
	}
}

func TestBadLabels(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "in/a.png", pngOf(t, gray(1, 2)))
	write(t, dir, "size/a.png", pngOf(t, gray(1)))
	red := image.NewRGBA(image.Rect(0, 0, 2, 1))
	red.Set(1, 0, color.RGBA{200, 0, 0, 255})
	red.Set(0, 0, color.Black)
	write(t, dir, "colour/a.png", pngOf(t, red))
	write(t, dir, "broken/a.png", []byte("\x89PNG"))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, gray(1, 2), nil); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "lossy/a.png", b.Bytes())
	root := quote(filepath.ToSlash(dir))
	for _, labels := range []string{"size", "colour", "broken", "lossy"} {
		in, err := NewInputs(mustOpen(t, "masks:"+root+"/in,"+root+"/"+labels), profile.Preprocess{}, []int{1, 1, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		_, err = in.Example(0)
		if !errors.Is(err, ErrLabel) || !strings.Contains(err.Error(), "a.png") {
			t.Errorf("%s: %v", labels, err)
		}
	}
	x := write(t, dir, "x.npy", npy("|u1", []int{1, 1, 1}, []byte{1}))
	for dtype, b := range map[string][]byte{"|i1": {255}, "<i8": {0, 0, 0, 0, 1, 0, 0, 0}, "<u8": {0, 0, 0, 0, 0, 0, 0, 255}} {
		for _, shape := range [][]int{{1}, {1, 1, 1}} {
			y := write(t, dir, "y.npy", npy(dtype, shape, b))
			in, err := NewInputs(mustOpen(t, "npy:"+x+","+y), profile.Preprocess{}, []int{1, 1, 1, 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.Example(0); !errors.Is(err, ErrLabel) {
				t.Errorf("%s %v: %v", dtype, shape, err)
			}
		}
	}
}

func TestSlice(t *testing.T) {
	dir := t.TempDir()
	x := "npy:" + write(t, dir, "x.npy", npy("|u1", []int{4, 1, 1}, []byte{10, 11, 12, 13})) +
		"," + write(t, dir, "y.npy", npy("|u1", []int{4}, []byte{0, 1, 2, 3}))
	middle := mustOpen(t, x+"[1:3]")
	s := mustSample(t, middle, 1)
	if middle.Len() != 2 || s.Label != 2 || s.Image.Pix[0] != 12 || s.Name != "2" || middle.Spec() != x+"[1:3]" {
		t.Errorf("%d images, %+v, %s", middle.Len(), s, middle.Spec())
	}
	if _, err := middle.Sample(2); !errors.Is(err, ErrImage) {
		t.Errorf("beyond the end: %v", err)
	}
	if d := mustDigest(t, mustOpen(t, x+"[:]")); d != mustDigest(t, mustOpen(t, x)) {
		t.Error("a slice of everything has another digest")
	}
	again, err := Slice(middle, 1, 2)
	if err != nil || again.Spec() != x+"[2:3]" || mustSample(t, again, 0).Label != 2 {
		t.Errorf("slice of a slice: %v, %v", again, err)
	}
	if mustDigest(t, again) != mustDigest(t, mustOpen(t, again.Spec())) {
		t.Error("spec of a slice of a slice opens something else")
	}
}

// plainSource is a source of another package.
type plainSource struct{ Source }

func TestDigest(t *testing.T) {
	dir := t.TempDir()
	x := []byte{10, 11, 12, 13}
	spec := func(name string, x, y []byte) string {
		return "npy:" + write(t, dir, name+"/x.npy", npy("|u1", []int{len(x), 1, 1}, x)) + "," + write(t, dir, name+"/y.npy", npy("|u1", []int{len(y)}, y))
	}
	base := mustOpen(t, spec("a", x, []byte{0, 1, 2, 3}))
	want := mustDigest(t, base)
	for name, c := range map[string]struct {
		spec string
		same bool
	}{
		"other folder":    {spec("b", x, []byte{0, 1, 2, 3}), true},
		"other pixel":     {spec("c", []byte{10, 11, 12, 14}, []byte{0, 1, 2, 3}), false},
		"other order":     {spec("d", []byte{11, 10, 12, 13}, []byte{1, 0, 2, 3}), false},
		"other label":     {spec("e", x, []byte{0, 1, 2, 4}), false},
		"without labels":  {strings.Split(base.Spec(), ",")[0], false},
		"one image less":  {base.Spec() + "[:3]", false},
		"slice of all":    {base.Spec() + "[0:4]", true},
		"slice of longer": {spec("f", append(x, 99), []byte{0, 1, 2, 3, 4}) + "[:4]", true},
	} {
		if got := mustDigest(t, mustOpen(t, c.spec)); (got == want) != c.same {
			t.Errorf("%s: same digest %v, want %v", name, got == want, c.same)
		}
	}
	other := plainSource{base}
	d1, err1 := Digest(other)
	d2, err2 := Digest(plainSource{mustOpen(t, spec("g", x, []byte{0, 1, 2, 4}))})
	if err1 != nil || err2 != nil || d1 == d2 {
		t.Errorf("foreign sources with different labels: %x, %x, %v, %v", d1, d2, err1, err2)
	}
	sliced, err := Slice(other, 0, 4)
	if err != nil || mustDigest(t, sliced) != d1 {
		t.Errorf("slice of all of a foreign source: %v", err)
	}
}

func TestRegister(t *testing.T) {
	dir := t.TempDir()
	x := "npy:" + write(t, dir, "x.npy", npy("|u1", []int{2, 1, 1}, []byte{1, 2}))
	Register("test", func(rest string) (Source, error) {
		if rest != "a,b" {
			return nil, ErrSpec
		}
		return Open(x)
	})
	if src := mustOpen(t, `test:a\,b[1:]`); src.Len() != 1 || mustSample(t, src, 0).Image.Pix[0] != 2 {
		t.Error("wrong source")
	}
	for _, scheme := range []string{"test", "npy", "", "a:b", "a,b"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("scheme %q registered", scheme)
				}
			}()
			Register(scheme, nil)
		}()
	}
}

func TestManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	data := make([]byte, 64)
	for i := range data {
		data[i] = byte(i)
	}
	src := mustOpen(t, "npy:"+write(t, dir, "x.npy", npy("|u1", []int{64, 1, 1}, data))+","+write(t, dir, "y.npy", npy("|u1", []int{64}, data)))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 64 {
				k := (i*7 + g) % 64
				if s, err := src.Sample(k); err != nil || s.Image.Pix[0] != float32(k) || s.Label != k {
					t.Errorf("%d: %+v, %v", k, s, err)
				}
			}
		})
	}
	wg.Wait()
}
