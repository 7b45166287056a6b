//go:build !amd64 || noasm

package kernel

// Run computes the channel; isa is ignored where there is no assembly.
func (d *Depthwise) Run(isa string) { depthwiseGeneric(d) }

// Run computes the channel; isa is ignored where there is no assembly.
func (p *Plane3) Run(isa string) { plane3Generic(p) }

// Run computes the planes; isa is ignored where there is no assembly.
func (p *Planes3) Run(isa string) { planes3Generic(p) }

// Run unpacks n channels; isa is ignored where there is no assembly.
func (u *Unpack) Run(isa string, n int) { unpackGeneric(u, n) }
