package packed

import (
	"encoding/binary"

	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/simd"
)

// Bytes is a form of the same values with a byte a code: more memory than a Form takes, and a fraction of its time.
//
// A block is a byte that says how it is stored, and codes, by channel or, with channels last, by position: of a byte each,
// or where many codes are escaped all of two, low byte first. Behind them, where few are escaped, are these: how many, in two
// bytes, and of each its place among the codes, in four, and its code, in two.
type Bytes struct{ *Form }

const (
	narrow  = 0
	double  = 1
	patched = 2
)

const patchBytes = 6

// Bytes is the form with bytes; nil where codes have more bits, or channels of a token are quantized in ways of their own.
func (f *Form) Bytes() *Bytes {
	if !f.edge.FitsBytes() || f.each != nil {
		return nil
	}
	return &Bytes{f}
}

// Name is how codes lie in memory.
func (f *Bytes) Name() string { return "bytes" }

// Bound is the most bytes that a block takes.
func (f *Bytes) Bound(c0, channels, positions int) int {
	if f.edge.Escape {
		return f.Expect(c0, channels, positions) + channels*positions
	}
	return f.Expect(c0, channels, positions)
}

// Expect is how many bytes a block takes where no code is escaped; they are rare.
func (f *Bytes) Expect(_, channels, positions int) int {
	return 1 + channels*positions + simd.RowsSlack
}

// Steady tells whether sizes do not depend on the image: only blocks with escaped codes are larger.
func (f *Bytes) Steady() bool { return true }

// lines are how a block of floats lies in memory: rows, and of how many values.
func (f *Form) lines(stride, channels, positions int) simd.Rows {
	if f.Last() {
		return simd.Rows{Stride: stride, Rows: positions, Length: channels}
	}
	return simd.Rows{Stride: stride, Rows: channels, Length: positions}
}

// joined is r in one row, if that is so.
func joined(r simd.Rows) simd.Rows {
	if r.Stride != r.Length {
		return r
	}
	n := r.Rows * r.Length
	return simd.Rows{Stride: n, Rows: 1, Length: n}
}

// channel is that of line i of a block.
func (f *Form) channel(c0, i int) int {
	if f.Last() {
		return c0
	}
	return c0 + i
}

// Encode packs a block and returns its size.
func (f *Bytes) Encode(dst []byte, x []float32, stride, c0, channels, positions int) int {
	n, r := channels*positions, f.lines(stride, channels, positions)
	dst[0] = narrow
	if f.quantize(dst[1:], x, r, c0) {
		return 1 + n
	}
	if f.edge.Escape {
		if size, few := f.quantizePatched(dst[1:], x, r, c0); few {
			dst[0] = patched
			return 1 + size
		}
		dst[0] = double
		n *= 2
	}
	f.quantizeSlowly(dst[1:], x, r, c0)
	return 1 + n
}

// quantizePatched writes codes as bytes and behind them those that are none, unless those are many.
func (f *Bytes) quantizePatched(dst []byte, x []float32, r simd.Rows, c0 int) (size int, few bool) {
	at, count := 0, 0
	patches := dst[r.Rows*r.Length:]
	most := min((len(patches)-2)/patchBytes, 1<<16-1)
	few = true
	f.eachCode(x, r, c0, func(code int16) {
		outside := code != int16(int8(code))
		if f.edge.Unsigned {
			outside = code>>8 != 0
		}
		if outside && count < most {
			p := patches[2+patchBytes*count:]
			binary.LittleEndian.PutUint32(p, uint32(at))
			binary.LittleEndian.PutUint16(p[4:], uint16(code))
			count++
		} else if outside {
			few = false
		}
		dst[at] = byte(code)
		at++
	})
	binary.LittleEndian.PutUint16(patches, uint16(count))
	return at + 2 + patchBytes*count, few
}

