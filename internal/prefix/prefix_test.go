package prefix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/huffman"
)

// laplacian draws n codes from low to high around center; scale is the mean distance. Where low is 0 half the codes are
// 0, as behind a ReLU.
func laplacian(r *rand.Rand, n int, scale float64, low, high int16, center int8) []byte {
	codes := make([]byte, n)
	for i := range codes {
		x := r.ExpFloat64() * scale
		if r.IntN(2) == 0 {
			x = -x
		}
		x = min(max(math.RoundToEven(x)+float64(center), float64(low)), float64(high))
		codes[i] = byte(int(x))
	}
	return codes
}

// sample is a code and the parameters of a distribution that it suits.
type sample struct {
	scale     float64
	low, high int16
	center    int8
	code      *Code
}

func (s *sample) codes(r *rand.Rand, n int) []byte {
	return laplacian(r, n, s.scale, s.low, s.high, s.center)
}

func (s *sample) String() string { return fmt.Sprintf("%+v", s.code.params) }

func newSample(tb testing.TB, scale float64, low, high int16, center int8) sample {
	counts := NewCounts(low, high, center)
	counts.Add(laplacian(rand.New(rand.NewPCG(1, 2)), 1<<14, scale, low, high, center))
	code, err := NewCode(counts.Build())
	if err != nil {
		tb.Fatal(err)
	}
	return sample{scale, low, high, center, code}
}

// samples cover both kinds of codes and groups, low bits, small alphabets, and codes that fit badly.
func samples(tb testing.TB) []sample {
	var all []sample
	for _, scale := range []float64{0.3, 0.8, 1.5, 4, 12, 60} {
		all = append(all,
			newSample(tb, scale, 0, 255, 0), newSample(tb, scale, 0, 31, 0), newSample(tb, scale, 0, 200, 0),
			newSample(tb, scale, -128, 127, 0), newSample(tb, scale, -8, 7, 0), newSample(tb, scale, -128, 127, -5))
	}
	bad := all[0]
	bad.scale = 40
	only := all[3]
	only.code, _ = NewCode(Params{Low: -128, High: 127, Group: 4, Lengths: fixed, LowBits: 1})
	odd := all[0]
	odd.code, _ = NewCode(Params{High: 255, Group: 2, Lengths: uneven, LowBits: 2, Words: [MaxLen]uint8{1, 1, 1, 1, 1, 1, 2}})
	return append(all, bad, only, odd)
}

var (
	fixed  = [16]uint8{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}
	uneven = [16]uint8{1, 3, 7, 6, 6, 3, 7, 3, 6, 6, 7, 7, 7, 7, 7, 7}
)

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var coder Coder
	for _, s := range samples(t) {
		for _, n := range []int{0, 1, 2, 3, 4, 5, 49, 63, 64, 65, 127, 128, 129, 1000, 4096, 1<<16 - 1, 1 << 16} {
			codes := s.codes(r, n)
			stream := coder.Append([]byte("before"), codes, s.code)
			if !bytes.HasPrefix(stream, []byte("before")) {
				t.Fatal("Append changed what stood before")
			}
			stream = append(stream[6:], "behind"...)
			got := make([]byte, n)
			left, err := coder.Decode(got, stream, s.code)
			if err != nil || !bytes.Equal(got, codes) || string(left) != "behind" {
				t.Fatalf("%d codes, %v: %v, equal %v, %q left", n, &s, err, bytes.Equal(got, codes), left)
			}
		}
	}
}

// Kernels and their generic twins write the same streams and decode, or refuse, the same bytes.
func TestKernelsAgree(t *testing.T) {
	for _, isa := range cpu.Sets()[1:] {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			kernelsAgree(t)
		})
	}
}

func kernelsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var fast, slow Coder
	for _, s := range samples(t) {
		for n := range 301 {
			codes := s.codes(r, n+1)[1:] // unaligned
			stream := fast.Append(nil, codes, s.code)
			restore := cpu.Lower(cpu.Generic)
			want := slow.Append(nil, codes, s.code)
			restore()
			if !bytes.Equal(stream, want) {
				t.Fatalf("%d codes, %v: streams differ\n%x\n%x", n, &s, stream, want)
			}
			damaged := bytes.Clone(stream)
			for range r.IntN(4) {
				if len(damaged) > 0 {
					damaged[r.IntN(len(damaged))] ^= 1 << r.IntN(8)
				}
			}
			got, left, err := decodeGuarded(t, &fast, n, damaged, s.code)
			restore = cpu.Lower(cpu.Generic)
			same, sameLeft, sameErr := decodeGuarded(t, &slow, n, damaged, s.code)
			restore()
			if fmt.Sprint(err) != fmt.Sprint(sameErr) || err == nil && (!bytes.Equal(got, same) || len(left) != len(sameLeft)) {
				t.Fatalf("%d codes, %v: %v and %v, equal %v", n, &s, err, sameErr, bytes.Equal(got, same))
			}
		}
	}
}

