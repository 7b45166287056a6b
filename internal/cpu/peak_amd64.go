//go:build !noasm

package cpu

import "time"

//go:noescape
func fma256(n int)

//go:noescape
func fma512(n int)

// Peak measures how many float32 operations a second one core does at best with isa, a multiply-add counted as two; 0
// where that is not known. It takes some 30 ms.
func Peak(isa string) float64 {
	run, lanes := fma256, 8.
	switch {
	case isa == AVX512 && Has(AVX512):
		run, lanes = fma512, 16
	case isa != AVX2 || !Has(AVX2):
		return 0
	}
	const rounds = 200_000
	best := time.Hour
	for range 8 {
		start := time.Now()
		run(rounds)
		best = min(best, time.Since(start))
	}
	return rounds * 12 * lanes * 2 / best.Seconds()
}
