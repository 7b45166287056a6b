// Package prefix is the coder fast: a prefix code for bytes whose bits lie apart by level, so that vector registers
// work on 64 words at once (spec/fast.md).
//
// A code becomes a value, 0 or above, that is small where codes are frequent. The head of a value is what of it is at
// most 3 (or 1); the heads of 2 (or 4) neighbours make one of 16 symbols, which has a word of a prefix code. Values
// beyond the head have a rest: its low bits as they are, and a word for the others.
package prefix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrStream says that a stream is damaged.
var ErrStream = errors.New("prefix-coded stream is damaged")

// slack is how far beyond their part of a buffer kernels may read, or write what is written again.
const slack = 64

// Coder is scratch memory. The zero value is ready; a Coder serves one goroutine at a time.
type Coder struct {
	*kernels
	escapes []byte

	// Encoding: symbols and rests, then their words.
	symbols, rests []byte

	// Decoding.
	heads   []byte
	ranks   []byte // one list behind the other, by level
	active  []uint64
	lasts   [MaxLen]uint64 // of the planes at hand: the bits behind the last multiple of 64
	lowBits step
	extreme bool // an escape is so high that a code may be out of range
}

// Append appends the stream of codes, which are bytes from code's lowest to its highest; others make a stream that
// Decode refuses. It may use dst's capacity for a few bytes beyond the stream.
func (c *Coder) Append(dst, codes []byte, code *Code) []byte {
	n := len(codes)
	if n == 0 {
		return dst
	}
	c.kernels = best()
	c.symbols, c.rests, c.escapes = room(c.symbols, n), room(c.rests, n), room(c.escapes, n)
	rests := c.splitHeads(c.symbols, c.rests, codes, code)
	group := code.group
	dst = c.appendLevels(dst, c.symbols, (n+group-1)/group, &code.symbols)
	for bit := int(code.params.LowBits) - 1; bit >= 0; bit-- {
		dst = c.appendPlane(dst, c.rests, rests, bit)
	}
	escapes := c.lookUp(c.rests, c.escapes, rests, code)
	dst = c.appendLevels(dst, c.rests, rests, &code.rests)
	return append(dst, c.escapes[:escapes]...)
}

// appendLevels appends the bits of n words, level by level. It destroys list.
func (c *Coder) appendLevels(dst, list []byte, n int, w *words) []byte {
	for i := range w.steps {
		size := (n + 7) / 8 * w.steps[i].bits
		dst = slices.Grow(dst, size+slack)
		at := len(dst)
		n = c.shiftOut(dst[at:at+size+slack], list, n, &w.steps[i])
		dst = dst[:at+size]
	}
	return dst
}

// appendPlane appends one bit of each of n bytes.
func (c *Coder) appendPlane(dst, list []byte, n, bit int) []byte {
	size := (n + 7) / 8
	dst = slices.Grow(dst, size+slack)
	at := len(dst)
	c.takeBit(dst[at:at+size+slack], list, n, bit)
	return dst[:at+size]
}

// Decode restores len(dst) codes from the stream that src begins with, and returns what follows it. Errors wrap
// ErrStream; dst is then undefined.
func (c *Coder) Decode(dst, src []byte, code *Code) ([]byte, error) {
	n := len(dst)
	if n == 0 {
		return src, nil
	}
	c.kernels = best()
	c.heads, c.ranks, c.extreme = room(c.heads, n), room(c.ranks, n), false
	group := code.group
	symbols := (n + group - 1) / group
	ranks, src, err := c.readLevels(src, symbols, &code.symbols)
	if err != nil {
		return nil, fmt.Errorf("%w: heads: %w", ErrStream, err)
	}
	rests := c.spreadHeads(c.heads, ranks, n, code)
	for _, h := range c.heads[n : symbols*group] {
		if h != 0 {
			return nil, fmt.Errorf("%w: heads beyond the last code", ErrStream)
		}
	}
	list, src, err := c.readRests(src, rests, code)
	if err != nil {
		return nil, fmt.Errorf("%w: rests: %w", ErrStream, err)
	}
	if !c.joinHeads(dst, c.heads, list, code, c.extreme || code.span != 255) {
		return nil, fmt.Errorf("%w: codes out of range", ErrStream)
	}
	return src, nil
}

