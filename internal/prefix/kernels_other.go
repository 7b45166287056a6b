//go:build !amd64 || noasm

package prefix

func best() *kernels { return &generic }
