package report

import (
	"bytes"
	_ "embed" // the page's parts
	"errors"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
)

// HTMLOptions steer WriteHTML.
type HTMLOptions struct {
	Note string // a line below the title, such as the command that made the page
}

var (
	//go:embed page.html.tmpl
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

// WriteHTML writes one page that needs nothing else: per result a sentence on what was found, a plot and a table. It
// follows the reader's choice of light or dark, works without scripts (with them tables can be sorted) and is
// well-formed XML. Pages are handed on: of absolute paths the last part is shown.
func WriteHTML(w io.Writer, title string, results []Result, opt HTMLOptions) error {
	p := page{
		Title: clean(withoutFolders(title)), Note: clean(opt.Note),
		Style: template.CSS(fmt.Sprintf(":root{%s}\n@media screen and (prefers-color-scheme: dark){:root{%s}}\n", light.css(),
			dark.css()) + pageCSS),
		Script: template.JS(pageJS),
	}
	for i, r := range results {
		s, err := newSection(prepare(Portable(r)), "result"+strconv.Itoa(i+1))
		if err != nil {
			return err
		}
		p.Sections = append(p.Sections, s)
	}
	var b bytes.Buffer // a page that fails half-way is worse than none
	if err := pageTemplate.Execute(&b, p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// page is what the template needs.
type page struct {
	Title, Note string
	Style       template.CSS
	Script      template.JS
	Sections    []section
}

type section struct {
	ID, Model, Facts, Finding, Caption string
	Warnings                           []string
	Plot                               *figure
	Heads                              []pageHead
	Rows                               []pageRow
	Legend                             []definition
}

type figure struct {
	Wide, Narrow template.HTML
	Caption      string
}

type pageHead struct {
	Text, Title string
	Number      bool
}

type pageRow struct {
	Float bool
	Cells []pageCell
}

type pageCell struct {
	Head, Text, Value string
	Number            bool
}

type definition struct{ Term, Meaning string }

func newSection(r Result, id string) (section, error) {
	cols, said := fold(r, columns(r, true), isCommon)
	s := section{ID: id, Model: r.Model, Facts: r.Data + ", " + count(r.Images, "image"), Finding: Summary(r),
		Caption: "All rows of " + r.Model, Warnings: r.Warnings}
	if text := RunsText(r); text != "" {
		s.Finding += " " + strings.ToUpper(text[:1]) + text[1:] + "."
	}
	if r.Resize != "" {
		s.Facts += "; resized to " + r.Resize
	}
	if r.Partial != "" {
		s.Facts += "; partial: " + r.Partial + " were done"
	}
	if len(said) > 0 {
		s.Facts += "; throughout: " + strings.Join(said, ", ")
	}
	for _, line := range legend(r, cols) {
		term, meaning, _ := strings.Cut(line, ": ")
		s.Legend = append(s.Legend, definition{term, meaning})
	}
	for _, c := range cols {
		s.Heads = append(s.Heads, pageHead{c.head, c.title, c.number != nil})
	}
	for _, row := range r.Rows {
		s.Rows = append(s.Rows, newPageRow(row, cols))
	}
	var err error
	s.Plot, err = newFigure(r, id)
	return s, err
}

func newPageRow(row Row, cols []column) pageRow {
	p := pageRow{Float: isFloat(row)}
	for _, c := range cols {
		cell := pageCell{Head: c.head, Text: c.text(row), Number: c.number != nil}
		if cell.Number {
			if v := c.number(row); v != nil {
				cell.Value = strconv.FormatFloat(*v, 'g', -1, 64)
			}
		}
		p.Cells = append(p.Cells, cell)
	}
	return p
}

// newFigure draws the plot twice, for screens and for phones, in colours that the style sheet switches; nil if there is
// nothing to plot.
func newFigure(r Result, id string) (*figure, error) {
	d, err := newDrawing(r, light)
	if errors.Is(err, ErrNothingToPlot) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	wide, err := d.svg(PlotOptions{}, id+"-wide")
	if err != nil {
		return nil, err
	}
	narrow, err := d.svg(PlotOptions{Width: 340, Height: 360}, id+"-narrow")
	if err != nil {
		return nil, err
	}
	return &figure{template.HTML(light.variable(wide)), template.HTML(light.variable(narrow)), d.caption()}, nil
}

// caption says how to read the plot, only as far as the plot has it.
func (d *drawing) caption() string {
	bars, below := false, 0
	for _, s := range d.all {
		for _, p := range s.points {
			bars = bars || p.se > 0 && !p.outside
			below += btoi(p.outside)
		}
	}
	s := "Further left is smaller, further up is better; labels are bits per code."
	if d.crowded {
		s += " Of every method only those settings are drawn that none of its others beats in both; all are in the table."
	}
	if bars {
		s += " Error bars: one paired standard error of the drop."
	}
	if below > 0 {
		s += " Arrows: " + count(below, "point") + " below the axis, with the value in percent."
	}
	return s
}
