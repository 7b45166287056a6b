package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium that writes down what goes wrong in a page.
type browser struct {
	ctx context.Context
	mu  sync.Mutex
	bad []string // console errors and warnings, exceptions, requests for anything but the page itself
}

// newBrowser skips where there is no Chromium; with CI=true there must be one.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is required in CI")
		}
		t.Skip("no chromium in PATH: the page is not opened")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1200, 1000), chromedp.WSURLReadTimeout(60*time.Second))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &browser{ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.run(t, runtime.Enable(), log.Enable(), network.Enable())
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning || e.Type == runtime.APITypeAssert {
			b.bad = append(b.bad, fmt.Sprintf("console: %v", e.Type))
		}
	case *runtime.EventExceptionThrown:
		b.bad = append(b.bad, e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			b.bad = append(b.bad, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "data:") && !strings.HasSuffix(u, ".html") {
			b.bad = append(b.bad, "request for "+u)
		}
	}
}

func (b *browser) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, b *browser, script string) (v T) {
	t.Helper()
	b.run(t, chromedp.Evaluate(script, &v))
	return v
}

func (b *browser) open(t *testing.T, page []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t, chromedp.Navigate("file://"+path), chromedp.WaitReady("body"))
}

// complaints are what was written down until now.
func (b *browser) complaints() []string {
	time.Sleep(200 * time.Millisecond) // events come after what caused them
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.bad)
}

// screenshot writes a picture of the whole page to the folder of DQA_SCREENSHOTS, for people.
func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("DQA_SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.run(t, chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

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
	b := newBrowser(t)
	b.open(t, []byte(`<!DOCTYPE html><html><head><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="img-src 'none'"></head>
<body><img src="missing.png"><script>console.error("no"); console.warn("well"); throw new Error("thrown")</script></body></html>`))
	all := strings.Join(b.complaints(), "\n")
	for _, want := range []string{"console: error", "console: warning", "thrown", "Content Security Policy"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not noticed: %s", want, all)
		}
	}
}

func TestPageInABrowser(t *testing.T) {
	b := newBrowser(t)
	b.open(t, samplePage(t))
	b.screenshot(t, "light")
	checkSorting(t, b)
	checkPlots(t, b)
	light := checkContrast(t, b)
	b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.screenshot(t, "dark")
	if dark := checkContrast(t, b); dark == light {
		t.Error("dark looks like light: ", dark)
	}
	for _, width := range []int64{1400, 1200, 1000, 900, 400, 360} {
		b.run(t, emulation.SetDeviceMetricsOverride(width, 900, 1, false))
		if over := evaluate[float64](t, b, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
			t.Errorf("%d pixels wide: the page is %v wider", width, over)
		}
		checkTablesFit(t, b, width)
	}
	b.screenshot(t, "narrow")
	if bad := b.complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}

// checkTablesFit: no table is wider than its place.
func checkTablesFit(t *testing.T, b *browser, width int64) {
	t.Helper()
	over := evaluate[float64](t, b, `Math.max(...Array.from(document.querySelectorAll(".scroll")).map((s) => s.scrollWidth - s.clientWidth))`)
	if over > 0 {
		t.Errorf("%d pixels wide: a table is %v wider than its place", width, over)
	}
}

// A page on paper (A4 within its margins is about 700 by 1,030 pixels) begins on the first sheet and is cut nowhere.
func TestPageOnPaper(t *testing.T) {
	b := newBrowser(t)
	b.open(t, samplePage(t))
	b.run(t, emulation.SetEmulatedMedia().WithMedia("print"), emulation.SetDeviceMetricsOverride(700, 1030, 1, false))
	checkTablesFit(t, b, 700)
	whole := evaluate[float64](t, b, `Math.max(...Array.from(document.querySelectorAll("*"))
		.filter((e) => getComputedStyle(e).breakInside === "avoid").map((e) => e.getBoundingClientRect().height))`)
	if whole > 900 {
		t.Errorf("something of %v pixels must not be cut: it leaves a sheet empty", whole)
	}
	b.screenshot(t, "paper")
}

