package prefix

import "math/bits"

// Code is what Params stand for, ready for use. It is immutable and may be shared.
type Code struct {
	params  Params
	symbols words
	rests   words
	heads   [16]uint8 // of symbols, by rank

	// For kernels without vectors.
	parts  [256]parts // of codes
	codes  [256]uint8 // of values
	spread [16]uint32 // by rank of a symbol: a head in each byte, and from bit 28 on how many of them are full

	// Parameters as vector kernels want them.
	group  int
	fold   int   // 1 if codes are two's complement, else 0
	center uint8 // the most frequent code
	full   uint8 // the largest head: only it has a rest
	escape uint8 // the escape's rank
	low    uint8 // the lowest code
	span   uint8 // from the lowest code to the highest
}

// parts are those of a value: its head, 1 if that is full, else 0, and its rest, if there is one.
type parts struct{ head, full, rest uint8 }

// words is a canonical prefix code. Shorter words go to lower ranks; a rank's word is written from its highest bit on.
type words struct {
	steps []step          // from the first bits of words to the last ones
	coded [maxWords]uint8 // by rank, or by symbol: the word, the bit to be written first lowest, and a 1 above it

	// Of rests.
	escapes bool
	escape  uint8 // the rank that stands for the escape, the last one
	highest uint8 // what an escape may stand for
}

// step is one or more bits after which some words end; after the last step all have ended. Kernels know its fields.
type step struct {
	bits   int   // of each word that has not ended before
	leaves uint8 // words that end here
	base   uint8 // the rank of the first of them
	first  bool  // nothing comes before
	last   bool  // all words end here
}

// NewCode compiles parameters. It returns an error that wraps ErrParams if they are not valid.
func NewCode(p Params) (*Code, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	c := &Code{
		params: p, rests: newWords(p.Words),
		group: int(p.Group), center: uint8(p.Center), full: p.full(), escape: uint8(p.escape()),
		low: uint8(p.Low), span: uint8(p.High - p.Low),
	}
	if p.Low < 0 {
		c.fold = 1
	}
	c.rests.escapes, c.rests.escape, c.rests.highest = true, c.escape, (255-c.full)>>p.LowBits
	c.symbols = newWords(countLengths(&p.Lengths))
	byRank := c.symbols.coded
	rank := 0
	for length := uint8(1); length <= MaxLen; length++ {
		for s, l := range p.Lengths {
			if l == length {
				c.heads[rank] = uint8(s)
				c.symbols.coded[s] = byRank[rank]
				rank++
			}
		}
	}
	c.tabulate()
	return c, nil
}

// tabulate fills the tables for kernels without vectors.
func (c *Code) tabulate() {
	for v := range c.codes {
		c.codes[v] = uint8(v)
		if c.fold != 0 {
			c.codes[v] = unfold(uint8(v), c.center)
		}
		head := min(uint8(v), c.full)
		c.parts[c.codes[v]] = parts{head, uint8(atLeast(head, c.full)), uint8(v) - c.full}
	}
	for rank, symbol := range c.heads {
		for i := range c.group {
			head := symbol >> (i * 4 / c.group) & c.full
			c.spread[rank] |= uint32(head) << (8 * i)
			c.spread[rank] += uint32(atLeast(head, c.full)) << 28
		}
	}
}

// Params returns what the code was made from.
func (c *Code) Params() Params { return c.params }

func newWords(leaves [MaxLen]uint8) words {
	var w words
	w.coded[0] = 1 // a single word has no bits
	rank, word, skipped := 0, uint8(0), 0
	for i, n := range leaves {
		length := i + 1
		if n > 0 {
			w.steps = append(w.steps, step{bits: length - skipped, leaves: n, base: uint8(rank), first: skipped == 0})
			skipped = length
		}
		for range n {
			w.coded[rank] = bits.Reverse8(word)>>(8-length) | 1<<length
			rank++
			word++
		}
		word <<= 1
	}
	if len(w.steps) > 0 {
		w.steps[len(w.steps)-1].last = true
	}
	return w
}

// length is that of a word in coded.
func length(coded uint8) int { return bits.Len8(coded) - 1 }
