//go:build !device

package session

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/drift"
	"github.com/dqa-go/dqa/internal/text"
)

// shownEdges is how many edges a table on a terminal has.
const shownEdges = 8

// WriteText writes what was found as people read it.
func (d *Drift) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s watched, %s", d.Network, text.Count(d.Images, "image"), text.Count(len(d.Alarms), "alarm"))
	if d.Raised {
		fmt.Fprint(w, ", one stands")
	}
	fmt.Fprintf(w, "; statistic now %.2f of the threshold (%g images between false alarms, window %d, reference of %d images, seed %d)\n",
		d.Statistic, d.ERT, d.Window, d.Reference, d.Seed)
	edges := slices.Clone(d.Edges)
	slices.SortStableFunc(edges, func(a, b drift.Edge) int {
		switch {
		case a.Change > b.Change:
			return -1
		case a.Change < b.Change:
			return 1
		}
		return 0
	})
	fmt.Fprintf(w, "\nthe last window, in standard deviations of clean images (largest: of the others and of channels' mean codes):\n"+
		"%5s %8s %8s %8s %8s %8s %8s %8s  name\n", "edge", "largest", "coded", "own", "model", "zeros", "escapes", "level")
	for _, e := range edges[:min(shownEdges, len(edges))] {
		_, err := fmt.Fprintf(w, "%5d %8.2f %+8.2f %+8.2f %+8.2f %+8.2f %+8.2f %+8.2f  %s\n", e.Edge, e.Change, e.Coded, e.Own, e.Model,
			e.Zeros, e.Escapes, e.Level, text.Visible(e.Name))
		if err != nil {
			return err
		}
	}
	if !d.Raised {
		return nil
	}
	_, err := fmt.Fprintln(w, "\nif the change is to stay: dqa recalibrate makes the profile anew for 32 or more images as they are now")
	return err
}

// String says in a sentence what happened.
func (a DriftAlarm) String() string {
	var edges []string
	for _, e := range a.Edges[:min(3, len(a.Edges))] {
		where := fmt.Sprintf("edge %d", e.Edge)
		if len(e.Channels) > 0 {
			where += fmt.Sprintf(" (%s most)", e.Channels[0])
		}
		edges = append(edges, where)
	}
	name := ""
	if a.Name != strconv.Itoa(a.Image) { // as frames of standard input are called
		name = fmt.Sprintf(" (%s)", text.Visible(a.Name))
	}
	return fmt.Sprintf("alarm at image %d%s: %s, since about image %d, most in %s", a.Image, name, a.Like, a.Since, strings.Join(edges, ", "))
}

// Of the plot, in pixels.
const (
	plotWidth, plotHeight = 900, 260
	plotLeft, plotBottom  = 50, 30
)

// WriteSVG draws the statistic over the images, with the threshold and the alarms.
func (d *Drift) WriteSVG(w io.Writer) error {
	top, last := 1.25, 1
	for _, m := range d.Trace {
		top, last = max(top, 1.05*m.Statistic), max(last, m.Image)
	}
	x := func(image int) float64 {
		return plotLeft + float64(image)/float64(last)*(plotWidth-plotLeft-10)
	}
	y := func(v float64) float64 { return plotHeight - plotBottom - v/top*(plotHeight-plotBottom-10) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="drift-title" `+
		`font-family="sans-serif" font-size="12"><title id="drift-title">statistic over %s, %s</title>`,
		plotWidth, plotHeight, text.Count(d.Images, "image"), text.Count(len(d.Alarms), "alarm"))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/><path d="M%d %.1fH%d" stroke="#B8420B" stroke-dasharray="6 4"/>`,
		plotLeft, y(1), plotWidth-10)
	fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end" fill="#B8420B">alarm</text>`, plotLeft-4, y(1)+4)
	fmt.Fprintf(&b, `<path d="M%d 10V%dH%d" fill="none" stroke="#566170"/>`, plotLeft, plotHeight-plotBottom, plotWidth-10)
	for k := range 6 {
		image := k * last / 5
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#566170">%d</text>`, x(image), plotHeight-plotBottom+16, image)
	}
	for k, m := range d.Trace {
		b.WriteString(map[bool]string{true: `<path fill="none" stroke="#0B5CAD" stroke-width="1.5" d="M`, false: "L"}[k == 0])
		fmt.Fprintf(&b, "%.1f %.1f", x(m.Image), y(m.Statistic))
	}
	if len(d.Trace) > 0 {
		b.WriteString(`"/>`)
	}
	for _, a := range d.Alarms {
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="4" fill="#B8420B"><title>%s</title></circle>`, x(a.Image), y(max(1, a.Statistic)),
			template.HTMLEscapeString(a.String()))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// WritePage writes a page with the plot, the alarms and the table of edges.
func (d *Drift) WritePage(w io.Writer) error {
	var svg strings.Builder
	if err := d.WriteSVG(&svg); err != nil {
		return err
	}
	return driftPage.Execute(w, map[string]any{"Drift": d, "Plot": template.HTML(svg.String())}) //nolint:gosec // drawn above
}

var driftPage = template.Must(template.New("drift").Funcs(template.FuncMap{
	"z": func(v float64) string { return fmt.Sprintf("%+.2f", v) },
}).Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drift: {{.Drift.Network}}</title>
<style>
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: #1B2430; background: #fff; }
svg { width: 100%; height: auto; } table { border-collapse: collapse; } th, td { padding: .2rem .7rem; text-align: right; }
th:last-child, td:last-child { text-align: left; overflow-wrap: anywhere; } tbody tr:nth-child(odd) { background: #F3F5F8; }
</style></head><body><main>
<h1>Drift: {{.Drift.Network}}</h1>
<p>{{.Drift.Images}} images watched, {{len .Drift.Alarms}} alarms. {{.Drift.ERT}} images between false alarms, window {{.Drift.Window}},
reference of {{.Drift.Reference}} images, seed {{.Drift.Seed}}.</p>
{{.Plot}}
{{if .Drift.Alarms}}<h2>Alarms</h2><ol>{{range .Drift.Alarms}}<li>{{.String}}</li>{{end}}</ol>{{end}}
<h2>Edges, over the last window</h2>
<p>In standard deviations of clean images; excess bits are bits per value.</p>
<table><thead><tr><th>#</th><th>coded bits</th><th>own bits</th><th>model bits</th><th>excess bits</th>
<th>zeros</th><th>escapes</th><th>level</th>
<th>edge</th></tr></thead><tbody>
{{range .Drift.Edges}}<tr><td>{{.Edge}}</td><td>{{z .Coded}}</td><td>{{z .Own}}</td><td>{{z .Model}}</td><td>{{z .Excess}}</td>
<td>{{z .Zeros}}</td><td>{{z .Escapes}}</td><td>{{z .Level}}</td><td>{{.Name}}</td></tr>
{{end}}</tbody></table>
</main></body></html>
`))
