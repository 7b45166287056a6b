//go:build (!amd64 && !arm64) || noasm

package cpu

var order = []string{Generic}

func detect() string { return Generic }
