// Package packed holds activations in memory while a network runs: blocks of an edge's codes, as bit planes counted by
// groups of 64 values, where that is smaller with a bitmap of zeros before them. It is no file format and may change at any
// time. A Form is what package engine asks of its packed edges.
//
// A block of a form begins with a header of four bits a group; the groups follow. Codes are those of the codec: what Decode
// restores is, bit for bit, what a frame would have restored, with the correction of rows that sum to 1.
package packed

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/profile"
)

// ErrNoForm: an edge cannot be packed block by block.
var ErrNoForm = errors.New("no form in memory")

const group = simd.Group

// chunk is how many codes are at hand at a time: they stay in the first-level cache.
const chunk = 16 * group

// Form packs blocks of one edge. It is immutable, and its methods may be called from many goroutines. See
// engine.Form for what they do.
type Form struct {
	edge   *profile.Edge
	scales []quant.Scale // by scale slot
	same   bool          // all channels have one scale and one range of codes
	sign   int           // codes with a sign on an edge that is never negative: so many bits hold it; 0: others
	each   *each         // channels last, not the same
	share  float64       // of a dense group's planes that a group takes on average, see Expect
}

// New makes the form of an edge. bits is what its codes take on average, in bits per value, entropy-coded (0: not
// known); Expect goes by it. An edge whose values depend on more than its own (a scale of each image, noise by place) has
// none: ErrNoForm.
func New(e *profile.Edge, bits float64) (*Form, error) {
	switch {
	case !e.Scale.Static():
		return nil, fmt.Errorf("%w: its scale is taken from each image", ErrNoForm)
	case e.Map == profile.Noisy:
		return nil, fmt.Errorf("%w: its codes depend on where they lie", ErrNoForm)
	case e.DC:
		return nil, fmt.Errorf("%w: the means of its channels are taken from each image", ErrNoForm)
	case e.RowSums && e.ChannelsLast:
		return nil, fmt.Errorf("%w: rows that sum to 1 are corrected across channels", ErrNoForm)
	}
	f := &Form{edge: e, same: e.NumImportant() == 0 || e.NumImportant() == e.Channels}
	for _, step := range e.Steps {
		f.scales = append(f.scales, quant.StepScale(step))
	}
	first := f.scales[e.ScaleSlot(0)]
	for c := range e.Channels {
		f.same = f.same && f.scales[e.ScaleSlot(c)] == first
	}
	if e.ChannelsLast && !f.same {
		f.each = newEach(e, f.scales)
	}
	if !e.Unsigned && e.OneSided && e.FitsBytes() {
		f.sign = e.Bits + e.ExtraBits
		if e.Escape {
			f.sign = 8
		}
	}
	f.share = expectedBits(e, bits)
	return f, nil
}

// each is what quantizes the channels of a token.
type each struct{ step, inv, low, high []float32 }

func newEach(e *profile.Edge, scales []quant.Scale) *each {
	var f each
	for c := range e.Channels {
		s, r := scales[e.ScaleSlot(c)], e.Levels(c)
		f.step, f.inv = append(f.step, e.Steps[e.ScaleSlot(c)]), append(f.inv, s.Inv)
		f.low, f.high = append(f.low, float32(r.Low)), append(f.high, float32(r.High))
	}
	return &f
}

// Last tells whether channels are last.
func (f *Form) Last() bool { return f.edge.ChannelsLast }

// groups are those of n codes, and their header.
func groups(n int) (count, header int) {
	count = (n + group - 1) / group
	return count, (count + 1) / 2
}

// Bound is the most bytes that a block takes: an escaped code needs 16 planes.
func (f *Form) Bound(_, channels, positions int) int {
	n, header := groups(channels * positions)
	if f.edge.Escape || !f.edge.FitsBytes() {
		return header + n*wideBytes
	}
	return header + n*8*(f.edge.Bits+f.edge.ExtraBits)
}

// Expect is how many bytes a block takes on average.
func (f *Form) Expect(c0, channels, positions int) int {
	n, header := groups(channels * positions)
	return min(f.Bound(c0, channels, positions), header+int(float64(n)*f.share*group/8+.5))
}

