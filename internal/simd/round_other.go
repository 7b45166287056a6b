//go:build !amd64 || noasm

package simd

func roundVector([]float32, *Rounding) bool { return false }
