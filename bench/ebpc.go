package bench

import "math/bits"

// Extended bit-plane compression (Cavigelli, Rutishauser, Benini, arXiv 1908.11645): runs of zeros, and the other words in
// blocks of 8 by bit-plane compression (Kim, Sullivan, Choukse, Erez, ISCA 2016). A block is its first word and the
// differences of the others; of their bit planes, each XORed with the one above, most hold nothing.
const (
	ebpcBlock  = 8  // words
	ebpcDeltas = 7  // of a block
	ebpcRun    = 16 // zeros at most
	ebpcOnes   = 1<<ebpcDeltas - 1
)

func appendEBPC(dst, src []byte, w words) ([]byte, error) {
	b := bitWriter{out: dst}
	var others []int
	zeros := 0
	for i := 0; i < len(src); i += w.width {
		v := w.of(src[i:])
		if v == 0 {
			zeros++
		}
		if zeros == ebpcRun || zeros > 0 && (v != 0 || i+w.width == len(src)) {
			b.put(0, 1)
			b.put(zeros-1, 4)
			zeros = 0
		}
		if v != 0 {
			b.put(1, 1)
			others = append(others, v^w.offset())
		}
	}
	for len(others)%ebpcBlock > 0 {
		others = append(others, others[len(others)-1])
	}
	for ; len(others) > 0; others = others[ebpcBlock:] {
		b.block([ebpcBlock]int(others), 8*w.width)
	}
	return b.bytes(), nil
}

// offset turns two's complement into numbers from 0 on, whose differences are small where values' are.
func (w words) offset() int {
	if w.signed {
		return 1 << (8*w.width - 1)
	}
	return 0
}

// block writes planes from the highest on. Differences have a bit more than words.
func (b *bitWriter) block(block [ebpcBlock]int, width int) {
	b.put(block[0], width)
	above, run := 0, 0
	for k := width; k >= 0; k-- {
		plane := 0
		for i := range ebpcDeltas {
			plane |= (block[i+1] - block[i]) >> k & 1 << i
		}
		x := plane ^ above
		above = plane
		if x == 0 {
			run++
		}
		if run > 0 && (x != 0 || k == 0) {
			b.emptyPlanes(run, width)
			run = 0
		}
		if x != 0 {
			b.plane(x, plane)
		}
	}
}

func (b *bitWriter) emptyPlanes(run, width int) {
	if run == 1 {
		b.put(0b01, 2)
		return
	}
	b.put(0b001, 3)
	b.put(run-2, bits.Len(uint(width-1)))
}

// plane writes one that is not empty; x is it XORed with the one above.
func (b *bitWriter) plane(x, plane int) {
	low := bits.TrailingZeros(uint(x))
	switch {
	case x == ebpcOnes:
		b.put(0b00000, 5)
	case plane == 0:
		b.put(0b00001, 5)
	case x == 0b11<<low:
		b.put(0b00010, 5)
		b.put(low, 3)
	case x == 1<<low:
		b.put(0b00011, 5)
		b.put(low, 3)
	default:
		b.put(1, 1)
		b.put(x, ebpcDeltas)
	}
}

func readEBPC(dst, src []byte, w words) error {
	b := bitReader{in: src}
	clear(dst)
	var places []int
	for i := 0; i < len(dst); {
		if b.take(1) == 0 {
			i += (b.take(4) + 1) * w.width
			continue
		}
		places = append(places, i)
		i += w.width
	}
	for ; len(places) > 0; places = places[min(len(places), ebpcBlock):] {
		block := b.block(8 * w.width)
		for i, at := range places[:min(len(places), ebpcBlock)] {
			w.put(dst[at:], block[i]^w.offset())
		}
	}
	return nil
}

func (b *bitReader) block(width int) (block [ebpcBlock]int) {
	block[0] = b.take(width)
	var deltas [ebpcDeltas]int
	above, empty := 0, 0
	for k := width; k >= 0; k-- {
		if empty == 0 {
			empty = b.emptyPlanes(width)
		}
		plane := above
		if empty > 0 {
			empty--
		} else {
			plane = b.plane(above)
		}
		for i := range deltas {
			deltas[i] |= plane >> i & 1 << k
		}
		above = plane
	}
	for i, d := range deltas {
		if d>>width == 1 { // negative
			d -= 2 << width
		}
		block[i+1] = block[i] + d
	}
	return block
}

// emptyPlanes is how many come next; 0: another one.
func (b *bitReader) emptyPlanes(width int) int {
	switch {
	case b.peek(2) == 0b01:
		b.take(2)
		return 1
	case b.peek(3) == 0b001:
		b.take(3)
		return b.take(bits.Len(uint(width-1))) + 2
	}
	return 0
}

func (b *bitReader) plane(above int) int {
	if b.take(1) == 1 {
		return above ^ b.take(ebpcDeltas)
	}
	switch b.take(4) { // the first two are 0: what else there is says that planes are empty
	case 0b00:
		return above ^ ebpcOnes
	case 0b01:
		return 0
	case 0b10:
		return above ^ 0b11<<b.take(3)
	}
	return above ^ 1<<b.take(3)
}

// bitWriter puts the highest bits first.
type bitWriter struct {
	out  []byte
	acc  uint64
	have int
}

func (b *bitWriter) put(v, n int) {
	b.acc = b.acc<<n | uint64(v)
	for b.have += n; b.have >= 8; b.have -= 8 {
		b.out = append(b.out, byte(b.acc>>(b.have-8)))
	}
}

func (b *bitWriter) bytes() []byte {
	if b.have > 0 {
		return append(b.out, byte(b.acc<<(8-b.have)))
	}
	return b.out
}

// bitReader reads zeros behind the end.
type bitReader struct {
	in []byte
	at int // bits
}

func (b *bitReader) peek(n int) (v int) {
	for i := b.at; i < b.at+n; i++ {
		v <<= 1
		if i/8 < len(b.in) {
			v |= int(b.in[i/8]) >> (7 - i%8) & 1
		}
	}
	return v
}

func (b *bitReader) take(n int) int {
	v := b.peek(n)
	b.at += n
	return v
}
