package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func pageOf(t *testing.T, title string, results []Result, opt HTMLOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, title, results, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	doc := pageOf(t, "A report", []Result{sample(), unlabelled()}, HTMLOptions{Note: "made by hand"})
	tags := parse(t, doc)
	noRequests(t, doc)
	for _, want := range []string{"<h1>A report</h1>", "made by hand", Summary(sample()), "prefers-color-scheme: dark", "--series0:" + hex(dark.series[0])} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %q", want)
		}
	}
	ids := map[string]bool{}
	for _, tag := range tags {
		if id := attribute(tag, "id"); id != "" {
			if ids[id] {
				t.Errorf("id %s twice", id)
			}
			ids[id] = true
		}
	}
	svgs := names(tags, "svg")
	if len(svgs) != 4 { // wide and narrow
		t.Errorf("%d plots", len(svgs))
	}
	for _, tag := range tags {
		for _, id := range strings.Fields(attribute(tag, "aria-labelledby")) {
			if !ids[id] {
				t.Errorf("%s is labelled by %s, which is not there", tag.Name.Local, id)
			}
		}
		if tag.Name.Local == "svg" && (attribute(tag, "role") != "img" || attribute(tag, "aria-labelledby") == "") {
			t.Errorf("%+v", tag)
		}
		if tag.Name.Local == "th" && attribute(tag, "scope") == "" {
			t.Errorf("%+v has no scope", tag)
		}
	}
	if n, want := len(names(tags, "tr")), 2*(1+len(sample().Rows)); n != want {
		t.Errorf("%d rows, want %d", n, want)
	}
	if i := strings.Index(doc, "<svg"); strings.Contains(doc[i:], ":"+hex(light.series[0])) {
		t.Error("a plot has a colour that the style sheet cannot switch")
	}
}

func TestPageWithoutPlot(t *testing.T) {
	doc := pageOf(t, "t", []Result{{Model: "m", Rows: []Row{{Method: "direct", Value: ptr(3.0)}}}}, HTMLOptions{})
	if len(names(parse(t, doc), "svg")) != 0 || !strings.Contains(doc, "No plot:") || !strings.Contains(doc, ">3.00</td>") {
		t.Error(doc)
	}
	if doc := pageOf(t, "t", nil, HTMLOptions{}); !strings.Contains(doc, "There are no results.") {
		t.Error(doc)
	}
}

// TestPageEscapes: a name is text, whatever is in it.
func TestPageEscapes(t *testing.T) {
	evil := `"'><script>alert(1)</script></title></desc></svg>]]>&amp;{{.}}` + "\x00\x1b\ufffe"
	r := sample()
	r.Model, r.Data, r.Metric = evil, evil, ptr(evil)
	for i := range r.Rows {
		r.Rows[i].Method += evil
		r.Rows[i].Coder, r.Rows[i].Scale, r.Rows[i].Ranking = ptr(evil), ptr(evil), ptr(evil)
	}
	doc := pageOf(t, evil, []Result{r}, HTMLOptions{Note: evil})
	tags := parse(t, doc)
	if n := len(names(tags, "script")); n != 1 || len(names(tags, "svg")) != 2 {
		t.Errorf("%d scripts, want the page's own", n)
	}
	if strings.Contains(doc, "<script>alert") || strings.ContainsAny(doc, "\x00\x1b\ufffe") {
		t.Error("a name reached the page as it was")
	}
	parse(t, svgOf(t, r, PlotOptions{}))
}

// FuzzReport: whatever the numbers and names, every form is written and well-formed, and the table keeps its width.
func FuzzReport(f *testing.F) {
	f.Add("net", "dqa", "small", 3, 4.31, 91.5, 0.4, 2.4, 20.0, 92.3, true)
	f.Add("", "", "", -1, math.Inf(1), math.NaN(), -1.0, 1e300, -1e300, math.Inf(-1), false)
	f.Add("<&\x00\xff", "fp32", "paper", math.MaxInt, 1e5, 1e5, 9e5, 1e-300, 5e-324, 0.0, true)
	f.Add("]]>", "a\"b", "c\n", 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, true)
	f.Fuzz(func(t *testing.T, model, method, coder string, bits int, stored1, value1, se, stored2, value2, fp32 float64, labels bool) {
		r := Result{Model: model, Data: method, Images: bits, FP32: &fp32}
		if labels {
			r.Metric = &coder
		}
		for i, v := range []float64{value1, value2, value1} {
			drop := fp32 - v
			r.Rows = append(r.Rows, Row{
				Method: method, Bits: ptr(bits + i), Coder: &coder, Ranking: &model, Ratio: &se, KL: &se, Value: &v, Drop: &drop, DropSE: &se,
				Agreement: &v, StoredBits: []*float64{&stored1, &stored2, nil}[i], FrameBytes: &stored2, ProfileBytes: &bits,
			})
		}
		r.Rows[1].Coder, r.Rows[1].Signed = nil, &labels
		checkForms(t, r)
	})
}

func checkForms(t *testing.T, r Result) {
	t.Helper()
	parse(t, pageOf(t, r.Model, []Result{r}, HTMLOptions{}))
	if lines := tableOf(t, r, TableOptions{}); widest(lines) > 100 {
		t.Errorf("%d columns:\n%s", widest(lines), strings.Join(lines, "\n"))
	}
	if text := jsonOf(t, r); !json.Valid([]byte(text)) {
		t.Error(text)
	}
	if err := PlotSVG(io.Discard, r, PlotOptions{}); err != nil && !errors.Is(err, ErrNothingToPlot) {
		t.Error(err)
	}
}
