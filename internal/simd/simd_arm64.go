//go:build arm64 && !noasm

package simd

import (
	"github.com/dqa-go/dqa/internal/cpu"
)

// constants of quantizing, as the kernels read them.
type constants struct{ inv, magic, high, low float32 }

// planes says where each bit's plane of the first group is, and how far it is to the next group's.
type planes struct {
	at   [8]*byte
	step [8]int
}

// planesOf are m planes per group in low and then n in high, of groups that exist. The bits from first on are in them;
// all others are written to spare, or read from it, which then is zero. (It is an argument, and the planes a result, so
// that nothing has to be allocated.)
func planesOf(spare *[8]byte, first int, low []byte, m int, high []byte, n int) (p planes) {
	for i := range p.at {
		switch k := i - first; {
		case 0 <= k && k < m:
			p.at[i], p.step[i] = &low[8*k], 8*m
		case m <= k && k < m+n:
			p.at[i], p.step[i] = &high[8*(k-m)], 8*n
		default:
			p.at[i] = &spare[0]
		}
	}
	return p
}

//go:noescape
func quantizePackNEON(x *float32, groups int, c *constants, p *planes) (lost float32)

//go:noescape
func unpackDequantizeNEON(x *float32, groups int, p *planes, step float32, sign byte)

//go:noescape
func unpackDequantizeUnsignedNEON(x *float32, groups int, p *planes, step float32)

//go:noescape
func quantizeNEON(dst *byte, x *float32, groups int, c *constants) (lost, most, least float32)

//go:noescape
func dequantizeNEON(x *float32, codes *byte, groups int, step float32)

//go:noescape
func dequantizeUnsignedNEON(x *float32, codes *byte, groups int, step float32)

//go:noescape
func packNEON(codes *byte, groups int, p *planes)

//go:noescape
func unpackNEON(codes *byte, groups int, p *planes, sign byte)

//go:noescape
func absMaxNEON(x *float32, groups int) uint32

//go:noescape
func maxNEON(x *float32, groups int) int32

//go:noescape
func usedNEON(codes *byte, groups int) (set, differ uint64)

func quantizePackVector(codes, errors []byte, x []float32, l Levels, n, m int) (done, finite bool) {
	if !cpu.Has(cpu.NEON) {
		return false, false
	}
	if len(x) == 0 {
		return true, true
	}
	var spare [8]byte
	p := planesOf(&spare, 0, errors, m, codes, n)
	return true, quantizePackNEON(&x[0], len(x)/Group, &constants{l.Inv, magic, l.High, l.Low}, &p) == 0
}

func unpackDequantizeVector(x []float32, codes, errors []byte, step float32, n, m int, signed bool) bool {
	if !cpu.Has(cpu.NEON) {
		return false
	}
	if len(x) == 0 {
		return true
	}
	var spare [8]byte
	p := planesOf(&spare, 0, errors, m, codes, n)
	if signed {
		unpackDequantizeNEON(&x[0], len(x)/Group, &p, step, 1<<(n+m-1))
	} else {
		unpackDequantizeUnsignedNEON(&x[0], len(x)/Group, &p, step)
	}
	return true
}

func quantizeVector(dst []byte, x []float32, l Levels) (done, finite, within bool) {
	if !cpu.Has(cpu.NEON) {
		return false, false, false
	}
	if len(x) == 0 {
		return true, true, true
	}
	lost, most, least := quantizeNEON(&dst[0], &x[0], len(x)/Group, &constants{l.Inv, magic, l.High, l.Low})
	return true, lost == 0, !(most >= l.High+.5 || least < l.Low-.5)
}

func dequantizeVector(x []float32, codes []byte, step float32, signed bool) bool {
	if !cpu.Has(cpu.NEON) {
		return false
	}
	switch {
	case len(x) == 0:
	case signed:
		dequantizeNEON(&x[0], &codes[0], len(x)/Group, step)
	default:
		dequantizeUnsignedNEON(&x[0], &codes[0], len(x)/Group, step)
	}
	return true
}

func packVector(dst, codes []byte, first, bits int) bool {
	if !cpu.Has(cpu.NEON) {
		return false
	}
	if len(dst) > 0 {
		var spare [8]byte
		p := planesOf(&spare, first, dst, bits, nil, 0)
		packNEON(&codes[0], len(codes)/Group, &p)
	}
	return true
}

func unpackVector(codes, src []byte, bits int, signed bool) bool {
	if !cpu.Has(cpu.NEON) {
		return false
	}
	if len(codes) > 0 {
		var spare [8]byte
		p := planesOf(&spare, 0, src, bits, nil, 0)
		var sign byte
		if signed {
			sign = 1 << (bits - 1)
		}
		unpackNEON(&codes[0], len(codes)/Group, &p, sign)
	}
	return true
}

func absMaxVector(x []float32) (top uint32, done bool) {
	if !cpu.Has(cpu.NEON) {
		return 0, false
	}
	if len(x) > 0 {
		top = absMaxNEON(&x[0], len(x)/Group)
	}
	return top, true
}

func maxVector(x []float32) (top int32, done bool) {
	if !cpu.Has(cpu.NEON) {
		return 0, false
	}
	if len(x) > 0 {
		top = maxNEON(&x[0], len(x)/Group)
	}
	return top, true
}

func usedVector(codes []byte) (set, differ byte, done bool) {
	if len(codes) == 0 || !cpu.Has(cpu.NEON) {
		return 0, 0, false
	}
	s, d := usedNEON(&codes[0], len(codes)/Group)
	return united(s), united(d), true
}
