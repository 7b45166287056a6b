package packed

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/profile"
)

// randomEdge is of any kind that has a form.
func randomEdge(r *rand.Rand) *profile.Edge {
	e := &profile.Edge{Geometry: profile.Geometry{
		Channels: 1 + r.IntN(40), Rows: 1 + r.IntN(20), Cols: 1 + r.IntN(20), ChannelsLast: r.IntN(3) == 0,
	}}
	e.Tile = profile.TileFor(e.Channels, e.Rows, e.Cols)
	e.Bits, e.Unsigned, e.Scale = 2+r.IntN(7), r.IntN(2) == 0, profile.StaticTensor
	if r.IntN(2) == 0 {
		e.Scale = profile.StaticChannel
	}
	switch r.IntN(3) {
	case 0:
		e.ExtraBits, e.Important = 1+r.IntN(4), make([]bool, e.Channels)
		for c := range e.Important {
			e.Important[c] = r.IntN(2) == 0
		}
	case 1:
		e.Escape, e.Coder = true, profile.Small
	}
	e.OneSided = r.IntN(3) == 0
	e.RowSums = !e.ChannelsLast && r.IntN(4) == 0
	for range e.NumScales() {
		e.Steps = append(e.Steps, float32(math.Exp2(float64(r.IntN(5)-2)))*(.5+r.Float32()))
	}
	if r.IntN(10) == 0 {
		e.Steps[0] = 0
	}
	return e
}

// randomValues have runs of zeros, outliers and what is not finite.
func randomValues(r *rand.Rand, n int) []float32 {
	x, width := make([]float32, n), math.Exp2(float64(r.IntN(8)-3))
	odd := r.IntN(3)
	for i := range x {
		switch {
		case r.IntN(3) == 0 || i/100%4 == 1:
		case odd > 0 && r.IntN(200) == 0:
			x[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e30, 300, -300, 4e4, -4e4}[r.IntN(8)]
		default:
			x[i] = float32(r.NormFloat64() * width)
		}
	}
	return x
}

// want is what the codec restores, by its plain quantizer.
func want(e *profile.Edge, x []float32) []float32 {
	var codes dqa.Codes
	codes.Quantize(e, x)
	y := make([]float32, len(x))
	codes.Dequantize(e, y)
	dqa.Correct(e, y)
	return y
}

// TestCodec: blocks of any extent, decoded in any part, give what the codec gives.
func TestCodec(t *testing.T) {
	for _, isa := range []string{cpu.AVX512, cpu.AVX2, cpu.NEON, cpu.Generic} {
		if !cpu.Has(isa) {
			t.Logf("%s is not here", isa)
			continue
		}
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			for seed := range uint64(400) {
				if checkSeed(t, seed); t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func FuzzCodec(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkSeed)
}

func checkSeed(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 3))
	e := randomEdge(r)
	f, err := New(e, 2)
	if err != nil {
		t.Fatal(err)
	}
	checkForm(t, r, f, f)
	if b := f.Bytes(); b != nil {
		checkForm(t, r, f, b)
	}
}

// form is what New and Bytes make.
type form interface {
	Bound(c0, channels, positions int) int
	Expect(c0, channels, positions int) int
	Encode(dst []byte, x []float32, stride, c0, channels, positions int) int
	Decode(x []float32, stride int, src []byte, c0, channels, positions, from, to int)
}

// checkForm packs all blocks of an edge as g, which is f or of it.
func checkForm(t *testing.T, r *rand.Rand, f *Form, g form) {
	t.Helper()
	e := f.edge
	x := randomValues(r, e.Elements())
	w := want(e, x)
	plane := e.PlaneSize()
	channels := 1 + r.IntN(e.Channels)
	positions := 1 + r.IntN(plane)
	if e.RowSums { // whole rows
		positions = (1 + r.IntN(e.Rows)) * e.Cols
	}
	for c0 := 0; c0 < e.Channels; c0 += channels {
		for p0 := 0; p0 < plane; p0 += positions {
			checkRound(t, f, x, w, c0, min(channels, e.Channels-c0), p0, min(positions, plane-p0))
			checkBlock(t, r, f, g, x, w, c0, min(channels, e.Channels-c0), p0, min(positions, plane-p0))
		}
	}
}

