package reader

// Tensor is a decoded edge; its values are in the order in which the ONNX tensor lies in memory.
type Tensor struct {
	Name                 string
	Channels, Rows, Cols int
	Values               []float32
}

// block is a record of a frame with its tiles.
type block struct {
	scales []float32
	tiles  [][]byte
}

// tile is a block of channels times a band of rows.
type tile struct{ c0, c1, r0, r1 int }

func (e *edge) tile(t int) tile {
	blocks := (e.channels + e.blockSize - 1) / e.blockSize
	c, r := t%blocks*e.blockSize, t/blocks*e.bandSize
	return tile{c, min(c+e.blockSize, e.channels), r, min(r+e.bandSize, e.rows)}
}

func (e *edge) tiles() int {
	return (e.channels + e.blockSize - 1) / e.blockSize * ((e.rows + e.bandSize - 1) / e.bandSize)
}

// Decode restores all edges of a frame; baseOnly does without refinements. Errors are *Error.
func Decode(p *Profile, data []byte, baseOnly bool) (out []Tensor, err error) {
	defer recovered(&err)
	blocks, more := p.split(data)
	all := make([][][]int, len(p.edges)) // codes of edges with the coder smallest2, by channel
	for i, e := range p.edges {
		all[i] = make([][]int, e.channels)
		values := make([][]float32, e.channels)
		for c := range values {
			values[c] = make([]float32, e.rows*e.cols)
		}
		var refinement *block
		if e.apart > 0 && len(more) > 0 {
			refinement, more = &more[0], more[1:]
		}
		base := e.apart > 0 && (refinement == nil || baseOnly)
		scales := blocks[i].scales
		if e.static() {
			scales = e.steps
		}
		for t := range e.tiles() {
			b := e.tile(t)
			payload, means := e.splitMeans(b, blocks[i].tiles[t])
			var other [][]int
			if e.beside != nil {
				other = within(all[e.beside.earlier], b, e.cols)
			}
			codes := p.readTile(e, b, payload, other)
			if e.apart > 0 && !base {
				p.refine(e, codes, refinement.tiles[t])
			}
			for k, part := range codes {
				c := b.c0 + k
				if all[i][c] == nil && e.coder == smallest2 {
					all[i][c] = make([]int, e.rows*e.cols)
				}
				for j, code := range part {
					at := b.r0*e.cols + j
					if e.coder == smallest2 {
						all[i][c][at] = code
					}
					values[c][at] = e.value(scales[e.slot(c)], code, base, c*e.rows*e.cols+at)
					if means != nil && means[k] != 0 {
						values[c][at] += float32(float32(means[k]) * float32(scales[e.slot(c)]/16))
					}
				}
			}
		}
		if e.transformed {
			values = e.ledBack(values)
		}
		out = append(out, Tensor{e.name, e.channels, e.rows, e.cols, e.inOrder(values)})
	}
	return out, nil
}

// within are the codes of a tile's channels and rows, between -127 and 127.
func within(codes [][]int, b tile, cols int) (out [][]int) {
	for c := b.c0; c < b.c1; c++ {
		var part []int
		for _, code := range codes[c][b.r0*cols : b.r1*cols] {
			part = append(part, max(-127, min(127, code)))
		}
		out = append(out, part)
	}
	return out
}

// splitMeans cuts the means of channels off a tile's payload.
func (e *edge) splitMeans(b tile, payload []byte) (rest []byte, means []int) {
	if !e.means {
		return payload, nil
	}
	n := b.c1 - b.c0
	size := n / 64 * 40
	size += (n%64 + 7) / 8 * 5
	need(len(payload) >= size, Payload, "no room for means")
	r := &reader{data: payload[len(payload)-size:], cause: Payload}
	means = planes(r, n, 5, true)
	r.end()
	return payload[:len(payload)-size], means
}

