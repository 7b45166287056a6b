//go:build !noasm

package rans

import "github.com/dqa-go/dqa/internal/cpu"

// decodeVectors decodes whole steps of streams that have small tables and as many lanes and ranks as the first one, as
// many steps as it can, and returns the number of ranks.
func decodeVectors(streams []stream) int {
	s := &streams[0]
	steps := len(s.ranks) / s.lanes
	if steps == 0 || !cpu.HasAVX512() {
		return 0
	}
	decodeAVX512(s, len(streams), steps)
	return steps * s.lanes
}

// encodeVectors is the inverse; false means that nothing was done.
func encodeVectors(streams []stream) bool {
	s := &streams[0]
	steps := len(s.ranks) / s.lanes
	if steps == 0 || !cpu.HasAVX512() {
		return false
	}
	encodeAVX512(s, len(streams), steps)
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
	if len(dst) == 0 || !cpu.HasAVX512() {
		translateGeneric(dst, src, table)
		return
	}
	_ = src[:len(dst)]
	translateAVX512(&dst[0], &src[0], len(dst), table)
}

// decodeAVX512 decodes steps of as many ranks as there are lanes for each of n streams. It writes MaxLanes ranks at
// every step and reads as many words; beyond a stream's end it reads within the slack and leaves at beyond end.
//
//go:noescape
func decodeAVX512(streams *stream, n, steps int)

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
