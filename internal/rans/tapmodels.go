package rans

// TapSet is all models of a profile in one piece, for TapModels. It is immutable.
type TapSet struct {
	models  []*Model
	slots   []uint32   // Model.common, model by model
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
	s := &TapSet{models: models, first: make([]uint32, len(models))}
	for i, m := range models {
		s.slots = append(s.slots, m.common[:]...)
		s.first[i] = uint32(len(s.entries))
		for _, rank := range m.rank {
			s.entries = append(s.entries, m.tapEntry(rank))
		}
		s.entries = append(s.entries, m.tapEntry(0))
	}
	return s
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
	decode  [NumTapContexts]uint32 // where the model's slots begin in set; tapRelative
	encode  [NumTapContexts]uint32 // the same of entries
	symbols int32
}

const tapRelative = 1 << 31

// Models are those that numbers name, by context; they have one alphabet.
func (s *TapSet) Models(t *Taps, numbers []uint8) *TapModels {
	out := &TapModels{set: s, symbols: int32(len(s.models[numbers[0]].rank))}
	for i, k := range numbers[:NumTapContexts] {
		out.models[i], out.decode[i], out.encode[i] = s.models[k], uint32(k)*probScale, s.first[k]
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
