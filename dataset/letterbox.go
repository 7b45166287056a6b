package dataset

import "math"

// Letterbox fits a picture into a size with its ratio kept and gray borders, as ultralytics' LetterBox does: bilinear
// without antialiasing, in the arithmetic of OpenCV's resize with INTER_LINEAR, levels in fixed point.

// letterGray is the level of the border, of 255.
const letterGray = 114

// box is where the picture lies in its frame.
type box struct{ top, left, height, width int }

// letterboxOf fits h x w into height x width. Halves round to even.
func letterboxOf(h, w, height, width int) box {
	ratio := min(float64(height)/float64(h), float64(width)/float64(w))
	b := box{height: round(float64(h) * ratio), width: round(float64(w) * ratio)}
	b.height, b.width = min(max(b.height, 1), height), min(max(b.width, 1), width)
	b.top, b.left = round(float64(height-b.height)/2-0.1), round(float64(width-b.width)/2-0.1)
	return b
}

func round(x float64) int { return int(math.RoundToEven(x)) }

// letterbox makes a picture of height x width. gray is the border of measurements; levels have letterGray of 255.
func letterbox(r raster, height, width int, gray float32) Image {
	b := letterboxOf(r.height, r.width, height, width)
	out := Image{Channels: r.channels, Height: height, Width: width, Pix: make([]float32, r.channels*height*width)}
	out.setTop(r.top)
	if r.top > 0 {
		gray = float32(int(letterGray * r.top / 255))
	}
	for i := range out.Pix {
		out.Pix[i] = gray
	}
	inner := linear(r, b.height, b.width)
	for c := range r.channels {
		for y := range b.height {
			copy(out.Pix[(c*height+b.top+y)*width+b.left:], inner.Pix[(c*b.height+y)*b.width:][:b.width])
		}
	}
	return out
}

// linear is OpenCV's resize with INTER_LINEAR.
func linear(r raster, height, width int) Image {
	switch {
	case height == r.height && width == r.width:
		return r.whole()
	case r.height == 2*height && r.width == 2*width:
		return halve(r)
	}
	out := Image{Channels: r.channels, Height: height, Width: width, Pix: make([]float32, r.channels*height*width)}
	out.setTop(r.top)
	columns, rows := linearTaps(r.width, width, true), linearTaps(r.height, height, false)
	lines := lineCache{raster: r, columns: columns, row: make([]float32, r.channels*r.width)}
	for y, t := range rows {
		upper, lower := lines.get(max(t.first, 0)), lines.get(min(t.first+1, r.height-1))
		for c := range r.channels {
			to := out.Pix[(c*height+y)*width:][:width]
			t.blend(to, upper[c*width:][:width], lower[c*width:][:width], r.top)
		}
	}
	return out
}

// linearTap weighs two neighbours: in 2048ths for levels of 8 bits, in float32 for all others.
type linearTap struct {
	first  int
	a, b   int32
	af, bf float32
}

// linearTaps computes those of a line. Along rows OpenCV moves what lies beyond the picture onto its edge; along
// columns it repeats the edge.
func linearTaps(in, out int, clamp bool) []linearTap {
	scale := 1 / (float64(out) / float64(in))
	t := make([]linearTap, out)
	for i := range t {
		x := float32(float64((float64(i)+0.5)*scale) - 0.5)
		first := int(math.Floor(float64(x)))
		x -= float32(first)
		if clamp && first < 0 {
			first, x = 0, 0
		}
		if clamp && first >= in-1 {
			first, x = in-1, 0
		}
		first = min(first, in-1)
		t[i] = linearTap{first: first, a: int32(round(float64((1 - x) * 2048))), b: int32(round(float64(x * 2048))), af: 1 - x, bf: x}
	}
	return t
}

// blend mixes two lines that linearRow made.
func (t linearTap) blend(to, upper, lower []float32, top float32) {
	for x := range to {
		switch top {
		case 255:
			a, b := t.a*(int32(upper[x])>>4)>>16, t.b*(int32(lower[x])>>4)>>16
			to[x] = min(max(float32((a+b+2)>>2), 0), 255)
		case 0:
			to[x] = float32(upper[x]*t.af) + float32(lower[x]*t.bf)
		default:
			v := float32(upper[x]*t.af) + float32(lower[x]*t.bf)
			to[x] = min(max(float32(math.RoundToEven(float64(v))), 0), top)
		}
	}
}

// lineCache keeps the last two lines that were scaled along their columns.
type lineCache struct {
	raster
	columns []linearTap
	row     []float32
	y       [2]int // of lines, plus 1
	lines   [2][]float32
	next    int
}

func (l *lineCache) get(y int) []float32 {
	for k, have := range l.y {
		if have == y+1 {
			return l.lines[k]
		}
	}
	k := l.next
	l.next = 1 - k
	if l.lines[k] == nil {
		l.lines[k] = make([]float32, l.channels*len(l.columns))
	}
	l.y[k] = y + 1
	l.read(y, l.row)
	for c := range l.channels {
		from, to := l.row[c*l.width:(c+1)*l.width], l.lines[k][c*len(l.columns):]
		for x, t := range l.columns {
			left, right := from[t.first], from[min(t.first+1, l.width-1)]
			if l.top == 255 { // sums below 2^20: exact
				to[x] = float32(int32(left)*t.a + int32(right)*t.b)
			} else {
				to[x] = float32(left*t.af) + float32(right*t.bf)
			}
		}
	}
	return l.lines[k]
}

// halve is what OpenCV does instead where both sides are halved: the mean of four.
func halve(r raster) Image {
	out := Image{Channels: r.channels, Height: r.height / 2, Width: r.width / 2}
	out.Pix = make([]float32, out.Channels*out.Height*out.Width)
	out.setTop(r.top)
	upper, lower := make([]float32, r.channels*r.width), make([]float32, r.channels*r.width)
	for y := range out.Height {
		r.read(2*y, upper)
		r.read(2*y+1, lower)
		for c := range r.channels {
			for x := range out.Width {
				k := c*r.width + 2*x
				sum := upper[k] + upper[k+1] + lower[k] + lower[k+1]
				if r.top > 0 {
					sum = float32((int32(sum) + 2) >> 2)
				} else {
					sum *= 0.25
				}
				out.Pix[(c*out.Height+y)*out.Width+x] = sum
			}
		}
	}
	return out
}
