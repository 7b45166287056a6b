package entropy

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tile is a block of planes that are coded together. All planes have Rows x Cols codes.
type Tile struct {
	Rows, Cols int
	Planes     []Plane
}

// Plane is a channel's part of a tile.
type Plane struct {
	Codes []int16 // row by row
	// Models has one entry, or NumContexts: by what lies to the left and above.
	Models []*Model
	Low    int16 // the code of symbol 0
	// Codes that a decoder accepts.
	Min, Max int16
}

// Cost is the ideal length of the tile's codes by its models, in bits.
func (t *Tile) Cost() float64 {
	sum := 0.0
	for i := range t.Planes {
		p := &t.Planes[i]
		VisitContexts(p.Codes, t.Cols, func(context int, code int16) {
			m := p.Models[context%len(p.Models)]
			s := int(code) - int(p.Low)
			if s < 0 {
				s = len(m.interval)
			}
			sum += m.Cost(s)
		})
	}
	return sum
}

// Lanes is the number of states that code a tile side by side: a power of two, at most MaxLanes, which leaves each
// laneValues codes at least, or 1. A state costs 3 bytes: what it holds beyond codes.
func (t *Tile) Lanes() int {
	n := 1
	for n < MaxLanes && 2*n <= len(t.Planes) && 2*n*laneValues <= len(t.Planes)*t.Rows*t.Cols {
		n *= 2
	}
	return n
}

// MaxLanes is a vector of 32-bit states.
const MaxLanes = 16

const laneValues = 2048

// StateBytes is the size of a lane's state in the stream.
const StateBytes = 4

// The state is kept in [ransLow, ransLow << 16): 16 bits are moved out or in at a time.
const ransLow = 1 << 16

// RANS codes tiles. Planes go through the lanes in groups: plane k of a group belongs to lane k, and a group's planes are
// coded in step, position by position. The zero value is ready; its memory is reused.
type RANS struct {
	near      neighbours
	intervals []uint32 // of every code, in coding order
	words     []uint16
	escapes   []int16
}

// Append appends the tile as one stream (spec/coders.md): the lanes' states, words, and what was escaped.
func (r *RANS) Append(dst []byte, t *Tile) []byte {
	lanes, plane := t.Lanes(), t.Rows*t.Cols
	if n := len(t.Planes) * plane; cap(r.intervals) < n {
		r.intervals = make([]uint32, n)
	}
	for first := 0; first < len(t.Planes); first += lanes {
		group := t.Planes[first:min(first+lanes, len(t.Planes))]
		for lane := range group {
			r.find(r.intervals[first*plane:], t, &group[lane], lane, len(group))
		}
	}
	var states [MaxLanes]uint32
	for lane := range lanes {
		states[lane] = ransLow
	}
	r.words, r.escapes = r.words[:0], r.escapes[:0]
	for first := (len(t.Planes) - 1) / lanes * lanes; first >= 0; first -= lanes { // the last code first
		group := t.Planes[first:min(first+lanes, len(t.Planes))]
		r.encode(states[:len(group)], r.intervals[first*plane:(first+len(group))*plane], group)
	}
	for _, s := range states[:lanes] {
		dst = binary.LittleEndian.AppendUint32(dst, s)
	}
	for i := len(r.words) - 1; i >= 0; i-- {
		dst = binary.LittleEndian.AppendUint16(dst, r.words[i])
	}
	for _, e := range r.escapes {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(e))
	}
	return dst
}

// escaped marks the interval of an escape.
const escaped = 1 << 31

// find writes the intervals of a plane's codes to every lanes-th place of dst.
func (r *RANS) find(dst []uint32, t *Tile, p *Plane, lane, lanes int) {
	if len(p.Models) == 1 {
		m := p.Models[0]
		for i, c := range p.Codes {
			dst[i*lanes+lane] = m.find(c, p.Low)
		}
		return
	}
	r.near.reset(t.Cols, 1)
	for i := 0; i < len(p.Codes); i += t.Cols {
		r.near.next()
		for x, c := range p.Codes[i : i+t.Cols] {
			dst[(i+x)*lanes+lane] = p.Models[r.near.context(x, 0)].find(c, p.Low)
			r.near.set(x, 0, c)
		}
	}
}