// checkBlock packs a block and unpacks two parts of it.
func checkBlock(t *testing.T, r *rand.Rand, f *Form, g form, x, want []float32, c0, channels, p0, positions int) {
	t.Helper()
	e := f.edge
	at, stride := c0*e.PlaneSize()+p0, e.PlaneSize()
	if f.Last() {
		at, stride = p0*e.Channels+c0, e.Channels
	}
	bound := g.Bound(c0, channels, positions)
	block := make([]byte, bound+64)
	for i := range block {
		block[i] = 0xa5
	}
	n := g.Encode(block[:bound:bound], x[at:], stride, c0, channels, positions)
	if n > bound || g.Expect(c0, channels, positions) > bound {
		t.Fatalf("%d bytes, expected %d, bound %d", n, g.Expect(c0, channels, positions), bound)
	}
	for _, part := range [][2]int{{0, positions}, cut(r, e, positions)} {
		from, to := part[0], part[1]
		const guard = 12345
		pitch := to - from + r.IntN(3)
		rows, length := channels, to-from
		if f.Last() {
			pitch = channels + r.IntN(3)
			rows, length = to-from, channels
		}
		got := make([]float32, rows*pitch+8)
		for i := range got {
			got[i] = guard
		}
		g.Decode(got, pitch, block[:n], c0, channels, positions, from, to)
		for i, v := range got {
			row, col := i/pitch, i%pitch
			if row >= rows || col >= length {
				if v != guard {
					t.Fatalf("%s: wrote beyond [%d, %d)", describe(e), from, to)
				}
				continue
			}
			w := want[at+row*stride+from+col]
			if f.Last() {
				w = want[at+(from+row)*stride+col]
			}
			if math.Float32bits(v) != math.Float32bits(w) {
				t.Fatalf("%s: block of %d channels from %d, %d positions from %d, part [%d, %d): row %d, %d is %g, want %g", describe(e),
					channels, c0, positions, p0, from, to, row, col, v, w)
			}
		}
	}
}

// checkRound rounds a block where it lies in the tensor.
func checkRound(t *testing.T, f *Form, x, want []float32, c0, channels, p0, positions int) {
	t.Helper()
	e := f.edge
	at, stride := c0*e.PlaneSize()+p0, e.PlaneSize()
	if f.Last() {
		at, stride = p0*e.Channels+c0, e.Channels
	}
	got := slices.Clone(x)
	f.Round(got[at:], stride, c0, channels, positions)
	for i, v := range got {
		row, col := (i-at)/stride, (i-at)%stride
		inside := i >= at && row < channels && col < positions
		if f.Last() {
			inside = i >= at && row < positions && col < channels
		}
		w := x[i]
		if inside {
			w = want[i]
		}
		if math.Float32bits(v) != math.Float32bits(w) {
			t.Fatalf("%s: block of %d channels from %d, %d positions from %d: value %d is %g, want %g", describe(e),
				channels, c0, positions, p0, i, v, w)
		}
	}
}

func cut(r *rand.Rand, e *profile.Edge, positions int) [2]int {
	unit := 1
	if e.RowSums {
		unit = e.Cols
	}
	n := positions / unit
	from := r.IntN(n)
	return [2]int{from * unit, (from + 1 + r.IntN(n-from)) * unit}
}

func describe(e *profile.Edge) string {
	return fmt.Sprintf("%dx%dx%d last %v unsigned %v %d+%d bits escape %v %v rows %v", e.Channels, e.Rows, e.Cols, e.ChannelsLast,
		e.Unsigned, e.Bits, e.ExtraBits, e.Escape, e.Scale, e.RowSums)
}

// TestBits compares extraction and depositing of bits with what they are by definition.
func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		mask := r.Uint64() & r.Uint64()
		if r.IntN(8) == 0 {
			mask = 1<<r.IntN(64) - 1
		}
		words := []uint64{r.Uint64(), r.Uint64(), r.Uint64()}
		var a [8]uint64
		extract(&a, words, mask)
		for k, w := range words {
			var side uint64
			n := 0
			for i := range 64 {
				if mask>>i&1 != 0 {
					side |= w >> i & 1 << n
					n++
				}
			}
			if a[k] != side {
				t.Fatalf("mask %x, word %x: extracted %x, want %x", mask, w, a[k], side)
			}
		}
		var c [3]uint64
		deposit(c[:], &a, mask)
		for k, w := range words {
			if c[k] != w&mask {
				t.Fatalf("mask %x: deposited %x, want %x", mask, c[k], w&mask)
			}
		}
	}
}

