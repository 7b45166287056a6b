package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/dqa-go/dqa/pilot"
)

// canvas is a drawing in pixels with its axes.
type canvas struct {
	strings.Builder
	width, height            float64
	left, right, top, bottom float64 // margins
	x0, x1, y0, y1           float64 // what the axes show; x in log2
}

func (c *canvas) x(bits float64) float64 {
	t := (math.Log2(bits) - c.x0) / (c.x1 - c.x0)
	return c.left + max(0, min(1, t))*(c.width-c.left-c.right)
}

func (c *canvas) y(loss float64) float64 {
	t := (loss - c.y0) / (c.y1 - c.y0)
	return c.height - c.bottom - max(0, min(1, t))*(c.height-c.top-c.bottom)
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (c *canvas) text(class, anchor string, x, y float64, text string) {
	fmt.Fprintf(c, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`, class, anchor, x, y, template.HTMLEscapeString(text))
}

// roomy is the width from which on there is room for everything in one line.
const roomy = 500

// chart draws loss over stored bits: our frontier, one baseline, the limit, the recommended point.
func (v *view) chart(width, height float64) template.HTML {
	c := &canvas{width: width, height: height, left: 46, right: 14, top: 30, bottom: 44}
	if width < roomy {
		c.top = 48
	}
	c.fit(v)
	id := fmt.Sprintf("chart%.0f", width)
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="%s">`, width, height, id)
	fmt.Fprintf(c, `<title id="%s">%s</title>`, id, template.HTMLEscapeString(v.must("chart")+". "+v.lead()))
	v.axes(c)
	limit := c.y(v.Limit)
	c.line("limit", c.left, limit, width-c.right, limit)
	c.text("limit", "end", width-c.right-2, limit-5, v.must("chart.limit", "limit", plain(v.Limit)))
	v.series(c, false)
	v.series(c, true)
	v.mark(c)
	v.key(c)
	c.WriteString("</svg>")
	return template.HTML(c.String())
}

// fit chooses what the axes show: all of ours, the limit, and of losses not more than some times the limit.
func (c *canvas) fit(v *view) {
	low, high, most, least := math.Inf(1), 0., 2.5*v.Limit, -.5*v.Limit
	for _, p := range v.Frontier.Points {
		o := p.Confirm
		low, high = min(low, o.StoredBits.Value), max(high, o.StoredBits.Value)
		if o.Loss.Value < 6*v.Limit {
			most, least = max(most, min(o.Loss.High, 6*v.Limit)), min(least, max(o.Loss.Low, -2*v.Limit))
		}
	}
	c.x0, c.x1 = math.Log2(low)-.25, math.Log2(max(high, low*2))+.25
	c.y0, c.y1 = least-.05*(most-least), most+.05*(most-least)
}

func (v *view) axes(c *canvas) {
	for _, t := range ticks(c.y0, c.y1) {
		c.line("grid", c.left, c.y(t), c.width-c.right, c.y(t))
		c.text("axis", "end", c.left-7, c.y(t)+4, plain(t))
	}
	bottom := c.height - c.bottom
	for _, b := range []float64{.1, .2, .3, .5, .75, 1, 1.5, 2, 3, 4, 6, 8} {
		if t := math.Log2(b); t < c.x0 || t > c.x1 {
			continue
		}
		c.line("tick", c.x(b), bottom, c.x(b), bottom+5)
		c.text("axis", "middle", c.x(b), bottom+18, plain(b))
	}
	c.line("frame", c.left, bottom, c.width-c.right, bottom)
	if c.y0 < 0 {
		c.line("zero", c.left, c.y(0), c.width-c.right, c.y(0))
	}
	c.text("label", "middle", (c.left+c.width-c.right)/2, c.height-6, v.must("chart.x"))
	c.text("label", "start", 4, 14, v.unit())
}

// ticks are round numbers within.
func ticks(low, high float64) (all []float64) {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, k := range []float64{5, 2, 1} {
		if (high-low)/(step*k) >= 3.5 {
			step *= k
			break
		}
	}
	for t := math.Ceil(low/step) * step; t <= high; t += step {
		all = append(all, math.Round(t/step)*step)
	}
	return all
}

// series draws the points of one kind, with intervals; what lies beyond the axis is an arrow with its value.
func (v *view) series(c *canvas, ours bool) {
	class := map[bool]string{true: "ours", false: "base"}[ours]
	var path []string
	for _, p := range v.Frontier.Points {
		if p.Ours == ours {
			path = append(path, fmt.Sprintf("%.1f %.1f", c.x(p.Confirm.StoredBits.Value), c.y(p.Confirm.Loss.Value)))
		}
	}
	fmt.Fprintf(c, `<path class="%s line" d="M%s"/>`, class, strings.Join(path, "L"))
	for _, p := range v.Frontier.Points {
		if p.Ours != ours {
			continue
		}
		o := p.Confirm
		x, y := c.x(o.StoredBits.Value), c.y(o.Loss.Value)
		if o.Loss.Value > c.y1 {
			fmt.Fprintf(c, `<path class="%s mark" d="M%.1f %.1fl6 9h-12z"/>`, class, x, y)
			c.text("small", "middle", x, y+22, num(o.Loss.Value, 1))
			continue
		}
		c.line(class+" bar", x, c.y(o.Loss.Low), x, c.y(o.Loss.High))
		if ours {
			fmt.Fprintf(c, `<circle class="%s mark" cx="%.1f" cy="%.1f" r="4.5"><title>%s</title></circle>`, class, x, y, v.pointTitle(p))
		} else {
			fmt.Fprintf(c, `<rect class="%s mark" x="%.1f" y="%.1f" width="8" height="8"><title>%s</title></rect>`, class, x-4, y-4, v.pointTitle(p))
		}
	}
}

func (v *view) pointTitle(p pilot.Point) string {
	o := p.Confirm
	return template.HTMLEscapeString(fmt.Sprintf("%s: %s, %s (%s – %s)", p.Setting, num(o.StoredBits.Value, 2), num(o.Loss.Value, 2),
		num(o.Loss.Low, 2), num(o.Loss.High, 2)))
}

// mark rings the recommended point and says what it is.
func (v *view) mark(c *canvas) {
	o := v.chosen().Confirm
	x, y := c.x(o.StoredBits.Value), c.y(o.Loss.Value)
	fmt.Fprintf(c, `<circle class="chosen" cx="%.1f" cy="%.1f" r="10"/>`, x, y)
	label := v.must("chart.chosen", "bits", num(o.StoredBits.Value, 2), "loss", num(o.Loss.Value, 2))
	anchor, dx := "start", 14.
	if x > c.width*.55 {
		anchor, dx = "end", -14
	}
	dy := 22.
	if y+dy > c.height-c.bottom-4 {
		dy = -16
	}
	c.text("callout", anchor, x+dx, y+dy, label)
}

// key names the two kinds.
func (v *view) key(c *canvas) {
	x, y := c.width-c.right, 14.
	if c.width >= roomy {
		c.text("label", "end", x, y, "■ "+v.must("chart.base")+"   ● "+v.must("chart.ours"))
		return
	}
	c.text("label", "end", x, y+14, "■ "+v.must("chart.base"))
	c.text("label", "end", x, y, "● "+v.must("chart.ours"))
}

// rank is how many layers are less sensitive.
func rank(layers []pilot.Layer, sensitivity float64) (n int) {
	for _, l := range layers {
		if l.Sensitivity < sensitivity {
			n++
		}
	}
	return n
}

// strip draws the network: a block per layer, as wide as its values, as high as its bits per value.
func (v *view) strip(width, height float64) template.HTML {
	c := &canvas{width: width, height: height}
	most, total := 0., 0.
	for _, l := range v.Layers {
		most, total = max(most, l.Bits), total+float64(l.Values)
	}
	const least, gap = 3., 1.
	room := width - 34 - float64(len(v.Layers))*(least+gap)
	id := fmt.Sprintf("strip%.0f", width)
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="%s">`, width, height, id)
	fmt.Fprintf(c, `<title id="%s">%s</title>`, id, template.HTMLEscapeString(strings.Join(v.layerWords(), " ")))
	base, x := height-4, 30.
	for _, t := range ticks(0, most) {
		y := base - t/most*(height-18)
		c.line("grid", 30, y, width, y)
		c.text("axis", "end", 26, y+4, plain(t))
	}
	for i, l := range v.Layers {
		w := least + max(0, room)*float64(l.Values)/total
		h := max(1, l.Bits/most*(height-18))
		shade := 1 + 4*rank(v.Layers, l.Sensitivity)/len(v.Layers)
		fmt.Fprintf(c, `<rect class="layer s%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>`, shade, x, base-h, w, h,
			template.HTMLEscapeString(fmt.Sprintf("%d %s: %s %s", i, l.Name, num(l.Bits, 2), v.must("bits"))))
		x += w + gap
	}
	c.line("frame", 30, base, width, base)
	c.WriteString("</svg>")
	return template.HTML(c.String())
}
