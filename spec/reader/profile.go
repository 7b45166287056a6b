package reader

import (
	"crypto/sha256"
	"math"
	"slices"
)

// Coders and level maps, by their numbers in a profile.
const (
	raw = iota
	paper
	fast
	small
	smallest
	smallest2
)

const (
	uniform = iota
	clipped
	noisy
)

// Profile is what a decoder needs of one.
type Profile struct {
	digest [sha256.Size]byte
	second bool // it has something that version 1 has no place for
	edges  []*edge
	models []*model
	extras map[int][]byte // sections that a reader may skip
}

type edge struct {
	name                                      string
	channels, rows, cols, blockSize, bandSize int
	channelsLast, oneSided, unsigned, escape  bool
	means, transformed                        bool
	n, m, scaleMode, levelMap, coder, apart   int
	important                                 []bool
	steps                                     []float32
	centre, matrix                            []float32
	amplitude                                 float32
	seed                                      uint64
	table                                     []int
	prefix                                    *prefixCode
	models                                    []int
	taps, beside                              *taps
}

func (e *edge) static() bool { return e.scaleMode >= 2 }

func (e *edge) isImportant(c int) bool { return e.important != nil && e.important[c] }

// slots is the number of scales.
func (e *edge) slots() int {
	if e.scaleMode%2 == 0 {
		return e.channels
	}
	return 2
}

func (e *edge) slot(c int) int {
	switch {
	case e.scaleMode%2 == 0:
		return c
	case e.isImportant(c):
		return 1
	}
	return 0
}

// bits of the codes of channel c, of the base part.
func (e *edge) bits(c int) int {
	if e.isImportant(c) {
		return e.n + e.m - e.apart
	}
	return e.n - e.apart
}

// codes that channel c may have, of the base part.
func (e *edge) codes(c int) (low, high int) {
	switch {
	case e.escape && e.unsigned:
		return 0, 32767 >> e.apart
	case e.escape:
		return -32768 >> e.apart, 32767 >> e.apart
	case e.unsigned:
		return 0, 1<<e.bits(c) - 1
	}
	return e.lowest(c), 1<<(e.bits(c)-1) - 1
}

// lowest is the code of symbol 0.
func (e *edge) lowest(c int) int {
	if e.unsigned {
		return 0
	}
	return -1 << (e.bits(c) - 1)
}

// channelModels are those of channel c: one, or one per context.
func (e *edge) channelModels(c int) []int {
	switch {
	case e.coder == small:
		return e.models[c : c+1]
	case e.coder == smallest2:
		return e.models
	case e.isImportant(c):
		return e.models[16:32]
	}
	return e.models[:16]
}

// ParseProfile reads a profile. Errors are *Error.
func ParseProfile(data []byte) (p *Profile, err error) {
	defer recovered(&err)
	r := &reader{data: data, cause: Header}
	need(string(r.bytes(4)) == "DQAP", Header, "magic")
	version := r.u8()
	need(version == 1 || version == 2, Header, "version")
	need(r.left() >= 4, Header, "no room for a checksum")
	end := len(data) - 4
	check := &reader{data: data, pos: end, cause: Header}
	need(check.u32() == crc32c(data[:end]), Checksum, "of the profile")
	sections := make([]*reader, 6+version+1)
	for tag := 1; tag < len(sections); tag++ {
		need(r.u8() == tag, Header, "another section")
		sections[tag] = &reader{data: r.bytes(r.uvarint()), cause: Header}
	}
	p = &Profile{digest: sha256.Sum256(data)}
	if version == 2 {
		p.extras = readExtras(r)
		p.second = len(p.extras) > 0
	}
	need(r.left() == 4, Header, "bytes after the last section")
	readOrigin(sections[1])
	readPreprocess(sections[2], version)
	p.second = readMethod(sections[3], version) == smallest2 || p.second
	for range sections[4].count(1<<16, "edges") {
		p.edges = append(p.edges, readEdge(sections[4], version))
	}
	for range sections[5].count(256, "models") {
		p.models = append(p.models, readModel(sections[5]))
	}
	for i, e := range p.edges {
		p.checkModels(e)
		p.checkEarlier(i)
	}
	readBias(sections[6])
	readEvidence(sections[7], len(p.edges))
	if version == 2 {
		p.readVersion2(sections[8])
	}
	for _, s := range sections[1:] {
		s.end()
	}
	return p, nil
}

