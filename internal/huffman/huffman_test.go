package huffman

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/klauspost/compress/huff0"
)

// geometric are shift errors of m bits, small ones the more frequent.
func geometric(n, m int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, uint64(m)))
	out := make([]byte, n)
	for i := range out {
		for out[i] < 1<<m-1 && rng.IntN(5) < 2 {
			out[i]++
		}
	}
	return out
}

// fit is the code for shift errors.
func fit(t testing.TB, shift []byte, m int) *Code {
	t.Helper()
	counts := make([]uint64, NumSymbols(m))
	Count(counts, shift, m)
	c, err := NewCode(m, BuildLengths(counts))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// slowAppend is the specification's writer, a bit at a time.
func slowAppend(shift []byte, m int, lengths []uint8) []byte {
	words, next := map[int]string{}, 0
	for l := 1; l <= 7; l++ {
		next *= 2
		for s, length := range lengths {
			if int(length) == l {
				for b := l - 1; b >= 0; b-- {
					words[s] += string(rune('0' + next>>b&1))
				}
				next++
			}
		}
	}
	g := map[int]int{1: 4, 2: 2, 3: 1, 4: 1}[m]
	symbols := make([]int, (len(shift)+g-1)/g)
	for i, e := range shift {
		symbols[i/g] += int(e) << (i % g * m)
	}
	l := 1
	for 2*l <= 32 && len(symbols) >= 2*l*256 {
		l *= 2
	}
	state := make([]int, l)
	for i := range state {
		state[i] = 256
	}
	var tail []byte
	for k := len(symbols) - 1; k >= 0; k-- {
		x, word := state[k%l], words[symbols[k]]
		if x >= 1<<(16-len(word)) {
			tail = append(tail, byte(x))
			x >>= 8
		}
		for b := len(word) - 1; b >= 0; b-- {
			x = 2*x + int(word[b]-'0')
		}
		state[k%l] = x
	}
	var out []byte
	for _, x := range state {
		out = append(out, byte(x), byte(x>>8))
	}
	slices.Reverse(tail)
	return append(out, tail...)
}

// forISAs runs f with each kind of vectors that this machine has, and without.
func forISAs(t *testing.T, f func(t *testing.T)) {
	for _, isa := range cpu.Sets() {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			f(t)
		})
	}
}

func TestRoundTrip(t *testing.T) {
	forISAs(t, func(t *testing.T) {
		var k Coder
		for m := 1; m <= MaxBits; m++ {
			for _, n := range []int{1, 2, 3, 4, 5, 31, 32, 33, 255, 256, 511, 512, 513, 2047, 2050, 4096, 8191, 8192, 8193, 8230, 32767, 32768, 65541} {
				shift := geometric(n, m, uint64(n))
				c := fit(t, shift[:(n+1)/2], m)
				high := slices.Clone(shift)
				for i := range high { // what is above the m bits does not matter
					high[i] |= byte(i << m)
				}
				coded := k.Append([]byte{7}, high, c)
				lengths := make([]uint8, NumSymbols(m))
				for s := range lengths {
					lengths[s] = uint8(c.lengths[s])
				}
				if want := slowAppend(shift, m, lengths); coded[0] != 7 || !bytes.Equal(coded[1:], want) {
					t.Fatalf("m=%d, n=%d: %d bytes, the specification says %d", m, n, len(coded)-1, len(want))
				}
				back := make([]byte, n)
				if err := k.Decode(back, coded[1:], c); err != nil || !bytes.Equal(back, shift) {
					t.Fatalf("m=%d, n=%d: %v", m, n, err)
				}
			}
		}
	})
}

// The example of spec/coders.md.
func TestExample(t *testing.T) {
	c, err := NewCode(3, []uint8{1, 3, 3, 4, 4, 4, 5, 5})
	if err != nil {
		t.Fatal(err)
	}
	var k Coder
	if got := k.Append(nil, []byte{1, 0, 7, 5}, c); !bytes.Equal(got, []byte{0xf1, 0x21, 0x07}) {
		t.Errorf("% x", got)
	}
}

func TestNothing(t *testing.T) {
	c := fit(t, nil, 3)
	var k Coder
	if got := k.Append([]byte{1}, nil, c); !bytes.Equal(got, []byte{1}) {
		t.Errorf("nothing takes % x", got)
	}
	if k.Decode(nil, nil, c) != nil || !errors.Is(k.Decode(nil, []byte{0}, c), ErrStream) {
		t.Error("nothing, or a byte of nothing")
	}
}

