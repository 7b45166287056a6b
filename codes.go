package dqa

import (
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/profile"
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
	plane := e.PlaneSize()
	var column []float32
	for ch := range e.Channels {
		slot := e.ScaleSlot(ch)
		var s quant.Scale
		if e.Scale.Static() {
			s = quant.StepScale(e.Steps[slot])
		} else {
			s = e.ScaleFor(ch, maxima[slot])
			c.Scales[slot] = s.Step
		}
		dst, src := c.Wide[ch*plane:(ch+1)*plane], channel(e, data, ch, &column)
		if e.Map == profile.Noisy {
			c.NonFinite += quant.QuantizeNoisy(dst, src, s, e.Levels(ch), e.Noise, ch*plane)
		} else {
			c.NonFinite += quant.Quantize(dst, src, s, e.Levels(ch))
		}
	}
}

// maxima returns what dynamic scales are made of, by scale slot; nil where scales are static.
func (c *Codes) maxima(e *profile.Edge, data []float32) []float32 {
	if e.Scale.Static() {
		return nil
	}
	m := make([]float32, e.NumScales())
	if !e.Scale.PerChannel() {
		m[0] = e.Maximum(data)
		m[1] = m[0]
		return m
	}
	var column []float32
	for ch := range e.Channels {
		m[ch] = e.Maximum(channel(e, data, ch, &column))
	}
	return m
}

// Dequantize writes the values that a decoder restores to data, row-major.
func (c *Codes) Dequantize(e *profile.Edge, data []float32) {
	mustFit(e, data)
	plane := e.PlaneSize()
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

// Simulate overwrites data with what the network computes with instead: quantized, restored and corrected values.
func (c *Codes) Simulate(e *profile.Edge, data []float32) {
	c.Quantize(e, data)
	c.Dequantize(e, data)
	Correct(e, data)
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
	plane := e.PlaneSize()
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
