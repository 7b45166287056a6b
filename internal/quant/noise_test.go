package quant

import (
	"math"
	"testing"
)

// The first outputs of splitmix64 for seed 1234567, as other implementations publish them.
var splitmix = []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821}

func TestNoiseIsSplitmix64(t *testing.T) {
	n := Noise{Amplitude: 1, Seed: 1234567}
	for i, z := range splitmix {
		if want := (float64(z>>40) - 1<<23) / (1 << 23); float64(n.At(i)) != want {
			t.Errorf("position %d: %v, want %v", i, n.At(i), want)
		}
	}
}

func TestNoiseIsUniform(t *testing.T) {
	n, sum, squares := Noise{Amplitude: .5, Seed: 3}, 0.0, 0.0
	const count = 100_000
	for i := range count {
		v := float64(n.At(i))
		if v < -.5 || v >= .5 {
			t.Fatalf("position %d: %v", i, v)
		}
		sum += v
		squares += v * v
	}
	if mean, variance := sum/count, squares/count; math.Abs(mean) > .005 || math.Abs(variance-1./12) > .001 {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}

func TestNoisyCodesFollowTheFormula(t *testing.T) {
	x := specials()
	for i := range 1000 {
		x = append(x, float32(i-500)/97)
	}
	n, s, r := Noise{Amplitude: .75, Seed: 5}, StepScale(.37), Signed(4)
	codes, values := make([]int16, len(x)), make([]float32, len(x))
	const first = 77
	nonFinite := QuantizeNoisy(codes, x, s, r, n, first)
	DequantizeNoisy(values, codes, s.Step, n, first)
	wantNonFinite := 0
	for i, a := range x {
		y := float32(float32(a*s.Inv) + n.At(first+i))
		if a-a != 0 {
			wantNonFinite++
			y = a
		}
		if want := slow(y, Scale{1, 1}, r); codes[i] != want {
			t.Errorf("%v: code %d, want %d", a, codes[i], want)
		}
		if want := float32(s.Step * float32(float32(codes[i])-n.At(first+i))); values[i] != want {
			t.Errorf("%v: value %v, want %v", a, values[i], want)
		}
	}
	if nonFinite != wantNonFinite {
		t.Errorf("%d not finite, want %d", nonFinite, wantNonFinite)
	}
}

func TestNoiseOnAZeroScaleIsZero(t *testing.T) {
	codes, values := []int16{9, 9}, []float32{9, 9}
	QuantizeNoisy(codes, []float32{1, float32(math.Inf(1))}, Scale{}, Signed(3), Noise{Amplitude: 1}, 0)
	DequantizeNoisy(values, codes, 0, Noise{Amplitude: 1}, 0)
	for i := range codes {
		if codes[i] != 0 || math.Float32bits(values[i]) != 0 {
			t.Errorf("code %d, value %v", codes[i], values[i])
		}
	}
}
