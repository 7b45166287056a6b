// Package cpu says which instruction set the kernels of this program use. The choice is made once at start from what
// the processor offers, and can be lowered by the environment variable DQA_ISA or, in tests, by Lower.
// It also says what this process has taken of the machine.
package cpu

import (
	"os"
	"sync/atomic"
)

// Names of the instruction sets.
const (
	Generic = "generic" // portable Go
	AVX2    = "avx2"    // amd64: AVX2 and FMA
	AVX512  = "avx512"  // amd64: F, BW, DQ, VL, VBMI, VBMI2, GFNI and VPOPCNTDQ, as from Ice Lake and Zen 4 on
	NEON    = "neon"    // arm64
)

var current atomic.Int32 // place in order

func init() {
	isa := detect()
	if want := os.Getenv("DQA_ISA"); rank(want) >= 0 && rank(want) < rank(isa) {
		isa = want
	}
	current.Store(int32(rank(isa)))
}

// rank is the place of isa in order, which lists what there is on this architecture, weakest first; -1 for another name.
func rank(isa string) int {
	for i, name := range order {
		if name == isa {
			return i
		}
	}
	return -1
}

// ISA names the instruction set in use.
func ISA() string { return order[current.Load()] }

// Sets names the instruction sets that may be used, the weakest, Generic, first: for tests.
func Sets() []string { return order[:current.Load()+1] }

// Engine names the instruction set of the engine's kernels, which are fewer than the codec's.
func Engine() string {
	for _, isa := range []string{AVX512, AVX2, NEON} {
		if Has(isa) {
			return isa
		}
	}
	return Generic
}

// Has reports whether kernels for isa may be used. Kernels ask for every call: it takes a few nanoseconds.
func Has(isa string) bool {
	r := rank(isa)
	return r >= 0 && r <= int(current.Load())
}

// Lower limits the instruction set of this process to isa until restore is called; it never raises it. It is for tests of the
// codec's kernels, which are functions without a state of their own and ask for every call; such tests are not parallel with others of
// their package. The engine is told when a network is compiled (native.WithISA).
func Lower(isa string) (restore func()) {
	before := current.Load()
	if Has(isa) {
		current.Store(int32(rank(isa)))
	}
	return func() { current.Store(before) }
}