func TestNewCodeRefuses(t *testing.T) {
	for name, try := range map[string]struct {
		m       int
		lengths []uint8
	}{
		"no bits":     {0, nil},
		"5 bits":      {5, slices.Repeat([]uint8{5}, 32)},
		"7 symbols":   {3, []uint8{1, 3, 3, 4, 4, 4, 4}},
		"zero length": {3, []uint8{1, 2, 3, 4, 5, 6, 6, 0}},
		"8 bits":      {3, []uint8{1, 2, 3, 4, 5, 6, 8, 8}},
		"incomplete":  {3, []uint8{1, 3, 3, 4, 4, 4, 5, 6}},
		"over-full":   {3, []uint8{1, 3, 3, 4, 4, 4, 4, 5}},
	} {
		if _, err := NewCode(try.m, try.lengths); !errors.Is(err, ErrLengths) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	forISAs(t, func(t *testing.T) {
		var k Coder
		for _, n := range []int{100, 1200, 20000} {
			shift := geometric(n, 3, 5)
			c := fit(t, shift, 3)
			coded, back := k.Append(nil, shift, c), make([]byte, n)
			for i := 0; i < len(coded); i += 1 + n/100 {
				if err := k.Decode(back, coded[:i], c); !errors.Is(err, ErrStream) {
					t.Fatalf("the first %d of %d bytes: %v", i, len(coded), err)
				}
			}
			for i := 0; i < len(coded); i += 1 + n/100 { // codes are complete: only the end tells
				broken := slices.Clone(coded)
				broken[i] ^= 1 << (i % 8)
				if k.Decode(back, broken, c) == nil && !bytes.Equal(k.Append(nil, back, c), broken) {
					t.Fatalf("byte %d of %d: decoded to what is coded otherwise", i, len(coded))
				}
			}
			if err := k.Decode(back, append(slices.Clone(coded), 0), c); !errors.Is(err, ErrStream) {
				t.Errorf("a byte too many: %v", err)
			}
			low := slices.Clone(coded)
			low[1] = 0
			if err := k.Decode(back, low, c); !errors.Is(err, ErrStream) {
				t.Errorf("a state below 256: %v", err)
			}
		}
		four, err := NewCode(1, slices.Repeat([]uint8{4}, 16))
		if err != nil {
			t.Fatal(err)
		}
		full := k.Append(nil, []byte{1, 1, 1, 1}, four)
		if err := k.Decode(make([]byte, 3), full, four); !errors.Is(err, ErrStream) {
			t.Errorf("an error behind the last one: %v", err)
		}
	})
}

func TestCount(t *testing.T) {
	for m := 1; m <= MaxBits; m++ {
		shift := geometric(5003, m, 1)
		counts := make([]uint64, NumSymbols(m))
		Count(counts, shift, m)
		var total uint64
		for _, n := range counts {
			total += n
		}
		if want := uint64((5003 + Group(m) - 1) / Group(m)); total != want {
			t.Errorf("m=%d: %d symbols counted, there are %d", m, total, want)
		}
		var k Coder
		c := fit(t, shift, m)
		lost := 2 * lanes(int(total))
		if size, bits := len(k.Append(nil, shift, c)), int(c.Bits(counts)); size > bits/8+lost+1 || size < bits/8 {
			t.Errorf("m=%d: %d bytes, words have %d bits", m, size, bits)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint16(5), uint8(1))
	for m := 1; m <= MaxBits; m++ {
		shift := geometric(3000, m, 3)
		var k Coder
		f.Add(k.Append(nil, shift, fit(f, geometric(300, m, 1), m)), uint16(len(shift)), uint8(m-1))
	}
	f.Fuzz(func(t *testing.T, src []byte, n uint16, which uint8) {
		m := 1 + int(which)%MaxBits
		c := fit(t, geometric(300, m, 1), m)
		var k Coder
		slow, fast := make([]byte, int(n)%40000), make([]byte, int(n)%40000)
		fastErr := k.Decode(fast, src, c)
		restore := cpu.Lower(cpu.Generic)
		slowErr := k.Decode(slow, src, c)
		restore()
		if (fastErr == nil) != (slowErr == nil) || fastErr == nil && !bytes.Equal(slow, fast) {
			t.Fatalf("vectors: %v, without: %v", fastErr, slowErr)
		}
		if fastErr == nil && !bytes.Equal(k.Append(nil, fast, c), src) {
			t.Fatal("accepted, yet coded otherwise")
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0, 0, 9}, uint16(40), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, times uint16, which uint8) {
		m := 1 + int(which)%MaxBits
		c := fit(t, data, m)
		shift := bytes.Repeat(data, 1+int(times)%(1+40000/(len(data)+1)))
		var k Coder
		coded, back := k.Append(nil, shift, c), make([]byte, len(shift))
		restore := cpu.Lower(cpu.Generic)
		plain := k.Append(nil, shift, c)
		restore()
		if !bytes.Equal(coded, plain) {
			t.Fatal("vectors write something else")
		}
		if err := k.Decode(back, coded, c); err != nil {
			t.Fatal(err)
		}
		for i, e := range shift {
			if back[i] != e&(1<<m-1) {
				t.Fatalf("error %d: %d, was %d", i, back[i], e)
			}
		}
	})
}

// BenchmarkCoder reports ratios to copy() of the float32 values that the shift errors belong to, in tiles of 16 Ki values.
// Peers, too, have a table that is made before.
func BenchmarkCoder(b *testing.B) {
	const n, perTile = 1 << 18, 1 << 14
	shift := geometric(n, 3, 1)
	c := fit(b, shift, 3)
	x, y := make([]float32, n), make([]float32, n)
	start := time.Now()
	for range 200 {
		copy(y, x)
	}
	base := float64(time.Since(start)) / 200
	back := make([]byte, perTile)
	var k Coder
	plain := func(src []byte) []byte { return src }
	packed := func(src []byte) []byte {
		out := make([]byte, len(src)/2)
		for i := range out {
			out[i] = src[2*i] | src[2*i+1]<<4
		}
		return out
	}
	for _, coder := range []struct {
		name   string
		isa    string
		encode func(dst, src []byte) []byte
		decode func(src []byte) error
		layout func([]byte) []byte
	}{
		{"dqa/" + cpu.ISA(), cpu.ISA(), func(dst, src []byte) []byte { return k.Append(dst, src, c) }, func(src []byte) error { return k.Decode(back, src, c) }, plain},
		{"dqa/generic", cpu.Generic, func(dst, src []byte) []byte { return k.Append(dst, src, c) }, func(src []byte) error { return k.Decode(back, src, c) }, plain},
		peer(b, "huff0", shift[:n/2], plain, perTile),
		peer(b, "huff0 packed", shift, packed, perTile/2),
	} {
		var tiles, coded [][]byte
		size := 0
		for i := 0; i < n; i += perTile {
			tiles = append(tiles, coder.layout(shift[i:i+perTile]))
			coded = append(coded, coder.encode(nil, tiles[len(tiles)-1]))
			size += len(coded[len(coded)-1])
		}
		report := func(b *testing.B) {
			b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy")
			b.ReportMetric(8*float64(size)/n, "bits/error")
		}
		b.Run(coder.name+"/encode", func(b *testing.B) {
			defer cpu.Lower(coder.isa)()
			for b.Loop() {
				for i, t := range tiles {
					coded[i] = coder.encode(coded[i][:0], t)
				}
			}
			report(b)
		})
		b.Run(coder.name+"/decode", func(b *testing.B) {
			defer cpu.Lower(coder.isa)()
			for b.Loop() {
				for _, src := range coded {
					if err := coder.decode(src); err != nil {
						b.Fatal(err)
					}
				}
			}
			report(b)
		})
	}
}

// peer is klauspost's huff0 with a table that stays.
func peer(b *testing.B, name string, sample []byte, layout func([]byte) []byte, size int) (p struct {
	name   string
	isa    string
	encode func(dst, src []byte) []byte
	decode func(src []byte) error
	layout func([]byte) []byte
}) {
	s := &huff0.Scratch{Reuse: huff0.ReusePolicyAllow}
	first, _, err := huff0.Compress1X(layout(sample), s)
	if err != nil {
		b.Fatal(err)
	}
	var table huff0.Scratch
	reader, _, err := huff0.ReadTable(first, &table)
	if err != nil {
		b.Fatal(err)
	}
	s.Reuse = huff0.ReusePolicyMust
	decoder, back := reader.Decoder(), make([]byte, 0, size)
	p.name, p.isa, p.layout = name, cpu.ISA(), layout
	p.encode = func(dst, src []byte) []byte {
		out, _, err := huff0.Compress4X(src, s)
		if err != nil {
			b.Fatal(err)
		}
		return append(dst, out...)
	}
	p.decode = func(src []byte) error { _, err := decoder.Decompress4X(back[:size:size], src); return err }
	return p
}
