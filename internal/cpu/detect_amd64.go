//go:build amd64 && !noasm

package cpu

import "golang.org/x/sys/cpu"

func detect() string {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return AVX2
	}
	return Generic
}
