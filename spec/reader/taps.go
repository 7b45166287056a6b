package reader

// taps are the parameters of the coder smallest2 (spec/smallest2.md).
type taps struct {
	grid     int
	w, v     []int
	twoSided bool
	flat     bool
	offsets  func(channel int) int
	relative []bool
	models   []int

	// Beside an earlier edge: its number, and weights of what lies around in it, and at the same place, by channel.
	earlier int
	cross   [2]int
	center  [2][]int
}

func readTaps(r *reader, e *edge) *taps {
	grid := int(r.count(1024, "width of a grid"))
	need(grid == 0 || grid >= 4 && e.cols == 1, Header, "grid")
	need(e.m == 0 && e.cols <= 1<<16, Header, "smallest2 with extra bits, or too many columns")
	t := readFields(r, e, grid)
	t.models = readNumbers(r)
	return t
}

func readNumbers(r *reader) (out []int) {
	for _, k := range r.bytes(256) {
		out = append(out, int(k))
	}
	return out
}

// readBeside reads what an edge has beside an earlier one.
func readBeside(r *reader, e *edge) *taps {
	earlier := int(r.count(65535, "number of an earlier edge"))
	t := readFields(r, e, e.taps.grid)
	t.earlier = earlier
	for k, weights := range [2][]int{t.w, t.v} {
		t.center[k] = make([]int, e.channels)
		if k == 1 && !t.twoSided {
			break
		}
		t.cross[k] = int(int8(r.u8()))
		sum := 4 * max(t.cross[k], -t.cross[k])
		for _, w := range weights {
			sum += max(w, -w)
		}
		for c, b := range r.bytes(uint64(e.channels)) {
			w := int(int8(b))
			need(sum+max(w, -w) <= 255, Header, "weights of an earlier edge")
			t.center[k][c] = w
		}
	}
	t.models = readNumbers(r)
	return t
}

// beside is what the earlier edge adds to the magnitude, and to the sum of codes, at place i of a channel's part of the tile.
func (t *taps) beside(other []int, i, cols, channel int) (m, s int) {
	near := func(at int, there bool) {
		if there && at >= 0 && at < len(other) {
			m += t.cross[0] * max(other[at], -other[at])
			s += t.cross[1] * other[at]
		}
	}
	if t.grid > 0 {
		cols = t.grid
	}
	near(i-cols, true)
	near(i+cols, true)
	near(i-1, t.grid > 0 || i%cols > 0)
	near(i+1, t.grid > 0 || i%cols < cols-1)
	return m + t.center[0][channel]*max(other[i], -other[i]), s + t.center[1][channel]*other[i]
}

func readFields(r *reader, e *edge, grid int) *taps {
	t := &taps{grid: grid, twoSided: !e.oneSided}
	t.w = readWeights(r)
	if t.twoSided {
		t.v = readWeights(r)
	}
	t.flat = r.bools(1)[0]
	base, unit := int(int16(uint16(r.u16()))), r.u8()
	var parts []byte
	if unit > 0 {
		parts = r.bytes(uint64(e.channels))
	}
	t.offsets = func(channel int) int {
		if unit == 0 {
			return base
		}
		return min(32767, base+unit*int(parts[channel]))
	}
	t.relative = r.bools(256)
	return t
}

func readWeights(r *reader) (out []int) {
	sum := 0
	for _, b := range r.bytes(12) {
		w := int(int8(b))
		out = append(out, w)
		sum += max(w, -w)
	}
	need(sum <= 255, Header, "weights")
	return out
}

// read reads the codes of a tile by channel; other are those of the earlier edge in the tile, between -127 and 127, nil where it
// does without.
func (t *taps) read(r *reader, e *edge, b tile, lanes int, models []*model, other [][]int) [][]int {
	size, channels := (b.r1-b.r0)*e.cols, b.c1-b.c0
	need(lanes <= channels, Payload, "more lanes than planes")
	need((len(r.data)-r.pos)%2 == 0, Payload, "odd length")
	s := &lanesOf{r: r, state: make([]uint32, lanes), end: len(r.data)}
	for i := range s.state {
		s.state[i] = r.u32()
		need(s.state[i] >= 1<<15 && s.state[i] < 1<<31, Payload, "state")
	}
	tail := 0
	if lanes > 1 {
		tail = int(r.u16())
		need(1 <= tail && tail <= size, Payload, "length of the tail")
	}
	out := make([][]int, channels)
	for first := 0; first < channels; first += 16 {
		for k := first; k < min(first+16, channels); k++ {
			out[k] = make([]int, size)
		}
		for i := range size {
			if lanes > 1 && first+16 >= channels && i == size-tail {
				for _, x := range s.state[1:] {
					need(x>>16 == 1, Payload, "a lane's last state")
					s.more = append(s.more, uint16(x))
				}
				lanes, s.state = 1, s.state[:1]
			}
			for k := first; k < min(first+16, channels); k++ {
				m, sum := t.offsets(b.c0+k), 0
				if other != nil {
					more, s := t.beside(other[k], i, e.cols, b.c0+k)
					m, sum = m+more, s
				}
				context, prediction := t.context(out[k], i, e.cols, m, sum)
				one := plane{models: []*model{models[t.models[context]]}, lowest: e.lowest(b.c0 + k)}
				if t.relative[context] {
					one.lowest = prediction - 1<<(e.n-1)
				}
				one.low, one.high = e.codes(b.c0 + k)
				code := s.code((k-first)%lanes, &one, 0)
				need(one.low <= code && code <= one.high, Payload, "code out of range")
				out[k][i] = code
			}
		}
	}
	for _, x := range s.state {
		need(x == 1<<15, Payload, "the last state")
	}
	need(len(s.more) == 0, Payload, "words of lanes are left")
	need(r.pos == s.end, Payload, "bytes between words and escaped codes")
	r.pos = len(r.data)
	return out
}

