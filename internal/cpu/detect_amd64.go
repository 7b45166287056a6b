//go:build amd64 && !noasm

package cpu

import "golang.org/x/sys/cpu"

var order = []string{Generic, AVX2, AVX512}

func detect() string {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return Generic
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VBMI && x.HasAVX512VBMI2 && x.HasAVX512GFNI && x.HasAVX512VPOPCNTDQ:
		return AVX512
	}
	return AVX2
}

// HasAVX512 is Has(AVX512) for kernels that take a few nanoseconds themselves.
func HasAVX512() bool { return current.Load() == int32(len(order)-1) }

// HasAVX2 is likewise.
func HasAVX2() bool { return current.Load() > 0 }
