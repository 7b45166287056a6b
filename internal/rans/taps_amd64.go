//go:build !noasm

package rans

import (
	"unsafe"

	"github.com/dqa-go/dqa/internal/cpu"
)

// sumAbove sums what lies above columns x to end.
func sumAbove(g *tapGroup, x, end int) {
	if !cpu.HasAVX2() {
		g.sumAboveGeneric(x, end)
		return
	}
	sumAboveAVX2(g, x, end)
}

// addEarlier adds what the earlier edge says of columns x to end.
func addEarlier(g *tapGroup, x, end int) {
	if !cpu.HasAVX2() {
		g.addEarlierGeneric(x, end)
		return
	}
	addEarlierAVX2(g, x, end)
}

// loadEarlierVectors reads columns of planes of an earlier edge, as many as vectors hold, and returns how many.
func (g *tapGroup) loadEarlierVectors(dst []int16, from, n int) int {
	if n &^= 7; !cpu.HasAVX2() || n == 0 {
		return 0
	}
	for half := 0; half < len(g.planes); half += 8 {
		var planes [8]*uint8
		for k := range planes {
			planes[k] = (*uint8)(unsafe.Pointer(&g.planes[min(half+k, len(g.planes)-1)].Earlier.Codes[0]))
		}
		loadLanesAVX2(&dst[half], &dst[half], &planes, from, n, true, tapVectors)
	}
	return n
}

// find finds the contexts of column x.
func find(g *tapGroup, x int) {
	if !cpu.HasAVX2() || !g.narrow {
		g.findGeneric(x)
		return
	}
	findAVX2(g, x, &g.found, tapVectors)
}

// indexColumns notes the entries of columns x to end.
func indexColumns(g *tapGroup, x, end int, index []uint32) {
	if !cpu.HasAVX2() || !g.narrow {
		g.indexColumnsGeneric(x, end, index)
		return
	}
	indexColumnsAVX2(g, x, end, &index[0], tapVectors)
}

// loadVectors reads columns of planes of bytes, as many as vectors hold, and returns how many.
func (g *tapGroup) loadVectors(from, n int) int {
	n &^= 7
	if !cpu.HasAVX2() || n == 0 || !g.bytes {
		return 0
	}
	for half := 0; half < len(g.planes); half += 8 {
		at := g.at[0] + half
		planes := g.pointers(half)
		loadLanesAVX2(&g.codes[at], &g.near[at], &planes, from, n, g.low < 0, tapVectors)
	}
	return n
}

// storeVectors is the inverse.
func (g *tapGroup) storeVectors(from, n int) (columns int) {
	columns = n &^ 7
	if !cpu.HasAVX2() || columns == 0 || !g.bytes {
		return 0
	}
	g.spare = resize(g.spare, g.plane)
	for half := 0; half < len(g.planes); half += 8 {
		planes := g.pointers(half)
		for k := len(g.planes) - half; k < len(planes); k++ {
			planes[k] = &g.spare[0]
		}
		storeLanesAVX2(&planes, &g.codes[g.at[0]+half], from, columns)
	}
	return columns
}

// pointers are where eight planes begin; there is one of them in place of those that there are not.
func (g *tapGroup) pointers(half int) (out [8]*uint8) {
	for k := range out {
		out[k] = &g.planes[min(half+k, len(g.planes)-1)].Bytes[0]
	}
	return out
}

// encodeTapSteps encodes positions of groups in turn, from group k on. It returns the group that cannot go on.
func encodeTapSteps(groups []*tapGroup, k int) int {
	if !cpu.HasAVX2() {
		return k
	}
	return encodeTapsAVX2(&groups[0], len(groups), k, tapVectors)
}

// decodeTapColumns is the same of decoding columns.
func decodeTapColumns(groups []*tapGroup, k int) int {
	if !cpu.HasAVX2() {
		return k
	}
	return decodeTapsAVX2(&groups[0], len(groups), k, tapVectors)
}

//go:noescape
func sumAboveAVX2(group *tapGroup, x, end int)

//go:noescape
func addEarlierAVX2(group *tapGroup, x, end int)

//go:noescape
func findAVX2(group *tapGroup, x int, found *found, tables *tapTables)

//go:noescape
func indexColumnsAVX2(group *tapGroup, x, end int, index *uint32, tables *tapTables)

//go:noescape
func encodeTapsAVX2(groups **tapGroup, n, k int, tables *tapTables) int

//go:noescape
func decodeTapsAVX2(groups **tapGroup, n, k int, tables *tapTables) int

//go:noescape
func loadLanesAVX2(codes, near *int16, planes *[8]*uint8, from, n int, signed bool, tables *tapTables)

//go:noescape
func storeLanesAVX2(planes *[8]*uint8, codes *int16, from, n int)
