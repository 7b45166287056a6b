package report

import (
	"fmt"
	"image/color"
	"strings"
)

// theme is the colours of a plot and of the page around it. Text has a contrast of at least 4.5 on paper.
type theme struct {
	paper, ink, muted, grid color.RGBA
	series                  [7]color.RGBA
}

var (
	light = theme{
		paper: rgb(0xFFFFFF), ink: rgb(0x1B2430), muted: rgb(0x566170), grid: rgb(0xE2E6EC),
		series: [7]color.RGBA{rgb(0x0B5CAD), rgb(0xB8420B), rgb(0x1A7A48), rgb(0x7A3FA6), rgb(0x856000), rgb(0xAF1F6B), rgb(0x00717A)},
	}
	dark = theme{
		paper: rgb(0x171B21), ink: rgb(0xE7EAEE), muted: rgb(0xA3ADBA), grid: rgb(0x2F363F),
		series: [7]color.RGBA{rgb(0x6FB5FF), rgb(0xFF9C63), rgb(0x62D196), rgb(0xD0A6FF), rgb(0xE4B84A), rgb(0xFF8CC3), rgb(0x52D2DA)},
	}
)

func rgb(v uint32) color.RGBA {
	return color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF}
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// variables are the names of the colours in style sheets, in the order of colors.
func (t theme) variables() []string {
	names := []string{"--paper", "--ink", "--muted", "--grid"}
	for i := range t.series {
		names = append(names, fmt.Sprintf("--series%d", i))
	}
	return names
}

func (t theme) colors() []color.RGBA {
	return append([]color.RGBA{t.paper, t.ink, t.muted, t.grid}, t.series[:]...)
}

// css declares the theme's variables.
func (t theme) css() string {
	var s strings.Builder
	colors := t.colors()
	for i, name := range t.variables() {
		fmt.Fprintf(&s, "%s:%s;", name, hex(colors[i]))
	}
	return s.String()
}

// variable replaces the theme's colours in the styles of an SVG by its variables, so that a page can switch them.
func (t theme) variable(svg string) string {
	var pairs []string
	colors := t.colors()
	for i, name := range t.variables() {
		for _, property := range []string{"fill:", "stroke:"} {
			pairs = append(pairs, property+hex(colors[i]), property+"var("+name+")")
		}
	}
	return strings.NewReplacer(pairs...).Replace(svg)
}