// checkSorting clicks on the head of the column of stored bits, twice.
func checkSorting(t *testing.T, b *browser) {
	t.Helper()
	const find = `(() => { const t = document.querySelector("table");
		return Array.from(t.tHead.rows[0].cells).findIndex((c) => c.textContent === "stored") })()`
	column := evaluate[int](t, b, find)
	read := fmt.Sprintf(`Array.from(document.querySelector("table").tBodies[0].rows).filter((r) => !r.cells[%[1]d].classList.contains("none"))
		.map((r) => Number(r.cells[%[1]d].dataset.value))`, column)
	click := fmt.Sprintf(`document.querySelector("table").tHead.rows[0].cells[%d].querySelector("button").click()`, column)
	order := fmt.Sprintf(`document.querySelector("table").tHead.rows[0].cells[%d].getAttribute("aria-sort")`, column)
	if before := evaluate[[]float64](t, b, read); slices.IsSorted(before) || len(before) < 5 {
		t.Fatalf("sorted before the click: %v", before)
	}
	b.run(t, chromedp.Evaluate(click, nil))
	if v := evaluate[[]float64](t, b, read); !slices.IsSorted(v) || evaluate[string](t, b, order) != "ascending" {
		t.Errorf("after a click: %v", v)
	}
	b.run(t, chromedp.Evaluate(click, nil))
	v := evaluate[[]float64](t, b, read)
	if slices.Reverse(v); !slices.IsSorted(v) || evaluate[string](t, b, order) != "descending" {
		t.Errorf("after two clicks, from the end: %v", v)
	}
}

// checkPlots: every plot has a name and is seen; series differ in more than colour.
func checkPlots(t *testing.T, b *browser) {
	t.Helper()
	names := evaluate[[]string](t, b, `Array.from(document.querySelectorAll("svg[role=img]")).filter((s) => s.getBoundingClientRect().width > 200)
		.map((s) => document.getElementById(s.getAttribute("aria-labelledby").split(" ")[0]).textContent)`)
	if len(names) != 2 || slices.Contains(names, "") {
		t.Errorf("plots: %q", names)
	}
	shapes := evaluate[int](t, b, `new Set(Array.from(document.querySelector("svg[role=img]").querySelectorAll("path"))
		.filter((p) => p.getBBox().width > 2 && p.getBBox().width < 15).map((p) => p.getAttribute("d").replace(/[0-9.,\s-]+/g, "") + (p.getAttribute("style") || "").includes("none"))).size`)
	if shapes < 3 {
		t.Errorf("%d shapes of markers: series differ in colour only", shapes)
	}
}

// checkContrast wants text that can be read: at least 4.5 to 1 (WCAG 2.1, 1.4.3). It returns the background.
func checkContrast(t *testing.T, b *browser) string {
	t.Helper()
	type colors struct {
		Background string
		Contrast   float64
	}
	c := evaluate[colors](t, b, `(() => {
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
	b := newBrowser(t)
	b.run(t, emulation.SetScriptExecutionDisabled(true))
	b.open(t, samplePage(t))
	b.run(t, emulation.SetScriptExecutionDisabled(false)) // to look at it; the page's own script has not run
	if n := evaluate[int](t, b, `document.querySelectorAll("button").length`); n != 0 {
		t.Fatalf("%d buttons: the script has run", n)
	}
	rows := evaluate[int](t, b, `document.querySelector("table").tBodies[0].rows.length`)
	height := evaluate[float64](t, b, `document.querySelector("svg[role=img]").getBoundingClientRect().height`)
	if rows != len(sample().Rows) || height < 100 {
		t.Errorf("%d rows, a plot of %v pixels", rows, height)
	}
	if bad := b.complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}
