//go:build arm64 && !noasm

package cpu

var order = []string{Generic, NEON}

func detect() string { return NEON }
