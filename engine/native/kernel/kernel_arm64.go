//go:build arm64 && !noasm

package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// Run computes the tile with the instruction set isa, one of the names of package cpu.
func (t *Tile) Run(isa string) {
	if isa == cpu.Generic || len(t.Off) == 0 || len(t.Places) == 0 || t.Rows < 1 {
		tileGeneric(t)
		return
	}
	padded := (t.Rows + Rows - 1) / Rows * Rows
	_, _ = t.W[len(t.Off)*padded-1], t.Bias[padded-1]
	tileNEON(t)
}

// The assembly trusts its caller on Places and Off, which are fixed when a network is compiled, and on the lengths of what
// they point into.

//go:noescape
func tileNEON(t *Tile)
