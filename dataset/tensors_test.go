package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// archiveOf holds float32 arrays of values 0, 1, 2 ... by name and shape.
func archiveOf(t *testing.T, arrays map[string][]int, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, shape := range arrays {
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(i)
		}
		data, err := binary.Append(nil, binary.LittleEndian, values)
		if err != nil {
			t.Fatal(err)
		}
		entry, err := w.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(npy("<f4", shape, data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Arrays of run have an axis of images in front, those of decode no batch axis; both are what a part reads.
func TestTensors(t *testing.T) {
	a, b := TensorInput{"a", []int{1, 2, 3}}, TensorInput{"b/c", []int{4, 1, 5}}
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		many := archiveOf(t, map[string][]int{"a": {7, 2, 3}, "b/c": {7, 4, 5}, "other": {9}}, method)
		one := archiveOf(t, map[string][]int{"a": {2, 1, 3}}, method)
		path := filepath.ToSlash(write(t, t.TempDir(), "many.npz", many))
		for _, c := range []struct {
			spec   string
			stdin  []byte
			inputs []TensorInput
			images int
			last   float32 // value of the last image's first input
		}{
			{"npz:" + path, nil, []TensorInput{a, b}, 7, 41},
			{"npz:-", many, []TensorInput{b, a}, 7, 139},
			{"npz:" + path + "[2:4]", nil, []TensorInput{a, b}, 2, 23},
			{"npz:-[1:]", many, []TensorInput{b}, 6, 139},
			{"npz:-", one, []TensorInput{a}, 1, 5},
			{"npz:-," + path + "[0:1]", one, []TensorInput{a}, 1, 5},
		} {
			src, err := Options{}.OpenTensors(c.spec, c.stdin, c.inputs)
			if err != nil {
				t.Fatalf("%s: %v", c.spec, err)
			}
			if src.Len() != c.images {
				t.Errorf("%s: %d images", c.spec, src.Len())
			}
			_, got, err := src.Feed(src.Len() - 1)
			if err != nil {
				t.Fatalf("%s: %v", c.spec, err)
			}
			if v := got[0].Data[len(got[0].Data)-1]; v != c.last || !slices.Equal(got[0].Shape, c.inputs[0].Shape) {
				t.Errorf("%s: last value %g of shape %v", c.spec, v, got[0].Shape)
			}
			if _, _, err := src.Feed(src.Len()); err == nil {
				t.Errorf("%s: an image beyond the last", c.spec)
			}
		}
	}
}

func TestTensorsErrors(t *testing.T) {
	a, b := TensorInput{"a", []int{1, 2, 3}}, TensorInput{"b", []int{4}}
	good := map[string][]int{"a": {7, 2, 3}, "b": {7, 4}}
	for _, c := range []struct {
		spec   string
		arrays map[string][]int
		kind   error
	}{
		{"npz:-", map[string][]int{"a": {7, 2, 3}}, ErrSpec},
		{"npz:-", map[string][]int{"a": {7, 3, 2}, "b": {7, 4}}, ErrFit},
		{"npz:-", map[string][]int{"a": {7, 7, 2, 3}, "b": {7, 4}}, ErrFit},
		{"npz:-", map[string][]int{"a": {7, 2, 3}, "b": {6, 4}}, ErrFit},
		{"npz:-", map[string][]int{"a": {0, 2, 3}, "b": {0, 4}}, ErrEmpty},
		{"npz:-[3:3]", good, ErrEmpty},
		{"npz:-[3:9]", good, ErrSpec},
		{"npz:-[9:]", good, ErrSpec},
		{"npy:-", good, ErrSpec},
		{"npz:", good, ErrSpec},
		{"npz:nowhere.npz", good, ErrMissing},
	} {
		stdin := archiveOf(t, c.arrays, zip.Store)
		if _, err := (Options{}).OpenTensors(c.spec, stdin, []TensorInput{a, b}); !errors.Is(err, c.kind) {
			t.Errorf("%s of %v: %v, want %v", c.spec, c.arrays, err, c.kind)
		}
	}
	small, packed := Options{MaxMemory: 100}, archiveOf(t, good, zip.Deflate)
	if _, err := small.OpenTensors("npz:-", packed, []TensorInput{a, b}); !errors.Is(err, ErrMemory) {
		t.Error(err)
	}
	if _, err := (Options{}).OpenTensors("npz:-", []byte("PK, but no archive"), []TensorInput{a}); !errors.Is(err, ErrImage) {
		t.Error(err)
	}
}

// Whatever the bytes of an archive, reading them ends in values or in an error.
func FuzzTensors(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		src, err := Options{MaxMemory: 1 << 20}.OpenTensors("npz:-", b, []TensorInput{{"a", []int{1, 2, 3}}})
		if err != nil {
			return
		}
		for i := range min(src.Len(), 3) {
			if _, got, err := src.Feed(i); err == nil && len(got[0].Data) != 6 {
				t.Errorf("%d values", len(got[0].Data))
			}
		}
	})
}
