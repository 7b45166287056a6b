package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// marker is a regular polygon around a point; no corners make a circle. Shapes tell series apart without colour.
type marker struct {
	corners int
	turn    float64     // radians; 0: a corner on top
	fill    color.Color // the series' own colour, or paper: hollow
	size    float64     // of the radius; shapes of equal weight need different ones
}

// shapes of series by family: circle, square, triangle, diamond, triangle down, pentagon, hexagon.
var shapes = [...]marker{
	{corners: 0, size: 1},
	{corners: 4, turn: math.Pi / 4, size: 1.2},
	{corners: 3, size: 1.3},
	{corners: 4, size: 1.25},
	{corners: 3, turn: math.Pi, size: 1.3},
	{corners: 5, size: 1.15},
	{corners: 6, size: 1.1},
}

// DrawGlyph implements draw.GlyphDrawer.
func (m marker) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	path := m.path(pt, sty.Radius*vg.Length(m.size))
	c.SetColor(m.fill)
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: sty.Color, Width: vg.Points(1.7)})
	c.Stroke(path)
}

func (m marker) path(pt vg.Point, radius vg.Length) vg.Path {
	var p vg.Path
	if m.corners == 0 {
		p.Move(vg.Point{X: pt.X + radius, Y: pt.Y})
		p.Arc(pt, radius, 0, 2*math.Pi)
		p.Close()
		return p
	}
	for i := range m.corners {
		sin, cos := math.Sincos(m.turn + math.Pi/2 + 2*math.Pi*float64(i)/float64(m.corners))
		corner := vg.Point{X: pt.X + radius*vg.Length(cos), Y: pt.Y + radius*vg.Length(sin)}
		if i == 0 {
			p.Move(corner)
		} else {
			p.Line(corner)
		}
	}
	p.Close()
	return p
}