// around are the taps of code i.
func (t *taps) around(codes []int, i, cols int) (all [12]int) {
	for k, p := range [12][2]int{
		{0, -1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -2}, {-2, 0}, {-1, -2}, {-1, 2}, {-2, -1}, {-2, 1}, {0, -3}, {-3, 0},
	} {
		if t.grid == 0 {
			all[k] = near(codes, i/cols, i%cols, p[0], p[1], cols)
		} else if at := i + p[0]*t.grid + p[1]; at >= 0 {
			all[k] = codes[at]
		}
	}
	return all
}

// near is the code so many rows down and columns to the right of that in a row and a column.
func near(codes []int, row, column, down, right, cols int) int {
	y, x := row+down, column+right
	if y < 0 { // above the tile
		if y, x = 0, x-1; row == 0 {
			x = min(x, column-1)
		}
		if x < 0 {
			return 0
		}
	}
	switch {
	case x >= 0:
		return codes[y*cols+min(x, cols-1)]
	case y == 0:
		return 0
	}
	return codes[(y-1)*cols]
}

// context of code i; m and sum are what is added to the expected magnitude and to the sum of codes.
func (t *taps) context(codes []int, i, cols, m, sum int) (context, prediction int) {
	all := t.around(codes, i, cols)
	for k, c := range all {
		m += t.w[k] * min(127, max(c, -c))
	}
	m = max(0, min(32752, m))
	level := 0
	for _, bound := range []int{2, 3, 5, 8, 11, 16, 21, 29, 39, 52, 69, 90, 119, 156, 205, 256, 320, 448, 576, 768, 1024, 1344, 1792,
		2304, 3008, 3968, 5120, 6720, 8704, 11264, 14848} {
		if m >= bound {
			level++
		}
	}
	w, n, nw, ne := all[0], all[1], all[2], all[3]
	prediction = max(min(w, n), min(max(w, n), w+n-nw))
	same := w == n && n == nw && nw == ne && w != 0
	if !t.flat {
		if same {
			return 8*level + 7, prediction
		}
		return 8*level + t.class(all, m, sum), prediction
	}
	return level/2*16 + t.flatClass(all, same, m, sum), prediction
}

// class without looking at which taps are the same.
func (t *taps) class(all [12]int, m, s int) int {
	if t.twoSided {
		for k, c := range all {
			s += t.v[k] * max(-127, min(127, c))
		}
		n := 0
		for _, b := range []int{3932, 13107, 26214} {
			if max(s, -s) > ((m+15)*b+16384)>>15 {
				n++
			}
		}
		if s < 0 {
			return 3 - n
		}
		return 3 + n
	}
	d := min(63, max(all[0], all[1], all[2], all[3])-min(all[0], all[1], all[2], all[3]))
	z := 0
	for _, u := range []int{427, 183, 116, 80, 58, 43} {
		if u*d >= m+51 {
			z++
		}
	}
	return z
}

func (t *taps) flatClass(all [12]int, same bool, m, sum int) int {
	w, n, nw, ne, ww, nww := all[0], all[1], all[2], all[3], all[4], all[6]
	one := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	switch {
	case w == 0 && n == 0 && nw == 0 && ne == 0:
		return t.class(all, m, sum)
	case same:
		count := 0
		for _, c := range all[4:] {
			count += one(c == w)
		}
		return 7 + one(count >= 6) + one(count == 8)
	case w == n && n == nw:
		return 14
	case w == nw:
		return 10 + one(ww == nww)
	case n == nw:
		return 12 + one(ww == w)
	case w == n:
		return 15
	}
	return t.class(all, m, sum)
}
