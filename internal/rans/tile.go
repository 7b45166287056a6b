package rans

// Tile is a block of planes that are coded together. All planes have Rows x Cols codes.
type Tile struct {
	Rows, Cols int
	Planes     []Plane
	Taps       *Taps // nil: contexts, where planes have so many models
	// With taps: TapModels of all planes, whose Models do not count, and the number of lanes of a stream that is decoded; an
	// encoder chooses, and says how many.
	TapModels *TapModels
	TapLanes  int
}

// Plane is a channel's part of a tile. Its codes lie row by row in Bytes, two's complement if Low is negative, or in
// Codes; all planes of a tile use the same.
type Plane struct {
	Bytes []byte
	Codes []int16
	// Models has one entry, or NumContexts: by what lies to the left and above. All planes of a tile have as many.
	Models  []*Model
	Offset  int16   // with taps: what is expected beyond them, in 1/128
	Earlier Earlier // with taps: all planes of a tile have one, or none
	Low     int16   // the code of symbol 0
	// Codes that a decoder accepts.
	Min, Max int16
}

// code is the code at place i.
func (p *Plane) code(i int) int16 {
	switch {
	case p.Bytes == nil:
		return p.Codes[i]
	case p.Low < 0:
		return int16(int8(p.Bytes[i]))
	}
	return int16(p.Bytes[i])
}

// set stores a code; false means that it is beyond a byte.
func (p *Plane) set(i int, code int16) bool {
	if p.Bytes == nil {
		p.Codes[i] = code
		return true
	}
	p.Bytes[i] = byte(code)
	return p.code(i) == code
}

// inStep tells whether codes depend on their neighbours, so that every lane must go through a plane of its own.
func (t *Tile) inStep() bool {
	return t.Taps == nil && len(t.Planes) > 0 && len(t.Planes[0].Models) > 1
}

// Lanes is the number of states that code a tile side by side: a power of two, at most MaxLanes, which leaves each
// laneValues codes at least, or 1. With contexts there are no more than planes. A state costs 3 bytes: what it holds
// beyond codes.
func (t *Tile) Lanes() int {
	if t.Taps != nil {
		if t.TapLanes > 0 {
			return t.TapLanes
		}
		return t.tapLanes()
	}
	n, most := 1, MaxLanes
	if t.inStep() {
		most = min(most, len(t.Planes))
	}
	for 2*n <= most && 2*n*laneValues <= len(t.Planes)*t.Rows*t.Cols {
		n *= 2
	}
	return n
}

// MaxLanes is a vector of 32-bit states.
const MaxLanes = 16

const laneValues = 1024

// Cost is the ideal length of the tile's codes by its models, in bits.
func (t *Tile) Cost() float64 {
	sum := 0.0
	for i := range t.Planes {
		p := &t.Planes[i]
		if t.Taps == nil && len(p.Models) == 1 {
			sum += p.cost()
			continue
		}
		codes := make([]int16, t.Rows*t.Cols)
		for j := range codes {
			codes[j] = p.code(j)
		}
		if t.Taps != nil {
			sum += t.tapCost(p, codes)
			continue
		}
		contexts := make([]uint8, len(codes))
		Contexts(contexts, codes, t.Cols)
		for j, code := range codes {
			m := p.Models[contexts[j]]
			sum += m.rankCost(m.rankOf(code, p.Low))
		}
	}
	return sum
}

// cost is that of a plane with one model.
func (p *Plane) cost() float64 {
	m, sum := p.Models[0], 0.0
	var counts [MaxLive]int
	for i := range max(len(p.Bytes), len(p.Codes)) {
		counts[m.rankOf(p.code(i), p.Low)]++
	}
	for r, n := range counts {
		if n > 0 {
			sum += float64(n) * m.rankCost(uint8(r))
		}
	}
	return sum
}
