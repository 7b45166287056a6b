package rans

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Tiles whose models are chosen by taps: planes are coded in step, position by position, in groups of MaxLanes. Plane k of a group
// belongs to lane k modulo the number of lanes.

// tapLanes is the number of states that a writer codes a tile with: as many as leave each tapLaneChanges codes that are not
// those before them.
func (t *Tile) tapLanes() int {
	changes := 0
	for i := range t.Planes {
		if changes += t.Planes[i].changes(); changes >= MaxLanes*tapLaneChanges {
			break // more lanes there are not
		}
	}
	n := 1
	for 2*n <= min(MaxLanes, len(t.Planes)) && 2*n*tapLaneChanges <= changes {
		n *= 2
	}
	return n
}

// A state costs a byte beyond what it holds of codes. Kernels want eight of them: that takes about .5 % more bits on maps of 8 x 8 than
// a fourth as many.
const tapLaneChanges = 64

func (p *Plane) changes() (n int) {
	i := 1
	for ; i+8 <= len(p.Bytes); i += 8 {
		const low = 0x7f7f7f7f7f7f7f7f
		d := binary.LittleEndian.Uint64(p.Bytes[i-1:]) ^ binary.LittleEndian.Uint64(p.Bytes[i:])
		n += bits.OnesCount64((d&low + low | d) &^ low) // the highest bit of every byte that is not 0
	}
	for ; i < len(p.Bytes); i++ {
		if p.Bytes[i] != p.Bytes[i-1] {
			n++
		}
	}
	for i := 1; i < len(p.Codes); i++ {
		if p.Codes[i] != p.Codes[i-1] {
			n++
		}
	}
	return n
}

// start begins planes of the tile, with a stream to decode or to encode.
func (g *tapGroup) start(s *stream, first int) {
	t := &g.tile
	g.first = first
	g.begin(t.Taps, t.group(first, MaxLanes), t.Cols)
	g.models, g.stream, g.low, g.plane = t.TapModels, s, g.planes[0].Low, t.Rows*t.Cols
	for lane := range g.planes {
		p := &g.planes[lane]
		g.least[lane], g.most[lane] = p.Min, p.Max
		if p.Bytes != nil && p.Low < 0 {
			g.least[lane], g.most[lane] = max(p.Min, -128), min(p.Max, 127)
		} else if p.Bytes != nil {
			g.least[lane], g.most[lane] = max(p.Min, 0), min(p.Max, 255)
		}
	}
	g.prepare()
}

// prepare fills in what kernels want to know.
func (g *tapGroup) prepare() {
	g.levels = tapLevelBits(g.flat)
	g.narrow, g.bytes = true, true
	for lane := range MaxLanes {
		g.used[lane], g.usedWords[lane] = 0, 0
		if lane < len(g.planes) {
			g.used[lane], g.usedWords[lane] = math.MaxUint32, math.MaxUint16
			g.bytes = g.bytes && g.planes[lane].Bytes != nil
			g.narrow = g.narrow && g.least[lane] >= -tapNarrow && g.most[lane] < tapNarrow
		}
	}
	g.lows, g.middles = broadcast(g.low), broadcast(-int16(g.models.symbols/2)-g.low)
}

const tapNarrow = 1 << 13

// tapLevelBits are the bits of a level that count.
func tapLevelBits(flat bool) (out [MaxLanes]uint8) {
	for lane := range out {
		out[lane] = tapLevels - 1 - b2i(flat)
	}
	return out
}

// encodeTaps encodes tiles: first contexts are found, from the first code to the last, then codes are coded, from the last to the
// first, position by position of tiles in turn.
func (r *Coder) encodeTaps(streams []stream, tiles []Tile) {
	turn := r.turn[:0]
	for i := range tiles {
		g := &r.taps[i]
		g.tile = tiles[i]
		g.indexAll(&streams[i])
		g.encodeTail()
		turn = append(turn, g)
	}
	for k := 0; len(turn) > 0; {
		k = encodeTapSteps(turn, k)
		switch g := turn[k]; {
		case g.x > g.stop:
			g.x--
			g.encodeGeneric(g.x)
			k = (k + 1) % len(turn)
		case g.first > 0:
			g.regroup(g.first - MaxLanes)
		default:
			turn = slices.Delete(turn, k, k+1)
			k %= max(1, len(turn))
		}
	}
	for i := range streams {
		slices.Reverse(streams[i].escapes)
	}
}

// indexAll notes the entries of all codes. The group is the last one then.
func (g *tapGroup) indexAll(s *stream) {
	t := &g.tile
	plane := t.Rows * t.Cols
	g.index = resize(g.index, (len(t.Planes)+MaxLanes-1)/MaxLanes*plane*MaxLanes)
	at := 0
	for first := 0; first < len(t.Planes); first += MaxLanes {
		g.start(s, first)
		for from := 0; from < plane; {
			n := t.Taps.width(t.Cols, plane-from)
			g.next()
			g.load(from, n)
			for x, end := 0, 0; x < n; x = end {
				end = g.segment(x, n)
				indexColumns(g, x, end, g.index[at+x*MaxLanes:at+end*MaxLanes])
			}
			from, at = from+n, at+n*MaxLanes
		}
	}
	g.stop = g.first / MaxLanes * plane
}

