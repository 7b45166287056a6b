//go:build (amd64 || arm64) && !noasm

package rans

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
	middle, coarse                           [8]uint32 // of tapSlot
	still                                    [8]uint32 // an entry that leaves a state as it is

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
		t.slot[i], t.place[i], t.symbol[i], t.one[i], t.low[i], t.bits16[i] = probScale-1, tapFine-1, 255, 1, ransLow, 16
		t.middle[i], t.coarse[i], t.still[i] = tapMiddle, tapCoarse, (probScale-1)<<20
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
