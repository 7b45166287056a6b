package bench

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// Words of every width come back, whatever their number: zeros, constants, slopes, noise, and all of them in turn.
func TestSpecialsRestore(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, s := range specials() {
		for n := range 400 {
			w := words{width: 1 + n%2, cols: 1 + n%7, signed: n%3 == 0 && n%2 == 0}
			src := make([]byte, w.cols*w.width*(1+rng.IntN(30)))
			for i := range src {
				switch (n + i/16) % 5 {
				case 1:
					src[i] = 7
				case 2:
					src[i] = byte(i / w.width)
				case 3:
					src[i] = byte(rng.Uint32())
				case 4:
					src[i] = byte(rng.Uint32() & rng.Uint32() & 1)
				}
			}
			coded, err := s.compress(nil, src, w)
			if err != nil {
				t.Fatal(s.name, err)
			}
			got := bytes.Repeat([]byte{99}, len(src))
			if err := s.decompress(got, coded, w); err != nil || !bytes.Equal(got, src) {
				t.Fatalf("%s, %+v: %v, %x for %x", s.name, w, err, got, src)
			}
		}
	}
}

// By hand, from the words of their papers.
func TestStreamsByHand(t *testing.T) {
	w := words{width: 1, cols: 8}
	zvc, err := appendZVC(nil, []byte{0, 5, 0, 0, 6, 0, 0, 0, 0, 7}, w)
	if err != nil || !bytes.Equal(zvc, []byte{0b00010010, 0b10, 5, 6, 7}) {
		t.Errorf("zero values: %08b, %v", zvc, err)
	}
	// Three zeros (0 0010), eight words (11111111), the first (00000101), differences 1 1 1 1 1 1 1: eight empty planes
	// (001 110), then one of ones, which differs from the empty one above in all bits (00000).
	ebpc, err := appendEBPC(nil, []byte{0, 0, 0, 5, 6, 7, 8, 9, 10, 11, 12}, w)
	if want := []byte{0b00010111, 0b11111000, 0b00101001, 0b11000000}; err != nil || !bytes.Equal(ebpc, want) {
		t.Errorf("bit planes: %08b, want %08b, %v", ebpc, want, err)
	}
}

// Every float16, and what lies between two of them: the nearer one, of two equally near the even one.
func TestHalf(t *testing.T) {
	for h := range uint16(0x7c00) {
		v, next := fromHalf(h), fromHalf(h+1)
		if h == 0x7bff {
			next = 65536
		}
		middle := (v + next) / 2
		even := h + h&1
		for sign, flip := range []float32{1, -1} {
			s := uint16(sign) << 15
			for _, c := range []struct {
				v    float32
				want uint16
			}{{v, h}, {middle, even}, {math.Nextafter32(middle, 0), h}, {math.Nextafter32(middle, 1e9), h + 1}} {
				if got := toHalf(flip * c.v); got != c.want|s && c.v != 0 {
					t.Fatalf("%v: %04x, want %04x", flip*c.v, got, c.want|s)
				}
			}
		}
	}
	for v, want := range map[float32]uint16{1: 0x3c00, -2: 0xc000, float32(math.Inf(-1)): 0xfc00, 1e30: 0x7c00, 1e-30: 0} {
		if got := toHalf(v); got != want {
			t.Errorf("%v: %04x, want %04x", v, got, want)
		}
	}
	if h := toHalf(float32(math.NaN())); !math.IsNaN(float64(fromHalf(h))) {
		t.Errorf("NaN is %04x", h)
	}
}
