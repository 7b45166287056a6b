//go:build arm64 && !noasm

package kernel

func tileAsm(t *Tile, _ string) { tileNEON(t) }

//go:noescape
func tileNEON(t *Tile)

// table of the instruction set isa.
func table(string) *Vectors { return &assembly }