// ledBack are the values of channels that components stand for.
func (e *edge) ledBack(components [][]float32) (values [][]float32) {
	for c := range e.channels {
		x := make([]float32, e.rows*e.cols)
		for i := range x {
			sum := float32(0)
			for k, y := range components {
				sum += float32(e.matrix[k*e.channels+c] * y[i])
			}
			x[i] = sum + e.centre[c]
		}
		values = append(values, x)
	}
	return values
}

// inOrder is the memory of the ONNX tensor.
func (e *edge) inOrder(values [][]float32) (flat []float32) {
	if !e.channelsLast {
		for _, v := range values {
			flat = append(flat, v...)
		}
		return flat
	}
	for i := range e.rows * e.cols {
		for _, v := range values {
			flat = append(flat, v[i])
		}
	}
	return flat
}

// split cuts a frame into its edges and refinements; of the latter there are none if the frame ends before them.
func (p *Profile) split(data []byte) (blocks, more []block) {
	r := &reader{data: data, cause: Header}
	need(string(r.bytes(4)) == "DQAF", Header, "magic")
	need(r.u8() == 1, Header, "version")
	digest, edges, refinements, base := string(r.bytes(16)), r.u32(), r.u32(), r.u32()
	r.crc(0)
	need(edges <= 1<<16 && refinements <= edges, Limit, "edges or refinements")
	need(digest == string(p.digest[:16]), Other, "digest")
	var refined []*edge
	for _, e := range p.edges {
		if e.apart > 0 {
			refined = append(refined, e)
		}
	}
	need(int(edges) == len(p.edges) && int(refinements) == len(refined), Header, "edges or refinements")
	for _, e := range p.edges {
		blocks = append(blocks, readBlock(r, e, true))
	}
	need(r.pos == int(base), Header, "base size")
	if r.left() > 0 {
		for _, e := range refined {
			more = append(more, readBlock(r, e, false))
		}
	}
	r.end()
	return blocks, more
}

func readBlock(r *reader, e *edge, scales bool) (b block) {
	start := r.pos
	if scales {
		n := r.count(1<<20, "scales")
		need(4*n <= uint64(r.left()), Header, "scales")
		for range n {
			b.scales = append(b.scales, r.f32())
			need(step(b.scales[len(b.scales)-1]), Header, "scale")
		}
	}
	n := r.count(1<<20, "tiles")
	need(n <= uint64(r.left()), Header, "tiles")
	var lengths []uint64
	for range n {
		lengths = append(lengths, r.count(1<<31-1, "length of a tile"))
	}
	r.crc(start)
	for _, length := range lengths {
		start := r.pos
		b.tiles = append(b.tiles, r.bytes(length))
		r.crc(start)
	}
	if scales {
		want := e.slots()
		if e.static() {
			want = 0
		}
		need(len(b.scales) == want, Header, "number of scales")
	}
	need(len(b.tiles) == e.tiles(), Header, "number of tiles")
	return b
}

// readTile reads the codes of a tile by channel, those of the base part; other are those of an earlier edge.
func (p *Profile) readTile(e *edge, b tile, data []byte, other [][]int) [][]int {
	r := &reader{data: data, cause: Payload}
	size, channels := (b.r1-b.r0)*e.cols, b.c1-b.c0
	var out [][]int
	cut := func(codes []int) {
		for k := range channels {
			out = append(out, codes[k*size:(k+1)*size])
		}
	}
	if e.coder == raw || e.coder == paper {
		cut(planes(r, channels*size, e.n-e.apart, !e.unsigned))
		p.merge(e, b, r, out)
		r.end()
		return out
	}
	switch mode := r.u8(); {
	case mode > 250 && e.coder == smallest2:
		out = e.taps.read(r, e, b, 1<<(255-mode), p.models, nil)
	case mode > 245 && e.beside != nil:
		out = e.beside.read(r, e, b, 1<<(250-mode), p.models, other)
	case mode <= 16:
		cut(plain(r, channels*size, mode, !e.unsigned))
	case mode != 255:
		refuse(Payload, "mode %d", mode)
	case e.coder == fast:
		cut(e.prefix.read(r, channels*size))
	default:
		var all []plane
		for c := b.c0; c < b.c1; c++ {
			one := plane{lowest: e.lowest(c)}
			one.low, one.high = e.codes(c)
			for _, k := range e.channelModels(c) {
				one.models = append(one.models, p.models[k])
			}
			all = append(all, one)
		}
		out = rans(r, all, b.r1-b.r0, e.cols, e.coder == smallest)
	}
	r.end()
	for k, part := range out {
		low, high := e.codes(b.c0 + k)
		for _, v := range part {
			need(low <= v && v <= high, Payload, "code out of range")
		}
	}
	return out
}

