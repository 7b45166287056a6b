package tile

import (
	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/profile"
)

// Values are an edge's float32 values of one image, row-major as profile.Geometry says, and what they are scaled by.
type Values struct {
	Source   []float32     // what is encoded
	Restored []float32     // where decoded values go, which may be Source; nil: nowhere
	OneTile  bool          // Restored is a tile alone, channel by channel, row by row
	Scales   []quant.Scale // by scale slot (profile.Edge.ScaleSlot): what Encode needs
	Steps    []float32     // the same: what Decode needs
}

// Scratch is memory that the coders of one goroutine share. The zero value is ready.
type Scratch struct {
	column []float32 // of a channel that does not lie in one piece
	second []float32 // of the same, decoded
	bytes  []byte    // codes of a tile
	wide   []int16
	own    []any // memory of one kind of coder each
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
	top, own, all := float32(0), e.Scale.PerChannel(), e.All()
	if !own {
		top = e.Maximum(v.Source)
	}
	for c := range e.Channels {
		if own {
			top = e.Maximum(s.load(e, v, all, c))
		}
		slot := e.ScaleSlot(c)
		v.Scales[slot] = e.ScaleFor(c, top)
		v.Steps[slot] = v.Scales[slot].Step
	}
}

// load is the part b of channel c of v.Source, row by row.
func (s *Scratch) load(e *profile.Edge, v *Values, b profile.Bounds, c int) []float32 {
	if e.ChannelsLast {
		return s.gather(e, v, b, c)
	}
	return v.Source[e.BandStart(b, c):][:e.BandSize(b)]
}

func (s *Scratch) gather(e *profile.Edge, v *Values, b profile.Bounds, c int) []float32 {
	s.column = resize(s.column, e.BandSize(b))
	at := b.R0*e.Cols*e.Channels + c
	for i := range s.column {
		s.column[i] = v.Source[at]
		at += e.Channels
	}
	return s.column
}

// room is where the part b of channel c of v.Restored may be written; store must follow.
func (s *Scratch) room(e *profile.Edge, v *Values, b profile.Bounds, c int) []float32 {
	n := e.BandSize(b)
	switch {
	case v.OneTile:
		return v.Restored[(c-b.C0)*n:][:n]
	case e.ChannelsLast:
		s.column = resize(s.column, n)
		return s.column
	}
	return v.Restored[e.BandStart(b, c):][:n]
}

// store puts what was written to room where it belongs.
func (s *Scratch) store(e *profile.Edge, v *Values, b profile.Bounds, c int, values []float32) {
	if e.ChannelsLast && !v.OneTile {
		s.scatter(e, v, b, c, values)
	}
}

func (s *Scratch) scatter(e *profile.Edge, v *Values, b profile.Bounds, c int, values []float32) {
	at := b.R0*e.Cols*e.Channels + c
	for _, x := range values {
		v.Restored[at] = x
		at += e.Channels
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
