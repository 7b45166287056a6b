package prefix

import (
	"errors"
	"fmt"
)

// Limits of Params.
const (
	MaxLen     = 7  // bits of a code word
	MaxLowBits = 7  // bits of a rest that are stored as they are
	maxWords   = 64 // words of a prefix code
)

// ErrParams says that parameters do not make a code.
var ErrParams = errors.New("parameters of a prefix coder are not valid")

// Params choose a code. They are a handful of bytes; Build finds good ones.
type Params struct {
	// Low and High are the lowest and the highest code. Low is 0: codes are unsigned bytes; or -128 to -1: they are
	// two's complement, High is at most 127.
	Low, High int16
	// Center is the most frequent code, where Low is below 0; else 0.
	Center int8
	// Group is the number of neighbours whose heads make one symbol: 2 or 4.
	Group uint8
	// Lengths are those of the words of the 16 symbols, 1 to MaxLen; they make a complete code.
	Lengths [16]uint8
	// LowBits is the number of low bits of a rest that are stored as they are, 0 to MaxLowBits.
	LowBits uint8
	// Words are the numbers of words, by length from 1 on, for the other bits of rests: 0, 1, 2 and so on, and at last
	// the escape. They make a complete code of at most 64 words, or are all 0: then there is only the escape, which
	// takes no bits.
	Words [MaxLen]uint8
}

// Validate refuses parameters that do not make a code.
func (p *Params) Validate() error {
	switch {
	case p.Low < -128 || p.Low > 0 || p.High < p.Low || p.Low == 0 && p.High > 255 || p.Low < 0 && p.High > 127:
		return fmt.Errorf("%w: codes from %d to %d", ErrParams, p.Low, p.High)
	case int16(p.Center) < p.Low || int16(p.Center) > p.High || p.Low == 0 && p.Center != 0:
		return fmt.Errorf("%w: center %d of codes from %d to %d", ErrParams, p.Center, p.Low, p.High)
	case p.Group != 2 && p.Group != 4:
		return fmt.Errorf("%w: groups of %d", ErrParams, p.Group)
	case p.LowBits > MaxLowBits:
		return fmt.Errorf("%w: %d low bits", ErrParams, p.LowBits)
	}
	for s, l := range p.Lengths {
		if l < 1 || l > MaxLen {
			return fmt.Errorf("%w: length %d of symbol %d", ErrParams, l, s)
		}
	}
	symbols, rests := countLengths(&p.Lengths), p.Words
	if !complete(&symbols) || rests != [MaxLen]uint8{} && !complete(&rests) {
		return fmt.Errorf("%w: a code is not complete", ErrParams)
	}
	if n := p.escape(); n<<p.LowBits > 256-int(p.full()) || n >= maxWords {
		return fmt.Errorf("%w: words for rests below %d<<%d", ErrParams, n, p.LowBits)
	}
	return nil
}

// full is the largest head of a value: what of it is coded together with its neighbours.
func (p *Params) full() uint8 {
	if p.Group == 2 {
		return 3
	}
	return 1
}

// escape is the number of high parts of rests that have words: the first one that has none, and the escape's rank.
func (p *Params) escape() int {
	n := -1
	for _, w := range p.Words {
		n += int(w)
	}
	return max(n, 0)
}

func countLengths(lengths *[16]uint8) (words [MaxLen]uint8) {
	for _, l := range lengths {
		words[l-1]++
	}
	return words
}

// complete tells whether words by length make a complete prefix code.
func complete(words *[MaxLen]uint8) bool {
	open := 1 << MaxLen // of the words of length MaxLen
	for i, n := range words {
		open -= int(n) << (MaxLen - 1 - i)
	}
	return open == 0
}
