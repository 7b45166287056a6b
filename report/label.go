package report

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// labels writes the bits beside every point where there is room; what finds none is left to the table.
type labels struct {
	all   []series
	ref   *float64
	style text.Style
	color func(series) color.Color
}

// obstacle is what a label had better not cover, and how bad it is if it does.
type obstacle struct {
	vg.Rectangle
	cost int
}

const (
	forbidden = 1000
	crowd     = 80             // with more points labels tell nothing
	radius    = vg.Length(4.4) // of markers
	edge      = 3 * radius     // how high points below the axis are drawn
)

// Plot implements plot.Plotter.
func (l labels) Plot(c draw.Canvas, p *plot.Plot) {
	if points(l.all) > crowd {
		return
	}
	obstacles := l.obstacles(&c, p)
	x, y := p.Transforms(&c)
	for _, s := range l.all {
		sty := l.style
		sty.Color = l.color(s)
		for _, pt := range s.points {
			at := vg.Point{X: x(pt.x), Y: y(pt.y)}
			txt := pt.label
			if pt.outside {
				at.Y, txt = c.Min.Y+edge, txt+" ("+fixed(pt.y, 1)+")"
			}
			box, ok := place(c, at, sty.Width(txt), sty.Font.Size, obstacles)
			if !ok || txt == "" {
				continue
			}
			obstacles = append(obstacles, obstacle{box, forbidden})
			c.FillText(sty, vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y + box.Max.Y) / 2}, txt)
		}
	}
}

func points(all []series) (n int) {
	for _, s := range all {
		n += len(s.points)
	}
	return n
}

// place finds the spot around at for a label of the given size that covers least.
func place(c draw.Canvas, at vg.Point, w, h vg.Length, obstacles []obstacle) (best vg.Rectangle, ok bool) {
	least := forbidden
	for _, distance := range []vg.Length{radius + 4, radius + 11} {
		for _, dir := range [][2]vg.Length{{0, -1}, {0, 1}, {1, 0}, {-1, 0}, {1, -1}, {-1, 1}, {1, 1}, {-1, -1}} {
			mid := vg.Point{X: at.X + dir[0]*(distance+w/2), Y: at.Y + dir[1]*(distance+h/2)}
			if dir[0] != 0 && dir[1] != 0 { // corners may come nearer
				mid.X, mid.Y = at.X+dir[0]*(0.7*distance+w/2), at.Y+dir[1]*(0.7*distance+h/2)
			}
			box := around(mid, w, h)
			if !c.Contains(box.Min) || !c.Contains(box.Max) {
				continue
			}
			if cost := covered(box, obstacles); cost < least {
				best, least, ok = box, cost, true
			}
		}
	}
	return best, ok
}

func around(mid vg.Point, w, h vg.Length) vg.Rectangle {
	half := vg.Point{X: w / 2, Y: h / 2}
	return vg.Rectangle{Min: mid.Sub(half), Max: mid.Add(half)}
}

func covered(box vg.Rectangle, obstacles []obstacle) (cost int) {
	for _, o := range obstacles {
		if box.Min.X < o.Max.X && o.Min.X < box.Max.X && box.Min.Y < o.Max.Y && o.Min.Y < box.Max.Y {
			cost += o.cost
		}
	}
	return cost
}

// obstacles are the markers, error bars and lines of a plot.
func (l labels) obstacles(c *draw.Canvas, p *plot.Plot) []obstacle {
	x, y := p.Transforms(c)
	var all []obstacle
	if l.ref != nil {
		all = append(all, obstacle{vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: y(*l.ref) - 1}, Max: vg.Point{X: c.Max.X, Y: y(*l.ref) + 1}}, 40})
	}
	for _, s := range l.all {
		for i, pt := range s.points {
			at := vg.Point{X: x(pt.x), Y: y(pt.y)}
			bar := vg.Rectangle{Min: vg.Point{X: at.X - 2, Y: y(pt.y - pt.se)}, Max: vg.Point{X: at.X + 2, Y: y(pt.y + pt.se)}}
			if pt.outside {
				at.Y = c.Min.Y + edge
			}
			all = append(all, obstacle{around(at, 2*radius+2, 2*radius+2), forbidden}, obstacle{bar, 30})
			if i > 0 {
				before := vg.Point{X: x(s.points[i-1].x), Y: y(s.points[i-1].y)}
				all = slices.Concat(all, along(before, vg.Point{X: x(pt.x), Y: y(pt.y)}))
			}
		}
	}
	return all
}

// along covers a line with small obstacles.
func along(a, b vg.Point) []obstacle {
	const n = 60
	dots := make([]obstacle, n)
	for i := range dots {
		t := vg.Length(i) / n
		dots[i] = obstacle{around(vg.Point{X: a.X + t*(b.X-a.X), Y: a.Y + t*(b.Y-a.Y)}, 2, 2), 1}
	}
	return dots
}
