//go:build !amd64 || noasm

package simd

func productVector(_, _, _ []float32, _, _ int) bool { return false }
