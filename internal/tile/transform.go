package tile

import (
	"github.com/dqa-go/dqa/internal/simd"
	"github.com/dqa-go/dqa/profile"
)

// transform decorrelates the channels of a tile before another coder sees it (spec/numerics.md, section "Transform").
type transform struct {
	*Scratch
	edge *profile.Edge
	base Coder
}

// transformMemory is what one goroutine transforms with.
type transformMemory struct {
	values     []float32 // of a tile: what the centre is taken off, then what is led back
	components []float32 // of a tile
	panels     []float32 // of a matrix
	of         *profile.Transform
	live       []int // components that are not 0 throughout the tile
}

// newTransform wraps the factory of the coder of an edge.
func newTransform(e *profile.Edge, base Factory) Factory {
	return func(s *Scratch) Coder { return &transform{s, e, base(s)} }
}

func (t *transform) Encode(p *Payload, v *Values, b profile.Bounds) (nonFinite int) {
	components, nonFinite := t.Forward(t.edge, v, b)
	w := Values{Source: components, FromTile: true, Scales: v.Scales, Steps: v.Steps, Codes: v.Codes, Earlier: v.Earlier}
	if v.Restored != nil {
		w.Restored, w.OneTile = components, true
	}
	t.base.Encode(p, &w, b)
	if v.Restored != nil {
		t.Back(t.edge, v, b)
	}
	return nonFinite
}

func (t *transform) Decode(v *Values, b profile.Bounds, p Payload) error {
	w := Values{Restored: t.Components(t.edge, b), OneTile: true, Steps: v.Steps, Codes: v.Codes, Earlier: v.Earlier}
	if err := t.base.Decode(&w, b, p); err != nil {
		return err
	}
	if v.Restored != nil {
		t.Back(t.edge, v, b)
	}
	return nil
}

// Components is room for those of the part b, component by component. Forward and Back use it.
func (s *Scratch) Components(e *profile.Edge, b profile.Bounds) []float32 {
	m := memoryOf[transformMemory](s)
	m.components = resize(m.components, e.TileSize(b))
	return m.components
}

// Forward gives the components of the part b of v.Source, component by component. Values that are not finite are taken for the
// centre of their channel, and counted.
func (s *Scratch) Forward(e *profile.Edge, v *Values, b profile.Bounds) (components []float32, nonFinite int) {
	m, n := memoryOf[transformMemory](s), e.BandSize(b)
	components, m.values = s.Components(e, b), resize(m.values, e.TileSize(b))
	for c, dst := b.C0, m.values; c < b.C1; {
		for src := s.load(e, v, b, c); len(src) > 0; c++ {
			nonFinite += centred(dst[:n], src, e.Transform.Centre[c])
			src, dst = src[n:], dst[n:]
		}
	}
	simd.Product(components, m.forward(e), m.values, e.Channels, e.Channels, n)
	return components, nonFinite
}

func centred(dst, src []float32, centre float32) (nonFinite int) {
	for i := range dst {
		d := src[i] - centre
		if d-d != 0 {
			d = 0
			nonFinite++
		}
		dst[i] = d
	}
	return nonFinite
}

// forward is the matrix, laid out. It is kept while the edge stays the same.
func (m *transformMemory) forward(e *profile.Edge) []float32 {
	if m.of != e.Transform {
		m.panels = resize(m.panels, simd.PanelsSize(e.Channels, e.Channels))
		simd.Panels(m.panels, e.Channels, e.Channels, func(k, c int) float32 { return e.Transform.Matrix[k*e.Channels+c] })
		m.of = e.Transform
	}
	return m.panels
}

// Back leads the components of the part b back and writes them to v.Restored. Components that are 0 throughout add nothing to any
// sum, and are left out.
func (s *Scratch) Back(e *profile.Edge, v *Values, b profile.Bounds) {
	m, n := memoryOf[transformMemory](s), e.BandSize(b)
	m.live = m.live[:0]
	for k := range e.Channels {
		if row := m.components[k*n:][:n]; !zeros(row) {
			copy(m.components[len(m.live)*n:], row)
			m.live = append(m.live, k)
		}
	}
	m.of, m.panels = nil, resize(m.panels, simd.PanelsSize(e.Channels, len(m.live)))
	simd.Panels(m.panels, e.Channels, len(m.live), func(c, i int) float32 { return e.Transform.Matrix[m.live[i]*e.Channels+c] })
	m.values = resize(m.values, e.TileSize(b))
	simd.Product(m.values, m.panels, m.components, e.Channels, len(m.live), n)
	for c, src := b.C0, m.values; c < b.C1; {
		dst := s.room(e, v, b, c)
		for at := 0; at < len(dst); at, c = at+n, c+1 {
			centre := e.Transform.Centre[c]
			for i, y := range src[:n] {
				dst[at+i] = y + centre
			}
			src = src[n:]
		}
		s.store(e, v, b, c-len(dst)/n, dst)
	}
}

func zeros(x []float32) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}
