package simd

import (
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

func TestUsed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, isa := range []string{cpu.Generic, cpu.ISA()} {
		restore := cpu.Lower(isa)
		for n := range 300 {
			codes := make([]byte, n)
			var set, differ byte
			for trial := range 20 {
				if n > 0 {
					codes[rng.IntN(n)] = byte(rng.Uint32()) >> (trial % 8)
				}
				set, differ = 0, 0
				for _, c := range codes {
					set |= c
					if c < 128 {
						differ |= c
					} else {
						differ |= ^c
					}
				}
				if s, d := Used(codes); s != set || d != differ {
					t.Fatalf("%s, %d codes: %08b %08b, want %08b %08b", isa, n, s, d, set, differ)
				}
			}
		}
		restore()
	}
}
