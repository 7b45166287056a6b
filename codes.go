package dqa

import (
	"math"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/quant"
)

// Codes are one edge of one image between quantizing and storing. The zero value is ready for Quantize, which reuses
// its memory.
type Codes struct {
	// Scales are the scales of this image by slot (profile.Edge.ScaleSlot); empty where they are static.
	Scales []float32
	// Wide are the codes before the shift, channel by channel, row by row; n bits, n+m in important channels.
	Wide []int16
	// NonFinite counts NaN and infinite inputs: NaN became 0, infinities the outermost code.
	NonFinite int
	// base tells that Wide lacks the low bits that are stored apart.
	base bool
	// fused are scales by channel, where codes are not kept.
	fused []quant.Scale
}

// Quantize fills c with the codes of data, which holds edge e of one image, row-major (METHOD section 2).
// It panics if data has another length than e.Elements().
func (c *Codes) Quantize(e *profile.Edge, data []float32) {
	mustFit(e, data)
	c.Wide = resize(c.Wide, len(data))
	c.NonFinite, c.base = 0, false
	maxima := c.maxima(e, data)
	c.Scales = c.Scales[:0]
	if !e.Scale.Static() {
		c.Scales = resize(c.Scales, e.NumScales())
		clear(c.Scales)
	}
	plane := e.Rows * e.Cols
	var column []float32
	for ch := range e.Channels {
		slot := e.ScaleSlot(ch)
		var s quant.Scale
		if e.Scale.Static() {
			s = quant.StepScale(e.Steps[slot])
		} else {
			s = scaleFor(e, ch, clipped(e, slot, maxima[slot]))
			c.Scales[slot] = s.Step
		}
		dst, src := c.Wide[ch*plane:(ch+1)*plane], channel(e, data, ch, &column)
		if e.Map == profile.Noisy {
			c.NonFinite += quant.QuantizeNoisy(dst, src, s, levels(e, ch), e.Noise, ch*plane)
		} else {
			c.NonFinite += quant.Quantize(dst, src, s, levels(e, ch))
		}
	}
}

// clipped is the part of a slot's maximum that its scale covers.
func clipped(e *profile.Edge, slot int, maximum float32) float32 {
	if e.Map != profile.Clipped {
		return maximum
	}
	return float32(maximum * e.Clip[slot])
}

// maxima returns what dynamic scales are made of, by scale slot; nil where scales are static.
func (c *Codes) maxima(e *profile.Edge, data []float32) []float32 {
	if e.Scale.Static() {
		return nil
	}
	m := make([]float32, e.NumScales())
	if !e.Scale.PerChannel() {
		m[0] = Maximum(data, e.Unsigned)
		m[1] = m[0]
		return m
	}
	var column []float32
	for ch := range e.Channels {
		m[ch] = Maximum(channel(e, data, ch, &column), e.Unsigned)
	}
	return m
}

// Maximum is what a scale is made of: the largest finite magnitude, or for unsigned codes the largest finite value.
func Maximum(x []float32, unsigned bool) float32 {
	if unsigned {
		return quant.Max(x)
	}
	m, _ := quant.AbsMax(x)
	return m
}

// ScaleOf gives the scale of channel ch for a maximum: scale_n, or scale_{n+m} where the channel is important.
func ScaleOf(e *profile.Edge, ch int, maximum float32) float32 { return scaleFor(e, ch, maximum).Step }

func scaleFor(e *profile.Edge, ch int, maximum float32) quant.Scale {
	if e.Unsigned {
		return quant.UnsignedScale(maximum, e.WideBits(ch))
	}
	return quant.SignedScale(maximum, e.WideBits(ch))
}

func levels(e *profile.Edge, ch int) quant.Range {
	if e.Escape {
		return beyond(e)
	}
	if e.Unsigned {
		return quant.Unsigned(e.WideBits(ch))
	}
	return quant.Signed(e.WideBits(ch))
}

// beyond are the codes that an edge with escapes may have.
func beyond(e *profile.Edge) quant.Range {
	if e.Unsigned {
		return quant.Range{Low: 0, High: math.MaxInt16}
	}
	return quant.Range{Low: math.MinInt16, High: math.MaxInt16}
}

// Dequantize writes the values that a decoder restores to data, row-major.
func (c *Codes) Dequantize(e *profile.Edge, data []float32) {
	mustFit(e, data)
	plane := e.Rows * e.Cols
	var column []float32
	for ch := range e.Channels {
		codes := c.Wide[ch*plane : (ch+1)*plane]
		if !e.ChannelsLast {
			c.values(e, ch, data[ch*plane:(ch+1)*plane], codes, ch*plane)
			continue
		}
		column = resize(column, plane)
		c.values(e, ch, column, codes, ch*plane)
		for i, v := range column {
			data[i*e.Channels+ch] = v
		}
	}
}

// values restores codes of channel ch, the first of which lies at position first of the edge, channel by channel.
func (c *Codes) values(e *profile.Edge, ch int, dst []float32, codes []int16, first int) {
	if c.base && e.Refine > 0 {
		quant.DequantizeBase(dst, codes, c.step(e, ch), e.Refine, e.OneSided)
		return
	}
	if e.Map == profile.Noisy {
		quant.DequantizeNoisy(dst, codes, c.step(e, ch), e.Noise, first)
		return
	}
	quant.Dequantize(dst, codes, c.step(e, ch))
}

func (c *Codes) step(e *profile.Edge, ch int) float32 {
	if e.Scale.Static() {
		return e.Steps[e.ScaleSlot(ch)]
	}
	return c.Scales[e.ScaleSlot(ch)]
}

// channel returns the plane of channel ch; where it is not contiguous it is gathered into *buf.
func channel(e *profile.Edge, data []float32, ch int, buf *[]float32) []float32 {
	plane := e.Rows * e.Cols
	if !e.ChannelsLast {
		return data[ch*plane : (ch+1)*plane]
	}
	*buf = resize(*buf, plane)
	for i := range *buf {
		(*buf)[i] = data[i*e.Channels+ch]
	}
	return *buf
}

func mustFit(e *profile.Edge, data []float32) {
	if len(data) != e.Elements() {
		panic("dqa: tensor has another size than edge " + e.Name)
	}
}

// resize returns a slice of length n, reusing the memory of s where it suffices; contents are undefined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
