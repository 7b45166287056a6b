package rans

// TapSet is all models of a profile in one piece, for TapModels. It is immutable.
type TapSet struct {
	models  []*Model
	slots   []uint32   // of models, one after the other: (frequency - 1) << 20 | start << 8 | symbol, or unusual
	at      []uint32   // where a model's begin; tapFine
	entries []tapEntry // by model and symbol, escapes behind a model's others
	first   []uint32   // of a model's entries
}

// tapEntry is what an encoder needs of an interval, in a few bits: start | (frequency - 1) << 12 | shift << 24, and tapEscape;
// as coding has it.
type tapEntry struct {
	interval, reciprocal uint32
}

const tapEscape = 1 << 31

// NewTapSet gathers models.
func NewTapSet(models []*Model) *TapSet {
	s := &TapSet{models: models, at: make([]uint32, len(models)), first: make([]uint32, len(models))}
	for i, m := range models {
		s.appendSlots(i, m)
		s.first[i] = uint32(len(s.entries))
		for _, rank := range m.rank {
			s.entries = append(s.entries, m.tapEntry(rank))
		}
		s.entries = append(s.entries, m.tapEntry(0))
	}
	return s
}

// A model whose intervals end on the grid of smallTables has one entry for what they cannot divide, so that those of many
// models are in the cache: tapSlot says which one. Others have one for every slot.
const (
	tapMiddle = middleFrom - middleFrom/middleUnit
	tapCoarse = tapMiddle + coarseFrom/middleUnit - coarseFrom/coarseUnit
)

// tapSlot is the number of a slot's entry. Slopes fall from part to part of the grid, so that the least one holds.
func tapSlot(slot uint32) uint32 {
	return min(slot, slot/middleUnit+tapMiddle, slot/coarseUnit+tapCoarse)
}

// appendSlots appends the entries of model i.
func (s *TapSet) appendSlots(i int, m *Model) {
	s.at[i] = uint32(len(s.slots))
	if m.small == nil {
		s.at[i] |= tapFine
	}
	next := uint32(0) // entry
	for slot, e := range m.common {
		if m.small != nil && tapSlot(uint32(slot)) < next {
			continue
		}
		start := m.coding[uint8(m.slots[slot])].start
		s.slots = append(s.slots, e&^((probScale-1)<<8)|start<<8)
		next++
	}
}

// slot is the entry of a state in a context.
func (m *TapModels) slot(context uint8, state uint32) uint32 {
	at, slot := m.decode[context]&^tapRelative, state%probScale
	if at&tapFine != 0 {
		return m.set.slots[at&^tapFine+slot]
	}
	return m.set.slots[at+tapSlot(slot)]
}

func (m *Model) tapEntry(rank uint8) tapEntry {
	c, f := &m.coding[rank], uint32(m.freq[rank])
	e := tapEntry{c.start | (f-1)<<ProbBits | uint32(c.shift)<<(2*ProbBits), c.reciprocal}
	if rank == 0 {
		e.interval |= tapEscape
	}
	return e
}

func (e tapEntry) coding() coding {
	f := e.interval>>ProbBits&(probScale-1) + 1
	return coding{
		limit: f << (31 - ProbBits), start: e.interval & (probScale - 1), reciprocal: e.reciprocal,
		rest: uint16(probScale - f), shift: uint16(e.interval >> (2 * ProbBits) & 15),
	}
}

// TapModels are those of an edge by context. Kernels know its fields.
type TapModels struct {
	set     *TapSet
	models  [NumTapContexts]*Model
	decode  [NumTapContexts]uint32 // where the model's slots begin in set; tapFine, tapRelative
	encode  [NumTapContexts]uint32 // the same of entries
	symbols int32
}

const (
	tapRelative = 1 << 31
	tapFine     = 1 << 30 // the model has entries for every slot
)

// Models are those that numbers name, by context; they have one alphabet.
func (s *TapSet) Models(t *Taps, numbers []uint8) *TapModels {
	out := &TapModels{set: s, symbols: int32(len(s.models[numbers[0]].rank))}
	for i, k := range numbers[:NumTapContexts] {
		out.models[i], out.decode[i], out.encode[i] = s.models[k], s.at[k], s.first[k]
		if t.Relative[i] {
			out.decode[i] |= tapRelative
			out.encode[i] |= tapRelative
		}
	}
	return out
}

// start is the code of symbol 0 in a context, where low is that of contexts that are not relative.
func (m *TapModels) start(context uint8, low int32, prediction int16) int32 {
	if m.decode[context]&tapRelative != 0 {
		return int32(prediction) - m.symbols/2
	}
	return low
}

// entry is that of a code.
func (m *TapModels) entry(context uint8, start int32, code int16) uint32 {
	return m.encode[context]&^tapRelative + min(uint32(int32(code)-start), uint32(m.symbols))
}
