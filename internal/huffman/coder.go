package huffman

import (
	"encoding/binary"
	"fmt"
)

// Lanes of a stream.
const (
	MaxLanes = 32
	// A lane's state takes 2 bytes, of which about 1.2 are lost: 1.5 % of its symbols' words.
	laneSymbols = 256
	low         = 1 << 8 // states are from here to 2^16 - 1
)

// lanes is the number of lanes for n symbols.
func lanes(n int) int {
	l := MaxLanes
	for l > 1 && n < l*laneSymbols {
		l /= 2
	}
	return l
}

// slack is how far vectors read and write beyond what there is.
const slack = MaxLanes

// Coder is the memory of coding. The zero value is ready; it belongs to one goroutine.
type Coder struct {
	symbols []byte
	coded   []byte
	streams [Abreast]stream
}

// Abreast is the number of streams that are decoded together, at most: a lane's next step must wait for its last one, those of
// other streams need not.
const Abreast = 8

// stream is what is being decoded. Kernels know its fields.
type stream struct {
	code    *Code
	state   [MaxLanes]uint16
	lanes   int
	symbols []byte // to be decoded
	done    int    // of them
	src     []byte // behind the states; slack lies behind it
	at      int    // of the next byte
	room    []byte // for symbols that are not shift errors
	copied  []byte // src and slack
}

// Append appends the stream of shift errors, which are the low bits of bytes.
func (k *Coder) Append(dst, errors []byte, c *Code) []byte {
	if len(errors) == 0 {
		return dst
	}
	k.symbols = appendSymbols(k.symbols[:0], errors, c.bits)
	n := len(k.symbols)
	k.symbols = grow(k.symbols, n+slack)
	k.coded = grow(k.coded, slack+n*MaxLen/8+1+2*MaxLanes)
	var state [MaxLanes]uint16
	for i := range state {
		state[i] = low
	}
	l := lanes(n)
	at := len(k.coded)
	// From the last symbol to the first: those of the last, smaller step, then whole steps.
	whole := n / l * l
	at = encodeGeneric(c, &state, k.symbols[whole:n], k.coded, at)
	at = encodeSteps(c, &state, l, k.symbols[:whole+slack], k.coded, at)
	for _, x := range state[:l] {
		dst = binary.LittleEndian.AppendUint16(dst, x)
	}
	return append(dst, k.coded[at:]...)
}

// encodeStepsGeneric encodes whole steps of l symbols; behind the symbols lies slack. It returns where the stream begins.
func encodeStepsGeneric(c *Code, state *[MaxLanes]uint16, l int, symbols, out []byte, at int) int {
	for from := len(symbols) - slack - l; from >= 0; from -= l {
		at = encodeGeneric(c, state, symbols[from:from+l], out, at)
	}
	return at
}

// encodeGeneric encodes symbols of one step before byte at.
func encodeGeneric(c *Code, state *[MaxLanes]uint16, symbols, out []byte, at int) int {
	mask := byte(NumSymbols(c.bits) - 1)
	room := out[:at]
	for lane := len(symbols) - 1; lane >= 0; lane-- {
		s, x := symbols[lane]&mask, uint32(state[lane&(MaxLanes-1)])
		// Without a branch: whether a byte must go cannot be foreseen.
		room[len(room)-1] = byte(x)
		full := (uint32(c.room[s]) - x) >> 31
		room = room[:len(room)-int(full)]
		x >>= full << 3 & 31
		state[lane&(MaxLanes-1)] = uint16(x<<(c.lengths[s]&15)) | c.words[s]
	}
	return len(room)
}

// Decode restores len(errors) shift errors from src, which must hold them and nothing more. Errors wrap ErrStream.
func (k *Coder) Decode(errors, src []byte, c *Code) error {
	if len(errors) == 0 {
		if len(src) > 0 {
			return fmt.Errorf("%w: %d bytes for no symbol", ErrStream, len(src))
		}
		return nil
	}
	s := &k.streams[0]
	if err := s.open(errors, src, c); err != nil {
		return err
	}
	s.done, s.at = decodeSteps(c, &s.state, s.lanes, s.symbols, s.src)
	return s.close(errors)
}