// merge puts the shift errors of important channels below their codes.
func (p *Profile) merge(e *edge, b tile, r *reader, codes [][]int) {
	n := 0
	for k, part := range codes {
		if e.isImportant(b.c0 + k) {
			n += len(part)
		}
	}
	var errors []int
	if e.coder == raw {
		errors = planes(r, n, e.m, false)
	} else {
		errors = huffman(r, n, e.m, e.table)
	}
	for k, part := range codes {
		if e.isImportant(b.c0 + k) {
			for j := range part {
				part[j] = part[j]<<e.m | errors[j]
			}
			errors = errors[len(part):]
		}
	}
}

// plain reads n codes of width bits.
func plain(r *reader, n, width int, signed bool) []int {
	if width == 0 {
		return make([]int, n)
	}
	if width <= 8 {
		return planes(r, n, width, signed)
	}
	codes := planes(r, n, 8, false)
	for i, high := range planes(r, n, width-8, signed) {
		codes[i] |= high << 8
	}
	return codes
}

// refine puts the low bits below the bases of a tile.
func (p *Profile) refine(e *edge, bases [][]int, data []byte) {
	r := &reader{data: data, cause: Payload}
	class := func(base int) int { return max(-2, min(2, base)) + 2 }
	n, count := 0, [5]int{}
	for _, part := range bases {
		n += len(part)
		for _, v := range part {
			count[class(v)]++
		}
	}
	var low [5][]int
	if e.coder == raw {
		low[0] = planes(r, n, e.apart, false)
		class = func(int) int { return 0 }
	} else {
		for k := range low {
			if count[k] > 0 {
				low[k] = p.readClass(e, k, count[k], &reader{data: r.bytes(r.uvarint()), cause: Payload})
			}
		}
	}
	r.end()
	for _, part := range bases {
		for j, base := range part {
			k := class(base)
			part[j] = base<<e.apart | low[k][0]
			low[k] = low[k][1:]
		}
	}
}

func (p *Profile) readClass(e *edge, k, n int, r *reader) []int {
	var out []int
	switch mode := r.u8(); mode {
	case 255:
		one := plane{models: []*model{p.models[e.models[len(e.models)-5+k]]}, high: 1<<e.apart - 1}
		out = rans(r, []plane{one}, 1, n, false)[0]
	case e.apart:
		out = planes(r, n, e.apart, false)
	default:
		refuse(Payload, "mode %d of a class", mode)
	}
	r.end()
	return out
}

// value restores one value; i is its position in the edge, channel by channel, row by row.
func (e *edge) value(scale float32, code int, base bool, i int) float32 {
	switch {
	case base && code == 0 && e.oneSided:
		return 0
	case base:
		middle := float32(float64(code<<e.apart) + float64(int(1)<<e.apart-1)/2)
		return float32(scale * middle)
	case e.levelMap == noisy:
		if scale == 0 {
			return 0
		}
		return float32(scale * float32(float32(code)-e.noise(i)))
	}
	return float32(scale * float32(code))
}

// noise is output number i of splitmix64, as a share of the amplitude.
func (e *edge) noise(i int) float32 {
	z := e.seed + uint64(i+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	u := float32(float32(int64(z>>40)-1<<23) * 0x1p-23)
	return float32(e.amplitude * u)
}
