package dataset

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Rows of every type come as the numbers that they are, from any row on.
func TestArrayRows(t *testing.T) {
	values := []float64{0, 1, 2, 3, 100, 5, 6, 7}
	encode := map[string]func(v float64) []byte{
		"|u1": func(v float64) []byte { return []byte{byte(v)} },
		">i2": func(v float64) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) },
		"<i8": func(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) },
		"<f2": func(v float64) []byte {
			return binary.LittleEndian.AppendUint16(nil, map[float64]uint16{
				0: 0, 1: 0x3c00, 2: 0x4000, 3: 0x4200, 100: 0x5640, 5: 0x4500, 6: 0x4600, 7: 0x4700}[v])
		},
		"<f4": func(v float64) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v))) },
		">f4": func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(v))) },
		"<f8": func(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) },
	}
	for dtype, bytes := range encode {
		var b []byte
		for _, v := range values {
			b = append(b, bytes(v)...)
		}
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, npy(dtype, []int{4, 2}, b), 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := OpenArray(path, Options{})
		if err != nil {
			t.Fatal(dtype, err)
		}
		for from := range 4 {
			for n := range 5 - from {
				got := make([]float32, 2*n)
				if err := x.ReadRows(got, from); err != nil {
					t.Fatal(dtype, err)
				}
				for i, v := range got {
					if float64(v) != values[2*from+i] {
						t.Errorf("%s: rows from %d: %v", dtype, from, got)
					}
				}
			}
		}
		if err := x.ReadRows(make([]float32, 4), 3); err == nil {
			t.Errorf("%s: a row behind the last is read", dtype)
		}
		if !slices.Equal(x.Shape(), []int{4, 2}) || x.RowSize() != 2 || x.Type() != dtype || x.Close() != nil {
			t.Errorf("%s: %v, %d, %s", dtype, x.Shape(), x.RowSize(), x.Type())
		}
	}
}

func TestOpenArrayRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenArray(filepath.Join(dir, "none.npy"), Options{}); !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	path := filepath.Join(dir, "text.npy")
	if err := os.WriteFile(path, npy("|S8", []int{1}, make([]byte, 8)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenArray(path, Options{}); err == nil {
		t.Error("an array of texts is opened")
	}
}
