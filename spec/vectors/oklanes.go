package main

import (
	"fmt"

	"github.com/dqa-go/dqa/profile"
)

// laneVectors are tiles of several lanes.
func laneVectors(s *set) {
	for _, c := range []struct {
		m, n, lanes int
	}{
		{1, 3, 1}, {1, 4, 1}, {1, 5, 1}, {2, 1, 1}, {2, 7, 1}, {2, 1022, 1}, {3, 511, 1}, {3, 512, 2},
		{3, 2063, 8}, {4, 2, 1}, {4, 1024, 4}, {4, 8200, 32},
	} {
		e := profile.Edge{
			Name:      "edge",
			Geometry:  profile.Geometry{Channels: 1, Rows: 1, Cols: c.n},
			Quantizer: profile.Quantizer{Bits: 2, ExtraBits: c.m, Important: []bool{true}},
			Coding:    profile.Coding{Coder: profile.Paper},
		}
		top := 1<<(1+c.m) - 1
		t := newSubject(fmt.Sprintf("paper-m%d-n%d",
			c.m, c.n), e, drawn(uint64(c.n), c.n, 0, 0, 0, 0, 1, 1, -1, 2, -2, top, top-1, -top/2, -top-1))
		_, errors := split(t.edge(), t.codes())
		if n := len(codeErrors(errors, c.m, t.edge().Table, 256).states); n != c.lanes {
			s.fail("%s: %d lanes", t.name, n)
		}
		t.good(s, fmt.Sprintf("%d shift errors of %d bits in %d lanes", c.n, c.m, c.lanes))
	}
	huffmanTables(s)
	for _, c := range []struct {
		coder                profile.Coder
		channels, rows, cols int
		lanes                int
	}{
		{profile.Small, 1, 23, 89, 1}, {profile.Small, 3, 1, 701, 2}, {profile.Small, 2, 99, 83, 16},
		{profile.Smallest, 1, 1, 2048, 1}, {profile.Smallest, 3, 1, 701, 2}, {profile.Smallest, 11, 2, 373, 8},
	} {
		ransLanes(s, c.coder, c.channels, c.rows, c.cols, c.lanes)
	}
}

// huffmanTables are words of all lengths.
func huffmanTables(s *set) {
	for i, c := range []struct {
		m       int
		lengths []uint8
	}{
		{3, []uint8{1, 2, 3, 4, 5, 6, 7, 7}}, {3, []uint8{7, 7, 6, 5, 4, 3, 2, 1}}, {3, []uint8{3, 3, 3, 3, 3, 3, 3, 3}},
		{3, []uint8{2, 6, 2, 6, 2, 5, 4, 3}}, {4, []uint8{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}},
		{2, []uint8{7, 7, 7, 7, 7, 7, 7, 7, 1, 3, 3, 3, 6, 6, 6, 6}}, {1, []uint8{2, 7, 7, 7, 7, 7, 7, 7, 7, 5, 5, 4, 4, 3,
			3, 2}},
	} {
		e := profile.Edge{
			Geometry:  profile.Geometry{Channels: 3, Rows: 7, Cols: 9},
			Quantizer: profile.Quantizer{Bits: 3, ExtraBits: c.m, Important: []bool{true, false, true}},
			Coding:    profile.Coding{Coder: profile.Paper, Table: c.lengths},
		}
		codes := drawn(uint64(i), 189, -4, -3, -2, -1, 0, 1, 2, 3)
		for k, w := range drawn(uint64(i)+9, 126, 0, 1, 2, 3, 5, 7, 8, 15, 4, 6, 9, 10, 11, 12, 13, 14) {
			k += k / 63 * 63 // important channels
			codes[k] = codes[k]<<c.m | w&(1<<c.m-1)
		}
		t := newSubject(numbered("paper-table-", i), e, codes)
		t.good(s, fmt.Sprintf("m = %d, lengths of words %v", c.m, c.lengths))
	}
}

// ransLanes is a tile of several planes, coded.
func ransLanes(s *set, coder profile.Coder, channels, rows, cols, lanes int) {
	n := channels * rows * cols
	e := profile.Edge{
		Name:      "edge",
		Geometry:  profile.Geometry{Channels: channels, Rows: rows, Cols: cols},
		Quantizer: profile.Quantizer{Bits: 3},
		Coding:    profile.Coding{Coder: coder},
	}
	codes := drawn(uint64(n), n, -2, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2)
	codes[n/2], codes[n-1] = 3, -4
	t := newSubject(fmt.Sprintf("rans-%v-%dx%dx%d", coder, channels, rows, cols), e, codes)
	stream := newRANS().stream(ransTile(t.p, t.edge(), t.codes()), cols)
	if len(stream.states) != lanes {
		s.fail("%s: %d lanes", t.name, len(stream.states))
	}
	t.accepted(s, payload{"coded", fmt.Sprintf("%d planes of %d codes in %d lanes, coder %v",
		channels, rows*cols, lanes, coder),
		append([]byte{coded}, stream.join()...)})
}
