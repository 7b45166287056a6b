package page

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/dqa-go/dqa/internal/browser"
)

// Pages in a browser: nothing is complained about or asked for, every text can be read in light and dark, nothing is wider than the
// window, in either language.
func TestPageInABrowser(t *testing.T) {
	b := browser.New(t)
	all := os.Getenv("CI") == "true" // it takes long
	for kind, s := range studies() {
		for _, l := range Languages() {
			if !all && kind+l.Code != "classesja" && kind+l.Code != "mapsen" {
				continue
			}
			name := kind + "-" + l.Code
			b.Open(t, pageOf(t, s, l.Code))
			b.Run(t, chromedp.Evaluate(`for (const d of document.querySelectorAll("details")) d.open = true`, nil))
			for _, dark := range []bool{false, true} {
				b.Dark(t, dark)
				b.Width(t, 1100)
				if bad := b.Contrast(t); len(bad) > 0 {
					t.Errorf("%s, dark %v: %s", name, dark, strings.Join(bad, "; "))
				}
				b.Screenshot(t, fmt.Sprintf("%s-dark=%v", name, dark))
			}
			b.Dark(t, false)
			for _, width := range []int64{1400, 800, 600, 400, 360} {
				b.Width(t, width)
				if over := browser.Evaluate[float64](t, b, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
					t.Errorf("%s, %d pixels wide: the page is %v wider", name, width, over)
				}
			}
			b.Width(t, 400)
			b.Screenshot(t, name+"-narrow")
		}
	}
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}

// The keyboard reaches everything: first what skips to the content, then links, fields and what folds.
func TestKeyboard(t *testing.T) {
	b := browser.New(t)
	b.Open(t, pageOf(t, sample(), "en"))
	const focused = `document.activeElement.tagName.toLowerCase() + "." + document.activeElement.className + "#" + document.activeElement.id`
	seen := map[string]bool{}
	for i := range 60 {
		b.Run(t, chromedp.KeyEvent(kb.Tab))
		at := browser.Evaluate[string](t, b, focused)
		if seen[strings.SplitN(at, ".", 2)[0]] = true; i == 0 && !strings.HasPrefix(at, "a.skip") {
			t.Errorf("the first is %s", at)
		}
		outline := browser.Evaluate[string](t, b, `getComputedStyle(document.activeElement).outlineStyle`)
		if outline == "none" && !strings.HasPrefix(at, "body") {
			t.Errorf("%s shows no focus", at)
		}
	}
	for _, tag := range []string{"a", "input", "summary", "pre"} {
		if !seen[tag] {
			t.Errorf("no %s is reached: %v", tag, seen)
		}
	}
}

// Costs follow the figures; a link into the folded appendix unfolds it.
func TestScript(t *testing.T) {
	b := browser.New(t)
	b.Open(t, pageOf(t, sample(), "en"))
	const day = `document.querySelector(".costs tbody tr").cells[2].textContent`
	before := browser.Evaluate[string](t, b, day)
	b.Run(t, chromedp.Evaluate(`{ const f = document.getElementById("cameras"); f.value = 10; f.dispatchEvent(new Event("input")) }`, nil))
	if after := browser.Evaluate[string](t, b, day); before != "22.1\u00a0GB" || after != "221\u00a0GB" {
		t.Errorf("%s, then %s", before, after)
	}
	b.Run(t, chromedp.Evaluate(`document.querySelector(".tile dd a").click()`, nil))
	b.Run(t, chromedp.Poll(`document.querySelector("details.appendix").open`, nil))
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}

// Without scripts everything is there: the costs of the figures given, no buttons, the chart.
func TestPageWithoutScripts(t *testing.T) {
	b := browser.New(t)
	b.Run(t, emulation.SetScriptExecutionDisabled(true))
	b.Open(t, pageOf(t, sample(), "en"))
	b.Run(t, emulation.SetScriptExecutionDisabled(false)) // to look at it; the page's own script has not run
	if n := browser.Evaluate[int](t, b, `document.querySelectorAll("button").length`); n != 0 {
		t.Fatalf("%d buttons: the script has run", n)
	}
	if got := browser.Evaluate[string](t, b, `document.querySelector(".costs tbody tr").cells[2].textContent`); got != "22.1\u00a0GB" {
		t.Error(got)
	}
	if h := browser.Evaluate[float64](t, b, `document.querySelector(".wide svg").getBoundingClientRect().height`); h < 100 {
		t.Errorf("a chart of %v pixels", h)
	}
}

// On paper the first sheet (A4 within its margins is about 700 by 1,020 pixels) holds verdict, figures, changes and the chart; nothing that
// must not be cut is longer than a sheet, and nothing is wider.
func TestPageOnPaper(t *testing.T) {
	b := browser.New(t)
	for _, l := range Languages() {
		b.Open(t, pageOf(t, sample(), l.Code))
		b.Run(t, emulation.SetEmulatedMedia().WithMedia("print"), emulation.SetDeviceMetricsOverride(700, 1020, 1, false))
		end := browser.Evaluate[float64](t, b, `document.querySelector("figure").getBoundingClientRect().bottom + scrollY`)
		if end > 1020 {
			t.Errorf("%s: the chart ends at %v, beyond the first sheet", l.Code, end)
		}
		longest := browser.Evaluate[float64](t, b, `Math.max(...Array.from(document.querySelectorAll("*"))
			.filter((e) => getComputedStyle(e).breakInside === "avoid").map((e) => e.getBoundingClientRect().height))`)
		if longest > 900 {
			t.Errorf("%s: something of %v pixels must not be cut", l.Code, longest)
		}
		b.Screenshot(t, "paper-"+l.Code)
		b.Run(t, emulation.SetEmulatedMedia())
		pdf := b.PDF(t)
		if n := bytes.Count(pdf, []byte("/Type /Page\n")) + bytes.Count(pdf, []byte("/Type /Page/")); !bytes.HasPrefix(pdf, []byte("%PDF")) || n == 1 {
			t.Errorf("%s: %d pages, %d bytes", l.Code, n, len(pdf))
		}
		if dir := os.Getenv("DQA_SCREENSHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "paper-"+l.Code+".pdf"), pdf, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