// readExtras keeps sections that a reader need not know.
func readExtras(r *reader) map[int][]byte {
	all := map[int][]byte{}
	for last := 127; r.left() > 4; {
		tag := r.u8()
		need(tag > last, Header, "another section")
		last = tag
		all[tag] = r.bytes(r.count(1<<24, "bytes of a section"))
	}
	return all
}

// readVersion2 reads gains, and checks that version 1 would not have done.
func (p *Profile) readVersion2(r *reader) {
	for range r.count(1<<16, "gains") {
		p.second = true
		r.string()
		r.bytes(r.count(1<<20, "channels of a gain"))
	}
	for _, e := range p.edges {
		p.second = p.second || e.means || e.transformed || e.coder == smallest2
	}
	need(p.second, Header, "nothing that version 1 has no place for")
}

func readOrigin(r *reader) {
	r.string()
	r.string()
	r.u64()
	r.string()
	r.bytes(32)
	r.string()
	r.bytes(32)
	r.count(math.MaxInt32, "images")
	r.string()
	for range r.count(1<<16, "skipped edges") {
		r.string()
	}
}

func readPreprocess(r *reader, version int) {
	for range 4 {
		need(r.uvarint() <= 1<<28, Header, "size")
	}
	divisor := r.f32()
	need(finite(divisor) && divisor >= 0, Header, "divisor")
	for range r.count(1024, "means") {
		need(finite(r.f32()), Header, "mean")
	}
	for range r.count(1024, "deviations") {
		std := r.f32()
		need(finite(std) && std != 0, Header, "std")
	}
	r.string()
	r.string()
	largest := uint64(1 << 28)
	if version == 2 {
		need(r.u8() <= 2, Header, "resampling")
		r.bools(1)
	}
	for _, what := range []string{"shape", "ignored labels"} {
		for range r.count(1024, what) {
			need(r.uvarint() <= largest, Header, what)
		}
		if version == 2 { // labels may be negative
			largest = 1 << 29
		}
	}
	shift := int8(r.u8())
	need(-1 <= shift && shift <= 1, Header, "label shift")
}

func readMethod(r *reader, version int) (coder int) {
	r.string()
	n, m, ratio := r.u8(), r.u8(), r.f64()
	need(2 <= n && n <= 8 && m <= 4 && 0 <= ratio && ratio <= 1, Header, "n, m or r")
	r.string()
	r.bools(4)
	scale, coder, apart, dial, goal := r.u8(), r.u8(), r.u8(), r.u8(), r.f64()
	need(scale <= 3 && coder < smallest+version && apart <= 4 && dial <= 4, Header, "method")
	need(goal >= 0 && goal <= math.MaxFloat64, Header, "goal")
	return coder
}

