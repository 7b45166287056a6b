package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// ErrNothingToPlot: no row has both stored bits and an accuracy or agreement.
var ErrNothingToPlot = errors.New("no row relates stored bits to an accuracy or an agreement")

// PlotOptions steer PlotSVG.
type PlotOptions struct {
	Width, Height int // CSS pixels; 0: 880 by 450; at least 240 by 200
	Dark          bool
}

// PlotSVG writes a standalone SVG: the metric (agreement with float32 where the data has no labels) over stored bits,
// one line per setting and coder, error bars of one paired standard error, float32 dashed. Where fewer than half of the
// points lie more than 15 points below the best, the axis ends there and they are drawn at its edge with their value.
func PlotSVG(w io.Writer, r Result, opt PlotOptions) error {
	t := light
	if opt.Dark {
		t = dark
	}
	r.Model, r.Data = withoutFolders(r.Model), withoutFolders(r.Data)
	d, err := newDrawing(prepare(r), t)
	if err != nil {
		return err
	}
	svg, err := d.svg(opt, "plot")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, svg)
	return err
}

// drawing is a plot being drawn.
type drawing struct {
	theme
	quantity
	extent
	title   string
	all     []series
	crowded bool // only fronts are drawn
}

// newDrawing prepares the plot of a prepared result.
func newDrawing(r Result, t theme) (*drawing, error) {
	q, ok := quantityOf(r)
	if !ok {
		return nil, ErrNothingToPlot
	}
	d := &drawing{theme: t, quantity: q, all: seriesOf(r, q), crowded: isCrowded(drawableRows(r, q))}
	d.title = q.name + " over stored bits per value: " + r.Model + " on " + r.Data
	d.extent = frame(d.all, q.ref)
	return d, nil
}

// svg draws; id makes the ids of title and description unique in a page.
func (d *drawing) svg(opt PlotOptions, id string) (string, error) {
	width, height := size(opt)
	canvas := vgsvg.New(vg.Length(width), vg.Length(height))
	d.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	return describe(b.String(), width, height, id, d.title, plotDescription(d.all, d.quantity)), nil
}

func size(opt PlotOptions) (width, height int) {
	if width, height = opt.Width, opt.Height; width <= 0 {
		width = 880
	}
	if height <= 0 {
		height = 450
	}
	return max(width, 240), max(height, 200)
}

func (d *drawing) draw(c draw.Canvas) {
	c.SetColor(d.paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, 6, -10, 6, -6)
	used := d.drawLegend(c)
	c = draw.Crop(c, 0, 0, 0, -used)
	p := d.axes(c)
	p.Add(d.gridLines(), plotterFunc(d.drawReference))
	p.Add(plotterFunc(d.drawLines), plotterFunc(d.drawMarkers))
	p.Add(labels{all: d.all, ref: d.ref, style: d.text(12, d.ink), color: d.color})
	p.Draw(c)
}

// plotterFunc is a function as a plot.Plotter.
type plotterFunc func(draw.Canvas, *plot.Plot)

func (f plotterFunc) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }

func (d *drawing) text(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color: c, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		XAlign: draw.XCenter, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler,
	}
}

func (d *drawing) axes(c draw.Canvas) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = d.xmin, d.xmax, d.ymin, d.ymax
	p.X.Label.Text, p.Y.Label.Text = "stored bits per value", d.name+" (%)"
	size := c.Size()
	p.X.Tick.Marker = ticks{max(4, int(size.X/90)), math.Inf(1)}
	p.Y.Tick.Marker = ticks{max(4, int(size.Y/45)), 100}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle = draw.LineStyle{Color: d.muted, Width: 1}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 5
		a.Label.Padding = 6
		a.Label.TextStyle = restyle(a.Label.TextStyle, d.text(14, d.ink))
		a.Tick.Label = restyle(a.Tick.Label, d.text(13, d.muted))
	}
	return p
}

// restyle gives a style the font and colour of another and keeps its alignment.
func restyle(s, as text.Style) text.Style {
	s.Font, s.Color = as.Font, as.Color
	return s
}

func (d *drawing) gridLines() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal = draw.LineStyle{Color: d.grid, Width: 1}
	g.Vertical = g.Horizontal
	return g
}

var dashes = [][]vg.Length{nil, {2, 3}, {7, 3, 1.5, 3}, {4, 2}}

func (d *drawing) color(s series) color.Color { return d.series[s.family%len(d.series)] }

func (d *drawing) line(s series) draw.LineStyle {
	return draw.LineStyle{Color: d.color(s), Width: 1.8, Dashes: dashes[min(s.coder, len(dashes)-1)]}
}

func (d *drawing) glyph(s series) draw.GlyphStyle {
	m := shapes[(s.family+s.family/len(shapes))%len(shapes)] // the next round of colours has other shapes
	m.fill = d.color(s)
	if s.coder > 0 {
		m.fill = d.paper
	}
	return draw.GlyphStyle{Color: d.color(s), Radius: radius, Shape: m}
}

func (d *drawing) referenceLine() draw.LineStyle {
	return draw.LineStyle{Color: d.muted, Width: 1.5, Dashes: []vg.Length{8, 5}}
}

