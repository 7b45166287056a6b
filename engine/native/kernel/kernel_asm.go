//go:build (amd64 || arm64) && !noasm

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
	tileAsm(t, isa)
}

// Run computes the channel with the instruction set isa, one of the names of package cpu.
func (d *Depthwise) Run(isa string) {
	if isa == cpu.Generic || d.Rows == 0 || d.Vectors == 0 || len(d.Off) == 0 {
		depthwiseGeneric(d)
		return
	}
	_, _ = d.W[len(d.Off)-1], d.Out[(d.Rows-1)*d.OutStep+d.Vectors*Width-1]
	depthwiseRows(d)
}

// The assembly trusts its caller on Places and Off, which are fixed when a network is compiled, and on the lengths of what
// they point into.

//go:noescape
func depthwiseRows(d *Depthwise)

// Run computes the channel with the instruction set isa, one of the names of package cpu.
func (p *Plane3) Run(isa string) {
	if isa == cpu.Generic || p.Rows == 0 || p.Cols == 0 || p.Stride > 2 {
		plane3Generic(p)
		return
	}
	_, _, _ = p.W[8], p.Out[p.Rows*p.Cols-1], p.X[p.reach()-1]
	if p.Stride == 1 {
		plane3Stride1(p)
	} else {
		plane3Stride2(p)
	}
}

// Run computes the planes with the instruction set isa, one of the names of package cpu.
func (p *Planes3) Run(isa string) {
	if isa == cpu.Generic || min(p.Channels, p.Rows, p.Cols) < 1 || p.Stride*p.Cols != p.InCols || p.Stride > 2 {
		planes3Generic(p)
		return
	}
	_, _, _, _ = p.W[9*p.Channels-1], p.Bias[p.Channels-1], p.Out[p.Channels*p.Rows*p.Cols-1], p.Zeros[p.InCols+3*Width-1]
	_ = p.X[p.Channels*p.InRows*p.InCols-1 : p.Channels*p.InRows*p.InCols+2*Width]
	if p.Stride == 1 {
		planes3Stride1(p)
	} else {
		planes3Stride2(p)
	}
}

// Run unpacks n channels with the instruction set isa, one of the names of package cpu.
func (u *Unpack) Run(isa string, n int) {
	if isa == cpu.Generic || n%4 != 0 || n == 0 {
		unpackGeneric(u, n)
		return
	}
	_, _ = u.In[(Rows-1)*u.Step+n-1], u.Out[(n-1)*u.OutStep+Rows-1]
	if u.Add != nil {
		_ = u.Add[(n-1)*u.OutStep+Rows-1]
	}
	unpackAsm(u, n/4)
}

//go:noescape
func plane3Stride1(p *Plane3)

//go:noescape
func plane3Stride2(p *Plane3)

//go:noescape
func planes3Stride1(p *Planes3)

//go:noescape
func planes3Stride2(p *Planes3)

//go:noescape
func unpackAsm(u *Unpack, fours int)
