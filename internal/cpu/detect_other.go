//go:build !amd64 || noasm

package cpu

func detect() string { return Generic }