// decodeGuarded decodes into the middle of a buffer and checks that nothing around it is touched.
func decodeGuarded(t *testing.T, coder *Coder, n int, stream []byte, code *Code) (dst, left []byte, err error) {
	const guard = 80
	buf := bytes.Repeat([]byte{0xa5}, n+2*guard)
	dst = buf[guard : guard+n]
	left, err = coder.Decode(dst, bytes.Clone(stream), code)
	want := bytes.Repeat([]byte{0xa5}, guard)
	if !bytes.Equal(buf[:guard], want) || !bytes.Equal(buf[guard+n:], want) {
		t.Fatalf("decoding %d codes wrote outside of them", n)
	}
	return dst, left, err
}

// The example of spec/fast.md, byte by byte.
func TestExample(t *testing.T) {
	code, err := NewCode(Params{Low: -128, High: 127, Center: 1, Group: 2, Lengths: uneven, LowBits: 1, Words: [MaxLen]uint8{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	codes := []byte{1, 1, 0, 2, 1, 1, 3, 0xfb, 1}
	want := []byte{
		0x0a, 0x03, 0x03, 0x02, 0x03, 0x03, 0x01, // heads: 0, 111011, 0, 1111111, 0
		0x01,       // low bits: 1, 0
		0x02, 0x01, // high parts: 0, 11
		0x04, // the escaped one
	}
	var coder Coder
	if got := coder.Append(nil, codes, code); !bytes.Equal(got, want) {
		t.Errorf("stream %x, want %x", got, want)
	}
	got := make([]byte, len(codes))
	if _, err := coder.Decode(got, want, code); err != nil || !bytes.Equal(got, codes) {
		t.Errorf("codes %x, want %x: %v", got, codes, err)
	}
}

// Two codes in one symbol, without a rest: small enough to name every bit.
func TestRefused(t *testing.T) {
	two := Params{High: 255, Group: 2, Lengths: fixed, Words: [MaxLen]uint8{2}} // rest 0 and the escape
	four := Params{High: 255, Group: 4, Lengths: fixed}                         // every rest is an escape
	low := Params{High: 255, Group: 2, Lengths: fixed, LowBits: 2}
	narrow, signed := two, two
	narrow.High = 20
	signed.Low, signed.High = -8, 7
	for _, c := range []struct {
		name   string
		n      int
		params Params
		stream []byte
		want   string // "" if the stream is right
	}{
		{"right", 2, two, []byte{0, 0, 0, 0}, ""},
		{"no stream", 2, two, nil, "too short"},
		{"ends in the heads", 2, two, []byte{0, 0, 0}, "too short"},
		{"padding of heads", 2, two, []byte{0, 0, 2, 0}, "unused bits"},
		{"head beyond the last code", 1, two, []byte{0, 1, 0, 0}, "beyond the last code"},
		{"one code", 1, two, []byte{0, 0, 1, 0}, ""},
		{"rest", 2, two, []byte{0, 0, 1, 1, 0}, ""},
		{"ends in the rests", 2, two, []byte{0, 0, 1, 1}, "too short"},
		{"padding of rests", 2, two, []byte{0, 0, 1, 1, 2}, "unused bits"},
		{"escape", 2, two, []byte{0, 0, 1, 1, 1, 252}, ""},
		{"no escaped rest", 2, two, []byte{0, 0, 1, 1, 1}, "too short"},
		{"escape that has a word", 2, two, []byte{0, 0, 1, 1, 1, 0}, "escape"},
		{"escape beyond a byte", 2, two, []byte{0, 0, 1, 1, 1, 253}, "escape"},
		{"highest code", 2, narrow, []byte{0, 0, 1, 1, 1, 17}, ""},
		{"beyond the highest code", 2, narrow, []byte{0, 0, 1, 1, 1, 18}, "out of range"},
		{"lowest code", 2, signed, []byte{0, 0, 1, 1, 1, 12}, ""},
		{"beyond the lowest code", 2, signed, []byte{0, 0, 1, 1, 1, 14}, "out of range"},
		{"beyond the highest two's complement", 2, signed, []byte{0, 0, 1, 1, 1, 13}, "out of range"},
		{"low bits", 2, low, []byte{0, 0, 1, 1, 0, 1, 0x3e}, ""},
		{"padding of low bits", 2, low, []byte{0, 0, 1, 1, 0, 2, 0x3e}, "unused bits"},
		{"ends in the low bits", 2, low, []byte{0, 0, 1, 1, 0}, "too short"},
		{"highest rest with low bits", 2, low, []byte{0, 0, 1, 1, 0, 0, 0x3f}, ""},
		{"beyond a byte with low bits", 2, low, []byte{0, 0, 1, 1, 0, 1, 0x3f}, "out of range"},
		{"four", 4, four, []byte{0, 0, 0, 1, 254}, ""},
		{"four beyond a byte", 4, four, []byte{0, 0, 0, 1, 255}, "escape"},
		{"four, head beyond the last code", 3, four, []byte{1, 0, 0, 0, 254}, "beyond the last code"},
	} {
		for _, isa := range cpu.Sets() {
			restore := cpu.Lower(isa)
			code, err := NewCode(c.params)
			if err != nil {
				t.Fatal(c.name, err)
			}
			var coder Coder
			codes := make([]byte, c.n)
			left, err := coder.Decode(codes, c.stream, code)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: %v", c.name, err)
			case c.want == "" && len(left) != 0:
				t.Errorf("%s: %d bytes left", c.name, len(left))
			case c.want == "" && !bytes.Equal(coder.Append(nil, codes, code), c.stream):
				t.Errorf("%s: %d becomes %x, want %x", c.name, codes, coder.Append(nil, codes, code), c.stream)
			case c.want != "" && (!errors.Is(err, ErrStream) || !bytes.Contains([]byte(err.Error()), []byte(c.want))):
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			restore()
		}
	}
}

func TestValidate(t *testing.T) {
	good := Params{High: 255, Group: 2, Lengths: fixed, Words: [MaxLen]uint8{2}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(p *Params){
		"low above 0":             func(p *Params) { p.Low = 1 },
		"low below a byte":        func(p *Params) { p.Low, p.High = -129, 127 },
		"high below low":          func(p *Params) { p.High = -1 },
		"high beyond a byte":      func(p *Params) { p.High = 256 },
		"high beyond a signed":    func(p *Params) { p.Low, p.High = -1, 128 },
		"center of unsigned":      func(p *Params) { p.Center = 1 },
		"center above":            func(p *Params) { p.Low, p.High, p.Center = -8, 7, 8 },
		"center below":            func(p *Params) { p.Low, p.High, p.Center = -8, 7, -9 },
		"group":                   func(p *Params) { p.Group = 3 },
		"no length":               func(p *Params) { p.Lengths[3] = 0 },
		"long length":             func(p *Params) { p.Lengths[3] = 8 },
		"incomplete lengths":      func(p *Params) { p.Lengths[3] = 5 },
		"too many lengths":        func(p *Params) { p.Lengths[3] = 3 },
		"low bits":                func(p *Params) { p.LowBits = 8 },
		"incomplete words":        func(p *Params) { p.Words = [MaxLen]uint8{1} },
		"too many words":          func(p *Params) { p.Words = [MaxLen]uint8{1, 3} },
		"65 words":                func(p *Params) { p.Words = [MaxLen]uint8{0, 0, 0, 0, 0, 63, 2} },
		"words beyond a byte":     func(p *Params) { p.LowBits, p.Words = 6, [MaxLen]uint8{0, 3, 2} },
		"words of a large number": func(p *Params) { p.Words = [MaxLen]uint8{255, 255, 255, 255, 255, 255, 255} },
	} {
		p := good
		spoil(&p)
		if err := p.Validate(); !errors.Is(err, ErrParams) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := NewCode(p); !errors.Is(err, ErrParams) {
			t.Errorf("%s: NewCode: %v", name, err)
		}
	}
}

// Bits is the size of a stream without what fills up bytes.
func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var coder Coder
	for _, s := range samples(t) {
		for _, n := range []int{1, 7, 100, 5000} {
			codes := s.codes(r, n)
			counts := NewCounts(s.low, s.high, s.center)
			counts.Add(codes[:n/8*4])
			half := NewCounts(s.low, s.high, s.center)
			half.Add(codes[n/8*4:])
			counts.Merge(half)
			p := s.code.Params()
			bits, size := counts.Bits(&p), 8*uint64(len(coder.Append(nil, codes, s.code)))
			if planes := uint64(2*MaxLen + p.LowBits); size < bits || size > bits+7*planes {
				t.Errorf("%d codes, %v: %d bits, stream of %d", n, &s, bits, size)
			}
		}
	}
}

// Streams of independent Laplacian codes are hardly longer than their entropy.
func TestNearEntropy(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, scale := range []float64{0.8, 1, 2, 4, 6} {
		for _, low := range []int16{0, -128} {
			codes := laplacian(r, 1<<16, scale, low, low+255, 0)
			counts := NewCounts(low, low+255, 0)
			counts.Add(codes)
			p := counts.Build()
			ideal := entropyOf(&counts.values) * float64(len(codes))
			if ratio := float64(counts.Bits(&p)) / ideal; ratio < 1-1e-9 || ratio > 1.06 {
				t.Errorf("scale %v, lowest code %d: %.3f times the entropy, %.2f bits", scale, low, ratio, ideal/float64(len(codes)))
			}
		}
	}
}

// Without a price for lengths, words of symbols are as good as package-merge's.
func TestBuildLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 100 {
		var counts [16]uint64
		for s := range counts {
			counts[s] = uint64(math.Exp(r.Float64()*10)) - 1
		}
		best := huffman.BuildLengths(counts[:])
		cost := func(lengths []uint8) (sum uint64) {
			for s, l := range lengths {
				sum += (counts[s] + 1) * uint64(l)
			}
			return sum
		}
		for s := range counts {
			counts[s]++
		}
		got, _ := buildLengths(&counts, price{})
		for s := range counts {
			counts[s]--
		}
		if cost(got[:]) != cost(best) {
			t.Errorf("%v: lengths %v cost %d, %v cost %d", counts, got, cost(got[:]), best, cost(best))
		}
	}
}

// Build takes any counts.
func TestBuildAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for i := range 40 {
		low := []int16{0, -128}[i%2]
		counts := NewCounts(low, low+255, 0)
		codes := make([]byte, r.IntN(1000)*(i/2))
		for j := range codes {
			codes[j] = byte(r.IntN(1 + r.IntN(256)))
		}
		counts.Add(codes)
		p := counts.Build()
		if err := p.Validate(); err != nil {
			t.Errorf("%d codes: %v", len(codes), err)
		}
	}
}

func TestCenter(t *testing.T) {
	var counts [256]uint64
	counts[3], counts[0xfe], counts[0x80] = 5, 6, 7
	for _, c := range []struct {
		low, high int16
		want      int8
	}{{-128, 127, -128}, {-8, 7, -2}, {-1, 7, 3}, {0, 255, 0}} {
		if got := Center(&counts, c.low, c.high); got != c.want {
			t.Errorf("codes from %d to %d: center %d, want %d", c.low, c.high, got, c.want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s := newSample(t, 1.5, 0, 255, 0)
	codes := s.codes(rand.New(rand.NewPCG(15, 16)), 5000)
	var coder Coder
	stream := coder.Append(nil, codes, s.code)
	allocs := testing.AllocsPerRun(10, func() {
		stream = coder.Append(stream[:0], codes, s.code)
		if _, err := coder.Decode(codes, stream, s.code); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzDecode decodes anything, with all kernels: what is accepted is what a writer writes.
func FuzzDecode(f *testing.F) {
	all := samples(f)
	r := rand.New(rand.NewPCG(17, 18))
	var coder Coder
	for i, s := range all {
		f.Add(uint8(i), uint16(100), coder.Append(nil, s.codes(r, 100), s.code))
	}
	f.Fuzz(func(t *testing.T, i uint8, n uint16, stream []byte) {
		s := all[int(i)%len(all)]
		_, _, refused := decodeGuarded(t, new(Coder), int(n), stream, s.code)
		for _, isa := range cpu.Sets() {
			restore := cpu.Lower(isa)
			codes, left, err := decodeGuarded(t, new(Coder), int(n), stream, s.code)
			if fmt.Sprint(err) != fmt.Sprint(refused) {
				t.Fatalf("%s: %v, else %v", isa, err, refused)
			}
			if err == nil {
				again := new(Coder).Append(nil, codes, s.code)
				if !bytes.Equal(again, stream[:len(stream)-len(left)]) {
					t.Fatalf("%s: %d codes of %x become %x", isa, n, stream, again)
				}
			}
			restore()
		}
	})
}

// FuzzRoundTrip codes anything under anything.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{}, []byte{1, 2, 3})
	f.Add(bytes.Repeat([]byte{0, 0, 1, 7}, 50), []byte{0, 0, 200, 9, 0})
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<63|5), []byte{0x80, 0x7f, 0xff, 0, 1})
	f.Fuzz(func(t *testing.T, calibration, codes []byte) {
		for _, low := range []int16{0, -128} {
			counts := NewCounts(low, low+255, int8(low/128*int16(len(calibration)%20)))
			counts.Add(calibration)
			code, err := NewCode(counts.Build())
			if err != nil {
				t.Fatal(err)
			}
			var coder Coder
			got := make([]byte, len(codes))
			left, err := coder.Decode(got, coder.Append(nil, codes, code), code)
			if err != nil || len(left) > 0 || !bytes.Equal(got, codes) {
				t.Fatalf("%+v: %v, %d bytes left; %x becomes %x", code.params, err, len(left), codes, got)
			}
		}
	})
}