func (m *Model) find(code, low int16) uint32 {
	s := int(code) - int(low)
	if s >= 0 && s < len(m.interval)-1 && uint16(m.interval[s]) > 0 {
		return m.interval[s]
	}
	return m.interval[len(m.interval)-1] | escaped
}

// encode codes a group from its last code to the first.
func (r *RANS) encode(states, intervals []uint32, group []Plane) {
	for i := len(intervals) - 1; i >= 0; i-- {
		lane, v := i%len(group), intervals[i]
		if v&escaped != 0 {
			r.escapes = append(r.escapes, group[lane].Codes[i/len(group)])
			v &^= escaped
		}
		x, freq := states[lane], v&math.MaxUint16
		if uint64(x) >= uint64(freq)<<(32-ProbBits) {
			r.words = append(r.words, uint16(x))
			x >>= 16
		}
		states[lane] = x/freq<<ProbBits + x%freq + v>>16
	}
}

// Decode fills the planes' codes from a stream that Append made of a tile of the same shape and models. A stream that is
// too short or too long, does not end in the initial states, escapes a code that has a frequency, or holds one beyond its
// plane's bounds gives ErrStream.
func (r *RANS) Decode(t *Tile, src []byte) error {
	lanes := t.Lanes()
	if len(src) < StateBytes*lanes || len(src)%2 != 0 {
		return fmt.Errorf("%w: %d bytes", ErrStream, len(src))
	}
	var states [MaxLanes]uint32
	for lane := range lanes {
		states[lane] = binary.LittleEndian.Uint32(src[StateBytes*lane:])
		if states[lane] < ransLow {
			return fmt.Errorf("%w: state %#x", ErrStream, states[lane])
		}
	}
	src = src[StateBytes*lanes:]
	for first := 0; first < len(t.Planes); first += lanes {
		group := t.Planes[first:min(first+lanes, len(t.Planes))]
		var err error
		if src, err = r.decode(states[:len(group)], t, group, src); err != nil {
			return err
		}
	}
	for _, s := range states[:lanes] {
		if s != ransLow {
			return fmt.Errorf("%w: it ends in state %#x", ErrStream, s)
		}
	}
	if len(src) != 0 {
		return fmt.Errorf("%w: %d bytes left", ErrStream, len(src))
	}
	return nil
}

// decode decodes a group of planes in step and returns what is left of src: words are taken from its front, escapes from
// its end.
func (r *RANS) decode(states []uint32, t *Tile, group []Plane, src []byte) ([]byte, error) {
	r.near.reset(t.Cols, len(group))
	for i := range t.Rows * t.Cols {
		x := i % t.Cols
		if x == 0 {
			r.near.next()
		}
		for lane := range group {
			p := &group[lane]
			m := p.Models[0]
			if len(p.Models) > 1 {
				m = p.Models[r.near.context(x, lane)]
			}
			s := states[lane]
			slot := m.slot[s&(probScale-1)]
			code := int(m.symbol[s&(probScale-1)])
			s = slot&math.MaxUint16*(s>>ProbBits) + slot>>16
			if s < ransLow {
				if len(src) < 2 {
					return nil, fmt.Errorf("%w: it ends too early", ErrStream)
				}
				s = s<<16 | uint32(binary.LittleEndian.Uint16(src))
				src = src[2:]
			}
			states[lane] = s
			if code == len(m.interval)-1 {
				if len(src) < 2 {
					return nil, fmt.Errorf("%w: an escaped code is missing", ErrStream)
				}
				c := int16(binary.LittleEndian.Uint16(src[len(src)-2:]))
				src = src[:len(src)-2]
				if c < p.Min || c > p.Max || m.find(c, p.Low)&escaped == 0 {
					return nil, fmt.Errorf("%w: code %d is escaped", ErrStream, c)
				}
				p.Codes[i] = c
			} else {
				p.Codes[i] = int16(code) + p.Low
			}
			r.near.set(x, lane, p.Codes[i])
		}
	}
	return src, nil
}
