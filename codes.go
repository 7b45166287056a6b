package dqa

import (
	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/profile"
)

// Codes are one edge of one image between quantizing and storing. The zero value is ready for Quantize, which reuses
// its memory.
type Codes struct {
	// Scales are the scales of this image by slot (profile.Edge.ScaleSlot); empty where they are static.
	Scales []float32
	// Wide are the codes before the shift, channel by channel, row by row; n bits, n+m in important channels.
	Wide []int16
	// Means are what the means of channels lack, tile by tile, channel by channel, in sixteenths of a step; only with
	// profile.Edge.DC.
	Means []int8
	// NonFinite counts NaN and infinite inputs: NaN became 0, infinities the outermost code.
	NonFinite int

	values   tile.Values
	restored []float32
	scratch  tile.Scratch
}

// Quantize fills c with the codes of data, which holds edge e of one image, row-major (METHOD section 2).
// It panics if data has another length than e.Elements().
func (c *Codes) Quantize(e *profile.Edge, data []float32) {
	mustFit(e, data)
	c.values.Source = data
	c.scratch.FindScales(e, &c.values)
	c.Scales = c.Scales[:0]
	if !e.Scale.Static() {
		c.Scales = append(c.Scales, c.values.Steps...)
	}
	c.Wide = resize(c.Wide, len(data))
	if e.Transform != nil {
		c.quantizeComponents(e)
	} else {
		c.NonFinite = c.scratch.Quantize(c.Wide, e, &c.values, e.All())
	}
	c.findMeans(e)
	c.values.Source = nil
}

// quantizeComponents is Quantize of an edge with a transform.
func (c *Codes) quantizeComponents(e *profile.Edge) {
	v := tile.Values{FromTile: true, Scales: c.values.Scales, Steps: c.values.Steps}
	v.Source, c.NonFinite = c.scratch.Forward(e, &c.values, e.All())
	c.scratch.Quantize(c.Wide, e, &v, e.All())
}

// findMeans compares the values with what their codes stand for.
func (c *Codes) findMeans(e *profile.Edge) {
	if c.Means = c.Means[:0]; !e.DC {
		return
	}
	c.restored = resize(c.restored, len(c.Wide))
	v := tile.Values{Source: c.values.Source, Restored: c.restored, Steps: c.values.Steps}
	c.scratch.Dequantize(e, &v, e.All(), c.Wide)
	for t := range e.NumTiles() {
		c.Means = c.scratch.FindMeans(c.Means, e, &v, e.TileBounds(t))
	}
}

// Dequantize writes the values that a decoder restores to data, row-major.
func (c *Codes) Dequantize(e *profile.Edge, data []float32) {
	mustFit(e, data)
	v := tile.Values{Restored: data, Steps: c.Scales}
	if e.Scale.Static() {
		v.Steps = e.Steps
	}
	if e.Transform != nil {
		w := tile.Values{Restored: c.scratch.Components(e, e.All()), OneTile: true, Steps: v.Steps}
		c.scratch.Dequantize(e, &w, e.All(), c.Wide)
		c.scratch.Back(e, &v, e.All())
		return
	}
	c.scratch.Dequantize(e, &v, e.All(), c.Wide)
	means := c.Means
	for t := 0; t < e.NumTiles() && e.DC; t++ {
		b := e.TileBounds(t)
		c.scratch.AddMeans(e, &v, b, means)
		means = means[b.C1-b.C0:]
	}
}

// Simulate overwrites data with what the network computes with instead: quantized, restored and corrected values.
func (c *Codes) Simulate(e *profile.Edge, data []float32) {
	c.Quantize(e, data)
	c.Dequantize(e, data)
	Correct(e, data)
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
