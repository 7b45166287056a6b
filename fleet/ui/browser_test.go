package ui_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/ui"
	"github.com/dqa-go/dqa/internal/browser"
)

// open shows the page of a source.
func open(t *testing.T, f *fed) *browser.Browser {
	t.Helper()
	b := browser.New(t)
	s := httptest.NewServer(ui.Handler(f, ui.Options{Title: "Fleet north", Every: 50 * time.Millisecond}))
	t.Cleanup(s.Close)
	b.Visit(t, s.URL+"/")
	wait(t, b, `document.querySelectorAll("#devices tbody tr").length > 0`)
	return b
}

// wait waits until a script is true.
func wait(t *testing.T, b *browser.Browser, script string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if browser.Evaluate[bool](t, b, script) {
			return
		}
	}
	t.Fatalf("never: %s: %s", script, browser.Evaluate[string](t, b, "document.body.innerText"))
}

func TestPageInABrowser(t *testing.T) {
	b := open(t, sample())
	shown := browser.Evaluate[string](t, b, "document.body.innerText")
	for _, want := range []string{
		"Fleet north", "1 of 4", "cam-2: drift: bits per value rose by 0.311 at relu_15", "cam-4: 3 frames lost", "cam-3: nothing heard for",
		"9b7d1e2f3a4c", "412 (9.0 MiB)", "12.3 / 31.5", "+0.311", "✗ problem", "… silent", "✓ well", "25,000", "stage: canary", "98.5 %", "50 % of devices",
		hostile, "format 2", "0.0.9", "live, as of",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown: %s", want, shown)
		}
	}
	if n := browser.Evaluate[int](t, b, `document.querySelectorAll("main img, main script").length`); n > 0 {
		t.Error("what devices tell became HTML")
	}
	checkAccessible(t, b)
	for _, dark := range []bool{false, true} {
		b.Dark(t, dark)
		b.Width(t, 1200)
		b.Screenshot(t, map[bool]string{false: "fleet-light", true: "fleet-dark"}[dark])
		for _, text := range b.Contrast(t) {
			t.Errorf("dark %v: contrast %s", dark, text)
		}
	}
	for _, width := range []int64{1400, 1000, 900, 400, 360} {
		b.Width(t, width)
		over := browser.Evaluate[float64](t, b, `Math.max(document.documentElement.scrollWidth - window.innerWidth,
			...Array.from(document.querySelectorAll(".scroll"), (s) => s.scrollWidth - s.clientWidth))`)
		if over > 0 {
			t.Errorf("%d pixels wide: %v wider", width, over)
		}
	}
	b.Dark(t, false)
	b.Width(t, 400)
	b.Screenshot(t, "fleet-narrow")
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}

// The page follows what happens without being loaded again, keeps what is selected, and says when it hears nothing.
func TestPageIsLive(t *testing.T) {
	f := sample()
	b := open(t, f)
	browser.Evaluate[bool](t, b, `(() => { window.row = document.querySelector("#devices tbody tr"); return true })()`)
	f.change(func(f *fed) {
		f.statuses[4].Counters.Answered += 1000
		f.statuses = append(f.statuses, link.Status{Name: "cam-9", Role: link.RoleDevice, Time: time.Now()})
		f.rollouts[0].Stage = "returned"
	})
	wait(t, b, `document.body.innerText.includes("cam-9") && document.body.innerText.includes("26,000")
		&& document.body.innerText.includes("stage: returned")`)
	if !browser.Evaluate[bool](t, b, `window.row === document.querySelector("#devices tbody tr")`) {
		t.Error("rows that did not change were made anew")
	}
	f.change(func(f *fed) { f.statuses = nil; f.err = errors.New("no server answers") })
	wait(t, b, `document.body.innerText.includes("nobody yet") && document.body.innerText.includes("no server answers")`)
	wait(t, b, `document.querySelector("svg polyline") !== null`)
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(strings.Join(bad, "\n"))
	}
}

// Assistive programs find names: one heading of the first order, tables with headers, a language, no control without a name.
func checkAccessible(t *testing.T, b *browser.Browser) {
	t.Helper()
	for what, script := range map[string]string{
		"one h1":                          `document.querySelectorAll("h1").length === 1`,
		"a language":                      `document.documentElement.lang === "en"`,
		"headers of columns":              `Array.from(document.querySelectorAll("thead th")).every((h) => h.scope === "col" && h.textContent)`,
		"headers of rows":                 `Array.from(document.querySelectorAll("tbody tr")).every((r) => r.querySelector("th[scope=row]"))`,
		"sections with names":             `Array.from(document.querySelectorAll("section")).every((s) => s.getAttribute("aria-label") || document.getElementById(s.getAttribute("aria-labelledby")))`,
		"states in words":                 `Array.from(document.querySelectorAll(".state")).every((s) => /[a-z]{4}/.test(s.textContent))`,
		"pictures with names":             `Array.from(document.querySelectorAll("[role=img]")).every((s) => s.getAttribute("aria-label"))`,
		"what is scrolled can be reached": `Array.from(document.querySelectorAll("ol")).every((s) => s.tabIndex === 0 && s.getAttribute("aria-label"))`,
	} {
		if !browser.Evaluate[bool](t, b, script) {
			t.Errorf("not so: %s", what)
		}
	}
}
