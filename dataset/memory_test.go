package dataset

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Arrays in memory are read as the files that hold them.
func TestMemoryIsTheFile(t *testing.T) {
	dir := t.TempDir()
	images := Memory{filepath.Join(dir, "x.npy"), "|u1", []int{3, 2, 5, 5}, nil}
	for i := range 150 {
		images.Data = append(images.Data, byte(i*7))
	}
	labels := Memory{filepath.Join(dir, "y.npy"), "<i2", []int{3}, []byte{1, 0, 255, 255, 2, 0}}
	for _, m := range []Memory{images, labels} {
		if err := os.WriteFile(m.Name, append(NPYHeader(m.Shape, m.Type), m.Data...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Options{}.OpenMemory(images, &labels)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Open("npy:" + images.Name + "," + labels.Name)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := got.Digest()
	b, errB := want.Digest()
	if a != b || errA != nil || errB != nil || got.Spec() != want.Spec() {
		t.Errorf("digests %x and %x (%v, %v), specs %q and %q", a, b, errA, errB, got.Spec(), want.Spec())
	}
	for i := range 3 {
		x, errX := got.Sample(i)
		y, errY := want.Sample(i)
		if errX != nil || errY != nil || x.Label != y.Label || !slices.Equal(x.Image.Pix, y.Image.Pix) {
			t.Errorf("image %d: %v, %v; label %d, want %d", i, errX, errY, x.Label, y.Label)
		}
	}
	rows, err := OpenMemory(images)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, 100)
	if err := rows.ReadRows(values, 1); err != nil || values[3] != 115 {
		t.Errorf("%v, %v", values[:4], err)
	}
	if err := rows.ReadRows(values, 2); err == nil {
		t.Error("rows beyond the end are read")
	}
}

func TestMemoryRefuses(t *testing.T) {
	for name, m := range map[string]Memory{
		"no axis":     {"x", "<f4", nil, make([]byte, 4)},
		"negative":    {"x", "<f4", []int{-1, 2}, nil},
		"empty rows":  {"x", "<f4", []int{2, 0}, nil},
		"overflow":    {"x", "<f4", []int{1, math.MaxInt / 2, 8}, nil},
		"too short":   {"x", "<f4", []int{2, 2}, bytes.Repeat([]byte{1}, 15)},
		"too long":    {"x", "<f4", []int{2, 2}, make([]byte, 17)},
		"no type":     {"x", "", []int{1}, make([]byte, 4)},
		"text":        {"x", "<U4", []int{1}, make([]byte, 4)},
		"other words": {"x", "<f4; 1", []int{1}, make([]byte, 4)},
	} {
		if _, err := OpenMemory(m); !errors.Is(err, ErrFit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