func FuzzGroups(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkGroups)
}

func TestGroups(t *testing.T) {
	for seed := range uint64(2000) {
		checkGroups(t, seed)
	}
}

// checkGroups: vector kernels store the bytes that the plain code stores, which come back, and no byte beyond is touched.
func checkGroups(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 9))
	n := 1 + r.IntN(6)
	s := []style{{mask: 255}, {mask: 255, fold: 255}, {mask: 15, sign: 8}}[r.IntN(3)]
	codes := make([]byte, n*group)
	for g := range n {
		base, width, rare := byte(r.IntN(256)), 1+r.IntN(8), r.IntN(64)
		for i := range group {
			c := base ^ byte(r.IntN(1<<width))
			if r.IntN(64) >= rare {
				c = base
			}
			if seed%3 == 0 {
				c &= 15
			}
			if seed%5 == 0 && g%2 == 0 {
				c = 0
			}
			codes[g*group+i] = c
		}
	}
	if s.sign != 0 {
		for i, c := range codes {
			codes[i] = byte(int8(c<<4) >> 4)
		}
	}
	var packed, controls [][]byte
	for _, isa := range []string{cpu.Generic, cpu.ISA()} {
		restore := cpu.Lower(isa)
		dst, control := make([]byte, n*groupBytes+64), make([]byte, n+1)
		control[n] = 0xa5
		size := packGroups(dst, control[:n], codes, &s)
		back := make([]byte, len(codes)+1)
		back[len(codes)] = 0xa5
		if got := unpackGroups(back[:len(codes)], dst, control[:n], &s); got != size || size > n*groupBytes {
			t.Fatalf("%s: %d bytes stored, %d read", isa, size, got)
		}
		at := 0
		for _, c := range control[:n] {
			at += sizeOf(dst[at:], c)
		}
		if at != size || !bytes.Equal(back[:len(codes)], codes) || back[len(codes)] != 0xa5 || control[n] != 0xa5 {
			t.Fatalf("%s, %+v: %d bytes, by controls %d; % x became % x", isa, s, size, at, codes, back)
		}
		packed, controls = append(packed, dst[:size]), append(controls, control)
		restore()
	}
	if !bytes.Equal(packed[0], packed[1]) || !bytes.Equal(controls[0], controls[1]) {
		t.Fatalf("%+v: plain code and kernels differ:\n% x\n% x", s, packed[0], packed[1])
	}
}

