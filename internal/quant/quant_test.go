package quant

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

type goldenChannel struct {
	Important bool     `json:"important"`
	ScaleBits uint32   `json:"scale_bits"`
	Wide      []int16  `json:"wide"`
	Code      []int16  `json:"code"`
	Error     []int16  `json:"shift_error"`
	ValueBits []uint32 `json:"value_bits"`
}

type goldenCase struct {
	Name      string          `json:"name"`
	Bits      int             `json:"bits"`
	Extra     int             `json:"extra_bits"`
	Input     [][]float64     `json:"input"`
	InputBits [][]uint32      `json:"input_bits"`
	Channels  []goldenChannel `json:"channels"`
}

type goldenStep struct {
	StepBits  uint32   `json:"step_bits"`
	Low       int16    `json:"low"`
	High      int16    `json:"high"`
	InputBits []uint32 `json:"input_bits"`
	Code      []int16  `json:"code"`
	ValueBits []uint32 `json:"value_bits"`
}

func golden(t *testing.T) (signed, unsigned []goldenCase, steps []goldenStep) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Signed   []goldenCase `json:"signed"`
		Unsigned []goldenCase `json:"unsigned"`
		Step     []goldenStep `json:"step"`
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Signed) != 30 || len(g.Unsigned) != 4 || len(g.Step) != 5 {
		t.Fatalf("%d, %d, %d vectors", len(g.Signed), len(g.Unsigned), len(g.Step))
	}
	return g.Signed, g.Unsigned, g.Step
}

func fromBits(bits []uint32) []float32 {
	x := make([]float32, len(bits))
	for i, b := range bits {
		x[i] = math.Float32frombits(b)
	}
	return x
}

func checkChannel(t *testing.T, x []float32, s Scale, r Range, extra int, want goldenChannel) {
	t.Helper()
	if math.Float32bits(s.Step) != want.ScaleBits {
		t.Errorf("scale %x, want %x", math.Float32bits(s.Step), want.ScaleBits)
	}
	codes, values := make([]int16, len(x)), make([]float32, len(x))
	Quantize(codes, x, s, r)
	Dequantize(values, codes, s.Step)
	for i := range x {
		if codes[i] != want.Wide[i] {
			t.Errorf("value %v: wide %d, want %d", x[i], codes[i], want.Wide[i])
		}
		if want.Important && (codes[i]>>extra != want.Code[i] || codes[i]&(1<<extra-1) != want.Error[i]) {
			t.Errorf("value %v: code %d, error %d", x[i], codes[i]>>extra, codes[i]&(1<<extra-1))
		}
		if math.Float32bits(values[i]) != want.ValueBits[i] {
			t.Errorf("value %v: restored %v", x[i], values[i])
		}
	}
}

func TestGoldenSigned(t *testing.T) {
	signed, _, _ := golden(t)
	for _, c := range signed {
		for ch, want := range c.Channels {
			bits := c.Bits
			if want.Important {
				bits += c.Extra
			}
			x := fromBits(c.InputBits[ch])
			m, _ := AbsMax(x)
			checkChannel(t, x, SignedScale(m, bits), Signed(bits), c.Extra, want)
		}
	}
}

func TestGoldenUnsigned(t *testing.T) {
	_, unsigned, _ := golden(t)
	for _, c := range unsigned {
		for ch, want := range c.Channels {
			bits := c.Bits
			if want.Important {
				bits += c.Extra
			}
			x := make([]float32, len(c.Input[ch]))
			for i, v := range c.Input[ch] {
				x[i] = float32(v)
			}
			checkChannel(t, x, UnsignedScale(Max(x), bits), Unsigned(bits), c.Extra, want)
		}
	}
}

func TestGoldenStep(t *testing.T) {
	_, _, steps := golden(t)
	for _, c := range steps {
		want := goldenChannel{ScaleBits: c.StepBits, Wide: c.Code, ValueBits: c.ValueBits}
		checkChannel(t, fromBits(c.InputBits), StepScale(math.Float32frombits(c.StepBits)), Range{c.Low, c.High}, 0, want)
	}
}

// slow is the rule in float64: the product of two float32 is exact there, so that rounding it to float32 is the one
// rounding that the rule has.
func slow(a float32, s Scale, r Range) int16 {
	y := float64(float32(float64(a) * float64(s.Inv)))
	if math.IsNaN(y) {
		return 0
	}
	return int16(math.RoundToEven(min(max(y, float64(r.Low)), float64(r.High))))
}

