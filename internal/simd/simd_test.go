package simd

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dqa-go/dqa/internal/cpu"
)

// sets are the instruction sets that this machine can be lowered to, the portable code first.
func sets() []string {
	all := []string{cpu.Generic}
	for _, isa := range []string{cpu.NEON, cpu.AVX2, cpu.AVX512} {
		if cpu.Has(isa) {
			all = append(all, isa)
		}
	}
	return all
}

// odd are values at the edges of rounding and of the number format.
var odd = []float32{0, float32(math.Copysign(0, -1)), .5, 1.5, 2.5, -.5, -1.5, 1e-45, -1e-45, 1.3e7, -1.3e7, math.MaxFloat32, -math.MaxFloat32, 0x1p-126, 127.5, 255.5, -128.5, -129, 7.5, 8}

func values(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if x[i] = float32(rng.NormFloat64() * math.Exp2(float64(rng.IntN(8)))); rng.IntN(9) == 0 {
			x[i] = odd[rng.IntN(len(odd))]
		}
	}
	return x
}

func levels(bits int, signed bool, inv float32) Levels {
	if signed {
		return Levels{inv, -float32(int(1) << (bits - 1)), float32(int(1)<<(bits-1) - 1)}
	}
	return Levels{inv, 0, float32(int(1)<<bits - 1)}
}

// slowCode is the code by the words of spec/numerics.md.
func slowCode(a float32, l Levels) (code int, within bool) {
	y := float64(float32(a * l.Inv))
	r := math.RoundToEven(y)
	within = r <= float64(l.High) && r >= float64(l.Low)
	return int(math.RoundToEven(math.Max(float64(l.Low), math.Min(float64(l.High), y)))), within
}

// under runs f with every instruction set.
func under(t *testing.T, f func(t *testing.T)) {
	for _, isa := range sets() {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			f(t)
		})
	}
}

func TestQuantizePackAndBack(t *testing.T) {
	under(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, groups := range []int{0, 1, 2, 5} {
			for bits := 1; bits <= 8; bits++ {
				for m := 0; m < bits; m++ {
					for _, signed := range []bool{false, true} {
						if bits == 1 && signed {
							continue
						}
						checkPacked(t, rng, groups, bits-m, m, signed)
					}
				}
			}
		}
	})
}

func checkPacked(t *testing.T, rng *rand.Rand, groups, n, m int, signed bool) {
	t.Helper()
	x := values(rng, 64*groups+1)[1:] // not aligned
	l := levels(n+m, signed, []float32{1, .37, 3, 0}[rng.IntN(4)])
	const guard = 0xa5
	codes, errors := bytes.Repeat([]byte{guard}, 8*n*groups+80), bytes.Repeat([]byte{guard}, 8*m*groups+80)
	if !QuantizePack(codes, errors, x, l, n, m) {
		t.Fatal("finite values are said not to be")
	}
	for i := range 80 {
		if codes[8*n*groups+i] != guard || errors[8*m*groups+i] != guard {
			t.Fatalf("%d+%d bits: written beyond the end", n, m)
		}
	}
	back, asBytes := make([]float32, len(x)), make([]byte, len(x))
	UnpackDequantize(back, codes, errors, .3, n, m, signed)
	Quantize(asBytes, x, l)
	planes, low := make([]byte, 8*n*groups), make([]byte, 8*m*groups)
	Pack(planes, asBytes, m, n)
	Pack(low, asBytes, 0, m)
	if !bytes.Equal(planes, codes[:len(planes)]) || !bytes.Equal(low, errors[:len(low)]) {
		t.Fatalf("%d+%d bits, signed %v: packed bytes differ from packed values", n, m, signed)
	}
	for i, a := range x {
		want, _ := slowCode(a, l)
		got := 0
		for p := range n + m {
			plane, k := codes, i/64*8*n+(p-m)*8
			if p < m {
				plane, k = errors, i/64*8*m+p*8
			}
			got |= int(plane[k+i%64/8]>>(i%8)&1) << p
		}
		if got != want&(1<<(n+m)-1) {
			t.Fatalf("%d+%d bits, signed %v, value %v: code %b, want %b", n, m, signed, a, got, want)
		}
		if v := float32(.3) * float32(want); back[i] != v || v == 0 && math.Signbit(float64(back[i])) {
			t.Fatalf("%d+%d bits, code %d: %v, want %v", n, m, want, back[i], v)
		}
	}
	whole := make([]byte, 8*(n+m)*groups)
	Pack(whole, asBytes, 0, n+m)
	again := make([]byte, len(x))
	Unpack(again, whole, n+m, signed)
	for i, c := range asBytes {
		if want := c & byte(1<<(n+m)-1); signed && again[i] != c || !signed && again[i] != want {
			t.Fatalf("%d bits, signed %v: byte %#x becomes %#x", n+m, signed, c, again[i])
		}
	}
}