// Encode packs a block and returns its size. NaN becomes 0, infinities the outermost codes.
func (f *Form) Encode(dst []byte, x []float32, stride, c0, channels, positions int) int {
	n, header := groups(channels * positions)
	w := writer{form: f, dst: dst, at: header}
	clear(dst[:header])
	switch {
	case f.same && (f.Last() && stride == channels || !f.Last() && (stride == positions || channels == 1)):
		w.quantize(x[:channels*positions], c0)
	case f.same:
		rows, length := channels, positions
		if f.Last() {
			rows, length = positions, channels
		}
		w.quantizeRows(x, stride, rows, length, c0)
	case f.Last():
		for p := range positions {
			w.quantizeEach(x[p*stride:][:channels], c0)
		}
	default:
		for i := range channels {
			w.quantize(x[i*stride:][:positions], c0+i)
		}
	}
	if rest := n*group - w.group*group - w.n; rest > 0 && w.n > 0 {
		clear(w.codes[w.n:][:rest])
		clear(w.high[w.n:][:rest])
		w.n += rest
	}
	w.flush()
	return w.at
}

// writer packs a block, chunk by chunk.
type writer struct {
	form  *Form
	dst   []byte
	at    int // bytes written, header included
	group int // groups written
	n     int // codes at hand
	wide  bool
	codes [chunk]byte
	high  [chunk]byte // high bytes of the codes, where one needs them (wide)
}

// quantize takes values of channel c.
func (w *writer) quantize(x []float32, c int) {
	e := w.form.edge
	scale := w.form.scales[e.ScaleSlot(c)]
	for len(x) > 0 {
		n := min(len(x), chunk-w.n)
		part, codes := x[:n], w.codes[w.n:][:n]
		done := false
		if e.FitsBytes() {
			finite, within := quant.QuantizeBytes(codes, part, scale, e.ByteLevels(c))
			done = finite && (within || !e.Escape)
		}
		if !done {
			w.quantizeWide(part, scale, e.Levels(c))
		} else {
			if w.wide {
				w.extend(w.n, w.n+n)
			}
			w.n += n
		}
		if w.n == chunk {
			w.flush()
		}
		x = x[n:]
	}
}

// quantizeRows takes rows that lie apart, of channels with one scale: they are brought together first, because kernels work on
// whole groups.
func (w *writer) quantizeRows(x []float32, stride, rows, length, c int) {
	var side [chunk]float32
	n := 0
	for r := range rows {
		for row := x[r*stride:][:length]; len(row) > 0; {
			k := copy(side[n:], row)
			row, n = row[k:], n+k
			if n == chunk {
				w.quantize(side[:], c)
				n = 0
			}
		}
	}
	w.quantize(side[:n], c)
}

// quantizeWide takes values whose codes may need 16 bits.
func (w *writer) quantizeWide(x []float32, scale quant.Scale, levels quant.Range) {
	var codes [group]int16
	for len(x) > 0 {
		n := min(len(x), group)
		quant.Quantize(codes[:n], x[:n], scale, levels)
		w.take(codes[:n])
		x = x[n:]
	}
}

// quantizeEach takes values of the channels from c on.
func (w *writer) quantizeEach(x []float32, c int) {
	f := w.form.each
	var codes [group]int16
	for len(x) > 0 {
		n := min(len(x), group, chunk-w.n)
		quant.QuantizeEach(codes[:n], x[:n], f.inv[c:], f.low[c:], f.high[c:])
		w.take(codes[:n])
		if w.n == chunk {
			w.flush()
		}
		x, c = x[n:], c+n
	}
}

// take takes codes, for which there is room.
func (w *writer) take(codes []int16) {
	low, high, outside := w.codes[w.n:][:len(codes)], w.high[w.n:][:len(codes)], false
	for i, c := range codes {
		low[i], high[i] = byte(c), byte(c>>8)
		outside = outside || !w.isByte(c)
	}
	if outside && !w.wide {
		w.wide = true
		w.extend(0, w.n)
	}
	w.n += len(codes)
}

// isByte tells whether a code's low byte says all.
func (w *writer) isByte(c int16) bool {
	if w.form.edge.Unsigned {
		return c>>8 == 0
	}
	return c == int16(int8(c))
}

// extend makes the high bytes of codes that are bytes.
func (w *writer) extend(from, to int) {
	clear(w.high[from:to])
	if !w.form.edge.Unsigned {
		for i, c := range w.codes[from:to] {
			w.high[from+i] = byte(int8(c) >> 7)
		}
	}
}

