package reader

import "math/bits"

// planes reads n values of b bits, in groups of 64, lowest plane first.
func planes(r *reader, n, b int, signed bool) []int {
	out := []int{}
	for len(out) < n {
		k := min(64, n-len(out))
		values := make([]int, k)
		for bit := range b {
			for i, one := range r.bools(k) {
				if one {
					values[i] |= 1 << bit
				}
			}
		}
		for _, v := range values {
			if signed && v>>(b-1) == 1 {
				v -= 1 << b
			}
			out = append(out, v)
		}
	}
	return out
}

// word is a word of a prefix code, its first bit the highest of length bits.
type word struct{ bits, length int }

// canonical gives every symbol its word, by the lengths.
func canonical(lengths []int) map[word]int {
	words, next := map[word]int{}, 0
	for l := 1; l <= 15; l++ {
		next *= 2
		for s, length := range lengths {
			if length == l {
				words[word{next, l}] = s
				next++
			}
		}
	}
	return words
}

func checkComplete(lengths []int, longest int) {
	sum := 0
	for _, l := range lengths {
		need(1 <= l && l <= longest, Header, "length of a word")
		sum += 1 << (longest - l)
	}
	need(sum == 1<<longest, Header, "a code that is not complete")
}

// huffman reads n shift errors of m bits.
func huffman(r *reader, n, m int, lengths []int) []int {
	if n == 0 {
		return nil
	}
	group := 1
	switch m {
	case 1:
		group = 4
	case 2:
		group = 2
	}
	count := (n + group - 1) / group
	lanes := 32
	for lanes > 1 && count < 256*lanes {
		lanes /= 2
	}
	state := make([]int, lanes)
	for i := range state {
		state[i] = r.u16()
		need(state[i] >= 256, Payload, "a state below 256")
	}
	words, out := canonical(lengths), []int{}
	for k := range count {
		x := state[k%lanes]
		w, symbol := word{}, -1
		for symbol < 0 { // the code is complete
			w = word{w.bits<<1 | x&1, w.length + 1}
			x >>= 1
			if s, ok := words[w]; ok {
				symbol = s
			}
		}
		if x < 256 {
			x = x*256 + r.u8()
		}
		state[k%lanes] = x
		for range group {
			out = append(out, symbol&(1<<m-1))
			symbol >>= m
		}
	}
	for _, x := range state {
		need(x == 256, Payload, "the last state")
	}
	for _, e := range out[n:] {
		need(e == 0, Payload, "an error beyond the last one")
	}
	return out[:n]
}

// prefixCode are the parameters of the coder fast.
type prefixCode struct {
	low, high, center, group, full, k int
	symbols, parts                    map[word]int
	longest, longestPart              int
	escape                            int
}

func readPrefix(r *reader, e *edge) *prefixCode {
	b := e.n + e.m
	need(b <= 8, Header, "coder fast and more than 8 bits")
	if e.escape {
		b = 8
	}
	p := &prefixCode{low: -1 << (b - 1), high: 1<<(b-1) - 1}
	if e.unsigned {
		p.low, p.high = 0, 1<<b-1
	}
	p.center, p.group, p.k = int(int8(r.u8())), r.u8(), r.u8()
	lengths := readNibbles(r, 16)
	need(p.low <= p.center && p.center <= p.high && (p.low < 0 || p.center == 0), Header, "center")
	need(p.group == 2 || p.group == 4, Header, "group")
	need(p.k <= 7, Header, "low bits")
	checkComplete(lengths, 7)
	var parts []int
	for l, n := range r.bytes(7) {
		for range n {
			parts = append(parts, l+1)
		}
	}
	if len(parts) > 0 {
		checkComplete(parts, 7)
	}
	p.full = 1
	if p.group == 2 {
		p.full = 3
	}
	p.escape = max(len(parts), 1) - 1
	need(p.escape <= 63 && p.escape<<p.k <= 256-p.full, Header, "too many words")
	p.symbols, p.parts = canonical(lengths), canonical(parts)
	for _, l := range lengths {
		p.longest = max(p.longest, l)
	}
	for _, l := range parts {
		p.longestPart = max(p.longestPart, l)
	}
	return p
}

// apart reads count symbols whose words' bits lie apart by their place.
func apart(r *reader, count int, words map[word]int, longest int) []int {
	out, started := make([]int, count), make([]word, count)
	open := make([]int, count)
	for i := range open {
		open[i] = i
	}
	for range longest {
		var still []int
		for k, one := range r.bools(len(open)) {
			w := &started[open[k]]
			w.bits, w.length = w.bits<<1, w.length+1
			if one {
				w.bits |= 1
			}
			if s, ok := words[*w]; ok {
				out[open[k]] = s
			} else {
				still = append(still, open[k])
			}
		}
		open = still
	}
	return out
}

