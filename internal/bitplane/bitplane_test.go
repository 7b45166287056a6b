package bitplane

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// naive is the layout of the package comment, bit by bit.
func naive(codes []int16, bits int) []byte {
	var out []byte
	for len(codes) > 0 {
		n := min(64, len(codes))
		for p := range bits {
			plane := make([]byte, (n+7)/8)
			for i, c := range codes[:n] {
				plane[i/8] |= byte(uint16(c)>>p&1) << (i % 8)
			}
			out = append(out, plane...)
		}
		codes = codes[n:]
	}
	return out
}

func randomCodes(n, bits int, signed bool, seed uint64) []int16 {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	codes := make([]int16, n)
	for i := range codes {
		codes[i] = int16(rng.IntN(1 << bits))
		if signed {
			codes[i] -= 1 << (bits - 1)
		}
	}
	return codes
}

func TestLayoutAndRoundTrip(t *testing.T) {
	for bits := 1; bits <= MaxBits; bits++ {
		for _, signed := range []bool{false, true} {
			for n := 0; n <= 200; n++ {
				codes := randomCodes(n, bits, signed, 1)
				got := Append([]byte{9}, codes, bits)
				if want := naive(codes, bits); got[0] != 9 || !bytes.Equal(got[1:], want) || len(want) != Size(n, bits) {
					t.Fatalf("%d values of %d bits: layout differs from the naive one", n, bits)
				}
				back := make([]int16, n)
				if err := Unpack(back, got[1:], bits, signed); err != nil || !slices.Equal(back, codes) {
					t.Fatalf("%d values of %d bits, signed %v: %v", n, bits, signed, err)
				}
			}
		}
	}
}

func TestTransposeExhaustive(t *testing.T) {
	for i := range 64 {
		if got, want := transpose(1<<i), uint64(1)<<(i%8*8+i/8); got != want {
			t.Errorf("bit %d goes to %x", i, got)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	src := Append(nil, randomCodes(70, 3, false, 2), 3)
	dst := make([]int16, 70)
	for _, n := range []int{0, len(src) - 1, len(src) + 1} {
		if err := Unpack(dst, append(slices.Clone(src), 0)[:n], 3, false); !errors.Is(err, ErrLength) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for p := range 3 {
		bad := slices.Clone(src)
		bad[24+p] |= 0x40 // value 6 of 6 in the last group
		if err := Unpack(dst, bad, 3, false); !errors.Is(err, ErrPadding) {
			t.Errorf("plane %d: %v", p, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint8(3), uint16(8), true)
	f.Fuzz(func(t *testing.T, src []byte, bits uint8, n uint16, signed bool) {
		b := int(bits%MaxBits) + 1
		dst := make([]int16, int(n)%5000)
		if Unpack(dst, src, b, signed) == nil && !bytes.Equal(Append(nil, dst, b), src) {
			t.Fatal("accepted, yet packs to other bytes")
		}
	})
}

func BenchmarkBitplane(b *testing.B) {
	const n = 1 << 18
	codes := randomCodes(n, 4, true, 3)
	x, y := make([]float32, n), make([]float32, n)
	start := time.Now()
	for range 100 {
		copy(y, x)
	}
	base := float64(time.Since(start)) / 100
	var buf []byte
	b.Run("append4", func(b *testing.B) {
		b.SetBytes(4 * n)
		for b.Loop() {
			buf = Append(buf[:0], codes, 4)
		}
		b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
	})
	b.Run("unpack4", func(b *testing.B) {
		buf = Append(buf[:0], codes, 4)
		b.SetBytes(4 * n)
		for b.Loop() {
			if err := Unpack(codes, buf, 4, true); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
	})
}

// Bytes are stored as the same codes of 16 bits are.
func TestBytesAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for n := range 300 {
		bits, signed := 1+rng.IntN(8), rng.IntN(2) == 0
		wide, narrow := make([]int16, n), make([]byte, n)
		for i := range wide {
			wide[i] = int16(rng.IntN(1 << bits))
			if signed {
				wide[i] -= 1 << (bits - 1)
			}
			narrow[i] = byte(wide[i])
		}
		prefix := []byte{1, 2, 3}
		want, got := Append(prefix, wide, bits), AppendBytes(prefix, narrow, bits)
		if !bytes.Equal(want, got) {
			t.Fatalf("%d codes of %d bits: %x, want %x", n, bits, got, want)
		}
		back := make([]byte, n)
		if err := UnpackBytes(back, got[3:], bits, signed); err != nil || !bytes.Equal(back, narrow) {
			t.Fatalf("%d codes of %d bits, signed %v: %x, want %x (%v)", n, bits, signed, back, narrow, err)
		}
		if err := UnpackBytes(back, append(got[3:], 0), bits, signed); !errors.Is(err, ErrLength) {
			t.Fatalf("a byte too many: %v", err)
		}
		if n%8 != 0 {
			got[len(got)-1] |= 0x80
			if err := UnpackBytes(back, got[3:], bits, signed); !errors.Is(err, ErrPadding) {
				t.Fatalf("%d codes: padding: %v", n, err)
			}
		}
	}
}
