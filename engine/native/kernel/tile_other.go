//go:build !(amd64 || arm64) || noasm

package kernel

// Run computes the tile; isa is ignored where there is no assembly.
func (t *Tile) Run(isa string) { tileGeneric(t) }
