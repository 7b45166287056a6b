//go:build !(amd64 || arm64) || noasm

package kernel

// For returns the kernels; isa is ignored where there is no assembly.
func For(isa string) *Vectors { return &generic }

// Run computes the tile; isa is ignored where there is no assembly.
func (t *Tile) Run(isa string) { tileGeneric(t) }

// Run computes the channel; isa is ignored where there is no assembly.
func (d *Depthwise) Run(isa string) { depthwiseGeneric(d) }

// Run computes the channel; isa is ignored where there is no assembly.
func (p *Plane3) Run(isa string) { plane3Generic(p) }

// Run computes the planes; isa is ignored where there is no assembly.
func (p *Planes3) Run(isa string) { planes3Generic(p) }

// Run unpacks n channels; isa is ignored where there is no assembly.
func (u *Unpack) Run(isa string, n int) { unpackGeneric(u, n) }