// flush writes the codes at hand, which are whole groups.
func (w *writer) flush() {
	var low [8 * chunk / 8]byte
	simd.Pack(low[:w.n], w.codes[:w.n], 0, 8)
	for at := 0; at < w.n; at += group {
		if w.wide && w.escaped(at) {
			copy(w.dst[w.at:], low[at:][:group])
			simd.Pack(w.dst[w.at+group:][:group], w.high[at:][:group], 0, 8)
			w.mark(wide)
			w.at += wideBytes
			continue
		}
		var p planes
		for i := range p {
			p[i] = binary.LittleEndian.Uint64(low[at+8*i:])
		}
		w.form.pack(&p)
		nibble, size := w.put(&p)
		w.mark(nibble)
		w.at += size
	}
	w.n, w.wide = 0, false
}

// pack gives codes with a sign few planes.
func (f *Form) pack(p *planes) {
	switch {
	case f.edge.Unsigned:
	case f.sign > 0:
		clear(p[f.sign:])
	default:
		p.fold()
	}
}

// unpack is the inverse.
func (f *Form) unpack(p *planes) {
	switch {
	case f.edge.Unsigned:
	case f.sign > 0:
		for i := f.sign; i < len(p); i++ {
			p[i] = p[f.sign-1]
		}
	default:
		p.unfold()
	}
}

// put stores a group where there is room for what put may write behind it, else by way of memory of its own.
func (w *writer) put(p *planes) (nibble, size int) {
	if len(w.dst)-w.at >= wideBytes {
		return p.put(w.dst[w.at:])
	}
	var own [wideBytes]byte
	nibble, size = p.put(own[:])
	copy(w.dst[w.at:], own[:size])
	return nibble, size
}

// mark notes the nibble of a group in the header.
func (w *writer) mark(nibble int) {
	w.dst[w.group/2] |= byte(nibble << (w.group % 2 * 4))
	w.group++
}

// escaped tells whether a code of the group at hand is no byte.
func (w *writer) escaped(at int) bool {
	for i, h := range w.high[at:][:group] {
		if !w.isByte(int16(h)<<8 | int16(w.codes[at+i])) {
			return true
		}
	}
	return false
}

// Decode restores positions [from, to) of a block.
func (f *Form) Decode(x []float32, stride int, src []byte, c0, channels, positions, from, to int) {
	n, header := groups(channels * positions)
	r := reader{form: f, src: src[:cap(src)], count: n, at: header, ahead: to-from == positions, signed: !f.edge.Unsigned}
	switch {
	case f.Last():
		f.decodeLast(&r, x, stride, c0, channels, from, to)
	case f.same && from == 0 && to == positions && (stride == positions || channels == 1):
		r.restore(x[:channels*positions], 0, f.edge.Steps[f.edge.ScaleSlot(c0)])
	case f.same && from == 0 && to == positions:
		r.restoreRows(x, stride, channels, positions, f.edge.Steps[f.edge.ScaleSlot(c0)])
	default:
		for i := range channels {
			r.restore(x[i*stride:][:to-from], i*positions+from, f.edge.Steps[f.edge.ScaleSlot(c0+i)])
		}
	}
	if f.edge.RowSums {
		f.correct(x, stride, channels, to-from)
	}
}

func (f *Form) decodeLast(r *reader, x []float32, stride, c0, channels, from, to int) {
	step := float32(1) // of codes that are to be multiplied by steps of their own
	if f.same {
		step = f.edge.Steps[f.edge.ScaleSlot(0)]
	}
	if stride == channels {
		r.restore(x[:(to-from)*channels], from*channels, step)
	} else {
		for p := from; p < to; p++ {
			r.restore(x[(p-from)*stride:][:channels], p*channels, step)
		}
	}
	if f.same {
		return
	}
	steps := f.each.step[c0:][:channels]
	for p := range to - from {
		row := x[p*stride:][:channels]
		for i, s := range steps {
			row[i] *= s
		}
	}
}

// correct gives rows that summed to 1 what they lack. Positions are whole rows.
func (f *Form) correct(x []float32, stride, channels, positions int) {
	for i := range channels {
		f.edge.Correct(x[i*stride:][:positions])
	}
}

// Round sets values to what Decode gives back of them.
func (f *Form) Round(x []float32, stride, c0, channels, positions int) {
	rows, length := channels, positions
	if f.Last() {
		rows, length = positions, channels
	}
	if f.same && stride == length {
		rows, length = 1, rows*length
	}
	for i := range rows {
		row := x[i*stride:][:length]
		switch {
		case f.each != nil:
			f.each.round(row, c0)
		case f.Last():
			f.roundRow(row, c0)
		default:
			f.roundRow(row, c0+i)
		}
	}
	if f.edge.RowSums {
		f.correct(x, stride, channels, positions)
	}
}

