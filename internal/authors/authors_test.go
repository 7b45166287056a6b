package authors

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// clone copies a batch.
func clone(images [][]float32) (all [][]float32) {
	for _, x := range images {
		all = append(all, slices.Clone(x))
	}
	return all
}

// normal makes a batch of images with channels of different size; channel 2 is empty.
func normal(l Layout, images, plane int) (all [][]float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range images {
		x := make([]float32, l.Channels*plane)
		for i := range x {
			if c := l.channel(i, plane); c != 2 {
				x[i] = float32(rng.NormFloat64()) * float32(c+1)
			}
		}
		all = append(all, x)
	}
	return all
}

func (l Layout) channel(i, plane int) int {
	if l.Last {
		return i % l.Channels
	}
	return i / plane
}

// The rule, value by value, from its words: the largest magnitude of the channel in the whole batch over 2^(N-1).
func TestDQAByTheWords(t *testing.T) {
	for _, last := range []bool{false, true} {
		l := Layout{Channels: 5, Last: last}
		images := normal(l, 3, 40)
		important := []bool{true, false, true, false, true}
		want := clone(images)
		for c, more := range important {
			top := 0.0
			for _, x := range images {
				for i, v := range x {
					if l.channel(i, 40) == c {
						top = max(top, math.Abs(float64(v)))
					}
				}
			}
			bits := 3
			if more {
				bits = 6
			}
			half := math.Exp2(float64(bits - 1))
			for n, x := range images {
				for i, v := range x {
					if l.channel(i, 40) == c && top > 0 {
						code := min(half-1, max(-half, math.RoundToEven(float64(v)/(top/half))))
						want[n][i] = float32(code * top / half)
					}
				}
			}
		}
		q := DQA{Bits: 3, Layouts: []Layout{l}, Important: [][]bool{important}}
		if _, err := q.Quantize(0, images); err != nil {
			t.Fatal(err)
		}
		for n := range images {
			for i, v := range images[n] {
				if math.Abs(float64(v-want[n][i])) > 1e-5 {
					t.Fatalf("last %t, image %d, value %d: %v, want %v", last, n, i, v, want[n][i])
				}
			}
		}
	}
}

func TestAllOrNothingImportant(t *testing.T) {
	l := Layout{Channels: 4}
	images := normal(l, 2, 30)
	all := []bool{true, true, true, true}
	wide, plain := clone(images), clone(images)
	if _, err := (&DQA{Bits: 3, Layouts: []Layout{l}, Important: [][]bool{all}}).Quantize(0, wide); err != nil {
		t.Fatal(err)
	}
	bits, err := (&DQA{Bits: 6, Layouts: []Layout{l}}).Quantize(0, plain)
	if err != nil || !slices.EqualFunc(wide, plain, slices.Equal) || bits[0] != 6*4*2*30 {
		t.Errorf("r = 1 is not direct with n + m bits; %d bits, %v", bits, err)
	}
}

// By hand: 4, 2, 1 and 1 errors have words of 1, 2, 3 and 3 bits, and each symbol takes 3 bits, its word and 3 bits.
func TestHuffmanBits(t *testing.T) {
	for _, c := range []struct {
		counts counts
		want   int64
	}{
		{counts{}, 0},
		{counts{5: 9}, 9 + 3 + 1 + 3},
		{counts{0: 4, 3: 2, 6: 1, 7: 1}, 4 + 2*2 + 3 + 3 + 4*6 + 1 + 2 + 3 + 3},
		{counts{1, 1, 1, 1, 1, 1, 1, 1}, 8*3 + 8*9},
		{counts{1, 1, 2, 4, 8, 16, 32, 64}, 64 + 2*32 + 3*16 + 4*8 + 5*4 + 6*2 + 7 + 7 + 8*6 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 7},
	} {
		if got := c.counts.bits(); got != c.want {
			t.Errorf("%v: %d bits, want %d", c.counts, got, c.want)
		}
	}
}

func TestPackedErrors(t *testing.T) {
	var p packer
	for _, e := range []uint8{1, 2, 3, 4, 5, 6, 7, 0, 7} {
		p.add(e)
	}
	// From the lowest bit on: 001 010 011 100 101 110 111 000 111.
	if got := p.bytes(); !bytes.Equal(got, []byte{0b11010001, 0b01011000, 0b00011111, 0b111}) {
		t.Errorf("%08b", got)
	}
}

// Errors that are all alike compress to nearly nothing, errors at random to no less than they are.
func TestCompressors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	random := make([]byte, 1<<14)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	for _, c := range Compressors {
		same, err := c.size(make([]byte, 1<<14))
		if err != nil {
			t.Fatal(err)
		}
		mixed, err := c.size(random)
		if err != nil || same > 100 || mixed < len(random) || mixed > len(random)+300 {
			t.Errorf("%s: %d and %d bytes of %d, %v", c.Name, same, mixed, len(random), err)
		}
	}
}

func TestPowersOfTwo(t *testing.T) {
	x := []float32{8, -8, 6, 6.1, 4, 3, 3.1, 2, 1, .9, 1.1, 0, float32(math.NaN())}
	if _, err := NewPoT(3, []Layout{{Channels: 1}}).Quantize(0, [][]float32{x}); err != nil {
		t.Fatal(err)
	}
	// Three magnitudes, 8, 4 and 2; the middle between levels goes down.
	if want := []float32{8, -8, 4, 8, 4, 2, 4, 2, 0, 0, 2, 0, 0}; !slices.Equal(x, want) {
		t.Errorf("%v, want %v", x, want)
	}
}

// A search may not end with more error than the plain quantizer, which is among what it tries (EasyQuant's aim is the cosine).
func TestSearchesHelp(t *testing.T) {
	l := []Layout{{Channels: 3}}
	images := normal(l[0], 4, 500)
	images[0][7] = 40 // an outlier
	squared := func(quantized [][]float32) (sum float64) {
		for n, x := range quantized {
			for i, v := range x {
				d := float64(v - images[n][i])
				sum += d * d
			}
		}
		return sum
	}
	plain, noisy, easy := clone(images), clone(images), clone(images)
	for q, x := range map[BatchQuantizer][][]float32{
		tensorWide(4): plain, NewNoisyQuant(4, l): noisy, NewEasyQuant(4, l): easy,
	} {
		if _, err := q.Quantize(0, x); err != nil {
			t.Fatal(err)
		}
	}
	if p, n, e := squared(plain), squared(noisy), squared(easy); n > p/4 || e > p {
		t.Errorf("squared error %.0f, with NoisyQuant %.0f, with EasyQuant %.0f", p, n, e)
	}
}

// BatchQuantizer is what all are to those who use them.
type BatchQuantizer interface {
	Quantize(edge int, images [][]float32) ([]int64, error)
}

// tensorWide is direct quantization with one scale.
func tensorWide(bits int) *DQA { return &DQA{Bits: bits, Layouts: []Layout{{Channels: 1}}} }
