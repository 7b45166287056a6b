package dataset

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A stream gives the rows of a file, of any type, once and in order, and says where it ends early.
func TestStream(t *testing.T) {
	file := npy("|u1", []int{4, 2}, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	s, err := OpenStream("pipe", bytes.NewReader(file[:len(file)-1]))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Shape(), []int{4, 2}) {
		t.Error(s.Shape())
	}
	got := make([]float32, 4)
	if err := s.ReadRows(got, 0); err != nil || !slices.Equal(got, []float32{1, 2, 3, 4}) {
		t.Error(got, err)
	}
	if err := s.ReadRows(got[:2], 0); !errors.Is(err, ErrStream) {
		t.Errorf("rows are read twice: %v", err)
	}
	if err := s.ReadRows(got[:2], 2); err != nil || got[1] != 6 {
		t.Error(got, err)
	}
	if err := s.ReadRows(got[:2], 3); !errors.Is(err, ErrStream) {
		t.Errorf("the end is missing: %v", err)
	}
	f4 := npy("<f4", []int{1, 1}, []byte{0, 0, 0x80, 0x3f})
	if s, err = OpenStream("pipe", bytes.NewReader(f4)); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadRows(got[:1], 0); err != nil || got[0] != 1 {
		t.Error(got, err)
	}
	fortran := strings.Replace(string(file), "'fortran_order': False", "'fortran_order': True ", 1)
	for _, bad := range []string{"", "text", fortran, strings.Replace(string(file), "|u1", "|S1", 1)} {
		if _, err := OpenStream("pipe", strings.NewReader(bad)); !errors.Is(err, ErrStream) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// Whatever comes through a pipe is refused or gives the rows that it announces, as far as it goes.
func FuzzStream(f *testing.F) {
	f.Add(npy("|u1", []int{4, 2}, []byte{1, 2, 3, 4, 5, 6, 7, 8}))
	f.Add(npy("<f4", []int{1, 1}, []byte{0, 0, 0x80, 0x3f}))
	f.Add(npy(">f8", []int{2}, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := OpenStream("pipe", bytes.NewReader(b))
		if err != nil {
			if !errors.Is(err, ErrStream) {
				t.Error(err)
			}
			return
		}
		shape, row := s.Shape(), s.array.RowSize()
		if row > 1<<16 {
			return
		}
		dst := make([]float32, row)
		for i := range min(shape[0], 100) {
			if err := s.ReadRows(dst, i); err != nil {
				if !errors.Is(err, ErrStream) {
					t.Error(err)
				}
				return
			}
		}
	})
}
