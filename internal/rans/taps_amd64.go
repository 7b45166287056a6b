//go:build !noasm

package rans

import (
	"unsafe"

	"github.com/dqa-go/dqa/internal/cpu"
)

// tapVectors is what kernels of tiles with taps read.
var tapVectors = newTapTables()

// tapTables are constants, the same for all lanes, and the levels: of m, at most 255, in the first half of a vector, of m / 64 in the
// second one. The level of a byte below 16 is in first, by the byte; that of others is in base, by the upper four bits, and
// more by one for each of second and third that the lower four bits are beyond.
type tapTables struct {
	first, base, second, third [2][16]uint8

	below16, nibble                          [32]uint8
	spread                                   [6][MaxLanes]int16
	sign                                     [3][MaxLanes]int16
	limit, spreadMost, spreadPart, signPart  [MaxLanes]int16
	most, least                              [MaxLanes]int16 // of codes that are weighted
	three, six, seven, ten, twelve, fourteen [MaxLanes]int16
	fifteen, minus5, minus7, unusual         [MaxLanes]int16
	slot, place, symbol, one, low, bits16    [8]uint32

	// By the lanes of eight that take a word, or give one away: where words behind each other go to, and where at the end of
	// eight those are that come of the lanes.
	take, give [256][8]uint8
}

func newTapTables() *tapTables {
	t := &tapTables{}
	for k, table := range [2]*[256]uint8{&levels.fine, &levels.coarse} {
		for i := range 16 {
			t.first[k][i] = table[i]
			t.second[k][i], t.third[k][i] = 15, 15
			if i == 0 {
				continue
			}
			t.base[k][i] = table[16*i]
			for j := uint8(15); j > 0; j-- {
				if table[16*i+int(j)] > table[16*i+int(j)-1] {
					t.third[k][i], t.second[k][i] = t.second[k][i], j-1
				}
			}
		}
	}
	for i := range t.nibble {
		t.below16[i], t.nibble[i] = 0x70, 15
	}
	for i, b := range spreadBounds {
		t.spread[i] = broadcast(int16(b))
	}
	for i, b := range signBounds {
		t.sign[i] = broadcast(int16(b))
	}
	for v, to := range map[int16]*[MaxLanes]int16{
		tapLimit: &t.limit, spreadMost: &t.spreadMost, spreadPart: &t.spreadPart, signPart: &t.signPart, tapMost: &t.most,
		-tapMost: &t.least, 3: &t.three, 6: &t.six, 7: &t.seven, 10: &t.ten, 12: &t.twelve, 14: &t.fourteen, -5: &t.minus5,
		-7: &t.minus7, unusual: &t.unusual,
	} {
		*to = broadcast(v)
	}
	t.fifteen = broadcast(15)
	for i := range 8 {
		t.slot[i], t.place[i], t.symbol[i], t.one[i], t.low[i], t.bits16[i] = probScale-1, tapRelative-1, 255, 1, ransLow, 16
	}
	t.mapWords()
	return t
}

func (t *tapTables) mapWords() {
	for set := range 256 {
		k := uint8(0)
		for lane := range 8 {
			t.take[set][lane] = k
			if set>>lane&1 == 1 {
				k++
			}
		}
		at := 8 - k
		for lane := range uint8(8) {
			if set>>lane&1 == 1 {
				t.give[set][at] = lane
				at++
			}
		}
	}
}

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

// storeVectors is the inverse. It returns of how many lanes it wrote how many columns.
func (g *tapGroup) storeVectors(from, n int) (lanes, columns int) {
	lanes, columns = len(g.planes)&^7, n&^7
	if !cpu.HasAVX2() || columns == 0 || !g.bytes {
		return 0, 0
	}
	for half := 0; half < lanes; half += 8 {
		planes := g.pointers(half)
		storeLanesAVX2(&planes, &g.codes[g.at[0]+half], from, columns)
	}
	return lanes, columns
}

// pointers are where eight planes begin; there is one of them in place of those that there are not.
func (g *tapGroup) pointers(half int) (out [8]*uint8) {
	for k := range out {
		out[k] = &g.planes[min(half+k, len(g.planes)-1)].Bytes[0]
	}
	return out
}

// encodeTapSteps is of positions of groups in turn, from the one before end to the first: steps k to steps. It returns the step
// before which it stopped.
func encodeTapSteps(groups []tapGroup, end, k, steps int) int {
	if !cpu.HasAVX2() {
		return k
	}
	return encodeTapsAVX2(&groups[0], len(groups), end, k, steps, tapVectors)
}

// decodeTapColumns is of columns of groups in turn, from x on: those from step k to steps. It returns the step before which it
// stopped.
func decodeTapColumns(groups []tapGroup, x, k, steps int) int {
	if !cpu.HasAVX2() {
		return k
	}
	return decodeTapsAVX2(&groups[0], len(groups), x, k, steps, tapVectors)
}

//go:noescape
func sumAboveAVX2(group *tapGroup, x, end int)

//go:noescape
func addEarlierAVX2(group *tapGroup, x, end int)

//go:noescape
func indexColumnsAVX2(group *tapGroup, x, end int, index *uint32, tables *tapTables)

//go:noescape
func encodeTapsAVX2(groups *tapGroup, n, end, k, steps int, tables *tapTables) int

//go:noescape
func decodeTapsAVX2(groups *tapGroup, n, x, k, steps int, tables *tapTables) int

//go:noescape
func loadLanesAVX2(codes, near *int16, planes *[8]*uint8, from, n int, signed bool, tables *tapTables)

//go:noescape
func storeLanesAVX2(planes *[8]*uint8, codes *int16, from, n int)