// TestNoForm: what depends on the whole tensor is refused.
func TestNoForm(t *testing.T) {
	for name, change := range map[string]func(*profile.Edge){
		"scale of an image": func(e *profile.Edge) { e.Scale = profile.DynamicTensor },
		"noise":             func(e *profile.Edge) { e.Map = profile.Noisy },
		"rows of channels":  func(e *profile.Edge) { e.ChannelsLast, e.RowSums = true, true },
	} {
		e := randomEdge(rand.New(rand.NewPCG(1, 1)))
		e.ChannelsLast, e.RowSums = false, false
		change(e)
		if _, err := New(e, 0); !errors.Is(err, ErrNoForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExpect: Laplace-distributed values take what Expect says.
func TestExpect(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, unsigned := range []bool{false, true} {
		for _, entropy := range []float64{.5, 1, 2, 3, 4} {
			e := &profile.Edge{Geometry: profile.Geometry{Channels: 16, Rows: 32, Cols: 32}}
			e.Bits, e.Escape, e.Unsigned, e.Scale, e.Steps = 8, true, unsigned, profile.StaticTensor, []float32{1, 1}
			f, err := New(e, entropy)
			if err != nil {
				t.Fatal(err)
			}
			x, q := make([]float32, e.Elements()), decayOf(entropy, !unsigned)
			for i := range x {
				c := draw(r, q, !unsigned)
				if !unsigned {
					c = c>>1 ^ -(c & 1)
				}
				x[i] = float32(c)
			}
			dst := make([]byte, f.Bound(0, 16, 1024))
			got, want := f.Encode(dst, x, 1024, 0, 16, 1024), f.Expect(0, 16, 1024)
			t.Logf("unsigned %v, entropy %.1f: %.2f bits a value, expected %.2f", unsigned, entropy, 8*float64(got)/float64(len(x)),
				8*float64(want)/float64(len(x)))
			if math.Abs(float64(got-want)) > .05*float64(want) {
				t.Errorf("unsigned %v, entropy %g: %d bytes, expected %d", unsigned, entropy, got, want)
			}
		}
	}
}

// BenchmarkRows is a band of a small map: rows are short and lie apart.
func BenchmarkRows(b *testing.B) {
	const channels, positions, stride = 96, 64, 80
	e := &profile.Edge{Geometry: profile.Geometry{Channels: channels, Rows: 10, Cols: 8}}
	e.Bits, e.Escape, e.Unsigned, e.Scale, e.Steps = 8, true, true, profile.StaticTensor, []float32{1, 1}
	for _, n := range []int{positions, 49} {
		f, err := New(e, 2)
		if err != nil {
			b.Fatal(err)
		}
		r := rand.New(rand.NewPCG(5, 5))
		x, q := make([]float32, channels*stride), decayOf(2, false)
		for i := range x {
			x[i] = float32(draw(r, q, false))
		}
		dst := make([]byte, f.Bound(0, channels, n)+64)
		size := 0
		b.Run(fmt.Sprintf("encode/%d", n), func(b *testing.B) {
			for b.Loop() {
				size = f.Encode(dst, x, stride, 0, channels, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(channels*n), "ns/value")
		})
		b.Run(fmt.Sprintf("decode/%d", n), func(b *testing.B) {
			for b.Loop() {
				f.Decode(x, stride, dst[:size], 0, channels, n, 0, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(channels*n), "ns/value")
		})
	}
}

func BenchmarkForm(b *testing.B) {
	for _, isa := range []string{cpu.AVX512, cpu.AVX2, cpu.NEON, cpu.Generic} {
		if !cpu.Has(isa) {
			continue
		}
		for _, entropy := range []float64{1, 2, 3} {
			e := &profile.Edge{Geometry: profile.Geometry{Channels: 64, Rows: 4, Cols: 32}}
			e.Bits, e.Escape, e.Unsigned, e.Scale, e.Steps = 8, true, true, profile.StaticTensor, []float32{1, 1}
			f, err := New(e, entropy)
			if err != nil {
				b.Fatal(err)
			}
			r := rand.New(rand.NewPCG(5, 5))
			x, q := make([]float32, e.Elements()), decayOf(entropy, false)
			for i := range x {
				x[i] = float32(draw(r, q, false))
			}
			dst := make([]byte, f.Bound(0, 64, 128)+64)
			perValue := func(b *testing.B) {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/value")
			}
			b.Run(fmt.Sprintf("encode/%s/%g", isa, entropy), func(b *testing.B) {
				defer cpu.Lower(isa)()
				for b.Loop() {
					f.Encode(dst, x, 128, 0, 64, 128)
				}
				perValue(b)
			})
			b.Run(fmt.Sprintf("decode/%s/%g", isa, entropy), func(b *testing.B) {
				defer cpu.Lower(isa)()
				n := f.Encode(dst, x, 128, 0, 64, 128)
				for b.Loop() {
					f.Decode(x, 128, dst[:n], 0, 64, 128, 0, 128)
				}
				perValue(b)
			})
		}
	}
}

// BenchmarkBytes is BenchmarkForm with bytes.
func BenchmarkBytes(b *testing.B) {
	e := &profile.Edge{Geometry: profile.Geometry{Channels: 64, Rows: 4, Cols: 32}}
	e.Bits, e.Escape, e.Unsigned, e.Scale, e.Steps = 8, true, true, profile.StaticTensor, []float32{1, 1}
	whole, err := New(e, 2)
	if err != nil {
		b.Fatal(err)
	}
	f, x := whole.Bytes(), make([]float32, e.Elements())
	r, q := rand.New(rand.NewPCG(5, 5)), decayOf(2, false)
	for i := range x {
		x[i] = float32(draw(r, q, false))
	}
	dst := make([]byte, f.Bound(0, 64, 128)+64)
	perValue := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/value")
	}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			f.Encode(dst, x, 128, 0, 64, 128)
		}
		perValue(b)
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			f.Decode(x, 128, dst, 0, 64, 128, 0, 128)
		}
		perValue(b)
	})
}
