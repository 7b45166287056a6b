// Package browser opens pages in headless Chromium, for tests of pages: what goes wrong in them is written down.
package browser

import (
	"context"
	_ "embed" // the script that measures contrast
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
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium with one page.
type Browser struct {
	ctx context.Context
	mu  sync.Mutex
	bad []string
	own string // what requests may begin with, besides the page itself
}

// New starts one. It skips where there is no Chromium; with CI=true there must be one.
func New(t *testing.T) *Browser {
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
	b := &Browser{ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.Run(t, runtime.Enable(), log.Enable(), network.Enable())
	return b
}

func (b *Browser) listen(event any) {
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
		if u := e.Request.URL; !strings.HasPrefix(u, "data:") && !strings.HasSuffix(u, ".html") && (b.own == "" || !strings.HasPrefix(u, b.own)) {
			b.bad = append(b.bad, "request for "+u)
		}
	}
}

// Run does something in the page.
func (b *Browser) Run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// Evaluate is what a script comes to.
func Evaluate[T any](t *testing.T, b *Browser, script string) (v T) {
	t.Helper()
	b.Run(t, chromedp.Evaluate(script, &v))
	return v
}

// Open shows a page.
func (b *Browser) Open(t *testing.T, page []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	b.Run(t, chromedp.Navigate("file://"+path), chromedp.WaitReady("body"))
}

// Visit shows a page of a server, which may load what else the server has: url ends in a slash.
func (b *Browser) Visit(t *testing.T, url string) {
	t.Helper()
	b.mu.Lock()
	b.own = url
	b.mu.Unlock()
	b.Run(t, chromedp.Navigate(url), chromedp.WaitReady("body"))
}

// Width makes the window so wide, in pixels.
func (b *Browser) Width(t *testing.T, width int64) {
	t.Helper()
	b.Run(t, emulation.SetDeviceMetricsOverride(width, 900, 1, false))
}

// Dark asks for a dark page, or a light one.
func (b *Browser) Dark(t *testing.T, dark bool) {
	t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	b.Run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// Complaints are what was written down until now: console errors and warnings, exceptions, requests for anything but the page itself.
func (b *Browser) Complaints() []string {
	time.Sleep(200 * time.Millisecond) // events come after what caused them
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.bad)
}

//go:embed contrast.js
var contrastJS string

// Contrast lists the texts of the page that cannot be read well: less than 4.5 to 1 against what is behind them, 3 to 1 of large ones
// (WCAG 2.1, 1.4.3).
func (b *Browser) Contrast(t *testing.T) []string {
	t.Helper()
	return Evaluate[[]string](t, b, contrastJS)
}

// PDF is the page as it is printed.
func (b *Browser) PDF(t *testing.T) (pdf []byte) {
	t.Helper()
	b.Run(t, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPrintBackground(true).WithPreferCSSPageSize(true).Do(ctx)
		return err
	}))
	return pdf
}

// Screenshot writes a picture of the whole page to the folder of DQA_SCREENSHOTS, for people.
func (b *Browser) Screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("DQA_SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.Run(t, chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}