func TestQuantizeBytes(t *testing.T) {
	under(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 2))
		for range 200 {
			x := values(rng, 64*(1+rng.IntN(3)))
			signed, bits := rng.IntN(2) == 0, 2+rng.IntN(7)
			l := levels(bits, signed, float32(math.Exp2(float64(rng.IntN(9)-8))))
			dst, back := make([]byte, len(x)), make([]float32, len(x))
			finite, within := Quantize(dst, x, l)
			Dequantize(back, dst, 2, signed)
			all := true
			for i, a := range x {
				want, in := slowCode(a, l)
				if !signed && a < 0 {
					in = true // what cannot be negative has no code below zero to miss, unless it rounds to one
					in = math.RoundToEven(float64(a*l.Inv)) >= 0
				}
				all = all && in
				if dst[i] != byte(want) || back[i] != float32(2*want) {
					t.Fatalf("value %v: byte %d, want %d; back %v", a, dst[i], want, back[i])
				}
			}
			if !finite || within != all {
				t.Fatalf("finite %v; within %v, want %v", finite, within, all)
			}
		}
	})
}

func TestNotFiniteIsSeen(t *testing.T) {
	under(t, func(t *testing.T) {
		for _, v := range []float32{float32(math.NaN()), -float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			for at := 0; at < 128; at += 13 {
				x := make([]float32, 128)
				x[at] = v
				codes := make([]byte, 128)
				if QuantizePack(codes, codes[64:], x, levels(4, true, 1), 3, 1) {
					t.Fatalf("%v at %d is packed as if it were finite", v, at)
				}
				if finite, _ := Quantize(codes, x, levels(4, true, 1)); finite {
					t.Fatalf("%v at %d is quantized as if it were finite", v, at)
				}
				if AbsMax(x) < special {
					t.Fatalf("%v at %d is not seen by AbsMax", v, at)
				}
				if top := Max(x); (top >= special) != (v > 0 || v != v && !math.Signbit(float64(v))) {
					t.Fatalf("%v at %d: Max %#x", v, at, top)
				}
			}
		}
	})
}

// wild are numbers of any kind: random bits, multiples of half a step, what is next to them, zeros and the extremes;
// every 50th is not finite if some may be.
func wild(rng *rand.Rand, n int, inv float32, finite bool) []float32 {
	x := make([]float32, n)
	for i := range x {
		switch v := float32(rng.IntN(1200)-600) / 2 / inv; rng.IntN(5) {
		case 0:
			x[i] = math.Float32frombits(rng.Uint32())
		case 1:
			x[i] = math.Nextafter32(v, float32(rng.NormFloat64()*1e9))
		case 2:
			x[i] = odd[rng.IntN(len(odd))]
		default:
			x[i] = v
		}
		if !finite && rng.IntN(50) == 0 {
			x[i] = math.Float32frombits(special | rng.Uint32()<<(8*rng.IntN(4)))
		}
		if finite && magnitude(x[i]) >= special {
			x[i] = float32(rng.NormFloat64())
		}
	}
	return x
}

