package simd

// Rows is a matrix that lies in a slice: rows that are stride apart, of length values each.
type Rows struct{ Stride, Rows, Length int }

// reach is how long the slice is at least.
func (r Rows) reach() int { return (r.Rows-1)*r.Stride + r.Length }

// RowsSlack is how many bytes behind the codes QuantizeRows may write and DequantizeRows may read.
const RowsSlack = 8

// QuantizeRows is Quantize of rows of any length: their codes lie one behind the other. dst has RowsSlack bytes more, which mean
// nothing afterwards.
func QuantizeRows(dst []byte, x []float32, r Rows, l Levels) (finite, within bool) {
	if r.Rows <= 0 || r.Length <= 0 {
		return true, true
	}
	x, dst = x[:r.reach()], dst[:r.Rows*r.Length+RowsSlack]
	if done, finite, within := quantizeRowsVector(dst, x, r, l); done {
		return finite, within
	}
	finite, within = true, true
	for i := range r.Rows {
		row, codes := x[i*r.Stride:][:r.Length], dst[i*r.Length:][:r.Length]
		for len(row) > 0 {
			n := len(row) / Group * Group
			var from [Group]float32
			var to [Group]byte
			part, out := row[:n], codes[:n]
			if n == 0 {
				n = copy(from[:], row)
				part, out = from[:], to[:]
			}
			f, w := Quantize(out, part, l)
			finite, within = finite && f, within && w
			if len(out) > n {
				copy(codes, to[:n])
			}
			row, codes = row[n:], codes[n:]
		}
	}
	return finite, within
}

// DequantizeRows is Dequantize to rows of any length. codes has RowsSlack bytes more.
func DequantizeRows(x []float32, r Rows, codes []byte, step float32, signed bool) {
	if r.Rows <= 0 || r.Length <= 0 {
		return
	}
	x, codes = x[:r.reach()], codes[:r.Rows*r.Length+RowsSlack]
	if dequantizeRowsVector(x, r, codes, step, signed) {
		return
	}
	for i := range r.Rows {
		row, from := x[i*r.Stride:][:r.Length], codes[i*r.Length:]
		n := len(row) / Group * Group
		Dequantize(row[:n], from[:n], step, signed)
		dequantize(row[n:], from[n:len(row)], step, signed)
	}
}
