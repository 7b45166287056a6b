package simd

import "math"

// Rounding replaces values by what their codes stand for: y = float32(a * Inv), which is 0 where it is not a number, clamped to
// Low..High, rounded to nearest, ties to even, times Step. Low and High are integers within 16 bits, and 0 is between them.
type Rounding struct{ Inv, Low, High, Step float32 }

// Round does so with all of x, of any length.
func Round(x []float32, r Rounding) {
	n := len(x) / 8 * 8
	if roundVector(x[:n], &r) {
		x = x[n:]
	}
	for i, a := range x {
		x[i] = r.round(a)
	}
}

func (r *Rounding) round(a float32) float32 {
	y := float32(a * r.Inv)
	if y != y {
		y = 0
	}
	y = min(max(y, r.Low), r.High)
	return float32(r.Step * float32(int32(math.Float32bits(float32(y+magic)))-magicBits))
}