// TestAgainstPortable compares every kernel of every instruction set with the portable code, bit by bit.
func TestAgainstPortable(t *testing.T) {
	for _, isa := range sets()[1:] {
		t.Run(isa, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 5))
			for trial := range 3000 {
				bits, signed := 1+rng.IntN(8), rng.IntN(2) == 0 // one signed bit: 0 and -1
				groups, n := rng.IntN(4), 1+rng.IntN(bits)
				inv := []float32{1, 3, -1, .37, 1e-30, -1e30, math.MaxFloat32, 1e-45, 0, float32(math.Inf(1))}[rng.IntN(10)]
				l, x := levels(bits, signed, inv), wild(rng, Group*groups, max(inv, 1e-38), trial%3 != 0)
				if inv == 1 || inv == -1 { // hardly anything beyond the levels
					for i := range x {
						x[i] = inv * (l.Low - .5 + rng.Float32()*(l.High-l.Low+.999))
					}
					if len(x) > 0 {
						x[rng.IntN(len(x))] = inv * []float32{l.Low - .5, l.Low, math.Nextafter32(l.Low-.5, -999), l.High, l.High + .5, math.Nextafter32(l.High+.5, 0)}[rng.IntN(6)]
					}
				}
				step := []float32{.1, -3, 1e-45, 3e38, 0, float32(math.Inf(-1)), math.Float32frombits(rng.Uint32())}[rng.IntN(7)]
				want := results(t, cpu.Generic, x, l, n, bits-n, step, signed)
				got := results(t, isa, x, l, n, bits-n, step, signed)
				for k, w := range want {
					for i, v := range got[k] {
						if v != w[i] {
							t.Fatalf("%d+%d bits, signed %v, %d groups, inv %v, step %v, %s: %#x at %d, want %#x", n, bits-n, signed, groups, inv, step, k, v, i, w[i])
						}
					}
				}
			}
		})
	}
}

// results is what the kernels make of x. Where that is undefined, because a value is not finite, there is noise instead.
func results(t *testing.T, isa string, x []float32, l Levels, n, m int, step float32, signed bool) map[string][]uint32 {
	t.Helper()
	defer cpu.Lower(isa)()
	var beyond [][]byte
	space := func(n int) []byte {
		b := bytes.Repeat([]byte{0xa5}, n+Group)
		beyond = append(beyond, b[n:])
		return b[:n]
	}
	codes, errors, whole := space(len(x)/8*n), space(len(x)/8*m), space(len(x))
	packed := QuantizePack(codes, errors, x, l, n, m)
	finite, within := Quantize(whole, x, l)
	if !finite || l.Low == -1 {
		within = false
	}
	if !finite {
		rng := rand.New(rand.NewPCG(6, 6))
		for _, b := range [][]byte{codes, errors, whole} {
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
		}
	}
	set, differ := Used(whole)
	planes, low, raw := space(len(codes)), space(len(errors)), space(len(x))
	Pack(planes, whole, m, n)
	Pack(low, whole, 0, m)
	Unpack(raw, planes, n, signed)
	fused, plain := make([]float32, len(x)+Group), make([]float32, len(x)+Group)
	UnpackDequantize(fused[:len(x)], codes, errors, step, n, m, signed)
	Dequantize(plain[:len(x)], whole, step, signed)
	for _, b := range beyond {
		if !bytes.Equal(b, bytes.Repeat([]byte{0xa5}, Group)) {
			t.Fatalf("%s, %d+%d bits: written beyond the end", isa, n, m)
		}
	}
	return map[string][]uint32{ // the space beyond the values is compared too
		"maxima": {AbsMax(x), Max(x)}, "used": {uint32(set), uint32(differ)},
		"finite": {one(packed), one(finite)}, "within": {one(within)},
		"codes": of(codes), "errors": of(errors), "bytes": of(whole),
		"planes": of(planes), "low planes": of(low), "unpacked": of(raw),
		"fused values": bitsOf(fused), "values": bitsOf(plain),
	}
}

func one(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func of(b []byte) []uint32 {
	w := make([]uint32, len(b))
	for i, v := range b {
		w[i] = uint32(v)
	}
	return w
}

func bitsOf(x []float32) []uint32 {
	w := make([]uint32, len(x))
	for i, v := range x {
		w[i] = math.Float32bits(v)
	}
	return w
}

func TestMaxima(t *testing.T) {
	under(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))
		for n := range 300 {
			x := values(rng, n+1)[1:]
			most, positive := float32(0), float32(0)
			for _, v := range x {
				most, positive = max(most, float32(math.Abs(float64(v)))), max(positive, v)
			}
			if got := math.Float32frombits(AbsMax(x)); got != most {
				t.Fatalf("%d values: AbsMax %v, want %v", n, got, most)
			}
			if got := math.Float32frombits(Max(x)); got != positive {
				t.Fatalf("%d values: Max %v, want %v", n, got, positive)
			}
		}
	})
}

