//go:build amd64 && !noasm

package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// tileAsm takes AVX-512 where isa is that: it gives the bits of AVX2.
func tileAsm(t *Tile, isa string) {
	if isa == cpu.AVX512 {
		tileAVX512(t)
		return
	}
	tileAVX2(t)
}

//go:noescape
func tileAVX2(t *Tile)

//go:noescape
func tileAVX512(t *Tile)