func readEdge(r *reader, version int) *edge {
	e := &edge{name: r.string()}
	var sizes [5]uint64
	for i := range sizes {
		sizes[i] = r.uvarint()
		need(sizes[i] >= 1, Header, "a size of 0")
	}
	need(sizes[0] <= 1<<20, Limit, "channels")
	need(sizes[1] <= 1<<28 && sizes[2] <= 1<<28/sizes[1] && sizes[0] <= 1<<28/(sizes[1]*sizes[2]), Limit, "values of an edge")
	need(sizes[3] <= sizes[0] && sizes[4] <= sizes[1], Header, "tile")
	e.channels, e.rows, e.cols, e.blockSize, e.bandSize = int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3]), int(sizes[4])
	flags := r.u8()
	need(version == 2 || flags < 32, Header, "flags")
	e.means, e.transformed = flags&32 > 0, flags&64 > 0
	e.channelsLast, e.oneSided, e.unsigned, e.escape = flags&1 > 0, flags&2 > 0, flags&4 > 0, flags&8 > 0
	e.n, e.m, e.scaleMode, e.levelMap, e.coder, e.apart = r.u8(), r.u8(), r.u8(), r.u8(), r.u8(), r.u8()
	need(2 <= e.n && e.n <= 8 && e.m <= 4, Header, "n or m")
	need(e.scaleMode <= 3 && e.levelMap <= noisy && e.coder < smallest+version, Header, "scale mode, level map or coder")
	need(!e.unsigned || e.oneSided, Header, "unsigned codes on a two-sided edge")
	need(!e.escape || e.coder >= fast && e.m == 0 && e.static() && e.levelMap == uniform, Header, "escape")
	need(e.apart <= 4 && e.apart < e.n, Header, "bits apart")
	able := !e.means && e.coder != paper && e.coder != fast && e.coder != smallest2
	need(e.apart == 0 || able && e.m == 0 && e.levelMap == uniform, Header, "bits apart")
	if e.transformed {
		e.mayTransform(sizes[3], flags)
	}
	if e.m > 0 { // an edge without takes no memory for channels that it only announces
		e.important = r.bools(e.channels)
	}
	e.readLevels(r)
	if e.transformed {
		e.readTransform(r)
	}
	e.readCoder(r)
	if flags&128 > 0 {
		need(e.coder == smallest2, Header, "an earlier edge with another coder")
		e.beside = readBeside(r, e)
	}
	return e
}

// checkEarlier is of edge i.
func (p *Profile) checkEarlier(i int) {
	e := p.edges[i]
	if e.beside == nil {
		return
	}
	need(e.beside.earlier < i, Header, "an earlier edge that is none")
	f := p.edges[e.beside.earlier]
	need(f.coder == smallest2 && f.channels == e.channels && f.rows == e.rows && f.cols == e.cols, Header, "an earlier edge of another kind")
}

// readLevels reads steps and the parameters of the level map.
func (e *edge) readLevels(r *reader) {
	if e.static() {
		need(4*e.slots() <= r.left(), Header, "steps")
		for range e.slots() {
			e.steps = append(e.steps, r.f32())
		}
		need(!slices.ContainsFunc(e.steps, func(v float32) bool { return !step(v) }), Header, "step")
	}
	if e.levelMap == clipped {
		need(!e.static(), Header, "clipped with static scales")
		for range e.slots() {
			ratio := r.f32()
			need(0 < ratio && ratio <= 1, Header, "clipping ratio")
		}
	}
	if e.levelMap == noisy {
		need(e.m == 0, Header, "noise with extra bits")
		e.amplitude, e.seed = r.f32(), r.u64()
		need(0 <= e.amplitude && e.amplitude <= 1, Header, "amplitude")
	}
}

// mayTransform checks what else an edge with a transform must be.
func (e *edge) mayTransform(block uint64, flags int) {
	need(e.channels <= 2048, Limit, "channels of a transform")
	need(block == uint64(e.channels), Header, "a tile without all channels")
	need(flags&(2|16|32) == 0 && e.m == 0 && e.apart == 0, Header, "a flag or bits that a transform forbids")
	need(e.static() && e.levelMap == uniform, Header, "a transform beside another scale or level map")
}

func (e *edge) readTransform(r *reader) {
	need(4*e.channels*(e.channels+1) <= r.left(), Header, "a transform")
	for range e.channels {
		e.centre = append(e.centre, r.f32())
		need(finite(e.centre[len(e.centre)-1]), Header, "a centre")
	}
	for range e.channels * e.channels {
		v := r.f32()
		need(-1 <= v && v <= 1, Header, "a number of a matrix")
		e.matrix = append(e.matrix, v)
	}
}