// FuzzQuantizePack compares every instruction set with the portable code.
func FuzzQuantizePack(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x7f}, float32(1), uint8(3), uint8(3), true)
	f.Add([]byte{0xff, 0xff, 0x7f, 0x4b, 0, 0, 0, 0x3f}, float32(1e30), uint8(8), uint8(0), false)
	f.Fuzz(func(t *testing.T, raw []byte, inv float32, n, m uint8, signed bool) {
		n, m = n%8+1, m%8
		if n+m > 8 || len(raw) < 4 || n+m == 1 {
			return
		}
		x := make([]float32, 128)
		for i := range x {
			for k := range 4 {
				x[i] = math.Float32frombits(math.Float32bits(x[i]) | uint32(raw[(4*i+k)%len(raw)])<<(8*k))
			}
		}
		l := levels(int(n+m), signed, inv)
		var want [3][]byte
		var sane bool
		for k, isa := range sets() {
			restore := cpu.Lower(isa)
			codes, errors, whole := make([]byte, 16*n), make([]byte, 16*m), make([]byte, 128)
			finite := QuantizePack(codes, errors, x, l, int(n), int(m))
			again, _ := Quantize(whole, x, l)
			restore()
			if k == 0 {
				want, sane = [3][]byte{codes, errors, whole}, finite
			}
			if finite != sane || again != sane {
				t.Fatalf("%s: finite %v and %v, want %v", isa, finite, again, sane)
			}
			// A product that is not a number (infinity times zero) comes of values or scales that callers sort out.
			if sane && inv == inv && !math.IsInf(float64(inv), 0) && !(bytes.Equal(codes, want[0]) && bytes.Equal(errors, want[1]) && bytes.Equal(whole, want[2])) {
				t.Fatalf("%s differs", isa)
			}
		}
	})
}

// Benchmark reports ratios to copy() of the same float32 values in the same run.
func Benchmark(b *testing.B) {
	for _, place := range []struct {
		name   string
		values int
	}{{"cache", 1 << 18}, {"memory", 1 << 24}} {
		rng := rand.New(rand.NewPCG(4, 4))
		x, y := make([]float32, place.values), make([]float32, place.values)
		for i := range x {
			x[i] = float32(max(0, rng.NormFloat64()))
		}
		codes, errors := make([]byte, 4*len(x)/8+64), make([]byte, 2*len(x)/8+64)
		l := levels(6, true, 8)
		plane := 1024
		each := func(do func(at int)) func() {
			return func() {
				for at := 0; at < len(x); at += plane {
					do(at)
				}
			}
		}
		for _, isa := range sets() {
			for _, k := range []struct {
				name string
				do   func()
			}{
				{"quantize+split+pack", each(func(at int) { QuantizePack(codes[at/2:], errors[at/4:], x[at:at+plane], l, 4, 2) })},
				{"unpack+merge+dequantize", each(func(at int) { UnpackDequantize(y[at:at+plane], codes[at/2:], errors[at/4:], .1, 4, 2, true) })},
				{"dynamic scale included", each(func(at int) {
					top := math.Float32frombits(AbsMax(x[at : at+plane]))
					QuantizePack(codes[at/2:], errors[at/4:], x[at:at+plane], levels(6, true, 32/top), 4, 2)
				})},
				{"quantize to bytes", each(func(at int) { Quantize(codes, x[at:at+plane], l) })},
				{"dequantize bytes", each(func(at int) { Dequantize(y[at:at+plane], codes, .1, true) })},
			} {
				b.Run(fmt.Sprintf("%s/%s/%s", k.name, place.name, isa), func(b *testing.B) {
					defer cpu.Lower(isa)()
					var ratios []float64
					for b.Loop() {
						start := time.Now()
						copy(y, x)
						base := time.Since(start)
						start = time.Now()
						k.do()
						ratios = append(ratios, float64(base)/float64(time.Since(start)))
					}
					b.ReportMetric(median(ratios), "x_copy")
				})
			}
		}
	}
}

func median(v []float64) float64 {
	best := make([]float64, 0, len(v))
	for _, x := range v {
		i := 0
		for i < len(best) && best[i] < x {
			i++
		}
		best = append(best[:i], append([]float64{x}, best[i:]...)...)
	}
	return best[len(best)/2]
}
