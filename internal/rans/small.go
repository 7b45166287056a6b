package rans

// smallTables find the symbol of a slot and the intervals in a few vector registers. A model that has them ends its
// intervals on a grid: anywhere in the first slots, then at multiples of middleUnit, then of coarseUnit. Kernels know
// the layout.
type smallTables struct {
	coarse [probScale / coarseUnit]uint8  // ranks by slot / coarseUnit
	middle [coarseFrom / middleUnit]uint8 // below coarseFrom by slot / middleUnit
	fine   [middleFrom]uint8              // below middleFrom by slot

	// By rank.
	freq, start, reciprocalLow, reciprocalHigh, shift [maxSmall]uint16
}

const (
	maxSmall   = 64 // ranks
	middleUnit = 4
	coarseUnit = 32
	middleFrom = 64
	coarseFrom = 512
)

// newSmallTables returns nil for a model that they cannot hold.
func newSmallTables(m *Model) *smallTables {
	if !onGrid(m.freq[:m.live], slotOrder(m.freq[:m.live])) {
		return nil
	}
	t := &smallTables{}
	for i := range t.coarse {
		t.coarse[i] = uint8(m.slots[i*coarseUnit])
	}
	for i := range t.middle {
		t.middle[i] = uint8(m.slots[i*middleUnit])
	}
	for i := range t.fine {
		t.fine[i] = uint8(m.slots[i])
	}
	for r := range m.live {
		c := &m.coding[r]
		t.freq[r], t.start[r], t.shift[r] = m.freq[r], uint16(c.start), uint16(c.shift)
		t.reciprocalLow[r], t.reciprocalHigh[r] = uint16(c.reciprocal), uint16(c.reciprocal>>16)
	}
	return t
}

// onGrid tells whether the intervals of frequencies, in the order in which they lie, end on the grid.
func onGrid(freq []uint16, order []int) bool {
	at := 0
	for _, r := range order {
		at += int(freq[r])
		if at > middleFrom && at%middleUnit != 0 || at > coarseFrom && at%coarseUnit != 0 {
			return false
		}
	}
	return len(freq) <= maxSmall
}
