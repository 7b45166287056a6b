//go:build !noasm

package rans

import (
	"math/bits"

	"github.com/dqa-go/dqa/internal/cpu"
)

// take and give are, by the lanes of four that take a word or give one away: where the words behind each other go, and where
// in the eight bytes before words those are that come of the lanes.
var take, give [16][16]uint8

func init() {
	for set := range 16 {
		k := uint8(0)
		for i := range give[set] {
			take[set][i], give[set][i] = 0x80, 0x80 // nothing
		}
		for lane := range uint8(4) {
			if set>>lane&1 == 1 {
				take[set][4*lane], take[set][4*lane+1] = 2*k, 2*k+1
				at := 8 - 2*bits.OnesCount8(uint8(set)) + 2*int(k)
				give[set][at], give[set][at+1] = 4*lane, 4*lane+1
				k++
			}
		}
	}
}

// decodeVectors decodes whole steps of streams that have as many lanes and ranks as the first one, as many steps as it can,
// and returns the number of ranks.
func decodeVectors(streams []stream) int {
	s := &streams[0]
	steps := len(s.ranks) / s.lanes
	switch {
	case steps == 0:
		return 0
	case wide(streams):
		decodeAVX512(s, len(streams), steps)
	case cpu.HasAVX2():
		decodeAVX2(s, len(streams), steps, 1<<min(s.lanes, 4)-1)
	default:
		return 0
	}
	return steps * s.lanes
}

// wide tells whether vectors of 16 lanes are possible, and worth their while.
func wide(streams []stream) bool { return cpu.HasAVX512() && streams[0].lanes > 4 && allSmall(streams) }

// encodeVectors is the inverse; false means that nothing was done.
func encodeVectors(streams []stream) bool {
	s := &streams[0]
	steps := len(s.ranks) / s.lanes
	switch {
	case steps == 0:
		return false
	case wide(streams):
		encodeAVX512(s, len(streams), steps)
	case cpu.HasAVX2():
		encodeAVX2(s, len(streams), steps, 1<<min(s.lanes, 4)-1)
	default:
		return false
	}
	return true
}

// decodeColumns decodes columns of a row, from x on, of planes that share their models, and returns where it stopped: at
// a column with an unusual code, or at the end of the row or of the stream.
func decodeColumns(g *group, s *stream, x int) int {
	if !cpu.HasAVX512() {
		return x
	}
	return decodeColumnsAVX512(g, s, x, &contextOf)
}

// translate writes table[src[i]] to dst[i]; dst and src have one length.
func translate(dst, src []uint8, table *[256]uint8) {
	src = src[:len(dst)]
	switch {
	case len(dst) == 0:
	case cpu.HasAVX512():
		translateAVX512(&dst[0], &src[0], len(dst), table)
	case cpu.HasAVX2() && len(dst) >= 32:
		translateAVX2(&dst[0], &src[0], len(dst)/32, table)
		whole := len(dst) &^ 31
		translateGeneric(dst[whole:], src[whole:], table)
	default:
		translateGeneric(dst, src, table)
	}
}

// decodeAVX512 decodes steps of as many ranks as there are lanes for each of n streams. It writes MaxLanes ranks at
// every step and reads as many words; beyond a stream's end it reads within the slack and leaves at beyond end.
//
//go:noescape
func decodeAVX512(streams *stream, n, steps int)

// decodeAVX2 is the same for any models; mask are those of four lanes that are in use. It writes four ranks at a time.
//
//go:noescape
func decodeAVX2(streams *stream, n, steps int, mask uint32)

// encodeAVX2 is the inverse: from the last step to the first. It reads four ranks at a time, and writes 8 bytes before at for
// every four lanes.
//
//go:noescape
func encodeAVX2(streams *stream, n, steps int, mask uint32)

// translateAVX2 translates blocks of 32 bytes, at least 1.
//
//go:noescape
func translateAVX2(dst, src *uint8, blocks int, table *[256]uint8)

// encodeAVX512 is the inverse: from the last step to the first. It reads MaxLanes ranks at every step and writes as many
// words before at.
//
//go:noescape
func encodeAVX512(streams *stream, n, steps int)

// decodeColumnsAVX512 is decodeColumns.
//
//go:noescape
func decodeColumnsAVX512(row *group, s *stream, x int, contexts *[maxActivity + 1]uint8) int

// translateAVX512 translates n bytes, at least 1.
//
//go:noescape
func translateAVX512(dst, src *uint8, n int, table *[256]uint8)