// readRests reads the rests of n values.
func (c *Coder) readRests(src []byte, n int, code *Code) (list, left []byte, err error) {
	size := (n + 7) / 8
	lowBits := int(code.params.LowBits)
	if len(src) < size*lowBits {
		return nil, nil, errShort
	}
	low, src := src[:size*lowBits], src[size*lowBits:]
	list, src, err = c.readLevels(src, n, &code.rests)
	if err != nil {
		return nil, nil, err
	}
	c.lowBits = step{bits: lowBits, last: true}
	if _, err := c.cut(low, n, lowBits); err != nil {
		return nil, nil, err
	}
	c.shiftIn(list, nil, nil, low, n, &c.lasts, &c.lowBits)
	return list, src, nil
}

// readEscapes replaces the escapes among the n words that end last by what follows them in the stream.
func (c *Coder) readEscapes(list, src []byte, n int, w *words) ([]byte, error) {
	count := c.countEqual(list, n, w.escape)
	if count == 0 {
		return src, nil
	}
	if len(src) < count {
		return nil, errShort
	}
	c.escapes = room(c.escapes, count)
	copy(c.escapes, src[:count])
	var inside bool
	if inside, c.extreme = c.bounds(c.escapes, count, w.escape, w.highest); !inside {
		return nil, errEscape
	}
	c.putEscapes(list, c.escapes, n, w.escape)
	return src[count:], nil
}

var (
	errShort   = errors.New("the stream is too short")
	errPadding = errors.New("unused bits are set")
	errEscape  = errors.New("an escape stands for what it must not")
)

// readLevels reads n words and returns their ranks, in scratch memory that the next call uses again.
func (c *Coder) readLevels(src []byte, n int, w *words) (ranks, left []byte, err error) {
	lists := max(len(w.steps), 1)
	c.ranks, c.active = room(c.ranks, lists*(padded(n)+slack)), room(c.active, lists*padded(n)/64)
	if len(w.steps) == 0 {
		clear(c.ranks[:padded(n)])
	}
	ended, endedList := n, c.ranks    // the words that end last
	list, active := c.ranks, c.active // of the words that go on
	var open [MaxLen]level
	for i := range w.steps {
		s := &w.steps[i]
		planes, err := c.cut(src, n, s.bits)
		if err != nil {
			return nil, nil, err
		}
		src = src[len(planes):]
		ended, endedList = n, list
		l := &open[i]
		*l = level{list, list[min(padded(n)+slack, len(list)):], active, n}
		n = c.shiftIn(l.list, l.next, l.active, planes, n, &c.lasts, s)
		list, active = l.next, active[padded(l.n)/64:]
	}
	if w.escapes {
		if src, err = c.readEscapes(endedList, src, ended, w); err != nil {
			return nil, nil, err
		}
	}
	for i := len(w.steps) - 2; i >= 0; i-- {
		l := &open[i]
		c.ascend(l.list, l.next, l.active, l.n)
	}
	return c.ranks, src, nil
}

// level is one at which some words end and others go on.
type level struct {
	list   []byte   // ranks of those that end; of the others at last, too
	next   []byte   // ranks of the others
	active []uint64 // which go on
	n      int
}

// cut returns the planes of n bits that src begins with, and keeps in lasts the words that hold their last bits.
func (c *Coder) cut(src []byte, n, planes int) ([]byte, error) {
	size := (n + 7) / 8
	if len(src) < size*planes {
		return nil, errShort
	}
	for p := range planes {
		last := lastWord(src[p*size+n/64*8:], (n%64+7)/8)
		if last>>(n%64) != 0 {
			return nil, errPadding
		}
		c.lasts[p] = last
	}
	return src[: size*planes : size*planes], nil
}

// lastWord is the number in the first size bytes of b, at most 8.
func lastWord(b []byte, size int) (last uint64) {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b) & (1<<(8*size) - 1)
	}
	for i, v := range b[:size] {
		last |= uint64(v) << (8 * i)
	}
	return last
}

// padded is n, rounded up to whole vectors.
func padded(n int) int { return (n + 63) &^ 63 }

// room returns buf with a length of at least n, rounded up to whole vectors, and the slack.
func room[T any](buf []T, n int) []T {
	if n = padded(n) + slack; len(buf) < n {
		return make([]T, n)
	}
	return buf
}
