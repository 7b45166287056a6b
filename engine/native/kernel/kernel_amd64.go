//go:build amd64 && !noasm

package kernel

import "github.com/dqa-go/dqa/internal/cpu"

// Run computes the tile with the instruction set isa, one of the names of package cpu.
func (t *Tile) Run(isa string) {
	if isa != cpu.AVX2 || len(t.Off) == 0 {
		tileGeneric(t)
		return
	}
	_, _ = t.W[len(t.Off)*Rows-1], t.Bias[Rows-1]
	_ = t.Out[(Rows-1)*t.OutStep+t.Vectors*Width-1]
	if t.Add != nil {
		_ = t.Add[(Rows-1)*t.AddStep+t.Vectors*Width-1]
	}
	switch t.Vectors {
	case 3:
		tile3(t)
	case 2:
		tile2(t)
	case 1:
		tile1(t)
	}
}

// Run computes the channel with the instruction set isa, one of the names of package cpu.
func (d *Depthwise) Run(isa string) {
	if isa != cpu.AVX2 || d.Rows == 0 || d.Vectors == 0 || len(d.Off) == 0 {
		depthwiseGeneric(d)
		return
	}
	_, _ = d.W[len(d.Off)-1], d.Out[(d.Rows-1)*d.OutStep+d.Vectors*Width-1]
	depthwiseRows(d)
}

// The assembly trusts its caller on Base and Off, which are fixed when a network is compiled; other lengths are checked
// above.

//go:noescape
func tile3(t *Tile)

//go:noescape
func tile2(t *Tile)

//go:noescape
func tile1(t *Tile)

//go:noescape
func depthwiseRows(d *Depthwise)
