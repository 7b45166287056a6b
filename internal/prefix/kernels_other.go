//go:build (!amd64 && !arm64) || noasm

package prefix

func best() *kernels { return &generic }
