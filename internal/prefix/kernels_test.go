package prefix

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/cpu"
)

// lists are the memory that a kernel works on.
type lists struct {
	a, b, c []byte
	active  []uint64
	lasts   [MaxLen]uint64
	n       int
	code    *Code
	step    *step
}

func (l *lists) clone() *lists {
	c := *l
	c.a, c.b, c.c, c.active = unaligned(l.a), unaligned(l.b), unaligned(l.c), slices.Clone(l.active)
	return &c
}

func unaligned(b []byte) []byte { return append(make([]byte, 1, len(b)+1), b...)[1:] }

// kernelCalls call each kernel and return what it promises.
var kernelCalls = map[string]func(k *kernels, l *lists) string{
	"splitHeads": func(k *kernels, l *lists) string {
		n := k.splitHeads(l.a, l.b, l.c[:l.n], l.code)
		return fmt.Sprintf("%d %x %x", n, l.a[:(l.n+l.code.group-1)/l.code.group], l.b[:n])
	},
	"shiftOut": func(k *kernels, l *lists) string {
		for i, v := range l.b[:l.n] { // words go on, or end here
			l.b[i] = v | 1<<l.step.bits
			if l.step.last {
				l.b[i] &= 2<<l.step.bits - 1
			}
		}
		n := k.shiftOut(l.a, l.b, l.n, l.step)
		return fmt.Sprintf("%d %x %x", n, l.a[:(l.n+7)/8*l.step.bits], l.b[:n])
	},
	"takeBit": func(k *kernels, l *lists) string {
		k.takeBit(l.a, l.b, l.n, l.n%8)
		return fmt.Sprintf("%x", l.a[:(l.n+7)/8])
	},
	"lookUp": func(k *kernels, l *lists) string {
		n := k.lookUp(l.a, l.b, l.n, l.code)
		return fmt.Sprintf("%d %x %x", n, l.a[:l.n], l.b[:n])
	},
	"shiftIn": func(k *kernels, l *lists) string {
		for i := range l.a[:l.n] {
			l.a[i] &= 0x7f >> l.step.bits
		}
		size := (l.n + 7) / 8
		for p := range l.step.bits { // padding
			if l.n%8 > 0 {
				l.c[(p+1)*size-1] &= 1<<(l.n%8) - 1
			}
			l.lasts[p] = lastWord(l.c[p*size+l.n/64*8:], (l.n%64+7)/8)
		}
		n := k.shiftIn(l.a, l.b, l.active, l.c, l.n, &l.lasts, l.step)
		if l.step.last {
			return fmt.Sprintf("%x", l.a[:l.n])
		}
		return fmt.Sprintf("%d %x %x %x", n, l.a[:l.n], l.b[:n], l.active[:padded(l.n)/64])
	},
	"ascend": func(k *kernels, l *lists) string {
		l.active[(l.n-1)/64] &= 1<<((l.n-1)%64) | (1<<((l.n-1)%64) - 1)
		k.ascend(l.a, l.b, l.active, l.n)
		return fmt.Sprintf("%x", l.a[:l.n])
	},
	"countEqual": func(k *kernels, l *lists) string { return fmt.Sprint(k.countEqual(l.a, l.n, l.a[0])) },
	"bounds": func(k *kernels, l *lists) string {
		s := ""
		for _, c := range [][2]uint8{{0, 255}, {0, 200}, {20, 255}, {l.a[0], l.a[0]}} {
			inside, reached := k.bounds(l.a, l.n, c[0], c[1])
			s += fmt.Sprint(inside, reached)
		}
		return s
	},
	"putEscapes": func(k *kernels, l *lists) string {
		k.putEscapes(l.a, l.b, l.n, l.a[0])
		return fmt.Sprintf("%x", l.a[:l.n])
	},
	"spreadHeads": func(k *kernels, l *lists) string {
		for i := range l.b {
			l.b[i] &= 15
		}
		group := l.code.group
		whole := (l.n + group - 1) / group * group
		k.spreadHeads(l.a, l.b, l.n, l.code)
		full := k.spreadHeads(l.a, l.b, whole, l.code)
		return fmt.Sprintf("%d %x", full, l.a[:whole])
	},
	"joinHeads": func(k *kernels, l *lists) string {
		for i := range l.a {
			l.a[i] &= l.code.full
		}
		ok := k.joinHeads(l.c[:l.n], l.a, l.b, l.code, true)
		k.joinHeads(l.c[:l.n], l.a, l.b, l.code, false)
		return fmt.Sprintf("%v %x", ok, l.c[:l.n])
	},
}

// Each kernel does what its generic twin does, on any bytes.
func TestEachKernel(t *testing.T) {
	for _, isa := range cpu.Sets()[1:] {
		t.Run(isa, func(t *testing.T) {
			defer cpu.Lower(isa)()
			eachKernel(t, best())
		})
	}
}

func eachKernel(t *testing.T, k *kernels) {
	if k == &generic {
		t.Skip("no kernels")
	}
	r := rand.New(rand.NewPCG(19, 20))
	all := samples(t)
	for name, call := range kernelCalls {
		for n := 1; n <= 300; n++ {
			s := all[r.IntN(len(all))]
			bits := 1 + r.IntN(6)
			l := &lists{
				a: random(r, 8*n+1000), b: random(r, 8*n+1000), c: random(r, 8*n+1000), n: n, code: s.code,
				step: &step{bits: bits, leaves: uint8(1 + r.IntN(min(1<<bits, 63))), base: uint8(r.IntN(32)), first: r.IntN(2) == 0, last: r.IntN(3) == 0},
			}
			for range padded(n)/64 + slack {
				l.active = append(l.active, r.Uint64())
			}
			if got, want := call(k, l.clone()), call(&generic, l.clone()); got != want {
				t.Fatalf("%s, %d bytes, %v, %+v:\n%s\n%s", name, n, &s, *l.step, got, want)
			}
		}
	}
}

// random returns n bytes, of few or of many different values.
func random(r *rand.Rand, n int) []byte {
	b := bytes.Repeat([]byte{uint8(r.IntN(256))}, n)
	for i := range b {
		if r.IntN(1+n/50) > 0 {
			b[i] = uint8(r.IntN(256))
		}
	}
	return b
}