// quantize writes codes as bytes; it tells whether they are right.
func (f *Bytes) quantize(dst []byte, x []float32, r simd.Rows, c0 int) bool {
	if f.same {
		r = joined(r)
	}
	rows := r.Rows
	if !f.same {
		r.Rows = 1
	}
	for i := 0; i < rows; i += r.Rows {
		c := f.channel(c0, i)
		levels := f.edge.ByteLevels(c)
		l := simd.Levels{Inv: f.scales[f.edge.ScaleSlot(c)].Inv, Low: float32(levels.Low), High: float32(levels.High)}
		finite, within := simd.QuantizeRows(dst[i*r.Length:], x[i*r.Stride:], r, l)
		if !finite || !within && f.edge.Escape {
			return false
		}
	}
	return true
}

// quantizeSlowly writes codes of any values, of two bytes where they may be escaped.
func (f *Bytes) quantizeSlowly(dst []byte, x []float32, r simd.Rows, c0 int) {
	f.eachCode(x, r, c0, func(code int16) {
		if f.edge.Escape {
			binary.LittleEndian.PutUint16(dst, uint16(code))
			dst = dst[2:]
			return
		}
		dst[0] = byte(code)
		dst = dst[1:]
	})
}

// eachCode calls take for the codes of a block.
func (f *Bytes) eachCode(x []float32, r simd.Rows, c0 int, take func(code int16)) {
	var codes [group]int16
	for i := range r.Rows {
		c := f.channel(c0, i)
		scale, levels := f.scales[f.edge.ScaleSlot(c)], f.edge.Levels(c)
		for row := x[i*r.Stride:][:r.Length]; len(row) > 0; {
			n := min(len(row), group)
			quant.Quantize(codes[:n], row[:n], scale, levels)
			for _, code := range codes[:n] {
				take(code)
			}
			row = row[n:]
		}
	}
}

// Decode restores positions [from, to) of a block.
func (f *Bytes) Decode(x []float32, stride int, src []byte, c0, channels, positions, from, to int) {
	kind, src := src[0], src[1:cap(src)]
	r, at, step := f.lines(stride, channels, to-from), from, positions // step: codes from line to line
	if f.Last() {
		at, step = from*channels, channels
	}
	f.dequantize(kind, x, r, src, c0, at, step)
	if kind == patched {
		f.patch(x, r, src[channels*positions:], c0, at, step)
	}
	if f.edge.RowSums {
		f.correct(x, stride, channels, to-from)
	}
}

// patch sets values whose codes are no bytes in lines whose codes begin at place at and lie step apart.
func (f *Bytes) patch(x []float32, r simd.Rows, patches []byte, c0, at, step int) {
	n := int(binary.LittleEndian.Uint16(patches))
	for patches = patches[2:]; n > 0; n, patches = n-1, patches[patchBytes:] {
		place := int(binary.LittleEndian.Uint32(patches)) - at
		line, i := place/step, place%step
		if place < 0 || line >= r.Rows || i >= r.Length {
			continue
		}
		code := int16(binary.LittleEndian.Uint16(patches[4:]))
		x[line*r.Stride+i] = float32(f.edge.Steps[f.edge.ScaleSlot(f.channel(c0, line))] * float32(code))
	}
}

// dequantize restores lines, whose codes begin at place at and lie step apart.
func (f *Bytes) dequantize(kind byte, x []float32, r simd.Rows, src []byte, c0, at, step int) {
	if f.same && step == r.Length {
		r = joined(r)
		step = r.Length
	}
	rows := r.Rows
	if !f.same || step != r.Length {
		r.Rows = 1
	}
	for i := 0; i < rows; i += r.Rows {
		scale, part := f.edge.Steps[f.edge.ScaleSlot(f.channel(c0, i))], x[i*r.Stride:]
		if kind != double {
			simd.DequantizeRows(part, r, src[at+i*step:], scale, !f.edge.Unsigned)
			continue
		}
		for k := range r.Rows {
			for p := range part[k*r.Stride:][:r.Length] {
				code := binary.LittleEndian.Uint16(src[2*(at+(i+k)*step+p):])
				part[k*r.Stride+p] = float32(scale * float32(int16(code)))
			}
		}
	}
}