// indexColumnsGeneric notes the entries of columns x to end.
func (g *tapGroup) indexColumnsGeneric(x, end int, index []uint32) {
	for ; x < end; x++ {
		find(g, x)
		for lane := range g.planes {
			context, prediction := g.found.contexts[lane], g.found.predictions[lane]
			code := g.codes[g.at[0]+x*MaxLanes+lane]
			index[lane] = g.models.entry(context, g.models.start(context, int32(g.low), prediction), code)
		}
		index = index[MaxLanes:]
		g.echo(x)
	}
}

// encodeTail encodes the last codes of the last group with one state, until there are as many words as the other states can hold
// to begin with. If there are too few, there are fewer states.
func (g *tapGroup) encodeTail() {
	s, end := g.stream, g.stop+g.plane
	lanes := s.lanes
	s.lanes, g.x = 1, end
	for g.x > g.stop && len(s.words)-s.at < 2*(lanes-1) && end-g.x < maxTail {
		g.x--
		g.encodeGeneric(g.x)
	}
	for 2*(lanes-1) > len(s.words)-s.at {
		lanes /= 2
	}
	if s.lanes = lanes; lanes > 1 {
		s.tail = end - g.x
	}
	for lane := 1; lane < lanes; lane++ {
		s.states[lane] = tailState | uint32(binary.LittleEndian.Uint16(s.words[s.at:]))
		s.at += 2
	}
}

const (
	maxTail   = 1<<16 - 1
	tailState = 1 << 16 // and a word
)

// encodeGeneric encodes a position of the group's planes.
func (g *tapGroup) encodeGeneric(at int) {
	s, entries := g.stream, g.models.set.entries
	words, mask := s.words[:s.at], (s.lanes-1)%MaxLanes
	index := (*[MaxLanes]uint32)(g.index[at*MaxLanes:])
	for lane := len(g.planes) - 1; lane >= 0; lane-- {
		e := entries[index[lane]]
		if e.interval&tapEscape != 0 {
			s.escapes = append(s.escapes, g.planes[lane].code(at-g.stop))
		}
		c := e.coding()
		s.states[lane&mask], words = c.give(s.states[lane&mask], words)
	}
	s.at = len(words)
}

// regroup goes on to the tile's planes from first on, whose entries are known.
func (g *tapGroup) regroup(first int) {
	g.first, g.planes, g.stop = first, g.tile.group(first, MaxLanes), first/MaxLanes*g.plane
	g.prepare()
}

// load reads n codes of every plane, from place from on, into the row at hand.
func (g *tapGroup) load(from, n int) {
	done := g.loadVectors(from, n)
	if done == n {
		return
	}
	for lane := range g.planes {
		p, codes := &g.planes[lane], g.codes[g.at[0]+done*MaxLanes+lane:]
		switch {
		case p.Bytes == nil:
			for i, c := range p.Codes[from+done : from+n] {
				codes[i*MaxLanes] = c
			}
		case p.Low < 0:
			for i, c := range p.Bytes[from+done : from+n] {
				codes[i*MaxLanes] = int16(int8(c))
			}
		default:
			for i, c := range p.Bytes[from+done : from+n] {
				codes[i*MaxLanes] = int16(c)
			}
		}
	}
	near := g.near[g.at[0]:][done*MaxLanes : n*MaxLanes]
	for i, c := range g.codes[g.at[0]:][done*MaxLanes : n*MaxLanes] {
		near[i] = int16(bounded(int32(c)))
	}
}

// store is the inverse. Codes are such as their planes can have.
func (g *tapGroup) store(from, n int) {
	done := g.storeVectors(from, n)
	for lane := range g.planes {
		p, codes := &g.planes[lane], g.codes[g.at[0]+done*MaxLanes+lane:]
		if p.Bytes == nil {
			for i := range p.Codes[from+done : from+n] {
				p.Codes[from+done+i] = codes[i*MaxLanes]
			}
			continue
		}
		dst := p.Bytes[from+done : from+n]
		for i := range dst {
			dst[i] = byte(codes[i*MaxLanes])
		}
	}
}

