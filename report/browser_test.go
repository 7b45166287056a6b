package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/dqa-go/dqa/internal/browser"
)

func samplePage(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, "A report", []Result{sample(), unlabelled()}, HTMLOptions{Note: "made up"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A page that does everything wrong is found out: the detector works.
func TestBrowserNoticesWhatGoesWrong(t *testing.T) {
	b := browser.New(t)
	b.Open(t, []byte(`<!DOCTYPE html><html><head><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="img-src 'none'"></head>
<body><img src="missing.png"><script>console.error("no"); console.warn("well"); throw new Error("thrown")</script></body></html>`))
	all := strings.Join(b.Complaints(), "\n")
	for _, want := range []string{"console: error", "console: warning", "thrown", "Content Security Policy"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not noticed: %s", want, all)
		}
	}
}

func TestPageInABrowser(t *testing.T) {
	b := browser.New(t)
	b.Open(t, samplePage(t))
	b.Screenshot(t, "light")
	checkSorting(t, b)
	checkPlots(t, b)
	light := checkContrast(t, b)
	b.Run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.Screenshot(t, "dark")
	if dark := checkContrast(t, b); dark == light {
		t.Error("dark looks like light: ", dark)
	}
	for _, width := range []int64{1400, 1200, 1000, 900, 400, 360} {
		b.Run(t, emulation.SetDeviceMetricsOverride(width, 900, 1, false))
		if over := browser.Evaluate[float64](t, b, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
			t.Errorf("%d pixels wide: the page is %v wider", width, over)
		}
		checkTablesFit(t, b, width)
	}
	b.Screenshot(t, "narrow")
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}

// checkTablesFit: no table is wider than its place.
func checkTablesFit(t *testing.T, b *browser.Browser, width int64) {
	t.Helper()
	over := browser.Evaluate[float64](t, b, `Math.max(...Array.from(document.querySelectorAll(".scroll")).map((s) => s.scrollWidth - s.clientWidth))`)
	if over > 0 {
		t.Errorf("%d pixels wide: a table is %v wider than its place", width, over)
	}
}

// A page on paper (A4 within its margins is about 700 by 1,030 pixels) begins on the first sheet and is cut nowhere.
func TestPageOnPaper(t *testing.T) {
	b := browser.New(t)
	b.Open(t, samplePage(t))
	b.Run(t, emulation.SetEmulatedMedia().WithMedia("print"), emulation.SetDeviceMetricsOverride(700, 1030, 1, false))
	checkTablesFit(t, b, 700)
	whole := browser.Evaluate[float64](t, b, `Math.max(...Array.from(document.querySelectorAll("*"))
		.filter((e) => getComputedStyle(e).breakInside === "avoid").map((e) => e.getBoundingClientRect().height))`)
	if whole > 900 {
		t.Errorf("something of %v pixels must not be cut: it leaves a sheet empty", whole)
	}
	b.Screenshot(t, "paper")
}

// checkSorting clicks on the head of the column of stored bits, twice.
func checkSorting(t *testing.T, b *browser.Browser) {
	t.Helper()
	const find = `(() => { const t = document.querySelector("table");
		return Array.from(t.tHead.rows[0].cells).findIndex((c) => c.textContent === "stored") })()`
	column := browser.Evaluate[int](t, b, find)
	read := fmt.Sprintf(`Array.from(document.querySelector("table").tBodies[0].rows).filter((r) => !r.cells[%[1]d].classList.contains("none"))
		.map((r) => Number(r.cells[%[1]d].dataset.value))`, column)
	click := fmt.Sprintf(`document.querySelector("table").tHead.rows[0].cells[%d].querySelector("button").click()`, column)
	order := fmt.Sprintf(`document.querySelector("table").tHead.rows[0].cells[%d].getAttribute("aria-sort")`, column)
	if before := browser.Evaluate[[]float64](t, b, read); slices.IsSorted(before) || len(before) < 5 {
		t.Fatalf("sorted before the click: %v", before)
	}
	b.Run(t, chromedp.Evaluate(click, nil))
	if v := browser.Evaluate[[]float64](t, b, read); !slices.IsSorted(v) || browser.Evaluate[string](t, b, order) != "ascending" {
		t.Errorf("after a click: %v", v)
	}
	b.Run(t, chromedp.Evaluate(click, nil))
	v := browser.Evaluate[[]float64](t, b, read)
	if slices.Reverse(v); !slices.IsSorted(v) || browser.Evaluate[string](t, b, order) != "descending" {
		t.Errorf("after two clicks, from the end: %v", v)
	}
}

// checkPlots: every plot has a name and is seen; series differ in more than colour.
func checkPlots(t *testing.T, b *browser.Browser) {
	t.Helper()
	names := browser.Evaluate[[]string](t, b, `Array.from(document.querySelectorAll("svg[role=img]")).filter((s) => s.getBoundingClientRect().width > 200)
		.map((s) => document.getElementById(s.getAttribute("aria-labelledby").split(" ")[0]).textContent)`)
	if len(names) != 2 || slices.Contains(names, "") {
		t.Errorf("plots: %q", names)
	}
	shapes := browser.Evaluate[int](t, b, `new Set(Array.from(document.querySelector("svg[role=img]").querySelectorAll("path"))
		.filter((p) => p.getBBox().width > 2 && p.getBBox().width < 15).map((p) => p.getAttribute("d").replace(/[0-9.,\s-]+/g, "") + (p.getAttribute("style") || "").includes("none"))).size`)
	if shapes < 3 {
		t.Errorf("%d shapes of markers: series differ in colour only", shapes)
	}
}

// checkContrast wants text that can be read: at least 4.5 to 1 (WCAG 2.1, 1.4.3). It returns the background.
func checkContrast(t *testing.T, b *browser.Browser) string {
	t.Helper()
	type colors struct {
		Background string
		Contrast   float64
	}
	c := browser.Evaluate[colors](t, b, `(() => {
		const style = getComputedStyle(document.body);
		const luminance = (text) => {
			const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const [x, y] = [luminance(style.color), luminance(style.backgroundColor)];
		return { Background: style.backgroundColor, Contrast: (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05) };
	})()`)
	if c.Contrast < 4.5 {
		t.Errorf("contrast %v on %s", c.Contrast, c.Background)
	}
	return c.Background
}

func TestPageWithoutScripts(t *testing.T) {
	b := browser.New(t)
	b.Run(t, emulation.SetScriptExecutionDisabled(true))
	b.Open(t, samplePage(t))
	b.Run(t, emulation.SetScriptExecutionDisabled(false)) // to look at it; the page's own script has not run
	if n := browser.Evaluate[int](t, b, `document.querySelectorAll("button").length`); n != 0 {
		t.Fatalf("%d buttons: the script has run", n)
	}
	rows := browser.Evaluate[int](t, b, `document.querySelector("table").tBodies[0].rows.length`)
	height := browser.Evaluate[float64](t, b, `document.querySelector("svg[role=img]").getBoundingClientRect().height`)
	if rows != len(sample().Rows) || height < 100 {
		t.Errorf("%d rows, a plot of %v pixels", rows, height)
	}
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}