func specials() []float32 {
	x := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
		math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0x1p-126, 0x1p-127, .5, 1.5, 2.5, -.5, -1.5, -2.5,
		math.Nextafter32(.5, 0), math.Nextafter32(.5, 1), math.Nextafter32(1.5, 0), math.Nextafter32(1.5, 2)}
	for e := -149; e <= 127; e++ { // every exponent
		for _, m := range []float64{1, 1.0000001, 1.5, 1.9999999} {
			v := float32(math.Ldexp(m, e))
			x = append(x, v, -v)
		}
	}
	// |x * inv| near 1.5 * 2^23: adding the magic number before clamping goes wrong here.
	for d := float32(-4); d <= 4; d++ {
		x = append(x, 0x1.8p23+d, -0x1.8p23-d, 1.3e7+d, -1.3e7-d)
	}
	return x
}

func TestQuantizeEqualsTheSlowRule(t *testing.T) {
	x := specials()
	for _, step := range []float32{0, 1, .5, .3, 7, 0x1p-126, 0x1p126, 0x1p100, 1e-38} {
		s := StepScale(step)
		for bits := 2; bits <= 12; bits++ {
			for _, r := range []Range{Signed(bits), Unsigned(bits)} {
				codes := make([]int16, len(x))
				n := Quantize(codes, x, s, r)
				if n != 3 {
					t.Fatalf("%d values counted as not finite", n)
				}
				for i, a := range x {
					if want := slow(a, s, r); codes[i] != want {
						t.Fatalf("step %v, %d bits: %v becomes %d, want %d", step, bits, a, codes[i], want)
					}
				}
			}
		}
	}
}

func TestScalesThatAreNotNormalAreZero(t *testing.T) {
	for _, step := range []float32{0, -1, 1e-40, float32(math.NaN()), float32(math.Inf(1)), 0x1p127} {
		if s := StepScale(step); s != (Scale{}) {
			t.Errorf("step %v gives %v", step, s)
		}
	}
	if s := SignedScale(1e-37, 8); s != (Scale{}) {
		t.Errorf("maximum 1e-37 at 8 bits gives %v", s)
	}
	if s := SignedScale(0x1p-126, 1); s.Step != 0x1p-126 {
		t.Errorf("the smallest normal step gives %v", s)
	}
}

func TestMaxima(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := []float32{1, -3, nan, inf, -inf, 2}
	if m, n := AbsMax(x); m != 3 || n != 3 {
		t.Errorf("%v, %d", m, n)
	}
	if m := Max(x); m != 2 {
		t.Errorf("%v", m)
	}
	if m, n := AbsMax(nil); m != 0 || n != 0 {
		t.Errorf("nothing: %v, %d", m, n)
	}
	if m := Max([]float32{-1, nan}); m != 0 {
		t.Errorf("negative: %v", m)
	}
}

func TestZeroCodesRestoreToPositiveZero(t *testing.T) {
	codes, out := []int16{1}, []float32{1}
	Quantize(codes, []float32{float32(math.Copysign(0, -1))}, StepScale(1), Signed(4))
	Dequantize(out, codes, 1)
	if math.Float32bits(out[0]) != 0 {
		t.Errorf("-0 becomes %x", math.Float32bits(out[0]))
	}
}

func FuzzQuantize(f *testing.F) {
	f.Add(uint32(0x3f000000), uint32(0x3f800000), uint8(3), true)
	f.Add(uint32(0x4b465d40), uint32(0x3f800000), uint8(8), true)
	f.Fuzz(func(t *testing.T, a, step uint32, bits uint8, signed bool) {
		n := int(bits%11) + 2
		r := Unsigned(n)
		if signed {
			r = Signed(n)
		}
		s := StepScale(math.Float32frombits(step))
		x, code := math.Float32frombits(a), make([]int16, 1)
		Quantize(code, []float32{x}, s, r)
		if want := slow(x, s, r); code[0] != want {
			t.Fatalf("%v, step %v, %d bits: %d, want %d", x, s.Step, n, code[0], want)
		}
	})
}

func BenchmarkQuantize(b *testing.B) {
	x := make([]float32, 1<<18)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range x {
		x[i] = max(0, float32(rng.NormFloat64()))
	}
	codes, y := make([]int16, len(x)), make([]float32, len(x))
	start := time.Now()
	for range 100 {
		copy(y, x)
	}
	base := float64(time.Since(start)) / 100
	ratio := func(b *testing.B) { b.ReportMetric(base/(float64(b.Elapsed())/float64(b.N)), "x_copy") }
	b.Run("quantize", func(b *testing.B) {
		b.SetBytes(int64(4 * len(x)))
		for b.Loop() {
			Quantize(codes, x, StepScale(.1), Signed(6))
		}
		ratio(b)
	})
	b.Run("dequantize", func(b *testing.B) {
		b.SetBytes(int64(4 * len(x)))
		for b.Loop() {
			Dequantize(y, codes, .1)
		}
		ratio(b)
	})
	b.Run("absmax", func(b *testing.B) {
		b.SetBytes(int64(4 * len(x)))
		for b.Loop() {
			AbsMax(x)
		}
		ratio(b)
	})
}
