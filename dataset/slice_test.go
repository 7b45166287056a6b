package dataset

import (
	"slices"
	"testing"
)

// numbered is a source whose samples are their numbers.
type numbered int

func (n numbered) Len() int                  { return int(n) }
func (n numbered) Labels() LabelKind         { return ClassLabels }
func (n numbered) Digest() ([32]byte, error) { return Digest(n) }
func (n numbered) Spec() string              { return "numbers:x" }

func (n numbered) Sample(i int) (Sample, error) {
	return Sample{Label: i, Image: Image{Channels: 1, Height: 1, Width: 1, Pix: []float32{float32(i)}}}, checkIndex(n, i)
}

// Every third image, and slices of such slices, are the images that Python's slices have, and their specs say so.
func TestEvery(t *testing.T) {
	whole, err := Every(numbered(20), 1, 20, 3) // 1 4 7 10 13 16 19
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to, step int
		want           []int
		spec           string
	}{
		{0, 7, 1, []int{1, 4, 7, 10, 13, 16, 19}, "numbers:x[1:20:3]"},
		{2, 5, 1, []int{7, 10, 13}, "numbers:x[7:14:3]"},
		{0, 7, 2, []int{1, 7, 13, 19}, "numbers:x[1:20:6]"},
		{1, 6, 2, []int{4, 10, 16}, "numbers:x[4:17:6]"},
	} {
		s, err := Every(whole, c.from, c.to, c.step)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for i := range s.Len() {
			l, _, err := Label(s, i)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l)
		}
		if !slices.Equal(got, c.want) || s.Spec() != c.spec {
			t.Errorf("[%d:%d:%d]: %v of %s, want %v of %s", c.from, c.to, c.step, got, s.Spec(), c.want, c.spec)
		}
		if _, err := s.Sample(s.Len()); err == nil {
			t.Errorf("%s: a sample behind the end", s.Spec())
		}
	}
	if _, err := Every(numbered(5), 0, 5, 0); err == nil {
		t.Error("a step of 0")
	}
}
