package main

import (
	"archive/zip"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/inspect"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/rogpeppe/go-internal/testscript"
)

// asCommand makes the test's binary behave as dqa.
const asCommand = "DQA_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"dqa": func() {
		injectFault(os.Getenv("DQA_TEST_FAULT"))
		main()
	}})
}

// TestScript runs testdata/script/*.txtar. Condition [data]: the shared networks and data are there, in $DATA; with
// CI=true they must be. Condition [ci]: what takes long is tested, too.
func TestScript(t *testing.T) {
	data := os.Getenv("DQA_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		t.Fatal(err)
	}
	_, absent := os.Stat(data)
	if absent != nil && testdata.CI() {
		t.Fatalf("shared data is required in CI: %v", absent)
	}
	if absent != nil {
		t.Logf("parts of the scripts stop early: shared data is absent (set DQA_DATA): %v", absent)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATA", data)
			env.Setenv("PRE", filepath.Join(here, "..", "..", "testdata", "preprocess"))
			return nil
		},
		Condition: func(cond string) (bool, error) {
			return cond == "data" && absent == nil || cond == "ci" && testdata.CI(), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mkpng":     makePNG,
			"mkfolder":  makeFolders,
			"flip":      flipByte,
			"truncate":  truncate,
			"jsonkeys":  checkKeys,
			"sums":      checkSections,
			"arrays":    checkArrays,
			"samenames": checkNames,
			"samelink":  checkLink,
			"fails":     checkFailure,
			"code":      checkCode,
			"join":      joinFrames,
			"mkonnx":    makeONNX,
			"mknpy":     makeNPY,
			"pty":       inTerminal,
			"mknet":     makeNet,
			"mkblank":   makeBlank,
			"mkcolour":  makeColour,

			"empty": checkEmpty,
		},
	})
}

// mkpng FILE WIDTH HEIGHT
func makePNG(ts *testscript.TestScript, _ bool, args []string) {
	w, err := strconv.Atoi(args[1])
	ts.Check(err)
	h, err := strconv.Atoi(args[2])
	ts.Check(err)
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	img.SetGray(0, 0, color.Gray{255})
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(png.Encode(f, img))
	ts.Check(f.Close())
}

// mkfolder DIR SPEC 8|16 NAME...: the images of SPEC as gray pictures of so many bits in a folder per class; those of a
// class called "-" are left out.
func makeFolders(ts *testscript.TestScript, _ bool, args []string) {
	src, err := dataset.Open(args[1])
	ts.Check(err)
	for i := range src.Len() {
		s, err := src.Sample(i)
		ts.Check(err)
		name := args[3:][s.Label]
		if name == "-" {
			continue
		}
		deep, flat := image.NewGray16(image.Rect(0, 0, s.Image.Width, s.Image.Height)), image.NewGray(image.Rect(0, 0,
			s.Image.Width, s.Image.Height))
		for k, v := range s.Image.Pix {
			x, y := k%s.Image.Width, k/s.Image.Width
			deep.SetGray16(x, y, color.Gray16{Y: 257 * uint16(v)})
			flat.SetGray(x, y, color.Gray{Y: uint8(v)})
		}
		path := ts.MkAbs(filepath.Join(args[0], name, strconv.Itoa(i)+".png"))
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		f, err := os.Create(path)
		ts.Check(err)
		if args[2] == "16" {
			ts.Check(png.Encode(f, deep))
		} else {
			ts.Check(png.Encode(f, flat))
		}
		ts.Check(f.Close())
	}
}

// mkblank FILE WIDTH HEIGHT: a gray picture of one level and a little noise.
func makeBlank(ts *testscript.TestScript, _ bool, args []string) {
	savePicture(ts, args, func(r image.Rectangle) draw.Image { return image.NewGray(r) }, func(x, y int) color.Color {
		return color.Gray{Y: uint8(250 + x*y%2)}
	})
}

// mkcolour FILE WIDTH HEIGHT: a picture of dark red stripes.
func makeColour(ts *testscript.TestScript, _ bool, args []string) {
	savePicture(ts, args, func(r image.Rectangle) draw.Image { return image.NewNRGBA(r) }, func(x, _ int) color.Color {
		return color.NRGBA{R: uint8(128 * (x / 8 % 2)), A: 255}
	})
}

func savePicture(ts *testscript.TestScript, args []string, blank func(image.Rectangle) draw.Image, pixel func(x, y int) color.Color) {
	w, err := strconv.Atoi(args[1])
	ts.Check(err)
	h, err := strconv.Atoi(args[2])
	ts.Check(err)
	img := blank(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, pixel(x, y))
		}
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(png.Encode(f, img))
	ts.Check(f.Close())
}

// mknet FILE NAME: the file of a built-in network.
func makeNet(ts *testscript.TestScript, _ bool, args []string) {
	net, ok := demo.Network(args[1])
	if !ok {
		ts.Fatalf("no network %s", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), net.Model, 0o644))
}

// flip FILE OFFSET
func flipByte(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	b[at] ^= 0x10
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// truncate FILE SIZE
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// jsonkeys FILE KEY...: the object, or every object of the array, has exactly the keys.
func checkKeys(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, item := range list {
		object := item.(map[string]any)
		if len(object) != len(args)-1 {
			ts.Fatalf("%d keys, %d wanted: %v", len(object), len(args)-1, object)
		}
		for _, k := range args[1:] {
			if _, ok := object[k]; !ok {
				ts.Fatalf("no key %q", k)
			}
		}
	}
}

// sums JSON FILE: the sections of `inspect --json` sum to the file's size.
func checkSections(ts *testscript.TestScript, _ bool, args []string) {
	var v struct {
		Sections []inspect.Section
		Bytes    int
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	sum := 0
	for _, s := range v.Sections {
		sum += s.Bytes
	}
	if size := len(ts.ReadFile(args[1])); sum != size || v.Bytes != size || len(v.Sections) < 4 {
		ts.Fatalf("sections sum to %d, bytes say %d, the file has %d", sum, v.Bytes, size)
	}
}

// arrays FILE.npz N: the archive holds N arrays.
func checkArrays(ts *testscript.TestScript, _ bool, args []string) {
	r, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer r.Close()
	if n, err := strconv.Atoi(args[1]); err != nil || len(r.File) != n {
		ts.Fatalf("%d arrays, %s wanted", len(r.File), args[1])
	}
}

// empty DIR: nothing is in it, hidden or not.
func checkEmpty(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}

// samenames FILE.json KEY FILE.npz: the object's KEY, a list of things with names or an object by name, has the names of the
// archive's arrays.
func checkNames(ts *testscript.TestScript, _ bool, args []string) {
	var v map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	var byName map[string]any
	var list []struct{ Name string }
	if json.Unmarshal(v[args[1]], &byName) != nil {
		ts.Check(json.Unmarshal(v[args[1]], &list))
	}
	names := slices.Sorted(maps.Keys(byName))
	for _, item := range list {
		names = append(names, item.Name)
	}
	r, err := zip.OpenReader(ts.MkAbs(args[2]))
	ts.Check(err)
	defer r.Close()
	var keys []string
	for _, f := range r.File {
		keys = append(keys, strings.TrimSuffix(f.Name, ".npy"))
	}
	if len(keys) == 0 || !slices.Equal(keys, names) {
		ts.Fatalf("%s has the names %q, %s %q", args[0], names, args[2], keys)
	}
}