// readCoder reads what belongs to the edge's coder.
func (e *edge) readCoder(r *reader) {
	switch e.coder {
	case paper:
		if !slices.Contains(e.important, true) {
			return
		}
		count := 16
		if e.m == 3 {
			count = 8
		}
		e.table = readNibbles(r, count)
		checkComplete(e.table, 7)
	case fast:
		e.prefix = readPrefix(r, e)
	case smallest2:
		e.taps = readTaps(r, e)
	case small, smallest:
		count := e.channels
		if e.coder == smallest {
			count = 16
			if e.m > 0 {
				count = 32
			}
		}
		if e.apart > 0 {
			count += 5
		}
		for _, k := range r.bytes(uint64(count)) {
			e.models = append(e.models, int(k))
		}
	}
}

func readNibbles(r *reader, n int) []int {
	var out []int
	for _, b := range r.bytes(uint64(n) / 2) {
		out = append(out, int(b&15), int(b>>4))
	}
	return out
}

// model gives every symbol a frequency, the escape last, and every slot its symbol and where that one's slots begin.
type model struct {
	freq          []int
	symbol, start [4096]int
}

func (m *model) escape() int { return len(m.freq) - 1 }

func readModel(r *reader) *model {
	symbols := r.count(4096, "symbols of a model")
	need(symbols >= 2, Header, "symbols of a model")
	first, count := r.uvarint(), r.uvarint()
	need(first <= symbols && count <= symbols-first, Header, "frequencies of a model")
	m, left, live := &model{freq: make([]int, symbols+1)}, uint64(4096), 1
	for i := range count {
		f := r.uvarint()
		need(f <= left, Header, "frequency")
		m.freq[first+i] = int(f)
		if left -= f; f > 0 {
			live++
		}
	}
	need(left > 0, Header, "no escape")
	m.freq[symbols] = int(left)
	if count > 0 {
		need(m.freq[first] > 0 && m.freq[first+count-1] > 0, Header, "first or last frequency")
	} else {
		need(first == 0, Header, "first symbol")
	}
	need(live <= 256, Limit, "frequencies that are not 0")
	m.place()
	return m
}

// place gives out the slots.
func (m *model) place() {
	largest := 0
	for s, f := range m.freq {
		if f > m.freq[largest] {
			largest = s
		}
	}
	at := 0
	put := func(s int) {
		from := at
		for range m.freq[s] {
			m.symbol[at], m.start[at] = s, from
			at++
		}
	}
	each := func(wanted func(f int) bool) {
		for s, f := range m.freq {
			if f > 0 && s != largest && wanted(f) {
				put(s)
			}
		}
	}
	each(func(f int) bool { return f%4 != 0 })
	each(func(f int) bool { return f%4 == 0 && f%32 != 0 })
	put(largest)
	each(func(f int) bool { return f%32 == 0 })
}

func (p *Profile) checkModels(e *edge) {
	if e.coder < small {
		return
	}
	if e.coder == smallest2 {
		numbers := e.taps.models
		if e.beside != nil {
			numbers = append(slices.Clone(numbers), e.beside.models...)
		}
		for _, k := range numbers {
			need(k < len(p.models) && p.models[k].escape() == 1<<e.n, Header, "model")
		}
		return
	}
	for _, k := range e.models {
		need(k < len(p.models), Header, "model")
	}
	for c := range e.channels {
		for _, k := range e.channelModels(c) {
			need(p.models[k].escape() == 1<<e.bits(c), Header, "alphabet")
		}
	}
	if e.apart > 0 {
		for _, k := range e.models[len(e.models)-5:] {
			need(p.models[k].escape() == 1<<e.apart, Header, "alphabet of a class")
		}
	}
}

func readBias(r *reader) {
	for range r.count(1<<16, "biases") {
		r.string()
		need(normal(r.f32()), Header, "scale of a bias")
		r.bytes(r.count(1<<20, "channels of a bias"))
	}
}

func readEvidence(r *reader, edges int) {
	if r.left() == 0 {
		return
	}
	r.count(math.MaxInt32, "images")
	r.string()
	r.bytes(5 * 4)
	for range edges {
		r.bytes(12)
		r.bytes(12 * r.count(64, "points of a curve"))
	}
}
