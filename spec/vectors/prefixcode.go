package main

import (
	"slices"

	"github.com/dqa-go/dqa/internal/prefix"
)

// prefixStream is a stream of the coder fast (spec/fast.md), plane by plane.
type prefixStream struct {
	symbols, low, high []bits
	escapes            []byte
}

// bits is one bit of each of its members.
type bits struct {
	bytes   []byte
	members int
}

// padded has an unused bit set.
func (b bits) padded() bits {
	if b.members%8 == 0 {
		panic("no bit is unused")
	}
	return bits{or(b.bytes, -1, 0x80), b.members}
}

func (s prefixStream) join() (b []byte) {
	for _, p := range slices.Concat(s.symbols, s.low, s.high) {
		b = append(b, p.bytes...)
	}
	return append(b, s.escapes...)
}

// foldCode is the value of a code.
func foldCode(p *prefix.Params, code int) int {
	if p.Low == 0 {
		return code
	}
	c := int(int8(code - int(p.Center)))
	if c < 0 {
		return -2*c - 1
	}
	return 2 * c
}

// headLimit is H.
func headLimit(p *prefix.Params) int {
	if p.Group == 2 {
		return 3
	}
	return 1
}

// escapePart is S.
func escapePart(p *prefix.Params) int {
	sum := 0
	for _, n := range p.Words {
		sum += int(n)
	}
	return max(sum, 1) - 1
}

// prefixCodes codes values as fast.md has it, which begins with codes.
func prefixCodes(p *prefix.Params, codes []int) prefixStream {
	values := make([]int, len(codes))
	for i, c := range codes {
		values[i] = foldCode(p, c)
	}
	return prefixValues(p, values, nil)
}

// prefixValues codes values, which need not be such that a reader accepts them; high parts for which escape is true
// are escaped though they have a word.
func prefixValues(p *prefix.Params, values []int, escape func(high int) bool) prefixStream {
	g, h, k := int(p.Group), headLimit(p), int(p.LowBits)
	symbols := make([]int, (len(values)+g-1)/g)
	var rests []int
	for i, v := range values {
		symbols[i/g] |= min(v, h) << (i % g * 4 / g)
		if v >= h {
			rests = append(rests, v-h)
		}
	}
	var s prefixStream
	s.symbols = levels(symbols, canonical(p.Lengths[:]))
	for bit := k - 1; bit >= 0; bit-- {
		s.low = append(s.low, bits{plane(rests, bit), len(rests)})
	}
	words := restWords(p)
	parts := make([]int, len(rests))
	for i, r := range rests {
		parts[i] = r >> k
		if parts[i] >= escapePart(p) || escape != nil && escape(parts[i]) {
			s.escapes = append(s.escapes, byte(parts[i]))
			parts[i] = escapePart(p)
		}
	}
	s.high = levels(parts, words)
	return s
}

// restWords are the words of high parts and of the escape.
func restWords(p *prefix.Params) []word {
	var lengths []uint8
	for i, n := range p.Words {
		for range n {
			lengths = append(lengths, uint8(i+1))
		}
	}
	if len(lengths) == 0 {
		return []word{{}}
	}
	return canonical(lengths)
}

// levels are the planes of words: the first bit of all, the second of those that have one, and so on.
func levels(list []int, words []word) (out []bits) {
	longest := 0
	for _, w := range words {
		longest = max(longest, w.length)
	}
	for level := range longest {
		var members []int
		for _, s := range list {
			if w := words[s]; w.length > level {
				members = append(members, w.bits>>(w.length-1-level)&1)
			}
		}
		out = append(out, bits{plane(members, 0), len(members)})
	}
	return out
}
