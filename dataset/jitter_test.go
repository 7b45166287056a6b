package dataset

import (
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa/internal/testdata"
)

// Every value of a jittered image and mask is where the formula says, and the seed is all that it depends on.
func TestJitter(t *testing.T) {
	dir := testdata.Shared(t, "datasets", "deeppcb_seg")
	src, err := Open("npy:" + filepath.Join(dir, "calib_x.npy") + "," + filepath.Join(dir, "calib_y.npy") + "[0:20]")
	if err != nil {
		t.Fatal(err)
	}
	flips, digests := 0, map[[32]byte]bool{}
	for seed := range uint64(3) {
		j := Jitter(src, seed)
		d, err := j.Digest()
		if err != nil || digests[d] {
			t.Fatalf("seed %d: digest %x again, %v", seed, d, err)
		}
		digests[d] = true
		for i := range j.Len() {
			plain, err := src.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			got, err := j.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			m := moveOf(seed, i, plain.Image.Height, plain.Image.Width)
			if m.flip {
				flips++
			}
			checkMoved(t, m, plain.Image.Pix, got.Image.Pix, 0)
			checkMoved(t, m, plain.Mask, got.Mask, Ignored)
		}
	}
	if flips < 20 || flips > 40 {
		t.Errorf("%d of 60 flipped", flips)
	}
	// splitmix64(2^32 + 5) is 0x51307108ad417eea by another program.
	if m := moveOf(1, 5, 32, 32); m.flip || m.dx != 4 || m.dy != -2 {
		t.Errorf("%+v", m)
	}
}

func checkMoved[T comparable](t *testing.T, m move, from, to []T, outside T) {
	t.Helper()
	plane := m.height * m.width
	for at := range to {
		y, x := at%plane/m.width+m.dy, at%m.width+m.dx
		want := outside
		if y >= 0 && y < m.height && x >= 0 && x < m.width {
			if m.flip {
				x = m.width - 1 - x
			}
			want = from[at/plane*plane+y*m.width+x]
		}
		if to[at] != want {
			t.Fatalf("%+v: value %d is %v, want %v", m, at, to[at], want)
		}
	}
}
