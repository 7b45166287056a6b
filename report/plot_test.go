package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

func svgOf(t *testing.T, r Result, opt PlotOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := PlotSVG(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parse fails unless doc is well-formed XML, and returns its start tags.
func parse(t *testing.T, doc string) (tags []xml.StartElement) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(doc))
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return tags
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		if tag, ok := token.(xml.StartElement); ok {
			tags = append(tags, tag.Copy())
		}
	}
}

func attribute(tag xml.StartElement, name string) string {
	for _, a := range tag.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func names(tags []xml.StartElement, name string) (found []xml.StartElement) {
	for _, tag := range tags {
		if tag.Name.Local == name {
			found = append(found, tag)
		}
	}
	return found
}

// noRequests fails if doc names a resource elsewhere.
func noRequests(t *testing.T, doc string) {
	t.Helper()
	rest := strings.ReplaceAll(doc, `xmlns="http://www.w3.org/2000/svg"`, "")
	if m := regexp.MustCompile(`(?i)https?:|url\(|@import|src=|//[a-z]`).FindString(rest); m != "" {
		t.Errorf("%q would leave the page", m)
	}
}

func TestPlotSVG(t *testing.T) {
	svg := svgOf(t, sample(), PlotOptions{})
	tags := parse(t, svg)
	noRequests(t, svg)
	root := tags[0]
	if attribute(root, "role") != "img" || attribute(root, "viewBox") != "0 0 880 450" || attribute(root, "aria-labelledby") != "plot-title plot-desc" {
		t.Errorf("%+v", root)
	}
	for _, want := range []string{
		`<title id="plot-title">top-1 accuracy over stored bits per value: resnet32.onnx on cifar10:test_batch.bin</title>`,
		"float32: 92.30 %. direct: 3 bits: 20.00 % at 3.06 stored; 4 bits:", "dqa + coder: 3+3 bits: 88.50 % at 2.40 stored;",
		">direct + coder</text>", ">dqa</text>", ">float32 (92.30 %)</text>", ">3 (20.0)</text>", ">5+3</text>", ">top-1 accuracy (%)</text>", ">stored bits per value</text>",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
	if n := strings.Count(svg, "stroke-dasharray:8,5"); n != 2 {
		t.Errorf("%d dashed lines, want float32's and its sample", n)
	}
	if darker := svgOf(t, sample(), PlotOptions{Dark: true}); !strings.Contains(darker, hex(dark.paper)) || strings.Contains(darker, hex(light.series[0])) {
		t.Error("dark colours are not dark")
	}
	small := parse(t, svgOf(t, sample(), PlotOptions{Width: 1, Height: 1}))
	if got := attribute(small[0], "viewBox"); got != "0 0 240 200" {
		t.Errorf("smallest size: %s", got)
	}
}

func TestPlotQuantity(t *testing.T) {
	if svg := svgOf(t, unlabelled(), PlotOptions{}); !strings.Contains(svg, ">agreement with float32 (%)</text>") {
		t.Error("without labels the plot does not show agreement")
	}
	empty := sample()
	for i := range empty.Rows {
		empty.Rows[i].StoredBits = ptr(math.NaN())
	}
	for _, r := range []Result{{}, empty} {
		if err := PlotSVG(io.Discard, r, PlotOptions{}); !errors.Is(err, ErrNothingToPlot) {
			t.Errorf("%v", err)
		}
	}
}

func TestSeries(t *testing.T) {
	row := func(method string, bits int, ratio float64, coder *string) Row {
		return Row{Method: method, Bits: ptr(bits), Ratio: ptr(ratio), Coder: coder, StoredBits: ptr(float64(bits)), Agreement: ptr(90.0), DropSE: ptr(-1.0)}
	}
	small, smallest, errs := ptr("small"), ptr("smallest"), ptr("paper")
	for _, c := range []struct {
		rows []Row
		want string
	}{
		{[]Row{row("dqa", 4, .5, errs), row("dqa", 3, .5, errs), row("dqa", 3, .5, small)}, "dqa/0/0: 3 4 | dqa + coder/0/1: 3"},
		{[]Row{row("dqa", 3, .5, errs), row("dqa", 3, .2, errs), row("direct", 3, 0, nil)}, "dqa r=0.5/0/0: 3 | dqa r=0.2/1/0: 3 | direct/2/0: 3"},
		{[]Row{row("a", 3, 0, small), row("a", 3, 0, smallest), row("a", 3, 0, nil), row("a", 3, 0, errs)}, "a + small/0/1: 3 | a + smallest/0/2: 3 | a/0/0: 3 | a + paper/0/3: 3"},
		{[]Row{row("fp32", 3, 0, nil), {Method: "x", StoredBits: ptr(1.0)}, {Method: "x", StoredBits: ptr(-1.0), Agreement: ptr(1.0)}, {Method: "x", StoredBits: ptr(1e9), Agreement: ptr(1.0)}}, ""},
	} {
		var got []string
		for _, s := range seriesOf(Result{Rows: c.rows}, agreement(t)) {
			line := s.name + "/" + fixed(float64(s.family), 0) + "/" + fixed(float64(s.coder), 0) + ":"
			for _, p := range s.points {
				line += " " + p.label
			}
			got = append(got, line)
		}
		if strings.Join(got, " | ") != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func agreement(t *testing.T) quantity {
	t.Helper()
	q, ok := quantityOf(Result{Rows: []Row{{Method: "x", StoredBits: ptr(1.0), Agreement: ptr(1.0)}}})
	if !ok {
		t.Fatal("agreement cannot be plotted")
	}
	return q
}

// TestAxisEnds: few points far below do not squeeze the others; many stay.
func TestAxisEnds(t *testing.T) {
	at := func(ys ...float64) []series {
		s := series{}
		for i, y := range ys {
			s.points = append(s.points, point{x: float64(i), y: y, se: 0.5})
		}
		return []series{s}
	}
	for _, c := range []struct {
		all     []series
		low     float64 // the axis begins between this and 3 below
		outside int
	}{
		{at(20, 80, 91), 79.5, 1}, {at(20, 30, 91), 19.5, 0}, {at(20, 91), 19.5, 0}, {at(77.1, 85, 91), 76.6, 0}, {at(75, 91, 91.1), 90.5, 1},
	} {
		e := frame(c.all, ptr(92.0))
		outside := 0
		for _, p := range c.all[0].points {
			outside += btoi(p.outside)
		}
		if outside != c.outside || e.ymin > c.low || e.ymin < c.low-7 || e.ymax < 92 || e.xmin > 0 && e.xmin > c.all[0].points[0].x {
			t.Errorf("%+v: %d outside, %+v", c.all[0].points, outside, e)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct{ lo, hi float64 }{{0, 1}, {1.1, 6.5}, {85.4, 93}, {99.97, 100.003}, {0, 1e6}, {1e5, 1e5 + .5}, {0.02, 0.021}, {0.68, 6.93}, {0, 11.5}} {
		for n := 4; n < 14; n++ {
			marks := ticks{n, math.Inf(1)}.Ticks(c.lo, c.hi)
			seen := map[string]bool{}
			for _, m := range marks {
				if m.Value < c.lo-1e-6 || m.Value > c.hi+1e-6 || seen[m.Label] {
					t.Errorf("%v, %d: %v", c, n, marks)
				}
				seen[m.Label] = true
			}
			if len(marks) < max(2, n/3) || len(marks) > 3*n/2+1 {
				t.Errorf("%v: %d marks where %d were asked for", c, len(marks), n)
			}
		}
	}
	if marks := (ticks{5, 100}).Ticks(90, 105); slices.ContainsFunc(marks, func(m plot.Tick) bool { return m.Value > 100 }) {
		t.Errorf("above 100 %%: %v", marks)
	}
}

// TestLabelsKeepApart reads the drawing back: no label covers another or a marker, and with room all are there.
func TestLabelsKeepApart(t *testing.T) {
	for _, width := range []int{340, 880} {
		r := sample()
		d, err := newDrawing(prepare(r), light)
		if err != nil {
			t.Fatal(err)
		}
		var rec recorder.Canvas
		d.draw(draw.NewCanvas(&rec, vg.Length(width), 450))
		style := d.text(12, d.ink)
		var boxes []vg.Rectangle
		for _, a := range rec.Actions {
			s, ok := a.(*recorder.FillString)
			if !ok || !regexp.MustCompile(`^\d\+3$|^\d( \(.*\))?$`).MatchString(s.String) || s.Size != style.Font.Size {
				continue
			}
			boxes = append(boxes, vg.Rectangle{Min: s.Point, Max: s.Point.Add(vg.Point{X: style.Width(s.String), Y: 9})})
		}
		if len(boxes) != 12 {
			t.Errorf("width %d: %d labels of 12", width, len(boxes))
		}
		for i, a := range boxes {
			for _, b := range boxes[:i] {
				if covered(a, []obstacle{{b, 1}}) != 0 {
					t.Errorf("width %d: labels at %v and %v overlap", width, a, b)
				}
			}
		}
	}
}

func TestManySeriesDiffer(t *testing.T) {
	d, seen := drawing{theme: light}, map[draw.GlyphStyle]bool{}
	for family := range len(shapes) * len(light.series) {
		for coder := range 2 {
			seen[d.glyph(series{family: family, coder: coder})] = true
		}
	}
	if want := 2 * len(shapes) * len(light.series); len(seen) != want {
		t.Errorf("%d markers, want %d", len(seen), want)
	}
}

func TestPlaceAvoids(t *testing.T) {
	c := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: 100, Y: 100}}}
	mid := vg.Point{X: 50, Y: 50}
	wall := obstacle{vg.Rectangle{Max: vg.Point{X: 100, Y: 48}}, forbidden}
	if box, ok := place(c, mid, 10, 10, []obstacle{wall}); !ok || box.Min.Y < 48 {
		t.Errorf("%v, %t", box, ok)
	}
	if _, ok := place(c, mid, 10, 10, []obstacle{{c.Rectangle, forbidden}}); ok {
		t.Error("found room where there is none")
	}
	if box, ok := place(c, vg.Point{X: 99, Y: 1}, 10, 10, nil); !ok || !c.Contains(box.Min) || !c.Contains(box.Max) {
		t.Errorf("outside: %v, %t", box, ok)
	}
}

// TestContrast: WCAG's 4.5 for all that is read or told apart.
func TestContrast(t *testing.T) {
	for name, th := range map[string]theme{"light": light, "dark": dark} {
		for i, c := range append([]color.RGBA{th.ink, th.muted}, th.series[:]...) {
			if got := contrast(c, th.paper); got < 4.5 {
				t.Errorf("%s colour %d: contrast %.2f", name, i, got)
			}
		}
	}
}

func contrast(a, b color.RGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