// roundRow rounds values of channel c.
func (f *Form) roundRow(x []float32, c int) {
	slot, levels := f.edge.ScaleSlot(c), f.edge.Levels(c)
	simd.Round(x, simd.Rounding{Inv: f.scales[slot].Inv, Low: float32(levels.Low), High: float32(levels.High), Step: f.edge.Steps[slot]})
}

// round rounds values of the channels from c on.
func (f *each) round(x []float32, c int) {
	for len(x) > 0 {
		var codes [group]int16
		n := min(len(x), group)
		quant.QuantizeEach(codes[:n], x[:n], f.inv[c:], f.low[c:], f.high[c:])
		for i, step := range f.step[c:][:n] {
			x[i] = float32(step * float32(codes[i]))
		}
		x, c = x[n:], c+n
	}
}

// reader unpacks a block from its beginning on.
type reader struct {
	form   *Form
	src    []byte
	count  int  // groups of the block
	ahead  bool // all of them are wanted
	at     int  // where the next group lies
	next   int  // its number
	first  int  // number of the first group at hand
	have   int  // groups at hand
	wide   bool // some need high bytes
	signed bool
	codes  [chunk]byte
	high   [chunk]byte
}

// nibble is that of group g.
func (r *reader) nibble(g int) int { return int(r.src[g/2]>>(g%2*4)) & 15 }

// restore writes what codes from number first on stand for. Parts of a block are asked for in their order.
func (r *reader) restore(x []float32, first int, step float32) {
	for len(x) > 0 {
		if g := first / group; g >= r.first+r.have {
			last := (first + len(x) - 1) / group
			if r.ahead {
				last = r.count - 1
			}
			r.load(g, min(last-g+1, chunk/group))
		}
		at := first - r.first*group
		n := min(len(x), r.have*group-at)
		r.dequantize(x[:n], at, step)
		x, first = x[n:], first+n
	}
}

// restoreRows writes all that a block holds to rows that lie apart, of channels with one step.
func (r *reader) restoreRows(x []float32, stride, rows, length int, step float32) {
	var side [chunk]float32
	total := rows * length
	row, at := 0, 0 // of x
	for first := 0; first < total; first += chunk {
		n := min(chunk, total-first)
		r.restore(side[:n], first, step)
		for part := side[:n]; len(part) > 0; {
			k := copy(x[row*stride+at:][:length-at], part)
			part, at = part[k:], at+k
			if at == length {
				row, at = row+1, 0
			}
		}
	}
}

// load has n groups from g on at hand.
func (r *reader) load(g, n int) {
	for ; r.next < g; r.next++ {
		r.at += sizeOf(r.src[r.at:], r.nibble(r.next))
	}
	var low [chunk]byte
	wides := uint(0) // which groups
	for k := range n {
		to, nibble := low[k*group:][:group], r.nibble(g+k)
		if nibble == wide {
			copy(to, r.src[r.at:])
			simd.Unpack(r.high[k*group:][:group], r.src[r.at+group:][:group], 8, false)
			wides |= 1 << k
			r.at += wideBytes
			continue
		}
		var p planes
		r.at += p.get(r.src[r.at:], nibble)
		r.form.unpack(&p)
		for i, w := range p {
			binary.LittleEndian.PutUint64(to[8*i:], w)
		}
	}
	simd.Unpack(r.codes[:n*group], low[:n*group], 8, false)
	r.next, r.first, r.have, r.wide = g+n, g, n, wides != 0
	if r.wide {
		r.extend(wides)
	}
}

// extend has high bytes of the groups at hand that are stored without.
func (r *reader) extend(wides uint) {
	for k := range r.have {
		if wides>>k&1 != 0 {
			continue
		}
		codes, high := r.codes[k*group:][:group], r.high[k*group:][:group]
		clear(high)
		if r.signed {
			for i, c := range codes {
				high[i] = byte(int8(c) >> 7)
			}
		}
	}
}

// dequantize writes what the codes at hand from place at on stand for.
func (r *reader) dequantize(x []float32, at int, step float32) {
	codes := r.codes[at:][:len(x)]
	if !r.wide {
		quant.DequantizeBytes(x, codes, step, r.signed)
		return
	}
	high := r.high[at:][:len(x)]
	for i, c := range codes {
		x[i] = float32(step * float32(int16(uint16(high[i])<<8|uint16(c))))
	}
}