func (d *drawing) drawReference(c draw.Canvas, p *plot.Plot) {
	if d.ref == nil {
		return
	}
	_, y := p.Transforms(&c)
	c.StrokeLine2(d.referenceLine(), c.Min.X, y(*d.ref), c.Max.X, y(*d.ref))
}

func (d *drawing) drawLines(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, s := range d.all {
		path := make([]vg.Point, len(s.points))
		for i, pt := range s.points {
			path[i] = vg.Point{X: x(pt.x), Y: y(pt.y)}
		}
		c.StrokeLines(d.line(s), c.ClipLinesXY(path)...)
		bar := draw.LineStyle{Color: d.color(s), Width: 1.2}
		for i, pt := range s.points {
			if pt.se > 0 && !pt.outside {
				drawBar(c, bar, path[i].X, y(pt.y-pt.se), y(pt.y+pt.se))
			}
		}
	}
}

// drawBar draws an error bar with caps at those ends that are inside.
func drawBar(c draw.Canvas, sty draw.LineStyle, x, low, high vg.Length) {
	c.StrokeLines(sty, c.ClipLinesY([]vg.Point{{X: x, Y: low}, {X: x, Y: high}})...)
	for _, end := range []vg.Length{low, high} {
		if c.ContainsY(end) {
			c.StrokeLine2(sty, x-4, end, x+4, end)
		}
	}
}

// drawMarkers draws points, and those below the axis at its edge with an arrow.
func (d *drawing) drawMarkers(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, s := range d.all {
		for _, pt := range s.points {
			at := vg.Point{X: x(pt.x), Y: y(pt.y)}
			if pt.outside {
				at.Y = c.Min.Y + edge
				drawArrow(c, draw.LineStyle{Color: d.color(s), Width: 1.7}, vg.Point{X: at.X, Y: c.Min.Y + 1})
			}
			c.DrawGlyphNoClip(d.glyph(s), at)
		}
	}
}

func drawArrow(c draw.Canvas, sty draw.LineStyle, tip vg.Point) {
	c.StrokeLine2(sty, tip.X, tip.Y, tip.X, tip.Y+2*radius)
	c.StrokeLines(sty, []vg.Point{{X: tip.X - 4, Y: tip.Y + 5}, tip, {X: tip.X + 4, Y: tip.Y + 5}})
}

// drawLegend writes the series above the plot, in as many lines as it needs, and returns their height.
func (d *drawing) drawLegend(c draw.Canvas) vg.Length {
	const line, thumb, gap = vg.Length(20), vg.Length(30), vg.Length(18)
	const wider = 1.13 // where the reader has another font, DejaVu say
	sty := d.text(13, d.ink)
	sty.XAlign = draw.XLeft
	at := vg.Point{X: c.Min.X + 4, Y: c.Max.Y - line/2}
	entry := func(name string, thumbnail func(mid vg.Point)) {
		width := thumb + 6 + sty.Width(name)*wider
		if at.X+width > c.Max.X && at.X > c.Min.X+4 {
			at = vg.Point{X: c.Min.X + 4, Y: at.Y - line}
		}
		thumbnail(vg.Point{X: at.X + thumb/2, Y: at.Y})
		c.FillText(sty, vg.Point{X: at.X + thumb + 6, Y: at.Y}, name)
		at.X += width + gap
	}
	for _, s := range d.all {
		entry(shorten(s.name, 40), func(mid vg.Point) {
			c.StrokeLine2(d.line(s), mid.X-thumb/2, mid.Y, mid.X+thumb/2, mid.Y)
			c.DrawGlyphNoClip(d.glyph(s), mid)
		})
	}
	if d.ref != nil {
		entry("float32 ("+fixed2(d.ref)+" %)", func(mid vg.Point) {
			c.StrokeLine2(d.referenceLine(), mid.X-thumb/2, mid.Y, mid.X+thumb/2, mid.Y)
		})
	}
	return c.Max.Y - at.Y + line/2 + 8
}

// plotDescription lists the points, for those who cannot see them.
func plotDescription(all []series, q quantity) string {
	var s strings.Builder
	if q.ref != nil {
		fmt.Fprintf(&s, "float32: %s %%. ", fixed2(q.ref))
	}
	for _, line := range all {
		points := make([]string, len(line.points))
		for i, p := range line.points {
			points[i] = fmt.Sprintf("%s bits: %s %% at %s stored", p.label, fixed(p.y, 2), fixed(p.x, 2))
		}
		fmt.Fprintf(&s, "%s: %s. ", line.name, strings.Join(points, "; "))
	}
	return strings.TrimSpace(s.String())
}

// describe gives an SVG drawing a root element that scales and can be read aloud.
func describe(svg string, width, height int, id, title, description string) string {
	_, body, _ := strings.Cut(svg, "<svg")
	_, body, _ = strings.Cut(body, ">")
	body = strings.ReplaceAll(body, "font-family:Liberation Sans", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif")
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="%[3]s-title %[3]s-desc">
<title id="%[3]s-title">%[4]s</title>
<desc id="%[3]s-desc">%[5]s</desc>%[6]s`, width, height, id, escape(title), escape(description), body)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}