// read reads n codes.
func (p *prefixCode) read(r *reader, n int) []int {
	width := bits.Len(uint(p.full))
	var heads []int
	for _, s := range apart(r, (n+p.group-1)/p.group, p.symbols, p.longest) {
		for i := range p.group {
			heads = append(heads, s>>(i*width)&p.full)
		}
	}
	for _, h := range heads[n:] {
		need(h == 0, Payload, "a head beyond the last code")
	}
	heads = heads[:n]
	count := 0
	for _, h := range heads {
		if h == p.full {
			count++
		}
	}
	rests := make([]int, count)
	for range p.k {
		for i, one := range r.bools(count) {
			rests[i] <<= 1
			if one {
				rests[i]++
			}
		}
	}
	high := make([]int, count)
	if len(p.parts) > 0 {
		high = apart(r, count, p.parts, p.longestPart)
	}
	for i, h := range high {
		if h == p.escape {
			h = r.u8()
			need(p.escape <= h && h <= (255-p.full)>>p.k, Payload, "escaped high part")
		}
		rests[i] |= h << p.k
	}
	out := make([]int, n)
	for i, v := range heads {
		if v == p.full {
			v += rests[0]
			rests = rests[1:]
			need(v <= 255, Payload, "rest")
		}
		if p.low < 0 {
			c := v / 2
			if v%2 == 1 {
				c = -(v + 1) / 2
			}
			v = int(int8(c + p.center))
		}
		need(p.low <= v && v <= p.high, Payload, "code out of range")
		out[i] = v
	}
	return out
}

// plane is what a channel's codes are read by.
type plane struct {
	models            []*model
	lowest, low, high int
}

// rans reads the codes of a tile's planes.
func rans(r *reader, all []plane, rows, cols int, byContext bool) [][]int {
	size := rows * cols
	lanes := 16
	for lanes > 1 && (byContext && lanes > len(all) || 1024*lanes > len(all)*size) {
		lanes /= 2
	}
	s := &lanesOf{r: r, state: make([]uint32, lanes), end: len(r.data)}
	for i := range s.state {
		s.state[i] = r.u32()
		need(s.state[i] >= 1<<15 && s.state[i] < 1<<31, Payload, "state")
	}
	out := make([][]int, len(all))
	for k := range out {
		out[k] = make([]int, size)
	}
	if byContext {
		for first := 0; first < len(all); first += lanes {
			for i := range size {
				for lane := 0; lane < lanes && first+lane < len(all); lane++ {
					k := first + lane
					out[k][i] = s.code(lane, &all[k], context(out[k], i/cols, i%cols, cols))
				}
			}
		}
	} else {
		for k := range all {
			for i := range size {
				out[k][i] = s.code(i%lanes, &all[k], 0)
			}
		}
	}
	for _, x := range s.state {
		need(x == 1<<15, Payload, "the last state")
	}
	need(r.pos == s.end, Payload, "bytes between words and escaped codes")
	r.pos = len(r.data)
	return out
}

// lanesOf is the stream of a tile: words from the front, escaped codes from the end.
type lanesOf struct {
	r     *reader
	state []uint32
	end   int
	more  []uint16 // words that are read first
}

func (s *lanesOf) word() (w uint16) {
	if len(s.more) > 0 {
		w, s.more = s.more[0], s.more[1:]
		return w
	}
	need(s.r.pos+2 <= s.end, Payload, "a word is missing")
	return uint16(s.r.u16())
}

func (s *lanesOf) code(lane int, p *plane, context int) int {
	m, x := p.models[context], s.state[lane]
	slot := x % 4096
	symbol := m.symbol[slot]
	x = uint32(m.freq[symbol])*(x>>12) + slot - uint32(m.start[slot])
	if x < 1<<15 {
		x = x<<16 + uint32(s.word())
	}
	s.state[lane] = x
	if symbol != m.escape() {
		return symbol + p.lowest
	}
	s.end -= 2
	need(s.end >= s.r.pos, Payload, "an escaped code is missing")
	code := int(int16(uint16(s.r.data[s.end]) | uint16(s.r.data[s.end+1])<<8))
	need(p.low <= code && code <= p.high, Payload, "escaped code")
	known := code - p.lowest
	need(known < 0 || known >= m.escape() || m.freq[known] == 0, Payload, "a code that need not be escaped")
	return code
}

var bounds = []int{1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120}

// context of the code at a place, by those before it.
func context(codes []int, row, col, cols int) (class int) {
	magnitude := func(dr, dc int) int {
		r, c := row+dr, col+dc
		if r < 0 || c < 0 || c >= cols {
			return 0
		}
		v := codes[r*cols+c]
		return min(255, max(v, -v))
	}
	t := 2*magnitude(0, -1) + 2*magnitude(-1, 0) + magnitude(-1, -1) + magnitude(-1, 1)
	for class < len(bounds) && t >= bounds[class] {
		class++
	}
	return class
}