// decodeTaps decodes tiles, column by column in turn: a code waits for its left neighbour, those of other tiles do not.
func (r *Coder) decodeTaps(streams []stream, tiles []Tile) error {
	turn := r.turn[:0]
	for i := range tiles {
		g := &r.taps[i]
		g.tile = tiles[i]
		g.start(&streams[i], 0)
		g.nextRow(0)
		turn = append(turn, g)
	}
	for k := 0; len(turn) > 0; {
		k = decodeTapColumns(turn, k)
		g := turn[k]
		if g.x < g.end {
			if err := g.decodeColumn(g.x); err != nil {
				return err
			}
			g.x++
			k = (k + 1) % len(turn)
		} else if !g.goOn() {
			turn = slices.Delete(turn, k, k+1)
			k %= max(1, len(turn))
		}
	}
	return nil
}

// goOn goes on to the columns behind those that are decoded; false if there are none.
func (g *tapGroup) goOn() bool {
	from := g.from + g.n
	switch {
	case g.x < g.n:
		g.nextSegment()
		return true
	case from < g.plane:
		g.store(g.from, g.n)
		g.nextRow(from)
		return true
	}
	g.store(g.from, g.n)
	if g.first += MaxLanes; g.first < len(g.tile.Planes) {
		g.start(g.stream, g.first)
		g.nextRow(0)
		return true
	}
	return false
}

// nextRow begins the row of codes from a place of the planes on.
func (g *tapGroup) nextRow(from int) {
	g.from, g.n, g.x = from, g.taps.width(g.tile.Cols, g.plane-from), 0
	g.turn = g.plane // not in this row
	if g.first+MaxLanes >= len(g.tile.Planes) {
		g.turn -= g.stream.tail + from
	}
	g.next()
	g.nextSegment()
}

// nextSegment begins columns of the row.
func (g *tapGroup) nextSegment() {
	g.end = g.segment(g.x, g.n)
	if g.stop = min(g.end, g.turn); !g.narrow || g.stream.lanes < leastTapVector {
		g.stop = 0
	}
}

// leastTapVector is the least number of states that kernels decode and encode with.
const leastTapVector = 8

// decodeColumn decodes a code of every plane.
func (g *tapGroup) decodeColumn(x int) error {
	s := g.stream
	if x == g.turn {
		if err := s.turn(); err != nil {
			return err
		}
	}
	if s.at > s.end {
		return fmt.Errorf("%w: it ends too early", ErrStream)
	}
	words, used := (*[slack]byte)(s.words[s.at:]), uint(0) // a step takes 2 bytes per lane at most
	mask := (s.lanes - 1) % MaxLanes
	find(g, x)
	for lane := range min(len(g.planes), MaxLanes) {
		context, state := g.found.contexts[lane], s.states[lane&mask]
		start := g.models.start(context, int32(g.low), g.found.predictions[lane])
		e := g.models.slot(context, state) // which kernels read, too
		wide := start + int32(uint8(e))
		if uint8(e) == unusual {
			var err error
			if wide, err = g.unusualCode(lane, context, state, start); err != nil {
				return err
			}
		}
		state = (e>>20+1)*(state>>ProbBits) + state%probScale - e>>8%probScale
		more := state<<16 | uint32(binary.LittleEndian.Uint16(words[used%(slack/2):]))
		used += uint((state-ransLow)>>31) * 2
		if state < ransLow {
			state = more
		}
		s.states[lane&mask] = state
		if wide < int32(g.least[lane]) || wide > int32(g.most[lane]) {
			return fmt.Errorf("%w: code %d, %d to %d allowed", ErrStream, wide, g.least[lane], g.most[lane])
		}
		g.set(x, lane, int16(wide))
	}
	s.at += int(used)
	g.echo(x)
	return nil
}

// unusualCode is one that slots do not tell: its symbol is too great, or it is escaped.
func (g *tapGroup) unusualCode(lane int, context uint8, state uint32, start int32) (int32, error) {
	m := g.models.models[context]
	if rank := uint8(m.slots[state%probScale]); rank > 0 {
		return start + int32(m.symbol[rank]), nil
	}
	code, err := g.stream.escapedFrom(&g.planes[lane], m, start)
	return int32(code), err
}

// turn takes words of all states but the first one, which alone decodes what is left.
func (s *stream) turn() error {
	for lane := s.lanes - 1; lane > 0; lane-- {
		w := s.states[lane] - tailState
		if w >= tailState {
			return fmt.Errorf("%w: state %#x at the end of a lane", ErrStream, s.states[lane])
		}
		s.at -= 2
		binary.LittleEndian.PutUint16(s.words[s.at:], uint16(w))
	}
	s.lanes = 1
	return nil
}

// tapCost is the ideal length of a plane's codes, in bits.
func (t *Tile) tapCost(p *Plane, codes []int16) (sum float64) {
	VisitTaps(&TapMemory{}, t.Taps, []TapPlane{{p.Offset, codes, p.Earlier}}, t.Cols, func(context uint8, prediction, code int16) {
		m := t.TapModels.models[context]
		sum += m.rankCost(m.rankFrom(code, t.TapModels.start(context, int32(p.Low), prediction)))
	})
	return sum
}
