// Package packed holds activations in memory while a network runs: blocks of an edge's codes, as bit planes counted by
// groups of 64 values, or as bytes. It is no file format and may change at any time. A Form is what package engine asks of its
// packed edges.
//
// A block of a form begins with a byte of control for each group (group.go); the groups follow. Codes are those of the codec: what Decode
// restores is, bit for bit, what a frame would have restored, with the correction of rows that sum to 1.
package packed

import (
	"errors"
	"fmt"
	"sync"

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
	style  style
	each   *each   // channels last, not the same
	share  float64 // of a dense group's planes that a group takes on average, see Expect
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
	case e.Transform != nil:
		return nil, fmt.Errorf("%w: its channels are transformed together", ErrNoForm)
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
	f.style = styleOf(e)
	f.share = expectedBits(e, bits)
	return f, nil
}

// styleOf is how codes of an edge that are bytes become numbers. Codes with a sign on an edge that is never negative are not
// folded, but need no more bits than they have.
func styleOf(e *profile.Edge) style {
	switch {
	case e.Unsigned:
		return style{mask: 255}
	case e.OneSided && e.FitsBytes() && !e.Escape:
		n := e.Bits + e.ExtraBits
		return style{mask: 1<<n - 1, sign: 1 << (n - 1)}
	case e.OneSided && e.FitsBytes():
		return style{mask: 255}
	}
	return style{mask: 255, fold: 255}
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

// Name is how codes lie in memory.
func (f *Form) Name() string { return "planes" }

// Last tells whether channels are last.
func (f *Form) Last() bool { return f.edge.ChannelsLast }

// groups are those of n codes.
func groups(n int) int { return (n + group - 1) / group }

// Bound is the most bytes that a block takes: an escaped code needs 16 planes.
func (f *Form) Bound(_, channels, positions int) int {
	n := groups(channels * positions)
	if f.edge.Escape || !f.edge.FitsBytes() {
		return n * (1 + wideBytes)
	}
	return n * (2 + 8*(f.edge.Bits+f.edge.ExtraBits))
}

// Expect is how many bytes a block takes on average.
func (f *Form) Expect(c0, channels, positions int) int {
	n := groups(channels * positions)
	return min(f.Bound(c0, channels, positions), n+int(float64(n)*f.share*group/8+.5))
}

// Steady tells whether sizes do not depend on the image.
func (f *Form) Steady() bool { return false }

// Encode packs a block and returns its size. NaN becomes 0, infinities the outermost codes.
func (f *Form) Encode(dst []byte, x []float32, stride, c0, channels, positions int) int {
	n := groups(channels * positions)
	w := writers.Get().(*writer)
	defer w.release()
	w.form, w.dst, w.at, w.group, w.n, w.wide = f, dst, n, 0, 0, false
	r := f.lines(stride, channels, positions)
	switch {
	case f.columns(positions):
		for p := 0; p < positions; p += group {
			w.quantize(x[p:], simd.Rows{Stride: stride, Rows: channels, Length: group}, c0)
		}
	case f.same:
		w.quantize(x, joined(r), c0)
	case f.Last():
		for p := range positions {
			w.quantizeEach(x[p*stride:][:channels], c0)
		}
	default:
		for i := range channels {
			w.quantize(x[i*stride:], simd.Rows{Stride: positions, Rows: 1, Length: positions}, c0+i)
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
	at    int // bytes written, controls included
	group int // groups written
	n     int // codes at hand
	wide  bool
	codes [chunk + simd.RowsSlack]byte
	high  [chunk]byte // high bytes of the codes, where one needs them (wide)
	part  [chunk/group*groupBytes + 64]byte
}

// Writers and readers are kept: many blocks are so small that clearing memory would take as long as they do.
var (
	writers = sync.Pool{New: func() any { return new(writer) }}
	readers = sync.Pool{New: func() any { return new(reader) }}
)

func (w *writer) release() {
	w.form, w.dst = nil, nil
	writers.Put(w)
}

// quantize takes rows of channel c, or of channels that are the same.
func (w *writer) quantize(x []float32, r simd.Rows, c int) {
	done := 0 // of a row that does not fit a chunk
	for row := 0; row < r.Rows; {
		part := simd.Rows{Stride: r.Stride, Rows: 1, Length: min(r.Length-done, chunk-w.n)}
		if part.Length == r.Length {
			part.Rows = min(r.Rows-row, (chunk-w.n)/r.Length)
		}
		w.quantizePart(x[row*r.Stride+done:], part, c)
		if done += part.Length; done == r.Length {
			row, done = row+part.Rows, 0
		}
		if w.n == chunk {
			w.flush()
		}
	}
}

// quantizePart takes rows for which there is room.
func (w *writer) quantizePart(x []float32, r simd.Rows, c int) {
	e, n := w.form.edge, r.Rows*r.Length
	scale := w.form.scales[e.ScaleSlot(c)]
	if e.FitsBytes() {
		levels := e.ByteLevels(c)
		l := simd.Levels{Inv: scale.Inv, Low: float32(levels.Low), High: float32(levels.High)}
		finite, within := simd.QuantizeRows(w.codes[w.n:], x, r, l)
		if finite && (within || !e.Escape) {
			if w.wide {
				w.extend(w.n, w.n+n)
			}
			w.n += n
			return
		}
	}
	for i := range r.Rows {
		w.quantizeWide(x[i*r.Stride:][:r.Length], scale, e.Levels(c))
	}
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
	from := 0
	for at := 0; w.wide && at < w.n; at += group {
		if w.escaped(at) {
			w.pack(from, at)
			from = at + group
			w.packWide(at)
		}
	}
	w.pack(from, w.n)
	w.n, w.wide = 0, false
}

// pack writes codes [from, to), which are bytes.
func (w *writer) pack(from, to int) {
	n := (to - from) / group
	size := packGroups(w.part[:], w.dst[w.group:][:n], w.codes[from:to], &w.form.style)
	copy(w.dst[w.at:], w.part[:size])
	w.group += n
	w.at += size
}

// packWide writes a group of which a code is no byte.
func (w *writer) packWide(at int) {
	w.dst[w.group] = wide
	simd.Pack(w.dst[w.at:][:group], w.codes[at:][:group], 0, 8)
	simd.Pack(w.dst[w.at+group:][:group], w.high[at:][:group], 0, 8)
	w.group++
	w.at += wideBytes
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
	n := groups(channels * positions)
	r := readers.Get().(*reader)
	defer r.release()
	r.blockState = blockState{form: f, src: src[:cap(src)], count: n, at: n, ahead: to-from == positions, signed: !f.edge.Unsigned}
	lines := f.lines(stride, channels, to-from)
	switch {
	case f.Last():
		f.decodeLast(r, x, lines, c0, from)
	case f.columns(positions):
		f.decodeColumns(r, x, lines, from, f.edge.Steps[f.edge.ScaleSlot(c0)])
	case f.same && to-from == positions:
		r.restore(x, joined(lines), 0, f.edge.Steps[f.edge.ScaleSlot(c0)])
	default:
		lines.Rows = 1
		for i := range channels {
			r.restore(x[i*stride:], lines, i*positions+from, f.edge.Steps[f.edge.ScaleSlot(c0+i)])
		}
	}
	if f.edge.RowSums {
		f.correct(x, stride, channels, to-from)
	}
}

// columns tells whether channels lie together in columns of 64 positions: so that a part of the positions is a part of the block.
func (f *Form) columns(positions int) bool { return f.same && !f.Last() && positions%group == 0 }

// decodeColumns restores lines from a position on.
func (f *Form) decodeColumns(r *reader, x []float32, lines simd.Rows, from int, step float32) {
	for at := 0; at < lines.Length; {
		p := (from + at) % group
		part := simd.Rows{Stride: lines.Stride, Rows: lines.Rows, Length: min(group-p, lines.Length-at)}
		first := (from + at - p) * lines.Rows
		if part.Length == group {
			r.restore(x[at:], part, first, step)
		} else {
			part.Rows = 1
			for i := range lines.Rows {
				r.restore(x[i*lines.Stride+at:], part, first+i*group+p, step)
			}
		}
		at += part.Length
	}
}

func (f *Form) decodeLast(r *reader, x []float32, lines simd.Rows, c0, from int) {
	step := float32(1) // of codes that are to be multiplied by steps of their own
	if f.same {
		step = f.edge.Steps[f.edge.ScaleSlot(0)]
	}
	r.restore(x, joined(lines), from*lines.Length, step)
	if f.same {
		return
	}
	steps := f.each.step[c0:][:lines.Length]
	for p := range lines.Rows {
		row := x[p*lines.Stride:][:lines.Length]
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
	blockState
	codes [chunk + simd.RowsSlack]byte
	high  [chunk]byte
}

func (r *reader) release() {
	r.blockState = blockState{}
	readers.Put(r)
}

// blockState is what a reader knows of a block.
type blockState struct {
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
}

// restore writes rows that codes from number first on stand for. Parts of a block are asked for in their order.
func (r *reader) restore(x []float32, rows simd.Rows, first int, step float32) {
	last := first + rows.Rows*rows.Length - 1
	done := 0 // of a row that is not at hand as a whole
	for row := 0; row < rows.Rows; {
		if g := first / group; g >= r.first+r.have {
			end := last / group
			if r.ahead {
				end = r.count - 1
			}
			r.load(g, min(end-g+1, chunk/group))
		}
		at := first - r.first*group
		have := r.have*group - at
		part := simd.Rows{Stride: rows.Stride, Rows: 1, Length: min(rows.Length-done, have)}
		if part.Length == rows.Length {
			part.Rows = min(rows.Rows-row, have/rows.Length)
		}
		r.dequantize(x[row*rows.Stride+done:], part, at, step)
		first += part.Rows * part.Length
		if done += part.Length; done == rows.Length {
			row, done = row+part.Rows, 0
		}
	}
}

// load has n groups from g on at hand.
func (r *reader) load(g, n int) {
	for ; r.next < g; r.next++ {
		r.at += sizeOf(r.src[r.at:], r.src[r.next])
	}
	wides := uint(0) // which groups
	from := 0
	for k, control := range r.src[g:][:n] {
		if control == wide {
			r.unpack(g, from, k)
			simd.Unpack(r.codes[k*group:][:group], r.src[r.at:][:group], 8, false)
			simd.Unpack(r.high[k*group:][:group], r.src[r.at+group:][:group], 8, false)
			wides |= 1 << k
			r.at += wideBytes
			from = k + 1
		}
	}
	r.unpack(g, from, n)
	r.next, r.first, r.have, r.wide = g+n, g, n, wides != 0
	if r.wide {
		r.extend(wides)
	}
}

// unpack has the groups from g+from up to g+to at hand, which are not wide.
func (r *reader) unpack(g, from, to int) {
	if from < to {
		r.at += unpackGroups(r.codes[from*group:to*group], r.src[r.at:], r.src[g+from:g+to], &r.form.style)
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
func (r *reader) dequantize(x []float32, rows simd.Rows, at int, step float32) {
	if !r.wide {
		simd.DequantizeRows(x, rows, r.codes[at:], step, r.signed)
		return
	}
	for i := range rows.Rows {
		row := x[i*rows.Stride:][:rows.Length]
		for k := range row {
			row[k] = float32(step * float32(int16(uint16(r.high[at])<<8|uint16(r.codes[at]))))
			at++
		}
	}
}
