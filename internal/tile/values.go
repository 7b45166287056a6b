package tile

import (
	"math"

	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/profile"
)

// Values are an edge's float32 values of one image, row-major as profile.Geometry says, and what they are scaled by.
type Values struct {
	Source   []float32     // what is encoded
	Restored []float32     // where decoded values go, which may be Source; nil: nowhere
	OneTile  bool          // Restored is a tile alone, channel by channel, row by row
	FromTile bool          // Source is
	Scales   []quant.Scale // by scale slot (profile.Edge.ScaleSlot): what Encode needs
	Steps    []float32     // the same: what Decode needs

	// Codes are the edge's as weights of a later edge see them, channel by channel, row by row: Encode and Decode write their part of
	// them; nil: nobody asks for them. Earlier are those of the edge that profile.Earlier names, nil where they are not at hand.
	Codes, Earlier []int8
}

// Scratch is memory that the coders of one goroutine share. The zero value is ready.
type Scratch struct {
	columns []float32 // of a block of channels that do not lie in one piece
	second  []float32 // of a channel, decoded
	tops    []float32 // maxima of channels
	bytes   []byte    // codes of a tile
	wide    []int16
	own     []any // memory of one kind of coder each
}

// memoryOf is the memory of one kind of coder.
func memoryOf[T any](s *Scratch) *T {
	for _, m := range s.own {
		if m, ok := m.(*T); ok {
			return m
		}
	}
	m := new(T)
	s.own = append(s.own, m)
	return m
}

// FindScales fills in scales and steps: the profile's where they are static, else those that v.Source asks for. What is
// not finite does not count.
func (s *Scratch) FindScales(e *profile.Edge, v *Values) {
	n := e.NumScales()
	v.Scales, v.Steps = resize(v.Scales, n), resize(v.Steps, n)
	if e.Scale.Static() {
		copy(v.Steps, e.Steps)
		for slot, step := range e.Steps {
			v.Scales[slot] = quant.StepScale(step)
		}
		return
	}
	clear(v.Scales)
	clear(v.Steps)
	own := e.Scale.PerChannel()
	s.tops = resize(s.tops, e.Channels)
	if own {
		s.maxima(s.tops, e, v)
	} else {
		s.tops[0] = e.Maximum(v.Source)
	}
	for c := range e.Channels {
		top := s.tops[0]
		if own {
			top = s.tops[c]
		}
		slot := e.ScaleSlot(c)
		v.Scales[slot] = e.ScaleFor(c, top)
		v.Steps[slot] = v.Scales[slot].Step
	}
}

// maxima finds every channel's, a tile at a time.
func (s *Scratch) maxima(tops []float32, e *profile.Edge, v *Values) {
	clear(tops)
	for t := range e.NumTiles() {
		b := e.TileBounds(t)
		n := e.BandSize(b)
		for c := b.C0; c < b.C1; c++ {
			var x []float32
			if at := (c - b.C0) % block; !e.ChannelsLast {
				x = v.Source[e.BandStart(b, c):][:n]
			} else {
				if at == 0 {
					s.gather(e, v, b, c)
				}
				x = s.columns[at*n:][:n]
			}
			tops[c] = max(tops[c], e.Maximum(x))
		}
	}
}

// A run is channels of a part, one or more, that have one scale and one width and whose values lie one behind the other. Where
// channels are last, block channels are turned over together: a line of the cache of float32. Runs are asked for in their
// order, from the part's first channel on, of one part at a time.
const block = 16

// run is the channel behind the run that begins with c; joined says that all channels of the part lie one behind the other.
func run(e *profile.Edge, steps []float32, b profile.Bounds, c int, joined bool) int {
	limit := c + 1
	switch {
	case joined || !e.ChannelsLast && b.R1-b.R0 == e.Rows:
		limit = b.C1
	case e.ChannelsLast:
		limit = min(c-(c-b.C0)%block+block, b.C1)
	}
	end := c + 1
	for step := math.Float32bits(steps[e.ScaleSlot(c)]); end < limit; end++ {
		if math.Float32bits(steps[e.ScaleSlot(end)]) != step || e.IsImportant(end) != e.IsImportant(c) {
			break
		}
	}
	return end
}

// load is the run of v.Source that begins with channel c: channel by channel, row by row.
func (s *Scratch) load(e *profile.Edge, v *Values, b profile.Bounds, c int) []float32 {
	n, end := e.BandSize(b), run(e, v.Steps, b, c, v.FromTile)
	switch {
	case v.FromTile:
		return v.Source[(c-b.C0)*n:][:(end-c)*n]
	case !e.ChannelsLast:
		return v.Source[e.BandStart(b, c):][:(end-c)*n]
	}
	if (c-b.C0)%block == 0 {
		s.gather(e, v, b, c)
	}
	return s.columns[(c-b.C0)%block*n:][:(end-c)*n]
}

// gather fills columns with the block of v.Source that begins with channel c.
func (s *Scratch) gather(e *profile.Edge, v *Values, b profile.Bounds, c int) {
	n, k := e.BandSize(b), min(block, b.C1-c)
	s.columns = resize(s.columns, k*n)
	simd.Transpose(s.columns, v.Source[b.R0*e.Cols*e.Channels+c:], n, k, n, e.Channels)
}

// room is where the run of v.Restored that begins with channel c may be written; store must follow.
func (s *Scratch) room(e *profile.Edge, v *Values, b profile.Bounds, c int) []float32 {
	n, end := e.BandSize(b), run(e, v.Steps, b, c, v.OneTile)
	switch {
	case v.OneTile:
		return v.Restored[(c-b.C0)*n:][:(end-c)*n]
	case e.ChannelsLast:
		s.columns = resize(s.columns, min(block, b.C1-b.C0)*n)
		return s.columns[(c-b.C0)%block*n:][:(end-c)*n]
	}
	return v.Restored[e.BandStart(b, c):][:(end-c)*n]
}

// store puts what was written to room where it belongs, a block at a time.
func (s *Scratch) store(e *profile.Edge, v *Values, b profile.Bounds, c int, values []float32) {
	n := e.BandSize(b)
	first, end := c-(c-b.C0)%block, c+len(values)/n
	if e.ChannelsLast && !v.OneTile && (end == b.C1 || end == first+block) {
		simd.Transpose(v.Restored[b.R0*e.Cols*e.Channels+first:], s.columns, end-first, n, e.Channels, n)
	}
}

// resize returns a slice of length n, reusing the memory of s where it suffices; contents are undefined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// extend makes dst n values long; those beyond its length are undefined.
func extend[T any](dst []T, n int) []T {
	if n <= cap(dst) {
		return dst[:n]
	}
	return append(dst[:cap(dst)], make([]T, n-cap(dst))...)
}
