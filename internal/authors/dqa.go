package authors

// DQA is their version of the paper's method on a network's edges. It belongs to one goroutine.
type DQA struct {
	Bits      int // n; important channels have ExtraBits more
	Layouts   []Layout
	Important [][]bool // by edge and channel; nil: none is, which is direct quantization
	Compress  bool     // errors are also compressed by Compressors
	values    []float32
	packed    packer
}

// Quantize overwrites an edge of every image. It gives the bits that it takes as they count: n per value, and for the
// errors of important channels their Huffman codes with the trees. With Compress there follow the same with the
// compressors in place of Huffman's codes, an edge's errors at a time.
func (q *DQA) Quantize(edge int, images [][]float32) (bits []int64, err error) {
	l := q.Layouts[edge]
	var codes, huffman int64
	q.packed.reset()
	for c := range l.Channels {
		q.values = l.gather(q.values[:0], images, c)
		codes += int64(q.Bits * len(q.values))
		if q.Important != nil && q.Important[edge][c] {
			counts := q.quantizeWide()
			huffman += counts.bits()
		} else {
			g := newGrid(largest(q.values), q.Bits)
			for i, v := range q.values {
				q.values[i] = g.scale * g.code(v)
			}
		}
		l.scatter(images, c, q.values)
	}
	bits = []int64{codes + huffman}
	if !q.Compress {
		return bits, nil
	}
	for _, c := range Compressors {
		size, err := c.size(q.packed.bytes())
		if err != nil {
			return nil, err
		}
		bits = append(bits, codes+8*int64(size))
	}
	return bits, nil
}

// quantizeWide quantizes an important channel. Its code has n + m bits, of which the low m are the error.
func (q *DQA) quantizeWide() (c counts) {
	g := newGrid(largest(q.values), q.Bits+ExtraBits)
	for i, v := range q.values {
		wide := g.code(v)
		e := uint8(int(wide) & (1<<ExtraBits - 1))
		c[e]++
		if q.Compress {
			q.packed.add(e)
		}
		q.values[i] = g.scale * wide
	}
	return c
}
