//go:build !amd64 || noasm

package kernel

// For returns the kernels of an instruction set, one of the names of package cpu.
func For(isa string) *Vectors { return &generic }
