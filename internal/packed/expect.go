package packed

import (
	"math"
	"math/rand/v2"

	"github.com/dqa-go/dqa/profile"
)

// expectedBits is how many bits a value takes on average, without the header: measured on groups of codes that are
// drawn, with a fixed seed, as Laplace-distributed values of that entropy would be quantized. Activations are near to that
// (docs/design/packed-run.md). Where the entropy is not known all planes are meant.
func expectedBits(e *profile.Edge, entropy float64) float64 {
	all := float64(e.Bits + e.ExtraBits)
	if entropy <= 0 || entropy >= all {
		return all
	}
	signed := !e.Unsigned && !e.OneSided
	q := decayOf(entropy, signed)
	random := rand.New(rand.NewPCG(1, 1))
	const trials = 64
	size := 0
	for range trials {
		var p planes
		for i := range group {
			c := draw(random, q, signed)
			for k := range p {
				p[k] |= uint64(c>>k&1) << i
			}
		}
		var room [wideBytes]byte
		_, n := p.put(room[:])
		size += n
	}
	return min(all, float64(8*size)/(trials*group))
}

// draw draws a folded code: its magnitude k has a probability that falls by q from each to the next.
func draw(random *rand.Rand, q float64, signed bool) int {
	k := int(math.Log(1-random.Float64()) / math.Log(q))
	if !signed {
		return min(k, math.MaxUint8)
	}
	// Both sides: 0 is drawn once, all others for each sign.
	if k = min(k, math.MaxInt8); k > 0 && random.IntN(2) == 0 {
		return 2*k - 1
	}
	return 2 * k
}

// decayOf is the q at which codes have an entropy of so many bits.
func decayOf(entropy float64, signed bool) float64 {
	low, high := 1e-9, 1-1e-9
	for range 60 {
		q := (low + high) / 2
		h := -math.Log2(1-q) - q/(1-q)*math.Log2(q) // of k
		if signed {
			h += q // one bit for the sign where k > 0, which is in q of all cases
		}
		if h < entropy {
			low = q
		} else {
			high = q
		}
	}
	return (low + high) / 2
}
