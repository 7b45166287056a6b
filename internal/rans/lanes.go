package rans

import "encoding/binary"

// stream is what is being decoded, or encoded backwards, of one tile. Kernels know its fields.
type stream struct {
	states [MaxLanes]uint32
	lanes  int
	words  []byte // decoding: the stream behind the states, then slack; encoding: room, filled from its end on
	at     int    // decoding: of the next word; encoding: of the last one written
	end    int    // decoding: behind the next escaped code, which stands before it
	tail   int    // positions that one state codes, of a tile with taps

	// Of the plane at hand.
	model *Model
	small *smallTables
	ranks []uint8 // slack lies behind them

	// Encoding: of the whole tile.
	all     []uint8
	escapes []int16 // in coding order
}

// slack is how far beyond their part of a buffer kernels may read, or write what is written again.
const slack = 64

// plane begins a plane with one model.
func (s *stream) plane(m *Model, ranks []uint8) {
	s.model, s.small, s.ranks = m, m.small, ranks
}

// allSmall tells whether the planes at hand have small tables.
func allSmall(streams []stream) bool {
	for i := range streams {
		if streams[i].small == nil {
			return false
		}
	}
	return true
}

// decodePlanes decodes the ranks of a plane of each stream: code i belongs to lane i mod lanes. The streams have one
// number of lanes and of ranks. Where one ends early its at is left beyond end.
func decodePlanes(streams []stream) {
	done := decodeVectors(streams)
	for i := range streams {
		streams[i].decode(streams[i].ranks[done:])
	}
}

// encodePlanes is the inverse: from the last code to the first.
func encodePlanes(streams []stream) {
	s := &streams[0]
	n := len(s.ranks)
	whole := n - n%s.lanes
	for i := range streams {
		streams[i].encode(streams[i].ranks[whole:])
	}
	if encodeVectors(streams) {
		return
	}
	for i := range streams {
		streams[i].encode(streams[i].ranks[:whole])
	}
}

// decode decodes ranks, the first of which belongs to lane 0.
func (s *stream) decode(ranks []uint8) {
	slots, states := &s.model.slots, &s.states
	for len(ranks) > 0 && s.at <= s.end {
		step := ranks[:min(s.lanes, len(ranks))]
		words, at := (*[slack]byte)(s.words[s.at:]), uint(0) // a step takes 2 bytes per lane at most
		for lane := range uint(len(step)) {
			x := states[lane%MaxLanes]
			e := slots[x%probScale]
			step[lane] = uint8(e)
			x = next(x, e)
			// Without branches, the compiler sees to it: whether a word is wanted cannot be foreseen.
			more := x<<16 | uint32(binary.LittleEndian.Uint16(words[at%(slack/2):]))
			at += uint((x-ransLow)>>31) * 2
			if x < ransLow {
				x = more
			}
			states[lane%MaxLanes] = x
		}
		s.at += int(at)
		ranks = ranks[len(step):]
	}
}

// next is the state x without the code that entry e of Model.slots holds.
func next(x, e uint32) uint32 { return (e>>20+1)*(x>>ProbBits) + e>>8&(probScale-1) }

// encode encodes ranks, the first of which belongs to lane 0, from the last one on.
func (s *stream) encode(ranks []uint8) {
	coding, states, mask := &s.model.coding, &s.states, (s.lanes-1)%MaxLanes
	words := s.words[:s.at]
	for i := len(ranks) - 1; i >= 0; i-- {
		lane := i & mask
		states[lane], words = coding[ranks[i]].give(states[lane], words)
	}
	s.at = len(words)
}

// give moves state x into the interval; if x is too large it gives a word away first, to the end of the room before the
// words.
func (c *coding) give(x uint32, room []byte) (uint32, []byte) {
	// Without a branch: whether it is too large cannot be foreseen.
	n := len(room) - 2
	binary.LittleEndian.PutUint16(room[n:], uint16(x))
	large := (c.limit - 1 - x) >> 31 // both are at most 1<<31
	x >>= large << 4 & 31
	q := uint32(uint64(x)*uint64(c.reciprocal)>>31) >> (c.shift & 31)
	return x + c.start + q*uint32(c.rest), room[:len(room)-int(large*2)]
}

// translateGeneric writes table[src[i]] to dst[i].
func translateGeneric(dst, src []uint8, table *[256]uint8) {
	for i, v := range src[:len(dst)] {
		dst[i] = table[v]
	}
}