// Together tells whether streams of n shift errors are decoded faster together: they must have one code's bits.
func Together(n, m int) bool { return n > 0 && lanes((n+Group(m)-1)/Group(m)) < MaxLanes }

// DecodeAll is Decode of up to Abreast streams of shift errors of one number and of codes of one number of bits. The error is
// that of one of them.
func (k *Coder) DecodeAll(errors, src [][]byte, codes []*Code) error {
	streams := k.streams[:len(errors)]
	for i := range streams {
		if err := streams[i].open(errors[i], src[i], codes[i]); err != nil {
			return err
		}
	}
	decodeTogether(streams)
	for i := range streams {
		if err := streams[i].close(errors[i]); err != nil {
			return err
		}
	}
	return nil
}

// open reads the states and copies the rest: vectors read beyond the end.
func (s *stream) open(errors, src []byte, c *Code) error {
	n := (len(errors) + c.group - 1) / c.group
	s.code, s.symbols, s.done, s.at, s.lanes = c, errors, 0, 0, lanes(n)
	if c.group > 1 {
		s.room = grow(s.room, n)
		s.symbols = s.room
	}
	if len(src) < 2*s.lanes {
		return fmt.Errorf("%w: %d bytes, %d lanes", ErrStream, len(src), s.lanes)
	}
	for i := range s.lanes {
		s.state[i] = binary.LittleEndian.Uint16(src[2*i:])
		if s.state[i] < low {
			return fmt.Errorf("%w: state %d", ErrStream, s.state[i])
		}
	}
	src = src[2*s.lanes:]
	s.copied = append(append(s.copied[:0], src...), make([]byte, slack)...)
	s.src = s.copied[:len(src)]
	return nil
}

// close decodes what is left and checks that the stream ends as it must.
func (s *stream) close(errors []byte) error {
	c := s.code
	s.at = decodeGeneric(c, &s.state, s.lanes, s.symbols[s.done:], s.src, s.at)
	if s.at != len(s.src) {
		return fmt.Errorf("%w: %d bytes read, there are %d", ErrStream, s.at, len(s.src))
	}
	for _, x := range s.state[:s.lanes] {
		if x != low {
			return fmt.Errorf("%w: it ends in state %d", ErrStream, x)
		}
	}
	if c.group > 1 && !ungroup(errors, s.symbols, c.bits) {
		return fmt.Errorf("%w: an error behind the last one", ErrStream)
	}
	return nil
}

// decodeGeneric decodes symbols, the first one in lane 0, from byte at on, and returns where it stopped: beyond the end if
// bytes were missing. Behind src lies slack.
func decodeGeneric(c *Code, state *[MaxLanes]uint16, l int, symbols, src []byte, at int) int {
	for len(symbols) > 0 && at <= len(src) {
		step := symbols[:min(l, len(symbols))]
		more, k := (*[slack]byte)(src[at:at+slack]), uint(0) // a step takes a byte per lane at most
		for lane := range step {
			x := uint32(state[lane%MaxLanes])
			next := c.both[x%(1<<MaxLen)]
			step[lane] = uint8(next >> 8)
			x >>= next & 7
			// Without a branch, the compiler sees to it: whether a byte is wanted cannot be foreseen.
			full := x<<8 | uint32(more[k%slack])
			k += uint((x - low) >> 31)
			if x < low {
				x = full
			}
			state[lane%MaxLanes] = uint16(x)
		}
		at += int(k)
		symbols = symbols[len(step):]
	}
	return min(at, len(src)+1)
}

// grow makes b n bytes long; those beyond its length are undefined.
func grow(b []byte, n int) []byte {
	if n <= cap(b) {
		return b[:n]
	}
	return append(b[:cap(b)], make([]byte, n-cap(b))...)
}
